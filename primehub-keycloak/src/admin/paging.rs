//! Long lists, page by page.

use std::collections::HashSet;

use crate::transport::{CallError, Kind};

/// Users of the realm per page: a call for 1,000 users, seven for 10,000.
pub(super) const USERS: usize = 1500;
/// Members of a group, or holders of a role, per page: six calls for a group of 10,000.
pub(super) const MEMBERS: usize = 2000;
/// Groups with all they have per page: a call for 200, three for 1,000 and the group of everybody.
pub(super) const GROUPS: usize = 500;
/// Roles with their attributes per page.
pub(super) const ROLES: usize = 1000;

/// No list has more pages. A server that does not page would give the first page forever.
const MOST_PAGES: usize = 2000;

/// The rows of a list that has an order, each once, by pages of `max` rows. A page that is not full is the last one, so a short list costs
/// one call.
///
/// Rows are counted, so one that is deleted meanwhile moves all behind it forward, and a row between two pages would be missed. So a page
/// begins with the last row of the one before; if it does not, some rows are asked for again.
pub(super) async fn pages<T, F>(
    kind: Kind,
    max: usize,
    id: impl Fn(&T) -> &str,
    page: impl Fn(usize) -> F,
) -> Result<Vec<T>, CallError>
where
    F: Future<Output = Result<Vec<T>, CallError>>,
{
    let mut rows = page(0).await?;
    if rows.len() != max {
        return Ok(rows);
    }
    let mut seen: HashSet<String> = rows.iter().map(|row| id(row).to_owned()).collect();
    let mut first = max - 1;
    for _ in 1..MOST_PAGES {
        let next = page(first).await?;
        let (full, connected) = (next.len() == max, next.iter().any(|row| seen.contains(id(row))));
        rows.extend(next.into_iter().filter(|row| seen.insert(id(row).to_owned())));
        match (connected, full) {
            (false, _) if first > 0 => first = first.saturating_sub(max.div_ceil(2)),
            (_, true) => first += max - 1,
            (_, false) => return Ok(rows),
        }
    }
    Err(CallError::Unreadable { call: kind.name, cause: "the list does not end".to_owned() })
}
