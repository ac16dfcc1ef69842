//! A realm that others work in too: what they make and change shows without being asked for, and survives.

use primehub_core::identity::{Edit, InvitationId, Key, RoleKey, Subject, UserEdit, UserSettings};

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::context::{attributes, join, set_of_user, texts};
use crate::{Context, HandedUser};

cases! { "adoption":
    a_user_made_by_hand_appears_with_everything,
    a_user_made_by_hand_is_edited_like_others,
    a_user_disabled_by_hand_is_disabled,
    a_user_deleted_by_hand_disappears,
    a_membership_made_by_hand_appears,
    a_membership_ended_by_hand_disappears,
    a_user_without_everyone_is_shown,
    a_verified_address_stays_verified,
    required_actions_survive_edits,
    nonsense_in_a_users_attribute_is_kept,
    a_group_made_by_hand_appears,
    a_group_is_renamed,
    a_description_survives_edits,
    groups_may_have_any_name,
    groups_of_one_path_are_both_shown,
    nonsense_in_a_groups_attribute_is_kept,
    a_group_deleted_by_hand_disappears_with_memberships,
    a_nested_group_is_no_group_of_prime_hub,
    a_deleted_group_takes_its_nested_groups_along,
    a_role_deleted_by_hand_disappears_with_grants,
    a_grant_made_by_hand_appears,
    changes_by_hand_are_told_one_after_another,
    an_invitation_of_the_original_is_taken,
}

async fn a_user_made_by_hand_appears_with_everything(context: Context) -> Done {
    let handed = HandedUser {
        email: Some(context.email("Amy")),
        first_name: Some("Amy".into()),
        last_name: Some("Lee".into()),
        attributes: attributes(&[("volumeCapacity", &["7G"]), ("from-elsewhere", &["b", "a"])]),
        ..HandedUser::named(context.name("AMY"))
    };
    let wanted = handed.attributes.clone();
    let id = context.hand.create_user(handed).await?;
    let directory = context.until("the user made by hand", |directory| directory.user(&id).is_some()).await?;
    let amy = context.shown_user(&id)?;
    same!(*amy.username, *context.name("amy"));
    same!(amy.email, Some(context.email("amy")));
    same!((amy.first_name.as_deref(), amy.last_name.as_deref(), amy.enabled), (Some("Amy"), Some("Lee"), true));
    same!(amy.attributes, wanted);
    check!(directory.is_member(&id, directory.everyone_id()));
    check!(directory.people_from(0).any(|user| user.id == id));
    Ok(())
}

async fn a_user_made_by_hand_is_edited_like_others(context: Context) -> Done {
    let handed = HandedUser {
        email: Some(context.email("amy")),
        attributes: attributes(&[("from-elsewhere", &["b", "a"])]),
        ..HandedUser::named(context.name("amy"))
    };
    let id = context.hand.create_user(handed).await?;
    // Without waiting: an edit asks the realm.
    let written = context.store.edit_user(&context.by(), &id, set_of_user("note", "x")).await?.value;
    same!(written.attributes, attributes(&[("from-elsewhere", &["b", "a"]), ("note", &["x"])]));
    same!(written.email, Some(context.email("amy")));
    Ok(())
}

async fn a_user_disabled_by_hand_is_disabled(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.hand.set_enabled(&amy.id, false).await?;
    let disabled =
        |directory: &primehub_core::identity::Directory| directory.user(&amy.id).is_some_and(|user| !user.enabled);
    context.until("the disabled user", disabled).await?;
    let shown = context.shown_user(&amy.id)?;
    same!((&shown.attributes, &shown.email), (&amy.attributes, &amy.email));
    // An edit of something else does not enable again.
    check!(!context.edit_user(&amy, set_of_user("note", "x")).await?.enabled);
    Ok(())
}

