//! The account page.

use primehub_core::identity::IdentityStore as _;
use rstest::rstest;

use super::browser::{ACCOUNT, Browser, request};
use super::{Answer, World};

/// Logs alice in to the account page.
async fn account(browser: &mut Browser<'_>) -> Answer {
    let back = browser.log_in_at(ACCOUNT, "alice", "wonder").await;
    assert_eq!((back.status.as_u16(), back.location()), (303, ACCOUNT));
    browser.get(ACCOUNT).await
}

fn passwords<'a>(current: &'a str, new: &'a str) -> [(&'static str, &'a str); 3] {
    [("password", current), ("password-new", new), ("password-confirm", new)]
}

#[tokio::test]
async fn it_shows_whose_it_is_and_where_they_are_logged_in() {
    let world = World::new().await;
    let mut browser = world.browser();
    browser.headers = vec![("user-agent", "Firefox <1>")];
    browser.code(&[]).await;
    let page = browser.get(ACCOUNT).await;
    assert_eq!(page.status, 200);
    for says in ["alice@example.com", "Al Lee", "/Vision_Lab", "Firefox &lt;1&gt;", "<dd>PrimeHub</dd>"] {
        assert!(page.html().contains(says), "{says}: {}", page.html());
    }
    assert_eq!(browser.get(&format!("{ACCOUNT}/")).await.status, 200);
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_the_present_one() {
    let world = World::new().await;
    let mut browser = world.browser();
    let page = account(&mut browser).await;
    let change = page.forms_to("account/password").remove(0);
    let wrong = browser.submit(&change, &passwords("x", "wonderland")).await;
    assert!(wrong.html().contains("role=\"alert\"") && world.log_in("alice", "wonder", "").await.status == 200);
    let short = browser.submit(&change, &passwords("wonder", "short")).await;
    assert!(short.html().contains("role=\"alert\"") && world.log_in("alice", "wonder", "").await.status == 200);
    let done = browser.submit(&change, &passwords("wonder", "wonderland")).await;
    assert!(done.html().contains("Your password has been changed."), "{}", done.html());
    assert_eq!(world.log_in("alice", "wonderland", "").await.status, 200);
    assert_eq!(world.log_in("alice", "wonder", "").await.status, 400);
    assert_eq!(browser.get(ACCOUNT).await.forms_to("account/password").len(), 1, "one stays logged in");
}

#[tokio::test]
async fn guessing_the_present_password_has_an_end() {
    let world = World::new().await;
    let mut browser = world.browser();
    let change = account(&mut browser).await.forms_to("account/password").remove(0);
    for _ in 0..10 {
        browser.submit(&change, &passwords("x", "wonderland")).await;
    }
    browser.submit(&change, &passwords("wonder", "wonderland")).await;
    world.advance(2);
    assert_eq!(world.log_in("alice", "wonder", "").await.status, 200, "nothing has been changed");
}

#[tokio::test]
async fn other_sessions_are_ended_one_by_one_or_all() {
    let world = World::new().await;
    let mut browser = world.browser();
    let mut others = [world.browser(), world.browser(), world.browser()];
    for other in &mut others {
        other.code(&[]).await;
        world.advance(1);
    }
    let page = account(&mut browser).await;
    let ends = page.forms_to("sessions/end");
    assert!(ends.len() >= 3, "{ends:?}");
    let sid = others[1].get(&request(&[])).await.parameter("session_state");
    let end = ends.iter().find(|form| form.field("session") == sid).unwrap();
    browser.submit(end, &[]).await;
    let mut logged_in = Vec::new();
    for other in &mut others {
        logged_in.push(other.get(&request(&[])).await.status == 302);
    }
    assert_eq!(logged_in, [true, false, true]);

    let all = browser.get(ACCOUNT).await.forms_to("sessions/end-others").remove(0);
    browser.submit(&all, &[]).await;
    for other in &mut others {
        assert_eq!(other.get(&request(&[])).await.status, 200);
    }
    assert_eq!(browser.get(ACCOUNT).await.forms_to("account/password").len(), 1);
}

#[tokio::test]
async fn an_api_token_is_revoked() {
    let world = World::new().await;
    let (first, second) = (world.api_token().await, world.api_token().await);
    let mut browser = world.browser();
    let page = account(&mut browser).await;
    let revoke = page.forms_to("tokens/revoke");
    assert_eq!(revoke.len(), 2);
    let sid = super::parts(&first).1["sid"].as_str().unwrap().to_owned();
    assert!(!page.html().contains(&first), "tokens themselves are not shown");
    let chosen = revoke.iter().find(|form| form.field("token") == sid).unwrap();
    browser.submit(chosen, &[]).await;
    assert_eq!(world.refresh(&first).await.error().2, "Offline user session not found");
    assert_eq!(world.refresh(&second).await.status, 200);
    let count = world.store.api_token_counts(std::slice::from_ref(&world.alice)).await.unwrap()[&world.alice];
    assert_eq!(count, 1);
}

#[tokio::test]
async fn nobody_ends_what_is_somebody_else_s() {
    let world = World::new().await;
    let mut root = world.browser();
    let back = root.log_in_at(&request(&[]), "root", "toor").await;
    let sid = back.parameter("session_state");
    let token = world.log_in("root", "toor", "offline_access").await.text("refresh_token");
    let offline = super::parts(&token).1["sid"].as_str().unwrap().to_owned();
    world.api_token().await;
    world.browser().code(&[]).await;

    let mut browser = world.browser();
    let page = account(&mut browser).await;
    for (end, field, value) in [("sessions/end", "session", &sid), ("tokens/revoke", "token", &offline)] {
        let mut form = page.forms_to(end).remove(0);
        form.fields.retain(|(name, _)| name != field);
        browser.submit(&form, &[(field, value)]).await;
    }
    assert_eq!(root.get(&request(&[])).await.status, 302);
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[rstest]
#[case::logged_out(true)]
#[case::logged_in_again(false)]
#[tokio::test]
async fn forms_of_an_earlier_login_do_nothing(#[case] ended: bool) {
    let world = World::new().await;
    let token = world.api_token().await;
    let mut browser = world.browser();
    let revoke = account(&mut browser).await.forms_to("tokens/revoke").remove(0);
    let log_out = browser.get(ACCOUNT).await.forms_to("account/logout").remove(0);
    assert_eq!(browser.submit(&log_out, &[]).await.status, 200);
    if !ended {
        account(&mut browser).await;
    }
    let answer = browser.submit(&revoke, &[]).await;
    let heading = if ended { "Log in" } else { "Your account" };
    assert_eq!((answer.heading(), answer.html().contains("nothing was changed")), (heading, !ended));
    assert_eq!(world.refresh(&token).await.status, 200);
}

#[tokio::test]
async fn it_is_shown_to_nobody_else() {
    let world = World::new().await;
    let page = world.browser().get(ACCOUNT).await;
    assert_eq!((page.status.as_u16(), page.heading()), (200, "Log in"));
    assert!(!page.html().contains("alice"));
}
