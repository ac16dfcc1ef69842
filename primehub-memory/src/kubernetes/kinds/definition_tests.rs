//! Definitions, and what a real server says of them.

use rstest::rstest;
use serde_json::{Value, json};

use super::definition::{check, check_scale, check_supported, default, kinds, prepare, status};
use super::{Cell, Kinds, Scope, Subresource};

const NOW: &str = "2026-01-01T00:00:00Z";

fn version(name: &str, storage: bool) -> Value {
    json!({ "name": name, "served": true, "storage": storage, "schema": { "openAPIV3Schema": {
        "type": "object", "properties": { "spec": { "type": "object", "properties": { "size": { "type": "integer" }, "o": { "type": "object" } } } },
    } } })
}

fn definition() -> Value {
    json!({
        "metadata": { "name": "gadgets.example.com" },
        "spec": {
            "group": "example.com", "scope": "Namespaced", "names": { "plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"] },
            "versions": [version("v1", true)],
        },
    })
}

fn settled(mut definition: Value, live: Option<&Value>) -> Value {
    default(&mut definition);
    prepare(&mut definition, live);
    definition["status"] = status(&definition, &Kinds::default(), NOW);
    definition
}

fn told(definition: &Value, live: Option<&Value>) -> Vec<String> {
    let mut told: Vec<_> = check(definition, live).iter().map(ToString::to_string).collect();
    told.sort();
    told
}

#[test]
fn what_is_left_out_is_filled_in() {
    let definition = settled(definition(), None);
    assert_eq!(
        definition["spec"]["names"],
        json!({ "plural": "gadgets", "kind": "Gadget", "shortNames": ["gd"], "singular": "gadget", "listKind": "GadgetList" })
    );
    assert_eq!(definition["spec"]["conversion"], json!({ "strategy": "None" }));
    let condition = |kind: &str, reason: &str, message: &str| json!({ "type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": NOW });
    assert_eq!(
        definition["status"],
        json!({
            "acceptedNames": definition["spec"]["names"], "storedVersions": ["v1"],
            "conditions": [
                condition("NamesAccepted", "NoConflicts", "no conflicts found"),
                condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
            ],
        })
    );
    assert_eq!(told(&definition, None), [""; 0]);
}

const LABEL: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

#[rstest]
#[case("/metadata/name", json!("x.example.com"), &[r#"metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group"#])]
#[case("/spec/scope", json!(""), &["spec.scope: Required value"])]
#[case("/spec/scope", json!("Planet"), &[r#"spec.scope: Unsupported value: "Planet": supported values: "Cluster", "Namespaced""#])]
#[case("/spec/names/listKind", json!("Gadget"), &[r#"spec.names.listKind: Invalid value: "Gadget": kind and listKind may not be the same"#])]
#[case("/spec/names/shortNames/0", json!("GD"), &[r#"spec.names.shortNames[0]: Invalid value: "GD": LABEL"#])]
#[case("/spec/versions/0/name", json!("V1"), &[r#"spec.versions[0].name: Invalid value: "V1": LABEL"#])]
#[case("/spec/versions/0/schema", Value::Null, &["spec.versions[0].schema.openAPIV3Schema: Required value"])]
#[case("/spec/versions/0/schema/openAPIV3Schema/properties/spec/type", json!(""),
    &["spec.validation.openAPIV3Schema.properties[spec].type: Required value: must not be empty for specified object fields"])]
#[case("/spec/versions/0/schema/openAPIV3Schema/nullable", json!(true), &["spec.validation.openAPIV3Schema.nullable: Forbidden: nullable cannot be true at the root"])]
#[case("/spec/versions/0/additionalPrinterColumns", json!([{ "name": "A", "type": "text", "jsonPath": "spec" }]), &[
    r#"spec.additionalPrinterColumns[0].JSONPath: Invalid value: "spec": must be a simple json path starting with ."#,
    r#"spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string"#])]
#[case("/spec/versions/0/subresources", json!({ "scale": { "specReplicasPath": ".status.n" } }), &[
    r#"spec.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec"#,
    "spec.subresources.scale.statusReplicasPath: Required value"])]
#[case("/spec/versions/0/selectableFields", json!([{ "jsonPath": ".spec.none" }, { "jsonPath": ".spec.o" }, { "jsonPath": ".spec.size" }, { "jsonPath": ".spec.size" }]), &[
    r#"spec.selectableFields[0].jsonPath: Invalid value: ".spec.none": is an invalid path: does not refer to a valid field"#,
    r#"spec.selectableFields[1].jsonPath: Invalid value: ".spec.o": must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed."#,
    r#"spec.selectableFields[3].jsonPath: Duplicate value: ".spec.size""#])]
#[case("/spec/preserveUnknownFields", json!(true), &["spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"])]
#[case("/spec/conversion", json!({ "strategy": "Magic" }), &[r#"spec.conversion.strategy: Unsupported value: "Magic": supported values: "None", "Webhook""#])]
fn faults_are_those_of_the_real_server(#[case] path: &str, #[case] value: Value, #[case] expected: &[&str]) {
    let mut definition = definition();
    let (parent, field) = path.rsplit_once('/').unwrap();
    match definition.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
        object => object[field] = value,
    }
    let expected: Vec<_> = expected.iter().map(|text| text.replace("LABEL", LABEL)).collect();
    assert_eq!(told(&settled(definition, None), None), expected);
}

