use clap::Parser;
use rstest::rstest;

use super::*;

#[derive(Debug, Parser)]
struct Program {
    #[command(flatten)]
    exposure: ExposureOptions,
}

fn parse(options: &str) -> Result<Program, clap::Error> {
    Program::try_parse_from(std::iter::once("up").chain(options.split_whitespace()))
}

fn decide(options: &str) -> Result<Exposure, ExposureError> {
    Exposure::decide(parse(options).unwrap().exposure)
}

const TLS: &str = "--tls-cert cert.pem --tls-key key.pem";

#[rstest]
#[case::nothing("", "http://127.0.0.1:3001", true, false)]
#[case::version_6("--listen ::1", "http://[::1]:3001", true, false)]
#[case::own_name("--public-url http://localhost:3001", "http://localhost:3001", true, false)]
#[case::tls(TLS, "https://127.0.0.1:3001", true, false)]
#[case::tls_and_own_name(&format!("{TLS} --public-url https://localhost:3001"), "https://localhost:3001", true, false)]
#[case::tls_and_others(&format!("{TLS} --listen 192.0.2.1"), "https://192.0.2.1:3001", false, true)]
#[case::tls_and_all(
    &format!("{TLS} --listen 0.0.0.0 --public-url https://hub.example:3001"),
    "https://hub.example:3001", false, true
)]
#[case::proxy_elsewhere(
    "--listen 192.0.2.1 --trusted-proxy 192.0.2.0/24 --public-url https://hub.example",
    "https://hub.example",
    false,
    true
)]
#[case::proxy_here("--trusted-proxy 127.0.0.1 --public-url https://hub.example", "https://hub.example", false, true)]
#[case::proxy_for_this_machine_alone(
    "--trusted-proxy 127.0.0.1 --public-url https://hub.localhost",
    "https://hub.localhost",
    true,
    false
)]
#[case::tls_up_to_here(
    &format!("{TLS} --trusted-proxy 192.0.2.7 --listen :: --public-url https://hub.example"),
    "https://hub.example", false, true
)]
fn options_that_go_together(
    #[case] options: &str,
    #[case] base: &str,
    #[case] private: bool,
    #[case] secure_site: bool,
) {
    let exposure = decide(options).unwrap();
    let local = SocketAddr::new(exposure.listen(), 3001);
    assert_eq!(exposure.base(local), base);
    assert_eq!((exposure.is_private(), exposure.is_secure_site()), (private, secure_site));
    assert_eq!(exposure.tls().is_some(), options.contains("--tls-cert"));
    assert_eq!(exposure.trusted_proxies().is_empty(), !options.contains("--trusted-proxy"));
}

fn url(text: &str) -> PublicUrl {
    text.parse().unwrap()
}

#[rstest]
#[case::others_in_clear("--listen 192.0.2.1", ExposureError::InClear("192.0.2.1".parse().unwrap()))]
#[case::all_in_clear("--listen ::", ExposureError::InClear("::".parse().unwrap()))]
#[case::others_in_clear_called_secure(
    "--listen 192.0.2.1 --public-url https://hub.example",
    ExposureError::InClear("192.0.2.1".parse().unwrap())
)]
#[case::all_of_them(&format!("{TLS} --listen 0.0.0.0"), ExposureError::NoAddress("0.0.0.0".parse().unwrap()))]
#[case::behind_a_nameless_proxy("--listen 192.0.2.1 --trusted-proxy 192.0.2.7", ExposureError::NoAddressOfProxy)]
#[case::public_in_clear("--public-url http://hub.example", ExposureError::PublicInClear(url("http://hub.example")))]
#[case::proxy_in_clear(
    "--trusted-proxy 127.0.0.1 --public-url http://hub.example",
    ExposureError::PublicInClear(url("http://hub.example"))
)]
#[case::not_what_is_spoken(
    &format!("{TLS} --public-url http://localhost:3001"),
    ExposureError::NotHttps(url("http://localhost:3001"))
)]
#[case::nobody_speaks_tls(
    "--public-url https://hub.example",
    ExposureError::NobodySpeaksTls(url("https://hub.example"))
)]
fn options_that_do_not_say_what_to_do(#[case] options: &str, #[case] expected: ExposureError) {
    let error = decide(options).unwrap_err();
    assert_eq!(error, expected);
    assert!(error.to_string().contains("--"), "it names the option: {error}");
}

#[rstest]
#[case::certificate_alone("--tls-cert cert.pem", "--tls-key")]
#[case::key_alone("--tls-key key.pem", "--tls-cert")]
#[case::address("--listen localhost", "--listen")]
#[case::url("--public-url hub.example", "https://primehub.example")]
#[case::proxy("--trusted-proxy proxy", "not an IP address or network")]
fn options_that_are_none_are_refused(#[case] options: &str, #[case] message: &str) {
    let error = parse(options).unwrap_err().to_string();
    assert!(error.contains(message), "{error}");
}

#[rstest]
#[case::nothing("", &["127.0.0.1", "[::1]", "localhost"])]
#[case::public(
    "--trusted-proxy 127.0.0.1 --public-url https://hub.example:8443",
    &["127.0.0.1", "[::1]", "hub.example", "localhost"]
)]
#[case::address(
    &format!("{TLS} --listen 2001:db8::1"),
    &["127.0.0.1", "[2001:db8::1]", "[::1]", "localhost"]
)]
#[case::all(
    &format!("{TLS} --listen 0.0.0.0 --public-url https://hub.example"),
    &["127.0.0.1", "[::1]", "hub.example", "localhost"]
)]
fn requests_are_for_the_names_that_are_known(#[case] options: &str, #[case] names: &[&str]) {
    assert_eq!(decide(options).unwrap().host_names(), names);
}

#[rstest]
#[case::tls(TLS, 443, "https://127.0.0.1")]
#[case::tls_on_port_80(TLS, 80, "https://127.0.0.1:80")]
#[case::clear("", 80, "http://127.0.0.1")]
#[case::clear_on_port_443("", 443, "http://127.0.0.1:443")]
fn a_port_that_goes_without_saying_is_left_away(#[case] options: &str, #[case] port: u16, #[case] base: &str) {
    let exposure = decide(options).unwrap();
    assert_eq!(exposure.base(SocketAddr::new(exposure.listen(), port)), base);
}
