//! The service account's token: fetched when it is needed, once for all who need it, and renewed before it ends.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use super::Grant;
use super::endpoint::advice;
use crate::transport::{CallError, Class, Transport};

/// From this part of its life on a token is renewed, while it still counts.
const EARLY: f64 = 0.8;

/// So long after a failure the token is not asked for again; whoever needs it is told of that failure.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

/// Where the token comes from.
pub(crate) trait Source: Send + Sync + 'static {
    /// A new token.
    fn ask(&self) -> impl Future<Output = Result<Fresh, CallError>> + Send;
}

/// A token as it was issued.
pub(crate) struct Fresh {
    pub(crate) token: SecretString,
    /// How long it counts.
    pub(crate) lifetime: Duration,
}

/// The token by which the platform acts. Its age is counted by a clock that nobody can set.
pub(crate) struct ServiceToken<S = Transport>(Arc<Keeper<S>>);

struct Keeper<S> {
    source: S,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The question that is under way. It goes on if whoever began it goes away.
    asking: Option<Asking>,
    failed: Option<(Instant, CallError)>,
}

type Asking = Shared<BoxFuture<'static, Result<SecretString, CallError>>>;

struct Held {
    token: SecretString,
    renew_at: Instant,
    ends_at: Instant,
}

impl<S: Source> ServiceToken<S> {
    pub(crate) fn new(source: S) -> Self {
        Self(Arc::new(Keeper { source, state: Mutex::default() }))
    }

    /// A token that counts. Waits for a call only if there is none: one that is close to its end is renewed in the background.
    pub(crate) async fn get(&self) -> Result<SecretString, CallError> {
        let asking = {
            let now = Instant::now();
            let mut state = self.0.state();
            match &state.held {
                Some(held) if now < held.ends_at => {
                    let (token, late) = (held.token.clone(), now >= held.renew_at);
                    if late {
                        // A failure is for the log: the token at hand still counts.
                        let _ = self.0.ask(&mut state);
                    }
                    return Ok(token);
                }
                _ => self.0.ask(&mut state)?,
            }
        };
        asking.await
    }

    /// Another token than `refused`, which Keycloak did not accept.
    pub(crate) async fn get_instead_of(&self, refused: &SecretString) -> Result<SecretString, CallError> {
        let asking = {
            let mut state = self.0.state();
            match &state.held {
                Some(held) if held.token.expose_secret() != refused.expose_secret() => return Ok(held.token.clone()),
                _ => {}
            }
            state.held = None;
            self.0.ask(&mut state)?
        };
        asking.await
    }
}

impl<S: Source> Keeper<S> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Joins the question that is under way, or begins one, unless it has just failed.
    fn ask(self: &Arc<Self>, state: &mut State) -> Result<Asking, CallError> {
        if let Some(asking) = &state.asking {
            return Ok(asking.clone());
        }
        match &state.failed {
            Some((at, error)) if at.elapsed() < AFTER_FAILURE => return Err(error.clone()),
            _ => {}
        }
        let keeper = Arc::clone(self);
        let asking = async move { keeper.renew().await }.boxed().shared();
        state.asking = Some(asking.clone());
        tokio::spawn(asking.clone().map(drop));
        Ok(asking)
    }

    async fn renew(&self) -> Result<SecretString, CallError> {
        // From before the call: the token is younger than this in Keycloak's eyes.
        let asked_at = Instant::now();
        let answer = self.source.ask().await;
        let mut state = self.state();
        state.asking = None;
        match answer {
            Ok(Fresh { token, lifetime }) => {
                let lifetime = lifetime.max(Duration::from_secs(1));
                let (renew_at, ends_at) = (asked_at + lifetime.mul_f64(EARLY), asked_at + lifetime);
                state.held = Some(Held { token: token.clone(), renew_at, ends_at });
                state.failed = None;
                Ok(token)
            }
            Err(error) => {
                tracing::warn!(%error, "no token for the service account");
                state.failed = Some((Instant::now(), error.clone()));
                Err(error)
            }
        }
    }
}

impl Source for Transport {
    async fn ask(&self) -> Result<Fresh, CallError> {
        let call = "token.service";
        let fields = vec![("grant_type", "client_credentials".into())];
        match Grant::ask(self, call, Class::Public, fields).await {
            Ok(grant) => Ok(Fresh { lifetime: grant.lifetime(), token: grant.access_token }),
            // Not an answer to the call that the token is for: that has not been made.
            Err(CallError::Refused(refusal)) => {
                let cause = format!("{} ({refusal})", advice(self.settings(), &refusal));
                tracing::error!(cause, "the service account cannot log in");
                Err(CallError::Unavailable { call, cause })
            }
            Err(error) => Err(error),
        }
    }
}
