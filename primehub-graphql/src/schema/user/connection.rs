//! Pages of users. Their cursors are page numbers, not ids: the published clients count with them.

use std::sync::Arc;

use async_graphql::SimpleObject;
use primehub_core::identity::{Directory, PeopleFilter, User};
use primehub_core::names::UserId;

use super::input::UserWhereInput;
use super::node::UserNode;
use crate::error::{ApiError, Code};
use crate::request::Request;
use crate::schema::paging::{PAGE_SIZE, Page, PageArguments, PageInfo, count, natural};
use crate::schema::rows::{Rows, rows};

/// One page of users.
#[derive(SimpleObject)]
pub(crate) struct UserConnection {
    /// Where the page stands.
    page_info: PageInfo,
    /// Its rows.
    edges: Rows<UserEdge>,
}

/// One row of a page of users.
#[derive(SimpleObject)]
pub(crate) struct UserEdge {
    /// Id of the user.
    cursor: String,
    /// The user.
    node: UserNode,
}

impl UserConnection {
    pub(super) async fn new(
        request: &Request,
        directory: &Arc<Directory>,
        page: Page<Arc<User>>,
    ) -> Result<Self, ApiError> {
        let edge =
            |user: Arc<User>| UserEdge { cursor: user.id.to_string(), node: UserNode::new(request, directory, user) };
        let edges = rows(request.budget(), page.rows.len(), page.rows.into_iter().map(edge)).await?;
        Ok(Self { page_info: page.info, edges })
    }
}

/// The people of one page.
///
/// `first`, or else `last`, is the number of rows; `page` counts pages from 1, `after` and `before` from 0, and say the same.
///
/// # Errors
/// A negative number, a cursor that is no number, a text that is too long.
pub(super) fn people_page(
    directory: &Directory,
    condition: Option<UserWhereInput>,
    arguments: &PageArguments,
) -> Result<Page<Arc<User>>, ApiError> {
    let condition = condition.unwrap_or_default();
    let filter = filter(&condition)?;
    let (size, index) = (page_size(arguments)?, page_index(arguments)?);
    if let Some(id) = condition.id {
        let id = UserId::from(id.0);
        let found = directory.person(&id).filter(|user| filter.matches(user));
        return Ok(one(&id, found.cloned()));
    }
    let offset = index.saturating_mul(size);
    let (rows, total) = directory.people_page(&filter, offset, size);
    let has_next_page = size > 0 && offset.saturating_add(size) < total;
    let info = PageInfo {
        current_page: Some(count(index.saturating_add(1))),
        total_page: Some(if size == 0 { 1 } else { count(total.div_ceil(size).max(1)) }),
        has_next_page,
        has_previous_page: index > 0,
        start_cursor: index.checked_sub(1).map(|previous| previous.to_string()),
        end_cursor: has_next_page.then(|| (index + 1).to_string()),
    };
    Ok(Page { rows, info })
}

fn filter(condition: &UserWhereInput) -> Result<PeopleFilter, ApiError> {
    // The identity provider's own wildcards, which some people type: parts are found anywhere without them.
    let search = condition.search.as_ref().map(|text| text.replace(['*', '"'], " "));
    let username = condition.username_contains.as_deref();
    Ok(PeopleFilter::new(username, condition.email_contains.as_deref(), search.as_deref())?)
}

/// The page of one id. Its cursors are that id, also if nobody has it.
fn one(id: &UserId, user: Option<Arc<User>>) -> Page<Arc<User>> {
    let cursor = Some(id.to_string());
    let info = PageInfo {
        current_page: Some(1),
        total_page: Some(1),
        start_cursor: cursor.clone(),
        end_cursor: cursor,
        ..PageInfo::default()
    };
    Page { rows: user.into_iter().collect(), info }
}

fn page_size(arguments: &PageArguments) -> Result<usize, ApiError> {
    let (first, last) = (natural("first", arguments.first)?, natural("last", arguments.last)?);
    Ok(first.or(last).unwrap_or(PAGE_SIZE))
}

