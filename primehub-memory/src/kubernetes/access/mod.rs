//! Who calls, and what they may do: tokens and role-based access control.

mod impersonation;
mod rbac;
mod tokens;

use http::{HeaderMap, header};
use serde_json::{Value, json};

pub use tokens::Token;

use crate::kubernetes::request::{Resource, Route};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Details, Status};
use crate::kubernetes::store::Object;
use tokens::{Issued, Tokens};

/// The group whose members may do everything.
pub(crate) const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";
const ANONYMOUS: &str = "system:anonymous";
const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of the user.
    pub user: String,
    /// The user's uid; may be empty.
    pub uid: String,
    /// The groups the user is in.
    pub groups: Vec<String>,
}

impl Caller {
    /// Somebody who may do everything: whoever has the server itself in hand, such as the program that it runs in.
    #[must_use]
    pub fn administrator() -> Self {
        Self {
            user: "system:admin".to_owned(),
            uid: String::new(),
            groups: vec![MASTERS.to_owned(), AUTHENTICATED.to_owned()],
        }
    }

    fn anonymous() -> Self {
        Self { user: ANONYMOUS.to_owned(), uid: String::new(), groups: vec![UNAUTHENTICATED.to_owned()] }
    }

    /// How a review shows the caller.
    pub(crate) fn user_info(&self) -> Value {
        let mut info = json!({ "username": self.user, "groups": self.groups });
        if !self.uid.is_empty() {
            info["uid"] = json!(self.uid);
        }
        info
    }
}

/// What a caller wants to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Attributes {
    /// Something with objects. `resource` contains the subresource, as in `pods/log`.
    Resource { verb: String, group: String, resource: String, namespace: Option<String>, name: Option<String> },
    /// Something with another path.
    Path { verb: String, path: String },
}

/// Who may call, and by which tokens.
pub(crate) struct Access {
    tokens: Tokens,
}

impl Access {
    pub(crate) fn new(tokens: Vec<Token>) -> Self {
        Self { tokens: Tokens::new(tokens) }
    }

    /// Who sent these headers. `trusted` says that the request does not come from outside the process.
    ///
    /// # Errors
    ///
    /// 401 for a token that nobody knows, 403 for whoever may not act as the one that the headers name.
    pub(crate) fn authenticate(
        &self,
        headers: &HeaderMap,
        trusted: bool,
        server: &ApiServer,
    ) -> Result<Caller, Status> {
        let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = value.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        });
        let caller = match token.filter(|token| !token.is_empty()) {
            Some(token) => {
                self.tokens.caller(token, &[], server).map(|known| known.caller).map_err(|_| Status::unauthorized())?
            }
            None if trusted => Caller::administrator(),
            None => Caller::anonymous(),
        };
        impersonation::act_as(server, caller, headers)
    }

    /// Whether the caller may; the reason if so.
    pub(crate) fn decide(server: &ApiServer, caller: &Caller, attributes: &Attributes) -> Option<String> {
        if caller.groups.iter().any(|group| group == MASTERS) {
            return Some(String::new());
        }
        rbac::decide(server, caller, attributes)
    }

    /// # Errors
    ///
    /// 403 if the caller may not.
    pub(crate) fn authorize(server: &ApiServer, caller: &Caller, attributes: &Attributes) -> Result<(), Status> {
        match Self::decide(server, caller, attributes) {
            Some(_) => Ok(()),
            None => Err(forbidden(caller, attributes)),
        }
    }

    /// The answer to "what may I do in this namespace".
    pub(crate) fn rules_of(server: &ApiServer, caller: &Caller, namespace: &str) -> Value {
        rbac::rules_of(server, caller, namespace)
    }

    /// The answer to "whose token is this, and is it for one of these".
    pub(crate) fn review_token(&self, server: &ApiServer, token: &str, audiences: &[String]) -> Value {
        match self.tokens.caller(token, audiences, server) {
            Ok(known) => {
                let mut answer = json!({ "authenticated": true, "user": known.caller.user_info() });
                if !known.audiences.is_empty() {
                    answer["audiences"] = json!(known.audiences);
                }
                answer
            }
            Err(why) => json!({ "user": {}, "error": why }),
        }
    }

    /// A token for a service account.
    ///
    /// # Errors
    ///
    /// If it cannot be signed.
    pub(crate) fn issue(
        &self,
        account: &Object,
        audiences: Vec<String>,
        seconds: i64,
        now: jiff::Timestamp,
    ) -> Result<Issued, Status> {
        self.tokens.issue(account, audiences, seconds, now)
    }
}

impl Attributes {
    /// What a request wants.
    pub(crate) fn of(route: &Route, method: &http::Method, path: &str) -> Self {
        match route {
            Route::Resource(resource) | Route::NotAllowed(resource) => Self::of_resource(resource),
            Route::UnknownResource { group, resource, namespace, name, verb } => Self::Resource {
                verb: verb.name().to_owned(),
                group: group.clone(),
                resource: resource.clone(),
                namespace: namespace.clone(),
                name: name.clone(),
            },
            Route::Document => Self::Path { verb: method.as_str().to_lowercase(), path: path.to_owned() },
        }
    }

    fn of_resource(resource: &Resource) -> Self {
        // Access to a namespace is asked for within it.
        let namespace = match &resource.namespace {
            None if &*resource.kind.plural == "namespaces" && resource.kind.group.is_empty() => resource.name.clone(),
            namespace => namespace.clone(),
        };
        Self::Resource {
            verb: resource.verb.name().to_owned(),
            group: resource.kind.group.to_string(),
            resource: resource.path(),
            namespace,
            name: resource.name.clone(),
        }
    }
}

fn forbidden(caller: &Caller, attributes: &Attributes) -> Status {
    let user = &caller.user;
    match attributes {
        Attributes::Path { verb, path } => {
            Status::new(403, "Forbidden", format!("forbidden: User {user:?} cannot {verb} path {path:?}"))
                .with(Details::default())
        }
        Attributes::Resource { verb, group, resource, namespace, name } => {
            let place = match namespace {
                Some(namespace) => format!("in the namespace {namespace:?}"),
                None => "at the cluster scope".to_owned(),
            };
            let plural = resource.split('/').next().unwrap_or_default();
            let why = format!("User {user:?} cannot {verb} resource {resource:?} in API group {group:?} {place}");
            Status::forbidden(group, plural, name.as_deref().unwrap_or_default(), why)
        }
    }
}
