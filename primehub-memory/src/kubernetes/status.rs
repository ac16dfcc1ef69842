//! What a request that cannot be served is told: the `Status` object of the Kubernetes API.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A refusal, with the fields in the order in which a Kubernetes API server writes them.
///
/// Clients act on `code` and `reason`; people and `kubectl` read `message`. `details` is written even if it is empty where a real server does so.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The HTTP status code.
    pub code: u16,
    /// A word for programs, such as `NotFound`. Empty where the real server gives none.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
    /// What it is about; `None` is left out.
    pub details: Option<Box<Details>>,
    /// What else stands in `metadata`: a fresh continue token, if the one that was given is too old.
    pub continue_token: Option<String>,
}

/// What a [`Status`] is about.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Details {
    /// The object's name.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The API group, empty for the core group.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// The resource (`pods`), or the kind (`Pod`) for invalid objects and preconditions of deletions.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The object's uid.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// Each single fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<Cause>,
    /// When to try again.
    #[serde(skip_serializing_if = "is_zero")]
    pub retry_after_seconds: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serializer passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// One fault of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// A word for programs, such as `FieldValueInvalid`.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub reason: String,
    /// What is wrong, without the field.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub message: String,
    /// The path of the field, such as `spec.ports[0].name`.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub field: String,
}

/// Faults of one object, in the order in which they were found.
pub type Causes = Vec<Cause>;

impl Cause {
    fn new(reason: &str, field: impl Into<String>, message: String) -> Self {
        Self { reason: reason.to_owned(), message, field: field.into() }
    }

    /// A field that has to be there. `why` may be empty.
    #[must_use]
    pub fn required(field: impl Into<String>, why: &str) -> Self {
        let message = if why.is_empty() { "Required value".to_owned() } else { format!("Required value: {why}") };
        Self::new("FieldValueRequired", field, message)
    }

    /// A value that breaks a rule. `value` is shown as JSON, strings in quotes.
    #[must_use]
    pub fn invalid(field: impl Into<String>, value: &Value, why: impl fmt::Display) -> Self {
        Self::new("FieldValueInvalid", field, format!("Invalid value: {value}: {why}"))
    }

    /// The same for a value that is not shown as JSON with its fields in alphabetical order.
    #[must_use]
    pub fn invalid_as(field: impl Into<String>, shown: &str, why: impl fmt::Display) -> Self {
        Self::new("FieldValueInvalid", field, format!("Invalid value: {shown}: {why}"))
    }

    /// A value of the wrong type. `shown` is how the real server prints it, such as `"string"`.
    #[must_use]
    pub fn wrong_type(field: impl Into<String>, shown: &str, why: impl fmt::Display) -> Self {
        Self::new("FieldValueTypeInvalid", field, format!("Invalid value: {shown}: {why}"))
    }

    /// A value that is none of `supported`.
    #[must_use]
    pub fn not_supported(field: impl Into<String>, value: &Value, supported: &[String]) -> Self {
        let list = supported.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(", ");
        Self::new("FieldValueNotSupported", field, format!("Unsupported value: {value}: supported values: {list}"))
    }

    /// A value that is there twice.
    #[must_use]
    pub fn duplicate(field: impl Into<String>, value: &Value) -> Self {
        Self::new("FieldValueDuplicate", field, format!("Duplicate value: {value}"))
    }

    /// Something that may not be.
    #[must_use]
    pub fn forbidden(field: impl Into<String>, why: impl fmt::Display) -> Self {
        Self::new("FieldValueForbidden", field, format!("Forbidden: {why}"))
    }

    /// A text of more bytes than `limit`.
    #[must_use]
    pub fn too_long(field: impl Into<String>, limit: usize) -> Self {
        Self::new("FieldValueTooLong", field, format!("Too long: may not be more than {limit} bytes"))
    }

    /// A list of more items than `limit`.
    #[must_use]
    pub fn too_many(field: impl Into<String>, actual: usize, limit: usize) -> Self {
        Self::new("FieldValueTooMany", field, format!("Too many: {actual}: must have at most {limit} items"))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.field, self.message)
    }
}

/// A resource or a kind as messages name it: `pods`, `widgets.example.com`.
#[must_use]
pub fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}

