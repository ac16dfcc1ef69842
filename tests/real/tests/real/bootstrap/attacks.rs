//! What people can do to their own accounts, with their own tokens.

use std::sync::Arc;

use real_peers::Shared;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::cycle::everything;
use super::place::{Place, names, news};

/// What administrators have given somebody.
const GIVEN: [(&str, &str); 5] = [
    ("volumeCapacity", "20G"),
    ("enableInviteUsers", "false"),
    ("predefinedEnvs", "[]"),
    ("annLastReadTime", "1"),
    ("quota-gpu", "1"),
];

/// What somebody would rather have.
const WANTED: [(&str, &str); 5] = [
    ("volumeCapacity", "999G"),
    ("enableInviteUsers", "true"),
    ("predefinedEnvs", r#"[{"name":"A","value":"b"}]"#),
    ("annLastReadTime", "2"),
    ("quota-gpu", "8"),
];

/// Whoever attacks.
struct Attacker<'a> {
    place: &'a Place,
    id: String,
    token: String,
}

pub(super) async fn before_and_after(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-open").await;
    place.admin.create_realm(&place.name, json!({ "sslRequired": "none", "editUsernameAllowed": true })).await.unwrap();
    place.change("users/profile", |profile| profile["unmanagedAttributePolicy"] = "ENABLED".into()).await;
    let attacker = Attacker::create(&place).await;

    // As the realm is, everything works: what is tested below can fail.
    assert_eq!(attacker.post(&attributes(&WANTED), "mallory").await, StatusCode::NO_CONTENT);
    let user = attacker.user().await;
    for (name, value) in WANTED {
        assert_eq!(user["attributes"][name], json!([value]), "{name}");
    }
    attacker.rename("admin2", StatusCode::NO_CONTENT).await;
    attacker.rename("mallory", StatusCode::NO_CONTENT).await;

    let outcome = place.run(place.request()).await;
    let tightened: Vec<_> = news(&outcome.steps).into_iter().filter(|line| line.starts_with('!')).collect();
    assert_eq!(
        tightened,
        [
            "! tighten the user profile: undeclared attributes ADMIN_EDIT instead of ENABLED; usernames of one letter; username changed by \
             administrators alone; email not required; firstName not required; lastName not required; predefinedEnvs declared, for \
             administrators alone; volumeCapacity declared, for administrators alone; enableInviteUsers declared, for administrators alone; \
             annLastReadTime declared, for administrators alone"
        ]
    );
    // What is there already stays, for administrators to judge.
    assert_eq!(attacker.user().await["attributes"], attributes(&WANTED));
    attacker.reset().await;
    attacker.achieves_nothing().await;
    place.run_in_vain(place.request()).await;
    place.end().await;
}

pub(super) async fn on_a_bootstrapped_realm(shared: Arc<Shared>) {
    let (place, _) = Place::bootstrapped(&shared, "bootstrap-closed").await;
    let attacker = Attacker::create(&place).await;
    attacker.reset().await;
    attacker.achieves_nothing().await;
    place.end().await;
}

/// Somebody who says to have been begun by a run that was interrupted, where people can say so.
pub(super) async fn forged_mark(shared: Arc<Shared>) {
    let place = Place::new(&shared, "bootstrap-forged").await;
    place.admin.create_realm(&place.name, json!({ "sslRequired": "none" })).await.unwrap();
    place.change("users/profile", |profile| profile["unmanagedAttributePolicy"] = "ENABLED".into()).await;
    let attacker = Attacker::named(&place, "phadmin").await;
    let mark = attributes(&[("primehub-bootstrap", "unfinished")]);
    assert_eq!(attacker.post(&mark, "phadmin").await, StatusCode::NO_CONTENT);
    assert_eq!(attacker.user().await["attributes"], mark);

    let request = everything(&place);
    let plan = place.plan(request.clone()).await;
    assert!(plan.to_string().contains("! take the mark of an unfinished administrator off people"), "{plan}");
    let outcome = place.run(request.clone()).await;
    assert!(outcome.administrator_password.is_none(), "{}", outcome.steps);
    // Nor in a run that finds the profile closed.
    let again = place.run_in_vain(request).await;
    assert!(again.administrator_password.is_none(), "{}", again.steps);
    assert_eq!(attacker.user().await.get("attributes"), None);
    assert_eq!(place.rights(&attacker.id).await, Vec::<String>::new());
    place.end().await;
}

impl<'a> Attacker<'a> {
    async fn create(place: &'a Place) -> Self {
        Self::named(place, "mallory").await
    }

