"""Who logs people in at `primehub up`: the provider that it has by itself, or a realm of a Keycloak. Witnesses are the same for both."""

import argparse
import json
import os
import signal
import urllib.error
import urllib.parse
import urllib.request


def arguments(usage, *names):
    """Reads a witness's command line: the provider, and what else it needs, in this order."""
    parser = argparse.ArgumentParser(description=usage)
    parser.add_argument("--provider", choices=["embedded", "keycloak"], default="embedded", help="who logs people in")
    keycloak = parser.add_argument_group("with --provider keycloak")
    keycloak.add_argument("--keycloak-file", help="what `primehub bootstrap --demo --out` wrote")
    keycloak.add_argument("--administrator", help="file with name and password of Keycloak's administrator, as real-peers makes it")
    keycloak.add_argument("--port", help="the port of the site that the realm was made for")
    for name in names:
        parser.add_argument(name)
    given = parser.parse_args()
    described = [given.keycloak_file, given.administrator, given.port]
    if given.provider == "embedded":
        if any(described):
            parser.error("these options are for --provider keycloak")
        provider = Embedded()
    elif not all(described):
        parser.error("--provider keycloak needs --keycloak-file, --administrator and --port")
    else:
        provider = Keycloak(*described)
    return [provider, *(getattr(given, name) for name in names)]


class Embedded:
    """The provider in the process of `primehub up`."""

    name = "the embedded provider"
    embedded = True

    def options(self, folder, clients):
        """What `up` is to be told, with these applications to log in to."""
        options = ["--port", "0"]
        if clients:
            path = os.path.join(folder, "clients.json")
            with open(path, "w", encoding="utf-8") as file:
                json.dump(clients, file)
            options += ["--clients", path]
        return options

    def rotate_keys(self, process):
        process.send_signal(signal.SIGUSR1)


class Keycloak:
    """A realm of a Keycloak, which `primehub bootstrap --demo` has made. Its administrator registers applications and rotates keys."""

    name = "Keycloak"
    embedded = False

    def __init__(self, keycloak_file, administrator_file, port):
        self._file, self._port = keycloak_file, port
        with open(keycloak_file, encoding="utf-8") as file:
            described = json.load(file)
        self._admin = Admin(described["keycloak_url"], administrator_file)
        self._realm = described["realm"]

    def options(self, _, clients):
        for client in clients:
            self._admin("POST", f"/{self._realm}/clients", client)
        return ["--port", self._port, "--keycloak-file", self._file]

    def rotate_keys(self, _):
        realm = self._admin("GET", f"/{self._realm}")
        # Of several keys the one with the highest priority signs.
        config = {"priority": "1000", "enabled": "true", "active": "true", "algorithm": "RS256", "keySize": "2048"}
        self._admin("POST", f"/{self._realm}/components", {
            "name": "newer", "providerId": "rsa-generated", "providerType": "org.keycloak.keys.KeyProvider", "parentId": realm["id"],
            "config": {name: [value] for name, value in config.items()},
        })


class Admin:
    """The administrator of a whole Keycloak, with its own REST interface."""

    def __init__(self, url, administrator_file):
        self._url = url.rstrip("/")
        with open(administrator_file, encoding="utf-8") as file:
            administrator = json.load(file)
        self.name, self.password = administrator["name"], administrator["password"]

    def __call__(self, method, path, body=None):
        """One call below `/admin/realms`, with a token of its own, because tokens are good for a minute."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": self.name, "password": self.password}
        realm = f"{self._url}/realms/master"
        token = self._send("POST", f"{realm}/protocol/openid-connect/token", urllib.parse.urlencode(form).encode())
        data = None if body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {token['access_token']}", "content-type": "application/json"}
        return self._send(method, f"{self._url}/admin/realms{path}", data, headers)

    def _send(self, method, url, data, headers=None):
        request = urllib.request.Request(url, data, headers or {}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as refusal:
            raise AssertionError(f"{method} {url}: {refusal.code} {refusal.read().decode()}") from refusal
        return json.loads(text) if text else None
