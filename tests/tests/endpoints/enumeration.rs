//! Nobody learns from a failed login whether there is such an account: not from the answer, and not from the work that it took.

use std::time::Duration;

use primehub_tests::{Page, Platform};

use super::answers::check;
use super::scene::{PORTAL, Person, Scene};

/// How many attempts on a name are compared in a row.
const ATTEMPTS: usize = 10;

/// Where a name and a password can be shown.
#[derive(Clone, Copy, Debug)]
enum Place {
    LoginPage,
    TokenEndpoint,
}

/// What a failed login looks like from outside.
#[derive(Debug, Eq, PartialEq)]
struct Failed {
    status: u16,
    headers: Vec<(String, String)>,
    text: String,
    /// Passwords that were hashed for it.
    hashes: u64,
}

impl Failed {
    fn new(page: &Page, username: &str, hashes: u64) -> Self {
        let mut headers: Vec<(String, String)> = page
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
            .collect();
        headers.sort();
        let mut text = page.text.replace(username, "(name)");
        for form in page.forms() {
            text = text.replace(form.field("form").unwrap(), "(form)");
        }
        Self { status: page.status, headers, text, hashes }
    }
}

async fn try_to_log_in(scene: &Scene, place: Place, username: &str, password: &str) -> (Page, u64) {
    let mut browser = scene.browser();
    let request = match place {
        Place::LoginPage => {
            let page = browser.open(scene.authorization(&[]).as_str()).await;
            browser.submission(&page, &page.form("password"), &[("username", username), ("password", password)])
        }
        Place::TokenEndpoint => {
            let fields = [("grant_type", "password"), ("username", username), ("password", password)];
            scene.as_client("token", &fields)
        }
    };
    let before = scene.platform.memory.password_hashes();
    let page = browser.exchange(request).await;
    check(scene, &page);
    (page, scene.platform.memory.password_hashes() - before)
}

async fn fail(scene: &Scene, place: Place, username: &str, password: &str) -> Failed {
    let (page, hashes) = try_to_log_in(scene, place, username, password).await;
    assert!(page.status == 200 && page.location().is_none() || page.status == 400, "{}", page.text);
    Failed::new(&page, username, hashes)
}

/// As long as the name of a person, so that lengths say nothing either.
fn unknown(person: &Person) -> String {
    person.username.replace("person", "nobody")
}

#[rstest::rstest]
#[case::login_page(Place::LoginPage)]
#[case::token_endpoint(Place::TokenEndpoint)]
#[tokio::test]
async fn failed_logins_look_alike_whoever_was_meant(#[case] place: Place) {
    let scene = Scene::start().await;
    let known = scene.person().await;
    let disabled = scene.person().await;
    scene.disable(&disabled).await;
    let number = scene.platform.fresh_number();
    let without_password = format!("person-{number}");
    scene.platform.add_user(&without_password).await;
    let names = [&known.username, &unknown(&known), &disabled.username, &without_password];
    assert!(names.iter().all(|name| name.len() == known.username.len()), "{names:?}");

    let first = fail(&scene, place, &known.username, "wrong").await;
    assert_eq!(first.hashes, 1);
    for name in &names[1..] {
        assert_eq!(fail(&scene, place, name, "wrong").await, first, "{name}");
    }
    // Attempt by attempt, until all names have to wait; then the right password is refused like any other.
    for attempt in 2..ATTEMPTS + 3 {
        for name in names {
            assert_eq!(fail(&scene, place, name, "wrong").await, first, "attempt {attempt} on {name}");
        }
    }
    assert_eq!(fail(&scene, place, &known.username, &known.password).await, first);
}

/// A name and an e-mail address wait together, and nobody sees that they do.
#[rstest::rstest]
#[case::login_page(Place::LoginPage)]
#[case::token_endpoint(Place::TokenEndpoint)]
#[tokio::test]
async fn nobody_learns_which_address_belongs_to_which_name(#[case] place: Place) {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let [email, unknown] = [&person.username, &unknown(&person)].map(|name| format!("{name}@example.com"));
    scene.set_email(&person, &email).await;
    for _ in 0..ATTEMPTS {
        fail(&scene, place, &person.username, "wrong").await;
    }
    let [known, unknown] =
        [fail(&scene, place, &email, &person.password).await, fail(&scene, place, &unknown, "wrong").await];
    assert_eq!(known, unknown);
    scene.wait(Duration::from_secs(1));
    let (page, _) = try_to_log_in(&scene, place, &email, &person.password).await;
    assert!(page.returned("code").is_some() || page.text.contains("access_token"), "{}", page.text);
}

#[rstest::rstest]
#[case::login_page(Place::LoginPage)]
#[case::token_endpoint(Place::TokenEndpoint)]
#[tokio::test]
async fn a_login_costs_one_hash(#[case] place: Place) {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let (page, hashes) = try_to_log_in(&scene, place, &person.username, &person.password).await;
    assert!(page.returned("code").is_some() || page.text.contains("access_token"), "{}", page.text);
    assert_eq!(hashes, 1);
}

/// Whoever has a client's secret learns no more than whoever has a browser.
#[tokio::test]
async fn clients_without_the_right_secret_cost_no_hash() {
    let scene = Scene::start().await;
    let person = scene.person().await;
    let before = scene.platform.memory.password_hashes();
    for (client, secret) in [(PORTAL, "wrong"), ("unknown", Platform::CLIENT_SECRET)] {
        let fields = [
            ("grant_type", "password"),
            ("client_id", client),
            ("client_secret", secret),
            ("username", &person.username),
            ("password", &person.password),
        ];
        assert_eq!(scene.token(&mut scene.browser(), &fields).await.status, 401);
    }
    assert_eq!(scene.platform.memory.password_hashes(), before);
}
