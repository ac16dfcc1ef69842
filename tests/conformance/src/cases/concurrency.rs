//! Callers at the same moment.

use std::sync::Arc;

use primehub_core::identity::{
    Actor, Applied, AttributeEdit, Conflict, Edit, IdentityError, IdentityStore, Key, NewInvitation, Role, UserEdit,
};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, same, winners};
use crate::context::{change, grant, join, leave, set, set_of_user, texts};

cases! { "concurrency":
    edits_of_different_attributes_of_a_group_all_survive,
    edits_of_one_list_of_a_group_all_survive,
    edits_of_different_attributes_of_a_user_all_survive,
    edits_of_different_fields_of_a_user_all_survive,
    edits_of_many_groups_do_not_disturb_each_other,
    edits_beside_edits_elsewhere_survive,
    of_edits_with_the_same_expectation_one_wins,
    of_users_with_the_same_name_one_is_created,
    of_users_with_the_same_address_one_is_created,
    of_groups_with_the_same_path_one_is_created,
    of_roles_with_the_same_name_one_is_created,
    many_users_join_at_once,
    one_user_joins_many_groups_at_once,
    the_same_membership_is_wanted_by_many,
    joining_and_leaving_end_in_one_of_the_two,
    the_same_grant_is_wanted_by_many,
    of_deletions_of_a_user_one_gets_it,
    of_deletions_of_a_group_one_gets_it,
    a_user_is_deleted_while_joining,
    of_takers_of_an_invitation_one_gets_it,
    invitations_at_once_keep_the_limit,
    invitations_at_once_are_all_kept,
    what_is_written_is_read_by_its_writer,
}

async fn edits_of_different_attributes_of_a_group_all_survive(context: Context) -> Done {
    let team = context.group_with("team", &[("from-elsewhere", &["1"])]).await?;
    let edits = (0..8).map(|number| set(&format!("note-{number}"), "x")).collect();
    let answers = edit_group(&context, &team.id, edits).await?;
    same!(winners(&answers), 8, "winners of {answers:?}");
    let shown = context.shown_group(&team.id)?;
    same!(shown.attributes.iter().count(), 9);
    context.store.refresh(&[Key::Group(team.id.clone())]).await?;
    same!(context.shown_group(&team.id)?, shown);
    Ok(())
}

async fn edits_of_one_list_of_a_group_all_survive(context: Context) -> Done {
    let team = context.group_with("team", &[("admins", &["old"])]).await?;
    let mut edits: Vec<_> = (0..7).map(|number| change("admins", &[&format!("user-{number}")], &[])).collect();
    edits.push(change("admins", &[], &["old"]));
    let answers = edit_group(&context, &team.id, edits).await?;
    same!(winners(&answers), 8, "winners of {answers:?}");
    let mut admins = context.shown_group(&team.id)?.attributes.all("admins").to_vec();
    admins.sort_unstable();
    same!(admins, (0..7).map(|number| format!("user-{number}")).collect::<Vec<_>>());
    Ok(())
}

type Answers<T> = Vec<Result<T, IdentityError>>;

async fn edit_group(
    context: &Context,
    id: &primehub_core::names::GroupId,
    edits: Vec<primehub_core::identity::GroupEdit>,
) -> Result<Answers<()>, crate::Failure> {
    context
        .at_once(edits, |store, edit| {
            let id = id.clone();
            async move { store.edit_group(&Actor::service(), &id, edit).await.map(drop) }
        })
        .await
}

async fn edit_user(
    context: &Context,
    id: &primehub_core::names::UserId,
    edits: Vec<UserEdit>,
) -> Result<Answers<()>, crate::Failure> {
    context
        .at_once(edits, |store, edit| {
            let id = id.clone();
            async move { store.edit_user(&Actor::service(), &id, edit).await.map(drop) }
        })
        .await
}

async fn edits_of_different_attributes_of_a_user_all_survive(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let edits = (0..8).map(|number| set_of_user(&format!("note-{number}"), "x")).collect();
    let answers = edit_user(&context, &amy.id, edits).await?;
    same!(winners(&answers), 8, "winners of {answers:?}");
    let shown = context.shown_user(&amy.id)?;
    same!(shown.attributes.iter().count(), 10);
    same!((&shown.email, &shown.first_name, &shown.last_name), (&amy.email, &amy.first_name, &amy.last_name));
    context.store.refresh(&[Key::User(amy.id.clone())]).await?;
    same!(context.shown_user(&amy.id)?, shown);
    Ok(())
}

