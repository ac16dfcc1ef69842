//! The number of replicas, read and written alone, as `autoscaling/v1` `Scale`.

use serde_json::{Value, json};

use super::next::PatchType;
use super::settle::{Outcome, Place, Settled, settle};
use super::{Request, body, metadata, write};
use crate::kubernetes::kinds::{Kinds, Subresource, json_path};
use crate::kubernetes::patch;
use crate::kubernetes::request::{Answer, Verb};
use crate::kubernetes::schema::strict;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Status};
use crate::kubernetes::store::{Commit, CommitError, Expected, Key, LabelSelector, Write};

/// Where a kind keeps what a scale shows.
struct Paths<'a> {
    spec: &'a str,
    status: &'a str,
    selector: Option<&'a str>,
}

impl ApiServer {
    pub(crate) async fn scale(&self, request: &Request) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        let Some(Subresource::Scale { spec, status, selector }) = &resource.subresource else {
            return Err(Status::unknown_resource());
        };
        let paths = Paths { spec, status, selector: selector.as_deref() };
        let key = Key::new(resource.namespace.as_deref(), name);
        loop {
            let Some(live) = self.store().get(&kind.storage, &key) else {
                return Err(Status::not_found(&kind.group, &kind.plural, name));
            };
            let value = live.value();
            let scale = scale_of(&value, &paths)?;
            if resource.verb == Verb::Get {
                return Ok(Answer::value(200, &scale));
            }
            let patch = resource.verb == Verb::Patch;
            request.options.check_write(if patch { "PatchOptions" } else { "UpdateOptions" }, false)?;
            let wanted = wanted(&self.kinds(), request, &scale)?;
            let sent_version = metadata::version(&wanted);
            let conditional = !sent_version.is_empty() && sent_version != metadata::version(&scale);
            if conditional {
                return Err(Status::modified(&kind.group, &kind.plural, name));
            }
            let replicas = wanted.pointer("/spec/replicas").cloned().unwrap_or_else(|| json!(0));
            if !kind.custom && replicas.as_i64().is_none_or(|replicas| replicas < 0) {
                let why = "must be greater than or equal to 0";
                let cause = Cause::invalid("spec.replicas", &replicas, why);
                return Err(Status::invalid("autoscaling", "Scale", name, vec![cause]));
            }
            let mut object = value.clone();
            json_path::set(&mut object, paths.spec, replicas);
            let place = Place {
                kind,
                status: false,
                live: Some(&value),
                applied: false,
                manager: request.manager(),
                subresource: "scale",
                now: self.now(),
            };
            let Settled { object, outcome, .. } = settle(self, &place, object)?;
            if outcome == Outcome::Unchanged || request.options.is_dry_run() {
                return Ok(Answer::value(200, &scale_of(&object, &paths)?));
            }
            let expected = Expected::Revision(live.meta.revision);
            let commit =
                Commit { storage: kind.storage.clone(), key: key.clone(), expected, write: Write::Put(object) };
            match self.commit(kind, commit).await {
                Ok(object) => return Ok(Answer::value(200, &scale_of(&object.value(), &paths)?)),
                Err(CommitError::Stale) if sent_version.is_empty() || patch => {}
                Err(error) => return Err(write::refused(kind, error, name)),
            }
        }
    }
}

/// What a writer wants the scale to be.
fn wanted(kinds: &Kinds, request: &Request, scale: &Value) -> Result<Value, Status> {
    let parse = || {
        strict::parse_json(&request.body)
            .map(|parsed| parsed.value)
            .map_err(|error| Status::bad_request(format!("error decoding patch: {error}")))
    };
    if request.resource.verb == Verb::Update {
        let wanted = body::action(kinds, request, "autoscaling", "autoscaling.v1.Scale")?;
        let (sent, name) = (metadata::name(&wanted), request.resource.named()?);
        if sent.is_empty() {
            let message =
                format!("the name of the object ({name} based on URL) was undeterminable: name must be provided");
            return Err(Status::bad_request(message));
        }
        if sent != name {
            let message = format!("the name of the object ({sent}) does not match the name on the URL ({name})");
            return Err(Status::bad_request(message));
        }
        return Ok(wanted);
    }
    match PatchType::of(request)? {
        PatchType::Json => patch::json(scale, &request.body),
        PatchType::Merge | PatchType::Strategic => Ok(patch::merge(scale.clone(), parse()?)),
        PatchType::Apply => Err(Status::not_implemented("server-side apply to a scale")),
    }
}

fn scale_of(object: &Value, paths: &Paths<'_>) -> Result<Value, Status> {
    let Some(replicas) = json_path::get(object, paths.spec) else {
        let message = format!("the spec replicas field {:?} does not exist", paths.spec);
        return Err(Status::internal(message));
    };
    let mut metadata = serde_json::Map::new();
    for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
        if let Some(value) = object.pointer(&format!("/metadata/{field}")) {
            metadata.insert(field.to_owned(), value.clone());
        }
    }
    let mut status = json!({ "replicas": json_path::get(object, paths.status).unwrap_or_else(|| json!(0)) });
    if let Some(selector) = paths.selector.and_then(|path| json_path::get(object, path)) {
        let text = match selector {
            Value::String(text) => text,
            selector => LabelSelector::of_object(&selector).map(|selector| selector.to_string()).unwrap_or_default(),
        };
        if !text.is_empty() {
            status["selector"] = json!(text);
        }
    }
    // Zero is left out where it is wanted, not where it is observed.
    let spec = if replicas == json!(0) { json!({}) } else { json!({ "replicas": replicas }) };
    Ok(json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata, "spec": spec, "status": status,
    }))
}
