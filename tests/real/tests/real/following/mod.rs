//! The picture follows the real server: whatever others do, and however they do it.

mod events;
mod picture;
mod random;
mod scene;
mod visible;
mod writers;

use std::sync::Arc;

use libtest_mimic::Trial;
use real_peers::Shared;

pub(crate) use self::scene::{Scene, trial};

pub(crate) fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    vec![
        trial("following::four_writers_for_half_a_minute", shared, random::proof),
        trial("following::without_events_everything_is_read_again", shared, events::switched_off),
        trial("following::events_that_are_cleared_hide_nothing", shared, events::cleared),
        trial("following::events_that_come_late_are_not_missed", shared, events::late),
        trial("following::a_change_shows_through_graphql_within_two_seconds", shared, visible::within_two_seconds),
    ]
}
