//! Bodies: from bytes to the object that they have to be, or to what a real server says of them.

use serde_json::{Map, Value, json};

use super::Request;
use super::next::{Sent, unsupported_media_type};
use crate::kubernetes::kinds::{Kind, Kinds, Storage};
use crate::kubernetes::schema::{Cursor, Schema, builtin, protobuf, prune, strict, typed};
use crate::kubernetes::status::{Cause, Status};

const FORMATS: [&str; 3] = ["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"];
/// Where the real server looks for what it knows: it names this place itself.
const SCHEME: &str = "in scheme \"pkg/runtime/scheme.go:111\"";

/// Why a body is not what it has to be.
enum Refused {
    /// It cannot be read, for this reason.
    Unread(String),
    /// It can, and says something else.
    Other(Status),
}

/// What a body has to be.
struct Wanted<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
    /// Where objects of the kind are kept, if they are.
    storage: Option<&'a Storage>,
}

/// Reads the object of a request that is to be kept.
///
/// # Errors
///
/// 415 for a format that is not known, 400 for a body that cannot be read or is something else.
pub(crate) fn object(kinds: &Kinds, request: &Request, kind: &Kind) -> Result<Sent, Status> {
    // What a definition contains has a form of its own there.
    let compiled = !kind.custom && &*kind.plural != "customresourcedefinitions";
    let read = || {
        let schema = compiled.then(|| kind.schema.root());
        let (object, complaints) = parse(request, schema, Some(&kind.schema))?;
        let fields = if kind.custom { custom(object, kind, &request.body)? } else { builtin_object(object)? };
        Ok((fields, complaints))
    };
    let (mut fields, complaints) = read().map_err(|refused| unrecognized(refused, &kind.kind, &request.body))?;
    if !kind.custom {
        let wanted =
            Wanted { group: &kind.group, version: &kind.version, kind: &kind.kind, storage: Some(&kind.storage) };
        check_type(kinds, &wanted, &mut fields).map_err(|refused| unrecognized(refused, &kind.kind, &request.body))?;
    }
    let mut object = Value::Object(fields);
    typed::check(kind, &mut object)?;
    Ok(Sent { object, complaints })
}

