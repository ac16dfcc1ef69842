//! Who may do what, and how one asks.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same, text};
use crate::cluster::path;
use crate::{Cluster, Failure, MERGE_PATCH};

cases! { "access":
    a_bad_token_is_nobody,
    refusals_name_verb_resource_and_scope,
    refusals_name_subresources_and_groups,
    paths_are_refused_too,
    rights_come_before_existence_and_body,
    a_role_and_its_binding_give_rights,
    names_restrict_a_rule,
    a_bound_role_stays_the_same,
    bad_roles_and_bindings_are_refused,
    reviews_answer_for_the_caller,
    reviews_answer_for_others,
    bad_reviews_are_refused,
    the_caller_is_told_who_it_is,
    the_caller_is_told_its_rules,
    a_service_account_has_tokens,
    bad_token_requests_are_refused,
}

const AUTHORIZATION: &str = "/apis/authorization.k8s.io/v1";
const RBAC: &str = "rbac.authorization.k8s.io/v1";

async fn a_bad_token_is_nobody(cluster: Cluster) -> Done {
    // The client brings its own token with each request, so a bad one is reviewed.
    let reviewed = json!({"spec": {"token": "no-such-token"}});
    let answer = cluster.create("/apis/authentication.k8s.io/v1/tokenreviews", &reviewed).await?.expect(201)?;
    same!(answer["status"], json!({"user": {}, "error": "invalid bearer token"}));
    Ok(())
}

/// Checks that the user without rights is refused so: what, and the rest of the message.
async fn forbidden(
    cluster: &Cluster,
    method: Method,
    path: String,
    (what, rest): (&str, String),
    details: Value,
) -> Done {
    let kind = if method == Method::PATCH { MERGE_PATCH } else { "application/json" };
    // The body is nothing that could be decoded: rights come first.
    let answer = cluster.other()?.call(method, path).body(kind, "{").send().await?;
    answer.refused(403, "Forbidden", format!("{what} is forbidden: User \"jane\" cannot {rest}"), details)
}

async fn refusals_name_verb_resource_and_scope(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    let named = json!({"name": "x", "kind": "configmaps"});
    for (method, verb) in
        [(Method::GET, "get"), (Method::PUT, "update"), (Method::PATCH, "patch"), (Method::DELETE, "delete")]
    {
        let rest = format!("{verb} resource \"configmaps\" in API group \"\" in the namespace \"{namespace}\"");
        forbidden(&cluster, method, format!("{maps}/x"), ("configmaps \"x\"", rest), named.clone()).await?;
    }
    let unnamed = json!({"kind": "configmaps"});
    for (method, query, verb) in [
        (Method::GET, "", "list"),
        (Method::GET, "?watch=true", "watch"),
        (Method::POST, "", "create"),
        (Method::DELETE, "", "deletecollection"),
    ] {
        let rest = format!("{verb} resource \"configmaps\" in API group \"\" in the namespace \"{namespace}\"");
        forbidden(&cluster, method, format!("{maps}{query}"), ("configmaps", rest), unnamed.clone()).await?;
    }
    let rest = "list resource \"configmaps\" in API group \"\" at the cluster scope".to_owned();
    forbidden(&cluster, Method::GET, "/api/v1/configmaps".to_owned(), ("configmaps", rest), unnamed).await?;
    let rest = "get resource \"nodes\" in API group \"\" at the cluster scope".to_owned();
    forbidden(
        &cluster,
        Method::GET,
        "/api/v1/nodes/n".to_owned(),
        ("nodes \"n\"", rest),
        json!({"name": "n", "kind": "nodes"}),
    )
    .await?;
    // A namespace counts as being within itself.
    let rest = format!("get resource \"namespaces\" in API group \"\" in the namespace \"{namespace}\"");
    let what = format!("namespaces {namespace:?}");
    let details = json!({"name": namespace, "kind": "namespaces"});
    forbidden(&cluster, Method::GET, format!("/api/v1/namespaces/{namespace}"), (&what, rest), details).await
}

async fn refusals_name_subresources_and_groups(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    for (method, version, what, resource, verb) in [
        (Method::GET, "v1", "pods/x/log", "pods/log", "get"),
        (Method::POST, "v1", "pods/x/eviction", "pods/eviction", "create"),
        (Method::GET, "apps/v1", "deployments/x", "deployments", "get"),
        (Method::PATCH, "apps/v1", "deployments/x/scale", "deployments/scale", "patch"),
    ] {
        let group = version.trim_end_matches("v1").trim_end_matches('/');
        let kind = resource.split('/').next().unwrap_or_default();
        let mut details = json!({"name": "x", "kind": kind});
        let mut named = format!("{kind} \"x\"");
        if !group.is_empty() {
            details["group"] = json!(group);
            named = format!("{kind}.{group} \"x\"");
        }
        let rest = format!("{verb} resource {resource:?} in API group {group:?} in the namespace {namespace:?}");
        forbidden(&cluster, method, path(version, &namespace, what), (&named, rest), details).await?;
    }
    Ok(())
}

