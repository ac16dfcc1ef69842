//! The mirror against a realm in memory that behaves like one of Keycloak's: events without details, stamped before they are committed.
//! Time is virtual.

mod calls;
mod following;
mod model;
mod races;
mod random;
mod warnings;

use std::sync::Arc;
use std::time::Duration;

use primehub_core::clock::ManualClock;
use primehub_core::identity::Directory;

use self::model::Model;
use super::handle::Mirror;
use super::metrics::MirrorMetrics;
use super::picture::Picture;
use crate::settings::Following;

/// After an import that overwrites, everything is read once after so long.
const EVENTLESS: Duration = Duration::from_secs(6);

/// A mirror of the model that reads everything only at the beginning.
fn mirror(model: &Arc<Model>) -> Mirror {
    let following = Following {
        overlap: Duration::from_secs(5),
        refresh: Duration::from_hours(24),
        refresh_without_events: EVENTLESS,
        ..Following::default()
    };
    mirror_following(model, following)
}

fn mirror_following(model: &Arc<Model>, following: Following) -> Mirror {
    let clock = Arc::new(ManualClock::new(jiff::Timestamp::UNIX_EPOCH));
    let picture = Picture::new("primehub", None);
    Mirror::of(model.clone(), picture, clock, following, "admin-ui".into(), MirrorMetrics::default())
}

/// Everything that a picture shows, in words.
fn shown(directory: &Directory) -> Vec<String> {
    let mut lines =
        vec![format!("everyone {:?}", directory.everyone().map(|group| &group.id)), format!("{:?}", directory.realm())];
    for user in directory.users() {
        let groups: Vec<_> = directory.groups_of(&user.id).map(|group| group.id.to_string()).collect();
        let roles: Vec<_> = directory.roles_of_user(&user.id).map(ToString::to_string).collect();
        let administrator = directory.is_administrator(&user.id);
        lines.push(format!("{user:?} in {groups:?} with {roles:?} administrator {administrator}"));
    }
    for group in directory.all_groups() {
        let mut roles: Vec<_> = directory.roles_of_group(&group.id).map(ToString::to_string).collect();
        roles.sort_unstable();
        lines.push(format!("{group:?} with {roles:?}"));
    }
    lines.extend(directory.roles().map(|role| format!("{role:?}")));
    lines.extend(directory.invitations().map(|invitation| format!("{invitation:?}")));
    lines.sort_unstable();
    lines
}

/// What a mirror that begins now shows.
async fn fresh(model: &Arc<Model>) -> Vec<String> {
    let mirror = mirror(model);
    let running = mirror.follow();
    mirror.loaded().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    drop(running);
    shown(&mirror.directory())
}
