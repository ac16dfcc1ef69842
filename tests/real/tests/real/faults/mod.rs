//! Faults of a real Keycloak, and what a client of the platform sees of them: whole servers, most of them on realms of the shared Keycloak.
//!
//! What has to be stopped, killed or frozen is one instance more, which the trials use one after the other.

mod away;
mod clock;
mod events;
mod frozen;
mod gate;
mod house;
mod keys;
mod killed;
mod nonsense;
mod own;
mod realm;
mod rights;
mod service_token;

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use real_peers::Shared;

use self::own::Own;

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let own = Arc::new(Own::new(shared));
    vec![
        // The longest first: the others run beside them.
        on_own("away_at_the_start_and_then_starting", &own, away::at_the_start),
        on_own("killed_while_a_user_is_created", &own, killed::creating_a_user),
        on_own("killed_while_members_of_a_group_change", &own, killed::changing_members),
        on_own("frozen_for_a_moment", &own, frozen::for_a_moment),
        on_own("frozen_for_longer_than_anybody_waits", &own, frozen::for_long),
        on_shared("away_for_longer_than_the_last_picture_counts", shared, away::for_long),
        on_shared("the_realm_is_deleted_and_made_again", shared, away::realm_deleted),
        on_shared("the_service_token_is_revoked", shared, service_token::revoked),
        on_shared("the_clients_secret_changes", shared, service_token::secret_changes),
        on_shared("signing_keys_are_rotated", shared, keys::rotated),
        on_shared("the_clock_is_a_minute_off", shared, clock::a_minute_off),
        on_shared("attributes_are_nonsense", shared, nonsense::attributes),
        on_shared("a_group_has_two_thousand_members", shared, nonsense::two_thousand_members),
        on_shared("events_are_cleared", shared, events::cleared),
        on_shared("events_are_switched_off", shared, events::switched_off),
        on_shared("events_may_not_be_read", shared, events::not_permitted),
        on_shared("rights_are_missing", shared, rights::missing),
        on_shared("the_service_account_may_not_read", shared, rights::nothing_to_read),
    ]
}

fn on_shared<F>(name: &str, shared: &Arc<Shared>, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    trial(name, shared, run)
}

fn on_own<F>(name: &str, own: &Arc<Own>, run: impl FnOnce(Arc<Own>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    trial(name, own, run)
}

/// A trial with a runtime of its own.
fn trial<T, F>(name: &str, subject: &Arc<T>, run: impl FnOnce(Arc<T>) -> F + Send + 'static) -> Trial
where
    T: Send + Sync + 'static,
    F: Future<Output = ()>,
{
    let subject = Arc::clone(subject);
    Trial::test(format!("faults::{name}"), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(subject));
        Ok::<_, Failed>(())
    })
}
