//! Role-based access control over the roles and bindings that are stored.

use serde_json::{Value, json};

use super::{Attributes, Caller, UNAUTHENTICATED};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::store::{Key, Object};

const GROUP: &str = "rbac.authorization.k8s.io";
/// What everybody may read, as on a real server.
const PUBLIC: [&str; 6] = ["/healthz", "/livez", "/readyz", "/version", "/version/", "/.well-known"];
/// What everybody with a token may read beside.
const DISCOVERY: [&str; 4] = ["/api", "/apis", "/openapi", "/swagger"];

/// Why the caller may do it, if so.
pub(super) fn decide(server: &ApiServer, caller: &Caller, attributes: &Attributes) -> Option<String> {
    if let Some(reason) = always(caller, attributes) {
        return Some(reason);
    }
    let namespace = match attributes {
        Attributes::Resource { namespace, .. } => namespace.as_deref(),
        Attributes::Path { .. } => None,
    };
    grants(server, caller, namespace)
        .into_iter()
        .find(|grant| grant.rules.iter().any(|rule| covers(rule, attributes)))
        .map(|grant| format!("RBAC: allowed by {}", grant.by))
}

/// What the platform grants to everybody.
fn always(caller: &Caller, attributes: &Attributes) -> Option<String> {
    let authenticated = !caller.groups.iter().any(|group| group == UNAUTHENTICATED);
    match attributes {
        Attributes::Path { verb, path } if verb == "get" || verb == "head" => {
            let below = |roots: &[&str]| {
                roots
                    .iter()
                    .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
            };
            let binding = if below(&PUBLIC) {
                "ClusterRoleBinding \"system:public-info-viewer\" of ClusterRole \"system:public-info-viewer\" to Group \"system:authenticated\""
            } else if authenticated && below(&DISCOVERY) {
                "ClusterRoleBinding \"system:discovery\" of ClusterRole \"system:discovery\" to Group \"system:authenticated\""
            } else {
                return None;
            };
            Some(format!("RBAC: allowed by {binding}"))
        }
        Attributes::Resource { verb, group, resource, .. } if authenticated && verb == "create" => {
            let own = match group.as_str() {
                "authorization.k8s.io" => {
                    matches!(resource.as_str(), "selfsubjectaccessreviews" | "selfsubjectrulesreviews")
                }
                "authentication.k8s.io" => resource == "selfsubjectreviews",
                _ => false,
            };
            own.then(|| "RBAC: allowed by ClusterRoleBinding \"system:basic-user\" of ClusterRole \"system:basic-user\" to Group \"system:authenticated\"".to_owned())
        }
        _ => None,
    }
}

/// Rules that a binding gives to the caller.
struct Grant {
    rules: Vec<Value>,
    by: String,
}

fn grants(server: &ApiServer, caller: &Caller, namespace: Option<&str>) -> Vec<Grant> {
    let cluster = server.all(GROUP, "clusterrolebindings", None);
    let local = namespace.map(|namespace| server.all(GROUP, "rolebindings", Some(namespace))).unwrap_or_default();
    let all = cluster
        .iter()
        .map(|binding| (binding, "ClusterRoleBinding"))
        .chain(local.iter().map(|binding| (binding, "RoleBinding")));
    all.filter_map(|(binding, kind)| grant(server, caller, binding, kind)).collect()
}

fn grant(server: &ApiServer, caller: &Caller, binding: &Object, kind: &str) -> Option<Grant> {
    let value = binding.value();
    let own = binding.meta.key.namespace.as_deref();
    let subject = value["subjects"].as_array()?.iter().find(|subject| names(subject, caller, own))?;
    let (role_kind, role_name) = (value["roleRef"]["kind"].as_str()?, value["roleRef"]["name"].as_str()?);
    let role = match role_kind {
        "ClusterRole" => server.one(GROUP, "clusterroles", &Key::new(None, role_name))?,
        "Role" => server.one(GROUP, "roles", &Key::new(Some(own?), role_name))?,
        _ => return None,
    };
    let rules = role.value()["rules"].as_array().cloned().unwrap_or_default();
    let place = own.map(|namespace| format!("/{namespace}")).unwrap_or_default();
    let shown = match place.as_str() {
        "" => format!("{:?}", &*binding.meta.key.name),
        place => format!("{:?}", format!("{}{place}", binding.meta.key.name)),
    };
    let by = format!(
        "{kind} {shown} of {role_kind} {role_name:?} to {} {:?}",
        subject["kind"].as_str().unwrap_or_default(),
        match subject["kind"].as_str() {
            Some("ServiceAccount") => format!(
                "{}/{}",
                subject["name"].as_str().unwrap_or_default(),
                subject["namespace"].as_str().or(own).unwrap_or_default()
            ),
            _ => subject["name"].as_str().unwrap_or_default().to_owned(),
        }
    );
    Some(Grant { rules, by })
}

