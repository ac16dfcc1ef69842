"""A `primehub up` of its own for a witness, and what all witnesses count and ask for."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

from plain_browser import Browser
from provider import Embedded

# Whoever is asked to end has servers to stop first.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))

_checks = 0
# Checks of what only the embedded provider promises: how many were made, and which were not, with the reasons.
_embedded_only = 0
_left_out = []


def check(condition, message):
    global _checks
    _checks += 1
    if not condition:
        raise AssertionError(message)


def eventually(condition, message, seconds=10):
    """Checks something that takes its time, for reasons that the caller knows."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            check(False, message)
        time.sleep(0.05)
    check(True, message)


def report(provider=Embedded()):
    """Prints how many checks were made, and which were not, with the reasons."""
    of_these = f", {_embedded_only} of these about the embedded provider alone" if _embedded_only else ""
    left_out = f", {len(_left_out)} left out" if _left_out else ""
    program = os.path.basename(sys.argv[0])
    print(f"{program} with {provider.name}: {_checks} passed, 0 failed{of_these}{left_out}")
    for what, reason in _left_out:
        print(f"  left out, about the embedded provider alone: {what} ({reason})")


class Deployment:
    """Runs while its `with` block does; a server that does not end in order afterwards, or has logged a secret, fails the witness.

    `clients`: applications that people can log in to, as Keycloak's admin console exports them.
    """

    def __init__(self, server, *options, provider=Embedded(), clients=()):
        self._command = [server, "up", *options]
        self.provider, self._clients = provider, clients
        # Secrets that turn up while the witness runs, beside those of up.json.
        self.secrets = []

    def __enter__(self):
        self._place = tempfile.TemporaryDirectory()
        self.folder = self._place.name
        options = self.provider.options(self.folder, self._clients)
        # Who changed what goes to standard error; a server that ends badly has said why there.
        self._log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [*self._command, *options, "--config-dir", self.folder], stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        try:
            first = self._process.stdout.readline()
            check("offline" in first, f"the server does not say what it is: {first!r}\n{self.log()}")
            with open(os.path.join(self.folder, "up.json"), encoding="utf-8") as file:
                self.up = json.load(file)
            self.graphql, self.issuer = self.up["graphql"], self.up["issuer"]
            self.base = self.graphql.removesuffix("/api/graphql")
            # People and groups of a Keycloak have to be read first.
            eventually(self._ready, "the server can answer", seconds=30)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, kind, *_):
        code = self._stop()
        logged = self.log()
        self._log.close()
        self._place.cleanup()
        if kind:
            print(logged)
            return
        check(code == 0, f"the server ends in order: {code}\n{logged}")
        for secret in [
            self.up["shared_secret"], self.up["client_secret"], *self.secrets,
            *(person[name] for person in self.up["people"] for name in ["api_token", "password"]),
        ]:
            check(secret not in logged, f"a secret was logged: {secret}")

    def _ready(self):
        try:
            with urllib.request.urlopen(f"{self.up['management']}/readyz", timeout=20) as answer:
                return answer.status == 200
        except urllib.error.HTTPError:
            return False

    def _stop(self):
        self.signal(signal.SIGTERM)
        try:
            return self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def signal(self, which):
        self._process.send_signal(which)

    def rotate_keys(self):
        """Has the provider sign with a new key."""
        self.provider.rotate_keys(self._process)

    def check_embedded(self, condition, what, reason):
        """Checks something that is about the embedded provider alone, for that reason. With another one it is told that this was left out."""
        global _embedded_only
        if self.provider.embedded:
            _embedded_only += 1
            check(condition(), what)
        else:
            _left_out.append((what, reason))

    def browser(self, language="en"):
        """A browser for which the provider and PrimeHub are one site, wherever they are."""
        return Browser(language, [urllib.parse.urlsplit(url).netloc for url in [self.base, self.issuer]])

    def log(self):
        """What the server has logged up to now."""
        self._log.flush()
        with open(self._log.name, encoding="utf-8") as file:
            return file.read()

    def person(self, username):
        return next(person for person in self.up["people"] if person["username"] == username)

    def query(self, token, document, **variables):
        """Sends a document; answers the data, or the errors if there are any."""
        request = urllib.request.Request(
            self.graphql, json.dumps({"query": document, "variables": variables}).encode(),
            {"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as refusal:
            answer = json.load(refusal)
        return answer.get("errors") or answer["data"]
