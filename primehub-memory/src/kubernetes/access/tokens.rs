//! Bearer tokens: those that the embedder hands out, and those of service accounts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::{AUTHENTICATED, Caller};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::store::{Key, Object};

/// A token and whose it is.
#[derive(Clone)]
pub struct Token {
    /// What stands after `Bearer`.
    pub token: String,
    /// The user's name.
    pub user: String,
    /// The user's groups, such as `system:masters`, whose members may do everything.
    pub groups: Vec<String>,
}

/// Without the token, which is a secret.
impl std::fmt::Debug for Token {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Token").field("user", &self.user).field("groups", &self.groups).finish_non_exhaustive()
    }
}

/// A token of a service account: good as long as the account is there, and until it ends. Gone when the process ends.
struct Issued {
    key: Key,
    uid: Arc<str>,
    ends: Timestamp,
}

pub(super) struct Tokens {
    fixed: HashMap<String, Caller>,
    issued: Mutex<HashMap<String, Issued>>,
}

impl Tokens {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let fixed = tokens.into_iter().map(|Token { token, user, groups }| {
            let groups = groups.into_iter().chain([AUTHENTICATED.to_owned()]).collect();
            (token, Caller { uid: String::new(), user, groups })
        });
        Self { fixed: fixed.collect(), issued: Mutex::default() }
    }

    pub(super) fn caller(&self, token: &str, server: &ApiServer) -> Option<Caller> {
        if let Some(caller) = self.fixed.get(token) {
            return Some(caller.clone());
        }
        let issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        let Issued { key, uid, ends } = issued.get(token)?;
        if *ends <= server.now() {
            return None;
        }
        let account = server.service_account(key)?;
        if account.meta.uid != *uid || account.meta.deleting {
            return None;
        }
        let namespace = key.namespace.as_deref().unwrap_or_default();
        Some(Caller {
            user: format!("system:serviceaccount:{namespace}:{}", key.name),
            uid: uid.to_string(),
            groups: vec![
                "system:serviceaccounts".to_owned(),
                format!("system:serviceaccounts:{namespace}"),
                AUTHENTICATED.to_owned(),
            ],
        })
    }

    pub(super) fn issue(&self, account: &Object, seconds: i64, now: Timestamp) -> (String, String) {
        // 244 random bits of the operating system: nobody guesses it.
        let token = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        let ends = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
        let mut issued = self.issued.lock().unwrap_or_else(PoisonError::into_inner);
        issued.retain(|_, token| token.ends > now);
        let entry = Issued { key: account.meta.key.clone(), uid: Arc::clone(&account.meta.uid), ends };
        issued.insert(token.clone(), entry);
        (token, crate::kubernetes::verbs::metadata::time(ends))
    }
}
