//! What one GraphQL request works with.

mod budget;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_graphql::{Context, Name, Value};
use primehub_core::access::{Access, Caller, Operation};
use primehub_core::clock::Clock;
use primehub_core::identity::{Actor, Directory, IdentityStore};

pub(crate) use self::budget::{Budget, Nullable};
use crate::audit::{AuditRecord, AuditResult, AuditSink};
use crate::authentication::Authenticator;
use crate::config::PlatformConfig;
use crate::error::{ApiError, Code};
use crate::operations::api_token::ApiTokenCounts;

/// The parts that all requests share.
pub(crate) struct Services {
    pub(crate) store: Arc<dyn IdentityStore>,
    pub(crate) authenticator: Arc<Authenticator>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) audit: Arc<dyn AuditSink>,
    pub(crate) config: PlatformConfig,
    /// Held while the rights of an administrator are taken away: two of them must not do it to each other at once and leave nobody.
    pub(crate) administrators: tokio::sync::Mutex<()>,
}

/// One operation of one caller.
///
/// Everything it reads comes from one picture, taken at the start and taken again after each of its own writes, so that its answers fit
/// together and show what it wrote.
pub(crate) struct Request {
    services: Arc<Services>,
    caller: Caller,
    id: String,
    directory: RwLock<Arc<Directory>>,
    budget: Arc<Budget>,
    api_token_counts: ApiTokenCounts,
    /// Ids of what the present mutation has created, for its audit record. Mutations of one request run one after the other.
    created: Mutex<Vec<String>>,
}

impl Request {
    /// A request that reads `directory`, the picture in which `caller` was found, and answers what `budget` allows.
    pub(crate) fn new(
        services: Arc<Services>,
        caller: Caller,
        directory: Arc<Directory>,
        id: String,
        budget: Budget,
    ) -> Arc<Self> {
        Arc::new(Self {
            services,
            caller,
            id,
            directory: RwLock::new(directory),
            budget: Arc::new(budget),
            api_token_counts: ApiTokenCounts::default(),
            created: Mutex::default(),
        })
    }

    /// Admits a query: the only way from a resolver to the data leads through here or through [`Self::mutation`].
    pub(crate) fn query<'a>(context: &Context<'a>) -> Result<&'a Arc<Self>, ApiError> {
        let request = Self::of(context);
        request.admit_query(context.field().name())?;
        Ok(request)
    }

    /// The same for a read that did not come as a GraphQL field, in the name of the query that reads the same.
    pub(crate) fn admit_query(&self, query: &str) -> Result<(), ApiError> {
        Ok(self.access(&self.directory()).root_field(Operation::Query, query)?)
    }

    /// Admits a mutation, carries it out and leaves one audit record, whatever the outcome: also when the work panics or is given up.
    pub(crate) async fn mutation<T, F>(context: &Context<'_>, work: impl FnOnce(Arc<Self>) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>> + Send,
    {
        let field = context.field();
        let arguments = field.arguments().unwrap_or_default();
        Self::of(context).carry_out(field.name(), &arguments, work).await
    }

    /// The same for a change that did not come as a GraphQL field, in the name of the mutation that does the same.
    pub(crate) async fn carry_out<T, F>(
        self: &Arc<Self>,
        mutation: &str,
        arguments: &[(Name, Value)],
        work: impl FnOnce(Arc<Self>) -> F,
    ) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>> + Send,
    {
        let mut pending = PendingRecord::begin(self, mutation, arguments);
        let allowed = self.access(&self.directory()).root_field(Operation::Mutation, mutation);
        let outcome = match allowed {
            Ok(()) => work(self.clone()).await,
            Err(denied) => Err(denied.into()),
        };
        pending.record.result = match &outcome {
            Ok(_) => AuditResult::Done,
            Err(error) => AuditResult::Failed(error.code),
        };
        outcome
    }

    /// The request of a field below the root; admission was checked there.
    pub(crate) fn of<'a>(context: &Context<'a>) -> &'a Arc<Self> {
        context.data_unchecked::<Arc<Self>>()
    }

    /// The picture to read.
    pub(crate) fn directory(&self) -> Arc<Directory> {
        self.directory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads what has been written from now on. Call it after every write.
    pub(crate) fn read_again(&self) -> Arc<Directory> {
        let directory = self.services.store.directory();
        *self.directory.write().unwrap_or_else(PoisonError::into_inner) = directory.clone();
        directory
    }

    /// What the caller may do, seen in `directory`.
    pub(crate) fn access<'a>(&'a self, directory: &'a Directory) -> Access<'a> {
        Access::new(&self.caller, directory)
    }

    /// Takes down what a mutation has created: its audit record cannot know the id from the input.
    pub(crate) fn record_created(&self, id: &str) {
        self.created.lock().unwrap_or_else(PoisonError::into_inner).push(id.to_owned());
    }

    pub(crate) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// What this operation may still answer.
    pub(crate) fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// The turn to take an administrator's rights away, after which a new picture must be read. Waits a bounded time.
    ///
    /// # Errors
    /// [`Code::ApiUnavailable`] when somebody else takes too long.
    pub(crate) async fn administrators_turn(&self) -> Result<tokio::sync::MutexGuard<'_, ()>, ApiError> {
        tokio::time::timeout(LONGEST_TURN, self.services.administrators.lock()).await.map_err(|_| {
            let message =
                "the rights of another administrator are being changed; nothing was changed, try again in a moment";
            ApiError::new(Code::ApiUnavailable, message)
        })
    }

    /// Numbers of API tokens, asked for together.
    pub(crate) fn api_token_counts(&self) -> &ApiTokenCounts {
        &self.api_token_counts
    }

    /// With whose rights writes go to the identity provider.
    pub(crate) fn actor(&self) -> Actor {
        self.caller.actor()
    }

    pub(crate) fn services(&self) -> &Services {
        &self.services
    }

    pub(crate) fn store(&self) -> &dyn IdentityStore {
        &*self.services.store
    }

    pub(crate) fn config(&self) -> &PlatformConfig {
        &self.services.config
    }
}

/// How long one change of administrators waits for another: less than clients wait for an answer.
const LONGEST_TURN: Duration = Duration::from_secs(5);

/// The audit record of a mutation that has begun. It is handed over when this is dropped, however the mutation ends.
struct PendingRecord<'a> {
    request: &'a Request,
    record: AuditRecord,
}

impl<'a> PendingRecord<'a> {
    fn begin(request: &'a Request, mutation: &str, arguments: &[(Name, Value)]) -> Self {
        // Stays so only if nobody comes to say how it ended.
        let result = AuditResult::Failed(Code::InternalServerError);
        Self { request, record: AuditRecord::of(&request.id, &request.caller, mutation, arguments, result) }
    }
}

impl Drop for PendingRecord<'_> {
    fn drop(&mut self) {
        self.record.targets.append(&mut self.request.created.lock().unwrap_or_else(PoisonError::into_inner));
        self.request.services.audit.record(&self.record);
    }
}
