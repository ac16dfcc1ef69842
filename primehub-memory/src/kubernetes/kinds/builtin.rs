//! The built-in kinds, read from a table.
//!
//! ```text
//! @apps/v1 Deployment deployments/deployment namespaced all annotations short=deploy in=all
//! /scale
//! ?spec.host .spec.nodeName =absent
//! |Ready|string||0
//! ```
//!
//! A kind is its version, name, plural and singular, scope, verbs, the changes that make a new generation, short names and categories; then come
//! its subresources (`/`), the fields that selectors know (`?`, with the path if it is not the same and the value of an absent field) and the
//! columns of tables (`|`: name, type, format and priority). Columns have no descriptions: clients do not show them.

use std::sync::{Arc, LazyLock};

use super::{Cell, Column, Conversion, Generation, Kind, Scope, Selectable, Storage, Subresource, Verbs};
use crate::kubernetes::schema::Schema;
use crate::kubernetes::schema::builtin::types;

/// Written by `cargo run -p schema-table`.
const TABLE: &str = include_str!("builtin.txt");

/// The built-in kinds, in the order of discovery.
#[must_use]
pub fn builtin() -> Vec<Kind> {
    static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| parse(TABLE));
    KINDS.clone()
}

/// The kinds of a table. Lines that cannot be read are left out: a test sees to it that there are none.
fn parse(text: &str) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for line in text.lines() {
        let Some(kind) = line.strip_prefix('@') else {
            if let Some(kind) = kinds.last_mut() {
                detail(kind, line);
            }
            continue;
        };
        kinds.extend(head(kind));
    }
    kinds
}

fn head(line: &str) -> Option<Kind> {
    let mut words = line.split(' ');
    let mut next = || words.next();
    let (api_version, kind, names) = (next()?, next()?, next()?);
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let (plural, singular) = names.split_once('/')?;
    let scope = if next()? == "namespaced" { Scope::Namespaced } else { Scope::Cluster };
    let verbs = match next()? {
        "all" => Verbs::All,
        "nocollection" => Verbs::NoDeleteCollection,
        _ => Verbs::Create,
    };
    let generation = match next()? {
        "spec" => Generation::Spec,
        "annotations" => Generation::SpecAndAnnotations,
        "content" => Generation::Content,
        _ => Generation::Never,
    };
    let (mut short_names, mut categories) = (Vec::new(), Vec::new());
    for (key, names) in words.filter_map(|word| word.split_once('=')) {
        let target = if key == "short" { &mut short_names } else { &mut categories };
        target.extend(names.split(',').map(Arc::from));
    }
    // `events.k8s.io` shows the events of the core group by other names of their fields.
    let same = group != "events.k8s.io";
    Some(Kind {
        schema: schema(group, version, kind)?,
        group: group.into(),
        version: version.into(),
        kind: kind.into(),
        list_kind: format!("{kind}List").into(),
        plural: plural.into(),
        singular: singular.into(),
        short_names,
        categories,
        scope,
        verbs,
        subresources: Vec::new(),
        custom: false,
        generation,
        selectable: Vec::new(),
        columns: Vec::new(),
        storage: Storage { group: if same { group.into() } else { "".into() }, resource: plural.into() },
        conversion: if same { Conversion::Same } else { Conversion::Events },
        deprecation: None,
        definition: None,
    })
}

/// The fields of a built-in kind, also of one that only a subresource has.
#[must_use]
pub fn schema(group: &str, version: &str, kind: &str) -> Option<Schema> {
    let package = if group.is_empty() { "core" } else { group.split('.').next()? };
    types().named(&format!("{package}.{version}.{kind}"))
}

fn detail(kind: &mut Kind, line: &str) {
    if let Some(name) = line.strip_prefix('/') {
        kind.subresources.push(subresource(name));
    } else if let Some(field) = line.strip_prefix('?') {
        let (field, absent) = field.split_once(" =").unwrap_or((field, ""));
        let (label, path) = field
            .split_once(' ')
            .map_or_else(|| (field, format!(".{field}")), |(label, path)| (label, path.to_owned()));
        kind.selectable.push(Selectable { label: label.into(), path: path.into(), absent: absent.into() });
    } else if let Some(column) = line.strip_prefix('|') {
        kind.columns.extend(self::column(kind, column));
    }
}

