//! Setting up a realm on the real server, and checking one.

mod adoption;
mod attacks;
mod check;
mod command;
mod cycle;
mod flags;
mod interrupted;
mod original;
mod place;
mod portrait;
mod rights;
mod tokens;

use std::sync::Arc;

use libtest_mimic::{Failed, Trial};
use real_peers::Shared;

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    vec![
        trial("a_run_is_interrupted_again_and_again", shared, interrupted::again_and_again),
        trial("two_run_at_the_same_time", shared, interrupted::in_parallel),
        trial("a_realm_is_created_left_alone_and_repaired", shared, cycle::created_left_alone_and_repaired),
        trial("a_realm_is_tightened", shared, attacks::before_and_after),
        trial("people_change_nothing_that_is_not_theirs", shared, attacks::on_a_bootstrapped_realm),
        trial("nobody_passes_for_an_unfinished_administrator", shared, attacks::forged_mark),
        trial("rights_are_widened_by_the_flag_alone", shared, flags::rights),
        trial("the_issuer_changes_by_the_flag_alone", shared, flags::frontend_url),
        trial("what_is_closed_opens_by_the_flag_alone", shared, flags::closed),
        trial("refresh_tokens_are_freed_by_the_flag_alone", shared, flags::refresh_tokens),
        trial("invited_people_log_in_and_tokens_are_what_the_platform_believes", shared, tokens::believed),
        trial("a_realm_of_the_original_loses_nothing", shared, adoption::nothing_is_lost),
        trial("a_check_finds_what_is_out_of_reach", shared, check::out_of_reach),
        trial("a_check_finds_each_setting", shared, check::settings),
        trial("a_check_finds_who_everybody_is", shared, check::everyone),
        trial("a_check_finds_each_missing_right", shared, rights::missing),
        trial("the_commands_do_the_same", shared, command::from_nothing_to_a_broken_realm),
    ]
}

/// A trial with a runtime of its own.
fn trial<F>(name: &str, shared: &Arc<Shared>, run: impl FnOnce(Arc<Shared>) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let shared = Arc::clone(shared);
    Trial::test(format!("bootstrap::{name}"), move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(run(shared));
        Ok::<_, Failed>(())
    })
}
