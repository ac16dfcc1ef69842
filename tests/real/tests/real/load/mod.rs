//! What reading and following cost in realms of some size.

mod large_group;
mod snapshot;

use std::sync::Arc;

use libtest_mimic::Trial;
use real_peers::Shared;

use crate::following::trial;

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    vec![
        trial("load::a_cold_start_costs_calls_per_page_and_group", shared, snapshot::thousand),
        trial("load::a_group_with_two_thousand_members", shared, large_group::followed),
    ]
}
