//! The mail server hangs, and Keycloak answers nobody who asks it to send an e-mail.

use std::time::Duration;

use futures::future::join_all;
use primehub_core::identity::{Actor, IdentityError, IdentityStore as _, RequiredActionsEmail};
use primehub_core::names::UserId;
use tokio::time::Instant;
use wiremock::{Request, ResponseTemplate};

use crate::house::{House, eventually};
use crate::realm::{FakeKeycloak, event, user};

/// Places for calls, and more e-mails than that.
const PLACES: usize = 40;
const MAILS: usize = 60;
/// How long the platform waits for a mail server.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_mail_server_that_hangs_stops_nothing_else() {
    let keycloak = FakeKeycloak::start().await;
    keycloak.state().users.get_mut("root").unwrap()["email"] = "root@example.com".into();
    let house = House::ready(&keycloak, |settings| {
        (settings.patience.mail, settings.patience.calls) = (PATIENCE, PLACES);
    })
    .await;
    let is_mail = |request: &Request| request.url.path().ends_with("/execute-actions-email");
    keycloak.fails(move |request| is_mail(request).then(|| ResponseTemplate::new(204).set_delay(6 * PATIENCE)));
    let email = RequiredActionsEmail::new(vec!["UPDATE_PASSWORD".to_owned()], Duration::from_mins(5));

    let (began, id) = (Instant::now(), UserId::new("root"));
    let sending = async {
        let actor = Actor::service();
        join_all((0..MAILS).map(|_| house.store.send_required_actions(&actor, &id, email.clone()))).await
    };
    let others = async {
        eventually("e-mails are under way", async || keycloak.state().faulty >= 2).await;
        for number in 0..20 {
            let name = format!("while mails hang {number}");
            assert_eq!(house.rename(&name).await.data()["updateGroup"]["displayName"], name);
            let login = appears(&keycloak, number);
            house.shows_user(&login).await;
        }
        house.becomes_live().await;
        assert!(began.elapsed() < PATIENCE, "all of that waited for the mail server");
    };
    let (sent, ()) = tokio::join!(sending, others);

    // Some may have gone out; the others waited in vain for those, and Keycloak was not asked.
    let unclear = sent.iter().filter(|mail| matches!(mail, Err(IdentityError::OutcomeUnknown { .. }))).count();
    let refused = sent.iter().filter(|mail| matches!(mail, Err(IdentityError::Unavailable { .. }))).count();
    assert_eq!((unclear + refused, keycloak.state().faulty), (MAILS, unclear), "{sent:?}");
    assert!(unclear <= 8, "{unclear} e-mails were under way at once");
    keycloak.works();
    house.heals().await;
}

/// Somebody new in the realm, with the event that tells of them. Answers the login name.
fn appears(keycloak: &FakeKeycloak, number: i64) -> String {
    let (login, mut state) = (format!("meanwhile-{number}"), keycloak.state());
    state.users.insert(login.clone(), user(&login));
    state.admin_events.push(event(&login, 2_000_000 + number, &format!("users/{login}")));
    login
}
