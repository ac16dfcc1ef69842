//! What one GraphQL request works with.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_graphql::Context;
use primehub_core::access::{Access, Caller, Operation};
use primehub_core::clock::Clock;
use primehub_core::identity::{Actor, Directory, IdentityStore};

use crate::audit::{AuditRecord, AuditSink};
use crate::authentication::Authenticator;
use crate::config::PlatformConfig;
use crate::error::ApiError;
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
    api_token_counts: ApiTokenCounts,
    /// Ids of what the present mutation has created, for its audit record. Mutations of one request run one after the other.
    created: Mutex<Vec<String>>,
}

impl Request {
    /// A request that reads `directory`, the picture in which `caller` was found.
    pub(crate) fn new(services: Arc<Services>, caller: Caller, directory: Arc<Directory>, id: String) -> Arc<Self> {
        Arc::new(Self {
            services,
            caller,
            id,
            directory: RwLock::new(directory),
            api_token_counts: ApiTokenCounts::default(),
            created: Mutex::default(),
        })
    }

    /// Admits a query: the only way from a resolver to the data leads through here or through [`Self::mutation`].
    pub(crate) fn query<'a>(context: &Context<'a>) -> Result<&'a Arc<Self>, ApiError> {
        let request = Self::of(context);
        request.access(&request.directory()).root_field(Operation::Query, context.field().name())?;
        Ok(request)
    }

    /// Admits a mutation, carries it out and leaves one audit record, whatever the outcome.
    pub(crate) async fn mutation<T, F>(context: &Context<'_>, work: impl FnOnce(Arc<Self>) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, ApiError>> + Send,
    {
        let request = Self::of(context);
        let field = context.field();
        let allowed = request.access(&request.directory()).root_field(Operation::Mutation, field.name());
        let outcome = match allowed {
            Ok(()) => work(request.clone()).await,
            Err(denied) => Err(denied.into()),
        };
        let arguments = field.arguments().unwrap_or_default();
        let result = outcome.as_ref().map(|_| ()).map_err(|error| error.code);
        let mut record = AuditRecord::of(&request.id, &request.caller, field.name(), &arguments, result);
        record.targets.append(&mut request.created.lock().unwrap_or_else(PoisonError::into_inner));
        request.services.audit.record(&record);
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
