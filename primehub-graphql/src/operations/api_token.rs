//! API tokens of users: counting them for everybody on a page at once, and revoking one's own.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use primehub_core::access::Denied;
use primehub_core::identity::IdentityStore;
use primehub_core::names::UserId;
use tokio::sync::OnceCell;

use crate::error::{ApiError, Code};
use crate::request::{Budget, Request};

/// Makes every API token of the caller worthless.
///
/// # Errors
/// [`Code::UserRevokeFailed`]; refused to callers without an account.
pub(crate) async fn revoke_api_tokens(request: Arc<Request>) -> Result<UserId, ApiError> {
    let id = request.caller().person().ok_or(Denied::Object)?.user().id.clone();
    let outcome = request.store().revoke_api_tokens(&request.actor(), &id).await;
    // Whatever the provider says: what was exchanged before must be exchanged again to count.
    request.services().authenticator.forget(&id);
    match outcome {
        Ok(_) => Ok(id),
        Err(error) => {
            tracing::warn!(user.id = %id, %error, "API tokens could not be revoked");
            Err(ApiError::new(Code::UserRevokeFailed, "Cannot revoke API token"))
        }
    }
}

/// Numbers of API tokens, asked of the store in one call for everybody whose number a request wants.
///
/// Each waits until work on all rows has begun, and the first to go on asks for all that have come together. A number is never kept for later: after a revocation it is asked anew.
#[derive(Debug, Default)]
pub(crate) struct ApiTokenCounts {
    open: Mutex<Option<Arc<Batch>>>,
}

#[derive(Debug, Default)]
struct Batch {
    users: Mutex<BTreeSet<UserId>>,
    counts: OnceCell<Result<BTreeMap<UserId, u32>, ApiError>>,
}

impl ApiTokenCounts {
    /// How many API tokens `user` has.
    ///
    /// # Errors
    /// [`Code::UserApiTokenCount`].
    pub(crate) async fn of(&self, store: &dyn IdentityStore, budget: &Budget, user: &UserId) -> Result<u32, ApiError> {
        let batch = self.join(user);
        budget.all_rows_begun().await;
        let ask = async || {
            let users: Vec<UserId> = self.close(&batch).into_iter().collect();
            store.api_token_counts(&users).await.map_err(|error| {
                tracing::warn!(%error, "API tokens could not be counted");
                ApiError::new(Code::UserApiTokenCount, "Cannot get API token count")
            })
        };
        let counts = batch.counts.get_or_init(ask).await.as_ref().map_err(ApiError::clone)?;
        Ok(counts.get(user).copied().unwrap_or_default())
    }

    fn join(&self, user: &UserId) -> Arc<Batch> {
        let mut open = lock(&self.open);
        let batch = open.get_or_insert_default();
        lock(&batch.users).insert(user.clone());
        batch.clone()
    }

    /// Nobody joins the batch from now on.
    fn close(&self, batch: &Arc<Batch>) -> BTreeSet<UserId> {
        let mut open = lock(&self.open);
        if open.as_ref().is_some_and(|current| Arc::ptr_eq(current, batch)) {
            *open = None;
        }
        // Not taken out: whoever asks may be gone before the answer comes, and the next one asks for the same people.
        lock(&batch.users).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
