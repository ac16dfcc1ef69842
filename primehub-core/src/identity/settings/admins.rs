//! The list of a group's administrators as clients send and read it: login names in one text, separated by commas.

use std::collections::HashSet;
use std::hash::Hash;

use super::attribute::{ADMINS, field};
use crate::identity::{AttributeEdit, AttributeEdits, IdentityError};

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
    /// the first stays. Costs no more than reading the text once.
    ///
    /// # Errors
    /// [`IdentityError::Invalid`] for more than 512 names: no store takes so many.
    pub fn parse(text: &str) -> Result<Self, IdentityError> {
        let list: Vec<_> = distinct(text.split(',').map(str::trim)).take(MAX_ADMINS + 1).collect();
        if list.len() > MAX_ADMINS {
            let reason = format!("lists more than {MAX_ADMINS} names");
            return Err(IdentityError::Invalid { field: field(ADMINS).to_owned(), reason });
        }
        Ok(Self::Replace(list.into_iter().map(str::to_owned).collect()))
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
        let gone: HashSet<&str> = names.iter().map(String::as_str).collect();
        match &mut present {
            Self::Replace(list) | Self::Change { add: list, .. } => list.retain(|name| !gone.contains(name.as_str())),
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
    distinct(names).map(str::to_owned).collect()
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    first_of_equals(names.filter(|name| !name.is_empty()))
}

/// Of equal items the first, in order. A text that a client sent may have a hundred thousand of them: each is looked up, not compared with
/// all before it.
fn first_of_equals<T: Copy + Eq + Hash>(items: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let mut seen = HashSet::new();
    items.filter(move |item| seen.insert(*item))
}

/// Most administrators that one text may name.
const MAX_ADMINS: usize = 512;

#[cfg(test)]
mod tests {
    use std::cell::Cell;

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
        assert_eq!(stored(&["zoe"], &AdminsEdit::parse(text).unwrap()), own(values));
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
    #[case::of_a_given_list(AdminsEdit::parse("amy,bob").unwrap(), &["bob"])]
    #[case::of_the_stored_list(AdminsEdit::Change { add: own(&["amy", "bob"]), remove: own(&[]) }, &["zoe", "bob"])]
    fn whoever_leaves_is_no_administrator(#[case] edit: AdminsEdit, #[case] after: &[&str]) {
        assert_eq!(stored(&["zoe", "amy"], &edit.without(&own(&["amy"]))), own(after));
    }

    #[rstest]
    #[case::as_many_as_fit(512, true)]
    #[case::one_more(513, false)]
    #[case::as_many_as_a_request_holds(200_000, false)]
    fn a_text_names_only_so_many(#[case] names: usize, #[case] fits: bool) {
        let list: Vec<_> = (0..names).map(|name| name.to_string()).collect();
        // Repetitions do not count.
        let text = format!("{0},{0}", list.join(","));
        let error = AdminsEdit::parse(&text).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), (!fits).then_some("admins lists more than 512 names"));
    }

    thread_local! {
        static COMPARISONS: Cell<usize> = const { Cell::new(0) };
    }

    /// Counts how often it is compared.
    #[derive(Clone, Copy, Eq)]
    struct Counted(u32);

    impl PartialEq for Counted {
        fn eq(&self, other: &Self) -> bool {
            COMPARISONS.set(COMPARISONS.get() + 1);
            self.0 == other.0
        }
    }

    impl Hash for Counted {
        fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
            self.0.hash(state);
        }
    }

    proptest! {
        #[test]
        fn repetitions_are_found_in_linear_time(items in prop::collection::vec(0..5000_u32, 0..5000)) {
            let mut expected: Vec<u32> = Vec::new();
            for item in &items {
                if !expected.contains(item) {
                    expected.push(*item);
                }
            }
            COMPARISONS.set(0);
            let kept: Vec<_> = first_of_equals(items.iter().copied().map(Counted)).map(|item| item.0).collect();
            prop_assert!(COMPARISONS.get() <= 4 * items.len() + 16);
            prop_assert_eq!(kept, expected);
        }

        #[test]
        fn a_text_that_was_read_writes_the_same_list(text in "[a-c ,]{0,12}") {
            let mut attributes = Attributes::default();
            let mut edits = AttributeEdits::default();
            AdminsEdit::parse(&text).unwrap().put(&mut edits);
            attributes.apply(&edits);
            let read = GroupSettings::of(&attributes);
            prop_assert_eq!(AdminsEdit::parse(&read.admins_text()), Ok(AdminsEdit::Replace(read.admins)));
        }
    }
}