async fn edits_of_different_fields_of_a_user_all_survive(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let to = |text: &str| Edit::Set(text.to_owned());
    let mut list = UserEdit::default();
    list.attributes.put("from-elsewhere", AttributeEdit::Change { add: texts(&["d"]), remove: texts(&["a"]) });
    let edits = vec![
        UserEdit { email: to(&context.email("other")), ..UserEdit::default() },
        UserEdit { first_name: to("Zoe"), ..UserEdit::default() },
        UserEdit { last_name: to("Kay"), ..UserEdit::default() },
        UserEdit { enabled: Some(false), ..UserEdit::default() },
        set_of_user("volumeCapacity", "1G"),
        list,
    ];
    let answers = edit_user(&context, &amy.id, edits).await?;
    same!(winners(&answers), 6, "winners of {answers:?}");
    let shown = context.shown_user(&amy.id)?;
    same!(shown.email, Some(context.email("other")));
    same!((shown.first_name.as_deref(), shown.last_name.as_deref(), shown.enabled), (Some("Zoe"), Some("Kay"), false));
    same!(shown.attributes.first("volumeCapacity"), Some("1G"));
    same!(shown.attributes.all("from-elsewhere"), ["c", "b", "d"]);
    Ok(())
}

async fn edits_of_many_groups_do_not_disturb_each_other(context: Context) -> Done {
    let mut groups = Vec::new();
    for number in 0..8 {
        groups.push(context.group(&format!("team{number}x")).await?.id.clone());
    }
    let answers = context.at_once(groups.clone(), |store, id| async move {
        for number in 0..3 {
            store.edit_group(&Actor::service(), &id, set(&format!("note-{number}"), id.as_str())).await?;
        }
        Ok::<_, IdentityError>(())
    });
    for answer in answers.await? {
        answer?;
    }
    for id in groups {
        let shown = context.shown_group(&id)?;
        check!(
            shown.attributes.iter().count() == 3 && shown.attributes.iter().all(|(_, value)| value == [id.as_str()])
        );
    }
    Ok(())
}

async fn edits_beside_edits_elsewhere_survive(context: Context) -> Done {
    // The other hand takes turns with ours: read-modify-write from two sides at the very same moment cannot be kept apart.
    let team = context.group_with("team", &[("from-elsewhere", &["0"])]).await?;
    for round in 1..=4 {
        let round = round.to_string();
        context.hand.set_group_attribute(&team.id, "from-elsewhere", &[&round]).await?;
        let edits = (0..3).map(|number| set(&format!("note-{number}"), &round)).collect();
        same!(winners(&edit_group(&context, &team.id, edits).await?), 3);
        let shown = context.shown_group(&team.id)?;
        same!(shown.attributes.iter().count(), 4);
        check!(shown.attributes.iter().all(|(_, value)| value == [&*round]), "{shown:?} in round {round}");
    }
    Ok(())
}

async fn of_edits_with_the_same_expectation_one_wins(context: Context) -> Done {
    let team = context.group_with("team", &[("quota-cpu", &["1"])]).await?;
    let edits = (2..10).map(|number| {
        let mut edit = set("quota-cpu", &number.to_string());
        edit.expecting = [("quota-cpu".to_owned(), texts(&["1"]))].into();
        edit
    });
    let answers = edit_group(&context, &team.id, edits.collect()).await?;
    same!(winners(&answers), 1);
    let lost = Err(IdentityError::Conflict(Conflict::Expectation));
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == lost), "{answers:?}");
    Ok(())
}

async fn of_users_with_the_same_name_one_is_created(context: Context) -> Done {
    let new = context.new_user("amy")?;
    let answers =
        context.at_once(vec![new; 8], |store, new| async move { store.create_user(&Actor::service(), new).await });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    let taken = |error: &&IdentityError| {
        matches!(error, IdentityError::Conflict(Conflict::Username | Conflict::UsernameOrEmail))
    };
    check!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(|error| taken(&error)), "{answers:?}");
    let winner = answers.into_iter().flatten().next();
    same!(context.directory().user_named(&context.name("amy")), winner.as_ref().map(|written| &written.value));
    Ok(())
}

