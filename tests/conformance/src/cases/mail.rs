//! Messages with things to do.

use std::time::Duration;

use primehub_core::identity::{Edit, IdentityError, Key, RealmEdit, RequiredActionsEmail, User, UserEdit};
use primehub_core::names::UserId;

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::texts;

cases! { "mail":
    who_has_no_address_gets_no_message,
    unknown_actions_are_refused,
    a_disabled_user_gets_no_message,
    nobody_gets_no_message;
    alone:
    without_a_mail_server_nothing_is_sent,
    a_message_is_sent_and_changes_nothing,
}

async fn send(context: &Context, id: &UserId, actions: &[&str]) -> Result<(), IdentityError> {
    let email = RequiredActionsEmail::new(texts(actions), Duration::from_hours(24));
    context.store.send_required_actions(&context.by(), id, email).await
}

async fn who_has_no_address_gets_no_message(context: Context) -> Done {
    let amy = context.user("amy").await?;
    same!(invalid(send(&context, &amy.id, &["VERIFY_EMAIL"]).await)?, "email");
    Ok(())
}

async fn unknown_actions_are_refused(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    for actions in [&["VERIFY_EMAIL", "DANCE"][..], &["verify_email"]] {
        same!(invalid(send(&context, &amy.id, actions).await)?, "actions", "the field for {actions:?}");
    }
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn a_disabled_user_gets_no_message(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.edit_user(&amy, UserEdit { enabled: Some(false), ..UserEdit::default() }).await?;
    invalid(send(&context, &amy.id, &["VERIFY_EMAIL"]).await)?;
    Ok(())
}

async fn nobody_gets_no_message(context: Context) -> Done {
    let nobody = UserId::new(context.name("nobody"));
    let error = refused(send(&context, &nobody, &["VERIFY_EMAIL"]).await)?;
    same!(error, IdentityError::Absent(Key::User(nobody)));
    Ok(())
}

async fn without_a_mail_server_nothing_is_sent(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let smtp = context.directory().realm().smtp.keys().map(|key| (key.clone(), Edit::Clear)).collect();
    context.store.edit_realm(&context.by(), RealmEdit { smtp, ..RealmEdit::default() }).await?;
    let error = refused(send(&context, &amy.id, &["VERIFY_EMAIL"]).await)?;
    check!(matches!(error, IdentityError::Unavailable { .. }), "{error:?}");
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn a_message_is_sent_and_changes_nothing(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let settings = context.hand.working_mail_settings().await?;
    let smtp = settings.into_iter().map(|(key, value)| (key, Edit::Set(value))).collect();
    context.store.edit_realm(&context.by(), RealmEdit { smtp, ..RealmEdit::default() }).await?;
    send(&context, &amy.id, &["VERIFY_EMAIL", "UPDATE_PASSWORD"]).await?;
    same!(context.hand.messages_to(&context.email("amy")).await?, 1);
    let after = context.shown_user(&amy.id)?;
    same!(User::clone(&after), User::clone(&amy));
    Ok(())
}
