//! What is done to an object at a path below its own: evictions, bindings, tokens, the end of a namespace.

use serde_json::{Value, json};

use super::{Request, body, metadata, review, write::refused};
use crate::kubernetes::kinds::{Kind, Subresource};
use crate::kubernetes::request::{Answer, Options, Verb};
use crate::kubernetes::rules;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Status};
use crate::kubernetes::store::{Commit, CommitError, Expected, Key, Write};

impl ApiServer {
    pub(crate) async fn act(&self, request: &Request) -> Result<Answer, Status> {
        let (group, name) = rules::body_of(request.resource.subresource.as_ref());
        let body = body::action(&self.kinds(), request, group, name)?;
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
        check_name(body, name, "Eviction")?;
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
        check_name(body, request.resource.named()?, "Binding")?;
        let node = target(&body["target"])?;
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
        let sent = metadata::name(&body);
        if !sent.is_empty() && sent != name {
            let why = "must match the service account name if specified";
            return Err(refused_token(name, Cause::invalid("metadata.name", &json!(sent), why)));
        }
        let seconds = body.pointer("/spec/expirationSeconds").and_then(Value::as_i64).unwrap_or(3600);
        let limit = match seconds {
            ..600 => "may not specify a duration less than 10 minutes",
            4_294_967_297.. => "may not specify a duration larger than 2^32 seconds",
            _ => "",
        };
        if !limit.is_empty() {
            return Err(refused_token("", Cause::invalid("spec.expirationSeconds", &json!(seconds), limit)));
        }
        let audiences = review::texts(&body["spec"], "audiences");
        let issued = self.access().issue(&account, audiences, seconds, self.now())?;
        body["metadata"] = json!({
            "name": name, "namespace": resource.namespace, "uid": &*account.meta.uid, "creationTimestamp": self.now_text(),
        });
        let bound = body["spec"]["boundObjectRef"].take();
        body["spec"] = json!({ "audiences": issued.audiences, "expirationSeconds": seconds, "boundObjectRef": bound });
        body["status"] = json!({ "token": issued.token, "expirationTimestamp": issued.ends });
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

fn refused_token(name: &str, cause: Cause) -> Status {
    Status::invalid("authentication.k8s.io", "TokenRequest", name, vec![cause])
}

/// What is done to a pod names it once more.
fn check_name(body: &Value, name: &str, kind: &str) -> Result<(), Status> {
    if metadata::name(body) == name {
        return Ok(());
    }
    Err(Status::bad_request(format!("name in URL does not match name in {kind} object")))
}

/// The node that a binding is for. What is wrong with it is no fault of the caller's on a real server, so it is none here.
fn target(target: &Value) -> Result<String, Status> {
    let (kind, name) = (target["kind"].as_str().unwrap_or_default(), target["name"].as_str().unwrap_or_default());
    let cause = match (kind, name) {
        (_, "") => Cause::required("target.name", ""),
        ("" | "Node", name) => return Ok(name.to_owned()),
        _ => Cause::not_supported("target.kind", &json!(kind), &["Node".to_owned(), "<empty>".to_owned()]),
    };
    Err(Status::new(500, "", cause.to_string()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!({ "name": "n" }), "n")]
    #[case(json!({ "kind": "Node", "name": "n" }), "n")]
    #[case(json!({}), "target.name: Required value")]
    #[case(json!({ "kind": "Foo", "name": "n" }), r#"target.kind: Unsupported value: "Foo": supported values: "Node", "<empty>""#)]
    fn a_binding_is_for_a_node(#[case] sent: Value, #[case] expected: &str) {
        assert_eq!(target(&sent).unwrap_or_else(|status| status.message), expected);
    }
}
