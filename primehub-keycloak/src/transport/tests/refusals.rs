use primehub_core::identity::{IdentityError, Key};
use primehub_core::names::UserId;
use rstest::rstest;

use super::call;
use crate::transport::{CallError, Class, Refusal};

const UNKNOWN_ERROR: &str =
    r#"{"error":"unknown_error","error_description":"For more on this error consult the server log."}"#;

fn read(status: u16, body: &str) -> Refusal {
    Refusal::read(call(Class::Idempotent).kind, status, body.as_bytes())
}

#[rstest]
#[case::code(
    400,
    r#"{"error":"invalid_request","error_description":"Cannot parse the JSON"}"#,
    "status 400, invalid_request, Cannot parse the JSON"
)]
#[case::text_as_code(404, r#"{"error":"User not found"}"#, "status 404, User not found")]
#[case::message(
    409,
    r#"{"errorMessage":"User exists with same username"}"#,
    "status 409, User exists with same username"
)]
#[case::race(
    409,
    r#"{"error":"conflict","error_description":"Duplicate resource error"}"#,
    "status 409, conflict, Duplicate resource error"
)]
#[case::one_field(
    400,
    r#"{"field":"email","errorMessage":"error-invalid-email","params":["email","bad"]}"#,
    "status 400, email: error-invalid-email"
)]
#[case::numbers_among_the_parameters(
    400,
    r#"{"field":"big","errorMessage":"error-invalid-length","params":["big",0,2048]}"#,
    "status 400, big: error-invalid-length"
)]
#[case::several_fields(
    400,
    r#"{"errors":[{"field":"a","errorMessage":"x","params":[]},{"field":"b","errorMessage":"y"}]}"#,
    "status 400, a: x, b: y"
)]
#[case::without_token(401, r#"{"error":"HTTP 401 Unauthorized"}"#, "status 401, HTTP 401 Unauthorized")]
#[case::database(500, UNKNOWN_ERROR, "status 500, unknown_error, For more on this error consult the server log.")]
#[case::text(
    503,
    "Bootstrap in progress. Retry in 1 seconds.\n",
    "status 503, Bootstrap in progress. Retry in 1 seconds."
)]
#[case::page(404, "<html>nothing here</html>", "status 404, <html>nothing here</html>")]
#[case::nothing(403, "", "status 403, ")]
#[case::another_shape(400, r#"{"error":{"code":5}}"#, r#"status 400, {"error":{"code":5}}"#)]
#[case::no_object(400, r#""no""#, r#"status 400, "no""#)]
#[case::null_among_the_parts(400, r#"{"field":"email","errorMessage":"bad","params":null}"#, "status 400, email: bad")]
#[case::nulls(400, r#"{"error":null,"errors":null,"errorMessage":"bad"}"#, "status 400, bad")]
fn every_shape_of_refusal_is_read(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
    assert_eq!(read(status, body).to_string(), expected);
}

#[test]
fn bytes_that_are_no_text_and_long_pages_are_cut_to_something_for_the_log() {
    let refusal = Refusal::read(call(Class::Read).kind, 500, &vec![0xff; 100_000]);
    assert!(refusal.to_string().chars().count() < 400);
}

#[rstest]
#[case::user(404, r#"{"error":"User not found"}"#, true)]
#[case::group(404, r#"{"error":"Could not find group by id"}"#, true)]
#[case::path(404, r#"{"error":"Group path does not exist"}"#, true)]
#[case::role(404, r#"{"error":"Could not find role with id"}"#, true)]
#[case::client(404, r#"{"error":"Client not found"}"#, true)]
#[case::consent(404, r#"{"error":"Consent nor offline token not found"}"#, true)]
#[case::session(404, r#"{"error":"Sesssion not found"}"#, true)]
#[case::realm(404, r#"{"error":"Realm not found."}"#, false)]
#[case::realm_of_a_token(404, r#"{"error":"Realm does not exist"}"#, false)]
#[case::address(404, r#"{"error":"HTTP 404 Not Found"}"#, false)]
#[case::address_beside_the_realms(404, r#"{"error":"Unable to find matching target resource method"}"#, false)]
#[case::somebody_elses_page(404, "<html>default backend - 404</html>", false)]
#[case::nothing(404, "", false)]
#[case::another_status(400, r#"{"error":"User not found"}"#, false)]
fn absent_is_only_what_keycloak_says_is_absent(#[case] status: u16, #[case] body: &str, #[case] absent: bool) {
    let error = CallError::Refused(Box::new(read(status, body)));
    assert_eq!(error.is_absent(), absent);
    let key = Key::User(UserId::from("cad75448"));
    assert_eq!(matches!(error.into_identity(Some(&key)), IdentityError::Absent(absent) if absent == key), absent);
}

#[rstest]
#[case::forbidden(403, r#"{"error":"HTTP 403 Forbidden"}"#, "the acting account lacks the role manage-users")]
#[case::token(
    401,
    r#"{"error":"HTTP 401 Unauthorized"}"#,
    "the identity provider does not accept the token of the acting account"
)]
#[case::field(
    400,
    r#"{"field":"email","errorMessage":"error-invalid-email","params":[]}"#,
    "email was not accepted: error-invalid-email"
)]
#[case::message(
    400,
    r#"{"errorMessage":"Group name is missing"}"#,
    "test.call was not accepted: Group name is missing"
)]
#[case::server(
    500,
    UNKNOWN_ERROR,
    "the identity provider is not available: test.call: status 500, unknown_error, For more on this error consult the server log."
)]
#[case::no_realm(
    404,
    r#"{"error":"Realm not found."}"#,
    "the identity provider is not available: test.call: status 404, Realm not found."
)]
#[case::redirect(302, "", "the identity provider is not available: test.call: status 302, ")]
fn what_callers_of_the_store_are_told(#[case] status: u16, #[case] body: &str, #[case] expected: &str) {
    let key = Key::User(UserId::from("cad75448"));
    let error = CallError::Refused(Box::new(read(status, body)));
    assert_eq!(error.into_identity(Some(&key)).to_string(), expected);
}
