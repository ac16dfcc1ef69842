//! Lists in answers.

use std::borrow::Cow;
use std::sync::Arc;
use std::task::Poll;

use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{ContextSelectionSet, OutputType, Positioned, ServerResult, Value};
use futures::stream::FuturesOrdered;
use futures::{StreamExt as _, poll};
use tokio::task::consume_budget;

use crate::error::ApiError;
use crate::request::Budget;

/// How many rows a search may look at for the price of one that is answered.
const STRIDE: usize = 64;

/// A list in an answer.
///
/// The engine alone would work on all rows at one go, and nothing else would run on the thread meanwhile, not even the clock that limits
/// the request. So every row costs a unit of what the runtime lets a task do before others get their turn.
pub(crate) struct Rows<T> {
    rows: Vec<T>,
    budget: Arc<Budget>,
}

/// The only way to a list in an answer: takes its `count` rows from the operation's budget before the first of them is built.
///
/// # Errors
/// The answer has too many rows.
pub(in crate::schema) async fn rows<T: Send>(
    budget: &Arc<Budget>,
    count: usize,
    nodes: impl Iterator<Item = T> + Send,
) -> Result<Rows<T>, ApiError> {
    budget.take_rows(count)?;
    let mut rows = Vec::with_capacity(count);
    for node in nodes.take(count) {
        budget.begin_row().await;
        rows.push(node);
    }
    Ok(Rows { rows, budget: budget.clone() })
}

impl<T: OutputType> OutputType for Rows<T> {
    fn type_name() -> Cow<'static, str> {
        Vec::<Option<T>>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<Option<T>>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<Option<T>>::create_type_info(registry)
    }

    async fn resolve(&self, context: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        // Side by side, because rows wait for each other to ask the store only once; but begun one after the other.
        let mut answers = FuturesOrdered::new();
        let mut values = Vec::with_capacity(self.rows.len());
        for (index, node) in self.rows.iter().enumerate() {
            self.budget.begin_row().await;
            answers.push_back(row(index, node, context, field));
            while let Poll::Ready(Some(value)) = poll!(answers.next()) {
                values.push(value?);
            }
        }
        while let Some(value) = answers.next().await {
            values.push(value?);
        }
        Ok(Value::List(values))
    }
}

/// One row. If it fails, it is null and the others are not concerned.
async fn row<T: OutputType>(
    index: usize,
    node: &T,
    context: &ContextSelectionSet<'_>,
    field: &Positioned<Field>,
) -> ServerResult<Value> {
    let context = context.with_index(index);
    Some(node).resolve(&context, field).await.map_err(|error| context.set_error_path(error))
}

/// Lets others run before a search that looks at `count` rows at one go: a document can ask for many such searches.
pub(in crate::schema) async fn will_look_at(count: usize) {
    for _ in 0..count / STRIDE {
        consume_budget().await;
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    use super::*;

    #[tokio::test]
    async fn a_long_list_lets_others_run() {
        let budget = Arc::default();
        let mut list = Box::pin(async {
            let mut sum = 0;
            for _ in 0..20 {
                sum += rows(&budget, 1_000, 0..1_000).await.unwrap().rows.len();
            }
            sum
        });
        let first = list.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending(), "20,000 rows without a pause");
        assert_eq!(list.await, 20_000);
    }

    #[tokio::test]
    async fn a_list_that_is_too_long_is_not_begun() {
        let budget = Arc::default();
        let nodes = std::iter::repeat_with(|| panic!("a row was built"));
        assert!(rows::<()>(&budget, usize::MAX, nodes).await.is_err());
    }
}
