//! Pages of lists that are held in memory: by number, or by cursor.

use async_graphql::SimpleObject;

use crate::error::{ApiError, Code};

/// Rows of a numbered page: fixed, because clients multiply `totalPage` by it.
pub(crate) const PAGE_SIZE: usize = 10;

/// Where a page stands in its list.
#[derive(Clone, Debug, Default, Eq, PartialEq, SimpleObject)]
pub(crate) struct PageInfo {
    /// Number of the page, from 1.
    pub(crate) current_page: Option<i32>,
    /// How many pages there are; at least 1.
    pub(crate) total_page: Option<i32>,
    /// Whether rows follow.
    pub(crate) has_next_page: bool,
    /// Whether rows precede.
    pub(crate) has_previous_page: bool,
    /// Cursor of the first row.
    pub(crate) start_cursor: Option<String>,
    /// Cursor of the last row.
    pub(crate) end_cursor: Option<String>,
}

/// The pagination arguments of a list field. `null` is the same as absent: the console resets its forms that way.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct PageArguments {
    pub(crate) page: Option<i32>,
    pub(crate) first: Option<i32>,
    pub(crate) last: Option<i32>,
    pub(crate) before: Option<String>,
    pub(crate) after: Option<String>,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Page<T> {
    pub(crate) rows: Vec<T>,
    pub(crate) info: PageInfo,
}

/// Takes one page out of `rows`, which are filtered and sorted already; `id` tells a row's cursor.
///
/// With `page`, pages of ten from 1 on; a page past the end is empty, because clients read on until one is. Without it, rows strictly after
/// `after` and strictly before `before`, then the first `first`, then the last `last` of them; unknown cursors do not restrict; no argument
/// at all means every row.
///
/// # Errors
/// A negative number.
pub(crate) fn paginate<T>(
    rows: Vec<T>,
    arguments: &PageArguments,
    id: impl Fn(&T) -> &str,
) -> Result<Page<T>, ApiError> {
    let total = rows.len();
    let total_page = count(total.div_ceil(PAGE_SIZE).max(1));
    if let Some(page) = natural("page", arguments.page)? {
        let current = if total == 0 { 1 } else { page };
        // Page 0 has no rows.
        let start = page.checked_sub(1).map_or(total, |index| index.saturating_mul(PAGE_SIZE)).min(total);
        let end = start.saturating_add(PAGE_SIZE).min(total);
        let page_info = PageInfo {
            current_page: Some(count(current)),
            total_page: Some(total_page),
            // An empty page has neighbours as well: past the end everything precedes it, and page 0 is before everything.
            has_next_page: page.saturating_mul(PAGE_SIZE) < total,
            has_previous_page: page > 1 && total > 0,
            ..PageInfo::default()
        };
        let page = slice(rows, start, end, &id);
        let PageInfo { start_cursor, end_cursor, .. } = page.info;
        return Ok(Page { rows: page.rows, info: PageInfo { start_cursor, end_cursor, ..page_info } });
    }
    let position =
        |cursor: &Option<String>| cursor.as_ref().and_then(|cursor| rows.iter().position(|row| id(row) == cursor));
    let mut end = position(&arguments.before).unwrap_or(total);
    // `before` is applied first: a row that it took away is an unknown cursor for `after`.
    let mut start = position(&arguments.after).filter(|at| *at < end).map_or(0, |at| at + 1);
    if let Some(first) = natural("first", arguments.first)? {
        end = start.saturating_add(first).min(end);
    }
    if let Some(last) = natural("last", arguments.last)? {
        start = end.saturating_sub(last).max(start);
    }
    let page = slice(rows, start, end, &id);
    let info = PageInfo { current_page: Some(count(start / PAGE_SIZE + 1)), total_page: Some(total_page), ..page.info };
    Ok(Page { rows: page.rows, info })
}

/// Reads a pagination argument that counts something.
///
/// # Errors
/// A negative number.
pub(crate) fn natural(name: &str, value: Option<i32>) -> Result<Option<usize>, ApiError> {
    value
        .map(usize::try_from)
        .transpose()
        .map_err(|_| ApiError::new(Code::BadUserInput, format!("{name} must not be negative")))
}

