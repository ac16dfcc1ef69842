//! Somebody else, with the admin REST interface.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use primehub_conformance::{Failure, HandedUser, OtherHand};
use primehub_core::identity::{RoleKey, Subject};
use primehub_core::names::{GroupId, UserId};
use real_peers::AdminError;
use reqwest::Method;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::mail::MailSink;
use super::realm::Realm;

/// The administrator of Keycloak.
pub(super) struct KeycloakHand {
    pub(super) realm: Arc<Realm>,
    mail: MailSink,
    /// Somebody with an e-mail address, to whom messages may be sent.
    reader: String,
}

type Done<T = ()> = Result<T, Failure>;

#[track_caller]
fn broken(error: AdminError) -> Failure {
    Failure::broken(format_args!("the hand: {error}"))
}

impl KeycloakHand {
    pub(super) fn new(realm: Arc<Realm>, mail: MailSink, reader: String) -> Self {
        Self { realm, mail, reader }
    }

    async fn get(&self, parts: &[&str]) -> Done<Value> {
        self.realm.admin.get(&self.realm.path(parts)).await.map_err(broken)
    }

    async fn put(&self, parts: &[&str], body: &Value) -> Done {
        self.realm.admin.put(&self.realm.path(parts), body).await.map(drop).map_err(broken)
    }

    async fn post(&self, parts: &[&str], body: &Value) -> Done {
        self.realm.admin.post(&self.realm.path(parts), body).await.map(drop).map_err(broken)
    }

    async fn create(&self, parts: &[&str], body: &Value) -> Done<String> {
        self.realm.admin.create(&self.realm.path(parts), body).await.map_err(broken)
    }

    async fn delete(&self, parts: &[&str]) -> Done {
        self.realm.admin.delete(&self.realm.path(parts)).await.map(drop).map_err(broken)
    }

    /// Reads, changes and sends back the whole, which is what keeps everything else.
    async fn change(&self, parts: &[&str], change: impl FnOnce(&mut Value) + Send) -> Done {
        let mut whole = self.get(parts).await?;
        change(&mut whole);
        self.put(parts, &whole).await
    }

    /// Where grants of a role stand below a subject, and what names it there.
    async fn mapping(&self, role: &RoleKey) -> Done<(Vec<String>, Value)> {
        let (place, row) = match role {
            RoleKey::Realm(name) => (vec!["realm".to_owned()], self.get(&["roles", name]).await?),
            RoleKey::Client { client, role } => {
                let id = self.realm.client(client).await;
                let row = self.get(&["clients", &id, "roles", role]).await?;
                (vec!["clients".to_owned(), id], row)
            }
        };
        Ok((place, json!([{ "id": row["id"], "name": row["name"] }])))
    }

    async fn map(&self, method: Method, subject: &Subject, role: &RoleKey) -> Done {
        let (place, rows) = self.mapping(role).await?;
        let mut parts = match subject {
            Subject::User(id) => vec!["users", id.as_str(), "role-mappings"],
            Subject::Group(id) => vec!["groups", id.as_str(), "role-mappings"],
        };
        parts.extend(place.iter().map(|part| &**part));
        let path = self.realm.path(&parts);
        let answer = self.realm.admin.send(method, &path, Some(&rows)).await.map_err(broken)?;
        if answer.status.is_success() { Ok(()) } else { Err(Failure::broken(format_args!("{path}: {answer:?}"))) }
    }
}

fn set(whole: &mut Value, name: &str, values: &[&str]) {
    let attributes = whole.as_object_mut().unwrap().entry("attributes").or_insert_with(|| json!({}));
    match values {
        [] => drop(attributes.as_object_mut().unwrap().remove(name)),
        values => attributes[name] = json!(values),
    }
}

#[async_trait]
impl OtherHand for KeycloakHand {
    async fn create_user(&self, user: HandedUser) -> Done<UserId> {
        let attributes: BTreeMap<&str, &[String]> = user.attributes.iter().collect();
        let mut body = json!({
            "username": user.username, "enabled": true, "emailVerified": user.email_verified,
            "requiredActions": user.required_actions, "attributes": attributes,
        });
        for (name, text) in [("email", user.email), ("firstName", user.first_name), ("lastName", user.last_name)] {
            if let Some(text) = text {
                body[name] = text.into();
            }
        }
        self.create(&["users"], &body).await.map(UserId::new)
    }

    async fn delete_user(&self, user: &UserId) -> Done {
        self.delete(&["users", user.as_str()]).await
    }

    async fn set_enabled(&self, user: &UserId, enabled: bool) -> Done {
        self.put(&["users", user.as_str()], &json!({ "enabled": enabled })).await
    }

    async fn set_email(&self, user: &UserId, email: &str) -> Done {
        self.change(&["users", user.as_str()], |whole| whole["email"] = email.into()).await
    }

    async fn set_user_attribute(&self, user: &UserId, name: &str, values: &[&str]) -> Done {
        self.change(&["users", user.as_str()], |whole| set(whole, name, values)).await
    }

    async fn add_one_time_password(&self, user: &UserId) -> Done {
        let generator = json!([{
            "type": "otp", "userLabel": "phone", "secretData": r#"{"value":"JBSWY3DPEHPK3PXP"}"#,
            "credentialData": r#"{"subType":"totp","digits":6,"counter":0,"period":30,"algorithm":"HmacSHA1"}"#,
        }]);
        self.change(&["users", user.as_str()], |whole| whole["credentials"] = generator).await
    }

