//! The entries of `metadata.managedFields`.

use serde_json::{Map, Value, json};

use super::Conflict;
use super::set::Set;
use super::walk::Comparison;

/// How somebody came to own fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Operation {
    /// By applying a configuration.
    Apply,
    /// By any other write.
    Update,
}

/// Who writes, and how.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manager<'a> {
    /// What the writer calls itself; empty if it does not.
    pub(crate) name: &'a str,
    pub(crate) operation: Operation,
    /// Group and version of the written object.
    pub(crate) api_version: &'a str,
    /// `status`, `scale`, or empty.
    pub(crate) subresource: &'a str,
    /// When it writes: RFC 3339, in seconds.
    pub(crate) time: &'a str,
}

impl Manager<'_> {
    fn name(&self) -> &str {
        if self.name.is_empty() { "unknown" } else { self.name }
    }
}

/// What one manager owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub(super) manager: String,
    pub(super) operation: Operation,
    pub(super) api_version: String,
    pub(super) subresource: String,
    pub(super) time: Option<String>,
    pub(super) set: Set,
}

impl Entry {
    fn new(manager: &Manager<'_>, set: Set) -> Self {
        Self {
            manager: manager.name().to_owned(),
            operation: manager.operation,
            api_version: manager.api_version.to_owned(),
            subresource: manager.subresource.to_owned(),
            time: Some(manager.time.to_owned()),
            set,
        }
    }

    /// Who applies is the same in all versions.
    fn is_of(&self, manager: &Manager<'_>) -> bool {
        self.manager == manager.name()
            && self.operation == manager.operation
            && self.subresource == manager.subresource
            && (self.operation == Operation::Apply || self.api_version == manager.api_version)
    }

    fn manager(&self) -> Manager<'_> {
        Manager {
            name: &self.manager,
            operation: self.operation,
            api_version: &self.api_version,
            subresource: &self.subresource,
            time: "",
        }
    }

    /// The manager as conflicts name it.
    pub(super) fn show(&self) -> String {
        let subresource = match self.subresource.as_str() {
            "" => String::new(),
            name => format!(" with subresource {name:?}"),
        };
        let version = match self.operation {
            Operation::Apply => String::new(),
            Operation::Update => format!(" using {}", self.api_version),
        };
        format!("{:?}{subresource}{version}", self.manager)
    }

    fn read(entry: &Value) -> Option<Self> {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let operation = match text("operation").as_str() {
            "Apply" => Operation::Apply,
            "Update" => Operation::Update,
            _ => return None,
        };
        let none = json!({});
        let set = Set::from_fields(entry.get("fieldsV1").unwrap_or(&none))?;
        let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
        let (manager, api_version, subresource) = (text("manager"), text("apiVersion"), text("subresource"));
        let sound = !api_version.is_empty() && text("fieldsType") == "FieldsV1";
        sound.then_some(Self { manager, operation, api_version, subresource, time, set })
    }

    fn write(&self) -> Value {
        let mut entry = json!({
            "manager": self.manager,
            "operation": if self.operation == Operation::Apply { "Apply" } else { "Update" },
            "apiVersion": self.api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": self.set.to_fields(),
        });
        if let Some(time) = &self.time {
            entry["time"] = json!(time);
        }
        if !self.subresource.is_empty() {
            entry["subresource"] = json!(self.subresource);
        }
        entry
    }
}

/// All entries of an object, one per manager.
#[derive(Clone, Debug, Default)]
pub(super) struct Entries(Vec<Entry>);

impl Entries {
    /// Reads `metadata.managedFields`; `None` if it is malformed.
    pub(super) fn read(managed: &Value) -> Option<Self> {
        let mut entries = Self::default();
        for entry in managed.as_array()? {
            let entry = Entry::read(entry)?;
            entries.0.retain(|other| !other.is_of(&entry.manager()));
            entries.0.push(entry);
        }
        Some(entries)
    }

    /// Writes `metadata.managedFields`: what was applied first, then the oldest first.
    pub(super) fn write(mut self, object: &mut Value) {
        self.0.sort_by(|a, b| {
            let key = |entry: &Entry| (entry.operation, entry.time.clone());
            let rest = |entry: &Entry| (entry.manager.clone(), entry.api_version.clone(), entry.subresource.clone());
            key(a).cmp(&key(b)).then_with(|| rest(a).cmp(&rest(b)))
        });
        let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) else { return };
        if self.0.is_empty() {
            metadata.remove("managedFields");
        } else {
            metadata.insert("managedFields".to_owned(), self.0.iter().map(Entry::write).collect());
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.0.iter()
    }

