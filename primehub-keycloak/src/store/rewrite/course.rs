//! How far an edit has come: what was there, what is there now, what should be.

use std::collections::{BTreeMap, BTreeSet};

use primehub_core::identity::{IdentityError, Key};
use serde_json::Value;

use super::{ATTEMPTS, Rewritten};
use crate::admin::Full;
use crate::transport::CallError;

/// The course of one edit so far.
#[derive(Default)]
pub(super) struct Course {
    first: Option<Full>,
    last: Option<Full>,
    wanted: Full,
    /// Fields that the edit has wanted to change.
    asked: BTreeSet<String>,
    sent: bool,
    /// Why it is not clear what became of what was sent last, if it is not.
    unclear: Option<CallError>,
}

/// Fields by what the last reading says of them.
#[derive(Debug, Default, Eq, PartialEq)]
struct Fields {
    /// Changed, to what they should be.
    done: Vec<String>,
    /// Changed, to something else.
    altered: Vec<String>,
    /// Not what they should be.
    left: Vec<String>,
}

impl Course {
    /// Whether something was sent that may have been carried out.
    pub(super) fn has_sent(&self) -> bool {
        self.sent
    }

    /// Notes a reading.
    pub(super) fn sees(&mut self, stored: Full) {
        self.first.get_or_insert_with(|| stored.clone());
        self.last = Some(stored);
    }

    /// Notes what the object should become.
    pub(super) fn wants(&mut self, stored: &Full, wanted: &Full) {
        let (before, after) = (fields(stored), fields(wanted));
        let differs = |name: &&String| before.get(*name) != after.get(*name);
        self.asked.extend(before.keys().chain(after.keys()).filter(differs).cloned());
        self.wanted = wanted.clone();
    }

    /// Notes that the object was sent, and why it is unclear what became of that, if it is.
    pub(super) fn sends(&mut self, unclear: Option<CallError>) {
        self.sent = true;
        self.unclear = unclear;
    }

    /// The end of an edit that cannot go on because of `error`, which by itself would say that nothing was stored. `unseen` was.
    pub(super) fn stops(self, unseen: Vec<String>, error: IdentityError) -> Rewritten {
        let Fields { done, left, .. } = self.fields();
        let done = stored(unseen.into_iter().chain(done));
        let gone = matches!(error, IdentityError::Absent(_));
        let error = if !self.sent || done.is_empty() || gone {
            error
        } else if left.is_empty() {
            IdentityError::Partial { done, failed: error.to_string() }
        } else {
            IdentityError::Partial { done, failed: format!("{}: {error}", left.join(", ")) }
        };
        Rewritten { seen: self.last, ended: Err(error) }
    }

    /// The end of an edit that was sent again and again and does not show.
    pub(super) fn gives_up(self, key: &Key, unseen: Vec<String>) -> Rewritten {
        let Fields { done, altered, left } = self.fields();
        let mut done = stored(unseen.into_iter().chain(done));
        done.extend(altered.into_iter().map(|name| format!("{name} was changed, but not to what was asked for")));
        let lost = matches!(self.unclear, Some(CallError::Unknown { .. }));
        let cause = self.unclear.map_or_else(|| accepted_and_not_kept(key).to_owned(), |error| error.to_string());
        let cause = format!("{} not as it was sent {ATTEMPTS} times: {cause}", are(&left));
        let error = if !done.is_empty() {
            IdentityError::Partial { done, failed: cause }
        } else if lost {
            // It may still be carried out.
            tracing::warn!(%key, cause, "the outcome of an edit cannot be told");
            IdentityError::OutcomeUnknown { operation: "the edit" }
        } else {
            IdentityError::Unavailable { cause: format!("{key}: {cause}") }
        };
        Rewritten { seen: self.last, ended: Err(error) }
    }

    fn fields(&self) -> Fields {
        let (Some(first), Some(last)) = (&self.first, &self.last) else { return Fields::default() };
        let (first, last, wanted) = (fields(first), fields(last), fields(&self.wanted));
        let mut found = Fields::default();
        for name in &self.asked {
            let is = last.get(name);
            let (changed, reached) = (first.get(name) != is, wanted.get(name) == is);
            let named =
                || name.strip_prefix(ATTRIBUTES).map_or_else(|| name.clone(), |name| format!("attribute {name}"));
            match (changed, reached) {
                (true, true) => found.done.push(named()),
                (true, false) => found.altered.push(named()),
                (false, _) => {}
            }
            if !reached {
                found.left.push(named());
            }
        }
        found
    }
}

/// How the names of attributes begin among the fields.
const ATTRIBUTES: &str = "attributes.";

/// What can change by itself: the fields of the object, and those of objects in it.
fn fields(full: &Full) -> BTreeMap<String, &Value> {
    let mut found = BTreeMap::new();
    for (name, value) in &full.0 {
        match value {
            Value::Object(inner) => found.extend(inner.iter().map(|(inner, value)| (format!("{name}.{inner}"), value))),
            _ => drop(found.insert(name.clone(), value)),
        }
    }
    found
}

fn stored(names: impl Iterator<Item = String>) -> Vec<String> {
    names.map(|name| format!("{name} was stored")).collect()
}

fn are(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn accepted_and_not_kept(key: &Key) -> &'static str {
    match key {
        Key::User(_) => {
            "each time it was accepted and did not show afterwards; does the realm's user profile allow unmanaged attributes to \
             administrators, or does another process write the same account?"
        }
        _ => "each time it was accepted and did not show afterwards; does another process write the same object?",
    }
}