async fn a_user_deleted_by_hand_disappears(context: Context) -> Done {
    let (amy, team) = (context.full_user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.hand.delete_user(&amy.id).await?;
    let directory = context.until("the deletion", |directory| directory.user(&amy.id).is_none()).await?;
    same!(directory.member_count(&team.id), 0);
    check!(directory.user_with_email(&context.email("amy")).is_none());
    Ok(())
}

async fn a_membership_made_by_hand_appears(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.hand.join(&amy.id, &team.id).await?;
    context.until("the membership", |directory| directory.is_member(&amy.id, &team.id)).await?;
    Ok(())
}

async fn a_membership_ended_by_hand_disappears(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.hand.leave(&amy.id, &team.id).await?;
    context.until("the end of the membership", |directory| !directory.is_member(&amy.id, &team.id)).await?;
    Ok(())
}

async fn a_user_without_everyone_is_shown(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let everyone = context.directory().everyone_id().clone();
    context.hand.leave(&amy.id, &everyone).await?;
    let directory = context.until("the leave", |directory| !directory.is_member(&amy.id, &everyone)).await?;
    same!(directory.user_named(&amy.username), Some(&amy));
    check!(directory.people_from(0).any(|user| user.id == amy.id));
    context.bound(&[join(&amy.id, &everyone)]).await?;
    check!(context.directory().is_member(&amy.id, &everyone));
    Ok(())
}

async fn a_verified_address_stays_verified(context: Context) -> Done {
    let handed = HandedUser {
        email: Some(context.email("amy")),
        email_verified: true,
        ..HandedUser::named(context.name("amy"))
    };
    let id = context.hand.create_user(handed).await?;
    let mut edit = set_of_user("note", "x");
    (edit.first_name, edit.email) = (Edit::Set("Amy".into()), Edit::Set(context.email("AMY")));
    let amy = context.store.edit_user(&context.by(), &id, edit).await?.value;
    check!(amy.email_verified, "{amy:?}");
    Ok(())
}

async fn required_actions_survive_edits(context: Context) -> Done {
    let handed = HandedUser {
        required_actions: texts(&["UPDATE_PROFILE", "TERMS_AND_CONDITIONS"]),
        ..HandedUser::named(context.name("amy"))
    };
    let id = context.hand.create_user(handed).await?;
    let edit = UserEdit { first_name: Edit::Set("Amy".into()), ..set_of_user("note", "x") };
    let mut actions = context.store.edit_user(&context.by(), &id, edit).await?.value.required_actions.clone();
    actions.sort_unstable();
    same!(actions, ["TERMS_AND_CONDITIONS", "UPDATE_PROFILE"]);
    Ok(())
}

async fn nonsense_in_a_users_attribute_is_kept(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.hand.set_user_attribute(&amy.id, "volumeCapacity", &["a lot"]).await?;
    let nonsense = |directory: &primehub_core::identity::Directory| {
        directory.user(&amy.id).is_some_and(|user| user.attributes.first("volumeCapacity") == Some("a lot"))
    };
    context.until("nonsense", nonsense).await?;
    let after = context.edit_user(&amy, set_of_user("note", "x")).await?;
    same!(after.attributes.all("volumeCapacity"), ["a lot"]);
    // Reading it as settings must not break anything either.
    let _ = UserSettings::of(&after.attributes);
    Ok(())
}

async fn a_group_made_by_hand_appears(context: Context) -> Done {
    let id = context.hand.create_group(&context.name("Team"), None).await?;
    let directory = context.until("the group made by hand", |directory| directory.group(&id).is_some()).await?;
    check!(directory.group_named(&context.name("Team")).is_some_and(|group| group.id == id));
    let after = context.store.edit_group(&context.by(), &id, crate::context::set("note", "x")).await?.value;
    same!(after.attributes, attributes(&[("note", &["x"])]));
    Ok(())
}

async fn a_group_is_renamed(context: Context) -> Done {
    let (amy, team, role) = (context.user("amy").await?, context.group("team").await?, context.role("it:cpu").await?);
    context.set(&team, "note", "x").await?;
    context.bound(&[join(&amy.id, &team.id), crate::context::grant(&team.id, &role)]).await?;
    let name = context.name("Other ");
    context.hand.rename_group(&team.id, &name).await?;
    let directory = context.until("the new name", |directory| directory.group_named(&name).is_some()).await?;
    same!(directory.group_named(&name).map(|group| &group.id), Some(&team.id));
    check!(directory.group_named(&team.name).is_none());
    check!(directory.is_member(&amy.id, &team.id) && directory.group_has_role(&team.id, &role));
    same!(directory.groups_of(&amy.id).filter(|group| group.id == team.id).count(), 1);
    // An edit keeps the new name.
    same!(*context.set(&team, "note", "y").await?.name, *name);
    // The old name is free.
    context.group("team").await?;
    Ok(())
}

async fn a_description_survives_edits(context: Context) -> Done {
    let team = context.group_with("team", &[("note", &["x"])]).await?;
    context.hand.describe_group(&team.id, "Theirs: 字").await?;
    let shows = |directory: &primehub_core::identity::Directory| {
        directory.group(&team.id).is_some_and(|group| group.description.as_deref() == Some("Theirs: 字"))
    };
    context.until("the description", shows).await?;
    let after = context.set(&team, "quota-cpu", "1").await?;
    same!(after.description.as_deref(), Some("Theirs: 字"));
    same!(after.attributes, attributes(&[("note", &["x"]), ("quota-cpu", &["1"])]));
    Ok(())
}

async fn groups_may_have_any_name(context: Context) -> Done {
    let amy = context.user("amy").await?;
    for stem in ["a/b ", "a b ", " a", "100% ", "a#b?c=d&e ", "資料é ", "..", "-a", "%2F", "\"a\\'"] {
        let name = context.name(stem);
        let id = context.hand.create_group(&name, None).await?;
        context.store.refresh(&[Key::Group(id.clone())]).await?;
        let directory = context.directory();
        same!(directory.group_named(&name).map(|group| &group.id), Some(&id), "the group {name:?}");
        context.bound(&[join(&amy.id, &id)]).await?;
        let edited = context.store.edit_group(&context.by(), &id, crate::context::set("note", "x")).await?.value;
        same!(*edited.name, *name);
        check!(context.directory().is_member(&amy.id, &id), "{name:?} has no member");
        context.store.delete_group(&context.by(), &id).await?;
    }
    Ok(())
}

async fn groups_of_one_path_are_both_shown(context: Context) -> Done {
    let team = context.group("Team_A").await?;
    let other = context.hand.create_group(&context.name("team-a"), None).await?;
    let directory = context.until("the second group", |directory| directory.group(&other).is_some()).await?;
    let path = primehub_core::names::GroupPath::of(&team.name);
    same!(directory.groups_with_path(&path).count(), 2);
    check!(directory.path_collisions().any(|(_, groups)| groups.iter().any(|group| group.id == team.id)));
    context.set(&team, "note", "x").await?;
    context.store.delete_group(&context.by(), &other).await?;
    same!(context.directory().groups_with_path(&path).count(), 1);
    Ok(())
}

async fn nonsense_in_a_groups_attribute_is_kept(context: Context) -> Done {
    let team = context.group("team").await?;
    for (name, values) in
        [("quota-cpu", &["a lot"][..]), ("admins", &["", " ", "nobody, really"]), ("max-deploy", &["1", "-2"])]
    {
        context.hand.set_group_attribute(&team.id, name, values).await?;
    }
    let shows = |directory: &primehub_core::identity::Directory| {
        directory.group(&team.id).is_some_and(|group| group.attributes.all("max-deploy").len() == 2)
    };
    context.until("nonsense", shows).await?;
    let after = context.set(&team, "note", "x").await?;
    same!(after.attributes.all("quota-cpu"), ["a lot"]);
    same!((after.attributes.all("admins").len(), after.attributes.all("max-deploy").len()), (3, 2));
    let _ = primehub_core::identity::GroupSettings::of(&after.attributes);
    Ok(())
}

async fn a_group_deleted_by_hand_disappears_with_memberships(context: Context) -> Done {
    let (amy, team, role) = (context.user("amy").await?, context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[join(&amy.id, &team.id), crate::context::grant(&team.id, &role)]).await?;
    context.hand.delete_group(&team.id).await?;
    let directory = context.until("the deletion", |directory| directory.group(&team.id).is_none()).await?;
    check!(directory.groups_of(&amy.id).all(|group| group.id != team.id));
    same!(directory.groups_with_role(&role).count(), 0);
    Ok(())
}

async fn a_nested_group_is_no_group_of_prime_hub(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let name = context.name("child");
    let child = context.hand.create_group(&name, Some(&team.id)).await?;
    context.hand.join(&amy.id, &child).await?;
    let directory = context.until("the nested member", |directory| directory.is_member(&amy.id, &child)).await?;
    same!(directory.group(&child).and_then(|group| group.parent.as_ref()), Some(&team.id));
    check!(directory.group_named(&name).is_none() && directory.groups().all(|group| group.id != child));
    check!(!directory.is_member(&amy.id, &team.id) && directory.member_count(&team.id) == 0);
    // The name is free at the top.
    context.group("child").await?;
    Ok(())
}

async fn a_deleted_group_takes_its_nested_groups_along(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let child = context.hand.create_group(&context.name("child"), Some(&team.id)).await?;
    let inner = context.hand.create_group(&context.name("inner"), Some(&child)).await?;
    context.hand.join(&amy.id, &inner).await?;
    context.until("the nested member", |directory| directory.is_member(&amy.id, &inner)).await?;
    context.hand.delete_group(&team.id).await?;
    let directory = context.until("the deletion", |directory| directory.group(&team.id).is_none()).await?;
    check!(directory.group(&child).is_none() && directory.group(&inner).is_none());
    same!(directory.groups_of(&amy.id).count(), 1);
    Ok(())
}

async fn a_role_deleted_by_hand_disappears_with_grants(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[crate::context::grant(&team.id, &role)]).await?;
    context.hand.delete_role(&context.name("it:cpu")).await?;
    let directory = context.until("the deletion", |directory| directory.role(&role).is_none()).await?;
    same!((directory.groups_with_role(&role).count(), directory.roles_of_group(&team.id).count()), (0, 0));
    Ok(())
}

