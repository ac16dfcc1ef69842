//! From method and path to what is asked for.

use std::sync::Arc;

use http::Method;

use crate::kubernetes::kinds::{Kind, Kinds, Subresource, Verbs};
use crate::kubernetes::status::Status;

/// What is done to objects, in the words of access rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    List,
    Watch,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Verb {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }
}

/// Objects, one object, or a subresource of one, and what is to be done.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) kind: Arc<Kind>,
    pub(crate) verb: Verb,
    pub(crate) namespace: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<Subresource>,
}

/// What a path leads to.
#[derive(Clone, Debug)]
pub(crate) enum Route {
    Resource(Resource),
    /// The resource, its version or its group is unknown.
    UnknownResource {
        group: String,
        resource: String,
        namespace: Option<String>,
        name: Option<String>,
        verb: Verb,
    },
    /// The resource knows no such method. Access is decided before.
    NotAllowed(Resource),
    /// A document about the server, by its path.
    Document,
}

/// Where `path` leads. Never fails: what leads nowhere is a [`Route::Document`] that does not exist.
pub(crate) fn route(kinds: &Kinds, method: &Method, path: &str, watch: bool) -> Route {
    let segments: Vec<String> = path
        .split('/')
        .filter(|part| !part.is_empty())
        .map(|part| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (group, version, rest) = match parts.as_slice() {
        ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
        ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
        _ => return Route::Document,
    };
    let (namespace, resource, name, sub) = match rest {
        ["namespaces", name, sub @ ("status" | "finalize")] => (None, "namespaces", Some(*name), vec![*sub]),
        ["namespaces", namespace, resource, rest @ ..] => {
            (Some(*namespace), *resource, rest.first().copied(), rest.iter().skip(1).copied().collect())
        }
        [resource, rest @ ..] => (None, *resource, rest.first().copied(), rest.iter().skip(1).copied().collect()),
        [] => return Route::Document,
    };
    let subresource = sub.first().copied();
    let Some(verb) = verb(method, name.is_some(), watch) else {
        // A method that no resource knows: reported as such for any object there is.
        return unknown(kinds, group, version, resource, namespace, name, Verb::Get, true);
    };
    let Some(kind) = kinds.find(group, version, resource) else {
        return unknown(kinds, group, version, resource, namespace, name, verb, false);
    };
    let subresource = match subresource {
        None => None,
        Some(wanted) => match kind.subresources.iter().find(|sub| sub.name() == wanted) {
            Some(subresource) => Some(subresource.clone()),
            None => return unknown(kinds, group, version, resource, namespace, name, verb, false),
        },
    };
    // All objects of a kind in every namespace can be read, not written.
    let misplaced = namespace.is_some() != kind.namespaced()
        && (namespace.is_some() || name.is_some() || !matches!(verb, Verb::List | Verb::Watch));
    let found = Resource {
        kind: Arc::clone(kind),
        verb,
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        subresource,
    };
    if misplaced && kind.verbs != Verbs::Create {
        if namespace.is_none() && name.is_none() && verb != Verb::Get {
            return Route::NotAllowed(found);
        }
        return unknown(kinds, group, version, resource, namespace, name, verb, false);
    }
    if allowed(&found) { Route::Resource(found) } else { Route::NotAllowed(found) }
}

#[expect(clippy::too_many_arguments, reason = "what was read of a path, passed on once")]
fn unknown(
    kinds: &Kinds,
    group: &str,
    version: &str,
    resource: &str,
    namespace: Option<&str>,
    name: Option<&str>,
    verb: Verb,
    method: bool,
) -> Route {
    if let (true, Some(kind)) = (method, kinds.find(group, version, resource)) {
        return Route::NotAllowed(Resource {
            kind: Arc::clone(kind),
            verb,
            namespace: namespace.map(str::to_owned),
            name: name.map(str::to_owned),
            subresource: None,
        });
    }
    Route::UnknownResource {
        group: group.to_owned(),
        resource: resource.to_owned(),
        namespace: namespace.map(str::to_owned),
        name: name.map(str::to_owned),
        verb,
    }
}

fn verb(method: &Method, named: bool, watch: bool) -> Option<Verb> {
    Some(match (method.as_str(), named) {
        ("GET" | "HEAD", _) if watch => Verb::Watch,
        ("GET" | "HEAD", true) => Verb::Get,
        ("GET" | "HEAD", false) => Verb::List,
        ("POST", _) => Verb::Create,
        ("PUT", _) => Verb::Update,
        ("PATCH", _) => Verb::Patch,
        ("DELETE", true) => Verb::Delete,
        ("DELETE", false) => Verb::DeleteCollection,
        _ => return None,
    })
}

/// Whether the resource knows the verb.
fn allowed(resource: &Resource) -> bool {
    let named = resource.name.is_some();
    match &resource.subresource {
        None => match resource.kind.verbs {
            Verbs::Create => resource.verb == Verb::Create && !named,
            verbs => match resource.verb {
                Verb::Create => !named,
                Verb::DeleteCollection => verbs == Verbs::All,
                Verb::Update | Verb::Patch => named,
                _ => true,
            },
        },
        Some(Subresource::Status | Subresource::Scale { .. }) => {
            matches!(resource.verb, Verb::Get | Verb::Update | Verb::Patch)
        }
        Some(Subresource::Log) => resource.verb == Verb::Get,
        Some(Subresource::Eviction | Subresource::Binding | Subresource::Token) => resource.verb == Verb::Create,
        Some(Subresource::Finalize) => resource.verb == Verb::Update,
        Some(Subresource::Unsupported(_)) => true,
    }
}

impl Resource {
    /// The object's name, which every path but those of collections has.
    pub(crate) fn named(&self) -> Result<&str, Status> {
        self.name.as_deref().ok_or_else(Status::method_not_allowed)
    }

    /// The resource with its subresource, as access rules name it.
    pub(crate) fn path(&self) -> String {
        match &self.subresource {
            Some(sub) => format!("{}/{}", self.kind.plural, sub.name()),
            None => self.kind.plural.to_string(),
        }
    }
}
