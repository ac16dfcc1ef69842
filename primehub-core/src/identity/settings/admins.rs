//! The list of a group's administrators as clients send and read it: login names in one text, separated by commas.

use super::attribute::ADMINS;
use crate::identity::{AttributeEdit, AttributeEdits};

/// What happens to a group's list of administrators.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AdminsEdit {
    /// The list is exactly this.
    Replace(Vec<String>),
    /// The list as stored at the time of the write gets and loses members, so that simultaneous changes add up.
    Change {
        /// Login names that join the list.
        add: Vec<String>,
        /// Login names that leave it.
        remove: Vec<String>,
    },
}

impl AdminsEdit {
    /// The list that a client's text means: separated by commas, spaces around a name do not count, nor do empty names; of equal names
    /// the first stays.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self::Replace(tidy(text.split(',').map(str::trim)))
    }

    /// The same edit, except that `names` are not in the list afterwards: whoever leaves a group stops to administer it.
    #[must_use]
    pub fn without(self, names: &[String]) -> Self {
        let mut present = match self {
            Self::Replace(list) => Self::Replace(list),
            Self::Change { add, mut remove } => {
                remove.extend(names.iter().filter(|name| !name.is_empty()).cloned());
                Self::Change { add, remove: tidy(remove.iter().map(String::as_str)) }
            }
        };
        match &mut present {
            Self::Replace(list) | Self::Change { add: list, .. } => list.retain(|name| !names.contains(name)),
        }
        present
    }

    /// Adds the edit of the attribute. An empty list is stored as one empty value, which every reader takes for nobody.
    pub(super) fn put(&self, edits: &mut AttributeEdits) {
        let edit = match self {
            Self::Replace(list) => {
                let list = tidy(list.iter().map(String::as_str));
                AttributeEdit::Set(if list.is_empty() { vec![String::new()] } else { list })
            }
            Self::Change { add, remove } => {
                let mut remove = tidy(remove.iter().map(String::as_str));
                // The empty value of an emptied list must not stand beside a name.
                remove.push(String::new());
                AttributeEdit::Change { add: tidy(add.iter().map(String::as_str)), remove }
            }
        };
        edits.put(ADMINS, edit);
    }
}

/// Without empty names, and of equal names the first.
pub(super) fn tidy<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut list = Vec::<String>::new();
    for name in names {
        if !name.is_empty() && !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    }
    list
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::identity::{Attributes, GroupSettings};

    fn own(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn stored(names: &[&str], edit: &AdminsEdit) -> Vec<String> {
        let mut attributes = Attributes::default();
        attributes.set(ADMINS, own(names));
        let mut edits = AttributeEdits::default();
        edit.put(&mut edits);
        attributes.apply(&edits);
        attributes.all(ADMINS).to_vec()
    }

    #[rstest]
    #[case::one("amy", &["amy"])]
    #[case::several("amy,bob", &["amy", "bob"])]
    #[case::spaces(" amy , bob", &["amy", "bob"])]
    #[case::empty_ones("amy,,bob,", &["amy", "bob"])]
    #[case::repeated("bob,amy,bob", &["bob", "amy"])]
    #[case::case_matters("bob,Bob", &["bob", "Bob"])]
    #[case::empty("", &[""])]
    #[case::only_commas(" , ,", &[""])]
    fn a_text_is_stored_as_one_value_per_name(#[case] text: &str, #[case] values: &[&str]) {
        assert_eq!(stored(&["zoe"], &AdminsEdit::parse(text)), own(values));
    }

    #[rstest]
    #[case::added(&["amy"], &["bob"], &[], &["amy", "bob"])]
    #[case::known_already(&["amy"], &["amy"], &[], &["amy"])]
    #[case::removed(&["amy", "bob"], &[], &["amy"], &["bob"])]
    #[case::removed_last(&["amy"], &[], &["amy"], &[])]
    #[case::first_after_an_emptied_list(&[""], &["bob"], &[], &["bob"])]
    fn a_change_meets_the_stored_list(
        #[case] before: &[&str],
        #[case] add: &[&str],
        #[case] remove: &[&str],
        #[case] after: &[&str],
    ) {
        let edit = AdminsEdit::Change { add: own(add), remove: own(remove) };
        assert_eq!(stored(before, &edit), own(after));
    }

    #[rstest]
    #[case::of_a_given_list(AdminsEdit::parse("amy,bob"), &["bob"])]
    #[case::of_the_stored_list(AdminsEdit::Change { add: own(&["amy", "bob"]), remove: own(&[]) }, &["zoe", "bob"])]
    fn whoever_leaves_is_no_administrator(#[case] edit: AdminsEdit, #[case] after: &[&str]) {
        assert_eq!(stored(&["zoe", "amy"], &edit.without(&own(&["amy"]))), own(after));
    }

    proptest! {
        #[test]
        fn a_text_that_was_read_writes_the_same_list(text in "[a-c ,]{0,12}") {
            let mut attributes = Attributes::default();
            let mut edits = AttributeEdits::default();
            AdminsEdit::parse(&text).put(&mut edits);
            attributes.apply(&edits);
            let read = GroupSettings::of(&attributes);
            prop_assert_eq!(AdminsEdit::parse(&read.admins_text()), AdminsEdit::Replace(read.admins));
        }
    }
}
