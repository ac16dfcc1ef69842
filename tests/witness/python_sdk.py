"""Drives the published Python SDK's command line against `primehub up`, as an administrator and as a group administrator would.

Usage: python_sdk.py [--provider keycloak …] <primehub server binary> <primehub command of the SDK>
"""

import json
import os
import shutil
import subprocess

from deployment import Deployment, check, report
from provider import arguments

PROVIDER, SERVER, CLIENT = arguments(__doc__, "server", "client")


class Client:
    """The SDK's command line with one configuration file.

    Its `admin` commands fail with `--config` before they send anything, so for them the file stands where the SDK looks by itself.
    """

    def __init__(self, config):
        self.config = config
        self.home = f"{config}.home"
        place = os.path.join(self.home, ".primehub")
        os.makedirs(place, exist_ok=True)
        shutil.copy(config, os.path.join(place, "config.json"))

    def __call__(self, *arguments, given=None, exit_code=0, json_output=True):
        """Runs one command; answers what it printed, read as JSON unless said otherwise."""
        given_config = [] if arguments[0] == "admin" else ["--config", self.config]
        command = [CLIENT, *given_config, *(["--json"] if json_output else []), *arguments]
        environment = {**os.environ, "HOME": self.home}
        # Where a configuration is read, the SDK takes standard input if it is readable; otherwise it must not be.
        pipe = {"input": json.dumps(given)} if given is not None else {"stdin": NEVER_READABLE}
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment, **pipe)
        shown = f"{' '.join(arguments)}: exit {ended.returncode}\n{ended.stdout}\n{ended.stderr}"
        check(ended.returncode == exit_code, shown)
        if exit_code != 0:
            check(ended.stdout == "", shown)
            return ended.stderr
        return json.loads(ended.stdout) if json_output and ended.stdout else ended.stdout


