//! Which people a list shows.

use std::sync::Arc;

use super::super::User;
use super::Directory;

/// Conditions on people, all of which must hold. Texts are compared without case and may stand anywhere; empty texts do not restrict.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeopleFilter {
    username: Option<String>,
    email: Option<String>,
    words: Vec<String>,
}

impl PeopleFilter {
    /// A filter by a part of the username, a part of the e-mail address, and words each of which must stand somewhere in username,
    /// names or e-mail address.
    #[must_use]
    pub fn new(username: Option<&str>, email: Option<&str>, search: Option<&str>) -> Self {
        let part = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_lowercase);
        let words = search.unwrap_or_default().split_whitespace().map(str::to_lowercase).collect();
        Self { username: part(username), email: part(email), words }
    }

    /// Whether everybody passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether `user` passes.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        let email = user.email.as_deref();
        let contains = |text: Option<&str>, part: &str| text.is_some_and(|text| contains_ignoring_case(text, part));
        self.username.as_ref().is_none_or(|part| user.username.contains(&**part))
            && self.email.as_ref().is_none_or(|part| contains(email, part))
            && self.words.iter().all(|word| {
                user.username.contains(&**word)
                    || contains(email, word)
                    || contains(user.first_name.as_deref(), word)
                    || contains(user.last_name.as_deref(), word)
            })
    }
}

impl Directory {
    /// One page of the people that pass the filter, by username, and how many pass in all. Without a filter the cost is that of the page;
    /// with one, everybody is looked at.
    #[must_use]
    pub fn people_page(&self, filter: &PeopleFilter, offset: usize, length: usize) -> (Vec<Arc<User>>, usize) {
        if filter.is_empty() {
            return (self.people_from(offset).take(length).cloned().collect(), self.people_count());
        }
        let mut total = 0;
        let mut page = Vec::new();
        for user in self.people_from(0).filter(|user| filter.matches(user)) {
            if total >= offset && page.len() < length {
                page.push(user.clone());
            }
            total += 1;
        }
        (page, total)
    }
}

/// Whether lower-case `part` stands in `text`, whatever the case of `text`.
fn contains_ignoring_case(text: &str, part: &str) -> bool {
    text.contains(part) || (text.chars().any(char::is_uppercase) && text.to_lowercase().contains(part))
}
