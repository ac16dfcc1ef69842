//! What roles and bindings cannot be without.

use serde_json::{Value, json};

use crate::kubernetes::kinds::Kind;
use crate::kubernetes::status::{Cause, Causes};

const GROUP: &str = "rbac.authorization.k8s.io";

pub(super) fn check(kind: &Kind, object: &Value, causes: &mut Causes) {
    let namespaced = kind.namespaced();
    match &*kind.kind {
        "Role" | "ClusterRole" => {
            for (index, rule) in object["rules"].as_array().into_iter().flatten().enumerate() {
                check_rule(rule, &format!("rules[{index}]"), namespaced, causes);
            }
        }
        "RoleBinding" | "ClusterRoleBinding" => {
            check_role(&object["roleRef"], namespaced, causes);
            for (index, subject) in object["subjects"].as_array().into_iter().flatten().enumerate() {
                check_subject(subject, &format!("subjects[{index}]"), namespaced, causes);
            }
        }
        _ => {}
    }
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn one_of(field: String, value: &str, supported: &[&str]) -> Option<Cause> {
    let list: Vec<String> = supported.iter().map(|value| (*value).to_owned()).collect();
    (!supported.contains(&value)).then(|| Cause::not_supported(field, &json!(value), &list))
}

/// A rule is about resources or about other paths.
fn check_rule(rule: &Value, path: &str, namespaced: bool, causes: &mut Causes) {
    let empty = |field: &str| rule[field].as_array().is_none_or(Vec::is_empty);
    if empty("verbs") {
        causes.push(Cause::required(format!("{path}.verbs"), "verbs must contain at least one value"));
    }
    if !empty("nonResourceURLs") {
        let mut refuse = |why: &str| {
            causes.push(Cause::invalid(format!("{path}.nonResourceURLs"), &rule["nonResourceURLs"], why));
        };
        if namespaced {
            refuse("namespaced rules cannot apply to non-resource URLs");
        }
        if ["apiGroups", "resources", "resourceNames"].iter().any(|field| !empty(field)) {
            refuse("rules cannot apply to both regular resources and non-resource URLs");
        }
        return;
    }
    for (field, what) in [("apiGroups", "api group"), ("resources", "resource")] {
        if empty(field) {
            let why = format!("resource rules must supply at least one {what}");
            causes.push(Cause::required(format!("{path}.{field}"), &why));
        }
    }
}

fn check_role(role: &Value, namespaced: bool, causes: &mut Causes) {
    causes.extend(one_of("roleRef.apiGroup".to_owned(), text(role, "apiGroup"), &[GROUP]));
    let kinds: &[&str] = if namespaced { &["Role", "ClusterRole"] } else { &["ClusterRole"] };
    causes.extend(one_of("roleRef.kind".to_owned(), text(role, "kind"), kinds));
    if text(role, "name").is_empty() {
        causes.push(Cause::required("roleRef.name", ""));
    }
}

fn check_subject(subject: &Value, path: &str, namespaced: bool, causes: &mut Causes) {
    let group = format!("{path}.apiGroup");
    if text(subject, "name").is_empty() {
        causes.push(Cause::required(format!("{path}.name"), ""));
    }
    match text(subject, "kind") {
        "ServiceAccount" => {
            causes.extend(one_of(group, text(subject, "apiGroup"), &[""]));
            if !namespaced && text(subject, "namespace").is_empty() {
                causes.push(Cause::required(format!("{path}.namespace"), ""));
            }
        }
        "User" | "Group" => causes.extend(one_of(group, text(subject, "apiGroup"), &[GROUP])),
        other => causes.extend(one_of(format!("{path}.kind"), other, &["ServiceAccount", "User", "Group"])),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["pods"] }), true, &[])]
    #[case(json!({ "verbs": ["get"], "nonResourceURLs": ["/x"] }), false, &[])]
    #[case(json!({ "verbs": ["get"], "nonResourceURLs": ["/x"], "resources": ["pods"] }), true, &["r.nonResourceURLs", "r.nonResourceURLs"])]
    #[case(json!({}), true, &["r.verbs", "r.apiGroups", "r.resources"])]
    fn a_rule_is_about_something(#[case] rule: Value, #[case] namespaced: bool, #[case] expected: &[&str]) {
        let mut causes = Causes::new();
        check_rule(&rule, "r", namespaced, &mut causes);
        assert_eq!(causes.iter().map(|cause| &*cause.field).collect::<Vec<_>>(), expected);
    }

    #[rstest]
    #[case(json!({ "kind": "User", "name": "a", "apiGroup": GROUP }), false, &[])]
    #[case(json!({ "kind": "ServiceAccount", "name": "a" }), true, &[])]
    #[case(json!({ "kind": "ServiceAccount", "name": "a" }), false, &["s.namespace"])]
    #[case(json!({ "kind": "Group", "name": "" }), false, &["s.name", "s.apiGroup"])]
    #[case(json!({ "kind": "Bar", "name": "a" }), true, &["s.kind"])]
    fn a_subject_is_somebody(#[case] subject: Value, #[case] namespaced: bool, #[case] expected: &[&str]) {
        let mut causes = Causes::new();
        check_subject(&subject, "s", namespaced, &mut causes);
        assert_eq!(causes.iter().map(|cause| &*cause.field).collect::<Vec<_>>(), expected);
    }
}