fn subresource(name: &str) -> Subresource {
    match name {
        "status" => Subresource::Status,
        "scale" => Subresource::Scale {
            spec: ".spec.replicas".to_owned(),
            status: ".status.replicas".to_owned(),
            selector: Some(".spec.selector".to_owned()),
        },
        "log" => Subresource::Log,
        "eviction" => Subresource::Eviction,
        "binding" => Subresource::Binding,
        "token" => Subresource::Token,
        "finalize" => Subresource::Finalize,
        other => Subresource::Unsupported(other.into()),
    }
}

fn column(kind: &Kind, line: &str) -> Option<Column> {
    let mut parts = line.split('|');
    let mut next = || parts.next();
    let (name, column_type, format, priority) = (next()?, next()?, next()?, next()?.parse().ok()?);
    let cell = match name {
        "Age" => Cell::Computed("Age".into()),
        "Name" if !matches!(&*kind.plural, "storageclasses" | "ingressclasses") => Cell::Path(".metadata.name".into()),
        _ => Cell::Computed(format!("{}/{name}", kind.plural).into()),
    };
    Some(Column {
        name: name.into(),
        column_type: column_type.into(),
        format: format.into(),
        description: "".into(),
        priority,
        cell,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubernetes::schema::Types;

    fn kind(plural: &str) -> Kind {
        builtin().into_iter().find(|kind| &*kind.plural == plural).unwrap()
    }

    #[test]
    fn the_tables_can_be_read_to_the_last_line() {
        let lines = |prefix| TABLE.lines().filter(|line| line.starts_with(prefix)).count();
        let kinds = builtin();
        assert_eq!(kinds.len(), lines('@'));
        assert!(kinds.len() > 45);
        let sum = |count: fn(&Kind) -> usize| kinds.iter().map(count).sum::<usize>();
        assert_eq!(sum(|kind| kind.subresources.len()), lines('/'));
        assert_eq!(sum(|kind| kind.selectable.len()), lines('?'));
        assert_eq!(sum(|kind| kind.columns.len()), lines('|'));
        assert!(kinds.iter().all(|kind| kind.schema.root().node().embedded), "every kind has metadata");
        let text = include_str!("../schema/builtin.txt");
        let types = Types::parse(text).unwrap();
        assert!(types.names.len() > 370);
        assert_eq!(types.names.len(), text.lines().filter(|line| line.starts_with('@')).count());
        let release = |text: &str| text.lines().next().unwrap().to_owned();
        assert_eq!(release(text), release(TABLE), "both tables are of one release");
    }

    #[test]
    fn both_kinds_of_events_are_kept_as_one() {
        let all: Vec<_> = builtin().into_iter().filter(|kind| &*kind.kind == "Event").collect();
        assert_eq!(all[0].storage, all[1].storage);
        assert_eq!((all[0].conversion, all[1].conversion), (Conversion::Same, Conversion::Events));
        let paths = |kind: &Kind| kind.selectable.iter().map(|field| field.path.clone()).collect::<Vec<_>>();
        assert!(paths(&all[0]).starts_with(&paths(&all[1])), "values that are kept of the one are found by the other");
    }

    #[test]
    fn kinds_say_what_they_can() {
        let pods = kind("pods");
        assert!(
            pods.namespaced() && pods.has_status() && pods.generation == Generation::Spec && pods.verbs == Verbs::All
        );
        assert!(pods.subresources.contains(&Subresource::Unsupported("exec".into())));
        assert_eq!(
            kind("nodes").selectable,
            [Selectable {
                label: "spec.unschedulable".into(),
                path: ".spec.unschedulable".into(),
                absent: "false".into()
            }]
        );
        assert_eq!(kind("namespaces").verbs, Verbs::NoDeleteCollection);
        assert_eq!(kind("subjectaccessreviews").verbs, Verbs::Create);
        assert_eq!(kind("deployments").generation, Generation::SpecAndAnnotations);
        assert!(matches!(
            kind("deployments").subresources.as_slice(),
            [Subresource::Scale { .. }, Subresource::Status]
        ));
        assert!(
            schema("autoscaling", "v1", "Scale").is_some()
                && schema("authentication.k8s.io", "v1", "TokenRequest").is_some()
        );
    }
}
