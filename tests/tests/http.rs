//! GraphQL over HTTP as the published clients speak it, and everything else that the server answers.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use primehub_tests::{Answer, Caller, Platform};
use reqwest::Method;
use reqwest::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HOST,
    LOCATION, ORIGIN, VARY,
};
use rstest::rstest;
use serde_json::{Value, json};

const ME: &str = "{ me { username } }";

async fn post(platform: &Platform, content_type: &str, body: &str) -> Answer {
    platform.send(platform.post(Caller::Member).header(CONTENT_TYPE, content_type).body(body.to_owned())).await
}

#[rstest]
#[case::sdk("query={query}&variables=%7B%7D")]
#[case::no_variables("query={query}")]
#[case::null_variables("query={query}&variables=null")]
#[case::empty_variables("query={query}&variables=")]
#[tokio::test]
async fn a_form_body_is_answered(#[case] form: &str) {
    let platform = Platform::start().await;
    let body = form.replace("{query}", "%7B+me+%7B+username+%7D+%7D");
    let answer = post(&platform, "application/x-www-form-urlencoded", &body).await;
    assert_eq!(answer.data()["me"]["username"], "grace");
}

/// `primehub_job` sends real line breaks and the SDK anything that its users write.
#[tokio::test]
async fn variables_in_a_form_are_json_text() {
    let platform = Platform::start().await;
    let id = platform.person("ada").id.to_string();
    let query = "query ($where: UserWhereUniqueInput!) {\n  user(where: $where) { username }\n}";
    let variables = serde_json::to_string_pretty(&json!({ "where": { "id": id } })).unwrap();
    let form = [("query", query), ("variables", &variables)];
    let answer = platform.send(platform.post(Caller::Member).form(&form)).await;
    assert_eq!(answer.data()["user"]["username"], "ada");
}

#[rstest]
#[case::object(json!({ "query": ME, "variables": {} }))]
#[case::text(json!({ "query": ME, "variables": "{}" }))]
#[case::null(json!({ "query": ME, "variables": null }))]
#[case::absent(json!({ "query": ME }))]
#[case::null_name(json!({ "query": ME, "operationName": null }))]
#[case::named(json!({ "query": "query Me { me { username } }", "operationName": "Me" }))]
#[case::one_of_two(json!({ "query": "query Me { me { username } } query Other { timezone { name } }", "operationName": "Me" }))]
#[case::unknown_members(json!({ "query": ME, "extensions": {}, "clientSaysHello": 1 }))]
#[case::trailing_fragment(json!({ "query": "{ me { ...Names } } fragment Names on User { username }" }))]
#[case::unused_variables(json!({ "query": ME, "variables": { "more": 1 } }))]
#[tokio::test]
async fn a_json_body_is_answered(#[case] body: Value) {
    let platform = Platform::start().await;
    let answer = platform.send(platform.post(Caller::Member).json(&body)).await;
    assert_eq!(answer.data()["me"]["username"], "grace");
    assert!(answer.headers[CONTENT_TYPE].to_str().unwrap().starts_with("application/json"));
}

#[tokio::test]
async fn every_type_tells_its_name() {
    let platform = Platform::start().await;
    let answer = platform
        .query(Caller::Member, "{ __typename me { __typename effectiveGroups { __typename mlflow { __typename } } } }")
        .await;
    let me = json!({ "__typename": "User", "effectiveGroups": [{ "__typename": "Group", "mlflow": { "__typename": "MLflowSetting" } }] });
    assert_eq!(*answer.data(), json!({ "__typename": "Query", "me": me }));
}

#[tokio::test]
async fn one_root_field_is_asked_for_twice_under_other_names() {
    let platform = Platform::start().await;
    let (research, everyone) = (platform.group("research").id.clone(), platform.everyone());
    let variables = json!({ "a": { "id": research.as_str() }, "b": { "id": everyone.as_str() } });
    let document = "query ($a: GroupWhereUniqueInput!, $b: GroupWhereUniqueInput!) {
        group(where: $a) { name } everyoneGroup: group(where: $b) { name } users: usersConnection { edges { node { username } } } }";
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    assert_eq!(
        (&answer.data()["group"]["name"], &answer.data()["everyoneGroup"]["name"]),
        (&json!("research"), &json!("everyone"))
    );
    assert_eq!(answer.data()["users"]["edges"][0]["node"]["username"], "ada");
}

