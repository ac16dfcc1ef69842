//! Whatever happens in whatever order, in the end the mirror shows what is there.

use std::sync::Arc;
use std::time::Duration;

use primehub_core::identity::Key;
use primehub_core::names::{GroupId, UserId};
use proptest::prelude::*;

use super::model::{Edit, Model};
use super::{fresh, mirror, mirror_following, shown};
use crate::mirror::handle::Mirror;
use crate::settings::Following;

fn edit() -> impl Strategy<Value = Edit> {
    let n = || 0..12_usize;
    prop_oneof![
        4 => (n(), prop::option::of(n())).prop_map(|(name, team)| Edit::CreateUser { name, team }),
        1 => (n(), n()).prop_map(|(user, name)| Edit::RenameUser(user, name)),
        1 => (n(), prop::option::of(n())).prop_map(|(user, email)| Edit::SetEmail(user, email)),
        1 => (n(), any::<u32>()).prop_map(|(user, value)| Edit::SetUserAttribute(user, value)),
        2 => n().prop_map(Edit::DeleteUser),
        1 => n().prop_map(Edit::Overwrite),
        1 => n().prop_map(Edit::Register),
        1 => (n(), any::<u32>()).prop_map(|(user, value)| Edit::UpdateProfile(user, value)),
        4 => (n(), n()).prop_map(|(user, team)| Edit::Join(user, team)),
        2 => (n(), n()).prop_map(|(user, team)| Edit::Leave(user, team)),
        2 => n().prop_map(Edit::CreateTeam),
        2 => (n(), n()).prop_map(|(parent, name)| Edit::CreateChild(parent, name)),
        1 => (n(), n()).prop_map(|(team, name)| Edit::RenameTeam(team, name)),
        1 => (n(), any::<u32>()).prop_map(|(team, value)| Edit::SetTeamAttribute(team, value)),
        2 => (n(), prop::option::of(n())).prop_map(|(team, below)| Edit::Move(team, below)),
        2 => n().prop_map(Edit::DeleteTeam),
        3 => n().prop_map(Edit::CreateRole),
        1 => (n(), n()).prop_map(|(role, name)| Edit::RenameRole(role, name)),
        1 => n().prop_map(Edit::DeleteRole),
        1 => n().prop_map(Edit::ReplaceRole),
        3 => (n(), n(), any::<bool>()).prop_map(|(team, role, mapped)| Edit::MapRole(team, role, mapped)),
        2 => (n(), n(), any::<bool>()).prop_map(|(user, role, held)| Edit::GrantRole(user, role, held)),
        1 => (n(), any::<bool>()).prop_map(|(role, contains)| Edit::MakeAdministrative(role, contains)),
        1 => (n(), any::<bool>()).prop_map(|(user, held)| Edit::GrantAdministrator(user, held)),
        1 => (n(), any::<bool>()).prop_map(|(team, mapped)| Edit::MapAdministrator(team, mapped)),
        1 => (0..4_u8, n()).prop_map(|(number, team)| Edit::PutInvitation(number, team)),
        1 => (0..4_u8).prop_map(Edit::TakeInvitation),
        1 => n().prop_map(Edit::SetDefaultGroup),
        1 => any::<u32>().prop_map(Edit::SetDisplayName),
    ]
}

/// What this process does by itself, the way the store does it: under locks, showing at once what answers prove.
#[derive(Clone, Debug)]
enum Own {
    Join(usize, usize),
    Leave(usize, usize),
    DeleteUser(usize),
    DeleteTeam(usize),
    SetTeamAttribute(usize, u32),
    Refresh(usize),
}

fn own() -> impl Strategy<Value = Own> {
    let n = || 0..12_usize;
    prop_oneof![
        (n(), n()).prop_map(|(user, team)| Own::Join(user, team)),
        (n(), n()).prop_map(|(user, team)| Own::Leave(user, team)),
        n().prop_map(Own::DeleteUser),
        n().prop_map(Own::DeleteTeam),
        (n(), any::<u32>()).prop_map(|(team, value)| Own::SetTeamAttribute(team, value)),
        n().prop_map(Own::Refresh),
    ]
}

#[derive(Clone, Debug)]
enum Step {
    /// Begins now, is committed after so many milliseconds.
    Others(Edit, u64),
    Own(Own),
    /// So many milliseconds pass.
    Pause(u64),
    ClearEvents,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        12 => (edit(), prop_oneof![3 => Just(0_u64), 1 => 0..4_500_u64]).prop_map(|(edit, delay)| Step::Others(edit, delay)),
        4 => own().prop_map(Step::Own),
        8 => (0..1_500_u64).prop_map(Step::Pause),
        1 => Just(Step::ClearEvents),
    ]
}

fn person(model: &Model, number: usize) -> Option<UserId> {
    let state = model.state();
    state.people.keys().nth(number.checked_rem(state.people.len())?).cloned()
}

fn team(model: &Model, number: usize) -> Option<GroupId> {
    let state = model.state();
    state.teams.keys().nth(number.checked_rem(state.teams.len())?).cloned()
}

