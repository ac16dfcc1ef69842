//! Runs cases side by side on one API.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, stream};
use libtest_mimic::{Completion, Failed, Trial};
use tokio::runtime::Handle;
use tokio::time::timeout;

use crate::{Case, Cluster, Failure, cases};

/// How long a case may take.
const CASE_WITHIN: Duration = Duration::from_mins(2);
/// How many cases run at once: most of them wait more than they work, and a real server answers more of them later, not sooner.
pub const AT_ONCE: usize = 8;

/// Makes each case a trial of its own, to be run by threads outside `runtime`. They are named `<prefix>/<case>`, where `prefix` says which API
/// it is, and stand in the order in which they are best begun. Each case gets a connection of its own from `connect`.
#[must_use]
pub fn trials<C, F>(prefix: &str, runtime: &Handle, connect: C) -> Vec<Trial>
where
    C: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = Result<Cluster, Failure>>,
{
    let connect = Arc::new(connect);
    let trial = |case: Case| {
        let (connect, runtime) = (connect.clone(), runtime.clone());
        let attempt = move || match runtime.block_on(attempt(case, &*connect)) {
            Ok(()) => Ok(Completion::Completed),
            Err(Failure::DoesNotArise(reason)) => Ok(Completion::ignored_with(reason)),
            Err(broken) => Err(Failed::from(broken)),
        };
        Trial::ignorable_test(format!("{prefix}/{}", case.name), attempt)
    };
    cases().into_iter().map(trial).collect()
}

/// Runs the cases whose names contain `filter`, several at once, and says how each ended.
pub async fn run<C, F>(connect: C, filter: &str) -> Summary
where
    C: Fn() -> F,
    F: Future<Output = Result<Cluster, Failure>>,
{
    let chosen: Vec<Case> = cases().into_iter().filter(|case| case.name.contains(filter)).collect();
    let connect = &connect;
    let run = |case: Case| async move { (case.name, attempt(case, connect).await) };
    Summary(stream::iter(chosen).map(run).buffer_unordered(AT_ONCE).collect().await)
}

async fn attempt<C, F>(case: Case, connect: &C) -> Result<(), Failure>
where
    C: Fn() -> F,
    F: Future<Output = Result<Cluster, Failure>>,
{
    let cluster = connect().await?;
    let outcome = timeout(CASE_WITHIN, (case.run)(cluster.clone())).await;
    let tidied = cluster.tidy().await;
    outcome.unwrap_or_else(|_| Err(Failure::broken("no end"))).and(tidied)
}

/// How cases ended.
#[derive(Clone, Debug)]
pub struct Summary(Vec<(&'static str, Result<(), Failure>)>);

impl Summary {
    /// How many cases ran, kept promises or not.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.0.len()
    }

    /// The cases that did not keep their promise, and how.
    pub fn broken(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().filter_map(|(name, outcome)| match outcome {
            Err(Failure::Broken(what)) => Some((*name, what.as_str())),
            _ => None,
        })
    }

    /// The cases that did not arise, each with its reason.
    pub fn not_arising(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        self.0.iter().filter_map(|(name, outcome)| match outcome {
            Err(Failure::DoesNotArise(reason)) => Some((*name, *reason)),
            _ => None,
        })
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.broken().try_for_each(|(name, what)| writeln!(f, "BROKEN {name}\n  {what}"))?;
        self.not_arising().try_for_each(|(name, reason)| writeln!(f, "does not arise here: {name}: {reason}"))?;
        write!(
            f,
            "{} cases ran, {} broken, {} do not arise",
            self.ran(),
            self.broken().count(),
            self.not_arising().count()
        )
    }
}