    async fn named(place: &'a Place, name: &str) -> Self {
        place.add_direct_client().await;
        let id = place.person(name).await;
        let names = json!({ "email": "m@example.com", "firstName": "Mal", "lastName": "Lory" });
        place.put(&format!("users/{id}"), &names).await;
        let token = place.direct_token(name).await;
        Self { place, id, token }
    }

    async fn user(&self) -> Value {
        self.place.get(&format!("users/{}", self.id)).await
    }

    /// Gives the attacker what administrators give.
    async fn reset(&self) {
        self.place.change(&format!("users/{}", self.id), |user| user["attributes"] = attributes(&GIVEN)).await;
    }

    /// Sends an account with these attributes to where people change theirs.
    async fn post(&self, attributes: &Value, username: &str) -> StatusCode {
        let account = json!({
            "username": username, "email": "m@example.com", "firstName": "Mal", "lastName": "Lory", "attributes": attributes,
        });
        self.send(Method::POST, "realms", "account/", &account).await
    }

    async fn send(&self, method: Method, interface: &str, rest: &str, body: &Value) -> StatusCode {
        let url = format!("{}/{interface}/{}/{rest}", self.place.base(), self.place.name);
        let request =
            self.place.http.request(method, url).bearer_auth(&self.token).header("Accept", "application/json");
        request.json(body).send().await.unwrap().status()
    }

    async fn rename(&self, name: &str, expected: StatusCode) {
        let kept = self.user().await["attributes"].clone();
        assert_eq!(self.post(&kept, name).await, expected);
        assert_eq!(self.user().await["username"], name);
    }

    async fn achieves_nothing(&self) {
        let (id, place) = (&self.id, self.place);
        let group = place.create("groups", &json!({ "name": "wanted", "attributes": { "admins": ["ada"] } })).await;
        let before = self.user().await;
        assert_eq!(before["attributes"], attributes(&GIVEN));
        // One by one, because one that is refused would hide that another is not.
        for wanted in WANTED {
            let mut attempt = before["attributes"].clone();
            attempt[wanted.0] = json!([wanted.1]);
            for attempt in [attempt, attributes(&[wanted])] {
                self.post(&attempt, "mallory").await;
                assert_eq!(self.user().await, before, "{wanted:?}");
            }
        }
        for attempt in [attributes(&WANTED), json!({}), Value::Null, json!({ "username": ["admin2"] })] {
            self.post(&attempt, "mallory").await;
            assert_eq!(self.user().await, before, "{attempt}");
        }
        self.post(&before["attributes"], "admin2").await;
        assert_eq!(self.user().await, before);

        // Groups, by whatever address.
        let with_groups = json!({ "username": "mallory", "email": "m@example.com", "firstName": "Mal", "lastName": "Lory", "groups": ["/wanted"] });
        self.send(Method::POST, "realms", "account/", &with_groups).await;
        for method in [Method::PUT, Method::POST] {
            let status = self.send(method, "realms", &format!("account/groups/{group}"), &json!({})).await;
            assert!(!status.is_success(), "{status}");
        }
        let whole = place.get(&format!("groups/{group}")).await;
        let attempts = [
            (Method::PUT, format!("users/{id}/groups/{group}"), json!({})),
            (Method::PUT, format!("users/{id}"), json!({ "attributes": attributes(&WANTED) })),
            (
                Method::PUT,
                format!("groups/{group}"),
                json!({ "name": "wanted", "attributes": { "admins": ["mallory"] } }),
            ),
            (Method::PUT, String::new(), json!({ "registrationAllowed": true })),
            (
                Method::PUT,
                "users/profile".to_owned(),
                json!({ "unmanagedAttributePolicy": "ENABLED", "attributes": [] }),
            ),
        ];
        for (method, rest, body) in attempts {
            assert_eq!(self.send(method, "admin/realms", &rest, &body).await, StatusCode::FORBIDDEN, "{rest}");
        }
        assert_eq!(place.get(&format!("groups/{group}")).await, whole);
        assert!(!names(&place.get(&format!("users/{id}/groups")).await).contains(&"wanted".to_owned()));
        assert_eq!(self.user().await, before);

        // What is people's own they can change.
        let mut own = before.clone();
        (own["email"], own["firstName"]) = ("mal@example.com".into(), "Malina".into());
        let account = json!({
            "username": "mallory", "email": own["email"], "firstName": own["firstName"], "lastName": "Lory",
            "attributes": {},
        });
        assert_eq!(self.send(Method::POST, "realms", "account/", &account).await, StatusCode::NO_CONTENT);
        assert_eq!(self.user().await, own);
    }
}

fn attributes(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect::<serde_json::Map<_, _>>().into()
}
