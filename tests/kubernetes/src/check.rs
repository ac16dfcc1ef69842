//! What cases say about answers.

use serde_json::Value;

/// Ends the case unless the condition holds.
macro_rules! check {
    ($condition:expr) => {
        $crate::check::check!($condition, "{}", stringify!($condition))
    };
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::Failure::broken(format_args!($($text)+)));
        }
    };
}

/// Ends the case unless both are equal.
macro_rules! same {
    ($left:expr, $right:expr) => {
        $crate::check::same!($left, $right, "{}", stringify!($left))
    };
    ($left:expr, $right:expr, $($text:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left != *right {
                    let what = format!($($text)+);
                    let shown = $crate::check::Shown::of(left, right);
                    return Err($crate::Failure::broken(format_args!("{what} is {shown}")));
                }
            }
        }
    };
}

pub(crate) use {check, same};

/// Two things that should be equal, for people: JSON as JSON.
pub(crate) struct Shown(String);

impl Shown {
    pub(crate) fn of(left: &impl std::fmt::Debug, right: &impl std::fmt::Debug) -> Self {
        Self(format!("{left:?}\n    instead of {right:?}"))
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text of an object, empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The version of an object or a list.
pub(crate) fn version(object: &Value) -> String {
    text(object, "/metadata/resourceVersion").to_owned()
}

/// The uid of an object.
pub(crate) fn uid(object: &Value) -> String {
    text(object, "/metadata/uid").to_owned()
}

/// The names of a list's items, in its order.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().map(Vec::as_slice).unwrap_or_default();
    items.iter().map(|item| text(item, "/metadata/name")).collect()
}
