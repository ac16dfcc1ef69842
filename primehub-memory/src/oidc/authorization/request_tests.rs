//! Requests that are answered, and each reason not to, in the order in which they are looked for.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

const REDIRECT: &str = "https://a.example/cb";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn clients() -> BTreeMap<String, Client> {
    let mut with_secret = Client::confidential("web", "s".into());
    let mut public = Client::public("cli");
    let mut off = Client::confidential("off", "s".into());
    off.enabled = false;
    let mut machine = Client::confidential("machine", "s".into());
    machine.standard_flow = false;
    for client in [&mut with_secret, &mut public, &mut off, &mut machine] {
        client.redirect_uris = vec![REDIRECT.to_owned()];
    }
    [with_secret, public, off, machine].map(|client| (client.id.clone(), client)).into()
}

/// A request of `web` with some parameters replaced (`name=value`), taken out (`-name`), or added (`+name=value`).
fn ask(changes: &[&str]) -> Result<AuthorizationRequest, Refusal> {
    let mut fields: Vec<(&str, &str)> = vec![
        ("client_id", "web"),
        ("redirect_uri", REDIRECT),
        ("response_type", "code"),
        ("scope", "openid"),
        ("state", "s&1"),
    ];
    for change in changes {
        let (name, value) = change.trim_start_matches(['-', '+']).split_once('=').unwrap_or((&change[1..], ""));
        if !change.starts_with('+') {
            fields.retain(|(field, _)| *field != name);
        }
        if !change.starts_with('-') {
            fields.push((name, value));
        }
    }
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    read(&Parameters::parse(query.as_bytes()), &clients())
}

/// The request read from the address where it begins anew.
fn again(request: &AuthorizationRequest) -> Result<AuthorizationRequest, Refusal> {
    let address = request.address("https://id.example/auth");
    read(&Parameters::parse(address.split_once('?').unwrap().1.as_bytes()), &clients())
}

#[rstest]
#[case::login("login", Prompt::Always)]
#[case::other_account("select_account", Prompt::OtherAccount)]
#[case::both("login select_account", Prompt::OtherAccount)]
#[case::both_the_other_way_round("select_account login", Prompt::OtherAccount)]
#[case::consent("consent", Prompt::IfNeeded)]
#[case::none("none", Prompt::Never)]
fn prompts(#[case] parameter: &str, #[case] prompt: Prompt) {
    let request = ask(&[&format!("prompt={parameter}"), "response_mode=fragment"]).unwrap();
    assert_eq!(request.prompt, prompt);
    assert_eq!(again(&request), Ok(request));
}

#[test]
fn a_request_is_kept_whole() {
    let request = ask(&[
        "scope=openid offline_access",
        "nonce=n",
        "prompt=login consent",
        "max_age=60",
        "login_hint=amy",
        "+id_token_hint=a.b.c",
        "ui_locales=de en",
        "+code_challenge_method=S256",
        &format!("+code_challenge={CHALLENGE}"),
    ])
    .unwrap();
    let back =
        ReturnAddress { redirect_uri: REDIRECT.to_owned(), mode: ResponseMode::Query, state: Some("s&1".to_owned()) };
    assert_eq!(
        (&*request.client_id, &request.back, request.scopes.to_string().as_str()),
        ("web", &back, "openid email profile offline_access")
    );
    assert_eq!((request.nonce.as_deref(), request.prompt, request.max_age), (Some("n"), Prompt::Always, Some(60)));
    assert_eq!((request.login_hint.as_deref(), request.ui_locales.as_deref()), (Some("amy"), Some("de en")));
    assert!(request.challenge.is_some() && request.id_token_hint.as_deref() == Some("a.b.c"));
    assert_eq!(again(&request), Ok(request.clone()));
    let written = serde_json::to_string(&request).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizationRequest>(&written).unwrap(), request);
}