async fn of_users_with_the_same_address_one_is_created(context: Context) -> Done {
    let mut all = Vec::new();
    for number in 0..8 {
        let mut new = context.new_user(&format!("u{number}x"))?;
        new.email = Some(context.email("same"));
        all.push(new);
    }
    let answers = context.at_once(all, |store, new| async move { store.create_user(&Actor::service(), new).await });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    let directory = context.directory();
    let named = (0..8).filter(|number| directory.user_named(&context.name(&format!("u{number}x"))).is_some());
    same!(named.count(), 1);
    Ok(())
}

async fn of_groups_with_the_same_path_one_is_created(context: Context) -> Done {
    let mut all = Vec::new();
    for stem in ["Team_A", "team-a", "TEAM-A", "team_a"].repeat(2) {
        all.push(context.new_group(stem)?);
    }
    let path = all[0].name.path();
    let answers = context.at_once(all, |store, new| async move { store.create_group(&Actor::service(), new).await });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    let lost = Err(IdentityError::Conflict(Conflict::GroupName));
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == lost), "{answers:?}");
    same!(context.directory().groups_with_path(&path).count(), 1);
    Ok(())
}

async fn of_roles_with_the_same_name_one_is_created(context: Context) -> Done {
    let role = Role::new(primehub_core::identity::RoleKey::realm(context.name("it:cpu")));
    let answers =
        context.at_once(vec![role; 8], |store, role| async move { store.ensure_role(&Actor::service(), role).await });
    let mut changed = 0;
    for answer in answers.await? {
        changed += usize::from(answer?.value == Applied::Changed);
    }
    same!(changed, 1);
    Ok(())
}

/// Carries out one binding per task, and answers how many changed something.
async fn bind(context: &Context, edits: Vec<primehub_core::identity::Binding>) -> Result<usize, crate::Failure> {
    let carry_out = |store: Arc<dyn IdentityStore>, edit| async move { store.bind(&Actor::service(), &[edit]).await };
    let mut changed = 0;
    for answer in context.at_once(edits, carry_out).await? {
        for outcome in answer? {
            changed += usize::from(outcome? == Applied::Changed);
        }
    }
    Ok(changed)
}

async fn many_users_join_at_once(context: Context) -> Done {
    let team = context.group("team").await?;
    let mut edits = Vec::new();
    for number in 0..16 {
        edits.push(join(&context.user(&format!("u{number}x")).await?.id, &team.id));
    }
    same!(bind(&context, edits).await?, 16);
    same!(context.directory().member_count(&team.id), 16);
    Ok(())
}

async fn one_user_joins_many_groups_at_once(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let mut edits = Vec::new();
    for number in 0..8 {
        edits.push(join(&amy.id, &context.group(&format!("team{number}x")).await?.id));
    }
    same!(bind(&context, edits).await?, 8);
    same!(context.directory().groups_of(&amy.id).count(), 9);
    Ok(())
}

async fn the_same_membership_is_wanted_by_many(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    // Callers with the same wish may share one answer.
    check!(bind(&context, vec![join(&amy.id, &team.id); 8]).await? >= 1);
    same!(context.directory().member_count(&team.id), 1);
    check!(bind(&context, vec![leave(&amy.id, &team.id); 8]).await? >= 1);
    same!(context.directory().member_count(&team.id), 0);
    Ok(())
}

async fn joining_and_leaving_end_in_one_of_the_two(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let both = [join(&amy.id, &team.id), leave(&amy.id, &team.id)];
    bind(&context, both.into_iter().cycle().take(8).collect()).await?;
    let shown = context.directory().is_member(&amy.id, &team.id);
    context.store.refresh(&[Key::User(amy.id.clone()), Key::Group(team.id.clone())]).await?;
    same!(context.directory().is_member(&amy.id, &team.id), shown, "the membership in the realm");
    same!(context.directory().member_count(&team.id), usize::from(shown));
    Ok(())
}