/// The number that chooses this key of the model.
fn position<K: PartialEq, V>(map: &std::collections::BTreeMap<K, V>, key: &K) -> Option<usize> {
    map.keys().position(|known| known == key)
}

async fn carry_out(model: Arc<Model>, mirror: Mirror, own: Own) -> Option<()> {
    let moment = || tokio::time::sleep(Duration::from_millis(20));
    match own {
        Own::Join(user, group) | Own::Leave(user, group) => {
            let joins = matches!(own, Own::Join(..));
            let (user, group) = (person(&model, user)?, team(&model, group)?);
            let _guard = mirror.lock(&[Key::User(user.clone())]).await;
            moment().await;
            let (user_at, group_at) = {
                let state = model.state();
                (position(&state.people, &user)?, position(&state.teams, &group)?)
            };
            model.edit(&if joins { Edit::Join(user_at, group_at) } else { Edit::Leave(user_at, group_at) });
            moment().await;
            mirror.publish(|draft| if joins { draft.join(&user, &group) } else { draft.leave(&user, &group) });
        }
        Own::DeleteUser(user) => {
            let user = person(&model, user)?;
            let _guard = mirror.lock(&[Key::User(user.clone())]).await;
            let at = position(&model.state().people, &user)?;
            model.edit(&Edit::DeleteUser(at));
            moment().await;
            mirror.publish(|draft| draft.remove_user(&user));
            assert!(mirror.directory().user(&user).is_none());
        }
        Own::DeleteTeam(group) => {
            let group = team(&model, group)?;
            let _guard = mirror.lock(&[Key::Group(group.clone())]).await;
            let at = position(&model.state().teams, &group)?;
            model.edit(&Edit::DeleteTeam(at));
            moment().await;
            mirror.publish(|draft| draft.remove_group(&group));
        }
        Own::SetTeamAttribute(group, value) => {
            let group = team(&model, group)?;
            let key = Key::Group(group.clone());
            let _guard = mirror.lock(std::slice::from_ref(&key)).await;
            let at = position(&model.state().teams, &group)?;
            model.edit(&Edit::SetTeamAttribute(at, value));
            mirror.reread(&[key]).await.unwrap();
        }
        Own::Refresh(user) => {
            let user = person(&model, user)?;
            let groups = model.state().people.get(&user)?.groups.clone();
            let before = model.state().people.contains_key(&user);
            mirror.refresh(&[Key::User(user.clone())]).await.unwrap();
            // Unless somebody has changed something meanwhile, the picture is as new as the call.
            let state = model.state();
            if before && state.people.get(&user).is_some_and(|person| person.groups == groups) {
                drop(state);
                assert!(mirror.directory().user(&user).is_some());
            }
        }
    }
    Some(())
}

async fn run(steps: Vec<Step>, slowness: u64, refresh: Option<u64>) {
    let model = Arc::new(Model::new(slowness));
    for number in 0..4 {
        model.edit(&Edit::CreateUser { name: number, team: Some(0) });
        model.edit(&Edit::CreateTeam(number));
        model.edit(&Edit::CreateRole(number));
    }
    let mirror = match refresh {
        None => mirror(&model),
        Some(milliseconds) => {
            let following = Following {
                overlap: Duration::from_secs(5),
                refresh_without_events: super::EVENTLESS,
                refresh: Duration::from_millis(milliseconds),
                ..Following::default()
            };
            mirror_following(&model, following)
        }
    };
    // The mirror begins in the middle of it.
    let running = mirror.follow();
    tokio::time::sleep(Duration::from_millis(30)).await;
    let mut clearable = true;
    let mut tasks = tokio::task::JoinSet::new();
    for step in steps {
        match step {
            Step::Others(edit, delay) => {
                let model = model.clone();
                let stamp = model.now();
                tasks.spawn(async move {
                    tokio::time::sleep(Duration::from_millis(delay)).await;
                    model.commit(stamp, &edit);
                });
            }
            Step::Own(own) => {
                let (model, mirror) = (model.clone(), mirror.clone());
                tasks.spawn(async move {
                    mirror.loaded().await;
                    carry_out(model, mirror, own).await;
                });
            }
            Step::Pause(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
            // A second time nobody could notice, if there was nothing in between.
            Step::ClearEvents if std::mem::take(&mut clearable) => {
                model.state().admin_events.clear();
                model.state().user_events.clear();
            }
            Step::ClearEvents => {}
        }
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(12)).await;
    let (shown, expected) = (shown(&mirror.directory()), fresh(&model).await);
    assert_eq!(shown, expected);
    drop(running);
}

fn in_virtual_time(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_mirror_ends_up_equal_to_a_fresh_one(
        steps in prop::collection::vec(step(), 1..60),
        slowness in prop_oneof![Just(0_u64), 0..200_u64],
        refresh in prop_oneof![3 => Just(None), 1 => (500..4_000_u64).prop_map(Some)],
    ) {
        in_virtual_time(run(steps, slowness, refresh));
    }
}