impl Status {
    /// A refusal with nothing but code, reason and message.
    #[must_use]
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None }
    }

    /// The same with details.
    #[must_use]
    pub fn with(mut self, details: Details) -> Self {
        self.details = Some(Box::new(details));
        self
    }

    fn about(self, group: &str, kind: &str, name: &str) -> Self {
        self.with(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            ..Details::default()
        })
    }

    /// 404: there is no such object. `resource` is the plural.
    #[must_use]
    pub fn not_found(group: &str, resource: &str, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} {name:?} not found", qualified(resource, group)))
            .about(group, resource, name)
    }

    /// 404: there is no such resource.
    #[must_use]
    pub fn unknown_resource() -> Self {
        Self::new(404, "NotFound", "the server could not find the requested resource").with(Details::default())
    }

    /// 409: an object of this name is there.
    #[must_use]
    pub fn already_exists(group: &str, resource: &str, name: &str) -> Self {
        Self::new(409, "AlreadyExists", format!("{} {name:?} already exists", qualified(resource, group)))
            .about(group, resource, name)
    }

    /// 409: the object is not what the writer thinks it is. `resource` is the plural, or the kind in preconditions of deletions.
    #[must_use]
    pub fn conflict(group: &str, resource: &str, name: &str, why: impl fmt::Display) -> Self {
        let message = format!("Operation cannot be fulfilled on {} {name:?}: {why}", qualified(resource, group));
        Self::new(409, "Conflict", message).about(group, resource, name)
    }

    /// 409: somebody has written the object since its `resourceVersion`.
    #[must_use]
    pub fn modified(group: &str, resource: &str, name: &str) -> Self {
        let why = "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict(group, resource, name, why)
    }

    /// 422: the object breaks rules. `causes` must not be empty.
    #[must_use]
    pub fn invalid(group: &str, kind: &str, name: &str, causes: Causes) -> Self {
        // What was found twice is said once.
        let mut list: Vec<String> = Vec::new();
        for cause in causes.iter().map(ToString::to_string) {
            if !list.contains(&cause) {
                list.push(cause);
            }
        }
        let list = if let [one] = list.as_slice() { one.clone() } else { format!("[{}]", list.join(", ")) };
        let message = format!("{} {name:?} is invalid: {list}", qualified(kind, group));
        Self::new(422, "Invalid", message).with(Details {
            name: name.to_owned(),
            group: group.to_owned(),
            kind: kind.to_owned(),
            causes,
            ..Details::default()
        })
    }

    /// 400: the request makes no sense.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// 403: the caller may not do this, or nobody may. `name` may be empty.
    #[must_use]
    pub fn forbidden(group: &str, resource: &str, name: &str, why: impl fmt::Display) -> Self {
        let what = qualified(resource, group);
        let what = if name.is_empty() { what } else { format!("{what} {name:?}") };
        Self::new(403, "Forbidden", format!("{what} is forbidden: {why}")).about(group, resource, name)
    }

    /// 401: nobody knows the caller.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(401, "Unauthorized", "Unauthorized")
    }

    /// 405: the resource knows no such method.
    #[must_use]
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        Self::new(405, "MethodNotAllowed", message).with(Details::default())
    }

    /// 413: the body has more than `limit` bytes.
    #[must_use]
    pub fn too_large(limit: usize) -> Self {
        Self::new(413, "RequestEntityTooLarge", format!("Request entity too large: limit is {limit}"))
    }

    /// 500.
    #[must_use]
    pub fn internal(message: impl fmt::Display) -> Self {
        let message = message.to_string();
        let cause = Cause { message: message.clone(), ..Cause::default() };
        Self::new(500, "InternalError", format!("Internal error occurred: {message}"))
            .with(Details { causes: vec![cause], ..Details::default() })
    }

    /// 501: a real server can do this, this one cannot. `what` is named to the caller.
    #[must_use]
    pub fn not_implemented(what: impl fmt::Display) -> Self {
        Self::new(501, "NotImplemented", format!("the in-memory API server does not support {what}"))
    }

    /// 410: what was asked for is no longer kept.
    #[must_use]
    pub fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The object that is sent.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let mut metadata = serde_json::Map::new();
        if let Some(token) = &self.continue_token {
            metadata.insert("continue".to_owned(), json!(token));
        }
        let mut object = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            object["reason"] = json!(self.reason);
        }
        if let Some(details) = &self.details {
            object["details"] = json!(details);
        }
        object
    }
}

impl fmt::Display for Status {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Status {}
