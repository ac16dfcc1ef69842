//! Paths, methods and media types.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::cluster::path;
use crate::{Answer, Cluster, Failure};

cases! { "media":
    unknown_resources_are_a_status_and_unknown_paths_a_text,
    methods_that_do_not_fit_are_refused,
    answers_nobody_takes_are_refused,
    the_first_fitting_media_type_is_taken,
    bodies_of_other_types_are_refused,
    json_is_assumed_and_may_have_parameters,
    bodies_may_be_yaml,
    a_trailing_slash_does_not_matter,
}

const UNKNOWN: &str = "the server could not find the requested resource";

async fn unknown_resources_are_a_status_and_unknown_paths_a_text(cluster: Cluster) -> Done {
    let in_default = "/api/v1/namespaces/default";
    for unknown in [
        "/api/v1/foos",
        "/apis/apps/v1/foos",
        "/apis/apps/v9",
        "/apis/apps/v9/deployments",
        "/api/v2",
        &format!("{in_default}/foos/x"),
        &format!("{in_default}/nodes"),
        &format!("{in_default}/pods/x/foo"),
        &format!("{in_default}/configmaps/x/status"),
    ] {
        cluster.get(unknown).await?.refused(404, "NotFound", UNKNOWN, json!({}))?;
    }
    cluster.create("/apis/apps/v1/foos", &json!({})).await?.refused(404, "NotFound", UNKNOWN, json!({}))?;
    for unknown in ["/apis/none.example.com", "/apis/none.example.com/v1/foos", "/foo"] {
        let answer = cluster.get(unknown).await?;
        same!((answer.code, answer.text()), (404, "404 page not found\n".to_owned()), "{unknown}");
        check!(answer.header("content-type").starts_with("text/plain"));
    }
    Ok(())
}

async fn methods_that_do_not_fit_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    for (method, path) in [
        (Method::PUT, maps.clone()),
        (Method::PATCH, maps.clone()),
        (Method::POST, format!("{maps}/x")),
        (Method::DELETE, "/api/v1/namespaces".to_owned()),
        (Method::POST, "/api/v1/configmaps".to_owned()),
        (Method::GET, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned()),
        (Method::OPTIONS, maps.clone()),
        (Method::POST, "/version".to_owned()),
    ] {
        let answer = cluster.call(method, path).json(&json!({})).send().await?;
        let message = "the server does not allow this method on the requested resource";
        answer.refused(405, "MethodNotAllowed", message, json!({}))?;
    }
    Ok(())
}

async fn accepting(cluster: &Cluster, path: &str, accept: &str) -> Result<Answer, Failure> {
    cluster.read(path).accept(accept).send().await
}

async fn answers_nobody_takes_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let all = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    for accept in ["text/html", "application/xml", "application/*"] {
        let message = format!(
            "406: Not Acceptable\n\nAvailable representations: {all}, application/json;stream=watch, \
             application/vnd.kubernetes.protobuf;stream=watch"
        );
        accepting(&cluster, &maps, accept).await?.refused(406, "NotAcceptable", message, json!({}))?;
    }
    let only = format!("only the following media types are accepted: {all}");
    let table = "application/json;as=Table;v=v9;g=meta.k8s.io";
    accepting(&cluster, &maps, table).await?.refused(406, "NotAcceptable", &only, Value::Null)?;
    accepting(&cluster, "/apis", "text/html").await?.refused(406, "NotAcceptable", &only, Value::Null)
}

async fn the_first_fitting_media_type_is_taken(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    for accept in [
        "application/xml, application/json",
        "*/*",
        "application/json;charset=utf-8",
        "application/json;as=Table;v=v9;g=meta.k8s.io,application/json",
    ] {
        let answer = accepting(&cluster, &maps, accept).await?;
        same!(answer.header("content-type"), "application/json", "{accept}");
        same!(answer.expect(200)?["kind"], "ConfigMapList");
    }
    let answer = accepting(&cluster, &maps, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json").await?;
    same!(answer.expect(200)?["kind"], "Table");
    Ok(())
}

async fn bodies_of_other_types_are_refused(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json, application/yaml, application/vnd.kubernetes.protobuf";
    for (method, path, kind) in [
        (Method::POST, maps.clone(), "text/plain"),
        (Method::POST, maps.clone(), "application/x-www-form-urlencoded"),
        (Method::POST, maps.clone(), crate::MERGE_PATCH),
        (Method::PUT, format!("{maps}/x"), "text/plain"),
        (Method::DELETE, format!("{maps}/x"), "text/plain"),
    ] {
        let answer = cluster.call(method, path).body(kind, "{}").send().await?;
        answer.refused(415, "UnsupportedMediaType", message, Value::Null)?;
    }
    Ok(())
}

async fn json_is_assumed_and_may_have_parameters(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let body = |name: &str| json!({"metadata": {"name": name}}).to_string();
    let call = cluster.call(Method::POST, &maps).body("application/json; charset=utf-8", body("a"));
    call.send().await?.expect(201)?;
    let request = http::Request::post(&maps).body(body("b").into_bytes().into())?;
    same!(cluster.client().send(request).await?.status().as_u16(), 201);
    Ok(())
}

async fn bodies_may_be_yaml(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    let post = |body: &'static str| cluster.call(Method::POST, &maps).body("application/yaml", body).send();
    let made = post("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: \"1\"}\n").await?.expect(201)?;
    same!(made["data"], json!({"a": "1"}));
    let broken = post("a: [").await?;
    same!((broken.code, broken.json["reason"].as_str()), (400, Some("BadRequest")));
    // Aliases that multiply are not followed without end.
    let bomb = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n\
                d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n\
                g: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
    let bomb = post(bomb).await?;
    same!((bomb.code, bomb.json["reason"].as_str()), (400, Some("BadRequest")));
    Ok(())
}

async fn a_trailing_slash_does_not_matter(cluster: Cluster) -> Done {
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    same!(cluster.get(format!("{maps}/")).await?.expect(200)?["kind"], "ConfigMapList");
    same!(cluster.get("/apis/apps/").await?.expect(200)?["kind"], "APIGroup");
    Ok(())
}
