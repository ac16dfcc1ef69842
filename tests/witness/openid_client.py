"""Logs people in at clients written with Authlib (Python) and openid-client (Node), which check all that they are told by themselves.

Usage: openid_client.py [--provider keycloak …] <primehub server binary> <index.js of openid-client>
"""

import base64
import json
import os
import subprocess
import urllib.parse
import urllib.request

import flask
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth

from deployment import Deployment, check, eventually, report
from provider import arguments

PROVIDER, SERVER, OPENID_CLIENT = arguments(__doc__, "server", "openid_client")

# What tokens of these clients are good for: PrimeHub's own client.
AUDIENCE = {
    "name": "primehub", "protocol": "openid-connect", "protocolMapper": "oidc-audience-mapper",
    "config": {"included.client.audience": "admin-ui", "access.token.claim": "true", "id.token.claim": "false"},
}
GROUPS = {
    "name": "groups", "protocol": "openid-connect", "protocolMapper": "oidc-group-membership-mapper",
    "config": {
        "claim.name": "groups", "full.path": "false", "id.token.claim": "true", "access.token.claim": "true",
        "userinfo.token.claim": "true",
    },
}
# As the admin console of Keycloak exports clients.
CLIENTS = [
    {
        "clientId": "portal", "name": "The portal", "secret": "secret-of-the-portal", "enabled": True, "protocol": "openid-connect",
        "publicClient": False, "standardFlowEnabled": True, "redirectUris": ["http://127.0.0.1/callback"],
        "attributes": {"post.logout.redirect.uris": "http://127.0.0.1/bye"}, "protocolMappers": [AUDIENCE, GROUPS],
    },
    {
        "clientId": "tool", "name": "The tool", "enabled": True, "protocol": "openid-connect", "publicClient": True,
        "standardFlowEnabled": True, "redirectUris": ["http://127.0.0.1/callback"],
        "attributes": {"pkce.code.challenge.method": "S256", "post.logout.redirect.uris": "+"}, "protocolMappers": [AUDIENCE],
    },
]

THEME = "how Keycloak's pages are built is up to its theme"
LANGUAGE = "which languages a realm speaks is up to its administrator"
CODE_TWICE = "Keycloak takes back the tokens that the code gave, and the browser stays logged in"


def portal(deployment):
    """A web application with Authlib, and what its pages do."""
    app = flask.Flask("portal")
    app.secret_key = "signs the cookie of the portal's session"
    client = OAuth(app).register(
        "portal", client_id="portal", client_secret="secret-of-the-portal",
        server_metadata_url=f"{deployment.issuer}/.well-known/openid-configuration",
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
    )
    app.add_url_rule("/login", "login", lambda: client.authorize_redirect("http://127.0.0.1/callback"))
    # State, nonce, signature, issuer, audience, expiry and the access token's hash are checked in here.
    app.add_url_rule("/callback", "callback", lambda: flask.jsonify(client.authorize_access_token()))
    app.add_url_rule("/logout", "logout", lambda: client.logout_redirect(
        post_logout_redirect_uri="http://127.0.0.1/bye", id_token_hint=flask.request.args["id_token"],
    ))
    app.add_url_rule("/bye", "bye", lambda: flask.jsonify(client.validate_logout_response()))

    def fail(error):
        return {"error": error.error, "description": error.description}, 400

    app.register_error_handler(OAuthError, fail)
    return app.test_client(), client


def visit(application, url):
    """What the application answers for an address of its own, as the browser would ask for it."""
    parts = urllib.parse.urlsplit(url)
    return application.get(parts.path, query_string=parts.query)


def key_of(token):
    header = token.split(".")[0]
    return json.loads(base64.urlsafe_b64decode(header + "=" * (-len(header) % 4)))["kid"]


def refused(work, error, what):
    try:
        work()
    except OAuthError as raised:
        check(raised.error == error, f"{what}: {raised}")
    else:
        check(False, f"{what} was not refused")


