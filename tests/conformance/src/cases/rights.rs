//! Whose rights count: those of the acting person, at this moment.

use std::time::Duration;

use primehub_core::identity::{
    Actor, Binding, Edit, IdentityError, NewInvitation, NewPassword, RealmEdit, RequiredActionsEmail, Role, RoleKey,
    Subject, UserEdit,
};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{denied, refused, same};
use crate::context::{grant, join, set, set_of_user};

cases! { "rights":
    an_administrator_may_write_users,
    an_administrator_may_write_groups_and_roles,
    a_plain_person_may_not_create_users,
    a_plain_person_may_not_edit_users,
    a_plain_person_may_not_delete_users,
    a_plain_person_may_not_set_passwords,
    a_plain_person_may_not_remove_one_time_passwords,
    a_plain_person_may_not_send_messages,
    a_plain_person_may_not_create_groups,
    a_plain_person_may_not_edit_groups,
    a_plain_person_may_not_delete_groups,
    a_plain_person_may_not_bind,
    a_plain_person_may_not_make_administrators,
    a_plain_person_may_not_make_roles,
    a_plain_person_may_not_delete_roles,
    a_plain_person_may_not_edit_the_realm,
    a_plain_person_may_not_revoke_tokens,
    a_plain_person_may_not_write_invitations,
    a_plain_person_may_not_edit_the_own_account,
    rights_count_from_the_moment_they_are_given,
    rights_end_the_moment_they_are_taken,
    a_disabled_administrator_may_do_nothing,
}

async fn an_administrator_may_write_users(context: Context) -> Done {
    let by = context.backend.administrator();
    let amy = context.store.create_user(&by, context.new_user("amy")?).await?.value;
    let edited = context.store.edit_user(&by, &amy.id, set_of_user("note", "x")).await?.value;
    same!(context.shown_user(&amy.id)?, edited);
    context.store.set_password(&by, &amy.id, NewPassword::lasting("Pass-word-1".into())).await?;
    context.store.remove_one_time_passwords(&by, &amy.id).await?;
    context.store.revoke_api_tokens(&by, &amy.id).await?;
    let role = context.administrator_role();
    let subject = Subject::User(amy.id.clone());
    let edits = [Binding::Grant { to: subject.clone(), role: role.clone() }, Binding::Revoke { from: subject, role }];
    for outcome in context.store.bind(&by, &edits).await? {
        outcome?;
    }
    context.store.delete_user(&by, &amy.id).await?;
    Ok(())
}

async fn an_administrator_may_write_groups_and_roles(context: Context) -> Done {
    let by = context.backend.administrator();
    let amy = context.user("amy").await?;
    let team = context.store.create_group(&by, context.new_group("team")?).await?.value;
    context.store.edit_group(&by, &team.id, set("note", "x")).await?;
    let role = RoleKey::realm(context.name("it:cpu"));
    context.store.ensure_role(&by, Role::new(role.clone())).await?;
    for outcome in context.store.bind(&by, &[join(&amy.id, &team.id), grant(&team.id, &role)]).await? {
        outcome?;
    }
    let invitation = context.invitation("token", &team.id, 3_600);
    context.store.put_invitation(&by, NewInvitation::new(invitation.clone())).await?;
    context.store.take_invitation(&by, &invitation.id).await?;
    context.store.edit_realm(&by, RealmEdit::default()).await?;
    context.store.delete_role(&by, &role).await?;
    context.store.delete_group(&by, &team.id).await?;
    Ok(())
}

async fn a_plain_person_may_not_create_users(context: Context) -> Done {
    let by = context.backend.plain_person();
    denied(context.store.create_user(&by, context.new_user("amy")?).await)?;
    same!(context.directory().user_named(&context.name("amy")), None);
    Ok(())
}

/// Lets a plain person try something with a full user, and compares the user afterwards.
macro_rules! not_with_a_user {
    ($case:ident, |$context:ident, $by:ident, $amy:ident| $attempt:expr) => {
        async fn $case($context: Context) -> Done {
            let $amy = $context.full_user("amy").await?;
            let before = $context.picture_of_user(&$amy.id);
            let $by = $context.backend.plain_person();
            denied($attempt)?;
            same!($context.picture_of_user(&$amy.id), before);
            Ok(())
        }
    };
}

not_with_a_user!(a_plain_person_may_not_edit_users, |context, by, amy| {
    context.store.edit_user(&by, &amy.id, set_of_user("volumeCapacity", "99G")).await
});

not_with_a_user!(a_plain_person_may_not_delete_users, |context, by, amy| {
    context.store.delete_user(&by, &amy.id).await
});

not_with_a_user!(a_plain_person_may_not_set_passwords, |context, by, amy| {
    context.store.set_password(&by, &amy.id, NewPassword::temporary("Pass-word-1".into())).await
});

not_with_a_user!(a_plain_person_may_not_remove_one_time_passwords, |context, by, amy| {
    context.store.remove_one_time_passwords(&by, &amy.id).await
});

not_with_a_user!(a_plain_person_may_not_send_messages, |context, by, amy| {
    let email = RequiredActionsEmail::new(vec!["VERIFY_EMAIL".into()], Duration::from_hours(1));
    context.store.send_required_actions(&by, &amy.id, email).await
});