def as_person(folder, up, name):
    """A configuration like sdk.json, but of another person of the demo."""
    person = next(person for person in up["people"] if person["username"] == name)
    path = os.path.join(folder, f"{name}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"endpoint": up["graphql"], "api-token": person["api_token"], "group": {}}, file)
    return Client(path), person


def error_code(stderr):
    return json.loads(stderr)[0]["extensions"]["code"]


def me(admin):
    found = admin("me")
    check(found["username"] == "phadmin" and found["isAdmin"] is True, found)
    check(set(found) == {"id", "username", "firstName", "lastName", "email", "isAdmin"}, found)
    human = admin("me", json_output=False).splitlines()
    check(human[0].startswith("id:") and human[1] == "username:       phadmin", human)
    return found


def groups_of_a_group_administrator(up, client, member):
    listed = client("groups", "list")
    check("everyone" not in [group["name"] for group in listed], listed)
    group = next(group for group in listed if group["name"] == "research")
    check(client("groups", "get", "research") == group, group)
    client("groups", "get", "no-such-group", exit_code=1)

    users = client("groups", "list-users", group["id"])
    check({user["username"]: user["group_admin"] for user in users}[member["username"]] is False, users)
    newcomer = next(person for person in up["people"] if not person["groups"])
    client("groups", "add-user", group["id"], newcomer["id"], "--is_admin")
    users = {user["username"]: user["group_admin"] for user in client("groups", "list-users", group["id"])}
    check(users[newcomer["username"]] is True, users)
    client("groups", "remove-user", group["id"], newcomer["id"])
    users = [user["username"] for user in client("groups", "list-users", group["id"])]
    check(newcomer["username"] not in users, users)

    settings = {
        "tracking_uri": "http://mlflow.example.com", "ui_uri": "http://mlflow.example.com/ui",
        "tracking_envs": [{"name": "KEY", "value": "a=b=c"}], "artifact_envs": [],
    }
    client("groups", "set-mlflow", group["id"], given=settings)
    stored = client("groups", "get-mlflow", group["id"])
    check(stored["trackingEnvs"] == settings["tracking_envs"], stored)
    check(stored["uiUrl"] == settings["ui_uri"], stored)
    client("groups", "unset-mlflow", group["id"])
    stored = client("groups", "get-mlflow", group["id"])
    check(stored["trackingUri"] is None and stored["trackingEnvs"] == [], stored)

    refused = client("admin", "groups", "update", group["id"], given={"quotaCpu": 64}, exit_code=1)
    check(error_code(refused) == "NOT_AUTH", refused)
    refused = client("admin", "users", "list", exit_code=1)
    check(error_code(refused) == "NOT_AUTH", refused)


def users_of_an_administrator(admin):
    before = admin("admin", "users", "list")
    made = [admin("admin", "users", "create", given={"username": f"new-{n}", "email": f"new-{n}@example.com"}) for n in range(7)]
    check([user["username"] for user in made] == [f"new-{n}" for n in range(7)], made)
    after = admin("admin", "users", "list")
    check(len(after) == len(before) + 7, "more than a page of users is listed whole, each once")
    check(len({user["id"] for user in after}) == len(after), after)
    check(admin("admin", "users", "list", "--page", "1") == after[:10], "a page is ten users")

    taken = admin("admin", "users", "create", given={"username": "new-0"}, exit_code=1)
    check(error_code(taken) == "USER_CONFLICT_USERNAME", taken)
    taken = admin("admin", "users", "create", given={"username": "other", "email": "new-0@example.com"}, exit_code=1)
    check(error_code(taken) == "USER_CONFLICT_EMAIL", taken)
    unknown = admin("admin", "users", "create", given={"username": "other", "shoeSize": 43}, exit_code=1)
    check("shoeSize" in unknown, unknown)

    user = made[0]["id"]
    admin("admin", "users", "update", user, given={"firstName": "New", "volumeCapacity": 50})
    found = admin("admin", "users", "get", user)
    check((found["firstName"], found["volumeCapacity"], found["enabled"]) == ("New", 50, True), found)
    admin("admin", "users", "reset-password", user, "correct horse battery staple")
    for one in made[1:]:
        admin("admin", "users", "delete", one["id"])
    admin("admin", "users", "get", made[1]["id"], exit_code=1)
    missing = admin("admin", "users", "delete", made[1]["id"], exit_code=1)
    check(error_code(missing) == "USER_NOT_EXIST", missing)
    return user


def groups_of_an_administrator(admin, user):
    made = admin("admin", "groups", "create", given={"name": "Vision_Lab", "displayName": "Vision", "quotaCpu": 2.5})
    check((made["name"], made["quotaCpu"], made["quotaGpu"], made["projectQuotaCpu"]) == ("Vision_Lab", 2.5, 0, None), made)
    group = made["id"]
    taken = admin("admin", "groups", "create", given={"name": "vision-lab"}, exit_code=1)
    check(error_code(taken) == "GROUP_CONFLICT_NAME", taken)

    admin("admin", "users", "add-group", user, group)
    check([g["name"] for g in admin("admin", "users", "list-groups", user)] == ["Vision_Lab"], "joined")
    admin("admin", "users", "remove-group", user, group)
    check(not admin("admin", "users", "list-groups", user), "left")
    absent = admin("admin", "users", "add-group", user, "no-such-group", exit_code=1)
    check("Group not found" in absent, absent)

    admin("admin", "groups", "connect-user", group, user, "--enable_group_admin")
    members = admin("admin", "groups", "list-users", group)
    check([(m["username"], m["group_admin"]) for m in members] == [("new-0", True)], members)
    updated = admin("admin", "groups", "update", group, given={"admins": [user], "projectQuotaCpu": 10, "quotaMemory": 8.5})
    check(updated["admins"] == [{"id": user, "username": "new-0"}], updated)
    check((updated["projectQuotaCpu"], updated["quotaMemory"], updated["quotaCpu"]) == (10, 8.5, 2.5), updated)

    found = admin("admin", "groups", "get", group)
    check(found["users"] == [{"id": user, "username": "new-0"}] and found["volumes"] == [], found)
    check("Vision_Lab" in [g["name"] for g in admin("admin", "groups", "list")], "listed")
    check("everyone" not in [g["name"] for g in admin("admin", "groups", "list")], "everyone is hidden")

    admin("admin", "groups", "disconnect-user", group, user)
    check(not admin("admin", "groups", "list-users", group), "left, and no administrator any more")
    check(admin("admin", "groups", "delete", group) == {"id": group}, "deleted")
    check(admin("admin", "groups", "get", group, exit_code=1) == "", "a group that is gone is an empty answer")
    admin("admin", "users", "delete", user)


def rejected_token(folder, up):
    path = os.path.join(folder, "rejected.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"endpoint": up["graphql"], "api-token": "not-a-token", "group": {"id": "g", "name": "g"}}, file)
    # The SDK resolves the group first, and prints errors at that moment as JSON.
    shown = Client(path)("me", exit_code=1)
    check("Invalid API Token" in shown and error_code(shown) == "UNAUTHENTICATED", shown)


def main():
    with Deployment(SERVER, provider=PROVIDER) as deployment:
        folder, up = deployment.folder, deployment.up
        admin = Client(os.path.join(folder, "sdk.json"))
        me(admin)
        group_administrator, _ = as_person(folder, up, "ada")
        _, member = as_person(folder, up, "grace")
        groups_of_a_group_administrator(up, group_administrator, member)
        groups_of_an_administrator(admin, users_of_an_administrator(admin))
        rejected_token(folder, up)
        records = [line for line in deployment.log().splitlines() if "audit" in line]
        check(any("createGroup" in record and "phadmin" in record for record in records), records)
    report(PROVIDER)


# A pipe that nobody writes to: open, and never readable.
NEVER_READABLE = os.pipe()[0]

main()
