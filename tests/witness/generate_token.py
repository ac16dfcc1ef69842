"""Gets an API token with the published Python SDK's `config generate-token`, as somebody at a terminal with a browser beside it would.

Usage: generate_token.py [--provider keycloak …] <primehub server binary> <primehub command of the SDK>
"""

import base64
import json
import os
import subprocess
import urllib.parse

from deployment import Deployment, check, report
from plain_browser import Browser
from provider import arguments

PROVIDER, SERVER, CLIENT = arguments(__doc__, "server", "client")

THEME = "how Keycloak's pages are built is up to its theme"
SHORT_LOGIN = "Keycloak ends the browser's login when the first thing that it is used for is a token for offline use"
OFFLINE_STAYS = "Keycloak takes back the tokens of a browser's login then, not those for offline use"


class Terminal:
    """`primehub` of the SDK, with a home folder of its own."""

    def __init__(self, folder, name):
        self.home = os.path.join(folder, name)
        os.makedirs(self.home)
        self.config = os.path.join(self.home, ".primehub", "config.json")

    def start(self, url):
        """Starts getting a token; answers the process and the address that it wants to be opened."""
        # As at a terminal, what it prints is there at once.
        environment = {**os.environ, "HOME": self.home, "PYTHONUNBUFFERED": "1"}
        pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        process = subprocess.Popen([CLIENT, "config", "generate-token", url], env=environment, **pipes)
        asked = process.stdout.readline()
        if not asked.startswith("Go to this URL in the browser "):
            process.kill()
            raise AssertionError(f"{asked}\n{process.communicate()}")
        check(process.stdout.readline() == "Enter your authorization code:\n", asked)
        return process, asked.split()[-1]

    def finish(self, process, code):
        """Types the code; answers exit code, and both outputs."""
        out, err = process.communicate(code + "\n", timeout=60)
        return process.returncode, out, err

    def get_token(self, url, code):
        process, _ = self.start(url)
        return self.finish(process, code)

    def __call__(self, *arguments):
        environment = {**os.environ, "HOME": self.home}
        command = [CLIENT, "--json", *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=environment, stdin=NEVER_READABLE
        )
        check(ended.returncode == 0, f"{arguments}: {ended}")
        return json.loads(ended.stdout)


def code_shown(page):
    """The code that the last page shows, in a field to copy from."""
    check(page.status == 200, f"{page.url}: {page.status} {page.text}")
    code = page.element("textarea")
    check(code, page.text)
    check(page.headers["cache-control"] == "no-store", page.headers)
    returned = dict(urllib.parse.parse_qsl(base64.b64decode(code, validate=True).decode()))
    check({"code", "state"} <= set(returned), returned)
    return code


def probes(deployment):
    """Both places answer the SDK's HEAD with a redirect to the login page; other paths do not."""
    for prefix in ["", "/console"]:
        address = f"{deployment.base}{prefix}/oidc/auth-flow"
        page = Browser().open(f"{address}/request", method="HEAD")
        check((page.status, page.text) == (302, ""), f"{prefix}: {page.status} {page.text}")
        asked = page.returned()
        check(page.location().startswith(f"{deployment.issuer}/protocol/openid-connect/auth?"), page.location())
        check(asked["response_type"] == "code" and asked["scope"] == "offline_access", asked)
        check(asked["redirect_uri"] == f"{address}/callback" and asked["state"], asked)
        check(asked["code_challenge_method"] == "S256", asked)
    check(Browser().open(f"{deployment.base}/other/oidc/auth-flow/request", method="HEAD").status == 404, "elsewhere")


def count(deployment, person):
    return deployment.query(person["api_token"], "{ me { apiTokenCount } }")["me"]["apiTokenCount"]


