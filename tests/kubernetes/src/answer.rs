//! An answer, and what is expected of it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::Failure;

/// An answer that was read to its end.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status code.
    pub code: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Bytes,
    /// The body as JSON; null when it is none.
    pub json: Value,
}

impl Answer {
    pub(crate) fn new(code: StatusCode, headers: HeaderMap, body: Bytes) -> Self {
        let json = serde_json::from_slice(&body).unwrap_or_default();
        Self { code: code.as_u16(), headers, body, json }
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The value of a header, empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The texts of the warnings, without code and agent.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let values = self.headers.get_all(http::header::WARNING).iter().filter_map(|value| value.to_str().ok());
        let text =
            |value: &str| value.strip_prefix("299 - \"")?.strip_suffix('"').map(|text| text.replace("\\\"", "\""));
        values.map(|value| text(value).unwrap_or_else(|| value.to_owned())).collect()
    }

    /// The JSON of an answer with this code.
    ///
    /// # Errors
    /// When the code is another one.
    #[track_caller]
    pub fn expect(self, code: u16) -> Result<Value, Failure> {
        if self.code == code {
            return Ok(self.json);
        }
        Err(Failure::broken(format_args!("expected {code}, not {}: {}", self.code, self.text())))
    }

    /// Checks a refusal: a `Status` with exactly this. An empty reason stands for none, null for no details. The order of causes, in
    /// the details and in the message, does not matter: the real server's is random.
    ///
    /// # Errors
    /// When it is not.
    #[track_caller]
    pub fn refused(&self, code: u16, reason: &str, message: impl AsRef<str>, details: Value) -> Result<(), Failure> {
        let mut expected = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": message.as_ref(), "code": code,
        });
        if !reason.is_empty() {
            expected["reason"] = json!(reason);
        }
        if !details.is_null() {
            expected["details"] = details;
        }
        if self.code == code && ordered(self.json.clone()) == ordered(expected.clone()) {
            return Ok(());
        }
        Err(Failure::broken(format_args!("refused with {} {}\n    instead of {expected}", self.code, self.text())))
    }

    /// Checks that the object is refused with 422 for exactly these causes: reason, message and field each. The kind is written
    /// `Widget.example.com`, or `Pod` for the core group.
    ///
    /// # Errors
    /// When it is not.
    #[track_caller]
    pub fn invalid(&self, kind: &str, name: &str, causes: &[(&str, &str, &str)]) -> Result<(), Failure> {
        let mut texts = Vec::new();
        for (_, message, field) in causes {
            let text = format!("{field}: {message}");
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = if texts.len() == 1 { texts.concat() } else { format!("[{}]", texts.join(", ")) };
        let (bare, group) = kind.split_once('.').unwrap_or((kind, ""));
        let cause = |(reason, message, field): &(&str, &str, &str)| json!({"reason": reason, "message": message, "field": field});
        let mut details = json!({"kind": bare, "causes": causes.iter().map(cause).collect::<Vec<_>>()});
        for (key, value) in [("name", name), ("group", group)] {
            if !value.is_empty() {
                details[key] = json!(value);
            }
        }
        self.refused(422, "Invalid", format!("{kind} {name:?} is invalid: {list}"), details)
    }

    /// Checks that nothing of this name exists. The resource is written `widgets.example.com`, or `pods` for the core group.
    ///
    /// # Errors
    /// When something does.
    #[track_caller]
    pub fn absent(&self, resource: &str, name: &str) -> Result<(), Failure> {
        self.refused(404, "NotFound", format!("{resource} {name:?} not found"), about(resource, name))
    }
}

/// The details that name an object.
pub(crate) fn about(resource: &str, name: &str) -> Value {
    match resource.split_once('.') {
        Some((kind, group)) => json!({"name": name, "group": group, "kind": kind}),
        None => json!({"name": name, "kind": resource}),
    }
}

/// A `Status` with its causes in order, and the parts of its message.
fn ordered(mut status: Value) -> (Value, Vec<String>) {
    if let Some(causes) = status.pointer_mut("/details/causes").and_then(Value::as_array_mut) {
        causes.sort_by_cached_key(ToString::to_string);
    }
    let message = status["message"].take();
    let message = message.as_str().unwrap_or_default();
    let list = message.split_once(" is invalid: [").and_then(|(start, list)| Some((start, list.strip_suffix(']')?)));
    let mut parts: Vec<String> = match list {
        Some((start, list)) => list.split(", ").chain([start]).map(str::to_owned).collect(),
        None => vec![message.to_owned()],
    };
    parts.sort();
    (status, parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: &Value) -> Answer {
        Answer::new(StatusCode::UNPROCESSABLE_ENTITY, HeaderMap::new(), Bytes::from(json.to_string()))
    }

    #[test]
    fn causes_stand_in_any_order_but_none_is_missing() {
        let cause = |field: &str| json!({"reason": "FieldValueRequired", "message": "Required value", "field": field});
        let status = |causes: &[Value], list: &str| {
            answer(&json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": "Invalid",
                "message": format!("Widget.example.com \"w\" is invalid: {list}"), "code": 422,
                "details": {"name": "w", "group": "example.com", "kind": "Widget", "causes": causes},
            }))
        };
        let expected = [("FieldValueRequired", "Required value", "a"), ("FieldValueRequired", "Required value", "b")];
        let of = |answer: Answer| answer.invalid("Widget.example.com", "w", &expected).is_ok();
        let (both, turned) = ("[a: Required value, b: Required value]", "[b: Required value, a: Required value]");
        assert!(of(status(&[cause("a"), cause("b")], both)));
        assert!(of(status(&[cause("b"), cause("a")], turned)));
        assert!(!of(status(&[cause("b"), cause("b")], both)));
        assert!(!of(status(&[cause("a")], both)));
        assert!(!of(status(&[cause("a"), cause("b")], "a: Required value")));
    }

    #[test]
    fn every_part_of_a_status_counts() {
        let whole = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": "m", "reason": "r",
            "details": {"name": "n", "kind": "pods"}, "code": 422,
        });
        let refused = |json: &Value| answer(json).refused(422, "r", "m", about("pods", "n")).is_ok();
        assert!(refused(&whole));
        for key in whole.as_object().unwrap().keys() {
            let mut changed = whole.clone();
            changed[key] = json!("other");
            assert!(!refused(&changed), "{key}");
            changed.as_object_mut().unwrap().remove(key);
            assert!(!refused(&changed), "{key}");
        }
    }

    #[test]
    fn warnings_lose_their_wrapping() {
        let mut answer = answer(&json!({}));
        answer.headers.append("warning", r#"299 - "unknown field \"a\"""#.parse().unwrap());
        assert_eq!(answer.warnings(), [r#"unknown field "a""#]);
    }
}
