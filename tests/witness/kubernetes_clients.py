"""Objects are created, listed, watched, patched and deleted with `kubernetes` for Python and @kubernetes/client-node, which read what they get.

Usage: kubernetes_clients.py [--kubeconfig FILE] <primehub binary> <index.js of @kubernetes/client-node>
"""

import json
import os
import subprocess
import uuid

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic import exceptions

from cluster import Cluster, arguments
from deployment import check, report

KUBECONFIG, SERVER, CLIENT_NODE = arguments(__doc__, "server", "client_node")

INSTANCE_TYPE = {
    "apiVersion": "primehub.io/v1alpha1", "kind": "InstanceType", "metadata": {"name": "small", "labels": {"witness": "yes"}},
    "spec": {"displayName": "Small", "limits.cpu": 1, "limits.memory": "1G"},
}
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "colours", "labels": {"witness": "yes"}}, "data": {"sky": "blue"}}


def refused(status, reason, act):
    """The error body of something that must be refused."""
    try:
        answer = act()
    except ApiException as error:
        body = json.loads(error.body)
        check((error.status, body["kind"], body["code"], body["reason"]) == (status, "Status", status, reason), body)
        return body
    raise AssertionError(f"{status} {reason} is expected, not {answer}")


def typed(api_client, namespace):
    """The client with a class for every kind: it checks the types of all that it is told."""
    core, apps = client.CoreV1Api(api_client), client.AppsV1Api(api_client)
    labels = {"witness": "typed"}
    for number in range(5):
        metadata = client.V1ObjectMeta(name=f"page-{number}", labels=labels)
        core.create_namespaced_secret(namespace, client.V1Secret(metadata=metadata, string_data={"number": str(number)}))
    names, token, pages = [], None, 0
    while pages == 0 or token:
        page = core.list_namespaced_secret(namespace, label_selector="witness=typed", limit=2, _continue=token)
        names += [secret.metadata.name for secret in page.items]
        token, pages = page.metadata._continue, pages + 1
    check((names, pages) == ([f"page-{number}" for number in range(5)], 3), f"{names} in {pages} pages")
    body = refused(400, "BadRequest", lambda: core.list_namespaced_secret(namespace, limit=2, _continue="nonsense"))
    check("continue key is not valid" in body["message"] or "invalid continue token" in body["message"], body)

    version = core.list_namespaced_secret(namespace, label_selector="witness=typed").metadata.resource_version
    core.patch_namespaced_secret("page-0", namespace, {"stringData": {"number": "zero"}})
    core.delete_namespaced_secret("page-1", namespace)
    core.create_namespaced_secret(namespace, client.V1Secret(metadata=client.V1ObjectMeta(name="page-9", labels=labels)))
    seen, stream = [], watch.Watch()
    for event in stream.stream(core.list_namespaced_secret, namespace, label_selector="witness=typed", resource_version=version, timeout_seconds=60):
        check(isinstance(event["object"], client.V1Secret), type(event["object"]))
        seen.append((event["type"], event["object"].metadata.name))
        if len(seen) == 3:
            stream.stop()
    check(seen == [("MODIFIED", "page-0"), ("DELETED", "page-1"), ("ADDED", "page-9")], seen)
    check(core.read_namespaced_secret("page-0", namespace).data == {"number": "emVybw=="}, "merged")

    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx:1", "resources": {"limits": {"cpu": "0.5"}}}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    made = apps.create_namespaced_deployment(namespace, {"metadata": {"name": "web"}, "spec": spec})
    check(made.spec.template.spec.containers[0].resources.limits == {"cpu": "500m"}, made.spec)
    check(made.spec.strategy.rolling_update.max_surge == "25%", made.spec)
    scaled = apps.patch_namespaced_deployment_scale("web", namespace, {"spec": {"replicas": 3}})
    check((scaled.kind, scaled.spec.replicas) == ("Scale", 3), scaled)

    def grow(name, image):
        return {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}}

    # A dictionary is a strategic merge, a list is a JSON patch.
    both = apps.patch_namespaced_deployment("web", namespace, grow("side", "side:1"))
    check({one.name for one in both.spec.template.spec.containers} == {"web", "side"}, both.spec.template.spec.containers)
    back = apps.patch_namespaced_deployment("web", namespace, [{"op": "replace", "path": "/spec/replicas", "value": 0}])
    check(back.spec.replicas == 0 and back.metadata.generation >= 4, back.metadata)
    stale = {"metadata": {"name": "web", "resourceVersion": made.metadata.resource_version}, "spec": spec}
    body = refused(409, "Conflict", lambda: apps.replace_namespaced_deployment("web", namespace, stale))
    check(body["message"].startswith('Operation cannot be fulfilled on deployments.apps "web": the object has been modified'), body)
    body = refused(404, "NotFound", lambda: apps.read_namespaced_deployment("nothing", namespace))
    check(body["details"] == {"name": "nothing", "group": "apps", "kind": "deployments"}, body)
    body = refused(422, "Invalid", lambda: core.create_namespaced_config_map(namespace, {"metadata": {"name": "Colours"}}))
    check(body["details"]["causes"][0]["field"] == "metadata.name", body)
    apps.delete_namespaced_deployment("web", namespace, propagation_policy="Foreground")
    check(core.list_namespaced_config_map(namespace, field_selector="metadata.name=nothing").items == [], "by a field")