/// Whether a subject of a binding is the caller.
fn names(subject: &Value, caller: &Caller, namespace: Option<&str>) -> bool {
    let name = subject["name"].as_str().unwrap_or_default();
    match subject["kind"].as_str() {
        Some("User") => name == caller.user,
        Some("Group") => caller.groups.iter().any(|group| group == name),
        Some("ServiceAccount") => {
            let namespace =
                subject["namespace"].as_str().filter(|text| !text.is_empty()).or(namespace).unwrap_or_default();
            caller.user == format!("system:serviceaccount:{namespace}:{name}")
        }
        _ => false,
    }
}

/// Whether a rule covers what is wanted.
fn covers(rule: &Value, attributes: &Attributes) -> bool {
    let list =
        |field: &str| -> Vec<&str> { rule[field].as_array().into_iter().flatten().filter_map(Value::as_str).collect() };
    let any = |field: &str, wanted: &str| list(field).iter().any(|value| *value == "*" || *value == wanted);
    match attributes {
        Attributes::Path { verb, path } => {
            any("verbs", verb)
                && list("nonResourceURLs").iter().any(|url| match url.strip_suffix('*') {
                    Some(prefix) => path.starts_with(prefix),
                    None => url == path,
                })
        }
        Attributes::Resource { verb, group, resource, name, .. } => {
            let below = resource.split_once('/').map(|(_, sub)| format!("*/{sub}"));
            let names = list("resourceNames");
            any("verbs", verb)
                && any("apiGroups", group)
                && (any("resources", resource)
                    || below.is_some_and(|below| list("resources").contains(&below.as_str())))
                && (names.is_empty() || name.as_deref().is_some_and(|name| names.contains(&name)))
        }
    }
}

/// Everything that the caller may do in a namespace.
pub(super) fn rules_of(server: &ApiServer, caller: &Caller, namespace: &str) -> Value {
    let (mut resources, mut paths) = (Vec::new(), Vec::new());
    let mut add = |rule: &Value| {
        if rule.get("nonResourceURLs").is_some() {
            paths.push(json!({ "verbs": rule["verbs"], "nonResourceURLs": rule["nonResourceURLs"] }));
        } else {
            resources.push(rule.clone());
        }
    };
    if caller.groups.iter().any(|group| group == super::MASTERS) {
        add(&json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*"] }));
        add(&json!({ "verbs": ["*"], "nonResourceURLs": ["*"] }));
    }
    add(&json!({ "verbs": ["create"], "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"] }));
    add(&json!({ "verbs": ["create"], "apiGroups": ["authentication.k8s.io"], "resources": ["selfsubjectreviews"] }));
    add(&json!({ "verbs": ["get"], "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez",
        "/openapi", "/openapi/*", "/readyz", "/version", "/version/"] }));
    for grant in grants(server, caller, Some(namespace)) {
        grant.rules.iter().for_each(&mut add);
    }
    json!({ "incomplete": false, "resourceRules": resources, "nonResourceRules": paths })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn wants(verb: &str, resource: &str, name: Option<&str>) -> Attributes {
        Attributes::Resource {
            verb: verb.to_owned(),
            group: String::new(),
            resource: resource.to_owned(),
            namespace: None,
            name: name.map(str::to_owned),
        }
    }

    #[rstest]
    #[case(json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["pods"] }), wants("get", "pods", Some("a")), true)]
    #[case(json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["pods"] }), wants("get", "pods/log", Some("a")), false)]
    #[case(json!({ "verbs": ["*"], "apiGroups": ["*"], "resources": ["*/log"] }), wants("get", "pods/log", Some("a")), true)]
    #[case(json!({ "verbs": ["get"], "apiGroups": ["apps"], "resources": ["*"] }), wants("get", "pods", None), false)]
    #[case(json!({ "verbs": ["get"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"] }), wants("get", "pods", Some("b")), false)]
    #[case(json!({ "verbs": ["list"], "apiGroups": [""], "resources": ["pods"], "resourceNames": ["a"] }), wants("list", "pods", None), false)]
    fn a_rule_covers_what_it_names(#[case] rule: Value, #[case] wanted: Attributes, #[case] covered: bool) {
        assert_eq!(covers(&rule, &wanted), covered);
    }
}
