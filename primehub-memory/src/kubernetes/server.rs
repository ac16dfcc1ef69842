//! The API server: what is kept, which kinds there are, who calls; and requests from HTTP to their answer.

use std::convert::Infallible;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request as HttpRequest, Response, header};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;

use super::access::{Access, Attributes, Token};
use super::documents;
use super::kinds::{self, Kind, Kinds, Storage};
use super::request::{Accept, Answer, Body, Options, Route, check_representations, route};
use super::status::Status;
use super::store::{Commit, CommitError, History, Key, Object, Store};
use super::verbs::Request;

/// The most bytes that a request's body may have, as on a real server.
pub(crate) const MOST_BODY: usize = 3 * 1024 * 1024;

/// Tells the time.
pub(crate) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A Kubernetes API in memory. Cheap to clone: clones are the same server.
///
/// It is a [`tower::Service`], so a client of the `kube` crate stands on it without a network. See the [module](super) for an example.
#[derive(Clone)]
pub struct ApiServer {
    inner: Arc<Inner>,
    trusted: bool,
}

struct Inner {
    store: Store,
    kinds: RwLock<Arc<Kinds>>,
    /// Held while the kinds are read anew, so that of two who do so at once the one with the newer definitions has the last word.
    refreshing: Mutex<()>,
    access: Access,
    clock: Clock,
}

/// How an [`ApiServer`] is made.
#[derive(Default)]
pub struct Builder {
    tokens: Vec<Token>,
    history: History,
    clock: Option<Clock>,
    store: Option<Store>,
}

impl fmt::Debug for ApiServer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ApiServer").field("revision", &self.store().revision()).finish_non_exhaustive()
    }
}