/// Position of the page, from 0. Page 0 means the first.
fn page_index(arguments: &PageArguments) -> Result<usize, ApiError> {
    let page = natural("page", arguments.page)?.map(|page| page.saturating_sub(1));
    let after = cursor("after", arguments.after.as_deref())?;
    let before = cursor("before", arguments.before.as_deref())?;
    Ok(page.or(after).or(before).unwrap_or_default())
}

/// Reads a cursor. The empty text is the same as absent.
fn cursor(name: &str, text: Option<&str>) -> Result<Option<usize>, ApiError> {
    let text = text.unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ApiError::new(Code::BadUserInput, format!("{name} must be the number of a page, counted from 0")));
    }
    // What does not fit is beyond the end of every list.
    Ok(Some(text.parse().unwrap_or(usize::MAX)))
}

#[cfg(test)]
mod tests {
    use primehub_core::identity::RoleKey;
    use rstest::rstest;

    use super::*;

    /// 25 people, `u00` to `u24`, and the account of a client; every fifth person has an e-mail address.
    fn directory() -> Directory {
        let mut directory = Directory::new("everyone".into(), RoleKey::administrator("primehub"));
        for number in 0..25 {
            let name = format!("u{number:02}");
            let mut user = User::new(format!("id-{name}").into(), name);
            user.email = (number % 5 == 0).then(|| format!("Mail{number}@example.com"));
            directory.put_user(user);
        }
        let mut client = User::new("client".into(), "service-account-hub");
        client.service_account_of = Some("hub".into());
        directory.put_user(client);
        directory
    }

    fn arguments(
        first: Option<i32>,
        last: Option<i32>,
        after: Option<&str>,
        before: Option<&str>,
        page: Option<i32>,
    ) -> PageArguments {
        PageArguments { first, last, after: after.map(str::to_owned), before: before.map(str::to_owned), page }
    }

    fn names(page: &Page<Arc<User>>) -> String {
        let names: Vec<_> = page.rows.iter().map(|user| &*user.username).collect();
        match names.as_slice() {
            [] => String::new(),
            [only] => (*only).to_owned(),
            [first, .., last] => format!("{first}-{last}"),
        }
    }