def with_authlib(deployment, person):
    application, client = portal(deployment)
    metadata = client.load_server_metadata()
    check(metadata["issuer"] == deployment.issuer, metadata)
    check("S256" in metadata["code_challenge_methods_supported"], metadata)
    only = lambda: metadata["code_challenge_methods_supported"] == ["S256"]
    deployment.check_embedded(only, "S256 is the only challenge method", "Keycloak's metadata lists `plain` for every realm")

    # Through the login page and back.
    browser = deployment.browser()
    away = application.get("/login").location
    asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(away).query))
    check({"state", "nonce", "code_challenge"} <= set(asked) and asked["code_challenge_method"] == "S256", asked)
    page = browser.visit(away)
    deployment.check_embedded(lambda: "The portal" in page.text, "the login page names the application", THEME)
    back = browser.log_in(page, person)
    check(back.location().startswith("http://127.0.0.1/callback?"), back.location())
    returned = back.returned()
    check(returned["state"] == asked["state"] and returned["iss"] == deployment.issuer, returned)
    answer = visit(application, back.location())
    check(answer.status_code == 200, answer.text)
    token = answer.json
    told = token["userinfo"]
    check(told["preferred_username"] == person["username"] and told["sub"] == person["id"], told)
    check(told["aud"] == "portal" and told["nonce"] == asked["nonce"], told)
    check(set(told["groups"]) >= set(person["groups"]), told)
    deployment.secrets += [token["access_token"], token["refresh_token"], token["id_token"], returned["code"]]

    refresh = lambda token: client.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])
    # A code is good once, and here not at all any more: the state has had its use.
    again = visit(application, back.location())
    check(again.status_code == 400 and again.json["error"] == "mismatching_state", again.text)
    refused(lambda: client.fetch_access_token(
        redirect_uri="http://127.0.0.1/callback", code=returned["code"], code_verifier="v" * 43,
    ), "invalid_grant", "a code twice")
    # That somebody tried has ended the session of that code (RFC 6749 4.1.2), so there is a second login; a third one needs no password.
    refused(lambda: refresh(token), "invalid_grant", "a refresh after the code came twice")
    page = browser.visit(application.get("/login").location)
    asked = lambda: page.has_form("password")
    deployment.check_embedded(asked, "a code that came twice ends the browser's login as well", CODE_TWICE)
    token = visit(application, browser.log_in_if_asked(page, person).location()).json
    subject = token["userinfo"]["sub"]
    deployment.secrets += [token["access_token"], token["refresh_token"], token["id_token"]]
    away = application.get("/login").location
    token = visit(application, browser.visit(away).location()).json
    told = token["userinfo"]
    check(told["sub"] == subject, "the same person")
    deployment.secrets += [token["access_token"], token["refresh_token"], token["id_token"]]

    me = lambda token: deployment.query(token["access_token"], "{ me { username } }")
    check(me(token) == {"me": {"username": person["username"]}}, me(token))
    userinfo = client.userinfo(token=token)
    check((userinfo["sub"], userinfo["preferred_username"]) == (told["sub"], person["username"]), userinfo)
    check(set(userinfo["groups"]) == set(told["groups"]), userinfo)

    # A new key: what was signed before stays good, and the library finds the new one.
    old = key_of(token["access_token"])
    deployment.rotate_keys()
    eventually(lambda: signing_keys(metadata["jwks_uri"]) != [old], "another key is published")
    check(old in signing_keys(metadata["jwks_uri"]), "and the one from before, for what it has signed")
    check(me(token) == {"me": {"username": person["username"]}}, "a token from before the rotation")
    check(client.userinfo(token=token)["sub"] == told["sub"], "a token from before the rotation")
    newer = refresh(token)
    deployment.secrets += [newer["access_token"], newer["refresh_token"]]
    check(key_of(newer["access_token"]) != old, "a new key signs")
    claims = client.parse_id_token(newer, nonce=None)
    check(claims["sub"] == told["sub"] and claims["sid"] == told["sid"], claims)
    # However many unknown keys tokens name, GraphQL asks for the published ones every two seconds at most.
    eventually(lambda: me(newer) == {"me": {"username": person["username"]}}, "a refreshed token")

    # Logging out at the portal ends the session, for the browser and for tokens.
    away = application.get("/logout", query_string={"id_token": newer["id_token"]}).location
    check(away.startswith(f"{deployment.issuer}/protocol/openid-connect/logout?"), away)
    bye = browser.follow(browser.open(away))
    check(bye.status == 302 and bye.location().startswith("http://127.0.0.1/bye?"), f"{bye.status} {bye.text}")
    answer = visit(application, bye.location())
    check(answer.status_code == 200, f"the state comes back: {answer.text}")
    refused(lambda: refresh(newer), "invalid_grant", "a refresh after the logout")
    check(browser.visit(application.get("/login").location).form("password"), "the login page again")


def signing_keys(jwks_uri):
    with urllib.request.urlopen(jwks_uri, timeout=20) as answer:
        return [key["kid"] for key in json.load(answer)["keys"] if key["use"] == "sig"]


def with_openid_client(deployment, person):
    """The Node program asks for a page with a line of output, and is told where the browser came back to."""
    script = os.path.join(os.path.dirname(__file__), "openid_client.mjs")
    browser = deployment.browser(language="de")
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen(["node", script, OPENID_CLIENT, deployment.issuer, deployment.graphql], **pipes) as program:
        told = {}
        for line in program.stdout:
            told = json.loads(line)
            if "open" not in told:
                continue
            page = browser.visit(told["open"])
            if page.location() is None:
                check(page.form("password")["fields"]["username"] == "ada", f"login_hint fills the form: {page.text}")
                deployment.check_embedded(lambda: page.element("h1") == "Anmelden", "the login page in German", LANGUAGE)
                page = browser.log_in(page, person)
            program.stdin.write(f"{page.location()}\n")
            program.stdin.flush()
        check(program.wait(timeout=20) == 0, told)
    check(told["subject"] == person["id"] and told["me"] == {"username": person["username"]}, told)
    check(told["userinfo"]["preferred_username"] == person["username"], told)
    check(told["refreshed"] is True and told["after_logout"] == "invalid_grant", told)


def main():
    with Deployment(SERVER, provider=PROVIDER, clients=CLIENTS) as deployment:
        with_authlib(deployment, deployment.person("grace"))
        with_openid_client(deployment, deployment.person("ada"))
        deployment.secrets.append("secret-of-the-portal")
    report(PROVIDER)


main()