/// A number of rows or pages on the wire; no list is long enough to exceed it.
pub(crate) fn count(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn slice<T>(rows: Vec<T>, start: usize, end: usize, id: impl Fn(&T) -> &str) -> Page<T> {
    let total = rows.len();
    let rows: Vec<T> = rows.into_iter().skip(start).take(end - start).collect();
    let cursor = |row: Option<&T>| row.map(|row| id(row).to_owned());
    let info = PageInfo {
        has_next_page: !rows.is_empty() && end < total,
        has_previous_page: !rows.is_empty() && start > 0,
        start_cursor: cursor(rows.first()),
        end_cursor: cursor(rows.last()),
        ..PageInfo::default()
    };
    Page { rows, info }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn list(length: usize) -> Vec<String> {
        (0..length).map(|number| number.to_string()).collect()
    }

    fn page(length: usize, arguments: PageArguments) -> (String, PageInfo) {
        let page = paginate(list(length), &arguments, |row| row).unwrap();
        (page.rows.join(" "), page.info)
    }

    #[rstest]
    #[case::the_first(25, 1, "0 1 2 3 4 5 6 7 8 9", 1, 3, true, false)]
    #[case::the_last_is_short(25, 3, "20 21 22 23 24", 3, 3, false, true)]
    #[case::past_the_end_is_empty_and_does_not_wrap_around(25, 4, "", 4, 3, false, true)]
    #[case::far_past_the_end(25, i32::MAX, "", i32::MAX, 3, false, true)]
    #[case::page_zero_is_empty_and_everything_follows(25, 0, "", 0, 3, true, false)]
    #[case::an_empty_list_has_one_page(0, 7, "", 1, 1, false, false)]
    fn numbered_pages(
        #[case] length: usize,
        #[case] number: i32,
        #[case] rows: &str,
        #[case] current: i32,
        #[case] total: i32,
        #[case] next: bool,
        #[case] previous: bool,
    ) {
        let (found, info) = page(length, PageArguments { page: Some(number), ..PageArguments::default() });
        assert_eq!(found, rows);
        assert_eq!((info.current_page, info.total_page), (Some(current), Some(total)));
        assert_eq!((info.has_next_page, info.has_previous_page), (next, previous));
    }

    #[rstest]
    #[case::everything(PageArguments::default(), "0 1 2 3 4 5", false, false)]
    #[case::first(PageArguments { first: Some(2), ..PageArguments::default() }, "0 1", true, false)]
    #[case::last(PageArguments { last: Some(2), ..PageArguments::default() }, "4 5", false, true)]
    #[case::after(PageArguments { after: Some("1".into()), first: Some(2), ..PageArguments::default() }, "2 3", true, true)]
    #[case::before(PageArguments { before: Some("4".into()), last: Some(2), ..PageArguments::default() }, "2 3", true, true)]
    #[case::between(PageArguments { before: Some("4".into()), after: Some("1".into()), ..PageArguments::default() }, "2 3", true, true)]
    #[case::unknown_cursor(PageArguments { after: Some("x".into()), first: Some(1), ..PageArguments::default() }, "0", true, false)]
    #[case::none_wanted(PageArguments { first: Some(0), ..PageArguments::default() }, "", false, false)]
    #[case::crossed(PageArguments { before: Some("1".into()), after: Some("4".into()), ..PageArguments::default() }, "0", true, false)]
    fn cursor_pages(#[case] arguments: PageArguments, #[case] rows: &str, #[case] next: bool, #[case] previous: bool) {
        let (found, info) = page(6, arguments);
        assert_eq!(found, rows);
        assert_eq!((info.has_next_page, info.has_previous_page), (next, previous));
        assert_eq!(info.start_cursor.as_deref(), rows.split(' ').next().filter(|row| !row.is_empty()));
    }

    #[rstest]
    #[case(PageArguments { page: Some(-1), ..PageArguments::default() }, "page must not be negative")]
    #[case(PageArguments { first: Some(-1), ..PageArguments::default() }, "first must not be negative")]
    #[case(PageArguments { last: Some(i32::MIN), ..PageArguments::default() }, "last must not be negative")]
    fn negative_numbers_are_refused(#[case] arguments: PageArguments, #[case] message: &str) {
        let error = paginate(list(3), &arguments, |row| row).unwrap_err();
        assert_eq!(error, ApiError::new(Code::BadUserInput, message));
    }
}
