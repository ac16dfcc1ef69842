"""What people do in a browser: log in, change a password, accept an invitation, see and end sessions, log out; with scripts and without.

Usage: browser.py <primehub server binary> <axe.min.js> <folder for pictures>
"""

import json
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

from chromium import Chromium
from deployment import Deployment, check, report

SERVER, AXE, PICTURES = sys.argv[1:4]

NEW_PASSWORD = "correct horse battery staple"

# More than a page can show at once.
TERMS = [f"{number}. Whoever uses this platform leaves <enough> of it for all others, & says so." for number in range(1, 31)]


class Visit:
    """A browser at a deployment."""

    def __init__(self, deployment, browser):
        self.deployment, self.browser = deployment, browser
        self.account = f"{deployment.issuer}/account"
        self.logout = f"{deployment.issuer}/protocol/openid-connect/logout"
        self.auth_flow = f"{deployment.base}/oidc/auth-flow/request"

    def log_in(self, username, password):
        self.browser.type(username=username, password=password)
        self.browser.press("Log in")

    def wrong_password(self, person):
        browser = self.browser
        browser.open(self.account)
        browser.expect("Log in")
        browser.expect_focus("username")
        browser.look("login")
        self.log_in(person["username"], "wrong")
        browser.expect("Log in")
        check(browser.texts("[role=alert]") == ["Invalid username or password."], browser.text("main"))
        check(browser.one("[name=username]").get_attribute("value") == person["username"], "the name need not be typed again")
        browser.expect_focus("password")
        browser.look("login-wrong")

    def log_in_to_account(self, person):
        browser = self.browser
        browser.type(password=person["password"])
        browser.enter()
        browser.expect("Your account")
        check(person["username"] in browser.texts("dd"), browser.text("main"))
        check(browser.texts(".badge") == ["This browser"], browser.text("main"))
        browser.look("account")

    def change_password(self, person):
        browser = self.browser

        def change(current, new, confirm):
            browser.type(password=current, password_new=new, password_confirm=confirm)
            browser.press("Save password")
            browser.expect("Your account")
            return browser.texts("[role=alert], [role=status]")

        said = change("wrong", NEW_PASSWORD, NEW_PASSWORD)
        check(said == ["The current password is not right."], said)
        browser.look("account-wrong-password")
        said = change(person["password"], NEW_PASSWORD, "something else")
        check(said == ["The two entries of the new password differ."], said)
        said = change(person["password"], NEW_PASSWORD, NEW_PASSWORD)
        check(said == ["Your password has been changed."], said)
        browser.look("account-password-changed")
        return {**person, "password": NEW_PASSWORD}

    def other_sessions(self, person):
        """Somebody else's browser, which speaks German, is logged out from here."""
        browser = self.browser
        with Chromium(f"{browser.name}-german", PICTURES, language="de", axe=axe()) as other:
            other.open(self.account)
            other.expect("Anmelden", "de")
            other.look("login")
            other.type(username=person["username"], password="falsch")
            other.press("Anmelden")
            check(other.texts("[role=alert]") == ["Benutzername oder Passwort ist falsch."], other.text("main"))
            other.type(password=person["password"])
            other.press("Anmelden")
            other.expect("Ihr Konto", "de")
            check(len(other.texts("section:nth-of-type(2) .items > li")) == 2, other.text("main"))
            other.look("account")
            for name, address, heading in [
                ("api-token", self.auth_flow, "Code für Ihr API-Token"),
                ("invitation", f"{self.deployment.base}/console/invite/{invitation(self.deployment)}", "Sie sind eingeladen"),
                ("logout", self.logout, "Abmelden?"),
            ]:
                other.open(address)
                other.expect(heading, "de")
                other.look(name)

            browser.open(self.account)
            browser.look("account-two-sessions")
            browser.press("End all other sessions")
            browser.expect("Your account")
            check(browser.texts("[role=status]") == ["All other sessions have ended."], browser.text("main"))
            other.open(self.account)
            other.expect("Anmelden", "de")

            # And back, one at a time: the row that is not this browser's.
            other.type(username=person["username"], password=person["password"])
            other.press("Anmelden")
            rows = other.driver.find_elements("css selector", "section:nth-of-type(2) .items > li")
            foreign = [row for row in rows if "Dieser Browser" not in row.text]
            check(len(rows) == 2 and len(foreign) == 1, other.text("main"))
            other.leave(foreign[0].find_element("css selector", "button").click)
            check(other.texts("[role=status]") == ["Die Sitzung ist beendet."], other.text("main"))
            browser.open(self.account)
            browser.expect("Log in")
            self.log_in(person["username"], person["password"])
            browser.expect("Your account")

    def api_token(self, person):
        """A terminal asks for an API token; the account page lists it and takes it back."""
        browser, deployment = self.browser, self.deployment
        browser.open(self.auth_flow)
        browser.expect("Code for your API token")
        browser.look("api-token")
        code = browser.one("textarea").get_attribute("value")
        exchange = urllib.request.Request(
            f"{deployment.base}/oidc/auth-flow/exchange", urllib.parse.urlencode({"code": code}).encode()
        )
        with urllib.request.urlopen(exchange, timeout=20) as answer:
            token = json.load(answer)["api-token"]
        deployment.secrets += [code, token]
        me = lambda: deployment.query(token, "{ me { username } }")
        check(me() == {"me": {"username": person["username"]}}, me())

        browser.open(self.account)
        tokens = browser.driver.find_elements("css selector", "section:nth-of-type(3) .items > li")
        count = len(tokens)
        check(browser.text("#api-tokens") == f"API tokens ({count})" and count >= 1, browser.text("main"))
        browser.look("account-api-tokens")
        for left in reversed(range(count)):
            browser.press("Revoke")
            check(browser.texts("[role=status]") == ["The API token has been revoked."], browser.text("main"))
            check(browser.text("#api-tokens") == f"API tokens ({left})", browser.text("main"))

    def log_in_through_auth_flow(self, person):
        """Logged out, the same address asks for a login first. The login page can be had in the other language."""
        browser = self.browser
        browser.open(self.auth_flow)
        browser.expect("Log in")
        browser.expect_focus("username")
        browser.look("login-for-client")
        browser.press("Deutsch", "footer")
        browser.expect("Anmelden", "de")
        browser.look("login-for-client-switched")
        browser.press("English", "footer")
        browser.expect("Log in")
        self.log_in(person["username"], person["password"])
        browser.expect("Code for your API token")

    def prove_it_again(self, person):
        """An application may want the password although somebody is logged in; another person can log in instead."""
        browser = self.browser
        asked = Begun().address(self.auth_flow)
        browser.open(f"{asked}&prompt=login")
        browser.expect("Confirm that it is you")
        browser.expect_focus("password")
        browser.look("reauthentication")
        browser.type(password="wrong")
        browser.press("Continue")
        check(browser.texts("[role=alert]") == ["Invalid username or password."], browser.text("main"))
        browser.type(password=person["password"])
        browser.press("Continue")
        # The way to the application was begun elsewhere, which it notices.
        browser.expect("This login began elsewhere")
        browser.look("begun-elsewhere", failed=True)

    def accept_terms(self, person):
        """Somebody who has to accept terms declines at first."""
        browser = self.browser
        browser.open(self.account)
        self.log_in(person["username"], person["password"])
        browser.expect("Terms and conditions")
        check(browser.texts(".terms p") == TERMS, browser.text("main"))
        browser.look("terms")
        browser.press("Decline")
        browser.expect("You are not logged in")
        browser.look("terms-declined", failed=True)
        browser.open(self.account)
        self.log_in(person["username"], person["password"])
        browser.press("Accept")
        browser.expect("Your account")
        self.log_out_at_account()
        browser.open(self.account)
        self.log_in(person["username"], person["password"])
        browser.expect("Your account")

    def log_out(self):
        browser = self.browser
        browser.open(self.logout)
        browser.expect("Log out?")
        browser.look("logout")
        browser.press("Log out")
        browser.expect("You are logged out")
        browser.look("logged-out")
        browser.open(self.account)
        browser.expect("Log in")

    def log_out_at_account(self):
        browser = self.browser
        browser.open(self.account)
        browser.press("Log out")
        browser.expect("You are logged out")
        # What was on the screen does not come back with the button for it.
        browser.leave(browser.driver.back)
        check("Log out" not in browser.texts("button"), browser.text("main"))

    def accept_invitation(self, username):
        """An invited person gets an account, and has to choose a password at the first login."""
        browser, deployment = self.browser, self.deployment
        address = f"{deployment.base}/console/invite/{invitation(deployment)}"
        browser.open(address)
        browser.expect("You are invited")
        browser.expect_focus("username")
        browser.look("invitation")
        browser.type(username="Not A Name!")
        browser.press("Create account")
        browser.expect("You are invited")
        check(len(browser.texts("[role=alert]")) == 1, browser.text("main"))
        browser.look("invitation-refused", failed=True)
        browser.type(username=username)
        browser.press("Create account")
        browser.expect("Your account is ready")
        browser.look("invitation-accepted")
        check(browser.text("#created-username") == username, browser.text("main"))
        first = browser.text("#created-password")
        deployment.secrets.append(first)
        browser.press("Log in")
        browser.expect("Log in")
        self.log_in(username, first)

        browser.expect("Choose a new password")
        browser.expect_focus("password-new")
        browser.look("update-password")
        browser.type(password_new=NEW_PASSWORD, password_confirm="another")
        browser.press("Save password")
        check(browser.texts("[role=alert]") == ["The two entries of the new password differ."], browser.text("main"))
        browser.look("update-password-refused")
        browser.type(password_new=first, password_confirm=first)
        browser.press("Save password")
        check(browser.texts("[role=alert]") == ["The new password must differ from the current one."], browser.text("main"))
        browser.type(password_new=NEW_PASSWORD, password_confirm=NEW_PASSWORD)
        browser.press("Save password")
        browser.expect("Your account")
        check(username in browser.texts("dd"), browser.text("main"))

        browser.open(address)
        browser.expect("This invitation is not valid")
        browser.look("invitation-used", failed=True)

    def mistakes(self):
        """Pages for what cannot be."""
        browser, deployment = self.browser, self.deployment
        for name, address, heading in [
            ("unknown-client", f"{deployment.issuer}/protocol/openid-connect/auth?client_id=nobody", "Something went wrong"),
            ("unknown-invitation", f"{deployment.base}/console/invite/nothing", "This invitation is not valid"),
            ("api-token-without-code", f"{deployment.base}/oidc/auth-flow/callback", "No code came back"),
            ("api-token-foreign", f"{deployment.base}/oidc/auth-flow/callback?code=c&state=s", "This login began elsewhere"),
        ]:
            browser.open(address)
            browser.expect(heading)
            browser.look(name, failed=True)