not_with_a_user!(a_plain_person_may_not_revoke_tokens, |context, by, amy| {
    context.store.revoke_api_tokens(&by, &amy.id).await
});

not_with_a_user!(a_plain_person_may_not_bind, |context, by, amy| {
    let team = context.group("team").await?;
    context.store.bind(&by, &[join(&amy.id, &team.id)]).await
});

not_with_a_user!(a_plain_person_may_not_make_administrators, |context, by, amy| {
    let grant = Binding::Grant { to: Subject::User(amy.id.clone()), role: context.administrator_role() };
    context.store.bind(&by, &[grant]).await
});

async fn a_plain_person_may_not_create_groups(context: Context) -> Done {
    let by = context.backend.plain_person();
    denied(context.store.create_group(&by, context.new_group("team")?).await)?;
    same!(context.directory().group_named(&context.name("team")), None);
    Ok(())
}

async fn a_plain_person_may_not_edit_groups(context: Context) -> Done {
    let team = context.group("team").await?;
    let by = context.backend.plain_person();
    denied(context.store.edit_group(&by, &team.id, set("quota-cpu", "99")).await)?;
    same!(context.shown_group(&team.id)?, team);
    Ok(())
}

async fn a_plain_person_may_not_delete_groups(context: Context) -> Done {
    let team = context.group("team").await?;
    let by = context.backend.plain_person();
    denied(context.store.delete_group(&by, &team.id).await)?;
    same!(context.shown_group(&team.id)?, team);
    Ok(())
}

async fn a_plain_person_may_not_make_roles(context: Context) -> Done {
    let key = RoleKey::realm(context.name("it:cpu"));
    let by = context.backend.plain_person();
    denied(context.store.ensure_role(&by, Role::new(key.clone())).await)?;
    same!(context.directory().role(&key), None);
    Ok(())
}

async fn a_plain_person_may_not_delete_roles(context: Context) -> Done {
    let key = context.role("it:cpu").await?;
    let by = context.backend.plain_person();
    denied(context.store.delete_role(&by, &key).await)?;
    same!(context.directory().role(&key).map(|role| &role.key), Some(&key));
    Ok(())
}

async fn a_plain_person_may_not_edit_the_realm(context: Context) -> Done {
    let before = context.directory().realm().display_name.clone();
    let edit = RealmEdit { display_name: Edit::Set(context.name("Lab ")), ..RealmEdit::default() };
    let by = context.backend.plain_person();
    denied(context.store.edit_realm(&by, edit).await)?;
    same!(context.directory().realm().display_name, before);
    Ok(())
}

async fn a_plain_person_may_not_write_invitations(context: Context) -> Done {
    let team = context.group("team").await?;
    let by = context.backend.plain_person();
    let new = NewInvitation::new(context.invitation("token", &team.id, 3_600));
    denied(context.store.put_invitation(&by, new).await)?;
    let stored = context.invite("other", &team, 3_600).await?;
    denied(context.store.take_invitation(&by, &stored.id).await)?;
    same!(context.directory().invitations_into(&team.id).count(), 1);
    Ok(())
}

async fn a_plain_person_may_not_edit_the_own_account(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let by = context.acting(&amy).await?;
    denied(context.store.edit_user(&by, &amy.id, set_of_user("volumeCapacity", "99G")).await)?;
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

/// Gives a person the administrator's role, or takes it.
async fn administrates(context: &Context, id: &primehub_core::names::UserId, administrates: bool) -> Done {
    let (subject, role) = (Subject::User(id.clone()), context.administrator_role());
    let edit =
        if administrates { Binding::Grant { to: subject, role } } else { Binding::Revoke { from: subject, role } };
    let outcomes = context.store.bind(&context.backend.administrator(), &[edit]).await?;
    for outcome in outcomes {
        outcome?;
    }
    Ok(())
}

async fn rights_count_from_the_moment_they_are_given(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let by: Actor = context.acting(&amy).await?;
    denied(context.store.edit_group(&by, &team.id, set("note", "1")).await)?;
    administrates(&context, &amy.id, true).await?;
    context.store.edit_group(&by, &team.id, set("note", "2")).await?;
    same!(context.shown_group(&team.id)?.attributes.first("note"), Some("2"));
    Ok(())
}

async fn rights_end_the_moment_they_are_taken(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let by: Actor = context.acting(&amy).await?;
    administrates(&context, &amy.id, true).await?;
    context.store.edit_group(&by, &team.id, set("note", "1")).await?;
    administrates(&context, &amy.id, false).await?;
    denied(context.store.edit_group(&by, &team.id, set("note", "2")).await)?;
    same!(context.shown_group(&team.id)?.attributes.first("note"), Some("1"));
    Ok(())
}

async fn a_disabled_administrator_may_do_nothing(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let by: Actor = context.acting(&amy).await?;
    administrates(&context, &amy.id, true).await?;
    context.edit_user(&amy, UserEdit { enabled: Some(false), ..UserEdit::default() }).await?;
    let error = refused(context.store.edit_group(&by, &team.id, set("note", "1")).await)?;
    same!(error, IdentityError::TokenNotAccepted);
    context.edit_user(&amy, UserEdit { enabled: Some(true), ..UserEdit::default() }).await?;
    context.store.edit_group(&by, &team.id, set("note", "2")).await?;
    same!(context.shown_group(&team.id)?.attributes.first("note"), Some("2"));
    Ok(())
}