    pub(super) fn find(&self, manager: &Manager<'_>) -> Option<&Entry> {
        self.0.iter().find(|entry| entry.is_of(manager))
    }

    /// All but `writer` lose what has changed or is gone.
    pub(super) fn lose(&mut self, difference: &Comparison, writer: Option<&Manager<'_>>) {
        for entry in &mut self.0 {
            if !writer.is_some_and(|writer| entry.is_of(writer)) {
                entry.set = entry.set.difference(&difference.changed).difference(&difference.removed);
            }
        }
        self.0.retain(|entry| !entry.set.is_empty());
    }

    /// The manager owns these fields, too.
    pub(super) fn gain(&mut self, manager: &Manager<'_>, set: Set) {
        match self.0.iter_mut().find(|entry| entry.is_of(manager)) {
            Some(entry) => *entry = Entry::new(manager, std::mem::take(&mut entry.set).union(&set)),
            None => self.0.push(Entry::new(manager, set)),
        }
    }

    /// The manager owns these fields and no others.
    pub(super) fn set(&mut self, manager: &Manager<'_>, set: Set) {
        self.0.retain(|entry| !entry.is_of(manager));
        self.0.push(Entry::new(manager, set));
    }

    pub(super) fn set_time(&mut self, manager: &Manager<'_>, time: Option<String>) {
        if let Some(entry) = self.0.iter_mut().find(|entry| entry.is_of(manager)) {
            entry.time = time;
        }
    }

    /// Takes fields from a manager that nobody owns.
    pub(super) fn strip(&mut self, manager: &Manager<'_>, never: &Set) {
        for entry in &mut self.0 {
            if entry.is_of(manager) {
                entry.set = entry.set.difference(never);
            }
        }
        self.0.retain(|entry| !entry.set.is_empty());
    }

    /// What others than `writer` own of what has changed.
    pub(super) fn conflicts(&self, difference: &Comparison, writer: &Manager<'_>) -> Vec<Conflict> {
        let mut others: Vec<_> = self.0.iter().filter(|entry| !entry.is_of(writer)).collect();
        others.sort_by_key(|entry| entry.show());
        let conflict = |owner: &Entry, path| Conflict { owner: owner.clone(), path };
        let paths = |owner: &Entry| owner.set.intersection(&difference.changed).paths();
        others.into_iter().flat_map(|owner| paths(owner).into_iter().map(|path| conflict(owner, path))).collect()
    }

    /// Of more than ten managers that updated, the oldest become one.
    pub(super) fn cap(&mut self) {
        const MOST: usize = 10;
        self.0.sort_by(|a, b| (a.operation, &a.time, &a.manager).cmp(&(b.operation, &b.time, &b.manager)));
        let start = self.0.partition_point(|entry| entry.operation == Operation::Apply);
        while self.0.len() - start > MOST {
            let versions: Vec<_> = self.0.iter().skip(start).map(|entry| entry.api_version.clone()).collect();
            let second = (1..versions.len()).find(|&at| versions[..at].contains(&versions[at]));
            let Some(second) = second else { return };
            let newer = self.0.remove(start + second);
            let Some(older) = self.0.iter_mut().skip(start).find(|entry| entry.api_version == newer.api_version) else {
                return;
            };
            older.set = std::mem::take(&mut older.set).union(&newer.set);
            older.time = newer.time;
            "ancient-changes".clone_into(&mut older.manager);
            older.subresource = String::new();
        }
    }
}

/// Whether the managed fields of two objects differ in nothing but times.
pub(crate) fn same_but_times(a: &Value, b: &Value) -> bool {
    let timeless = |object: &Value| {
        let managed = object.pointer("/metadata/managedFields").and_then(Value::as_array);
        let strip = |entry: &Value| -> Map<String, Value> {
            let fields = entry.as_object().into_iter().flatten().filter(|(name, _)| *name != "time");
            fields.map(|(name, value)| (name.clone(), value.clone())).collect()
        };
        let mut entries: Vec<_> = managed.into_iter().flatten().map(strip).collect();
        entries.sort_by_key(|entry| {
            ["operation", "manager", "apiVersion", "subresource"].map(|name| entry.get(name).map(Value::to_string))
        });
        entries
    };
    timeless(a) == timeless(b)
}
