//! Who belongs where, and which group holds what.

use primehub_core::identity::{Applied, Binding, IdentityError, Key, RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, same};
use crate::context::{grant, join, leave, revoke};

cases! { "bindings":
    a_user_joins_and_leaves,
    a_membership_is_shown_at_once_from_both_sides,
    joining_twice_is_the_same_as_once,
    leaving_twice_is_the_same_as_once,
    no_edits_are_no_error,
    answers_stand_in_order_whatever_became_of_them,
    one_failure_does_not_stop_the_others,
    everyone_can_be_left_and_joined_again,
    a_member_of_many_groups_is_in_each,
    a_role_is_granted_and_revoked,
    a_role_is_granted_to_several_groups,
    granting_twice_is_the_same_as_once,
    an_absent_role_is_named,
    an_absent_subject_of_a_grant_is_named,
    members_hold_the_roles_of_their_groups,
    other_roles_are_not_granted_to_users,
}

async fn a_user_joins_and_leaves(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    same!(context.bind(&[join(&amy.id, &team.id)]).await?, [Ok(Applied::Changed)]);
    check!(context.directory().is_member(&amy.id, &team.id));
    same!(context.bind(&[leave(&amy.id, &team.id)]).await?, [Ok(Applied::Changed)]);
    check!(!context.directory().is_member(&amy.id, &team.id));
    Ok(())
}

async fn a_membership_is_shown_at_once_from_both_sides(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    let directory = context.directory();
    check!(directory.members(&team.id).any(|user| user.id == amy.id));
    check!(directory.groups_of(&amy.id).any(|group| group.id == team.id));
    same!(directory.member_count(&team.id), 1);
    same!((directory.user(&amy.id), directory.group(&team.id)), (Some(&amy), Some(&team)));
    Ok(())
}

async fn joining_twice_is_the_same_as_once(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let twice = [join(&amy.id, &team.id), join(&amy.id, &team.id)];
    same!(context.bind(&twice).await?, [Ok(Applied::Changed), Ok(Applied::Unchanged)]);
    same!(context.bind(&twice[..1]).await?, [Ok(Applied::Unchanged)]);
    same!(context.directory().member_count(&team.id), 1);
    Ok(())
}

async fn leaving_twice_is_the_same_as_once(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    same!(context.bind(&[leave(&amy.id, &team.id)]).await?, [Ok(Applied::Unchanged)]);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    let twice = [leave(&amy.id, &team.id), leave(&amy.id, &team.id)];
    same!(context.bind(&twice).await?, [Ok(Applied::Changed), Ok(Applied::Unchanged)]);
    Ok(())
}

async fn no_edits_are_no_error(context: Context) -> Done {
    same!(context.bind(&[]).await?, []);
    Ok(())
}

async fn answers_stand_in_order_whatever_became_of_them(context: Context) -> Done {
    let (amy, team, role) = (context.user("amy").await?, context.group("team").await?, context.role("it:cpu").await?);
    let (nobody, nothing) = (UserId::new(context.name("nobody")), GroupId::new(context.name("nothing")));
    let no_role = RoleKey::realm(context.name("it:none"));
    let edits = [
        join(&amy.id, &team.id),
        join(&nobody, &team.id),
        join(&amy.id, &nothing),
        join(&amy.id, &team.id),
        grant(&team.id, &role),
        grant(&team.id, &no_role),
        leave(&amy.id, &team.id),
        leave(&nobody, &team.id),
        revoke(&nothing, &role),
        join(&amy.id, &team.id),
    ];
    let absent = |key| Err(IdentityError::Absent(key));
    let expected = [
        Ok(Applied::Changed),
        absent(Key::User(nobody.clone())),
        absent(Key::Group(nothing.clone())),
        Ok(Applied::Unchanged),
        Ok(Applied::Changed),
        absent(Key::Role(no_role)),
        Ok(Applied::Changed),
        absent(Key::User(nobody)),
        absent(Key::Group(nothing)),
        Ok(Applied::Changed),
    ];
    same!(context.bind(&edits).await?, expected);
    let directory = context.directory();
    check!(directory.is_member(&amy.id, &team.id) && directory.group_has_role(&team.id, &role));
    Ok(())
}

async fn one_failure_does_not_stop_the_others(context: Context) -> Done {
    let (amy, bob, team) = (context.user("amy").await?, context.user("bob").await?, context.group("team").await?);
    context.store.delete_user(&context.by(), &amy.id).await?;
    let outcomes = context.bind(&[join(&amy.id, &team.id), join(&bob.id, &team.id)]).await?;
    same!(outcomes, [Err(IdentityError::Absent(Key::User(amy.id.clone()))), Ok(Applied::Changed)]);
    check!(context.directory().is_member(&bob.id, &team.id));
    Ok(())
}

