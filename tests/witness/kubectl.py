"""What people type: kubectl against `primehub up --kube-only`, or against the cluster of a kubeconfig.

Usage: kubectl.py [--kubeconfig FILE] <primehub binary>, with programs that are kubectl in KUBECTL, separated by commas.
"""

import contextlib
import json
import os
import re
import subprocess
import threading
import uuid

from cluster import Cluster, arguments
from deployment import check, report

KUBECONFIG, SERVER = arguments(__doc__, "server")

KINDS = [
    "announcements", "datasets", "images", "imagespecjobs", "imagespecs", "instancetypes", "licenses", "phapplications", "phapptemplates",
    "phdeployments", "phjobs", "phschedules",
]
# Long enough for a busy machine, and never waited for when all is well.
PATIENCE = 60


class Kubectl:
    """A kubectl, with a namespace and a cache of its own."""

    def __init__(self, program, cluster):
        self.namespace = f"witness-{uuid.uuid4().hex[:8]}"
        self.folder = os.path.join(cluster.folder, self.namespace)
        os.makedirs(self.folder)
        self._command = [*program.split(), "--kubeconfig", cluster.kubeconfig, "--cache-dir", os.path.join(self.folder, "cache")]
        self._command += ["--namespace", self.namespace]

    def run(self, *words, stdin=None):
        """Answers exit code, output, and what was said beside it."""
        text = json.dumps(stdin) if isinstance(stdin, (dict, list)) else stdin
        ended = subprocess.run(
            [*self._command, *words], input=text or "", capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        return ended.returncode, ended.stdout, ended.stderr

    def __call__(self, *words, stdin=None):
        """Output of a command that must do."""
        code, out, err = self.run(*words, stdin=stdin)
        check(code == 0, f"{words}: {code}\n{out}{err}")
        return out

    def says(self, pattern, *words, stdin=None):
        """Output of a command that must do and say this."""
        out = self(*words, stdin=stdin)
        check(re.search(pattern, out, re.MULTILINE), f"{words}: not {pattern!r}:\n{out}")
        return out

    def refuses(self, pattern, *words, stdin=None):
        """A command that must fail, for this reason."""
        code, out, err = self.run(*words, stdin=stdin)
        check(code == 1, f"{words}: {code}\n{out}{err}")
        check(re.search(pattern, err, re.MULTILINE), f"{words}: not {pattern!r}:\n{out}{err}")

    def json(self, *words):
        return json.loads(self("get", *words, "--output", "json"))

    @contextlib.contextmanager
    def start(self, *words):
        """A command that goes on. One that says nothing is ended, so that reading from it does not wait for ever."""
        process = subprocess.Popen([*self._command, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        guard = threading.Timer(PATIENCE, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()
            process.wait()
            process.stdout.close()


def config_map(name, /, labels=None, **data):
    metadata = {"name": name, "labels": labels} if labels else {"name": name}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def instance_type(cores, **more):
    spec = {"displayName": "Small", "limits.cpu": cores, "limits.memory": "1G", **more}
    return {"apiVersion": "primehub.io/v1alpha1", "kind": "InstanceType", "metadata": {"name": "small"}, "spec": spec}


def objects(*items):
    return {"apiVersion": "v1", "kind": "List", "items": list(items)}


def discovery(kubectl, own):
    """What there is: versions, definitions, resources, and what they mean."""
    kubectl.says(r"^Server Version: v1\.\d+", "version")
    table = kubectl.says(r"^NAME +CREATED AT$", "get", "crd")
    names = [line.split()[0] for line in table.splitlines()[1:]]
    ours = [f"{kind}.primehub.io" for kind in KINDS]
    check(names == ours if own else set(ours) <= set(names), table)
    check(re.search(r"^datasets\.primehub\.io +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", table, re.MULTILINE), table)
    check(kubectl("api-resources", "--api-group", "primehub.io", "--output", "name").split() == ours, "resources of the group")
    resources = kubectl.says(r"^configmaps +cm +v1 +true +ConfigMap$", "api-resources")
    for line in [
        r"namespaces +ns +v1 +false +Namespace", r"deployments +deploy +apps/v1 +true +Deployment", r"jobs +batch/v1 +true +Job",
        r"instancetypes +primehub\.io/v1alpha1 +true +InstanceType", r"customresourcedefinitions +crd,crds +apiextensions\.k8s\.io/v1 .*",
        r"leases +coordination\.k8s\.io/v1 .*", r"roles +rbac\.authorization\.k8s\.io/v1 .*", r"storageclasses +sc +storage\.k8s\.io/v1 .*",
    ]:
        check(re.search(f"^{line}$", resources, re.MULTILINE), f"{line}:\n{resources}")
    kubectl.says(r"^primehub\.io/v1alpha1$", "api-versions")
    kubectl.says(r"condition met", "wait", "--for=condition=Established", "crd/instancetypes.primehub.io")

    spec = kubectl.says(r"^KIND: +InstanceType$", "explain", "instancetypes.spec")
    for line in [
        r"GROUP: +primehub\.io", r"VERSION: +v1alpha1", r" +What the instance type gives, and where it runs\.",
        r"  limits\.cpu\t<number> -required-", r"  displayName\t<string>", r" +Cores that a pod may use; may be fractional\.",
    ]:
        check(re.search(f"^{line}$", spec, re.MULTILINE), f"{line}:\n{spec}")
    kubectl.says(r"^    limits\.memory\t<string> -required-$", "explain", "instancetypes", "--recursive")
    kubectl.says(r"^FIELD: image <string>$", "explain", "deployments.spec.template.spec.containers.image")
    kubectl.refuses(r'field "nothing" does not exist', "explain", "instancetypes.nothing")
    kubectl.refuses(r"""the server doesn't have a resource type "gadgets"$""", "get", "gadgets")


def create(kubectl):
    """`create` of everything that it has words for. It sends protobuf for most of these."""
    for expected, words in [
        ("configmap/colours created", "configmap colours --from-literal=sky=blue --from-literal=grass=green"),
        ("secret/keys created", "secret generic keys --from-literal=key=value"),
        ("deployment.apps/web created", "deployment web --image=nginx:1 --replicas=2 --port=80"),
        ("job.batch/once created", "job once --image=busybox:1 -- echo hello"),
        ("cronjob.batch/nightly created", "cronjob nightly --image=busybox:1 --schedule=@daily"),
        ("role.rbac.authorization.k8s.io/reader created", "role reader --verb=get,list --resource=pods,configmaps"),
        ("serviceaccount/robot created", "serviceaccount robot"),
        ("rolebinding.rbac.authorization.k8s.io/reading created", f"rolebinding reading --role=reader --serviceaccount={kubectl.namespace}:robot"),
        ("service/web created", "service clusterip web --tcp=80:8080"),
        ("ingress.networking.k8s.io/web created", "ingress web --rule=example.com/*=web:80"),
        ("poddisruptionbudget.policy/web created", "poddisruptionbudget web --selector=app=web --min-available=1"),
        ("resourcequota/small created", "quota small --hard=pods=100"),
    ]:
        check(kubectl("create", *words.split()) == f"{expected}\n", words)
    check(kubectl.json("configmap", "colours")["data"] == {"grass": "green", "sky": "blue"}, "data")
    check(kubectl.json("secret", "keys")["data"] == {"key": "dmFsdWU="}, "data of the secret")
    spec = kubectl.json("deployment", "web")["spec"]
    check(spec["replicas"] == 2 and spec["selector"] == {"matchLabels": {"app": "web"}}, spec)
    container = spec["template"]["spec"]["containers"][0]
    check(container["ports"] == [{"containerPort": 80, "protocol": "TCP"}], container)
    check(container["imagePullPolicy"] == "IfNotPresent" and spec["strategy"]["type"] == "RollingUpdate", "what nobody said has its default")
    job = kubectl.json("job", "once")
    check(job["spec"]["template"]["spec"]["containers"][0]["command"] == ["echo", "hello"], job)
    check(job["spec"]["selector"]["matchLabels"]["batch.kubernetes.io/controller-uid"] == job["metadata"]["uid"], job)
    check(kubectl.json("role", "reader")["rules"][0]["resources"] == ["pods", "configmaps"], "rules")
    check(kubectl.json("rolebinding", "reading")["subjects"][0]["name"] == "robot", "subjects")
    check(kubectl.json("service", "web")["spec"]["clusterIP"].count(".") == 3, "an address")

    kubectl.refuses(r'configmaps "colours" already exists$', "create", "configmap", "colours")
    kubectl.refuses(r'metadata\.name: Invalid value: "Colours": a lowercase RFC 1123 subdomain', "create", "configmap", "Colours")
    dry = kubectl("create", "configmap", "never", "--dry-run=server", "--output", "name")
    check(dry == "configmap/never\n", dry)
    kubectl.refuses(r'configmaps "never" not found$', "get", "configmap", "never")
    kubectl.refuses(r"unknown field \"spec\.colour\"", "create", "--filename", "-", stdin=instance_type(1, colour="blue"))
    kubectl.refuses(r'spec\.limits\.cpu: Invalid value: "string"', "create", "--filename", "-", stdin=instance_type("one"))


def get(kubectl):
    """Tables, as the server makes them."""
    wide = kubectl.says(r"^NAME +READY +UP-TO-DATE +AVAILABLE +AGE +CONTAINERS +IMAGES +SELECTOR$", "get", "deployment", "web", "-o", "wide")
    check(re.search(r"^web +\d/2 +\d +\d +\d+s +nginx +nginx:1 +app=web$", wide, re.MULTILINE), wide)
    kubectl.says(r"^colours +2 +\d+s +<none>$", "get", "cm", "colours", "--show-labels")
    kubectl.says(r"^keys +Opaque +1 +\d+s$", "get", "secrets")
    kubectl.says(r"^reading +Role/reader +\d+s +robot|reading +Role/reader +\d+s +.*/robot", "get", "rolebinding", "-o", "wide")
    kubectl.says(r"^NAME +TYPE +CLUSTER-IP +EXTERNAL-IP +PORT\(S\) +AGE\nweb +ClusterIP +[\d.]+ +<none> +80/TCP +\d+s$", "get", "svc")
    kubectl.says(r"^deployment\.apps/web +\d/2", "get", "all")
    check(kubectl("get", "cm", "--field-selector", "metadata.name=colours", "-o", "name") == "configmap/colours\n", "by a field")
    check(kubectl("get", "deploy", "-l", "app in (web,other)", "-o", "jsonpath={.items[*].metadata.name}") == "web", "by a label")
    check(kubectl("get", "deploy", "-l", "app!=web", "-o", "name") == "", "by the lack of a label")
    columns = kubectl("get", "deploy", "web", "-o", "custom-columns=NAME:.metadata.name,REPLICAS:.spec.replicas")
    check([line.split() for line in columns.splitlines()] == [["NAME", "REPLICAS"], ["web", "2"]], columns)
    kubectl.refuses(r'"spec\.colour" is not a known field selector', "get", "cm", "--field-selector", "spec.colour=blue")
    for number in range(5):
        kubectl("create", "configmap", f"page-{number}")
    paged = kubectl("get", "configmaps", "--chunk-size=2", "-o", "name").split()
    check([name for name in paged if "page-" in name] == [f"configmap/page-{number}" for number in range(5)], paged)
    check(re.search(r"/configmaps\?continue=\w+.*&limit=2", kubectl.run("get", "cm", "--chunk-size=2", "-v=8")[2]), "in pages")


def watch(kubectl):
    """`get -w` shows what comes, as tables."""
    words = ["get", "configmaps", "--watch", "--selector", "watched=yes", "--output-watch-events"]
    kubectl.says("created", "create", "-f", "-", stdin=config_map("seen", {"watched": "yes"}, a="1"))
    with kubectl.start(*words) as process:
        line = lambda: process.stdout.readline().split()
        header, first = line(), line()
        check(header == ["EVENT", "NAME", "DATA", "AGE"] and first[:3] == ["ADDED", "seen", "1"], (header, first))
        kubectl("patch", "cm", "seen", "--type=merge", "-p", '{"data":{"b":"2"}}')
        changed = line()
        check(changed[:3] == ["MODIFIED", "seen", "2"], changed)
        kubectl("delete", "cm", "seen")
        gone = line()
        check(gone[:2] == ["DELETED", "seen"], gone)
        check(process.poll() is None, "it goes on")


def apply(kubectl):
    """By the client and by the server, what differs, and whose is what."""
    both = lambda cores, sky: objects(instance_type(cores), config_map("palette", sky=sky, grass="green"))
    apply_ = lambda cores, sky, *words: kubectl("apply", "--filename", "-", *words, stdin=both(cores, sky)).splitlines()
    said = lambda how, other=None: [f"instancetype.primehub.io/small {how}", f"configmap/palette {other or how}"]
    check(apply_(1, "blue") == said("created"), "created")
    check(apply_(1, "blue") == said("unchanged"), "unchanged")
    code, out, err = kubectl.run("diff", "--filename", "-", stdin=both(2, "grey"))
    check(code == 1, f"{code} {out} {err}")
    for line in [r"-  sky: blue", r"\+  sky: grey", r"-  limits\.cpu: 1", r"\+  limits\.cpu: 2"]:
        check(re.search(f"^{line}$", out, re.MULTILINE), f"{line}:\n{out}")
    check(kubectl.json("cm", "palette")["data"]["sky"] == "blue", "diff changes nothing")
    check(apply_(2, "grey") == said("configured"), "configured")
    check(kubectl("diff", "--filename", "-", stdin=both(2, "grey")) == "", "no difference")
    kubectl("apply", "--filename", "-", stdin=config_map("palette", sky="grey"))
    check(kubectl.json("cm", "palette")["data"] == {"sky": "grey"}, "what is applied no more goes")
    kubectl.says(r"^configmap/web configured$|^deployment\.apps/web configured$", "apply", "-f", "-", stdin={
        **kubectl.json("deployment", "web"), "metadata": {"name": "web", "labels": {"app": "web", "tier": "front"}},
    })

    serverside = ["apply", "--server-side", "--filename", "-"]
    mine, theirs = ["--field-manager", "mine"], ["--field-manager", "theirs"]
    say = lambda *words, **data: kubectl(*serverside, *words, stdin=config_map("shared", **data))
    check(say(*mine, sky="blue", grass="green") == "configmap/shared serverside-applied\n", "applied")
    say(*theirs, sky="blue")
    kubectl.refuses(
        r'(?s)Apply failed with 1 conflict: conflict with "mine": \.data\.sky\n.*--force-conflicts', *serverside, *theirs,
        stdin=config_map("shared", sky="pink"),
    )
    check(kubectl.json("cm", "shared")["data"]["sky"] == "blue", "a conflict changes nothing")
    say(*theirs, "--force-conflicts", sky="pink")
    shared = json.loads(kubectl("get", "cm", "shared", "-o", "json", "--show-managed-fields"))
    check(shared["data"] == {"grass": "green", "sky": "pink"}, shared)
    owners = {entry["manager"]: entry["fieldsV1"]["f:data"] for entry in shared["metadata"]["managedFields"]}
    check(owners == {"mine": {"f:grass": {}}, "theirs": {"f:sky": {}}}, owners)
    say(*mine)
    check(kubectl.json("cm", "shared")["data"] == {"sky": "pink"}, "what its only manager applies no more goes")
    # From the client's side to the server's: what was the client's becomes the server's.
    kubectl(*serverside, stdin=instance_type(3))
    managers = json.loads(kubectl("get", "instancetype", "small", "-o", "json", "--show-managed-fields"))["metadata"]["managedFields"]
    spec = [(entry["manager"], entry["operation"]) for entry in managers if "f:spec" in entry["fieldsV1"]]
    check(spec == [("kubectl", "Apply")], managers)
    kubectl.refuses(r"Apply failed with 1 conflict.*\.spec\.limits\.cpu", *serverside, *mine, stdin=instance_type(4))


def patch(kubectl):
    """All three types, and what is wrong with some."""
    merge, strategic, operations = "--type=merge", "--type=strategic", "--type=json"
    kubectl.says("^configmap/colours patched$", "patch", "cm", "colours", merge, "-p", '{"data":{"sky":null,"sea":"blue"}}')
    check(kubectl.json("cm", "colours")["data"] == {"grass": "green", "sea": "blue"}, "merged")
    kubectl.says("no change", "patch", "cm", "colours", merge, "-p", '{"data":{"sea":"blue"}}')
    sidecar = {"spec": {"template": {"spec": {"containers": [{"name": "side", "image": "side:1"}]}}}}
    kubectl.says("patched$", "patch", "deployment", "web", strategic, "-p", json.dumps(sidecar))
    names = "jsonpath={.spec.template.spec.containers[*].name}"
    check(sorted(kubectl("get", "deployment", "web", "-o", names).split()) == ["nginx", "side"], "merged by name")
    away = {"spec": {"template": {"spec": {"containers": [{"name": "side", "$patch": "delete"}]}}}}
    kubectl.says("patched$", "patch", "deployment", "web", strategic, "-p", json.dumps(away))
    check(kubectl("get", "deployment", "web", "-o", names) == "nginx", "removed by name")
    right = [{"op": "test", "path": "/data/sea", "value": "blue"}, {"op": "move", "from": "/data/sea", "path": "/data/lake"}]
    kubectl.says("patched$", "patch", "cm", "colours", operations, "-p", json.dumps(right))
    check(kubectl.json("cm", "colours")["data"] == {"grass": "green", "lake": "blue"}, "moved")
    kubectl.refuses("the server rejected our request due to an error in our request", "patch", "cm", "colours", operations, "-p", json.dumps(right))
    kubectl.says("patched$", "patch", "instancetype", "small", merge, "-p", '{"spec":{"limits.memory":"2G"}}')
    check(kubectl.json("instancetype", "small")["spec"]["limits.memory"] == "2G", "a custom resource")
    kubectl.refuses("strategic-merge-patch.json is not supported by primehub", "patch", "instancetype", "small", strategic, "-p", '{"spec":{}}')
    kubectl.refuses(r"spec\.limits\.cpu: Invalid value", "patch", "instancetype", "small", merge, "-p", '{"spec":{"limits.cpu":"one"}}')


def label_and_annotate(kubectl):
    kubectl.says("^configmap/colours labeled$", "label", "cm", "colours", "tier=one")
    kubectl.refuses("'tier' already has a value \\(one\\), and --overwrite is false", "label", "cm", "colours", "tier=two")
    kubectl.says("labeled", "label", "cm", "colours", "tier=two", "--overwrite")
    check(kubectl("get", "cm", "-l", "tier=two", "-o", "name") == "configmap/colours\n", "found by it")
    kubectl.refuses("a valid label must be|a valid label value|invalid label value", "label", "cm", "colours", "tier=-")
    kubectl.says("unlabeled", "label", "cm", "colours", "tier-")
    check(kubectl("get", "cm", "-l", "tier", "-o", "name") == "", "not any more")
    kubectl.says("^instancetype.primehub.io/small annotated$", "annotate", "instancetype", "small", "note=hello world")
    check(kubectl.json("instancetype", "small")["metadata"]["annotations"]["note"] == "hello world", "annotated")
    kubectl.says("annotated", "annotate", "instancetype", "small", "note-")
    check("note" not in kubectl.json("instancetype", "small")["metadata"].get("annotations", {}), "not any more")


def scale(kubectl):
    kubectl.says("^deployment.apps/web scaled$", "scale", "deployment", "web", "--replicas=5", "--current-replicas=2")
    check(kubectl("get", "deployment", "web", "-o", "jsonpath={.spec.replicas}") == "5", "scaled")
    kubectl.refuses("Expected replicas to be 2, was 5", "scale", "deployment", "web", "--replicas=3", "--current-replicas=2")
    seen = json.loads(kubectl("get", "deployment", "web", "--subresource=scale", "-o", "json"))
    check((seen["kind"], seen["spec"]["replicas"], seen["status"]["selector"]) == ("Scale", 5, "app=web"), seen)
    kubectl.refuses("the server could not find the requested resource|not found", "scale", "cm", "colours", "--replicas=1")


def describe(kubectl):
    uid = kubectl.json("cm", "colours")["metadata"]["uid"]
    kubectl("create", "-f", "-", stdin={
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "colours.painted"}, "type": "Normal", "reason": "Painted", "message": "It is wet.",
        "involvedObject": {"apiVersion": "v1", "kind": "ConfigMap", "namespace": kubectl.namespace, "name": "colours", "uid": uid},
        "source": {"component": "painter"}, "count": 1, "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z",
    })
    text = kubectl.says(r"^Name: +colours\nNamespace: +witness-", "describe", "configmap", "colours")
    check(re.search(r"^lake:\n----\nblue$", text, re.MULTILINE), text)
    check(re.search(r"^  Normal +Painted +\S+ +painter +It is wet\.$", text, re.MULTILINE), text)
    text = kubectl.says(r"^Replicas: +5 desired \|", "describe", "deployment", "web")
    check(re.search(r"^    Image: +nginx:1$", text, re.MULTILINE) and "25% max unavailable, 25% max surge" in text, text)
    kubectl.says(r"^Kind: +InstanceType\n(?s:.*)  limits\.cpu: +3$|^Kind: +InstanceType\n(?s:.*)Limits\.cpu: +3$", "describe", "instancetype", "small")
    kubectl.says(r"^  configmaps +\[\] +\[\] +\[get list\]$", "describe", "role", "reader")
    kubectl.says(r"^key: +5 bytes$", "describe", "secret", "keys")
    kubectl.says(r"^Status: +Active$", "describe", "namespace", kubectl.namespace)
    kubectl.refuses(r'configmaps "nothing" not found$', "describe", "cm", "nothing")


def wait(kubectl):
    kubectl.says("condition met", "wait", "--for=jsonpath={.spec.replicas}=5", "deployment/web")
    kubectl.refuses("timed out waiting for the condition on configmaps/colours", "wait", "--for=jsonpath={.data.lake}=red", "cm/colours", "--timeout=1s")
    # What is waited for happens afterwards.
    with kubectl.start("wait", "--for=jsonpath={.data.lake}=red", "cm/colours", f"--timeout={PATIENCE}s") as process:
        kubectl("patch", "cm", "colours", "--type=merge", "-p", '{"data":{"lake":"red"}}')
        check("condition met" in process.communicate()[0] and process.returncode == 0, "it was seen")
    with kubectl.start("wait", "--for=delete", "cm/page-0", f"--timeout={PATIENCE}s") as process:
        kubectl("delete", "cm", "page-0")
        check(process.wait() == 0, "gone was seen")
    check(kubectl("wait", "--for=delete", "cm/nothing") == "", "what is not there is gone")


def rights(kubectl, own):
    check(kubectl("auth", "can-i", "create", "pods") == "yes\n", "an administrator may")
    kubectl.says(r"^Groups +\[.*system:masters.*\]$", "auth", "whoami")
    if own:
        kubectl.says(r"^Username +primehub-admin$", "auth", "whoami")
    token = kubectl("create", "token", "robot").strip()
    robot = f"--token={token}"
    account = f"system:serviceaccount:{kubectl.namespace}:robot"
    for expected, words in [("yes", "get pods"), ("yes", "list configmaps"), ("no", "delete pods"), ("no", "get secrets"), ("no", "get pods -n default")]:
        code, out, err = kubectl.run("auth", "can-i", *words.split(), robot)
        check((code, out.split()[:1]) == (int(expected == "no"), [expected]), f"{words}: {code} {out} {err}")
    kubectl.says(f"^Username +{account}$", "auth", "whoami", robot)
    kubectl.says(r"^configmaps +\[\] +\[\] +\[get list\]$", "auth", "can-i", "--list", robot)
    kubectl.refuses(
        rf'secrets is forbidden: User "{account}" cannot list resource "secrets" in API group "" in the namespace "{kubectl.namespace}"',
        "get", "secrets", robot,
    )


def logs(kubectl):
    """No pod runs; of those that never ran there is nothing to read."""
    kubectl.refuses(r'pods "nothing" not found', "logs", "nothing")
    # Nothing schedules this one.
    kubectl("create", "-f", "-", stdin={
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "idle"},
        "spec": {"schedulerName": "nobody", "containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]},
    })
    kubectl.says(r"^idle +0/2 +Pending +0 +\d+s$", "get", "pod", "idle")
    check(kubectl("logs", "idle", "--container", "a") == "", "it has said nothing")
    kubectl.refuses(r"container nothing is not valid for pod idle", "logs", "idle", "--container", "nothing")


def delete(kubectl):
    """With finalizers, with children and without them."""
    kubectl("patch", "cm", "palette", "--type=merge", "-p", '{"metadata":{"finalizers":["example.com/held"]}}')
    with kubectl.start("delete", "cm", "palette", "--wait") as process:
        kubectl.says("condition met", "wait", "--for=jsonpath={.metadata.deletionTimestamp}", "cm/palette")
        check(process.poll() is None, "it waits for what holds it")
        kubectl("patch", "cm", "palette", "--type=json", "-p", '[{"op":"remove","path":"/metadata/finalizers"}]')
        out = process.communicate()[0]
        check(process.returncode == 0 and re.match(r'configmap "palette" deleted', out), out)
    kubectl.refuses(r'configmaps "palette" not found$', "get", "cm", "palette")

    owner = kubectl.json("instancetype", "small")["metadata"]
    reference = {"apiVersion": "primehub.io/v1alpha1", "kind": "InstanceType", "name": "small", "uid": owner["uid"]}
    child = config_map("child")
    child["metadata"]["ownerReferences"] = [reference]
    kubectl("create", "-f", "-", stdin=child)
    kubectl.says(r'"small" deleted', "delete", "instancetype", "small", "--cascade=orphan", "--wait")
    check("ownerReferences" not in kubectl.json("cm", "child")["metadata"], "an orphan")
    for how in ["background", "foreground"]:
        kubectl("create", "-f", "-", stdin=instance_type(1))
        uid = kubectl.json("instancetype", "small")["metadata"]["uid"]
        child["metadata"].update(name=how, ownerReferences=[{**reference, "uid": uid, "blockOwnerDeletion": True}])
        kubectl("create", "-f", "-", stdin=child)
        kubectl.says(r'"small" deleted', "delete", "instancetype", "small", f"--cascade={how}", "--wait")
        if how == "foreground":
            kubectl.refuses(rf'configmaps "{how}" not found$', "get", "cm", how)
        kubectl("wait", "--for=delete", f"cm/{how}")
    kubectl.says(r'"page-1" deleted', "delete", "cm", "page-1", "--dry-run=server")
    check(kubectl("get", "cm", "page-1", "-o", "name") == "configmap/page-1\n", "nothing happened")
    kubectl.refuses(r'configmaps "nothing" not found$', "delete", "cm", "nothing")
    check(kubectl("delete", "cm", "nothing", "--ignore-not-found") == "", "never mind")


def round_of(program, cluster):
    kubectl = Kubectl(program, cluster)
    version = json.loads(kubectl("version", "--client", "--output", "json"))["clientVersion"]["gitVersion"]
    check(kubectl("create", "namespace", kubectl.namespace) == f"namespace/{kubectl.namespace} created\n", "a namespace")
    try:
        discovery(kubectl, cluster.own)
        for step in [create, get, watch, apply, patch, label_and_annotate, scale, describe, wait]:
            step(kubectl)
        rights(kubectl, cluster.own)
        logs(kubectl)
        delete(kubectl)
    finally:
        gone = kubectl.run("delete", "namespace", kubectl.namespace, "--wait")
    check(gone[0] == 0 and re.match(f'namespace "{kubectl.namespace}" deleted', gone[1]), gone)
    kubectl.refuses("namespaces .* not found$", "get", "namespace", kubectl.namespace)
    print(f"kubectl {version}, with {cluster.name}: done", flush=True)


with Cluster(SERVER, KUBECONFIG) as CLUSTER:
    PROGRAMS = [program.strip() for program in os.environ["KUBECTL"].split(",")]
    if not CLUSTER.own:
        Kubectl(PROGRAMS[0], CLUSTER)("apply", "--server-side", "--filename", CLUSTER.definitions())
    for PROGRAM in PROGRAMS:
        round_of(PROGRAM, CLUSTER)
report(CLUSTER)
