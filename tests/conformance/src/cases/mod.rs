//! The cases, one file per area.

mod administrators;
mod adoption;
mod api_tokens;
mod bindings;
mod concurrency;
mod deletions;
mod directory;
mod feed;
mod group_edits;
mod groups;
mod invitations;
mod limits;
mod mail;
mod passwords;
mod realm;
mod refresh;
mod rights;
mod roles;
mod user_edits;
mod users;

use crate::{Case, Failure};

/// How a case ends.
type Done = Result<(), Failure>;

/// Every case.
#[must_use]
pub fn all() -> Vec<Case> {
    [
        users::CASES,
        user_edits::CASES,
        deletions::CASES,
        passwords::CASES,
        mail::CASES,
        groups::CASES,
        group_edits::CASES,
        bindings::CASES,
        roles::CASES,
        administrators::CASES,
        realm::CASES,
        invitations::CASES,
        api_tokens::CASES,
        feed::CASES,
        refresh::CASES,
        limits::CASES,
        concurrency::CASES,
        rights::CASES,
        adoption::CASES,
        directory::CASES,
    ]
    .concat()
}