#[rstest]
#[case::null(json!({ "where": null, "order": null, "page": null, "first": null, "after": null }))]
#[case::empty_objects(json!({ "where": {}, "order": {} }))]
#[case::null_inside(json!({ "where": { "id": null, "name_contains": null }, "order": { "name": null } }))]
#[case::absent(json!({}))]
#[tokio::test]
async fn null_and_empty_arguments_are_as_if_absent(#[case] variables: Value) {
    let platform = Platform::start().await;
    let document = "query ($where: GroupWhereInput, $order: GroupOrderByInput, $page: Int, $first: Int, $after: String) {
        groupsConnection(where: $where, orderBy: $order, page: $page, first: $first, after: $after) { edges { node { name } } } }";
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    assert_eq!(answer.data()["groupsConnection"]["edges"].as_array().unwrap().len(), 2);
}

#[rstest]
#[case::array_is_answered_with_an_array(json!([{ "query": ME }, { "query": ME, "variables": "{}" }]), 200)]
#[case::empty(json!([]), 400)]
#[case::too_long(Value::Array(vec![json!({ "query": ME }); 11]), 400)]
#[tokio::test]
async fn batches(#[case] body: Value, #[case] status: u16) {
    let platform = Platform::start().await;
    let answer = platform.send(platform.post(Caller::Member).json(&body)).await;
    assert_eq!(answer.status, status);
    if status == 200 {
        assert_eq!(
            answer.body,
            json!([{ "data": { "me": { "username": "grace" } } }, { "data": { "me": { "username": "grace" } } }])
        );
    } else {
        assert_eq!(answer.code(), "BAD_USER_INPUT");
    }
}

#[rstest]
#[case::malformed_json("application/json", "{\"query\": ", 400, "INTERNAL_ERROR")]
#[case::not_even_text("application/json", "\u{0}\u{1}", 400, "INTERNAL_ERROR")]
#[case::empty("application/json", "", 400, "INTERNAL_ERROR")]
#[case::no_query("application/json", "{}", 400, "BAD_USER_INPUT")]
#[case::number("application/json", "1", 400, "BAD_USER_INPUT")]
#[case::query_of_another_type("application/json", "{\"query\": 1}", 400, "BAD_USER_INPUT")]
#[case::variables_no_json(
    "application/json",
    "{\"query\": \"{ me { id } }\", \"variables\": \"{\"}",
    400,
    "BAD_USER_INPUT"
)]
#[case::variables_no_object(
    "application/json",
    "{\"query\": \"{ me { id } }\", \"variables\": [1]}",
    400,
    "BAD_USER_INPUT"
)]
#[case::form_without_query("application/x-www-form-urlencoded", "variables=%7B%7D", 400, "BAD_USER_INPUT")]
#[case::form_variables(
    "application/x-www-form-urlencoded",
    "query=%7Bme%7Bid%7D%7D&variables=%7B",
    400,
    "BAD_USER_INPUT"
)]
#[case::text("text/plain", "{ me { id } }", 415, "INTERNAL_ERROR")]
#[case::multipart("multipart/form-data; boundary=x", "--x--", 415, "INTERNAL_ERROR")]
#[case::charset("application/json; charset=utf-16", "{}", 415, "INTERNAL_ERROR")]
#[case::syntax("application/json", "{\"query\": \"{ me { \"}", 400, "GRAPHQL_PARSE_FAILED")]
#[case::unknown_field("application/json", "{\"query\": \"{ me { shoeSize } }\"}", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::unknown_argument("application/json", "{\"query\": \"{ me(id: 1) { id } }\"}", 400, "GRAPHQL_VALIDATION_FAILED")]
#[case::unknown_operation(
    "application/json",
    "{\"query\": \"{ me { id } }\", \"operationName\": \"Other\"}",
    400,
    "INTERNAL_SERVER_ERROR"
)]
#[tokio::test]
async fn what_cannot_be_answered_is_refused_as_json_with_a_code(
    #[case] content_type: &str,
    #[case] body: &str,
    #[case] status: u16,
    #[case] code: &str,
) {
    let platform = Platform::start().await;
    let revision = platform.revision();
    let answer = post(&platform, content_type, body).await;
    assert_eq!((answer.status, answer.code()), (status, code), "{}", answer.text);
    assert!(!answer.message().is_empty());
    assert_eq!(platform.revision(), revision);
}