async fn a_grant_made_by_hand_appears(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, RoleKey::realm(context.name("ds:a/b data")));
    context.hand.create_role(&context.name("ds:a/b data"), &[]).await?;
    let subject = Subject::Group(team.id.clone());
    context.hand.grant(&subject, &role).await?;
    context.until("the grant", |directory| directory.group_has_role(&team.id, &role)).await?;
    context.hand.revoke(&subject, &role).await?;
    context.until("the end of the grant", |directory| !directory.group_has_role(&team.id, &role)).await?;
    Ok(())
}

async fn changes_by_hand_are_told_one_after_another(context: Context) -> Done {
    let team = context.group("team").await?;
    for round in ["1", "2", "3", "4", "5"] {
        context.hand.set_group_attribute(&team.id, "note", &[round]).await?;
        let shows = |directory: &primehub_core::identity::Directory| {
            directory.group(&team.id).is_some_and(|group| group.attributes.first("note") == Some(round))
        };
        context.until("the next value", shows).await?;
    }
    Ok(())
}

async fn an_invitation_of_the_original_is_taken(context: Context) -> Done {
    let team = context.group("team").await?;
    let token = context.name("9f1c-original-token-");
    let expires_at = context.in_seconds(3_600);
    context.hand.put_original_invitation(&token, &team.id, expires_at).await?;
    let id = InvitationId::of_token(&token);
    let directory = context.until("the invitation", |directory| directory.invitation(&id).is_some()).await?;
    same!(directory.invitation(&id).map(|shown| &shown.group), Some(&team.id));
    let invitation = context.store.take_invitation(&context.by(), &id).await?.value;
    same!((invitation.group, invitation.expires_at.as_second()), (team.id.clone(), expires_at.as_second()));
    check!(context.store.take_invitation(&context.by(), &id).await.is_err(), "taken twice");
    Ok(())
}
