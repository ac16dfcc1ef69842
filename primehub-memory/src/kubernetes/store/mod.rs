//! What is kept: objects as compact bytes, their recent history, and lists and watches over both.
//!
//! One revision counts all changes of all objects, as in etcd; it is the `resourceVersion` of objects, lists and bookmarks.

mod object;

pub use object::{Key, Meta, Object, Owner};
