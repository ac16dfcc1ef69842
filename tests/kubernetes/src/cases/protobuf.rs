//! Bodies in protobuf, as some clients send them without asking.

use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::same;
use crate::cluster::path;
use crate::{Answer, Cluster, Failure};

cases! { "protobuf":
    a_config_map_is_read,
    a_secret_is_read,
    a_service_account_and_a_role_are_read,
    a_deployment_is_read,
    a_review_is_read,
    delete_options_are_read,
    strictness_knows_no_unknown_fields,
}

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

fn varint(mut number: u64, to: &mut Vec<u8>) {
    while number > 0x7f {
        to.push(u8::try_from(number & 0x7f).unwrap_or_default() | 0x80);
        number >>= 7;
    }
    to.push(u8::try_from(number).unwrap_or_default());
}

/// A message from its fields in order.
#[derive(Clone, Default)]
struct Message(Vec<u8>);

impl Message {
    fn number(mut self, field: u64, number: u64) -> Self {
        varint(field << 3, &mut self.0);
        varint(number, &mut self.0);
        self
    }

    fn bytes(mut self, field: u64, bytes: impl AsRef<[u8]>) -> Self {
        let bytes = bytes.as_ref();
        varint(field << 3 | 2, &mut self.0);
        varint(u64::try_from(bytes.len()).unwrap_or_default(), &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    fn message(self, field: u64, message: Self) -> Self {
        self.bytes(field, message.0)
    }

    fn entry(self, field: u64, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.message(field, Self::default().bytes(1, key).bytes(2, value))
    }

    /// The object with its type, as a body.
    fn body(self, version: &str, kind: &str) -> Vec<u8> {
        let kind = Self::default().bytes(1, version).bytes(2, kind);
        let unknown = Self::default().message(1, kind).message(2, self).bytes(3, "").bytes(4, "");
        [b"k8s\0".as_slice(), &unknown.0].concat()
    }
}

/// The metadata of a Go client: empty fields are written too.
fn named(name: &str) -> Message {
    let metadata = Message::default().bytes(1, name).bytes(2, "").bytes(3, "").bytes(4, "").bytes(5, "").bytes(6, "");
    metadata.number(7, 0).message(8, Message::default())
}

async fn post(cluster: &Cluster, path: &str, body: Vec<u8>) -> Result<Answer, Failure> {
    cluster.call(http::Method::POST, path).accept("application/json").body(PROTOBUF, body).send().await
}

async fn a_config_map_is_read(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let metadata = named("x").entry(11, "l", "1").entry(12, "example.com/a", "v");
    let body = Message::default()
        .message(1, metadata)
        .entry(2, "a", "1")
        .entry(2, "b", "")
        .entry(3, "c", [0, 255])
        .number(4, 0);
    let made = post(&cluster, &maps, body.body("v1", "ConfigMap")).await?.expect(201)?;
    same!((&made["kind"], &made["apiVersion"]), (&json!("ConfigMap"), &json!("v1")));
    same!((&made["data"], &made["binaryData"]), (&json!({"a": "1", "b": ""}), &json!({"c": "AP8="})));
    same!((&made["metadata"]["labels"], &made["immutable"]), (&json!({"l": "1"}), &json!(false)));
    same!(made["metadata"]["annotations"], json!({"example.com/a": "v"}));
    same!(made["metadata"].get("generateName"), None);
    Ok(())
}

async fn a_secret_is_read(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    let body =
        Message::default().message(1, named("x")).entry(2, "a", "b").bytes(3, "example.com/t").entry(4, "c", "d");
    let made = post(&cluster, &secrets, body.body("v1", "Secret")).await?.expect(201)?;
    same!((&made["data"], &made["type"]), (&json!({"a": "Yg==", "c": "ZA=="}), &json!("example.com/t")));
    Ok(())
}

async fn a_service_account_and_a_role_are_read(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let body = Message::default().message(1, named("x")).body("v1", "ServiceAccount");
    let made = post(&cluster, &path("v1", &namespace, "serviceaccounts"), body).await?.expect(201)?;
    same!(made["metadata"]["name"], "x");
    let version = "rbac.authorization.k8s.io/v1";
    let rule = Message::default().bytes(1, "get").bytes(1, "list").bytes(2, "").bytes(3, "pods");
    let body = Message::default().message(1, named("x")).message(2, rule).body(version, "Role");
    let made = post(&cluster, &path(version, &namespace, "roles"), body).await?.expect(201)?;
    same!(made["rules"], json!([{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]));
    Ok(())
}

async fn a_deployment_is_read(cluster: Cluster) -> Done {
    let deployments = path("apps/v1", &cluster.namespace().await?, "deployments");
    let port = Message::default().bytes(1, "web").number(2, 0).number(3, 80).bytes(4, "").bytes(5, "");
    let quantity = Message::default().bytes(1, "100m");
    let resources = Message::default().entry(2, "cpu", quantity.0);
    let container =
        Message::default().bytes(1, "c").bytes(2, "i:1").bytes(5, "").message(6, port).message(8, resources);
    // The source of a volume is a message of its own here, and its fields stand beside the name in JSON.
    let map = Message::default().message(1, Message::default().bytes(1, "m"));
    let volume = Message::default().bytes(1, "v").message(2, Message::default().message(19, map));
    let pod = Message::default().message(1, volume).message(2, container).bytes(3, "").bytes(6, "");
    let template = Message::default().message(1, named("").entry(11, "a", "b")).message(2, pod);
    let rolling = Message::default().message(1, Message::default().number(1, 1).number(2, 0).bytes(3, "50%"));
    let strategy = Message::default().bytes(1, "").message(2, rolling);
    let selector = Message::default().entry(1, "a", "b");
    let spec =
        Message::default().number(1, 0).message(2, selector).message(3, template).message(4, strategy).number(5, 0);
    let body = Message::default().message(1, named("d")).message(2, spec).message(3, Message::default());
    let made = post(&cluster, &deployments, body.body("apps/v1", "Deployment")).await?.expect(201)?;
    let spec = &made["spec"];
    same!((&spec["replicas"], &spec["selector"]), (&json!(0), &json!({"matchLabels": {"a": "b"}})));
    same!(
        spec["strategy"],
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "50%", "maxSurge": "25%"}})
    );
    let pod = &spec["template"]["spec"];
    same!(pod["volumes"], json!([{"name": "v", "configMap": {"name": "m", "defaultMode": 420}}]));
    let container = &pod["containers"][0];
    same!(container["ports"], json!([{"name": "web", "containerPort": 80, "protocol": "TCP"}]));
    same!(container["resources"], json!({"requests": {"cpu": "100m"}}));
    same!(container["imagePullPolicy"], "IfNotPresent");
    Ok(())
}