/// Unknown keys in a user's JSON go through the SDK to the server; whoever reads the message must learn which key it was.
#[rstest]
#[case::variable("mutation ($data: GroupCreateInput!) { createGroup(data: $data) { id } }", json!({ "data": { "name": "a", "shoeSize": 1 } }), "BAD_USER_INPUT")]
#[case::literal("mutation { createGroup(data: { name: \"a\", shoeSize: 1 }) { id } }", json!({}), "GRAPHQL_VALIDATION_FAILED")]
#[tokio::test]
async fn an_unknown_input_field_is_named(#[case] document: &str, #[case] variables: Value, #[case] code: &str) {
    let platform = Platform::start().await;
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    assert_eq!((answer.status, answer.code()), (400, code), "{}", answer.text);
    assert!(answer.message().contains("shoeSize"), "{}", answer.message());
}

#[rstest]
#[case::json("application/json", "{\"query\": \"{ me { id } }\", \"padding\": \"", "\"}")]
#[case::form("application/x-www-form-urlencoded", "query=%7Bme%7Bid%7D%7D&padding=", "")]
#[tokio::test]
async fn bodies_up_to_one_mebibyte_pass_and_larger_ones_are_refused(
    #[case] content_type: &str,
    #[case] start: &str,
    #[case] end: &str,
) {
    const MEBIBYTE: usize = 1024 * 1024;
    let platform = Platform::start().await;
    let body = |length: usize| format!("{start}{}{end}", "x".repeat(length - start.len() - end.len()));
    post(&platform, content_type, &body(MEBIBYTE)).await.data();
    let answer = post(&platform, content_type, &body(MEBIBYTE + 1)).await;
    assert_eq!((answer.status, answer.code(), answer.message()), (413, "INTERNAL_ERROR", "request entity too large"));
    assert_eq!(
        (&answer.body["code"], &answer.body["message"]),
        (&json!("INTERNAL_ERROR"), &json!("request entity too large"))
    );
}

#[rstest]
#[case::query("?query=%7Bme%7Busername%7D%7D", 200, "")]
#[case::no_query("", 400, "BAD_USER_INPUT")]
#[case::mutation("?query=mutation%7BrevokeApiToken%7Bid%7D%7D", 405, "INTERNAL_ERROR")]
#[tokio::test]
async fn get_answers_queries_alone(#[case] query: &str, #[case] status: u16, #[case] code: &str) {
    let platform = Platform::start().await;
    let request =
        platform.client.get(format!("{}{query}", platform.graphql())).bearer_auth(platform.token(Caller::Member));
    let answer = platform.send(request).await;
    if status == 200 {
        assert_eq!(answer.data()["me"]["username"], "grace");
    }
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.code(), code, "{}", answer.text);
    assert_eq!(platform.audit.take().len(), 0, "nothing was run");
}

#[rstest]
#[case::put(Method::PUT)]
#[case::delete(Method::DELETE)]
#[case::patch(Method::PATCH)]
#[tokio::test]
async fn other_methods_are_refused_as_json(#[case] method: Method) {
    let platform = Platform::start().await;
    let request = platform.client.request(method, platform.graphql()).bearer_auth(platform.token(Caller::Member));
    let answer = platform.send(request).await;
    assert_eq!(answer.status, 405);
    assert!(answer.headers.contains_key("allow"));
    assert!(!answer.code().is_empty() && !answer.message().is_empty(), "{}", answer.text);
}

#[tokio::test]
async fn the_routes_beside_the_endpoint() {
    let platform = Platform::start().await;
    let get = |path: &str| platform.client.get(format!("{}{path}", platform.base));
    let health = platform.send(get("/api/health")).await;
    assert_eq!((health.status, health.text.as_str()), (200, "OK"));
    let head = platform.send(platform.client.head(format!("{}/api/health", platform.base))).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    let root = platform.send(get("/api/")).await;
    assert_eq!((root.status, root.headers[LOCATION].to_str().unwrap()), (302, "/api/graphql"));
    let unknown = platform.send(get("/api/unknown")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "RESOURCE_NOT_FOUND"));
}