async fn paths_are_refused_too(cluster: Cluster) -> Done {
    let other = cluster.other()?;
    for path in ["/metrics", "/foo"] {
        let message = format!("forbidden: User \"jane\" cannot get path {path:?}");
        other.get(path).await?.refused(403, "Forbidden", message, json!({}))?;
    }
    for path in ["/version", "/healthz", "/livez", "/readyz", "/api", "/apis", "/apis/apps/v1", "/openapi/v3"] {
        same!(other.get(path).await?.code, 200, "{path}");
    }
    Ok(())
}

async fn rights_come_before_existence_and_body(cluster: Cluster) -> Done {
    let rest = |what: &str, group: &str| {
        format!("list resource {what:?} in API group {group:?} in the namespace \"none-such\"")
    };
    let none = |what: &str| format!("/api/v1/namespaces/none-such/{what}");
    forbidden(
        &cluster,
        Method::GET,
        none("configmaps"),
        ("configmaps", rest("configmaps", "")),
        json!({"kind": "configmaps"}),
    )
    .await?;
    forbidden(&cluster, Method::GET, none("foos"), ("foos", rest("foos", "")), json!({"kind": "foos"})).await?;
    let path = "/apis/none.example.com/v1/namespaces/none-such/foos".to_owned();
    let details = json!({"group": "none.example.com", "kind": "foos"});
    forbidden(&cluster, Method::GET, path, ("foos.none.example.com", rest("foos", "none.example.com")), details).await
}

/// Binds a new role with these rules to jane.
async fn bind(cluster: &Cluster, namespace: &str, rules: Value) -> Result<String, Failure> {
    cluster
        .create(path(RBAC, namespace, "roles"), &json!({"metadata": {"name": "r"}, "rules": rules}))
        .await?
        .expect(201)?;
    let body = json!({
        "metadata": {"name": "b"}, "subjects": [{"kind": "User", "name": "jane"}],
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
    });
    let made = cluster.create(path(RBAC, namespace, "rolebindings"), &body).await?.expect(201)?;
    same!(made["subjects"][0]["apiGroup"], "rbac.authorization.k8s.io");
    Ok(format!("{}/b", path(RBAC, namespace, "rolebindings")))
}

async fn until(cluster: &Cluster, path: &str, code: u16) -> Done {
    let what = format!("jane gets {code} for {path}");
    cluster.eventually(what, || async { Ok((cluster.other()?.get(path).await?.code == code).then_some(())) }).await
}

async fn a_role_and_its_binding_give_rights(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let maps = path("v1", &namespace, "configmaps");
    cluster.create(&maps, &json!({"metadata": {"name": "x"}, "data": {"a": "1"}})).await?.expect(201)?;
    let other = cluster.other()?;
    same!(other.get(format!("{maps}/x")).await?.code, 403);
    let rules = json!([
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]},
        {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]},
    ]);
    let binding = bind(&cluster, &namespace, rules).await?;
    until(&cluster, &format!("{maps}/x"), 200).await?;
    same!(other.get(&maps).await?.code, 200);
    other.get(format!("{maps}/none")).await?.absent("configmaps", "none")?;
    same!(other.create(&maps, &json!({"metadata": {"name": "y"}})).await?.code, 403);
    // A right on a part is none on the whole.
    other.get(path("v1", &namespace, "pods/x/log")).await?.absent("pods", "x")?;
    same!(other.get(path("v1", &namespace, "pods/x")).await?.code, 403);
    same!(other.get(path("v1", "default", "configmaps/x")).await?.code, 403);
    cluster.delete(&binding).await?.expect(200)?;
    until(&cluster, &format!("{maps}/x"), 403).await
}