async fn a_review_is_read(cluster: Cluster) -> Done {
    let version = "authorization.k8s.io/v1";
    let attributes = Message::default().bytes(1, "default").bytes(2, "get").bytes(5, "pods");
    let spec = Message::default().message(1, attributes);
    let body = Message::default().message(1, named("")).message(2, spec).body(version, "SelfSubjectAccessReview");
    let made = post(&cluster, &format!("/apis/{version}/selfsubjectaccessreviews"), body).await?.expect(201)?;
    same!(made["status"]["allowed"], true);
    Ok(())
}

async fn delete_options_are_read(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &json!({"metadata": {"name": "x"}})).await?.expect(201)?;
    let send = |uid: &str| {
        let options = Message::default().message(2, Message::default().bytes(1, uid)).bytes(4, "Background");
        let body = options.body("v1", "DeleteOptions");
        cluster.call(http::Method::DELETE, format!("{maps}/x")).body(PROTOBUF, body).send()
    };
    let other = send("other").await?;
    same!((other.code, &other.json["reason"]), (409, &json!("Conflict")));
    let found = cluster.get(format!("{maps}/x")).await?.expect(200)?;
    same!(send(&crate::check::uid(&found)).await?.expect(200)?["status"], "Success");
    Ok(())
}

async fn strictness_knows_no_unknown_fields(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let body = Message::default().message(1, named("x")).bytes(99, "later").body("v1", "ConfigMap");
    let answer = post(&cluster, &format!("{maps}?fieldValidation=Strict"), body).await?;
    same!(answer.warnings(), Vec::<String>::new());
    same!(answer.expect(201)?.get("data").unwrap_or(&Value::Null), &Value::Null);
    Ok(())
}
