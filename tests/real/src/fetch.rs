//! Reading much at once, and doing nothing with it: how fast a server can be read at all.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::admin::{Admin, AdminError, Answer};
use crate::population::PlatformRealm;

/// What was read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fetched {
    /// How many requests there were, the one for the token left out.
    pub calls: usize,
    /// Bytes of the bodies.
    pub bytes: usize,
    /// From the first request to the last byte.
    pub elapsed: Duration,
}

/// Rows per page, as far as they are read in pages.
const USERS: usize = 1_500;
const GROUPS: usize = 500;
const ROLES: usize = 1_000;
const MEMBERS: usize = 2_000;

impl PlatformRealm {
    /// What there is to read for somebody who does not know the realm yet, page by page: settings, events, client, people, groups and their members,
    /// roles and what they contain, administrators.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if the server does not tell how much that is.
    pub async fn cold_start_paths(&self, admin: &Admin) -> Result<Vec<String>, AdminError> {
        let realm = &self.name;
        let ids = |rows: &Value| -> Vec<String> {
            let rows = rows.as_array().into_iter().flatten();
            rows.filter_map(|row| row["id"].as_str().map(ToOwned::to_owned)).collect()
        };
        let management = ids(&admin.get(&format!("{realm}/clients?clientId=realm-management")).await?).join("");
        let groups = ids(&admin.get(&format!("{realm}/groups")).await?);
        let roles = admin.get(&format!("{realm}/roles")).await?;
        let composite: Vec<String> = {
            let rows = roles.as_array().into_iter().flatten().filter(|row| row["composite"] == true);
            rows.filter_map(|row| row["id"].as_str().map(ToOwned::to_owned)).collect()
        };
        let people = admin.get(&format!("{realm}/users/count")).await?.as_u64().unwrap_or_default();
        let people = usize::try_from(people).unwrap_or_default();
        let mut paths = vec![
            realm.clone(),
            format!("{realm}/admin-events?first=0&max=1"),
            format!("{realm}/events?first=0&max=1"),
            format!("{realm}/clients?clientId={}", self.client_id),
            format!("{realm}/clients?clientId=realm-management"),
            format!("{realm}/clients/{management}/roles/realm-admin"),
            format!("{realm}/clients/{management}/roles/realm-admin/users?first=0&max={MEMBERS}"),
            format!("{realm}/default-groups"),
            format!("{realm}/users?briefRepresentation=false&username=service-account-&first=0&max={USERS}"),
        ];
        for (list, rows, max) in [
            ("users", people, USERS),
            ("groups", groups.len(), GROUPS),
            ("roles", roles.as_array().map_or(0, Vec::len), ROLES),
        ] {
            // Each page begins with the last row of the one before.
            let first = (0..=rows.saturating_sub(1)).step_by(max - 1);
            paths
                .extend(first.map(|first| format!("{realm}/{list}?briefRepresentation=false&first={first}&max={max}")));
        }
        paths.extend(composite.iter().map(|id| format!("{realm}/roles-by-id/{id}/composites")));
        for id in groups {
            let last = format!("{realm}/groups/{id}/members?briefRepresentation=true&first={}&max=1", MEMBERS - 1);
            let rest = admin.get(&last).await?;
            // One row at that place means another page.
            let more = rest.as_array().is_some_and(|rows| !rows.is_empty());
            let pages = if more { people / (MEMBERS - 1) + 1 } else { 1 };
            let first = (0..pages).map(|page| page * (MEMBERS - 1));
            let path =
                |first| format!("{realm}/groups/{id}/members?briefRepresentation=true&first={first}&max={MEMBERS}");
            paths.extend(first.map(path));
        }
        Ok(paths)
    }

    /// Reads `paths` (as [`Admin`] has them) with the rights of the platform's service account, over `connections` connections that are kept, and throws
    /// the answers away.
    ///
    /// # Errors
    ///
    /// [`AdminError`] if something is not answered with a success.
    pub async fn fetch(&self, admin: &Admin, paths: &[String], connections: usize) -> Result<Fetched, AdminError> {
        let client = Client::builder().no_proxy().build().map_err(AdminError::Client)?;
        let base_url = &admin.endpoint().base_url;
        let path = format!("/realms/{}/protocol/openid-connect/token", self.name);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ];
        let no_answer = |method: Method, path: &str| {
            let path = path.to_owned();
            move |source| AdminError::NoAnswer { method, path, source }
        };
        let began = Instant::now();
        let answer = client.post(format!("{base_url}{path}")).form(&form).send().await;
        let answer = answer.map_err(no_answer(Method::POST, &path))?;
        let status = answer.status();
        let body: Value = answer.json().await.map_err(no_answer(Method::POST, &path))?;
        let Some(token) = body["access_token"].as_str() else {
            let answer = Answer { status, body, location: None };
            return Err(AdminError::Refused { method: Method::POST, path, answer });
        };
        let mut running = JoinSet::new();
        let mut fetched = Fetched { calls: paths.len(), ..Fetched::default() };
        for path in paths {
            if running.len() >= connections
                && let Some(done) = running.join_next().await
            {
                fetched.bytes += done.unwrap_or(Ok(0))?;
            }
            let request = client.get(format!("{base_url}/admin/realms/{path}")).bearer_auth(token);
            let path = path.clone();
            running.spawn(async move {
                let answer = request.send().await.map_err(no_answer(Method::GET, &path))?;
                let status = answer.status();
                let body = answer.bytes().await.map_err(no_answer(Method::GET, &path))?;
                if status == StatusCode::OK {
                    return Ok(body.len());
                }
                let body = Value::String(String::from_utf8_lossy(&body).into_owned());
                Err(AdminError::Refused { method: Method::GET, path, answer: Answer { status, body, location: None } })
            });
        }
        while let Some(done) = running.join_next().await {
            fetched.bytes += done.unwrap_or(Ok(0))?;
        }
        fetched.elapsed = began.elapsed();
        Ok(fetched)
    }
}
