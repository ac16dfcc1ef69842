//! What the real server's storage of each kind shows to callers.

use crate::kubernetes::kinds::Kind;
use crate::kubernetes::store::Key;

/// Built-in resources that are replaced only by writers who say which version they mean.
const NEED_VERSION: &[(&str, &[&str])] = &[
    ("admissionregistration.k8s.io", &["mutatingwebhookconfigurations", "validatingwebhookconfigurations"]),
    ("apiextensions.k8s.io", &["customresourcedefinitions"]),
    ("apiregistration.k8s.io", &["apiservices"]),
    ("coordination.k8s.io", &["leases"]),
    ("node.k8s.io", &["runtimeclasses"]),
    ("policy", &["poddisruptionbudgets"]),
    ("storage.k8s.io", &["csidrivers", "csinodes", "csistoragecapacities"]),
];

/// Built-in resources that are kept under another name than their own: group, resource, name.
const KEPT_AS: &[(&str, &str, &str)] = &[
    ("", "endpoints", "services/endpoints"),
    ("", "nodes", "minions"),
    ("", "replicationcontrollers", "controllers"),
    ("", "services", "services/specs"),
    ("apiextensions.k8s.io", "customresourcedefinitions", "apiextensions.k8s.io/customresourcedefinitions"),
    ("apiregistration.k8s.io", "apiservices", "apiregistration.k8s.io/apiservices"),
    ("networking.k8s.io", "ingresses", "ingress"),
];

/// Whether a writer who replaces an object has to say which version it means.
pub(crate) fn needs_version(kind: &Kind) -> bool {
    kind.custom
        || NEED_VERSION.iter().any(|(group, resources)| *group == &*kind.group && resources.contains(&&*kind.plural))
}

/// Where a real server keeps an object, as some of its messages tell.
pub(crate) fn registry_key(kind: &Kind, key: &Key) -> String {
    let known = KEPT_AS.iter().find(|(group, resource, _)| *group == &*kind.group && *resource == &*kind.plural);
    let resource = match known {
        Some((.., name)) => (*name).to_owned(),
        None if kind.custom => format!("{}/{}", kind.group, kind.plural),
        None => kind.plural.to_string(),
    };
    let namespace = key.namespace.as_ref().map(|namespace| format!("/{namespace}")).unwrap_or_default();
    format!("/registry/{resource}{namespace}/{}", key.name)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds::{self, Kinds};

    #[rstest]
    #[case("", "configmaps", Some("n"), "/registry/configmaps/n/x")]
    #[case("", "namespaces", None, "/registry/namespaces/x")]
    #[case("", "services", Some("n"), "/registry/services/specs/n/x")]
    #[case("apps", "deployments", Some("n"), "/registry/deployments/n/x")]
    fn objects_have_keys(
        #[case] group: &str,
        #[case] resource: &str,
        #[case] namespace: Option<&str>,
        #[case] expected: &str,
    ) {
        let kinds = Kinds::new(kinds::builtin());
        let kind = kinds.find(group, "v1", resource).unwrap();
        assert_eq!(registry_key(kind, &Key::new(namespace, "x")), expected);
    }
}