/// A redirected `POST` becomes a `GET` in the SDK's HTTP library.
#[tokio::test]
async fn the_endpoint_does_not_redirect() {
    let platform = Platform::start().await;
    for path in ["/api/graphql", "/api/graphql?x=1"] {
        let request =
            platform.client.post(format!("{}{path}", platform.base)).bearer_auth(platform.token(Caller::Member));
        assert_eq!(platform.send(request.json(&json!({ "query": ME }))).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn large_answers_are_compressed_for_those_who_want_that() {
    let platform = Platform::start().await;
    for name in 0..40 {
        platform.add_group(&format!("group-{name}"), &[], &[]).await;
    }
    let body = json!({ "query": "{ groups { id name displayName admins } }" });
    let plain = platform.send(platform.post(Caller::PlatformAdministrator).json(&body)).await;
    assert!(plain.headers.get(CONTENT_ENCODING).is_none());
    let asked = platform.post(Caller::PlatformAdministrator).header(ACCEPT_ENCODING, "gzip, deflate").json(&body);
    let response = asked.send().await.unwrap();
    assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
    let packed = response.bytes().await.unwrap();
    assert_eq!(packed[..2], [0x1f, 0x8b]);
    assert!(packed.len() < plain.text.len() / 2);
    let unpacking = reqwest::Client::builder().no_proxy().build().unwrap();
    let request =
        unpacking.post(platform.graphql()).bearer_auth(platform.token(Caller::PlatformAdministrator)).json(&body);
    assert_eq!(platform.send(request).await.body, plain.body);
}

#[rstest]
#[case::ours("trace-1234", true)]
#[case::too_long(&"x".repeat(500), false)]
#[case::another_field_for_the_log("a level=error", false)]
#[tokio::test]
async fn every_answer_carries_a_request_id(#[case] sent: &str, #[case] kept: bool) {
    let platform = Platform::start().await;
    let request = platform.post(Caller::Nobody).header("x-request-id", sent).json(&json!({ "query": ME }));
    let answer = platform.send(request).await;
    let id = answer.headers["x-request-id"].to_str().unwrap().to_owned();
    assert_eq!((answer.status, id == sent), (401, kept), "{id}");
    let without = platform.query(Caller::Member, ME).await;
    assert!(without.headers["x-request-id"].len() >= 16);
}

#[tokio::test]
async fn pages_of_other_origins_may_ask_and_read() {
    let platform = Platform::start().await;
    let preflight = platform
        .client
        .request(Method::OPTIONS, platform.graphql())
        .header(ORIGIN, "https://console.example.com")
        .header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let answer = platform.send(preflight).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://console.example.com");
    assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_METHODS], "GET,HEAD,PUT,POST,DELETE,PATCH");
    let allowed = answer.headers[ACCESS_CONTROL_ALLOW_HEADERS].to_str().unwrap().to_ascii_lowercase();
    for header in
        ["content-type", "authorization", "x-primehub-use-cache", "x-primehub-job", "upload-offset", "tus-resumable"]
    {
        assert!(allowed.split(", ").any(|one| one == header), "{header} in {allowed}");
    }
    for caller in [Caller::Member, Caller::Nobody] {
        let request =
            platform.post(caller).header(ORIGIN, "https://console.example.com").header("x-primehub-use-cache", "true");
        let answer = platform.send(request.json(&json!({ "query": ME }))).await;
        assert_eq!(answer.headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://console.example.com", "{caller:?}");
        assert!(answer.headers.get_all(VARY).iter().any(|vary| vary.to_str().unwrap().contains("Origin")));
        assert!(
            !answer.headers.contains_key(ACCESS_CONTROL_ALLOW_CREDENTIALS),
            "a browser must send nothing on its own"
        );
    }
}

#[rstest]
#[case::own_name("localhost:1", 200)]
#[case::address("127.0.0.1", 200)]
#[case::rebound("primehub.evil.example", 421)]
#[tokio::test]
async fn a_server_on_loopback_answers_to_its_own_names(#[case] host: &str, #[case] status: u16) {
    let platform = Platform::start_with(|options| options.loopback_hosts_only = true).await;
    let answer = platform.send(platform.post(Caller::Member).header(HOST, host).json(&json!({ "query": ME }))).await;
    assert_eq!(answer.status, status, "{}", answer.text);
    assert!(status == 200 || !answer.code().is_empty());
}

#[rstest]
#[case::schema("{ __schema { types { name } } }")]
#[case::named_type("{ __type(name: \"User\") { name } }")]
#[case::hidden_in_a_fragment("{ ...f } fragment f on Query { x: __schema { queryType { name } } }")]
#[tokio::test]
async fn the_schema_cannot_be_asked_for_unless_that_is_switched_on(#[case] document: &str) {
    let platform = Platform::start().await;
    let answer = platform.query(Caller::PlatformAdministrator, document).await;
    assert_eq!((answer.status, answer.code()), (400, "GRAPHQL_VALIDATION_FAILED"));
    let open = Platform::start_with(|options| options.introspection = true).await;
    open.query(Caller::Member, document).await.data();
}

#[rstest]
#[case::no_header(None, "request not authorized")]
#[case::empty(Some(""), "request not authorized")]
#[case::other_scheme(Some("Digest x"), "request not authorized")]
#[case::scheme_alone(Some("Bearer"), "request not authorized")]
#[case::basic_is_off(Some("Basic cGhhZG1pbjpwYXNzd29yZA=="), "request not authorized")]
#[case::bad_token(Some("Bearer nonsense"), "Invalid API Token")]
#[case::scheme_in_the_middle(Some("x Bearer shared-secret-of-the-tests"), "request not authorized")]
#[tokio::test]
async fn do_better_2_1_whoever_is_nobody_is_told_so_with_401(#[case] header: Option<&str>, #[case] reason: &str) {
    let platform = Platform::start().await;
    let mut request = platform.client.post(platform.graphql()).json(&json!({ "query": ME }));
    if let Some(header) = header {
        request = request.header(AUTHORIZATION, header);
    }
    let answer = platform.send(request).await;
    assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"));
    assert!(answer.message().contains(reason), "{}", answer.message());
}

#[tokio::test]
async fn the_schemes_name_is_read_in_any_case() {
    let platform = Platform::start().await;
    for scheme in ["bearer", "BEARER"] {
        let header = format!("{scheme} {}", platform.token(Caller::Member));
        let request =
            platform.client.post(platform.graphql()).header(AUTHORIZATION, header).json(&json!({ "query": ME }));
        assert_eq!(platform.send(request).await.data()["me"]["username"], "grace");
    }
}

#[rstest]
#[case::another_type("query ($page: Int) { users(page: $page) { id } }", json!({ "page": "x" }))]
#[case::overflow("query ($page: Int) { users(page: $page) { id } }", json!({ "page": 2_147_483_648_u32 }))]
#[case::missing("query ($where: UserWhereUniqueInput!) { user(where: $where) { id } }", json!({}))]
#[case::null("query ($where: UserWhereUniqueInput!) { user(where: $where) { id } }", json!({ "where": null }))]
#[case::missing_inside("query ($where: UserWhereUniqueInput!) { user(where: $where) { id } }", json!({ "where": {} }))]
#[case::null_inside("query ($where: UserWhereUniqueInput!) { user(where: $where) { id } }", json!({ "where": { "id": null } }))]
#[case::list_for_object("mutation ($data: GroupCreateInput!) { createGroup(data: $data) { id } }", json!({ "data": [] }))]
#[case::overflow_inside("mutation ($data: GroupCreateInput!) { createGroup(data: $data) { id } }", json!({ "data": { "name": "new", "quotaGpu": 1e12 } }))]
#[tokio::test]
async fn a_wrong_variable_is_bad_input(#[case] document: &str, #[case] variables: Value) {
    let platform = Platform::start().await;
    let before = platform.picture();
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
    assert_eq!(platform.picture(), before);
}

/// Which number it was must be in the message: an input object may have a dozen of them.
#[rstest]
#[case::written_as_integer(json!(1_000_000_000_000_u64))]
#[case::written_as_float(json!(1e12))]
#[tokio::test]
async fn a_number_of_more_than_32_bits_is_named(#[case] number: Value) {
    let platform = Platform::start().await;
    let document = "mutation ($data: GroupCreateInput!) { createGroup(data: $data) { id } }";
    let variables = json!({ "data": { "name": "new", "quotaCpu": 2, "quotaGpu": number } });
    let answer = platform.run(Caller::PlatformAdministrator, document, variables).await;
    assert_eq!((answer.status, answer.code()), (400, "BAD_USER_INPUT"), "{}", answer.text);
    assert!(answer.message().contains("(data.quotaGpu)"), "{}", answer.message());
}

/// Python writes `4.0` as soon as somebody has divided.
#[tokio::test]
async fn whole_numbers_may_be_written_as_floats_in_variables() {
    let platform = Platform::start().await;
    let document = "mutation ($where: GroupWhereUniqueInput!, $data: GroupUpdateInput!) {
        updateGroup(where: $where, data: $data) { quotaCpu maxDeploy mlflow { trackingEnvs { name value } } } }";
    let envs = json!([{ "name": "A", "value": "4.0" }, { "name": "B", "value": 4.0 }]);
    let data = json!({ "quotaCpu": 4.0, "maxDeploy": 2.0, "trackingEnvs": envs });
    let variables = json!({ "where": { "id": platform.group("research").id.as_str() }, "data": data });
    let form = [("query", document.to_owned()), ("variables", variables.to_string())];
    let answer = platform.send(platform.post(Caller::PlatformAdministrator).form(&form)).await;
    let envs = json!([{ "name": "A", "value": "4.0" }, { "name": "B", "value": "4" }]);
    let group = json!({ "quotaCpu": 4.0, "maxDeploy": 2, "mlflow": { "trackingEnvs": envs } });
    assert_eq!(answer.data()["updateGroup"], group);
}
