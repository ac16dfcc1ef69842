//! Points in time as they stand in objects.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A point in time as it was stored: RFC 3339, such as `2024-05-01T10:00:00Z` or `2024-05-01T10:00:00.000Z`.
///
/// The text is kept, because clients are sent it as it is, and because the API server's check (`format: date-time`) lets some texts pass
/// that are no time, such as those with an offset of 99 hours: one of these must not make the whole object unreadable.
#[derive(Clone, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct StoredTime(String);

impl StoredTime {
    /// A time in the form in which it is to be stored.
    #[must_use]
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    /// The text that is stored.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The point in time, or `None` if the text is none.
    #[must_use]
    pub fn timestamp(&self) -> Option<Timestamp> {
        self.0.parse().ok()
    }
}

impl From<Timestamp> for StoredTime {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
    }
}

impl fmt::Display for StoredTime {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl JsonSchema for StoredTime {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "StoredTime".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::seconds("2024-05-01T10:00:00Z", Some("2024-05-01T10:00:00Z"))]
    #[case::milliseconds_of_the_api("2024-05-01T10:00:00.000Z", Some("2024-05-01T10:00:00Z"))]
    #[case::another_zone("2024-05-01T12:00:00+02:00", Some("2024-05-01T10:00:00Z"))]
    #[case::an_offset_that_no_zone_has("2024-05-01T12:00:00+99:00", None)]
    #[case::no_time("yesterday", None)]
    fn the_text_is_kept_and_read_where_it_is_a_time(#[case] text: &str, #[case] time: Option<&str>) {
        let stored: StoredTime = serde_json::from_value(text.into()).unwrap();
        assert_eq!(stored.timestamp(), time.map(|time| time.parse().unwrap()));
        assert_eq!(serde_json::to_value(stored).unwrap(), text);
    }

    #[test]
    fn a_time_is_stored_in_utc() {
        let time: Timestamp = "2024-05-01T12:00:00+02:00".parse().unwrap();
        assert_eq!(StoredTime::from(time).as_str(), "2024-05-01T10:00:00Z");
    }
}