#[test]
fn versions_are_told_apart() {
    let mut definition = definition();
    definition["spec"]["versions"] = json!([version("v1", true), version("v1", true)]);
    let told = told(&settled(definition, None), None);
    assert_eq!(told.len(), 2);
    assert!(told[0].ends_with("must contain unique version names"), "{told:?}");
    assert!(told[1].ends_with("must have exactly one version marked as storage version"), "{told:?}");
}

#[test]
fn what_objects_are_kept_under_does_not_change() {
    let live = settled(definition(), None);
    let mut next = definition();
    next["spec"]["scope"] = json!("Cluster");
    next["spec"]["names"]["kind"] = json!("Thing");
    next["spec"]["versions"] = json!([version("v2", true)]);
    let next = settled(next, Some(&live));
    assert_eq!(next["status"]["storedVersions"], json!(["v1", "v2"]));
    assert_eq!(
        told(&next, Some(&live)),
        [
            r#"spec.names.kind: Invalid value: "Thing": field is immutable"#,
            r#"spec.scope: Invalid value: "Cluster": field is immutable"#,
            r#"status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions"#,
        ]
    );
}

#[test]
fn names_of_others_are_not_accepted() {
    let taken = Kinds::new(kinds(&settled(definition(), None)));
    let mut other = definition();
    other["spec"]["names"] = json!({ "plural": "gizmos", "kind": "Gadget", "shortNames": ["gd", "gz"] });
    default(&mut other);
    prepare(&mut other, None);
    let status = status(&other, &taken, NOW);
    assert_eq!(status["acceptedNames"]["plural"], "gizmos");
    assert_eq!(status["acceptedNames"]["kind"], "");
    let reasons: Vec<_> = status["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|condition| (&condition["status"], &condition["reason"], &condition["message"]))
        .collect();
    let (no, expected) = (
        json!("False"),
        [
            json!("ListKindConflict"),
            json!("\"GadgetList\" is already in use"),
            json!("NotAccepted"),
            json!("not all names are accepted"),
        ],
    );
    assert_eq!(reasons, [(&no, &expected[0], &expected[1]), (&no, &expected[2], &expected[3])]);
    other["status"] = status;
    assert!(kinds(&other).is_empty());
}

#[test]
fn kinds_come_of_served_versions() {
    let mut definition = definition();
    let mut second = version("v2", false);
    second["subresources"] =
        json!({ "status": {}, "scale": { "specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n" } });
    second["additionalPrinterColumns"] =
        json!([{ "name": "Size", "type": "integer", "jsonPath": ".spec.size", "priority": 1 }]);
    second["selectableFields"] = json!([{ "jsonPath": ".spec.size" }]);
    let mut third = version("v3", false);
    third["served"] = json!(false);
    definition["spec"]["versions"] = json!([version("v1", true), second, third]);
    let definition = settled(definition, None);
    assert_eq!(told(&definition, None), [""; 0]);
    let kinds = kinds(&definition);
    assert_eq!(kinds.iter().map(|kind| &*kind.version).collect::<Vec<_>>(), ["v1", "v2"]);
    let names = |index: usize| kinds[index].columns.iter().map(|column| &*column.name).collect::<Vec<_>>();
    assert_eq!((names(0), names(1)), (vec!["Name", "Age"], vec!["Name", "Size"]));
    assert_eq!(kinds[1].columns[1].cell, Cell::Path(".spec.size".into()));
    assert_eq!(&*kinds[1].columns[1].description, "Custom resource definition column (in JSONPath format): .spec.size");
    assert!(kinds[0].subresources.is_empty() && kinds[1].has_status());
    let scale = Subresource::Scale { spec: ".spec.n".into(), status: ".status.n".into(), selector: None };
    assert_eq!(kinds[1].subresources[1], scale);
    assert_eq!(&*kinds[1].selectable[0].label, "spec.size");
    assert!(
        kinds.iter().all(|kind| kind.custom && kind.scope == Scope::Namespaced && &*kind.storage.resource == "gadgets")
    );
}

#[test]
fn webhooks_that_convert_are_not_supported() {
    let mut definition = definition();
    definition["spec"]["conversion"] = json!({ "strategy": "Webhook" });
    assert_eq!(check_supported(&definition).unwrap_err().code, 501);
}

#[rstest]
#[case(json!({ "spec": { "n": 1 }, "status": { "n": 0 } }), &[])]
#[case(json!({ "spec": { "n": -1 } }), &[".spec.n: Invalid value: -1: should be a non-negative integer"])]
#[case(json!({ "status": { "n": 3_000_000_000_u64 } }), &[".status.n: Invalid value: 3000000000: should be less than or equal to 2147483647"])]
fn replicas_are_counted(#[case] object: Value, #[case] expected: &[&str]) {
    let mut definition = definition();
    definition["spec"]["versions"][0]["subresources"] =
        json!({ "scale": { "specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n" } });
    let kinds = kinds(&settled(definition, None));
    assert_eq!(check_scale(&kinds[0], &object).iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
}