#[test]
fn the_least_is_a_request() {
    let request = ask(&["-state", "-scope"]).unwrap();
    assert_eq!((request.back.state.as_deref(), request.nonce, request.prompt), (None, None, Prompt::IfNeeded));
    assert_eq!((request.scopes.to_string().as_str(), request.challenge), ("email profile", None));
    let written = serde_json::to_string(&ask(&["-state"]).unwrap()).unwrap();
    assert_eq!(serde_json::from_str::<AuthorizationRequest>(&written).unwrap(), ask(&["-state"]).unwrap());
}

#[rstest]
#[case::query(&["response_mode=query"], ResponseMode::Query)]
#[case::fragment(&["response_mode=fragment"], ResponseMode::Fragment)]
#[case::empty(&["response_mode="], ResponseMode::Query)]
#[case::with_what_is_not_known(&["+claims={}", "+acr_values=1", "+display=popup", "+whatever=x"], ResponseMode::Query)]
fn answers_stand_where_they_are_wanted(#[case] changes: &[&str], #[case] mode: ResponseMode) {
    assert_eq!(ask(changes).unwrap().back.mode, mode);
}

#[rstest]
#[case::no_client(&["-client_id"], PageError::ClientMissing)]
#[case::empty_client(&["client_id="], PageError::ClientMissing)]
#[case::unknown_client(&["client_id=nobody"], PageError::ClientUnknown)]
#[case::disabled_client(&["client_id=off"], PageError::ClientDisabled)]
#[case::client_twice(&["+client_id=web"], PageError::Repeated)]
#[case::no_address(&["-redirect_uri"], PageError::RedirectUriMissing)]
#[case::other_address(&["redirect_uri=https://evil.example/cb"], PageError::RedirectUriInvalid)]
#[case::longer_address(&["redirect_uri=https://a.example/cb/x"], PageError::RedirectUriInvalid)]
#[case::script(&["redirect_uri=javascript:alert(1)"], PageError::RedirectUriInvalid)]
#[case::address_twice(&["+redirect_uri=https://evil.example"], PageError::Repeated)]
#[case::before_all_else(&["redirect_uri=https://evil.example/cb", "response_type=token", "scope=nonsense"], PageError::RedirectUriInvalid)]
fn without_a_sure_address_there_is_a_page(#[case] changes: &[&str], #[case] expected: PageError) {
    assert_eq!(ask(changes), Err(Refusal::Page(expected)));
}

#[rstest]
#[case::parameter_twice(&["+scope=email"], "invalid_request", Some("duplicated parameter"), Some("s&1"))]
#[case::unknown_parameter_twice(&["+x=1", "+x=2"], "invalid_request", Some("duplicated parameter"), Some("s&1"))]
#[case::state_twice(&["+state=t"], "invalid_request", Some("duplicated parameter"), None)]
#[case::no_type(&["-response_type"], "invalid_request", Some("Missing parameter: response_type"), Some("s&1"))]
#[case::implicit(&["response_type=token"], "unsupported_response_type", None, Some("s&1"))]
#[case::hybrid(&["response_type=code id_token"], "unsupported_response_type", None, Some("s&1"))]
#[case::nonsense_type(&["response_type=x"], "unsupported_response_type", None, Some("s&1"))]
#[case::no_standard_flow(&["client_id=machine"], "unauthorized_client", Some("Standard flow is disabled for the client."), Some("s&1"))]
#[case::form_post(&["response_mode=form_post"], "invalid_request", Some("Invalid parameter: response_mode"), Some("s&1"))]
#[case::signed_mode(&["response_mode=query.jwt"], "invalid_request", Some("Invalid parameter: response_mode"), Some("s&1"))]
#[case::scope(&["scope=openid nonsense"], "invalid_scope", Some("Invalid scopes: openid nonsense"), Some("s&1"))]
#[case::request_object(&["+request=x.y.z"], "request_not_supported", None, Some("s&1"))]
#[case::request_uri(&["+request_uri=https://a.example/r"], "request_uri_not_supported", None, Some("s&1"))]
#[case::registration(&["+registration={}"], "registration_not_supported", None, Some("s&1"))]
#[case::prompt_none_and_more(&["prompt=none login"], "invalid_request", Some("Invalid parameter: prompt"), Some("s&1"))]
#[case::prompt_nonsense(&["prompt=create"], "invalid_request", Some("Invalid parameter: prompt"), Some("s&1"))]
#[case::max_age_text(&["max_age=old"], "invalid_request", Some("Invalid parameter: max_age"), Some("s&1"))]
#[case::max_age_negative(&["max_age=-1"], "invalid_request", Some("Invalid parameter: max_age"), Some("s&1"))]
#[case::public_without_challenge(&["client_id=cli"], "invalid_request", Some("Missing parameter: code_challenge"), Some("s&1"))]
#[case::plain_challenge(&["+code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "+code_challenge_method=plain"], "invalid_request", Some("Invalid parameter: code_challenge_method"), Some("s&1"))]
#[case::short_challenge(&["+code_challenge=x", "+code_challenge_method=S256"], "invalid_request", Some("Invalid parameter: code_challenge"), Some("s&1"))]
fn the_client_is_told(
    #[case] changes: &[&str],
    #[case] error: &'static str,
    #[case] description: Option<&str>,
    #[case] state: Option<&str>,
) {
    let Err(Refusal::Redirect { back, error: found }) = ask(changes) else { panic!("{:?}", ask(changes)) };
    assert_eq!(found, AuthorizationError { error, description: description.map(str::to_owned) });
    assert_eq!((&*back.redirect_uri, back.state.as_deref()), (REDIRECT, state));
}

