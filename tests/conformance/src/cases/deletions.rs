//! Deleted users.

use primehub_core::identity::{Actor, IdentityError, Key, NewPassword, RequiredActionsEmail, Subject};
use primehub_core::names::UserId;

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, refused, same};
use crate::context::join;

cases! { "deletions":
    a_deletion_answers_what_was_deleted,
    a_deleted_user_is_gone_everywhere,
    a_deleted_user_leaves_no_membership,
    a_deleted_administrator_is_none,
    a_deleted_user_frees_name_and_address,
    a_second_deletion_finds_nobody,
    nobody_else_is_deleted,
    a_deleted_user_can_do_nothing_and_nothing_can_be_done,
    a_user_deleted_elsewhere_is_absent,
    a_deleted_person_has_no_rights,
}

async fn a_deletion_answers_what_was_deleted(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let deleted = context.store.delete_user(&context.by(), &amy.id).await?;
    same!(deleted.value, amy);
    check!(context.directory().revision() >= deleted.revision);
    Ok(())
}

async fn a_deleted_user_is_gone_everywhere(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    let directory = context.directory();
    check!(directory.user(&amy.id).is_none());
    check!(directory.user_named(&amy.username).is_none());
    check!(directory.user_with_email(&context.email("amy")).is_none());
    check!(directory.people_from(0).all(|user| user.id != amy.id));
    Ok(())
}

async fn a_deleted_user_leaves_no_membership(context: Context) -> Done {
    let (amy, bob, group) = (context.user("amy").await?, context.user("bob").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &group.id), join(&bob.id, &group.id)]).await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    let directory = context.directory();
    same!(directory.member_count(&group.id), 1);
    check!(directory.members(directory.everyone_id()).all(|user| user.id != amy.id));
    same!(directory.groups_of(&amy.id).count(), 0);
    Ok(())
}

async fn a_deleted_administrator_is_none(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let grant = primehub_core::identity::Binding::Grant {
        to: Subject::User(amy.id.clone()),
        role: context.administrator_role(),
    };
    context.administered(&[grant]).await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    let directory = context.directory();
    check!(!directory.is_administrator(&amy.id));
    check!(directory.users_with_role(directory.administrator_role()).all(|id| *id != amy.id));
    Ok(())
}

async fn a_deleted_user_frees_name_and_address(context: Context) -> Done {
    let first = context.full_user("amy").await?;
    context.store.delete_user(&context.by(), &first.id).await?;
    let second = context.full_user("amy").await?;
    check!(first.id != second.id, "an id was used twice");
    same!(context.directory().user_named(&first.username), Some(&second));
    Ok(())
}

async fn a_second_deletion_finds_nobody(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    for id in [amy.id.clone(), UserId::new(context.name("nobody"))] {
        let error = refused(context.store.delete_user(&context.by(), &id).await)?;
        same!(error, IdentityError::Absent(Key::User(id)));
    }
    Ok(())
}

async fn nobody_else_is_deleted(context: Context) -> Done {
    let (amy, bob) = (context.full_user("amy").await?, context.full_user("bob").await?);
    context.store.delete_user(&context.by(), &amy.id).await?;
    same!(context.shown_user(&bob.id)?, bob);
    Ok(())
}

async fn a_deleted_user_can_do_nothing_and_nothing_can_be_done(context: Context) -> Done {
    let (amy, group) = (context.user("amy").await?, context.group("team").await?);
    context.store.delete_user(&context.by(), &amy.id).await?;
    let absent = IdentityError::Absent(Key::User(amy.id.clone()));
    let by = context.by();
    let password = NewPassword::lasting("Pass-word-1".into());
    same!(refused(context.store.set_password(&by, &amy.id, password).await)?, absent);
    same!(refused(context.store.remove_one_time_passwords(&by, &amy.id).await)?, absent);
    same!(refused(context.store.revoke_api_tokens(&by, &amy.id).await)?, absent);
    let email = RequiredActionsEmail::new(vec!["VERIFY_EMAIL".into()], std::time::Duration::from_hours(1));
    same!(refused(context.store.send_required_actions(&by, &amy.id, email).await)?, absent);
    same!(context.bind(&[join(&amy.id, &group.id)]).await?, [Err(absent)]);
    same!(context.store.api_token_counts(std::slice::from_ref(&amy.id)).await?.len(), 0);
    Ok(())
}

async fn a_user_deleted_elsewhere_is_absent(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.hand.delete_user(&amy.id).await?;
    let edit = crate::context::set_of_user("note", "x");
    let error = refused(context.store.edit_user(&context.by(), &amy.id, edit).await)?;
    same!(error, IdentityError::Absent(Key::User(amy.id.clone())));
    let error = refused(context.store.delete_user(&context.by(), &amy.id).await)?;
    same!(error, IdentityError::Absent(Key::User(amy.id.clone())));
    Ok(())
}

async fn a_deleted_person_has_no_rights(context: Context) -> Done {
    let (amy, group) = (context.user("amy").await?, context.group("team").await?);
    let actor: Actor = context.acting(&amy).await?;
    context.hand.grant(&Subject::User(amy.id.clone()), &context.administrator_role()).await?;
    context.until("the new administrator", |directory| directory.is_administrator(&amy.id)).await?;
    context.store.edit_group(&actor, &group.id, crate::context::set("note", "1")).await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    let answer = context.store.edit_group(&actor, &group.id, crate::context::set("note", "2")).await;
    same!(refused(answer)?, IdentityError::TokenNotAccepted);
    same!(context.shown_group(&group.id)?.attributes.first("note"), Some("1"));
    Ok(())
}
