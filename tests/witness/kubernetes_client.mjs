// Objects are created, listed, watched, patched and deleted with @kubernetes/client-node. Prints a line for each thing that is as it must be.
// Usage: KUBECONFIG=FILE node kubernetes_client.mjs <index.js of @kubernetes/client-node> <namespace>

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";

const [, , client, namespace] = process.argv;
const k8s = await import(pathToFileURL(client));

const config = new k8s.KubeConfig();
config.loadFromDefault();
const core = config.makeApiClient(k8s.CoreV1Api);
const objects = k8s.KubernetesObjectApi.makeApiClient(config);
const custom = config.makeApiClient(k8s.CustomObjectsApi);

const ok = (condition, what) => {
  assert.ok(condition, what);
  console.log(`ok ${what}`);
};

/** The error body of something that must be refused. */
const refused = async (code, reason, promise) => {
  const error = await promise.then((answer) => assert.fail(`${code} is expected, not ${JSON.stringify(answer)}`), (error) => error);
  assert.equal(error.code, code, String(error));
  const body = typeof error.body === "string" ? JSON.parse(error.body) : error.body;
  assert.deepEqual([body.kind, body.code, body.reason], ["Status", code, reason]);
  console.log(`ok ${code} ${reason}: ${body.message.split("\n")[0]}`);
  return body;
};

/** Events of a watch, one after the other; what stops it. */
const watch = async (path, options) => {
  const events = [], waiting = [];
  const arrived = (event) => (waiting.length ? waiting.shift()(event) : events.push(event));
  const ended = (error) => arrived({ type: "END", object: error });
  const stop = await new k8s.Watch(config).watch(path, options, (type, object) => arrived({ type, object }), ended);
  const next = () => (events.length ? Promise.resolve(events.shift()) : new Promise((resolve) => waiting.push(resolve)));
  return { next, stop };
};

/** A round with one kind, by calls that are the same for all. */
const round = async (manifest, change, path) => {
  const { apiVersion, kind } = manifest;
  const { name } = manifest.metadata;
  const header = { apiVersion, kind, metadata: { name, namespace } };
  const before = await objects.list(apiVersion, kind, namespace);
  const { next, stop } = await watch(path, { resourceVersion: before.metadata.resourceVersion, labelSelector: "witness=node", timeoutSeconds: 60 });

  const made = await objects.create({ ...manifest, metadata: { ...manifest.metadata, namespace } });
  ok(made.metadata.uid && made.metadata.creationTimestamp instanceof Date, `${kind} is created`);
  await refused(409, "AlreadyExists", objects.create({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
  const merge = [undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch];
  const patched = await objects.patch({ ...header, ...change("grey") }, ...merge);
  ok(JSON.stringify(patched).includes('"grey"'), `${kind} is patched`);

  const apply = (manager, word, force) =>
    objects.patch({ ...header, ...change(word) }, undefined, undefined, manager, force, k8s.PatchStrategy.ServerSideApply);
  await apply("mine", "grey", true);
  const conflict = await refused(409, "Conflict", apply("theirs", "pink", false));
  ok(conflict.details.causes.some(({ reason, message }) => reason === "FieldManagerConflict" && message === 'conflict with "mine"'), `${kind}: whose it is`);
  ok(JSON.stringify(await apply("theirs", "pink", true)).includes('"pink"'), `${kind} is applied by force`);
  await refused(409, "Conflict", objects.replace({ ...made, metadata: { ...made.metadata } }));

  await objects.delete(header);
  await refused(404, "NotFound", objects.read(header));
  const seen = [];
  do {
    const event = await next();
    seen.push(event.type);
    assert.equal(event.object?.metadata?.name, name, JSON.stringify(event));
  } while (seen.at(-1) !== "DELETED");
  stop.abort();
  assert.deepEqual(seen, ["ADDED", "MODIFIED", "MODIFIED", "MODIFIED", "DELETED"]);
  ok(true, `${kind} was watched`);
};

await round(
  { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "painted", labels: { witness: "node" } }, data: { sky: "blue" } },
  (word) => ({ data: { sky: word } }),
  `/api/v1/namespaces/${namespace}/configmaps`,
);
await round(
  {
    apiVersion: "primehub.io/v1alpha1", kind: "InstanceType", metadata: { name: "painted", labels: { witness: "node" } },
    spec: { displayName: "blue", "limits.cpu": 1, "limits.memory": "1G" },
  },
  (word) => ({ spec: { displayName: word } }),
  `/apis/primehub.io/v1alpha1/namespaces/${namespace}/instancetypes`,
);

for (let number = 0; number < 5; number++) {
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: `leaf-${number}`, labels: { tree: "oak" } } } });
}
const names = [];
let token, pages = 0;
do {
  const page = await core.listNamespacedConfigMap({ namespace, labelSelector: "tree=oak", limit: 2, _continue: token });
  names.push(...page.items.map(({ metadata }) => metadata.name));
  token = page.metadata._continue;
  pages += 1;
} while (token);
assert.deepEqual([names, pages], [[0, 1, 2, 3, 4].map((number) => `leaf-${number}`), 3]);
ok(true, "a list in pages");

// An informer lists and watches by itself.
const list = () => core.listNamespacedConfigMap({ namespace, labelSelector: "tree=oak" });
const informer = k8s.makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, "tree=oak");
const informed = new Promise((resolve, reject) => {
  const known = new Set();
  informer.on("add", ({ metadata }) => known.add(metadata.name));
  informer.on("delete", ({ metadata }) => metadata.name === "leaf-2" && resolve(known));
  informer.on("error", reject);
});
await informer.start();
await core.deleteNamespacedConfigMap({ name: "leaf-2", namespace });
ok((await informed).size === 5, "an informer knows all, and what goes");
await informer.stop();

const place = { group: "primehub.io", version: "v1alpha1", namespace, plural: "instancetypes" };
const wrong = { apiVersion: "primehub.io/v1alpha1", kind: "InstanceType", metadata: { name: "wrong" }, spec: { "limits.cpu": "many" } };
const invalid = await refused(422, "Invalid", custom.createNamespacedCustomObject({ ...place, body: wrong }));
ok(invalid.details.causes.some(({ field }) => field === "spec.limits.cpu"), "which field it is");
