"""A `primehub up` of its own for a witness, and what all witnesses count and ask for."""

import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

_checks = 0


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


def report():
    print(f"{_checks} passed, 0 failed")


class Deployment:
    """Runs while its `with` block does; a server that does not end in order afterwards, or has logged a secret, fails the witness."""

    def __init__(self, server, *options):
        self._command = [server, "up", "--port", "0", *options]
        # Secrets that turn up while the witness runs, beside those of up.json.
        self.secrets = []

    def __enter__(self):
        self._place = tempfile.TemporaryDirectory()
        self.folder = self._place.name
        # Who changed what goes to standard error; a server that ends badly has said why there.
        self._log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self._process = subprocess.Popen(
            [*self._command, "--config-dir", self.folder], stdout=subprocess.PIPE, stderr=self._log, text=True
        )
        first = self._process.stdout.readline()
        if "offline" not in first:
            self._stop()
            raise AssertionError(f"the server does not say what it is: {first!r}\n{self.log()}")
        with open(os.path.join(self.folder, "up.json"), encoding="utf-8") as file:
            self.up = json.load(file)
        self.graphql, self.issuer = self.up["graphql"], self.up["issuer"]
        self.base = self.graphql.removesuffix("/api/graphql")
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

    def _stop(self):
        self.signal(signal.SIGTERM)
        return self._process.wait(timeout=20)

    def signal(self, which):
        self._process.send_signal(which)

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