async fn the_same_grant_is_wanted_by_many(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    check!(bind(&context, vec![grant(&team.id, &role); 8]).await? >= 1);
    check!(context.directory().group_has_role(&team.id, &role));
    check!(bind(&context, vec![crate::context::revoke(&team.id, &role); 8]).await? >= 1);
    check!(!context.directory().group_has_role(&team.id, &role));
    Ok(())
}

async fn of_deletions_of_a_user_one_gets_it(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let answers = context
        .at_once(vec![amy.id.clone(); 8], |store, id| async move { store.delete_user(&Actor::service(), &id).await });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    check!(answers.iter().flatten().all(|deleted| deleted.value == amy));
    let absent = Err(IdentityError::Absent(Key::User(amy.id.clone())));
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == absent), "{answers:?}");
    Ok(())
}

async fn of_deletions_of_a_group_one_gets_it(context: Context) -> Done {
    let team = context.group("team").await?;
    let answers = context
        .at_once(vec![team.id.clone(); 8], |store, id| async move { store.delete_group(&Actor::service(), &id).await });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    let absent = Err(IdentityError::Absent(Key::Group(team.id.clone())));
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == absent), "{answers:?}");
    Ok(())
}

async fn a_user_is_deleted_while_joining(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let answers = context.at_once((0..6).collect(), |store, number: u32| {
        let (user, edit) = (amy.id.clone(), join(&amy.id, &team.id));
        async move {
            if number == 0 {
                return store.delete_user(&Actor::service(), &user).await.map(drop);
            }
            let outcomes = store.bind(&Actor::service(), &[edit]).await?;
            outcomes.into_iter().try_for_each(|outcome| outcome.map(drop))
        }
    });
    let answers = answers.await?;
    same!(answers[0], Ok(()));
    let absent = Err(IdentityError::Absent(Key::User(amy.id.clone())));
    check!(answers.iter().all(|answer| answer.is_ok() || *answer == absent), "{answers:?}");
    context.store.refresh(&[Key::Group(team.id.clone())]).await?;
    same!(context.directory().member_count(&team.id), 0);
    Ok(())
}

async fn of_takers_of_an_invitation_one_gets_it(context: Context) -> Done {
    let team = context.group("team").await?;
    let invitation = context.invite("token", &team, 3_600).await?;
    let answers = context.at_once(vec![invitation.id; 8], |store, id| async move {
        store.take_invitation(&Actor::service(), &id).await
    });
    let answers = answers.await?;
    same!(winners(&answers), 1);
    check!(answers.iter().flatten().all(|taken| taken.value == invitation));
    let absent = Err(IdentityError::Absent(Key::Invitation(invitation.id)));
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == absent), "{answers:?}");
    Ok(())
}

async fn put(context: &Context, at_most: Option<u64>) -> Result<(usize, usize), crate::Failure> {
    let team = context.group("team").await?;
    let new = |number| {
        let mut new = NewInvitation::new(context.invitation(&format!("token-{number}-"), &team.id, 3_600));
        new.at_most = at_most;
        new
    };
    let all = (0..8).map(new).collect();
    let answers = context.at_once(all, |store, new| async move { store.put_invitation(&Actor::service(), new).await });
    Ok((winners(&answers.await?), context.directory().invitations_into(&team.id).count()))
}

async fn invitations_at_once_keep_the_limit(context: Context) -> Done {
    same!(put(&context, Some(3)).await?, (3, 3));
    Ok(())
}

async fn invitations_at_once_are_all_kept(context: Context) -> Done {
    same!(put(&context, None).await?, (8, 8));
    Ok(())
}

async fn what_is_written_is_read_by_its_writer(context: Context) -> Done {
    let team = context.group("team").await?;
    let answers = context.at_once((0..8).collect(), |store, number: u32| {
        let id = team.id.clone();
        async move {
            let name = format!("note-{number}");
            let written = store.edit_group(&Actor::service(), &id, set(&name, "x")).await?;
            let directory = store.directory();
            let shown = directory.group(&id).is_some_and(|group| group.attributes.first(&name) == Some("x"));
            Ok::<_, IdentityError>(shown && directory.revision() >= written.revision)
        }
    });
    for answer in answers.await? {
        check!(answer?, "a writer does not see what it wrote");
    }
    Ok(())
}