#[rstest]
#[case::state("state", LONGEST_STATE, true)]
#[case::nonce("nonce", 1_024, false)]
#[case::login_hint("login_hint", 255, false)]
#[case::id_token_hint("id_token_hint", 16_384, false)]
fn lengths_have_an_end(#[case] name: &str, #[case] longest: usize, #[case] is_state: bool) {
    let fits = format!("{name}={}", "x".repeat(longest));
    assert!(ask(&[&fits]).is_ok());
    let Err(Refusal::Redirect { back, error }) = ask(&[&format!("{fits}x")]) else { panic!("too long a {name}") };
    assert_eq!(error, AuthorizationError::new("invalid_request", format!("Parameter too long: {name}")));
    assert_eq!(back.state.is_none(), is_state, "one that is too long is not echoed");
}

#[rstest]
#[case::implicit(&["response_type=id_token token"], ResponseMode::Fragment)]
#[case::implicit_by_query(&["response_type=token", "response_mode=query"], ResponseMode::Query)]
#[case::code(&["response_type=code", "scope=x"], ResponseMode::Query)]
#[case::code_by_fragment(&["response_mode=fragment", "scope=x"], ResponseMode::Fragment)]
fn errors_stand_where_the_client_looks(#[case] changes: &[&str], #[case] mode: ResponseMode) {
    let Err(Refusal::Redirect { back, .. }) = ask(changes) else { panic!("{:?}", ask(changes)) };
    assert_eq!(back.mode, mode);
}

#[rstest]
#[case::any_age(&[], 100_000, true)]
#[case::young_enough(&["max_age=60"], 59, true)]
#[case::too_old(&["max_age=60"], 60, false)]
#[case::always_too_old(&["max_age=0"], 0, false)]
#[case::wanted_anew(&["prompt=login"], 0, false)]
#[case::other_account(&["prompt=select_account"], 0, false)]
#[case::consent_is_a_matter_of_course(&["prompt=consent"], 10, true)]
#[case::no_page(&["prompt=none"], 10, true)]
fn logins_that_do(#[case] changes: &[&str], #[case] age: i64, #[case] expected: bool) {
    assert_eq!(ask(changes).unwrap().accepts_login_of_age(age), expected);
}

proptest! {
    #[test]
    fn nothing_is_sent_to_an_address_that_is_not_registered(query in "[ -~]{0,120}") {
        let query = format!("client_id=web&{query}");
        if let Ok(AuthorizationRequest { back, .. }) | Err(Refusal::Redirect { back, .. }) = read(&Parameters::parse(query.as_bytes()), &clients()) {
            prop_assert_eq!(back.redirect_uri, REDIRECT);
        }
    }
}
