//! Passwords and one-time passwords.

use primehub_core::identity::{Actor, IdentityError, Key, NewPassword, UserEdit};
use primehub_core::names::UserId;
use secrecy::SecretString;

use super::Done;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::parsed;
use crate::{Context, Failure};

cases! { "passwords":
    a_password_opens_its_account,
    a_new_password_replaces_the_old_one,
    a_temporary_password_has_to_be_changed,
    a_lasting_password_closes_the_open_action,
    an_empty_password_is_refused,
    nobody_has_no_password,
    a_password_keeps_everything_else,
    a_password_follows_a_renamed_account,
    a_disabled_account_stays_closed,
    removing_no_one_time_password_is_no_error,
    one_time_passwords_are_removed,
    nobody_has_no_one_time_password,
}

async fn set(context: &Context, id: &UserId, password: &str, temporary: bool) -> Result<(), IdentityError> {
    let kind = if temporary { NewPassword::temporary } else { NewPassword::lasting };
    context.store.set_password(&context.by(), id, kind(SecretString::from(password.to_owned()))).await
}

async fn opens(context: &Context, username: &str, password: &str) -> Result<Option<UserId>, Failure> {
    Ok(match context.backend.log_in(username, &SecretString::from(password.to_owned())).await? {
        Some(Actor::Person { id, .. }) => Some(id),
        _ => None,
    })
}

async fn a_password_opens_its_account(context: Context) -> Done {
    let (amy, bob) = (context.user("amy").await?, context.user("bob").await?);
    same!(opens(&context, &amy.username, "Opens-it-1").await?, None);
    set(&context, &amy.id, "Opens-it-1", false).await?;
    same!(opens(&context, &amy.username, "Opens-it-1").await?, Some(amy.id.clone()));
    same!(opens(&context, &amy.username, "opens-it-1").await?, None);
    same!(opens(&context, &bob.username, "Opens-it-1").await?, None);
    Ok(())
}

async fn a_new_password_replaces_the_old_one(context: Context) -> Done {
    let amy = context.user("amy").await?;
    set(&context, &amy.id, "Old-pass-1", false).await?;
    set(&context, &amy.id, "New-pass-2", false).await?;
    same!(opens(&context, &amy.username, "Old-pass-1").await?, None);
    same!(opens(&context, &amy.username, "New-pass-2").await?, Some(amy.id.clone()));
    Ok(())
}

async fn a_temporary_password_has_to_be_changed(context: Context) -> Done {
    let amy = context.user("amy").await?;
    for _ in 0..2 {
        set(&context, &amy.id, "Known-to-others-1", true).await?;
        same!(context.shown_user(&amy.id)?.required_actions, ["UPDATE_PASSWORD"]);
    }
    same!(opens(&context, &amy.username, "Known-to-others-1").await?, None);
    Ok(())
}

async fn a_lasting_password_closes_the_open_action(context: Context) -> Done {
    let amy = context.user("amy").await?;
    set(&context, &amy.id, "Known-to-others-1", true).await?;
    set(&context, &amy.id, "Own-pass-2", false).await?;
    check!(context.shown_user(&amy.id)?.required_actions.is_empty());
    same!(opens(&context, &amy.username, "Own-pass-2").await?, Some(amy.id.clone()));
    Ok(())
}

async fn an_empty_password_is_refused(context: Context) -> Done {
    let amy = context.user("amy").await?;
    set(&context, &amy.id, "Stays-1", false).await?;
    same!(invalid(set(&context, &amy.id, "", true).await)?, "password");
    same!(opens(&context, &amy.username, "Stays-1").await?, Some(amy.id.clone()));
    Ok(())
}

async fn nobody_has_no_password(context: Context) -> Done {
    let nobody = UserId::new(context.name("nobody"));
    let error = refused(set(&context, &nobody, "Pass-word-1", false).await)?;
    same!(error, IdentityError::Absent(Key::User(nobody)));
    Ok(())
}

async fn a_password_keeps_everything_else(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    set(&context, &amy.id, "Pass-word-1", false).await?;
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn a_password_follows_a_renamed_account(context: Context) -> Done {
    let amy = context.user("amy").await?;
    set(&context, &amy.id, "Pass-word-1", false).await?;
    if !context.store.capabilities().renames_users {
        return Ok(());
    }
    let edit = UserEdit { username: Some(parsed(&context.name("zoe"))?), ..UserEdit::default() };
    context.edit_user(&amy, edit).await?;
    same!(opens(&context, &context.name("zoe"), "Pass-word-1").await?, Some(amy.id.clone()));
    same!(opens(&context, &context.name("amy"), "Pass-word-1").await?, None);
    Ok(())
}

async fn a_disabled_account_stays_closed(context: Context) -> Done {
    let amy = context.user("amy").await?;
    set(&context, &amy.id, "Pass-word-1", false).await?;
    let enabled = |enabled| UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    context.edit_user(&amy, enabled(false)).await?;
    same!(opens(&context, &amy.username, "Pass-word-1").await?, None);
    context.edit_user(&amy, enabled(true)).await?;
    same!(opens(&context, &amy.username, "Pass-word-1").await?, Some(amy.id.clone()));
    Ok(())
}

async fn removing_no_one_time_password_is_no_error(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let written = context.store.remove_one_time_passwords(&context.by(), &amy.id).await?;
    same!(written.value, amy);
    Ok(())
}

async fn one_time_passwords_are_removed(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    set(&context, &amy.id, "Pass-word-1", false).await?;
    context.hand.add_one_time_password(&amy.id).await?;
    context.store.refresh(&[Key::User(amy.id.clone())]).await?;
    check!(context.shown_user(&amy.id)?.has_one_time_password);
    let after = context.store.remove_one_time_passwords(&context.by(), &amy.id).await?.value;
    same!(after, amy);
    same!(opens(&context, &amy.username, "Pass-word-1").await?, Some(amy.id.clone()));
    Ok(())
}

async fn nobody_has_no_one_time_password(context: Context) -> Done {
    let nobody = UserId::new(context.name("nobody"));
    let error = refused(context.store.remove_one_time_passwords(&context.by(), &nobody).await)?;
    same!(error, IdentityError::Absent(Key::User(nobody)));
    Ok(())
}