    #[rstest]
    #[case::nothing_said(arguments(None, None, None, None, None), "u00-u09", 1, None, Some("1"))]
    #[case::the_clients_first_page(arguments(Some(10), None, Some("0"), None, None), "u00-u09", 1, None, Some("1"))]
    #[case::second_by_after(arguments(Some(10), None, Some("1"), None, None), "u10-u19", 2, Some("0"), Some("2"))]
    #[case::second_by_before(arguments(None, Some(10), None, Some("1"), None), "u10-u19", 2, Some("0"), Some("2"))]
    #[case::the_console_goes_back(arguments(Some(10), None, None, Some("0"), None), "u00-u09", 1, None, Some("1"))]
    #[case::the_last_page(arguments(Some(10), None, Some("2"), None, None), "u20-u24", 3, Some("1"), None)]
    #[case::past_the_end(arguments(Some(10), None, Some("3"), None, None), "", 4, Some("2"), None)]
    #[case::page_wins(arguments(Some(10), None, Some("0"), None, Some(3)), "u20-u24", 3, Some("1"), None)]
    #[case::page_zero_is_the_first(arguments(None, None, None, None, Some(0)), "u00-u09", 1, None, Some("1"))]
    #[case::an_empty_cursor_is_absent(
        arguments(Some(10), None, Some(""), Some("1"), None),
        "u10-u19",
        2,
        Some("0"),
        Some("2")
    )]
    #[case::everybody_fits(arguments(Some(25), None, None, None, None), "u00-u24", 1, None, None)]
    #[case::first_wins(arguments(Some(2), Some(3), None, None, None), "u00-u01", 1, None, Some("1"))]
    #[case::huge(
        arguments(Some(i32::MAX), None, Some("18446744073709551615"), None, None),
        "",
        i32::MAX,
        Some("18446744073709551614"),
        None
    )]
    fn cursors_are_page_numbers(
        #[case] arguments: PageArguments,
        #[case] rows: &str,
        #[case] current: i32,
        #[case] start: Option<&str>,
        #[case] end: Option<&str>,
    ) {
        let page = people_page(&directory(), None, &arguments).unwrap();
        assert_eq!(names(&page), rows);
        assert_eq!(page.info.current_page, Some(current));
        assert_eq!((page.info.start_cursor.as_deref(), page.info.end_cursor.as_deref()), (start, end));
        assert_eq!((page.info.has_previous_page, page.info.has_next_page), (start.is_some(), end.is_some()));
    }

    #[rstest]
    #[case::by_first(Some(0), None)]
    #[case::by_last(None, Some(0))]
    fn no_rows_wanted_are_none(#[case] first: Option<i32>, #[case] last: Option<i32>) {
        let page = people_page(&directory(), None, &arguments(first, last, None, None, None)).unwrap();
        assert_eq!((page.rows.len(), page.info.total_page, page.info.has_next_page), (0, Some(1), false));
    }

    #[test]
    fn a_number_that_does_not_fit_is_past_the_end() {
        let far = arguments(None, None, Some("99999999999999999999999999"), None, None);
        assert_eq!(names(&people_page(&directory(), None, &far).unwrap()), "");
    }

    #[rstest]
    #[case::negative(arguments(None, None, Some("-1"), None, None), "after")]
    #[case::text(arguments(None, None, Some("abc"), None, None), "after")]
    #[case::an_id(arguments(None, None, Some("0"), Some("id-u07"), None), "before")]
    #[case::also_where_page_decides(arguments(None, None, Some("+1"), None, Some(1)), "after")]
    fn a_cursor_that_is_no_number_is_refused(#[case] arguments: PageArguments, #[case] name: &str) {
        let error = people_page(&directory(), None, &arguments).unwrap_err();
        let message = format!("{name} must be the number of a page, counted from 0");
        assert_eq!(error, ApiError::new(Code::BadUserInput, message));
    }

    #[rstest]
    #[case(Some(-1), None, None)]
    #[case(None, Some(-1), None)]
    #[case(None, None, Some(-1))]
    fn negative_numbers_are_refused(#[case] first: Option<i32>, #[case] last: Option<i32>, #[case] page: Option<i32>) {
        let error = people_page(&directory(), None, &arguments(first, last, None, None, page)).unwrap_err();
        assert_eq!(error.code, Code::BadUserInput);
    }

    #[rstest]
    #[case::by_name(UserWhereInput { username_contains: Some("U1".into()), ..UserWhereInput::default() }, "u10-u14", 2)]
    #[case::by_address(UserWhereInput { email_contains: Some("mail".into()), ..UserWhereInput::default() }, "u00-u20", 1)]
    #[case::by_search(UserWhereInput { search: Some("*mail1*".into()), ..UserWhereInput::default() }, "u10-u15", 1)]
    #[case::empty_search(UserWhereInput { search: Some(String::new()), ..UserWhereInput::default() }, "u00-u04", 5)]
    #[case::nobody(UserWhereInput { search: Some("zoe".into()), ..UserWhereInput::default() }, "", 1)]
    fn pages_are_counted_with_the_filter(#[case] condition: UserWhereInput, #[case] rows: &str, #[case] total: i32) {
        let page = people_page(&directory(), Some(condition), &arguments(Some(5), None, None, None, None)).unwrap();
        assert_eq!((names(&page).as_str(), page.info.total_page), (rows, Some(total)));
    }

    #[rstest]
    #[case::known("id-u07", "u07")]
    #[case::unknown("u07", "")]
    #[case::a_clients_account("client", "")]
    fn one_user_by_id(#[case] id: &str, #[case] rows: &str) {
        let condition = UserWhereInput { id: Some(id.into()), ..UserWhereInput::default() };
        let page = people_page(&directory(), Some(condition), &PageArguments::default()).unwrap();
        assert_eq!(names(&page), rows);
        assert_eq!((page.info.start_cursor.as_deref(), page.info.end_cursor.as_deref()), (Some(id), Some(id)));
        assert!(!page.info.has_next_page && !page.info.has_previous_page);
    }
}
