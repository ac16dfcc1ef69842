//! Which people a list shows.

use std::sync::Arc;

use super::super::User;
use super::{Directory, InvalidFilter, TextFilter};

/// Conditions on people, all of which must hold. Texts are compared without case and may stand anywhere; empty texts do not restrict.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PeopleFilter {
    username: TextFilter,
    email: TextFilter,
    search: TextFilter,
}

impl PeopleFilter {
    /// A filter by a part of the username, a part of the e-mail address, and words each of which must stand somewhere in username,
    /// names or e-mail address.
    ///
    /// # Errors
    /// A text that [`TextFilter`] refuses, under the name of the GraphQL field.
    pub fn new(username: Option<&str>, email: Option<&str>, search: Option<&str>) -> Result<Self, InvalidFilter> {
        Ok(Self {
            username: TextFilter::part("username_contains", username.unwrap_or_default())?,
            email: TextFilter::part("email_contains", email.unwrap_or_default())?,
            search: TextFilter::words("search", search.unwrap_or_default())?,
        })
    }

    /// Whether everybody passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.username.is_empty() && self.email.is_empty() && self.search.is_empty()
    }

    /// Whether `user` passes.
    #[must_use]
    pub fn matches(&self, user: &User) -> bool {
        let email = user.email.as_deref();
        self.username.matches([Some(&*user.username)])
            && self.email.matches([email])
            && self.search.matches([
                Some(&*user.username),
                email,
                user.first_name.as_deref(),
                user.last_name.as_deref(),
            ])
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
