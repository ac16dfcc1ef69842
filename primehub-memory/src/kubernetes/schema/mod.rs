//! What an object of a kind may look like: one graph of nodes for built-in kinds and custom resources alike.
//!
//! A schema answers what decoding, pruning, defaulting, validation, patches and field ownership ask: which fields there are, how lists and maps
//! merge, what is a unit. It is compiled once, from the table of built-in types or from a custom resource definition.

pub mod builtin;
mod checks;
mod expressions;
mod formats;
mod functions;
pub(crate) mod golang;
mod path;
mod programs;
pub(crate) mod protobuf;
mod prune;
pub(crate) mod rules;
pub(crate) mod strict;
pub(crate) mod structural;
mod table;
pub(crate) mod typed;
mod validate;

pub(crate) use path::Path;
pub(crate) use prune::{default, prune};
pub use rules::Rules;
pub use table::TableError;
pub(crate) use validate::validate;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

/// A node of a [`Types`] graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NodeId(pub(crate) u32);

/// A graph of types. Types may contain themselves.
#[derive(Debug, Default)]
pub struct Types {
    pub(crate) nodes: Vec<Node>,
    /// Named types, such as `core.v1.PodSpec`.
    pub(crate) names: HashMap<Arc<str>, NodeId>,
}

/// One type within a graph: the whole of an object.
#[derive(Clone, Debug)]
pub struct Schema {
    pub(crate) types: Arc<Types>,
    pub(crate) root: NodeId,
}

/// One type.
#[derive(Clone, Debug, Default)]
pub struct Node {
    pub(crate) shape: Shape,
    /// `null` is a value here and is kept.
    pub(crate) nullable: bool,
    /// Maps, structs and free-form values: written as a whole by one owner. (Lists say it in their [`ListKind`].)
    pub(crate) atomic: bool,
    /// Undeclared fields are kept (`x-kubernetes-preserve-unknown-fields`), below this node only.
    pub(crate) preserve_unknown: bool,
    /// A whole object with `apiVersion`, `kind` and `metadata` (`x-kubernetes-embedded-resource`), or the root of one.
    pub(crate) embedded: bool,
    /// What values have to fulfil, for custom resources.
    pub(crate) rules: Option<Box<Rules>>,
}

/// What kind of JSON stands at a node.
#[derive(Clone, Debug, Default)]
pub enum Shape {
    /// Anything. If the node is atomic it is one unit; else objects within it merge by field and lists are units.
    #[default]
    Any,
    /// Text.
    String,
    /// `true` or `false`.
    Boolean,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number of 64 bits.
    Int64,
    /// Any number.
    Double,
    /// An RFC 3339 time. The flag says whether it has microseconds.
    Time {
        /// Written with six digits of a second.
        micro: bool,
    },
    /// Base64 text.
    Bytes,
    /// A whole number or a text.
    IntOrString,
    /// A quantity: written as text, accepted as number too.
    Quantity,
    /// An object with declared fields.
    Struct(Struct),
    /// An object with free keys, all of one type.
    Map(NodeId),
    /// An array.
    List {
        /// The type of the items.
        item: NodeId,
        /// How two of them merge in server-side apply.
        kind: ListKind,
    },
}

/// The fields of an object.
#[derive(Clone, Debug, Default)]
pub struct Struct {
    pub(crate) fields: BTreeMap<Arc<str>, Field>,
}

/// A declared field.
#[derive(Clone, Debug)]
pub struct Field {
    pub(crate) node: NodeId,
    pub(crate) required: bool,
    /// The value of an absent field.
    pub(crate) default: Option<Value>,
    /// Its number in protobuf.
    pub(crate) number: Option<u32>,
    /// How strategic merge treats it.
    pub(crate) merge: Merge,
    /// The allowed values of a built-in field.
    pub(crate) values: Vec<Arc<str>>,
    /// The field is a message of its own in protobuf whose fields stand in the parent in JSON; it has no name in JSON.
    pub(crate) inline: bool,
}

/// How a list merges in server-side apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ListKind {
    /// One unit.
    #[default]
    Atomic,
    /// Scalars, each at most once.
    Set,
    /// Objects that are told apart by these fields.
    Map(Vec<Arc<str>>),
}

/// How strategic merge treats a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// Lists: items merge instead of being replaced.
    pub(crate) items: bool,
    /// The field that tells items apart; `None` for scalars.
    pub(crate) key: Option<Arc<str>>,
    /// `$retainKeys` may stand in it.
    pub(crate) retain_keys: bool,
    /// Objects: a patch replaces them as a whole.
    pub(crate) replace: bool,
}

/// A type within its graph.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    types: &'a Types,
    node: &'a Node,
}

impl Schema {
    /// The whole object's type.
    #[must_use]
    pub(crate) fn root(&self) -> Cursor<'_> {
        self.types.at(self.root)
    }
}

impl Types {
    /// The type at `id`. An id of another graph gives free-form values.
    pub(crate) fn at(&self, id: NodeId) -> Cursor<'_> {
        static ANY: Node = Node {
            shape: Shape::Any,
            nullable: true,
            atomic: true,
            preserve_unknown: true,
            embedded: false,
            rules: None,
        };
        Cursor { types: self, node: self.nodes.get(id.0 as usize).unwrap_or(&ANY) }
    }
}

impl<'a> Cursor<'a> {
    /// The type itself.
    pub(crate) fn node(self) -> &'a Node {
        self.node
    }

    /// What kind of JSON stands here.
    pub(crate) fn shape(self) -> &'a Shape {
        &self.node.shape
    }

    /// The type at `id` of the same graph.
    pub(crate) fn at(self, id: NodeId) -> Self {
        self.types.at(id)
    }

    /// The type of what nothing is known of: maps within it merge by field.
    pub(crate) fn anything(self) -> Self {
        static FREE: Node = Node {
            shape: Shape::Any,
            nullable: true,
            atomic: false,
            preserve_unknown: true,
            embedded: false,
            rules: None,
        };
        Cursor { types: self.types, node: &FREE }
    }

    /// A declared field of an object, with its type.
    pub(crate) fn field(self, name: &str) -> Option<(&'a Field, Self)> {
        let Shape::Struct(object) = self.shape() else { return None };
        object.fields.get(name).filter(|field| !field.inline).map(|field| (field, self.at(field.node)))
    }

    /// The type of what stands under `key` of an object: a declared field's, or that of all values of a map.
    pub(crate) fn child(self, key: &str) -> Option<Self> {
        match self.shape() {
            Shape::Map(value) => Some(self.at(*value)),
            _ => self.field(key).map(|(_, node)| node),
        }
    }

    /// The type of the items of a list, and how they merge.
    pub(crate) fn items(self) -> Option<(Self, &'a ListKind)> {
        match self.shape() {
            Shape::List { item, kind } => Some((self.at(*item), kind)),
            _ => None,
        }
    }
}

#[cfg(test)]
mod custom_tests;
