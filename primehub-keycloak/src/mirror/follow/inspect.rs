//! A look at what keeps a realm that can be followed from being of use. Two calls, apart from complete readings and from what they cost.

use std::sync::{Arc, PoisonError};

use super::Follower;
use crate::mirror::handle::Inner;
use crate::mirror::metrics::WarningLabel;
use crate::mirror::warning::RealmWarning;

/// What is wrong with the parts of the realm that the picture does not show. Nothing where nobody has looked.
#[derive(Debug, Default)]
pub(super) struct Inspected {
    profile: Vec<RealmWarning>,
    issuer: Vec<RealmWarning>,
}

/// What a look brought: nothing of a part that could not be looked at.
#[derive(Debug, Default)]
pub(super) struct Inspection {
    profile: Option<Vec<RealmWarning>>,
    issuer: Option<Vec<RealmWarning>>,
}

/// Looks at the user profile and at the issuer.
pub(super) async fn inspect(inner: Arc<Inner>) -> Inspection {
    let (profile, issuer) = tokio::join!(inner.upkeep.profile(), inner.upkeep.probe_issuer());
    let renames = inner.journal.picture().facts.is_none_or(|facts| facts.edit_username_allowed);
    let profile = profile.map(|profile| RealmWarning::of_profile(&profile, renames));
    let profile = profile.inspect_err(|error| tracing::debug!(%error, "the user profile cannot be looked at"));
    let issuer = RealmWarning::of_issuer(issuer);
    let issuer = issuer.inspect_err(|error| tracing::debug!(%error, "the issuer cannot be looked at"));
    Inspection { profile: profile.ok(), issuer: issuer.ok().map(Vec::from_iter) }
}

impl Follower {
    /// Takes what a look brought. A part that could not be looked at stays as it was.
    pub(super) fn inspected(&mut self, inspection: Inspection) {
        let complete = inspection.profile.is_some() && inspection.issuer.is_some();
        if let Some(profile) = inspection.profile {
            self.inspected.profile = profile;
        }
        if let Some(issuer) = inspection.issuer {
            self.inspected.issuer = issuer;
        }
        if !complete {
            let again = tokio::time::Instant::now() + self.inner.following.refresh_without_events;
            self.inspect_at = self.inspect_at.min(again);
        }
        self.warn();
    }

    /// Says what is wrong with the realm: in the log whenever that changes, in the metrics, and to whoever asks.
    pub(super) fn warn(&self) {
        let Inspected { profile, issuer } = &self.inspected;
        let everyone = RealmWarning::of_everyone(&self.inner.journal.picture());
        let now: Vec<RealmWarning> = profile.iter().chain(issuer).cloned().chain(everyone).collect();
        let mut warnings = self.inner.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        if *warnings != now {
            for warning in now.iter().filter(|warning| !warnings.contains(warning)) {
                let what = warning.what();
                if warning.is_severe() {
                    tracing::error!(what, "the realm is not as it must be: {warning}");
                } else {
                    tracing::warn!(what, "the realm is not as it should be: {warning}");
                }
            }
            let gone = warnings.iter().map(RealmWarning::what).filter(|what| now.iter().all(|now| now.what() != *what));
            for what in gone {
                tracing::info!(what, "the realm is as it should be in this respect again");
            }
            *warnings = now;
        }
        for what in RealmWarning::KINDS {
            let is = warnings.iter().any(|warning| warning.what() == what);
            self.inner.metrics.misconfigured.get_or_create(&WarningLabel { what }).set(i64::from(is));
        }
    }
}