async fn everyone_can_be_left_and_joined_again(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let everyone = context.directory().everyone_id().clone();
    context.bound(&[leave(&amy.id, &everyone)]).await?;
    same!(context.directory().groups_of(&amy.id).count(), 0);
    check!(context.directory().user(&amy.id).is_some());
    context.bound(&[join(&amy.id, &everyone)]).await?;
    check!(context.directory().is_member(&amy.id, &everyone));
    Ok(())
}

async fn a_member_of_many_groups_is_in_each(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let mut groups = Vec::new();
    for number in 0..12 {
        groups.push(context.group(&format!("team{number}x")).await?);
    }
    let joins: Vec<_> = groups.iter().map(|group| join(&amy.id, &group.id)).collect();
    context.bound(&joins).await?;
    let directory = context.directory();
    check!(groups.iter().all(|group| directory.is_member(&amy.id, &group.id)));
    same!(directory.groups_of(&amy.id).count(), 13);
    let names: Vec<String> = directory.groups_of(&amy.id).map(|group| group.name.to_string()).collect();
    check!(names.is_sorted(), "groups are not sorted by name: {names:?}");
    Ok(())
}

async fn a_role_is_granted_and_revoked(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    same!(context.bind(&[grant(&team.id, &role)]).await?, [Ok(Applied::Changed)]);
    let directory = context.directory();
    check!(directory.group_has_role(&team.id, &role));
    check!(directory.groups_with_role(&role).eq([&team.id]));
    same!(context.bind(&[revoke(&team.id, &role)]).await?, [Ok(Applied::Changed)]);
    let directory = context.directory();
    check!(!directory.group_has_role(&team.id, &role) && directory.role(&role).is_some());
    Ok(())
}

async fn a_role_is_granted_to_several_groups(context: Context) -> Done {
    let role = context.role("ds:data").await?;
    let (one, two) = (context.group("one").await?, context.group("two").await?);
    let other = context.role("ds:other").await?;
    context.bound(&[grant(&one.id, &role), grant(&two.id, &role), grant(&one.id, &other)]).await?;
    let directory = context.directory();
    same!(directory.groups_with_role(&role).count(), 2);
    context.bound(&[revoke(&one.id, &role)]).await?;
    let directory = context.directory();
    check!(directory.groups_with_role(&role).eq([&two.id]));
    check!(directory.roles_of_group(&one.id).eq([&other]), "revoking one role took others along");
    Ok(())
}

async fn granting_twice_is_the_same_as_once(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    let edits = [
        revoke(&team.id, &role),
        grant(&team.id, &role),
        grant(&team.id, &role),
        revoke(&team.id, &role),
        revoke(&team.id, &role),
    ];
    let expected =
        [Applied::Unchanged, Applied::Changed, Applied::Unchanged, Applied::Changed, Applied::Unchanged].map(Ok);
    same!(context.bind(&edits).await?, expected);
    Ok(())
}

async fn an_absent_role_is_named(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    context.store.delete_role(&context.by(), &role).await?;
    let absent = Err(IdentityError::Absent(Key::Role(role.clone())));
    let outcomes = context.bind(&[grant(&team.id, &role), revoke(&team.id, &role)]).await?;
    same!(outcomes, [absent.clone(), absent]);
    Ok(())
}

async fn an_absent_subject_of_a_grant_is_named(context: Context) -> Done {
    let role = context.administrator_role();
    let (nobody, nothing) = (UserId::new(context.name("nobody")), GroupId::new(context.name("nothing")));
    let to_nobody = Binding::Grant { to: Subject::User(nobody.clone()), role };
    let outcomes = context.bind(&[to_nobody, grant(&nothing, &context.role("it:cpu").await?)]).await?;
    let absent = |key| Err(IdentityError::Absent(key));
    same!(outcomes, [absent(Key::User(nobody)), absent(Key::Group(nothing))]);
    Ok(())
}

async fn members_hold_the_roles_of_their_groups(context: Context) -> Done {
    let (amy, bob) = (context.user("amy").await?, context.user("bob").await?);
    let (team, role) = (context.group("team").await?, context.role("img:torch").await?);
    context.bound(&[join(&amy.id, &team.id), grant(&team.id, &role)]).await?;
    let directory = context.directory();
    check!(directory.effective_roles(&amy.id).contains(&role));
    check!(!directory.effective_roles(&bob.id).contains(&role));
    Ok(())
}

async fn other_roles_are_not_granted_to_users(context: Context) -> Done {
    let (amy, role) = (context.user("amy").await?, context.role("it:cpu").await?);
    let subject = Subject::User(amy.id.clone());
    let edits = [
        Binding::Grant { to: subject.clone(), role: role.clone() },
        Binding::Revoke { from: subject, role: role.clone() },
    ];
    let outcomes = context.bind(&edits).await?;
    let unsupported = |outcome| matches!(outcome, &Err(IdentityError::Unsupported { .. }));
    check!(outcomes.len() == 2 && outcomes.iter().all(unsupported), "{outcomes:?}");
    check!(!context.directory().effective_roles(&amy.id).contains(&role));
    Ok(())
}
