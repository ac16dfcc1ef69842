//! Update inputs in core's words.

use async_graphql::MaybeUndefined;
use primehub_core::identity::Edit;

/// Absent, null and a value are three different edits.
pub(in crate::schema) fn edit<T>(value: MaybeUndefined<T>) -> Edit<T> {
    match value {
        MaybeUndefined::Undefined => Edit::Keep,
        MaybeUndefined::Null => Edit::Clear,
        MaybeUndefined::Value(value) => Edit::Set(value),
    }
}