async fn names_restrict_a_rule(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let rules = json!([{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"], "verbs": ["get"]}]);
    bind(&cluster, &namespace, rules).await?;
    until(&cluster, &path("v1", &namespace, "secrets/one"), 404).await?;
    same!(cluster.other()?.get(path("v1", &namespace, "secrets/two")).await?.code, 403);
    same!(cluster.other()?.get(path("v1", &namespace, "secrets")).await?.code, 403);
    Ok(())
}

async fn a_bound_role_stays_the_same(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let binding = bind(&cluster, &namespace, json!([])).await?;
    let answer = cluster.patch(binding, MERGE_PATCH, &json!({"roleRef": {"name": "other"}})).await?;
    let role = r#"{"APIGroup":"rbac.authorization.k8s.io","Kind":"Role","Name":"other"}"#;
    let message = format!("Invalid value: {role}: cannot change roleRef");
    answer.invalid("RoleBinding.rbac.authorization.k8s.io", "b", &[("FieldValueInvalid", &message, "roleRef")])
}

async fn bad_roles_and_bindings_are_refused(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let required = "FieldValueRequired";
    let rules = json!([{"apiGroups": [""], "resources": ["pods"]}, {"verbs": ["get"]}, {"verbs": ["get"], "nonResourceURLs": ["/x"]}]);
    let answer =
        cluster.create(path(RBAC, &namespace, "roles"), &json!({"metadata": {"name": "f"}, "rules": rules})).await?;
    answer.invalid(
        "Role.rbac.authorization.k8s.io",
        "f",
        &[
            (required, "Required value: verbs must contain at least one value", "rules[0].verbs"),
            (required, "Required value: resource rules must supply at least one api group", "rules[1].apiGroups"),
            (required, "Required value: resource rules must supply at least one resource", "rules[1].resources"),
            (
                "FieldValueInvalid",
                "Invalid value: [\"/x\"]: namespaced rules cannot apply to non-resource URLs",
                "rules[2].nonResourceURLs",
            ),
        ],
    )?;
    let body = json!({
        "metadata": {"name": "f"}, "roleRef": {"kind": "Role", "name": ""},
        "subjects": [{"kind": "Bar", "name": "x"}],
    });
    let kinds = "Unsupported value: \"Bar\": supported values: \"ServiceAccount\", \"User\", \"Group\"";
    let answer = cluster.create(path(RBAC, &namespace, "rolebindings"), &body).await?;
    answer.invalid(
        "RoleBinding.rbac.authorization.k8s.io",
        "f",
        &[(required, "Required value", "roleRef.name"), ("FieldValueNotSupported", kinds, "subjects[0].kind")],
    )
}

async fn reviews_answer_for_the_caller(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let reviews = format!("{AUTHORIZATION}/selfsubjectaccessreviews");
    let spec = json!({"resourceAttributes": {"namespace": namespace, "verb": "get", "resource": "configmaps"}});
    let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec});
    let made = cluster.create(&reviews, &body).await?.expect(201)?;
    same!((&made["spec"], &made["status"]["allowed"]), (&spec, &json!(true)));
    let other = cluster.other()?;
    same!(other.create(&reviews, &body).await?.expect(201)?["status"], json!({"allowed": false}));
    for (path, allowed) in [("/version", true), ("/metrics", false)] {
        let body = json!({"spec": {"nonResourceAttributes": {"path": path, "verb": "get"}}});
        same!(other.create(&reviews, &body).await?.expect(201)?["status"]["allowed"], allowed, "{path}");
    }
    bind(&cluster, &namespace, json!([{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}])).await?;
    let allowed = || async {
        let status = other.create(&reviews, &body).await?.expect(201)?["status"].take();
        Ok((status["allowed"] == true).then_some(status))
    };
    let status = cluster.eventually("jane is allowed", allowed).await?;
    same!(status["reason"], format!("RBAC: allowed by RoleBinding \"b/{namespace}\" of Role \"r\" to User \"jane\""));
    Ok(())
}

async fn reviews_answer_for_others(cluster: Cluster) -> Done {
    let reviews = format!("{AUTHORIZATION}/subjectaccessreviews");
    let attributes = json!({"verb": "get", "resource": "pods"});
    for (spec, allowed) in [
        (json!({"user": "jane", "resourceAttributes": attributes}), false),
        (json!({"user": "jane", "groups": ["system:masters"], "resourceAttributes": attributes}), true),
    ] {
        let made = cluster.create(&reviews, &json!({"spec": spec})).await?.expect(201)?;
        same!(made["status"], json!({"allowed": allowed}));
    }
    let answer = cluster.other()?.create(&reviews, &json!({"spec": {}})).await?;
    let message = "subjectaccessreviews.authorization.k8s.io is forbidden: User \"jane\" cannot create resource \
                   \"subjectaccessreviews\" in API group \"authorization.k8s.io\" at the cluster scope";
    let details = json!({"group": "authorization.k8s.io", "kind": "subjectaccessreviews"});
    answer.refused(403, "Forbidden", message, details)
}

async fn bad_reviews_are_refused(cluster: Cluster) -> Done {
    // The kind is missing in these refusals.
    for (resource, spec, message, field) in [
        (
            "selfsubjectaccessreviews",
            json!({}),
            "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be specified",
            "spec.resourceAttributes",
        ),
        (
            "subjectaccessreviews",
            json!({"resourceAttributes": {"verb": "get", "resource": "pods"}}),
            "Invalid value: \"\": at least one of user or group must be specified",
            "spec.user",
        ),
    ] {
        let answer = cluster.create(format!("{AUTHORIZATION}/{resource}"), &json!({"spec": spec})).await?;
        let causes = json!([{"reason": "FieldValueInvalid", "message": message, "field": field}]);
        let details = json!({"group": "authorization.k8s.io", "causes": causes});
        let whole = format!(".authorization.k8s.io \"\" is invalid: {field}: {message}");
        answer.refused(422, "Invalid", whole, details)?;
    }
    let answer = cluster.create(format!("{AUTHORIZATION}/selfsubjectrulesreviews"), &json!({"spec": {}})).await?;
    answer.refused(400, "BadRequest", "no namespace on request", Value::Null)
}

async fn the_caller_is_told_who_it_is(cluster: Cluster) -> Done {
    let reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    let jane = cluster.other()?.create(reviews, &json!({})).await?.expect(201)?;
    same!((&jane["kind"], text(&jane, "/status/userInfo/username")), (&json!("SelfSubjectReview"), "jane"));
    same!(jane["status"]["userInfo"]["groups"], json!(["system:authenticated"]));
    let admin = cluster.create(reviews, &json!({})).await?.expect(201)?;
    let groups = admin["status"]["userInfo"]["groups"].as_array().cloned().unwrap_or_default();
    check!(groups.contains(&json!("system:masters")), "{admin}");
    Ok(())
}

async fn the_caller_is_told_its_rules(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let rule = json!({"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]});
    bind(&cluster, &namespace, json!([rule])).await?;
    let reviews = format!("{AUTHORIZATION}/selfsubjectrulesreviews");
    let body = json!({"spec": {"namespace": namespace}});
    let other = cluster.other()?;
    let has = |status: &Value, rule: &Value| status["resourceRules"].as_array().is_some_and(|list| list.contains(rule));
    cluster
        .eventually("the rule is told", || async {
            Ok(has(&other.create(&reviews, &body).await?.expect(201)?["status"], &rule).then_some(()))
        })
        .await?;
    let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    let status = &cluster.create(&reviews, &body).await?.expect(201)?["status"];
    check!(has(status, &all) && status["incomplete"] == false, "{status}");
    Ok(())
}

async fn a_service_account_has_tokens(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let accounts = path("v1", &namespace, "serviceaccounts");
    let account = cluster.create(&accounts, &json!({"metadata": {"name": "sa"}})).await?.expect(201)?;
    let body = json!({"spec": {"audiences": [], "expirationSeconds": 3600}});
    let made = cluster.create(format!("{accounts}/sa/token"), &body).await?.expect(201)?;
    same!(made["kind"], "TokenRequest");
    same!((&made["spec"]["expirationSeconds"], &made["spec"]["boundObjectRef"]), (&json!(3600), &Value::Null));
    let token = text(&made, "/status/token");
    same!(token.split('.').count(), 3);
    check!(!text(&made, "/status/expirationTimestamp").is_empty());
    let review = json!({"spec": {"token": token}});
    let review = cluster.create("/apis/authentication.k8s.io/v1/tokenreviews", &review).await?.expect(201)?;
    let user = &review["status"]["user"];
    same!((&review["status"]["authenticated"], &user["uid"]), (&json!(true), &account["metadata"]["uid"]));
    same!(text(user, "/username"), format!("system:serviceaccount:{namespace}:sa"));
    let groups =
        json!(["system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated"]);
    same!(user["groups"], groups);
    Ok(())
}

async fn bad_token_requests_are_refused(cluster: Cluster) -> Done {
    let accounts = path("v1", &cluster.namespace().await?, "serviceaccounts");
    cluster.create(&accounts, &json!({"metadata": {"name": "sa"}})).await?.expect(201)?;
    for (seconds, message) in [
        (10_u64, "Invalid value: 10: may not specify a duration less than 10 minutes"),
        (1 << 33, "Invalid value: 8589934592: may not specify a duration larger than 2^32 seconds"),
    ] {
        let answer =
            cluster.create(format!("{accounts}/sa/token"), &json!({"spec": {"expirationSeconds": seconds}})).await?;
        let cause = ("FieldValueInvalid", message, "spec.expirationSeconds");
        answer.invalid("TokenRequest.authentication.k8s.io", "", &[cause])?;
    }
    let answer = cluster.create(format!("{accounts}/none/token"), &json!({"spec": {}})).await?;
    answer.absent("serviceaccounts", "none")
}
