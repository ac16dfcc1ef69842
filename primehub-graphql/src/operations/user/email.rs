//! Asking people by e-mail to do something at the identity provider.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use primehub_core::access::PlatformAdministrator;
use primehub_core::identity::{IdentityError, REQUIRED_ACTIONS, RequiredActionsEmail, SmtpSettings};
use primehub_core::names::UserId;

use super::rules::existing_user;
use crate::error::{ApiError, Code};
use crate::request::Request;

/// What to ask, from a client's arguments. Where they say nothing: verify the address and choose a password, within a day.
///
/// # Errors
/// A negative time, an action that nobody can be asked for.
pub(crate) fn required_actions(
    actions: Option<Vec<Option<String>>>,
    expires_in: Option<i32>,
) -> Result<RequiredActionsEmail, ApiError> {
    let negative = |_| ApiError::new(Code::BadUserInput, "expiresIn must not be negative");
    let seconds = u64::try_from(expires_in.unwrap_or_default()).map_err(negative)?;
    let lifespan = if seconds == 0 { DEFAULT_LIFESPAN } else { Duration::from_secs(seconds) };
    let given: Vec<String> = actions.into_iter().flatten().flatten().filter(|action| !action.is_empty()).collect();
    if let Some(unknown) = given.iter().find(|action| !REQUIRED_ACTIONS.contains(&action.as_str())) {
        return Err(ApiError::invalid("resetActions", format_args!("contains the unknown action {unknown:?}")));
    }
    let actions = if given.is_empty() { DEFAULT_ACTIONS.map(str::to_owned).to_vec() } else { given };
    Ok(RequiredActionsEmail::new(actions, lifespan))
}

/// Sends one person an e-mail.
///
/// # Errors
/// An unknown user, one without address, no mail server.
pub(crate) async fn send_email(
    request: Arc<Request>,
    _administrator: PlatformAdministrator,
    id: UserId,
    email: RequiredActionsEmail,
) -> Result<UserId, ApiError> {
    let directory = request.directory();
    if existing_user(&directory, &id)?.email.as_ref().is_none_or(String::is_empty) {
        return Err(ApiError::new(Code::UserEmailNotExist, "user email not defined"));
    }
    match request.store().send_required_actions(&request.actor(), &id, email).await {
        Ok(()) => Ok(id),
        Err(IdentityError::Unavailable { cause }) => {
            tracing::warn!(user.id = %id, %cause, "an e-mail could not be sent");
            let has_server = SmtpSettings::of(&directory.realm().smtp).host.is_some();
            let message = if has_server {
                "the e-mail could not be sent"
            } else {
                "no outgoing mail server is configured: set it in the system settings"
            };
            Err(ApiError::new(Code::ApiUnavailable, message))
        }
        Err(error) => Err(error.into()),
    }
}

/// Sends several people the same e-mail, a few at a time: a mail server is slow, and not ours alone. Says whether all were sent; who was
/// left out stands in the log.
pub(crate) async fn send_emails(
    request: Arc<Request>,
    administrator: PlatformAdministrator,
    ids: Vec<UserId>,
    email: RequiredActionsEmail,
) -> bool {
    let send = |id: UserId| {
        let (request, email) = (request.clone(), email.clone());
        async move {
            let sent = send_email(request, administrator, id.clone(), email).await;
            if let Err(error) = &sent {
                tracing::warn!(user.id = %id, error = error.message, "an e-mail could not be sent");
            }
            sent.is_ok()
        }
    };
    let outcomes = stream::iter(ids.into_iter().map(send)).buffer_unordered(AT_ONCE);
    // Not `all`, which would stop at the first failure.
    outcomes.fold(true, |all, sent| std::future::ready(all && sent)).await
}

const DEFAULT_LIFESPAN: Duration = Duration::from_hours(24);
const DEFAULT_ACTIONS: [&str; 2] = ["VERIFY_EMAIL", "UPDATE_PASSWORD"];
const AT_ONCE: usize = 4;

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing_said(None, None, &["VERIFY_EMAIL", "UPDATE_PASSWORD"], 86_400)]
    #[case::no_actions(Some(vec![None, Some(String::new())]), Some(0), &["VERIFY_EMAIL", "UPDATE_PASSWORD"], 86_400)]
    #[case::own_words(Some(vec![Some("CONFIGURE_TOTP".to_owned())]), Some(60), &["CONFIGURE_TOTP"], 60)]
    fn arguments_say_what_to_ask(
        #[case] actions: Option<Vec<Option<String>>>,
        #[case] expires_in: Option<i32>,
        #[case] asked: &[&str],
        #[case] seconds: u64,
    ) {
        let email = required_actions(actions, expires_in).unwrap();
        assert_eq!(email.actions, asked);
        assert_eq!(email.lifespan, Duration::from_secs(seconds));
    }

    #[test]
    fn an_unknown_action_is_refused() {
        let actions = vec![Some("VERIFY_EMAIL".to_owned()), Some("BOGUS".to_owned())];
        let error = required_actions(Some(actions), None).unwrap_err();
        assert_eq!(error, ApiError::invalid("resetActions", r#"contains the unknown action "BOGUS""#));
    }

    #[test]
    fn a_negative_time_is_refused() {
        assert_eq!(
            required_actions(None, Some(-1)),
            Err(ApiError::new(Code::BadUserInput, "expiresIn must not be negative"))
        );
    }
}
