"""Runs witnesses against a realm of a real Keycloak that is made for them, and leaves nothing behind, however it ends.

Usage: keycloak.py <primehub binary> <real-peers binary>
"""

import contextlib
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid

from provider import Admin

PRIMEHUB, PEERS = sys.argv[1:3]
HERE = os.path.dirname(os.path.abspath(__file__))
WITNESSES = ["python-sdk", "generate-token", "openid-client"]


def run(*command, **variables):
    """Runs a command to its end, and hands on being asked to end."""
    with subprocess.Popen(command, env={**os.environ, **variables}) as process:
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            raise
    if code != 0:
        raise SystemExit(f"{' '.join(command)}: exit {code}")


@contextlib.contextmanager
def step(name):
    began = time.monotonic()
    print(f"-- {name}", flush=True)
    yield
    print(f"-- {name}: {time.monotonic() - began:.1f} s", flush=True)


@contextlib.contextmanager
def keycloak():
    """One that runs already, or else one for this block. Answers its address and the file with its administrator."""
    # In a group of its own, so that Ctrl-C does not reach it: who has begun to start a server has to be able to tell that it did.
    process = subprocess.Popen([PEERS, "up", "keycloak"], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        told = process.communicate()[0]
    except BaseException:
        told = process.communicate()[0]
        stop(told)
        raise
    if process.returncode != 0:
        raise SystemExit("there is no Keycloak")
    print(told, end="", flush=True)
    try:
        yield re.search(r" at (http\S+)", told)[1], re.search(r"^administrator of realm master: (.+)$", told, re.MULTILINE)[1]
    finally:
        stop(told)


def stop(told):
    """Stops the server that `up` has told of, if it was started then."""
    if re.search(r" runs at ", told):
        subprocess.run([PEERS, "down", "keycloak"], check=True)


@contextlib.contextmanager
def realm(admin):
    """The name of a realm that is not there yet, and not any more after this block."""
    name = f"witness-{uuid.uuid4().hex[:8]}"
    try:
        yield name
    finally:
        if any(realm["realm"] == name for realm in admin("GET", "?briefRepresentation=true")):
            admin("DELETE", f"/{name}")


def free_port():
    """A port that nobody listens on, and that is not among those that systems hand out by themselves: the realm is made for it."""
    for port in random.sample(range(20000, 30000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise SystemExit("no port is free")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as folder, keycloak() as (url, administrator_file):
        admin = Admin(url, administrator_file)
        with realm(admin) as name:
            port, file = free_port(), os.path.join(folder, "keycloak.json")
            password = {"KC_BOOTSTRAP_ADMIN_PASSWORD": admin.password}
            bootstrap = [PRIMEHUB, "bootstrap", "--keycloak-url", url, "--realm", name, "--admin-user", admin.name]
            bootstrap += ["--site-url", f"http://127.0.0.1:{port}"]
            with step("bootstrap"):
                run(*bootstrap, "--demo", "--out", file, **password)
            with step("check"):
                run(PRIMEHUB, "check", "--keycloak-file", file)
            described = ["--keycloak-file", file, "--administrator", administrator_file, "--port", str(port)]
            for witness in WITNESSES:
                with step(witness):
                    run(os.path.join(HERE, witness), "--provider", "keycloak", *described, PRIMEHUB_BINARY=PRIMEHUB)
            with step("a second bootstrap has nothing to do"):
                planned = subprocess.run(
                    [*bootstrap, "--plan"], env={**os.environ, **password}, stdout=subprocess.PIPE, text=True, check=True
                ).stdout
                print(planned, end="")
                if "Nothing would be changed." not in planned.splitlines():
                    raise SystemExit("a second bootstrap would change the realm")


main()
