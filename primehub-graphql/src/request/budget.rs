//! How much one operation may answer.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{ApiError, Code};

/// Rows of all lists of one answer together. A document multiplies lists: by aliases, and by lists within lists.
const MOST_ROWS: usize = 20_000;

/// Rows times selected fields: documents that select very many fields get fewer rows.
const MOST_VALUES: usize = 2_000_000;

/// After how many fields of a row it counts for another one when it comes to letting others run.
const STRIDE: usize = 32;

/// Errors of single fields in one answer.
const MOST_ERRORS: usize = 1_000;

/// What an operation may still answer.
///
/// The limits are far above what any page of a client shows; they bound the time and the memory that one answer takes.
#[derive(Debug)]
pub(crate) struct Budget {
    most_rows: usize,
    rows_left: AtomicUsize,
    errors_left: AtomicUsize,
    rows_begun: AtomicUsize,
    turns_of_row: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self::of_document(1)
    }
}

/// What a nullable field answers: a value, null, or null with an error.
pub(crate) type Nullable<T> = Option<Result<T, ApiError>>;

impl Budget {
    /// What a document that selects this many fields may be answered.
    pub(crate) fn of_document(fields: usize) -> Self {
        let rows = MOST_ROWS.min(MOST_VALUES / fields.max(1));
        Self { turns_of_row: 1 + fields / STRIDE, ..Self::new(rows, MOST_ERRORS) }
    }

    fn new(rows: usize, errors: usize) -> Self {
        Self {
            most_rows: rows,
            rows_left: rows.into(),
            errors_left: errors.into(),
            rows_begun: 0.into(),
            turns_of_row: 1,
        }
    }

    /// Takes rows for a list that is about to be built.
    ///
    /// # Errors
    /// [`Code::BadUserInput`] when fewer are left. Then none are left for any later list either, and no error is worth telling besides this one.
    pub(crate) fn take_rows(&self, wanted: usize) -> Result<(), ApiError> {
        let taken = self.rows_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(wanted));
        if taken.is_ok() {
            return Ok(());
        }
        self.rows_left.store(0, Ordering::Relaxed);
        self.errors_left.fetch_min(1, Ordering::Relaxed);
        let most = self.most_rows;
        Err(ApiError::new(
            Code::BadUserInput,
            format!("ask for fewer rows: an answer has at most {most} in all its lists"),
        ))
    }

    /// Lets others run if it is their turn, before work on a row begins.
    pub(crate) async fn begin_row(&self) {
        for _ in 0..self.turns_of_row {
            tokio::task::consume_budget().await;
        }
        self.rows_begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Waits until everything that the operation can do without waiting for somebody else is done.
    pub(crate) async fn all_rows_begun(&self) {
        loop {
            let before = self.rows_begun.load(Ordering::Relaxed);
            // Twice: rows that come after whoever waits may have had no turn left in the round in which the wait began.
            tokio::task::yield_now().await;
            tokio::task::yield_now().await;
            if self.rows_begun.load(Ordering::Relaxed) == before {
                return;
            }
        }
    }

    /// What a nullable field answers: the outcome, or null alone where its error would be one too many.
    pub(crate) fn nullable<T>(&self, outcome: Result<T, ApiError>) -> Nullable<T> {
        let Err(error) = outcome else { return Some(outcome) };
        let left =
            self.errors_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).ok()?;
        let message =
            if left == 1 { format!("{} (further errors are left out)", error.message) } else { error.message };
        Some(Err(ApiError { code: error.code, message }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn denied(budget: &Budget) -> Option<String> {
        budget.nullable::<()>(Err(ApiError::new(Code::NotAuth, "no"))).map(|outcome| outcome.unwrap_err().message)
    }

    #[test]
    fn rows_are_given_until_there_are_none() {
        let budget = Budget::new(10, 5);
        assert_eq!((budget.take_rows(4), budget.take_rows(6), budget.take_rows(0)), (Ok(()), Ok(()), Ok(())));
        let error = budget.take_rows(1).unwrap_err();
        assert_eq!(error.code, Code::BadUserInput);
        assert_eq!(error.message, "ask for fewer rows: an answer has at most 10 in all its lists");
    }

    #[test]
    fn whoever_asks_for_many_fields_gets_fewer_rows() {
        for (fields, rows) in [(0, 20_000), (100, 20_000), (1_000, 2_000)] {
            assert!(Budget::of_document(fields).take_rows(rows).is_ok());
            assert!(Budget::of_document(fields).take_rows(rows + 1).is_err());
        }
    }

    #[test]
    fn after_one_list_too_many_there_are_no_rows_and_one_error() {
        let budget = Budget::new(10, 5);
        let first = budget.nullable(budget.take_rows(11)).unwrap().unwrap_err();
        assert!(first.message.starts_with("ask for fewer rows"));
        assert!(budget.nullable(budget.take_rows(1)).is_none());
        assert_eq!(denied(&budget), None);
    }

    #[test]
    fn the_last_error_says_that_it_is_the_last() {
        let budget = Budget::new(10, 2);
        assert_eq!(denied(&budget).as_deref(), Some("no"));
        assert_eq!(budget.nullable(Ok(1)), Some(Ok(1)), "values are no errors");
        assert_eq!(denied(&budget).as_deref(), Some("no (further errors are left out)"));
        assert_eq!(denied(&budget), None);
        assert_eq!(budget.nullable(Ok(2)), Some(Ok(2)));
    }
}
