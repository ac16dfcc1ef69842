//! One kind of objects, as data.

use std::sync::Arc;

use bytes::Bytes;

use crate::kubernetes::schema::Schema;

/// Everything that serving one kind, in one version, takes.
#[derive(Clone, Debug)]
pub struct Kind {
    /// The API group; empty for the core group.
    pub group: Arc<str>,
    /// The version within the group, such as `v1`.
    pub version: Arc<str>,
    /// The kind, such as `Deployment`.
    pub kind: Arc<str>,
    /// The kind of lists, such as `DeploymentList`.
    pub list_kind: Arc<str>,
    /// The resource as it stands in paths, such as `deployments`.
    pub plural: Arc<str>,
    /// The same for one object.
    pub singular: Arc<str>,
    /// Further names for people.
    pub short_names: Vec<Arc<str>>,
    /// Names for several kinds at once, such as `all`.
    pub categories: Vec<Arc<str>>,
    /// Whether objects belong to a namespace.
    pub scope: Scope,
    /// What can be done with objects.
    pub verbs: Verbs,
    /// What else can be read and written of an object, at paths below its own.
    pub subresources: Vec<Subresource>,
    /// The fields.
    pub schema: Schema,
    /// Whether this is a custom resource: its schema validates, prunes and defaults; strategic merge is refused; updates need a version.
    pub custom: bool,
    /// When `metadata.generation` moves.
    pub generation: Generation,
    /// What field selectors can ask for, beside name and namespace.
    pub selectable: Vec<Selectable>,
    /// The columns of tables.
    pub columns: Vec<Column>,
    /// The group and resource under which objects are kept: that of another kind, where two kinds show the same objects.
    pub storage: Storage,
    /// How kept objects become objects of this kind, where they are kept as another one.
    pub conversion: Conversion,
    /// What whoever uses the kind in this version is warned of.
    pub deprecation: Option<Arc<str>>,
    /// For custom resources: the schema as it stands in the definition, as JSON, with its descriptions.
    pub definition: Option<Bytes>,
}

/// Where the objects of a kind are kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Storage {
    /// The API group.
    pub group: Arc<str>,
    /// The resource.
    pub resource: Arc<str>,
}

/// Whether objects belong to a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// They do not.
    Cluster,
    /// They do.
    Namespaced,
}

/// What can be done with the objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbs {
    /// Everything: create, delete, deletecollection, get, list, patch, update, watch.
    All,
    /// Everything but deletecollection (namespaces).
    NoDeleteCollection,
    /// Objects are only created, answered and forgotten (reviews).
    Create,
}

/// A path below an object's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subresource {
    /// The status alone.
    Status,
    /// The number of replicas alone, as `autoscaling/v1` `Scale`. Paths are in dotted form, such as `.spec.replicas`.
    Scale {
        /// Where the wanted number stands.
        spec: String,
        /// Where the actual number stands.
        status: String,
        /// Where the label selector stands, as text; for built-in kinds the selector object itself.
        selector: Option<String>,
    },
    /// `pods/log`.
    Log,
    /// `pods/eviction`.
    Eviction,
    /// `pods/binding`.
    Binding,
    /// `serviceaccounts/token`.
    Token,
    /// `namespaces/finalize`.
    Finalize,
    /// What a real server has and this one has not, by its name (`exec`, `proxy`, …): answered with 501.
    Unsupported(Arc<str>),
}

/// When `metadata.generation` moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generation {
    /// The objects have none.
    Never,
    /// With every change of `spec` (in kinds without status subresource: of everything but metadata).
    Spec,
    /// With every change of `spec` or of annotations (deployments).
    SpecAndAnnotations,
    /// With every change of anything but metadata and status.
    Content,
}

/// A field that selectors can ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selectable {
    /// The name in selectors, such as `spec.nodeName`.
    pub label: Arc<str>,
    /// Where the value stands, as a JSON path without brackets, such as `.spec.nodeName`.
    pub path: Arc<str>,
    /// The value of an absent field, such as `false`.
    pub absent: Arc<str>,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct Column {
    /// The heading.
    pub name: Arc<str>,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub column_type: Arc<str>,
    /// How the value is to be read, such as `name`.
    pub format: Arc<str>,
    /// What it means.
    pub description: Arc<str>,
    /// 0 for columns that always show, more for `-o wide`.
    pub priority: i32,
    /// What stands in the cell.
    pub cell: Cell,
}

/// What stands in a cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// The value at a JSON path.
    Path(Arc<str>),
    /// A value that is computed, by the name of the computation.
    Computed(Arc<str>),
}

/// How kept objects become objects of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// They differ in `apiVersion` at most.
    Same,
    /// `events.k8s.io/v1`, kept as core `Event`: some fields have other names.
    Events,
}

impl Kind {
    /// `apiVersion` of the objects.
    #[must_use]
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_string() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The resource with its group, as messages name it.
    #[must_use]
    pub fn qualified_resource(&self) -> String {
        crate::kubernetes::status::qualified(&self.plural, &self.group)
    }

    /// Whether there is a status of its own.
    #[must_use]
    pub fn has_status(&self) -> bool {
        self.subresources.contains(&Subresource::Status)
    }

    /// Whether objects are kept, and under this kind: reviews are not, and of two kinds that show the same objects one keeps them.
    #[must_use]
    pub fn is_stored(&self) -> bool {
        self.verbs != Verbs::Create && self.conversion == Conversion::Same
    }

    /// Whether objects belong to a namespace.
    #[must_use]
    pub fn namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }
}

impl Subresource {
    /// The last part of the path.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Status => "status",
            Self::Scale { .. } => "scale",
            Self::Log => "log",
            Self::Eviction => "eviction",
            Self::Binding => "binding",
            Self::Token => "token",
            Self::Finalize => "finalize",
            Self::Unsupported(name) => name,
        }
    }
}