/// Reads what is sent to a part of an object: an object of the built-in type `name`, such as `policy.v1.Eviction`, of this group.
///
/// # Errors
///
/// As [`object`].
pub(crate) fn action(kinds: &Kinds, request: &Request, group: &str, name: &str) -> Result<Value, Status> {
    let mut parts = name.rsplit('.');
    let (kind, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let schema = builtin::types().named(name);
    let read = || {
        let (object, _) = parse(request, schema.as_ref().map(Schema::root), schema.as_ref())?;
        let mut fields = builtin_object(object)?;
        check_type(kinds, &Wanted { group, version, kind, storage: None }, &mut fields)?;
        Ok(Value::Object(fields))
    };
    let mut object = read().map_err(|refused| unrecognized(refused, kind, &request.body))?;
    typed::normalize_as(name, &mut object).map_err(|why| {
        Status::bad_request(format!("{kind} in version {version:?} cannot be handled as a {kind}: {why}"))
    })?;
    Ok(object)
}

/// Reads the options in the body of a deletion. Of these, a real server says no more than the reader does.
///
/// # Errors
///
/// 415 and 400.
pub(crate) fn delete_options(kinds: &Kinds, request: &Request) -> Result<Value, Status> {
    const NAME: &str = "meta.v1.DeleteOptions";
    let plain = |refused| match refused {
        Refused::Unread(why) => Status::bad_request(why),
        Refused::Other(status) => status,
    };
    let schema = builtin::types().named(NAME);
    let (object, _) = parse(request, schema.as_ref().map(Schema::root), schema.as_ref()).map_err(plain)?;
    let fields = builtin_object(object).map_err(plain)?;
    let text = |name: &str| fields.get(name).and_then(Value::as_str).unwrap_or_default();
    let (kind, api_version) = (text("kind"), text("apiVersion"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    // Every group knows these options.
    let known = version.is_empty() || kinds.has_version(group, version);
    if !matches!(kind, "" | "DeleteOptions") || !known {
        return Err(Status::bad_request(unregistered(
            kind,
            if known && version.is_empty() { "v1" } else { api_version },
        )));
    }
    let mut object = Value::Object(fields);
    typed::normalize_as(NAME, &mut object).map_err(Status::bad_request)?;
    Ok(object)
}

fn unrecognized(refused: Refused, kind: &str, body: &[u8]) -> Status {
    match refused {
        Refused::Other(status) => status,
        Refused::Unread(why) => Status::bad_request(format!(
            "the object provided is unrecognized (must be of type {kind}): {why} ({})",
            strict::summary(body)
        )),
    }
}

fn not_json(why: impl std::fmt::Display) -> Refused {
    Refused::Unread(format!("couldn't get version/kind; json parse error: {why}"))
}

/// Reads a body by its media type: as compiled clients send it only by a schema. `kept` says which fields are kept at all.
fn parse(
    request: &Request,
    compiled: Option<Cursor<'_>>,
    kept: Option<&Schema>,
) -> Result<(Value, Vec<String>), Refused> {
    let body = &request.body;
    let parsed = match (request.media_type(), compiled) {
        ("application/json" | "", _) => {
            let (parsed, deep) = strict::parse_deep_json(body).map_err(not_json)?;
            // What is nested too deeply has been cut out, which does not matter if it would be thrown away.
            if deep && kept.is_none_or(|schema| is_deep(schema, parsed.value.clone())) {
                return Err(not_json("invalid character '[' exceeded max depth"));
            }
            parsed
        }
        ("application/yaml", _) => strict::parse_yaml(body).map_err(|why| {
            let why = why.to_string();
            Refused::Unread(why.strip_prefix("error converting YAML to JSON: ").unwrap_or(&why).to_owned())
        })?,
        ("application/vnd.kubernetes.protobuf", Some(schema)) => {
            let object = protobuf::decode(schema, body).map_err(|why| Refused::Unread(why.to_string()))?;
            return Ok((object, Vec::new()));
        }
        _ => return Err(Refused::Other(unsupported_media_type(&FORMATS))),
    };
    Ok((parsed.value, parsed.complaints))
}

/// Whether what is kept of `value` reaches as deep as anything may.
fn is_deep(schema: &Schema, mut value: Value) -> bool {
    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    let _unknown = prune(schema, &mut value);
    depth(&value) >= strict::MAX_DEPTH
}

fn no_object(value: &Value) -> Refused {
    let wanted =
        r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#;
    not_json(format_args!("json: cannot unmarshal {} into Go value of type {wanted}", strict::type_name(value)))
}

/// The fields of an object. Nothing counts as an object without any.
fn builtin_object(value: Value) -> Result<Map<String, Value>, Refused> {
    match value {
        Value::Object(fields) => Ok(fields),
        Value::Null => Ok(Map::new()),
        other => Err(no_object(&other)),
    }
}

/// The fields of a custom object, which has to say what it is.
fn custom(value: Value, kind: &Kind, body: &[u8]) -> Result<Map<String, Value>, Refused> {
    let missing = || Refused::Unread(format!("Object 'Kind' is missing in '{}'", String::from_utf8_lossy(body)));
    let fields = match value {
        Value::Object(fields) => fields,
        Value::Null => return Err(missing()),
        other => return Err(no_object(&other)),
    };
    let (sent, api_version) = header(&fields)?;
    if sent.is_empty() {
        return Err(missing());
    }
    if api_version != kind.api_version() {
        return Err(Refused::Other(other_version(&api_version, &kind.api_version())));
    }
    if *sent != *kind.kind {
        let name = fields.get("metadata").and_then(|metadata| metadata["name"].as_str()).unwrap_or_default();
        let cause = Cause::invalid("kind", &json!(sent), format_args!("must be {}", kind.kind));
        return Err(Refused::Other(Status::invalid(&kind.group, &sent, name, vec![cause])));
    }
    Ok(fields)
}

/// Kind and version as they are sent.
fn header(fields: &Map<String, Value>) -> Result<(String, String), Refused> {
    let text = |name: &str| match fields.get(name) {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(not_json(format_args!(
            "json: cannot unmarshal {} into Go struct field .{name} of type string",
            strict::type_name(other)
        ))),
    };
    let (kind, api_version) = (text("kind")?, text("apiVersion")?);
    if api_version.matches('/').count() > 1 {
        return Err(Refused::Unread(format!("unexpected GroupVersion string: {api_version}")));
    }
    Ok((kind, api_version))
}

fn other_version(sent: &str, wanted: &str) -> Status {
    Status::bad_request(format!(
        "the API version in the data ({sent}) does not match the expected API version ({wanted})"
    ))
}

fn unregistered(kind: &str, api_version: &str) -> String {
    format!("no kind {kind:?} is registered for version {api_version:?} {SCHEME}")
}

/// Checks kind and version of a built-in object, and fills in what is left out.
fn check_type(kinds: &Kinds, wanted: &Wanted<'_>, fields: &mut Map<String, Value>) -> Result<(), Refused> {
    let expected = if wanted.group.is_empty() {
        wanted.version.to_owned()
    } else {
        format!("{}/{}", wanted.group, wanted.version)
    };
    let (kind, api_version) = header(fields)?;
    let kind = if kind.is_empty() { wanted.kind.to_owned() } else { kind };
    let api_version = if api_version.is_empty() { expected.clone() } else { api_version };
    if kind != wanted.kind || api_version != expected {
        let known = kinds.iter().find(|other| {
            !other.custom && other.api_version() == api_version && [&*other.kind, &*other.list_kind].contains(&&*kind)
        });
        let version = api_version.rsplit('/').next().unwrap_or_default();
        let why = match known {
            None => unregistered(&kind, &api_version),
            Some(other) if *other.kind == *kind && wanted.storage == Some(&other.storage) => {
                return Err(Refused::Other(other_version(&api_version, &expected)));
            }
            Some(_) => {
                let package = wanted.group.split('.').next().filter(|package| !package.is_empty()).unwrap_or("core");
                format!("converting ({version}.{kind}) to ({package}.{}): unknown conversion", wanted.kind)
            }
        };
        let message = format!("{kind} in version {version:?} cannot be handled as a {}: {why}", wanted.kind);
        return Err(Refused::Other(Status::bad_request(message)));
    }
    fields.insert("kind".to_owned(), json!(kind));
    fields.insert("apiVersion".to_owned(), json!(expected));
    Ok(())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds;

    #[rstest]
    #[case(json!({}), "")]
    #[case(json!({ "kind": "ConfigMap", "apiVersion": "v1" }), "")]
    #[case(json!({ "kind": "Secret" }), r#"Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion"#)]
    #[case(json!({ "apiVersion": "apps/v1" }), r#"ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version "apps/v1" in scheme "pkg/runtime/scheme.go:111""#)]
    #[case(json!({ "kind": 1 }), "couldn't get version/kind; json parse error: json: cannot unmarshal number into Go struct field .kind of type string")]
    fn a_built_in_object_may_leave_out_what_it_is(#[case] sent: Value, #[case] refusal: &str) {
        let kinds = Kinds::new(kinds::builtin());
        let wanted = Wanted { group: "", version: "v1", kind: "ConfigMap", storage: None };
        let mut fields = sent.as_object().unwrap().clone();
        let found = match check_type(&kinds, &wanted, &mut fields) {
            Ok(()) => String::new(),
            Err(Refused::Unread(why)) => why,
            Err(Refused::Other(status)) => status.message,
        };
        assert_eq!(found, refusal);
        if refusal.is_empty() {
            assert_eq!(Value::Object(fields), json!({ "kind": "ConfigMap", "apiVersion": "v1" }));
        }
    }

    #[test]
    fn what_is_kept_may_not_be_deep() {
        let kinds = Kinds::new(kinds::builtin());
        let schema = &kinds.find("", "v1", "configmaps").unwrap().schema;
        let mut deep = json!("x");
        for _ in 0..strict::MAX_DEPTH {
            deep = json!([deep]);
        }
        assert!(!is_deep(schema, json!({ "unknown": deep })));
        assert!(is_deep(
            schema,
            json!({ "data": { "a": "b" }, "metadata": { "managedFields": [{ "fieldsV1": { "a": deep } }] } })
        ));
    }
}
