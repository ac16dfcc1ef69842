//! Objects that are created, answered and forgotten: who am I, and what may I do.

use serde_json::{Value, json};

use super::Request;
use crate::kubernetes::access::{Access, Attributes, Caller};
use crate::kubernetes::request::Answer;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Status};

pub(crate) fn create(server: &ApiServer, request: &Request, mut object: Value) -> Result<Answer, Status> {
    let caller = &request.caller;
    let kind = &request.resource.kind;
    let status = match &*kind.kind {
        "SelfSubjectReview" => json!({ "userInfo": caller.user_info() }),
        "SelfSubjectAccessReview" => access(server, caller, &object)?,
        "SubjectAccessReview" | "LocalSubjectAccessReview" => {
            let subject = subject(&object["spec"])?;
            access(server, &subject, &object)?
        }
        "SelfSubjectRulesReview" => {
            let namespace = object.pointer("/spec/namespace").and_then(Value::as_str).unwrap_or_default();
            if namespace.is_empty() {
                return Err(Status::bad_request("no namespace on request"));
            }
            Access::rules_of(server, caller, namespace)
        }
        "TokenReview" => {
            let token = object.pointer("/spec/token").and_then(Value::as_str).unwrap_or_default();
            if token.is_empty() {
                return Err(Status::bad_request("token is required for TokenReview in authentication"));
            }
            server.access().review_token(server, token, &texts(&object["spec"], "audiences"))
        }
        "Binding" => return Err(Status::not_implemented("the old way of binding pods: use pods/binding")),
        other => return Err(Status::not_implemented(other)),
    };
    if let Some(fields) = object.as_object_mut() {
        fields.insert("status".to_owned(), status);
        fields.entry("metadata").or_insert_with(|| json!({}));
    }
    Ok(Answer::value(201, &object))
}

/// The texts in a list.
pub(super) fn texts(spec: &Value, field: &str) -> Vec<String> {
    spec[field].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Whose rights are asked for.
fn subject(spec: &Value) -> Result<Caller, Status> {
    let user = spec["user"].as_str().unwrap_or_default().to_owned();
    let groups = texts(spec, "groups");
    if user.is_empty() && groups.is_empty() {
        let why = "at least one of user or group must be specified";
        return Err(invalid(Cause::invalid("spec.user", &json!(user), why)));
    }
    Ok(Caller { user, uid: spec["uid"].as_str().unwrap_or_default().to_owned(), groups })
}

/// A real server forgets the kind when it refuses a review of access.
fn invalid(cause: Cause) -> Status {
    Status::invalid("authorization.k8s.io", "", "", vec![cause])
}

fn access(server: &ApiServer, caller: &Caller, object: &Value) -> Result<Value, Status> {
    let spec = &object["spec"];
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let attributes = match (spec.get("resourceAttributes"), spec.get("nonResourceAttributes")) {
        (Some(wanted), None) => Attributes::Resource {
            verb: text(wanted, "verb"),
            group: text(wanted, "group"),
            resource: match text(wanted, "subresource").as_str() {
                "" => text(wanted, "resource"),
                sub => format!("{}/{sub}", text(wanted, "resource")),
            },
            namespace: Some(text(wanted, "namespace")).filter(|namespace| !namespace.is_empty()),
            name: Some(text(wanted, "name")).filter(|name| !name.is_empty()),
        },
        (None, Some(wanted)) => Attributes::Path { verb: text(wanted, "verb"), path: text(wanted, "path") },
        (both, _) => {
            let why = if both.is_some() {
                "cannot be specified in combination with resourceAttributes"
            } else {
                "exactly one of nonResourceAttributes or resourceAttributes must be specified"
            };
            let field = if both.is_some() { "spec.nonResourceAttributes" } else { "spec.resourceAttributes" };
            return Err(invalid(Cause::invalid(field, &spec["nonResourceAttributes"], why)));
        }
    };
    Ok(match Access::decide(server, caller, &attributes) {
        Some(reason) if reason.is_empty() => json!({ "allowed": true }),
        Some(reason) => json!({ "allowed": true, "reason": reason }),
        None => json!({ "allowed": false }),
    })
}