class Begun(urllib.request.HTTPRedirectHandler):
    """A login that another client has begun: where it would be sent to."""

    def redirect_request(self, *_):
        return None

    def address(self, url):
        try:
            urllib.request.build_opener(self).open(url, timeout=20)
        except urllib.error.HTTPError as answer:
            return answer.headers["location"]
        raise AssertionError(f"{url} does not lead elsewhere")


def invitation(deployment):
    administrator = deployment.person("phadmin")["api_token"]
    groups = deployment.query(administrator, "{ groups { id name } }")["groups"]
    group = next(group["id"] for group in groups if group["name"] == "research")
    document = "mutation ($group: String!) { createInvitation(data: {groupId: $group}) { invitationToken } }"
    token = deployment.query(administrator, document, group=group)["createInvitation"]["invitationToken"]
    deployment.secrets.append(token)
    return token


def axe():
    with open(AXE, encoding="utf-8") as file:
        return file.read()


def everything(deployment, browser, username):
    """From the first login of a person of the demo to the last logout, and a newcomer."""
    visit, person = Visit(deployment, browser), deployment.person(username)
    visit.wrong_password(person)
    visit.log_in_to_account(person)
    person = visit.change_password(person)
    visit.other_sessions(person)
    visit.prove_it_again(person)
    visit.api_token(person)
    visit.log_out()
    visit.log_in_through_auth_flow(person)
    visit.log_out_at_account()
    visit.accept_invitation(f"guest-of-{username}")
    visit.log_out()
    visit.mistakes()


def main():
    with Deployment(SERVER) as deployment:
        deployment.secrets.append(NEW_PASSWORD)
        for name, username, settings in [
            ("with-scripts", "grace", {"axe": axe()}),
            ("without-scripts", "ada", {"scripts": False}),
        ]:
            with Chromium(name, PICTURES, **settings) as browser:
                everything(deployment, browser, username)
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as terms:
        terms.write("\n\n".join(TERMS))
        terms.flush()
        with Deployment(SERVER, "--terms", terms.name) as deployment, Chromium("terms", PICTURES, axe=axe()) as browser:
            Visit(deployment, browser).accept_terms(deployment.person("emmy"))
    print(f"{Chromium.looked_at} pages looked at; pictures in {PICTURES}")
    report()


main()