def dynamic(api_client, namespace):
    """The client that learns from discovery what there is: a built-in kind and one of ours, by the same calls."""
    resources = DynamicClient(api_client).resources
    for manifest, change, read in [
        (CONFIG_MAP, {"data": {"sky": "grey"}}, lambda item: item.data.sky),
        (INSTANCE_TYPE, {"spec": {"displayName": "Tiny"}}, lambda item: item.spec.displayName),
    ]:
        kind = manifest["kind"]
        resource = resources.get(api_version=manifest["apiVersion"], kind=kind)
        before = resource.get(namespace=namespace).metadata.resourceVersion
        made = resource.create(body=manifest, namespace=namespace)
        check(made.metadata.uid and made.kind == kind, made)
        refused(409, "AlreadyExists", lambda: resource.create(body=manifest, namespace=namespace))
        patched = resource.patch(
            body={**manifest, "metadata": {"name": manifest["metadata"]["name"]}, **change}, namespace=namespace, content_type="application/merge-patch+json"
        )
        check(read(patched) == list(next(iter(change.values())).values())[0], patched)

        apply = lambda manager, body, **options: resource.server_side_apply(body=body, namespace=namespace, field_manager=manager, **options)
        part = {**{key: manifest[key] for key in ["apiVersion", "kind"]}, "metadata": {"name": manifest["metadata"]["name"]}, **change}
        check(apply("mine", part).metadata.resourceVersion > "", "applied")
        other = json.loads(json.dumps(part).replace("grey", "pink").replace("Tiny", "Huge"))
        try:
            apply("theirs", other)
            check(False, "a conflict is expected")
        except exceptions.ConflictError as error:
            body = json.loads(error.body)
            causes = {(cause["reason"], cause["message"]) for cause in body["details"]["causes"]}
            check(("FieldManagerConflict", 'conflict with "mine"') in causes and body["code"] == 409, body)
        check(read(apply("theirs", other, force_conflicts=True)) in ["pink", "Huge"], "by force")

        # Everything since the list, of this object: what came before it does not come again.
        resource.delete(name=manifest["metadata"]["name"], namespace=namespace)
        seen = []
        for event in resource.watch(namespace=namespace, resource_version=before, label_selector="witness=yes", timeout=60):
            seen.append(event["type"])
            check(event["object"].kind == kind, event)
            if event["type"] == "DELETED":
                break
        # Changing the value, taking part in it, and by force.
        check(seen[0] == "ADDED" and seen[-1] == "DELETED" and seen[1:-1] == ["MODIFIED"] * 3, seen)
        refused(404, "NotFound", lambda: resource.get(name=manifest["metadata"]["name"], namespace=namespace))
    names = {resource.name for resource in resources.search(group="primehub.io")}
    check({"instancetypes", "datasets", "phjobs"} <= names, names)


def custom(api_client, namespace):
    """Custom resources as plain values; and what a definition does not allow."""
    api = client.CustomObjectsApi(api_client)
    place = dict(group="primehub.io", version="v1alpha1", namespace=namespace, plural="instancetypes")
    made = api.create_namespaced_custom_object(body=INSTANCE_TYPE, **place)
    check(made["metadata"]["generation"] == 1, made)
    made["spec"]["limits.cpu"] = 2
    changed = api.replace_namespaced_custom_object(name="small", body=made, **place)
    check(changed["metadata"]["generation"] == 2, changed)
    made["spec"]["limits.cpu"] = 3
    refused(409, "Conflict", lambda: api.replace_namespaced_custom_object(name="small", body=made, **place))
    wrong = {**INSTANCE_TYPE, "metadata": {"name": "wrong"}, "spec": {"limits.cpu": "many"}}
    body = refused(422, "Invalid", lambda: api.create_namespaced_custom_object(body=wrong, **place))
    fields = [cause["field"] for cause in body["details"]["causes"]]
    check({"spec.limits.memory", "spec.limits.cpu"} <= set(fields), body)
    check(body["details"]["kind"] == "InstanceType" and body["details"]["group"] == "primehub.io", body)
    listed = api.list_namespaced_custom_object(**place)
    check(listed["kind"] == "InstanceTypeList" and [item["metadata"]["name"] for item in listed["items"]] == ["small"], listed)
    api.delete_namespaced_custom_object(name="small", **place)
    refused(404, "NotFound", lambda: api.get_namespaced_custom_object(name="small", **place))


def node(cluster, namespace):
    """The same from Node; the script prints how often it has looked."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kubernetes_client.mjs")
    variables = {**os.environ, "KUBECONFIG": cluster.kubeconfig}
    ended = subprocess.run(
        ["node", script, CLIENT_NODE, namespace], env=variables, capture_output=True, text=True, timeout=120, check=False
    )
    check(ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}")
    for promise in ended.stdout.splitlines():
        check(promise.startswith("ok "), promise)
    check(len(ended.stdout.splitlines()) >= 15, ended.stdout)


with Cluster(SERVER, KUBECONFIG) as CLUSTER:
    API_CLIENT = config.new_client_from_config(CLUSTER.kubeconfig)
    CORE = client.CoreV1Api(API_CLIENT)
    NAMESPACE = f"witness-{uuid.uuid4().hex[:8]}"
    CORE.create_namespace({"metadata": {"name": NAMESPACE}})
    try:
        for step in [typed, dynamic, custom]:
            step(API_CLIENT, NAMESPACE)
        node(CLUSTER, NAMESPACE)
    finally:
        CORE.delete_namespace(NAMESPACE)
report(CLUSTER)
