//! What a cluster is told about the kinds.

use std::path::Path;

use primehub_core::crd::definitions;
use serde_json::Value;

/// A change of a definition is a change of the interface: read the difference, and move the new file over the old one if it is meant.
#[test]
fn definitions_are_those_of_the_golden_files() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/crd");
    let mut differing = Vec::new();
    for definition in definitions() {
        let file = folder.join(format!("{}.yaml", definition.spec.names.plural));
        let actual = serde_saphyr::to_string(&definition).unwrap();
        if std::fs::read_to_string(&file).unwrap_or_default() != actual {
            let new = file.with_extension("yaml.new");
            std::fs::write(&new, actual).unwrap();
            differing.push(new.display().to_string());
        }
    }
    assert!(differing.is_empty(), "definitions have changed; without .new if that is meant: {differing:?}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), definitions().len(), "one file for each kind");
}

/// Kind, plural, whether status is a subresource, and the printed columns.
const KINDS: &[(&str, &str, bool, &[&str])] = &[
    ("InstanceType", "instancetypes", false, &[]),
    (
        "Image",
        "images",
        false,
        &[
            "Type string .spec.type",
            "Group string .spec.groupName",
            "Status string .status.jobCondition.phase",
            "Age date .metadata.creationTimestamp",
        ],
    ),
    ("Dataset", "datasets", false, &["Type string .spec.type", "Age date .metadata.creationTimestamp"]),
    ("ImageSpec", "imagespecs", true, &["Status string .status.phase", "Age date .metadata.creationTimestamp"]),
    ("ImageSpecJob", "imagespecjobs", true, &["Status string .status.phase", "Age date .metadata.creationTimestamp"]),
    (
        "PhJob",
        "phjobs",
        true,
        &[
            "User string .spec.userName",
            "Group string .spec.groupName",
            "Status string .status.phase",
            "Age date .metadata.creationTimestamp",
        ],
    ),
    (
        "PhSchedule",
        "phschedules",
        true,
        &[
            "User string .spec.jobTemplate.spec.userName",
            "Group string .spec.jobTemplate.spec.groupName",
            "Invalid boolean .status.invalid",
            "NextRun string .status.nextRunTime",
            "Age date .metadata.creationTimestamp",
        ],
    ),
    (
        "PhDeployment",
        "phdeployments",
        true,
        &[
            "Status string .status.phase",
            "Replicas integer .status.replicas",
            "Available integer .status.availableReplicas",
        ],
    ),
    (
        "PhApplication",
        "phapplications",
        true,
        &["Group string .spec.groupName", "Status string .status.phase", "Message string .status.message"],
    ),
    ("PhAppTemplate", "phapptemplates", false, &[]),
    ("License", "licenses", true, &[]),
    ("Announcement", "announcements", false, &[]),
];

#[test]
fn every_kind_has_the_names_subresources_and_columns_that_clients_know() {
    let definitions = definitions();
    assert_eq!(definitions.len(), KINDS.len());
    for (definition, (kind, plural, status, columns)) in definitions.iter().zip(KINDS) {
        let spec = &definition.spec;
        assert_eq!(definition.metadata.name.as_deref(), Some(format!("{plural}.primehub.io").as_str()));
        assert_eq!((spec.group.as_str(), spec.scope.as_str()), ("primehub.io", "Namespaced"), "{kind}");
        assert_eq!((spec.names.kind.as_str(), spec.names.plural.as_str()), (*kind, *plural));
        assert_eq!(spec.names.singular.as_deref(), Some(kind.to_lowercase().as_str()));
        assert_eq!((&spec.names.short_names, &spec.names.categories), (&None, &None), "{kind}");
        let [version] = spec.versions.as_slice() else { panic!("{kind} has one version") };
        assert_eq!((version.name.as_str(), version.served, version.storage), ("v1alpha1", true, true), "{kind}");
        let subresources = version.subresources.as_ref();
        assert_eq!(subresources.is_some_and(|subresources| subresources.status.is_some()), *status, "{kind}");
        let printed: Vec<String> = version
            .additional_printer_columns
            .iter()
            .flatten()
            .map(|column| format!("{} {} {}", column.name, column.type_, column.json_path))
            .collect();
        assert_eq!(&printed, columns, "{kind}");
    }
}

/// `null` for a field that is not nullable is dropped by the API server, and a field with a default is never absent. Both are seen by clients.
#[test]
fn nothing_is_nullable_and_only_protocols_have_a_default() {
    fn walk(path: &str, value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                if fields.get("nullable") == Some(&Value::Bool(true)) || fields.contains_key("default") {
                    found.push(path.to_owned());
                }
                for (key, value) in fields {
                    walk(&format!("{path}/{key}"), value, found);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| walk(path, item, found)),
            _ => {}
        }
    }
    for definition in definitions() {
        let mut found = Vec::new();
        walk("", &serde_json::to_value(&definition).unwrap(), &mut found);
        found.retain(|path| !path.ends_with("/svcTemplate/properties/spec/properties/ports/items/properties/protocol"));
        assert_eq!(found, Vec::<String>::new(), "{}", definition.spec.names.kind);
    }
}

/// What the types take for optional must be so to the API server.
#[test]
fn free_form_fields_are_not_required() {
    for definition in definitions() {
        let text = serde_json::to_string(&definition).unwrap();
        for lists in text.split("\"required\":").skip(1) {
            let required = lists.split_once(']').map_or(lists, |(list, _)| list);
            for field in ["variables", "nodeSelector", "tolerations", "metadata", "divisor"] {
                assert!(!required.contains(field), "{} requires {field}", definition.spec.names.kind);
            }
        }
    }
}
