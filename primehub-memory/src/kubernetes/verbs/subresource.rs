//! What is done to an object at a path below its own: evictions, bindings, tokens, the end of a namespace.

use serde_json::{Value, json};

use super::{Request, metadata, next, write::refused};
use crate::kubernetes::kinds::{Kind, Subresource};
use crate::kubernetes::request::{Answer, Options, Verb};
use crate::kubernetes::rules;
use crate::kubernetes::schema::strict;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;
use crate::kubernetes::store::{Commit, CommitError, Expected, Key, Write};

impl ApiServer {
    pub(crate) async fn act(&self, request: &Request) -> Result<Answer, Status> {
        let body = match request.media_type() {
            "application/vnd.kubernetes.protobuf" => {
                let kind = rules::body_of(&request.resource.kind, request.resource.subresource.as_ref());
                next::read_compiled(kind, &request.body)?
            }
            _ if request.body.is_empty() => json!({}),
            _ => strict::parse_yaml(&request.body)
                .map(|parsed| parsed.value)
                .map_err(|error| Status::bad_request(format!("couldn't get version/kind; json parse error: {error}")))?,
        };
        match &request.resource.subresource {
            Some(Subresource::Eviction) => self.evict(request, &body).await,
            Some(Subresource::Binding) => self.bind(request, &body).await,
            Some(Subresource::Token) => self.token(request, body),
            Some(Subresource::Finalize) => self.finalize(request, &body).await,
            _ => Err(Status::unknown_resource()),
        }
    }

    /// Deletes a pod, unless a budget for disruptions does not allow it.
    async fn evict(&self, request: &Request, body: &Value) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        let key = Key::new(resource.namespace.as_deref(), name);
        let Some(pod) = self.store().get(&kind.storage, &key) else {
            return Err(Status::not_found(&kind.group, &kind.plural, name));
        };
        rules::check_eviction(self, &pod)?;
        let mut options = Options { dry_run: request.options.dry_run.clone(), ..Options::default() };
        options.read_delete_options(&body["deleteOptions"]);
        let request = request.with(Verb::Delete, options);
        self.delete(&request).await?;
        let success = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
        Ok(Answer::value(201, &success))
    }

    /// Gives a pod its node.
    async fn bind(&self, request: &Request, body: &Value) -> Result<Answer, Status> {
        let node = body.pointer("/target/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        if node.is_empty() {
            let cause = crate::kubernetes::status::Cause::required("target.name", "");
            return Err(Status::invalid("", "Binding", request.resource.named()?, vec![cause]));
        }
        let metadata = body["metadata"].clone();
        let resource = &request.resource;
        let key = Key::new(resource.namespace.as_deref(), resource.named()?);
        self.edit(&resource.kind, &key, request.options.is_dry_run(), |pod| {
            let bound = pod.pointer("/spec/nodeName").and_then(Value::as_str).unwrap_or_default();
            if !bound.is_empty() {
                let name = metadata::name(pod);
                let why = format!("pod {name} is already assigned to node {bound:?}");
                return Err(Status::conflict("", "pods/binding", name, why));
            }
            pod["spec"]["nodeName"] = json!(node);
            for field in ["labels", "annotations"] {
                for (key, value) in metadata[field].as_object().into_iter().flatten() {
                    pod["metadata"][field][key] = value.clone();
                }
            }
            rules::mark_scheduled(pod);
            Ok(())
        })
        .await?;
        let success = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201 });
        Ok(Answer::value(201, &success))
    }

    /// A token for a service account.
    fn token(&self, request: &Request, mut body: Value) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        let key = Key::new(resource.namespace.as_deref(), name);
        let Some(account) = self.store().get(&kind.storage, &key) else {
            return Err(Status::not_found(&kind.group, &kind.plural, name));
        };
        let seconds = body.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(3600);
        if seconds < 600 {
            let why = "may not specify a duration less than 10 minutes";
            let cause = crate::kubernetes::status::Cause::invalid("spec.expirationSeconds", &json!(seconds), why);
            return Err(Status::invalid("authentication.k8s.io", "TokenRequest", "", vec![cause]));
        }
        let (token, expires) = self.access().issue(&account, seconds, self.now());
        body["kind"] = json!("TokenRequest");
        body["apiVersion"] = json!("authentication.k8s.io/v1");
        body["metadata"] = json!({ "name": name, "namespace": resource.namespace, "creationTimestamp": self.now_text() });
        body["spec"]["expirationSeconds"] = json!(seconds);
        body["status"] = json!({ "token": token, "expirationTimestamp": expires });
        Ok(Answer::value(201, &body))
    }

    /// Takes from a namespace what holds it.
    async fn finalize(&self, request: &Request, body: &Value) -> Result<Answer, Status> {
        let finalizers = body.pointer("/spec/finalizers").cloned().unwrap_or_else(|| json!([]));
        let resource = &request.resource;
        let key = Key::new(None, resource.named()?);
        let object = self
            .edit(&resource.kind, &key, request.options.is_dry_run(), |namespace| {
                if finalizers.as_array().is_none_or(Vec::is_empty) {
                    namespace["spec"] = json!({});
                } else {
                    namespace["spec"]["finalizers"] = finalizers.clone();
                }
                Ok(())
            })
            .await?;
        Ok(Answer::value(200, &object))
    }

    /// Changes the live object, however often somebody else is faster. One that nothing holds any longer goes.
    pub(crate) async fn edit(
        &self,
        kind: &Kind,
        key: &Key,
        dry_run: bool,
        change: impl Fn(&mut Value) -> Result<(), Status>,
    ) -> Result<Value, Status> {
        loop {
            let Some(live) = self.store().get(&kind.storage, key) else {
                return Err(Status::not_found(&kind.group, &kind.plural, &key.name));
            };
            let before = live.value();
            let mut object = before.clone();
            change(&mut object)?;
            let finished = metadata::is_finished(&object);
            if dry_run || (!finished && object == before) {
                return Ok(object);
            }
            let write = if finished { Write::Remove(object) } else { Write::Put(object) };
            let expected = Expected::Revision(live.meta.revision);
            match self.commit(kind, Commit { storage: kind.storage.clone(), key: key.clone(), expected, write }).await {
                Ok(object) => return Ok(object.value()),
                Err(CommitError::Stale) => {}
                Err(error) => return Err(refused(kind, error, &key.name)),
            }
        }
    }
}
