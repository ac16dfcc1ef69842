//! Events have two forms, with other names for the same fields: those of the core group, which are kept, and those of `events.k8s.io`.

use serde_json::{Map, Value};

/// The field in the core form, that in `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("message", "note"),
    ("involvedObject", "regarding"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

const CORE: &str = "v1";
const EVENTS: &str = "events.k8s.io/v1";

/// A kept event as `events.k8s.io/v1` shows it. Names of who reports are left out where they are empty.
pub(crate) fn from_core(event: Value) -> Value {
    let mut event = renamed(event, |(core, events)| (core, events));
    if let Some(fields) = event.as_object_mut() {
        fields.insert("apiVersion".to_owned(), EVENTS.into());
        fields.retain(|name, value| {
            !(matches!(name.as_str(), "reportingController" | "reportingInstance") && value.as_str() == Some(""))
        });
    }
    event
}

/// An event of `events.k8s.io/v1` as it is kept. What the core form always has is filled in.
pub(crate) fn to_core(event: Value) -> Value {
    let mut event = renamed(event, |(core, events)| (events, core));
    if let Some(fields) = event.as_object_mut() {
        fields.insert("apiVersion".to_owned(), CORE.into());
        let empty = || Value::Object(Map::new());
        let always = [
            ("involvedObject", empty()),
            ("source", empty()),
            ("firstTimestamp", Value::Null),
            ("lastTimestamp", Value::Null),
            ("eventTime", Value::Null),
            ("reportingComponent", "".into()),
            ("reportingInstance", "".into()),
        ];
        for (name, value) in always {
            fields.entry(name).or_insert(value);
        }
    }
    event
}

fn renamed(event: Value, direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str)) -> Value {
    let Value::Object(fields) = event else { return event };
    let name = |old: String| {
        let new = NAMES.into_iter().map(&direction).find(|(from, _)| *from == old);
        new.map_or(old, |(_, new)| new.to_owned())
    };
    Value::Object(fields.into_iter().map(|(old, value)| (name(old), value)).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_renamed_there_and_back() {
        let core = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e1"}, "involvedObject": {"kind": "Pod"}, "reason": "R", "message": "M",
            "source": {"component": "c"}, "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:01Z", "count": 3,
            "type": "Normal", "eventTime": null, "action": "A", "related": {"name": "q"}, "reportingComponent": "rc", "reportingInstance": "ri",
        });
        let events = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e1"}, "regarding": {"kind": "Pod"}, "reason": "R", "note": "M",
            "deprecatedSource": {"component": "c"}, "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
            "deprecatedLastTimestamp": "2026-01-01T00:00:01Z", "deprecatedCount": 3, "type": "Normal", "eventTime": null, "action": "A",
            "related": {"name": "q"}, "reportingController": "rc", "reportingInstance": "ri",
        });
        assert_eq!(from_core(core.clone()), events);
        assert_eq!(to_core(events), core);
    }

    /// As a real server shows an event with nothing in it.
    #[test]
    fn what_is_always_there_is_filled_in() {
        let events = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e3"}, "regarding": {"kind": "Pod"}});
        let core = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e3"}, "involvedObject": {"kind": "Pod"}, "source": {},
            "firstTimestamp": null, "lastTimestamp": null, "eventTime": null, "reportingComponent": "", "reportingInstance": "",
        });
        assert_eq!(to_core(events), core);
        let shown = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "e3"}, "regarding": {"kind": "Pod"}, "deprecatedSource": {},
            "deprecatedFirstTimestamp": null, "deprecatedLastTimestamp": null, "eventTime": null,
        });
        assert_eq!(from_core(core), shown);
    }
}