    async fn create_group(&self, name: &str, parent: Option<&GroupId>) -> Done<GroupId> {
        let body = json!({ "name": name });
        let id = match parent {
            None => self.create(&["groups"], &body).await?,
            Some(parent) => self.create(&["groups", parent.as_str(), "children"], &body).await?,
        };
        Ok(GroupId::new(id))
    }

    async fn delete_group(&self, group: &GroupId) -> Done {
        self.delete(&["groups", group.as_str()]).await
    }

    async fn rename_group(&self, group: &GroupId, name: &str) -> Done {
        self.change(&["groups", group.as_str()], |whole| whole["name"] = name.into()).await
    }

    async fn describe_group(&self, group: &GroupId, description: &str) -> Done {
        self.change(&["groups", group.as_str()], |whole| whole["description"] = description.into()).await
    }

    async fn set_group_attribute(&self, group: &GroupId, name: &str, values: &[&str]) -> Done {
        self.change(&["groups", group.as_str()], |whole| set(whole, name, values)).await
    }

    async fn join(&self, user: &UserId, group: &GroupId) -> Done {
        self.put(&["users", user.as_str(), "groups", group.as_str()], &json!({})).await
    }

    async fn leave(&self, user: &UserId, group: &GroupId) -> Done {
        self.delete(&["users", user.as_str(), "groups", group.as_str()]).await
    }

    async fn add_default_group(&self, group: &GroupId) -> Done {
        self.put(&["default-groups", group.as_str()], &json!({})).await
    }

    async fn create_role(&self, name: &str, composites: &[RoleKey]) -> Done {
        self.post(&["roles"], &json!({ "name": name })).await?;
        for role in composites {
            let (_, rows) = self.mapping(role).await?;
            self.post(&["roles", name, "composites"], &rows).await?;
        }
        Ok(())
    }

    async fn delete_role(&self, name: &str) -> Done {
        self.delete(&["roles", name]).await
    }

    async fn grant(&self, to: &Subject, role: &RoleKey) -> Done {
        self.map(Method::POST, to, role).await
    }

    async fn revoke(&self, from: &Subject, role: &RoleKey) -> Done {
        self.map(Method::DELETE, from, role).await
    }

    async fn set_display_name(&self, name: &str) -> Done {
        self.put(&[], &json!({ "displayName": name })).await
    }

    async fn working_mail_settings(&self) -> Done<BTreeMap<String, String>> {
        let settings = [("host", "127.0.0.1"), ("port", &self.mail.port()), ("from", "primehub@example.com")];
        Ok(settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    async fn messages_to(&self, address: &str) -> Done<usize> {
        Ok(self.mail.messages_to(address))
    }

    /// No answer of Keycloak has the password, so a message is sent to a mail server that sees it.
    async fn mail_password(&self) -> Done<Option<String>> {
        let stored = self.get(&[]).await?["smtpServer"].clone();
        if stored.get("password").is_none() {
            return Ok(None);
        }
        let mut elsewhere = stored.clone();
        (elsewhere["host"], elsewhere["port"]) = ("127.0.0.1".into(), self.mail.port().into());
        self.put(&[], &json!({ "smtpServer": elsewhere })).await?;
        self.put(&["users", &self.reader, "execute-actions-email"], &json!(["VERIFY_EMAIL"])).await?;
        self.put(&[], &json!({ "smtpServer": stored })).await?;
        Ok(self.mail.take_password())
    }

    async fn issue_api_token(&self, user: &UserId) -> Done<SecretString> {
        let username = self.get(&["users", user.as_str()]).await?["username"].as_str().unwrap_or_default().to_owned();
        let password = format!("Pass-word {}", uuid::Uuid::new_v4());
        let credential = json!({ "type": "password", "value": password, "temporary": false });
        self.put(&["users", user.as_str(), "reset-password"], &credential).await?;
        let tokens = self.realm.with_password(&username, &password.into(), "openid offline_access").await?;
        let tokens = tokens.ok_or_else(|| Failure::broken(format_args!("{username} gets no API token")))?;
        Ok(tokens["refresh_token"].as_str().unwrap_or_default().into())
    }

    async fn api_token_works(&self, token: &SecretString) -> Done<bool> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token.expose_secret())];
        Ok(self.realm.tokens(&fields).await?.is_some())
    }

    async fn put_original_invitation(&self, token: &str, into: &GroupId, expires_at: Timestamp) -> Done {
        let role = self.realm.path(&["roles"]);
        let answer = self.realm.admin.send(Method::POST, &role, Some(&json!({ "name": "invitation" }))).await;
        let status = answer.map_err(broken)?.status.as_u16();
        if !matches!(status, 201 | 409) {
            return Err(Failure::broken(format_args!("the role invitation: {status}")));
        }
        let mut whole = self.get(&["roles", "invitation"]).await?;
        set(&mut whole, &format!("invitation-{token}"), &[&invitation(token, into.as_str(), expires_at)]);
        let id = whole["id"].as_str().unwrap_or_default().to_owned();
        self.put(&["roles-by-id", &id], &whole).await
    }
}

/// An invitation as the original wrote it.
pub(super) fn invitation(token: &str, group: &str, expires_at: Timestamp) -> String {
    let expires_at = format!("{expires_at:.3}");
    json!({ "groupId": group, "invitationToken": token, "expiredDate": expires_at }).to_string()
}
