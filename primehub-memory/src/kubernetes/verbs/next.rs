//! From what a writer sends to the object that is to be stored next, before the server adds its part.

use serde_json::{Value, json};

use super::Request;
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::ownership::{self, Manager, Operation};
use crate::kubernetes::patch;
use crate::kubernetes::request::FieldValidation;
use crate::kubernetes::schema::{golang, strict, typed};
use crate::kubernetes::status::{Cause, Status};

/// How a request changes an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchType {
    Json,
    Merge,
    Strategic,
    Apply,
}

/// What was sent: an object, with what a strict decoder complains about.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) object: Value,
    /// `duplicate field "data.a"`.
    pub(crate) complaints: Vec<String>,
}

impl PatchType {
    /// The patch type of a request.
    ///
    /// # Errors
    ///
    /// 415 for a type that nobody knows, and for strategic merge of custom resources.
    pub(crate) fn of(request: &Request) -> Result<Self, Status> {
        let custom = request.resource.kind.custom;
        match request.media_type() {
            "application/json-patch+json" => Ok(Self::Json),
            "application/merge-patch+json" => Ok(Self::Merge),
            "application/apply-patch+yaml" => Ok(Self::Apply),
            "application/strategic-merge-patch+json" if !custom => Ok(Self::Strategic),
            _ if custom => {
                let known =
                    ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"];
                Err(unsupported_media_type(&known))
            }
            // The server of built-in kinds says no more.
            _ => {
                let status = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
                Err(status.with(crate::kubernetes::status::Details::default()))
            }
        }
    }
}

pub(crate) fn unsupported_media_type(known: &[&str]) -> Status {
    let message = format!(
        "the body of the request was in an unknown format - accepted media types include: {}",
        known.join(", ")
    );
    Status::new(415, "UnsupportedMediaType", message)
}

fn unreadable(kind: &Kind, body: &[u8], why: &dyn std::fmt::Display) -> Status {
    let (kind, body) = (&kind.kind, strict::summary(body));
    Status::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): couldn't get version/kind; json parse error: {why} ({body})"
    ))
}

/// Checks and completes `apiVersion` and `kind`.
fn check_kind(kind: &Kind, object: &mut Value, body: &[u8]) -> Result<(), Status> {
    let Some(fields) = object.as_object_mut() else {
        let sent = strict::type_name(object);
        let wanted =
            r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
        return Err(unreadable(
            kind,
            body,
            &format_args!("json: cannot unmarshal {sent} into Go value of type {wanted}"),
        ));
    };
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (sent_kind, sent_version) = (text("kind"), text("apiVersion"));
    if kind.custom && (sent_kind.is_empty() || sent_version.is_empty()) {
        let body = String::from_utf8_lossy(body);
        let field = if sent_kind.is_empty() { "Kind" } else { "apiVersion" };
        return Err(Status::bad_request(format!("Object '{field}' is missing in '{body}'")));
    }
    if !sent_version.is_empty() && sent_version != kind.api_version() {
        return Err(Status::bad_request(format!(
            "the API version in the data ({sent_version}) does not match the expected API version ({})",
            kind.api_version()
        )));
    }
    if !sent_kind.is_empty() && *sent_kind != *kind.kind {
        return Err(Status::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: no kind {:?} is registered for version {:?}",
            sent_kind,
            kind.version,
            kind.kind,
            sent_kind,
            kind.api_version()
        )));
    }
    fields.insert("kind".to_owned(), json!(kind.kind));
    fields.insert("apiVersion".to_owned(), json!(kind.api_version()));
    Ok(())
}

/// The object after a patch.
///
/// # Errors
///
/// The refusals of the four kinds of patches.
pub(crate) fn patched(request: &Request, patch_type: PatchType, live: &Value) -> Result<Sent, Status> {
    let kind = &request.resource.kind;
    let patch::Patched { mut object, complaints, shown } = match patch_type {
        PatchType::Json => patch::read_json(live, &request.body)?,
        PatchType::Merge => patch::read_merge(live, &request.body)?,
        PatchType::Strategic => patch::read_strategic(kind.schema.root(), live, &request.body)?,
        PatchType::Apply => return Err(Status::internal("an apply is no plain patch")),
    };
    check_kind(kind, &mut object, &request.body)?;
    typed::normalize(kind, &mut object).map_err(|why| {
        let shown = shown.unwrap_or_else(|| object.to_string());
        Status::invalid("", "", "", vec![Cause::invalid("patch", &json!(shown), why)])
    })?;
    Ok(Sent { object, complaints })
}

/// The object after a server-side apply, with its managed fields.
///
/// # Errors
///
/// Conflicts with other managers, and configurations that do not fit the schema.
pub(crate) fn applied(request: &Request, live: Option<&Value>, time: &str) -> Result<Sent, Status> {
    let kind = &request.resource.kind;
    let parsed = strict::parse_yaml(&request.body)
        .map_err(|error| Status::bad_request(format!("error decoding YAML: {error}")))?;
    let manager = Manager {
        name: request.manager(),
        operation: Operation::Apply,
        api_version: &kind.api_version(),
        subresource: request.resource.subresource.as_ref().map_or("", |sub| sub.name()),
        time,
    };
    let force = request.options.force.unwrap_or(false);
    let object = ownership::apply(kind, live, &parsed.value, &manager, force)?;
    Ok(Sent { object, complaints: parsed.complaints })
}

/// What is said about complaints of a strict decoder: warnings, or a refusal.
///
/// # Errors
///
/// 400, or 422 for patches, if the caller wants to be told by refusal.
pub(crate) fn judge(request: &Request, complaints: Vec<String>, object: &Value) -> Result<Vec<String>, Status> {
    let kind = &request.resource.kind;
    match request.options.validation() {
        FieldValidation::Ignore => Ok(Vec::new()),
        _ if complaints.is_empty() => Ok(Vec::new()),
        FieldValidation::Warn => Ok(complaints),
        FieldValidation::Strict => {
            let list = complaints.join(", ");
            let patch = request.resource.verb == crate::kubernetes::request::Verb::Patch
                && request.media_type() != "application/apply-patch+yaml";
            if patch {
                // After a strategic merge, the patch is shown.
                let sent = match request.media_type() {
                    "application/strategic-merge-patch+json" => strict::parse_json(&request.body).ok(),
                    _ => None,
                };
                let shown = sent.map_or_else(|| object.to_string(), |sent| golang::plain(&sent.value));
                let cause = Cause::invalid("patch", &json!(shown), format_args!("strict decoding error: {list}"));
                return Err(Status::invalid("", "", "", vec![cause]));
            }
            if request.media_type() == "application/apply-patch+yaml" {
                let list = complaints.join("\n  ");
                return Err(Status::bad_request(format!(
                    "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {list}"
                )));
            }
            Err(Status::bad_request(format!(
                "{} in version {:?} cannot be handled as a {}: strict decoding error: {list}",
                kind.kind, kind.version, kind.kind
            )))
        }
    }
}
