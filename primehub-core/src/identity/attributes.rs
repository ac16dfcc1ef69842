//! Attributes as an identity provider stores them: names with lists of texts.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

/// The attributes of a user, group or role.
///
/// No attribute has an empty list: setting one removes the attribute, as Keycloak does.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(from = "BTreeMap<String, Vec<String>>", into = "BTreeMap<String, Vec<String>>")]
pub struct Attributes(BTreeMap<String, Vec<String>>);

impl Attributes {
    /// The first value of `name`.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).first().map(String::as_str)
    }

    /// Every value of `name`, in stored order; empty when the attribute is absent.
    #[must_use]
    pub fn all(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// Replaces the values of `name`; an empty list removes it.
    pub fn set(&mut self, name: impl Into<String>, values: Vec<String>) {
        let name = name.into();
        if values.is_empty() {
            self.0.remove(&name);
        } else {
            self.0.insert(name, values);
        }
    }

    /// Replaces the values of `name` by one text.
    pub fn set_one(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.set(name, vec![value.into()]);
    }

    /// Names and values, in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[String])> {
        self.0.iter().map(|(name, values)| (name.as_str(), values.as_slice()))
    }

    /// Carries out `edits`; attributes that are not named stay as they are.
    pub fn apply(&mut self, edits: &AttributeEdits) {
        for (name, edit) in &edits.0 {
            match edit {
                AttributeEdit::Set(values) => self.set(name, values.clone()),
                AttributeEdit::Clear => self.set(name, Vec::new()),
                AttributeEdit::Change { add, remove } => {
                    let mut values = self.all(name).to_vec();
                    let gone: HashSet<&String> = remove.iter().collect();
                    values.retain(|value| !gone.contains(value));
                    let mut known: HashSet<&String> = values.iter().collect();
                    let new: Vec<_> = add.iter().filter(|value| known.insert(value)).cloned().collect();
                    values.extend(new);
                    self.set(name, values);
                }
            }
        }
    }
}

impl From<BTreeMap<String, Vec<String>>> for Attributes {
    fn from(mut map: BTreeMap<String, Vec<String>>) -> Self {
        map.retain(|_, values| !values.is_empty());
        Self(map)
    }
}

impl From<Attributes> for BTreeMap<String, Vec<String>> {
    fn from(attributes: Attributes) -> Self {
        attributes.0
    }
}

/// What happens to one attribute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AttributeEdit {
    /// The attribute gets exactly these values.
    Set(Vec<String>),
    /// The attribute goes away.
    Clear,
    /// The list is treated as a set, so that edits of different members commute: `remove` first, then `add`.
    Change {
        /// Values to append unless present.
        add: Vec<String>,
        /// Values to take out.
        remove: Vec<String>,
    },
}

/// Edits of several attributes. Attributes that are not named are kept, also those that this software does not know.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AttributeEdits(BTreeMap<String, AttributeEdit>);

impl AttributeEdits {
    /// Whether nothing is edited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets `name` to one text.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) -> &mut Self {
        self.put(name, AttributeEdit::Set(vec![value.into()]))
    }

    /// Removes `name`.
    pub fn clear(&mut self, name: impl Into<String>) -> &mut Self {
        self.put(name, AttributeEdit::Clear)
    }

    /// Records an edit of `name`, in place of an earlier one.
    pub fn put(&mut self, name: impl Into<String>, edit: AttributeEdit) -> &mut Self {
        self.0.insert(name.into(), edit);
        self
    }

    /// Names and edits, in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &AttributeEdit)> {
        self.0.iter().map(|(name, edit)| (name.as_str(), edit))
    }
}

/// What happens to one field that can be absent.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Edit<T> {
    /// The field stays as it is.
    #[default]
    Keep,
    /// The field gets this value.
    Set(T),
    /// The field becomes absent.
    Clear,
}

impl<T> Edit<T> {
    /// Whether the field is touched at all.
    pub fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// Carries the edit out on `field`.
    pub fn apply(self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Set(value) => *field = Some(value),
            Self::Clear => *field = None,
        }
    }

    /// The same edit of a field of another type.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Edit<U> {
        match self {
            Self::Keep => Edit::Keep,
            Self::Set(value) => Edit::Set(convert(value)),
            Self::Clear => Edit::Clear,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(edit: AttributeEdit) -> AttributeEdits {
        let mut edits = AttributeEdits::default();
        edits.put("admins", edit);
        edits
    }

    fn change(add: &[&str], remove: &[&str]) -> AttributeEdits {
        let own = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        edits(AttributeEdit::Change { add: own(add), remove: own(remove) })
    }

    #[test]
    fn changes_of_different_members_commute_and_keep_unknown_attributes() {
        let mut one = Attributes::default();
        one.set("admins", vec!["amy".into()]);
        one.set("from-elsewhere", vec!["a".into(), "b".into()]);
        let mut other = one.clone();
        one.apply(&change(&["bob"], &[]));
        one.apply(&change(&[], &["amy"]));
        other.apply(&change(&[], &["amy"]));
        other.apply(&change(&["bob"], &[]));
        assert_eq!(one, other);
        assert_eq!(one.all("admins"), ["bob"]);
        assert_eq!(one.all("from-elsewhere"), ["a", "b"]);
    }

    #[test]
    fn an_attribute_without_values_is_absent() {
        let mut attributes = Attributes::default();
        attributes.set_one("admins", "amy");
        attributes.apply(&change(&[], &["amy"]));
        assert_eq!(attributes, Attributes::default());
    }
}