impl Builder {
    /// Who may call over HTTP, beside service accounts.
    #[must_use]
    pub fn token(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    /// How much of the past is kept for watches.
    #[must_use]
    pub fn history(mut self, history: History) -> Self {
        self.history = history;
        self
    }

    /// What tells the time: the operating system, unless a test says otherwise.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// What has been opened from a folder, to go on with.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// The server, with the namespaces that every cluster has.
    ///
    /// # Errors
    ///
    /// If the first objects cannot be stored.
    pub async fn build(self) -> Result<ApiServer, Status> {
        let clock = self.clock.unwrap_or_else(|| Arc::new(system_time));
        let store = self.store.unwrap_or_else(|| Store::new(self.history));
        let inner = Inner {
            store,
            kinds: RwLock::new(Arc::new(Kinds::new(kinds::builtin()))),
            refreshing: Mutex::new(()),
            access: Access::new(self.tokens),
            clock,
        };
        let server = ApiServer { inner: Arc::new(inner), trusted: true };
        server.register_all();
        server.refresh_definitions();
        server.begin().await?;
        Ok(server)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where this module reads the operating system's time")]
fn system_time() -> Timestamp {
    Timestamp::now()
}

impl ApiServer {
    /// An empty cluster in memory.
    ///
    /// # Errors
    ///
    /// None that a store in memory makes.
    pub async fn new() -> Result<Self, Status> {
        Self::builder().build().await
    }

    /// A server with settings.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The same server for requests from outside: without a token, a caller is nobody.
    #[must_use]
    pub fn untrusting(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), trusted: false }
    }

    /// The server over HTTP, for callers from outside: see [`ApiServer::untrusting`].
    pub fn router(&self) -> axum::Router {
        axum::Router::new().fallback_service(self.untrusting())
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn access(&self) -> &Access {
        &self.inner.access
    }

    pub(crate) fn clock(&self) -> Clock {
        Arc::clone(&self.inner.clock)
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.inner.clock)()
    }

    pub(crate) fn now_text(&self) -> String {
        super::verbs::metadata::time(self.now())
    }

    #[expect(clippy::unused_self, reason = "identifiers belong to the server")]
    pub(crate) fn new_uid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    /// The end of a generated name: five letters and digits that make no words.
    #[expect(clippy::unused_self, reason = "identifiers belong to the server")]
    pub(crate) fn random_suffix(&self) -> String {
        const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
        uuid::Uuid::new_v4().as_bytes()[..5]
            .iter()
            .map(|byte| LETTERS[usize::from(*byte) % LETTERS.len()] as char)
            .collect()
    }

    /// The kinds that there are now.
    pub(crate) fn kinds(&self) -> Arc<Kinds> {
        Arc::clone(&self.inner.kinds.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// All objects of a resource, or those of a namespace.
    pub(crate) fn all(&self, group: &str, resource: &str, namespace: Option<&str>) -> Vec<Arc<Object>> {
        self.store().all(&Storage { group: group.into(), resource: resource.into() }, namespace)
    }

    pub(crate) fn one(&self, group: &str, resource: &str, key: &Key) -> Option<Arc<Object>> {
        self.store().get(&Storage { group: group.into(), resource: resource.into() }, key)
    }

    pub(crate) fn namespace(&self, name: &str) -> Option<Arc<Object>> {
        self.one("", "namespaces", &Key::new(None, name))
    }

    pub(crate) fn service_account(&self, key: &Key) -> Option<Arc<Object>> {
        self.one("", "serviceaccounts", key)
    }

    /// Commits, and does what follows from it: kinds come and go with their definitions, and what an object has left behind is cleaned up.
    pub(crate) async fn commit(&self, kind: &Kind, commit: Commit) -> Result<Arc<Object>, CommitError> {
        let removed = matches!(commit.write, super::store::Write::Remove(_));
        let object = self.store().commit(commit).await?;
        if &*kind.storage.resource == "customresourcedefinitions" {
            self.refresh_definitions();
        }
        self.follow_up(kind, &object, removed);
        Ok(object)
    }

    /// Reads the custom kinds anew from their definitions.
    pub(crate) fn refresh_definitions(&self) {
        let _guard = self.inner.refreshing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = kinds::builtin();
        for definition in self.all("apiextensions.k8s.io", "customresourcedefinitions", None) {
            all.extend(kinds::definition::kinds(&definition.value()));
        }
        *self.inner.kinds.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(Kinds::new(all));
        self.register_all();
    }

    fn register_all(&self) {
        // Of kinds that show the same objects, the one that they are kept as says what can be selected.
        for kind in self.kinds().iter().filter(|kind| kind.conversion == kinds::Conversion::Same) {
            self.store().register(&kind.storage, &kind.selectable);
        }
    }

    /// From an HTTP request to its answer.
    async fn answer<B>(&self, request: HttpRequest<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let answer = self.decide(request).await.unwrap_or_else(Answer::from);
        Response::from(answer)
    }

    async fn decide<B>(&self, request: HttpRequest<B>) -> Result<Answer, Status>
    where
        B: http_body::Body<Data = Bytes> + Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (parts, body) = request.into_parts();
        let text = |name: header::HeaderName| {
            parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        let options = Options::from_query(parts.uri.query().unwrap_or_default())?;
        let caller = self.access().authenticate(&parts.headers, self.trusted, self)?;
        let kinds = self.kinds();
        let route = route(&kinds, &parts.method, parts.uri.path(), options.watch);
        let attributes = Attributes::of(&route, &parts.method, parts.uri.path());
        Access::authorize(self, &caller, &attributes)?;
        let accept = text(header::ACCEPT);
        let resource = match route {
            Route::Document => return documents::serve(self, &kinds, &parts, &accept),
            Route::UnknownResource { group, .. } => return documents::nothing(&kinds, &group),
            Route::NotAllowed(_) => return Err(Status::method_not_allowed()),
            Route::Resource(resource) => resource,
        };
        check_representations(&accept, &resource)?;
        let accept = Accept::parse(Some(&accept), false)?;
        let body = match Limited::new(body, MOST_BODY).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => return Err(Status::too_large(MOST_BODY)),
            Err(error) => return Err(Status::bad_request(format!("the body could not be read: {error}"))),
        };
        let request = Request {
            resource,
            options,
            accept,
            caller,
            agent: text(header::USER_AGENT),
            content_type: text(header::CONTENT_TYPE),
            body,
        };
        let deprecation = request.resource.kind.deprecation.clone();
        let mut answer = self.serve(request).await?;
        answer.warnings.splice(..0, deprecation.map(|told| told.to_string()));
        Ok(answer)
    }
}

impl<B> tower::Service<HttpRequest<B>> for ApiServer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: HttpRequest<B>) -> Self::Future {
        let server = self.clone();
        Box::pin(async move { Ok(server.answer(request).await) })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn definitions_that_come_at_once_are_all_served() {
        let server = ApiServer::new().await.unwrap();
        let define = |number: usize| {
            let (server, group) = (server.clone(), format!("g{number}.example.com"));
            let definition = json!({
                "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": { "name": format!("things.{group}") },
                "spec": {
                    "group": group, "scope": "Namespaced", "names": { "plural": "things", "kind": "Thing" },
                    "versions": [{
                        "name": "v1", "served": true, "storage": true, "schema": { "openAPIV3Schema": { "type": "object" } },
                    }],
                },
            });
            tokio::spawn(async move { server.ensure(&definition).await })
        };
        for made in futures::future::join_all((0..48).map(define)).await {
            made.unwrap().unwrap();
        }
        let kinds = server.kinds();
        let missing: Vec<_> =
            (0..48).filter(|number| kinds.find(&format!("g{number}.example.com"), "v1", "things").is_none()).collect();
        assert_eq!(missing, Vec::<usize>::new());
    }
}
