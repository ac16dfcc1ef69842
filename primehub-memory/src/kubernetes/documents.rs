//! What is not about objects: discovery, schemas, version and health.

use http::{header, request::Parts};
use serde_json::{Value, json};

use super::kinds::{Kinds, discovery, openapi};
use super::request::{Accept, Answer, representable};
use super::server::ApiServer;
use super::status::Status;

/// The release whose behaviour this server has.
pub const RELEASE: &str = "v1.36.3";

/// Answers a path that is not about objects.
pub(crate) fn serve(server: &ApiServer, kinds: &Kinds, parts: &Parts, accept: &str) -> Result<Answer, Status> {
    let path = parts.uri.path().trim_end_matches('/');
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let found = find(server, kinds, parts, accept, &segments)?;
    // The others do not look at the method.
    let only_read = matches!(segments.as_slice(), ["version" | "api"] | ["api", _] | ["apis", _, _]);
    if only_read && found.code == 200 && !matches!(parts.method.as_str(), "GET" | "HEAD") {
        return Err(Status::method_not_allowed());
    }
    Ok(found)
}

/// What is told of a resource that is unknown: groups of the server itself know what they have, of others there is no page.
pub(crate) fn nothing(kinds: &Kinds, group: &str) -> Result<Answer, Status> {
    let own = kinds.iter().any(|kind| !kind.custom && *kind.group == *group);
    if own { Err(Status::unknown_resource()) } else { Ok(Answer::no_page()) }
}

fn find(server: &ApiServer, kinds: &Kinds, parts: &Parts, accept: &str, segments: &[&str]) -> Result<Answer, Status> {
    match segments {
        [] | [""] => Ok(Answer::value(200, &json!({ "paths": paths(kinds) }))),
        ["api" | "apis"] => groups(kinds, segments[0] == "api", accept),
        ["api", version] => resources(kinds, "", version, accept),
        ["apis", group] => {
            Accept::parse(Some(accept), true)?;
            Ok(discovery::group(kinds, group).map_or_else(Answer::no_page, |group| Answer::value(200, &group)))
        }
        ["apis", group, version] => resources(kinds, group, version, accept),
        ["openapi", "v2"] => v2(kinds, accept),
        ["openapi", "v3"] => Ok(Answer::value(200, &openapi::index(kinds))),
        ["openapi", "v3", "api", version] => Ok(document(kinds, parts, "", version)),
        ["openapi", "v3", "apis", group, version] => Ok(document(kinds, parts, group, version)),
        ["version"] => {
            representable(accept, &["application/json"])?;
            Ok(Answer::value(200, &version()))
        }
        [check @ ("healthz" | "livez" | "readyz")] => Ok(Answer::text(200, health(check, parts.uri.query()))),
        ["healthz" | "livez" | "readyz", "ping"] => Ok(Answer::text(200, "ok")),
        ["metrics"] => Ok(Answer::text(
            200,
            format!(
                "# HELP storage_revision Changes so far.\n# TYPE storage_revision counter\nstorage_revision {}\n",
                server.store().revision()
            ),
        )),
        _ => Ok(Answer::no_page()),
    }
}

fn groups(kinds: &Kinds, core: bool, accept: &str) -> Result<Answer, Status> {
    match Accept::parse(Some(accept), true)? {
        Accept::Aggregated => {
            let mut answer = Answer::value(200, &discovery::aggregated(kinds, core, "v2"));
            answer.content_type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            answer.headers.push((header::VARY, "Accept".to_owned()));
            Ok(answer)
        }
        _ if core => Ok(Answer::value(200, &discovery::versions())),
        _ => Ok(Answer::value(200, &discovery::groups(kinds))),
    }
}

fn resources(kinds: &Kinds, group: &str, version: &str, accept: &str) -> Result<Answer, Status> {
    let Some(list) = discovery::resources(kinds, group, version) else { return nothing(kinds, group) };
    representable(accept, &["application/json", "application/yaml", "application/vnd.kubernetes.protobuf"])?;
    Ok(Answer::value(200, &list))
}

/// What there is to check is that the server answers.
fn health(check: &str, query: Option<&str>) -> String {
    let verbose = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()).any(|(name, _)| name == "verbose");
    if verbose { format!("[+]ping ok\n{check} check passed\n") } else { "ok".to_owned() }
}

/// The old schema document: its title in protobuf, names of kinds in JSON. What it does not describe, `kubectl` leaves to the server.
fn v2(kinds: &Kinds, accept: &str) -> Result<Answer, Status> {
    if accept.contains(V2_PROTOBUF) {
        return Ok(Answer {
            content_type: "application/com.github.proto-openapi.spec.v2.v1.0+protobuf",
            ..Answer::json(200, V2)
        });
    }
    if accept.is_empty() || accept.contains("json") || accept.contains("*/*") {
        return Ok(Answer::value(200, &openapi::v2(kinds)));
    }
    let message = "only the following media types are accepted: application/json";
    Err(Status::new(406, "NotAcceptable", message))
}

/// As clients write it, with an `@`.
const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/// `swagger: "2.0"` and `info { title: "Kubernetes" version: "unversioned" }`.
const V2: &str = "\n\u{3}2.0\u{12}\u{19}\n\nKubernetes\u{12}\u{b}unversioned";

fn document(kinds: &Kinds, parts: &Parts, group: &str, version: &str) -> Answer {
    let Some((document, tag)) = openapi::document(kinds, group, version) else { return Answer::text(404, "") };
    let tag = format!("\"{tag}\"");
    let known = parts.headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut answer = if known == Some(tag.as_str()) { Answer::json(304, "") } else { Answer::json(200, document) };
    answer.headers.push((header::ETAG, tag));
    answer
}

fn version() -> Value {
    let mut parts = RELEASE.trim_start_matches('v').split('.');
    json!({
        "major": parts.next(), "minor": parts.next(), "gitVersion": format!("{RELEASE}+in-memory"), "gitCommit": "", "gitTreeState": "",
        "buildDate": "", "goVersion": "", "compiler": "", "platform": format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
    })
}

fn paths(kinds: &Kinds) -> Vec<String> {
    let mut paths = vec!["/api".to_owned(), "/api/v1".to_owned(), "/apis".to_owned()];
    for (group, version) in kinds.versions() {
        if !group.is_empty() {
            let (group, version) = (format!("/apis/{group}"), format!("/apis/{group}/{version}"));
            if !paths.contains(&group) {
                paths.push(group);
            }
            paths.push(version);
        }
    }
    paths.extend(["/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    paths
}