def a_token(deployment, person):
    """From the terminal through the browser to `primehub me`. Answers the code, which has had its use, and how many tokens there are."""
    terminal = Terminal(deployment.folder, "first")
    before = count(deployment, person)
    process, address = terminal.start(deployment.base)
    check(address == f"{deployment.base}/oidc/auth-flow/request", address)
    browser = deployment.browser()
    login = browser.visit(address)
    check("username" in login.form("password")["fields"], login.text)
    deployment.check_embedded(lambda: login.element("h1") == "Log in", "heading of the login page", THEME)
    wrong = browser.log_in(login, {**person, "password": "wrong"})
    check("Invalid username or password." in wrong.text and wrong.form("password"), wrong.text)
    told = lambda: wrong.element("alert") == "Invalid username or password."
    deployment.check_embedded(told, "a wrong password is told as an alert", THEME)
    code = code_shown(browser.log_in(wrong, person))
    deployment.secrets.append(code)
    ended, out, err = terminal.finish(process, code)
    saved = f"PrimeHub SDK Config has been updated: {terminal.config}\n"
    check((ended, out.strip(), err) == (0, "", saved), f"{ended}\n{out}\n{err}")

    with open(terminal.config, encoding="utf-8") as file:
        config = json.load(file)
    check(set(config) == {"api-token", "endpoint", "group"}, list(config))
    check(config["endpoint"] == deployment.graphql, config["endpoint"])
    check(config["group"]["name"] in person["groups"], config["group"])
    deployment.secrets.append(config["api-token"])
    me = terminal("me")
    check(me["username"] == person["username"], me)
    check(count(deployment, person) == before + 1, f"{before}, then {count(deployment, person)}")
    check({group["name"] for group in terminal("groups", "list")} == set(person["groups"]), "groups")

    # A second token, at the console's address, in the same browser. The old configuration is kept.
    process, address = terminal.start(f"{deployment.base}/console")
    page = browser.visit(address.replace("/oidc", "/console/oidc"))
    deployment.check_embedded(lambda: not page.has_form("password"), "a second token needs no password", SHORT_LOGIN)
    second = code_shown(browser.log_in_if_asked(page, person))
    ended, out, err = terminal.finish(process, second)
    check(ended == 0 and err.endswith(saved), f"{ended}\n{out}\n{err}")
    kept = [name for name in os.listdir(os.path.dirname(terminal.config)) if name.startswith("config-")]
    check(len(kept) == 1, kept)
    with open(terminal.config, encoding="utf-8") as file:
        newer = json.load(file)["api-token"]
    deployment.secrets.append(newer)
    check(newer != config["api-token"], "a token of its own")
    check(terminal("me") == me, "the same person")
    for token in [config["api-token"], newer]:
        check(deployment.query(token, "{ me { username } }") == {"me": {"username": person["username"]}}, "both are good")
    return code, before + 2


def wrong_codes(deployment, used, person):
    """What is printed for a code that is none, was used, is changed, or comes from another browser's login; no configuration is left."""
    browser = deployment.browser()
    fresh = code_shown(browser.log_in(browser.visit(f"{deployment.base}/oidc/auth-flow/request"), person))
    returned = dict(urllib.parse.parse_qsl(base64.b64decode(fresh).decode()))
    encode = lambda fields: base64.b64encode(urllib.parse.urlencode(fields).encode()).decode()
    other_code = encode({**returned, "code": f"x{returned['code']}"})
    other_state = encode({**returned, "state": f"x{returned['state']}"})
    for name, code, printed in [
        ("nonsense", "not a code", "Failed to fetch API Token"),
        ("no-code", encode({"state": "s"}), "Failed to fetch API Token"),
        ("used", used, '"invalid_grant"'),
        ("changed", other_code, '"invalid_grant"'),
        ("other-state", other_state, '"invalid_request"'),
    ]:
        terminal = Terminal(deployment.folder, name)
        ended, out, err = terminal.get_token(deployment.base, code)
        check(ended == 0 and not out and printed in err, f"{name}: {ended}\n{out}\n{err}")
        check("api-token" not in err and not os.path.exists(terminal.config), name)

    blank = Terminal(deployment.folder, "blank")
    ended, out, err = blank.get_token(deployment.base, "")
    check(ended == 0 and "blank code" in out and not err and not os.path.exists(blank.config), f"{out}\n{err}")

    # Another browser is shown nothing.
    stolen = Browser().open(f"{deployment.base}/oidc/auth-flow/callback?{urllib.parse.urlencode(returned)}")
    check(stolen.status == 400 and stolen.element("textarea") is None, stolen.text)
    check(stolen.element("h1") == "This login began elsewhere", stolen.text)


def main():
    with Deployment(SERVER, provider=PROVIDER) as deployment:
        probes(deployment)
        person = deployment.person("grace")
        used, tokens = a_token(deployment, person)
        check(count(deployment, person) == tokens, "two more than before")
        wrong_codes(deployment, used, deployment.person("ada"))
        # Somebody else may have had the code that came twice, so what it gave is taken back (RFC 6749 4.1.2).
        left = count(deployment, person)
        deployment.check_embedded(lambda: left == tokens - 1, "the token of a code that came twice ends", OFFLINE_STAYS)
        check(tokens - 1 <= left <= tokens, f"no other token ends: {tokens}, then {left}")
    report(PROVIDER)


# A pipe that nobody writes to: open, and never readable.
NEVER_READABLE = os.pipe()[0]

main()
