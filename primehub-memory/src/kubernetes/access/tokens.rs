//! Bearer tokens: those that the embedder hands out, and those of service accounts.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AUTHENTICATED, Caller};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;
use crate::kubernetes::store::{Key, Object};

/// Who makes the tokens of service accounts, and for whom they are unless somebody else is named.
const AUDIENCE: &str = "https://kubernetes.default.svc";

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

/// What a token of a service account says, as on a real server.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claims {
    aud: Vec<String>,
    exp: i64,
    iat: i64,
    iss: String,
    jti: String,
    #[serde(rename = "kubernetes.io")]
    account: Place,
    nbf: i64,
    sub: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Place {
    namespace: String,
    serviceaccount: Named,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Named {
    name: String,
    uid: String,
}

/// A token that was made for a service account.
pub(crate) struct Issued {
    pub(crate) token: String,
    pub(crate) audiences: Vec<String>,
    pub(crate) ends: String,
}

/// Whose a token is, and for whom.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) caller: Caller,
    /// Empty for tokens that are for everybody.
    pub(super) audiences: Vec<String>,
}

/// The tokens that are known. Those of service accounts are good as long as the account is there, until they end, and at the longest until the
/// process does, as it makes a key of its own.
pub(super) struct Tokens {
    fixed: HashMap<String, Caller>,
    signing: EncodingKey,
    checking: DecodingKey,
}

impl Tokens {
    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let fixed = tokens.into_iter().map(|Token { token, user, groups }| {
            let groups = groups.into_iter().chain([AUTHENTICATED.to_owned()]).collect();
            (token, Caller { uid: String::new(), user, groups })
        });
        // 366 random bits of the operating system: nobody guesses them.
        let secret =
            [uuid::Uuid::new_v4(), uuid::Uuid::new_v4(), uuid::Uuid::new_v4()].map(uuid::Uuid::into_bytes).concat();
        Self {
            fixed: fixed.collect(),
            signing: EncodingKey::from_secret(&secret),
            checking: DecodingKey::from_secret(&secret),
        }
    }

    /// Whose token this is. `wanted` are the audiences of whom it has to be for one; without any, it is the server.
    ///
    /// # Errors
    ///
    /// Why it is nobody's.
    pub(super) fn caller(&self, token: &str, wanted: &[String], server: &ApiServer) -> Result<Known, String> {
        if let Some(caller) = self.fixed.get(token) {
            return Ok(Known { caller: caller.clone(), audiences: Vec::new() });
        }
        let invalid = || "invalid bearer token".to_owned();
        let claims = self.read(token).ok_or_else(invalid)?;
        let own = [AUDIENCE.to_owned()];
        let wanted = if wanted.is_empty() { &own } else { wanted };
        let audiences: Vec<String> = claims.aud.iter().filter(|one| wanted.contains(one)).cloned().collect();
        if audiences.is_empty() {
            let (given, wanted) = (json!(claims.aud), json!(wanted));
            return Err(format!(
                "[invalid bearer token, token audiences {given} is invalid for the target audiences {wanted}]"
            ));
        }
        let now = server.now().as_second();
        if claims.iss != AUDIENCE || !(claims.nbf..claims.exp).contains(&now) {
            return Err(invalid());
        }
        let Place { namespace, serviceaccount: Named { name, uid } } = claims.account;
        let account = server.service_account(&Key::new(Some(&namespace), &name)).ok_or_else(invalid)?;
        if *account.meta.uid != *uid || account.meta.deleting {
            return Err(invalid());
        }
        let groups = vec![
            "system:serviceaccounts".to_owned(),
            format!("system:serviceaccounts:{namespace}"),
            AUTHENTICATED.to_owned(),
        ];
        Ok(Known { caller: Caller { user: claims.sub, uid, groups }, audiences })
    }

    /// What a token that this process has signed says. Times are looked at elsewhere, by the server's clock.
    fn read(&self, token: &str) -> Option<Claims> {
        let mut signature_only = Validation::new(Algorithm::HS256);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_nbf = false;
        signature_only.validate_aud = false;
        jsonwebtoken::decode::<Claims>(token, &self.checking, &signature_only).ok().map(|data| data.claims)
    }

    /// A new token. Without audiences, it is for the server.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub(super) fn issue(
        &self,
        account: &Object,
        mut audiences: Vec<String>,
        seconds: i64,
        now: Timestamp,
    ) -> Result<Issued, Status> {
        let ends = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
        if audiences.is_empty() {
            audiences.push(AUDIENCE.to_owned());
        }
        let namespace = account.meta.key.namespace.as_deref().unwrap_or_default().to_owned();
        let name = account.meta.key.name.to_string();
        let claims = Claims {
            aud: audiences.clone(),
            exp: ends.as_second(),
            iat: now.as_second(),
            iss: AUDIENCE.to_owned(),
            jti: uuid::Uuid::new_v4().to_string(),
            nbf: now.as_second(),
            sub: format!("system:serviceaccount:{namespace}:{name}"),
            account: Place { namespace, serviceaccount: Named { name, uid: account.meta.uid.to_string() } },
        };
        let token =
            jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing).map_err(Status::internal)?;
        Ok(Issued { token, audiences, ends: crate::kubernetes::verbs::metadata::time(ends) })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_token_is_for_somebody_and_ends() {
        static NOW: AtomicI64 = AtomicI64::new(1_000);
        let clock = || Timestamp::from_second(NOW.load(Ordering::Relaxed)).unwrap();
        let server = ApiServer::builder().clock(clock).build().await.unwrap();
        let account = http::Request::post("/api/v1/namespaces/default/serviceaccounts")
            .body(http_body_util::Full::new(bytes::Bytes::from(r#"{"metadata":{"name":"sa"}}"#)))
            .unwrap();
        let made = tower::ServiceExt::oneshot(server.clone(), account).await.unwrap();
        assert_eq!(made.status(), 201);
        let account = server.service_account(&Key::new(Some("default"), "sa")).unwrap();

        let tokens = Tokens::new(Vec::new());
        let issue = |audiences: &[&str]| {
            let audiences = audiences.iter().map(|one| (*one).to_owned()).collect();
            tokens.issue(&account, audiences, 600, server.now()).unwrap().token
        };
        let whose = |token: &str, wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|one| (*one).to_owned()).collect();
            tokens.caller(token, &wanted, &server).map(|known| (known.caller.user, known.audiences))
        };
        let user = "system:serviceaccount:default:sa".to_owned();
        let (own, other) = (issue(&[]), issue(&["x"]));
        assert_eq!(whose(&own, &[]), Ok((user.clone(), vec![AUDIENCE.to_owned()])));
        assert_eq!(whose(&other, &["x", "y"]), Ok((user, vec!["x".to_owned()])));
        let why = r#"[invalid bearer token, token audiences ["x"] is invalid for the target audiences ["https://kubernetes.default.svc"]]"#;
        assert_eq!(whose(&other, &[]), Err(why.to_owned()));
        let invalid = Err("invalid bearer token".to_owned());
        let again = Tokens::new(Vec::new()).caller(&own, &[], &server);
        assert_eq!(again.map(|known| known.caller.user), Err("invalid bearer token".to_owned()), "another key");
        NOW.store(1_600, Ordering::Relaxed);
        assert_eq!(whose(&own, &[]), invalid, "ended");
    }
}
