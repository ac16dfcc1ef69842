//! What built-in kinds demand beyond their schema: defaults, what the server fills in, what may not change.
//!
//! Kinds are named here and nowhere else. Most of it is data: which defaults stand where, which fields are fixed.

mod access;
mod defaults;
mod deletion;
mod fixed;
pub(crate) mod names;
mod prepare;
mod required;
mod storage;

pub(crate) use defaults::default;
pub(crate) use deletion::{
    answers_deleted_object, check_deletion, check_eviction, default_propagation, finalizer_at_the_end, grace_period,
    has_spec_finalizers, is_graceful, mark_deleted,
};
pub(crate) use prepare::{mark_scheduled, prepare};
pub(crate) use storage::{needs_version, registry_key};

use serde_json::Value;

use crate::kubernetes::kinds::{Kind, Subresource, definition};
use crate::kubernetes::status::Causes;

/// Group and type of what is sent to a subresource that is an action.
pub(crate) fn body_of(subresource: Option<&Subresource>) -> (&'static str, &'static str) {
    match subresource {
        Some(Subresource::Eviction) => ("policy", "policy.v1.Eviction"),
        Some(Subresource::Binding) => ("", "core.v1.Binding"),
        Some(Subresource::Token) => ("authentication.k8s.io", "authentication.v1.TokenRequest"),
        _ => ("", "core.v1.Namespace"),
    }
}

/// Whether this is the built-in kind `name` of `group`.
pub(crate) fn is(kind: &Kind, group: &str, name: &str) -> bool {
    !kind.custom && *kind.group == *group && *kind.kind == *name
}

/// What is wrong with an object of a built-in kind.
pub(crate) fn check(kind: &Kind, object: &Value, live: Option<&Value>, status: bool) -> Causes {
    if kind.custom {
        return definition::check_scale(kind, object);
    }
    if status {
        return Causes::new();
    }
    if is(kind, "apiextensions.k8s.io", "CustomResourceDefinition") {
        return definition::check(object, live);
    }
    let mut causes = required::check(kind, object);
    if let Some(live) = live {
        causes.extend(fixed::check(kind, object, live));
    }
    causes
}
