//! Runs cases: each a trial of its own, side by side on one backend.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use libtest_mimic::{Completion, Failed, Trial};
use primehub_core::identity::{Actor, Edit, IdentityStore, PASSWORD_MASK, RealmEdit};
use tokio::runtime::Handle;
use tokio::sync::RwLock;
use tokio::time::timeout;

use crate::context::CASE_WITHIN;
use crate::{Backend, Case, Context, DIFFERENCES, Failure};

/// One run of cases on one backend.
pub struct Conformance {
    backend: Arc<dyn Backend>,
    store: Arc<dyn IdentityStore>,
    /// Tells this run's names from those of an earlier one in the same realm.
    nonce: String,
    /// Held for reading by cases that run beside each other, for writing by one that runs alone.
    turns: RwLock<()>,
    outcomes: Mutex<BTreeMap<&'static str, Result<(), Failure>>>,
}

impl Conformance {
    /// Nothing has run yet.
    #[must_use]
    pub fn new(backend: Arc<dyn Backend>) -> Arc<Self> {
        let store = backend.store();
        Self::through(backend, store)
    }

    /// The same, on the store seen through a decorator.
    #[must_use]
    pub fn through(backend: Arc<dyn Backend>, store: Arc<dyn IdentityStore>) -> Arc<Self> {
        let nonce = uuid::Uuid::new_v4().simple().to_string()[..5].to_owned();
        Arc::new(Self { backend, store, nonce, turns: RwLock::default(), outcomes: Mutex::default() })
    }

    /// Runs one case and remembers how it ended.
    ///
    /// # Errors
    /// When a promise is broken, the case takes forever, or says that it does not arise though the backend's table has no reason for it,
    /// or the other way round.
    pub async fn run(&self, number: usize, case: Case) -> Result<(), Failure> {
        let outcome = self.attempt(number, case).await;
        let expected = self.backend.does_not_arise().iter().find(|(name, _)| *name == case.name);
        let outcome = match (outcome, expected) {
            (Err(Failure::DoesNotArise(reason)), None) => {
                Err(Failure::broken(format_args!("not in the table of what does not arise here: {reason}")))
            }
            (Ok(()), Some((_, reason))) => {
                Err(Failure::broken(format_args!("arises after all, in spite of: {reason}")))
            }
            (outcome, _) => outcome,
        };
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name, outcome.clone());
        outcome
    }

    async fn attempt(&self, number: usize, case: Case) -> Result<(), Failure> {
        let suffix = format!("z{}{number:03}", self.nonce);
        let context = Context::new(self.backend.clone(), self.store.clone(), suffix);
        let within = |run| async { timeout(CASE_WITHIN, run).await.unwrap_or_else(|_| Err(Failure::broken("no end"))) };
        if !case.alone {
            let _turn = self.turns.read().await;
            return within((case.run)(context)).await;
        }
        let _turn = self.turns.write().await;
        let before = self.restorable();
        let outcome = within((case.run)(context)).await;
        let after = self.restorable();
        let restored = self.backend.store().edit_realm(&Actor::service(), restoring(before, &after)).await;
        outcome.and(restored.map(drop).map_err(Failure::from))
    }

    /// The realm's settings.
    fn restorable(&self) -> RealmEdit {
        let directory = self.backend.store().directory();
        let realm = directory.realm().clone();
        let edit = |text: Option<String>| text.map_or(Edit::Clear, Edit::Set);
        let smtp = realm.smtp.into_iter().map(|(key, value)| (key, Edit::Set(value))).collect();
        RealmEdit { display_name: edit(realm.display_name), display_name_html: edit(realm.display_name_html), smtp }
    }

    /// How the cases ended, for people.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Summary(outcomes)
    }
}

/// What puts the realm's settings back.
fn restoring(mut before: RealmEdit, after: &RealmEdit) -> RealmEdit {
    for key in after.smtp.keys() {
        before.smtp.entry(key.clone()).or_insert(Edit::Clear);
    }
    // A mask says nothing when there was no password before.
    before.smtp.retain(|_, edit| *edit != Edit::Set(PASSWORD_MASK.to_owned()));
    before
}

/// How many cases ran, and which did not arise, with the reasons.
#[derive(Clone, Debug)]
pub struct Summary(BTreeMap<&'static str, Result<(), Failure>>);

impl Summary {
    /// How many cases ran, kept promises or not.
    #[must_use]
    pub fn ran(&self) -> usize {
        self.0.len()
    }

    /// The cases that did not keep their promise.
    pub fn broken(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().filter(|(_, outcome)| matches!(outcome, Err(Failure::Broken(_)))).map(|(name, _)| *name)
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
        let not_arising = self.not_arising().count();
        writeln!(f, "{} cases ran, {not_arising} of them do not arise here:", self.ran())?;
        self.not_arising().try_for_each(|(name, reason)| writeln!(f, "  {name}: {reason}"))?;
        writeln!(f, "Where the backends are meant to differ:")?;
        DIFFERENCES.iter().try_for_each(|(difference, reason)| writeln!(f, "  {difference}: {reason}"))
    }
}

/// Makes each case a trial of its own, to be run by threads outside `runtime`. `kind` says which backend it is.
#[must_use]
pub fn run(conformance: &Arc<Conformance>, kind: &str, cases: &[Case], runtime: &Handle) -> Vec<Trial> {
    let trial = |(number, case): (usize, &Case)| {
        let (conformance, case, runtime) = (conformance.clone(), *case, runtime.clone());
        let attempt = move || match runtime.block_on(conformance.run(number, case)) {
            Ok(()) => Ok(Completion::Completed),
            Err(Failure::DoesNotArise(reason)) => Ok(Completion::ignored_with(reason)),
            Err(broken) => Err(Failed::from(broken)),
        };
        Trial::ignorable_test(case.name, attempt).with_kind(kind)
    };
    let (mut shared, mut alone) = (Vec::new(), Vec::new());
    for (number, case) in cases.iter().enumerate() {
        if case.alone { &mut alone } else { &mut shared }.push(trial((number, case)));
    }
    // Those that run alone stand at the end: others would have to wait for them.
    shared.append(&mut alone);
    shared
}
