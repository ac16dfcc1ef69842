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
        // What stands behind a gap is not kept: the pages after it would seem to be connected with it.
        if first > 0 && !next.iter().any(|row| seen.contains(id(row))) {
            first = first.saturating_sub(max.div_ceil(2));
            continue;
        }
        let full = next.len() == max;
        rows.extend(next.into_iter().filter(|row| seen.insert(id(row).to_owned())));
        if !full {
            return Ok(rows);
        }
        first += max - 1;
    }
    Err(CallError::Unreadable { call: kind.name, cause: "the list does not end".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::transport::Class;

    const KIND: Kind = Kind::new("rows.list", Class::Page, "view-rows");

    async fn all<F>(max: usize, page: impl Fn(usize) -> F) -> Result<Vec<String>, CallError>
    where
        F: Future<Output = Result<Vec<String>, CallError>>,
    {
        pages(KIND, max, |row: &String| row.as_str(), page).await
    }

    fn rows(numbers: impl IntoIterator<Item = usize>) -> Vec<String> {
        numbers.into_iter().map(|number| format!("{number:06}")).collect()
    }

    #[rstest]
    #[case::none(0, 10, 1)]
    #[case::fewer_than_a_page(9, 10, 1)]
    #[case::exactly_a_page(10, 10, 2)]
    #[case::more_than_a_page(11, 10, 2)]
    #[case::a_thousand_users(1000, USERS, 1)]
    #[case::ten_thousand_users(10_000, USERS, 7)]
    #[case::a_thousand_groups_and_everybody(1001, GROUPS, 3)]
    #[case::ten_thousand_members(10_000, MEMBERS, 6)]
    #[tokio::test]
    async fn short_lists_cost_one_call_and_long_ones_one_per_page(
        #[case] count: usize,
        #[case] max: usize,
        #[case] calls: usize,
    ) {
        let asked = Cell::new(0);
        let found = all(max, |first| {
            asked.set(asked.get() + 1);
            std::future::ready(Ok(rows(first..count.min(first + max))))
        });
        assert_eq!(found.await.unwrap(), rows(0..count));
        assert_eq!(asked.get(), calls);
    }

    #[tokio::test]
    async fn a_server_that_gives_all_rows_at_once_is_asked_once() {
        let asked = Cell::new(0);
        let found = all(10, |_| {
            asked.set(asked.get() + 1);
            std::future::ready(Ok(rows(0..25)))
        });
        assert_eq!((found.await.unwrap().len(), asked.get()), (25, 1));
    }

    #[tokio::test]
    async fn a_server_that_always_gives_the_first_page_is_not_asked_forever() {
        let error = all(10, |_| std::future::ready(Ok(rows(0..10)))).await.unwrap_err();
        assert_eq!(error.to_string(), "rows.list: the answer cannot be read: the list does not end");
    }

    #[tokio::test]
    async fn the_first_refusal_ends_it() {
        let refused = |_| std::future::ready(Err(CallError::Unavailable { call: "rows.list", cause: "down".into() }));
        assert!(matches!(all(10, refused).await, Err(CallError::Unavailable { .. })));
    }

    proptest! {
        /// Rows that are there all the time are found, each once, whatever appears and disappears between the pages.
        #[test]
        fn rows_that_stay_are_never_missed(
            staying in prop::collection::btree_set(0_usize..400, 0..60),
            others in prop::collection::btree_set(0_usize..400, 0..60),
            changes in prop::collection::vec(prop::collection::btree_set(0_usize..400, 0..40), 0..12),
            max in 2_usize..20,
        ) {
            let others = RefCell::new(&others - &staying);
            let changes = RefCell::new(changes);
            let found = futures::executor::block_on(all(max, |first| {
                let present: BTreeSet<usize> = &staying | &*others.borrow();
                let page = rows(present.into_iter().skip(first).take(max));
                if let Some(change) = changes.borrow_mut().pop() {
                    // What is there goes, what is not comes.
                    let toggled = &*others.borrow() ^ &(&change - &staying);
                    others.replace(toggled);
                }
                std::future::ready(Ok(page))
            })).unwrap();
            let distinct: BTreeSet<&String> = found.iter().collect();
            prop_assert_eq!(distinct.len(), found.len());
            for row in rows(staying.iter().copied()) {
                prop_assert!(distinct.contains(&row), "{} is missing", row);
            }
        }
    }
}
