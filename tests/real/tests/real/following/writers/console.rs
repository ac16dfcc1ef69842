//! What people do by themselves, without the admin interface.

use std::collections::BTreeMap;

use real_peers::Endpoint;
use reqwest::header::{ACCEPT, COOKIE, SET_COOKIE};
use reqwest::{Client, redirect};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use crate::following::Scene;

/// Somebody who is logged in to the account console.
pub(super) struct Person {
    client: Client,
    realm_url: String,
    client_id: String,
    username: String,
    token: String,
}

const PASSWORD: &str = "correct horse battery staple";

impl Person {
    /// Makes the account, and logs in.
    pub(super) async fn new(scene: &Scene, username: &str) -> Self {
        let email = format!("{username}@example.com");
        let account = json!({
            "username": username, "email": email, "firstName": "A", "lastName": "Person", "enabled": true,
            "credentials": [{ "type": "password", "value": PASSWORD, "temporary": false }],
        });
        scene.create("users", &account).await;
        let Endpoint { base_url, .. } = scene.admin.endpoint();
        let realm_url = format!("{base_url}/realms/{}", scene.realm.name);
        let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
        let client_id = scene.realm.client_id.clone();
        let form = [
            ("grant_type", "password"),
            ("client_id", &client_id),
            ("client_secret", scene.realm.client_secret.expose_secret()),
            ("username", username),
            ("password", PASSWORD),
            ("scope", "openid"),
        ];
        let answer =
            client.post(format!("{realm_url}/protocol/openid-connect/token")).form(&form).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        Self { client, realm_url, client_id, username: username.to_owned(), token }
    }

    /// Changes the own names, or the address.
    pub(super) async fn edit(&self, number: usize) -> bool {
        let profile = json!({
            "username": self.username, "email": format!("{}-{}@example.com", self.username, number % 3),
            "firstName": format!("A{number}"), "lastName": "Person",
        });
        let request = self.client.post(format!("{}/account/", self.realm_url)).bearer_auth(&self.token);
        let answer = request.header(ACCEPT, "application/json").json(&profile).send().await.unwrap();
        answer.status().is_success()
    }

    /// Registers somebody else, as a browser does.
    pub(super) async fn register(&self, username: &str) -> bool {
        let query = [
            ("client_id", self.client_id.as_str()),
            ("response_type", "code"),
            ("scope", "openid"),
            ("redirect_uri", "http://127.0.0.1/callback"),
        ];
        let page = self.client.get(format!("{}/protocol/openid-connect/registrations", self.realm_url)).query(&query);
        let page = page.send().await.unwrap();
        let set = page.headers().get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok());
        let cookies: BTreeMap<_, _> = set
            .filter_map(|cookie| cookie.split(';').next()?.split_once('='))
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .collect();
        let text = page.text().await.unwrap();
        let Some(action) = text.split("action=\"").skip(1).find_map(|rest| {
            let action = rest.split('"').next()?;
            action.contains("login-actions/registration").then(|| action.replace("&amp;", "&"))
        }) else {
            return false;
        };
        let email = format!("{username}@example.com");
        let form = [
            ("username", username),
            ("email", &email),
            ("firstName", "Self"),
            ("lastName", "Registered"),
            ("password", PASSWORD),
            ("password-confirm", PASSWORD),
        ];
        let cookies = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        let answer = self.client.post(action).header(COOKIE, cookies).form(&form).send().await.unwrap();
        answer.status().is_redirection()
    }
}
