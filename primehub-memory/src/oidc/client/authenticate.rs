//! How clients show who they are.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;
use url::form_urlencoded;

use super::{Client, enabled};
use crate::oidc::error::TokenError;

/// Finds out which client sends a request: by `Authorization: Basic`, or by `client_id` and `client_secret` in the form. A client that is
/// not let in is unknown.
pub(in crate::oidc) fn authenticate<'a>(
    clients: &'a BTreeMap<String, Client>,
    headers: &HeaderMap,
    form: &BTreeMap<String, String>,
) -> Result<&'a Client, TokenError> {
    let basic = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(basic_credentials);
    let (id, secret) = match basic {
        Some((id, secret)) => (id, Some(secret)),
        None => (form.get("client_id").cloned().ok_or(TokenError::UnknownClient)?, form.get("client_secret").cloned()),
    };
    let client = enabled(clients, &id).or_else(|| enabled(clients, &decoded(&id))).ok_or(TokenError::UnknownClient)?;
    let Some(expected) = &client.secret else { return Ok(client) };
    let given = secret.ok_or(TokenError::WrongClientSecret)?;
    // RFC 6749 has clients encode the secret in the header; many do not.
    let matches = |given: &str| bool::from(given.as_bytes().ct_eq(expected.expose_secret().as_bytes()));
    if matches(&given) | matches(&decoded(&given)) { Ok(client) } else { Err(TokenError::WrongClientSecret) }
}

fn basic_credentials(header: &str) -> Option<(String, String)> {
    let (scheme, value) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("Basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(value.trim()).ok()?).ok()?;
    let (id, secret) = text.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

/// The text with `%xx` and `+` resolved.
fn decoded(text: &str) -> String {
    // A whole text as the name of a form field: `=` and `&` must not split it.
    let guarded = text.replace('=', "%3D").replace('&', "%26");
    form_urlencoded::parse(guarded.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn client(header: Option<&str>, form: &[(&str, &str)]) -> Result<String, TokenError> {
        let known = Client::prime_hub("admin-ui", "s3cr%t:+".into(), "primehub");
        let mut off = Client::confidential("off", "s".into());
        off.enabled = false;
        let clients = [known, Client::public("cli"), off].map(|client| (client.id.clone(), client));
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            let (scheme, credentials) = header.split_once(' ').unwrap();
            let value = format!("{scheme} {}", STANDARD.encode(credentials));
            headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        }
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        authenticate(&BTreeMap::from(clients), &headers, &form).map(|client| client.id.clone())
    }

    #[rstest]
    #[case::plain_header(Some("Basic admin-ui:s3cr%t:+"), &[], Ok("admin-ui"))]
    #[case::encoded_header(Some("basic admin-ui:s3cr%25t%3A%2B"), &[], Ok("admin-ui"))]
    #[case::form(None, &[("client_id", "admin-ui"), ("client_secret", "s3cr%t:+")], Ok("admin-ui"))]
    #[case::public(None, &[("client_id", "cli")], Ok("cli"))]
    #[case::header_before_form(Some("Basic admin-ui:no"), &[("client_id", "cli")], Err(TokenError::WrongClientSecret))]
    #[case::wrong_secret(None, &[("client_id", "admin-ui"), ("client_secret", "x")], Err(TokenError::WrongClientSecret))]
    #[case::start_of_the_secret(None, &[("client_id", "admin-ui"), ("client_secret", "s3cr")], Err(TokenError::WrongClientSecret))]
    #[case::no_secret(None, &[("client_id", "admin-ui")], Err(TokenError::WrongClientSecret))]
    #[case::unknown(None, &[("client_id", "other"), ("client_secret", "x")], Err(TokenError::UnknownClient))]
    #[case::switched_off(None, &[("client_id", "off"), ("client_secret", "s")], Err(TokenError::UnknownClient))]
    #[case::nobody(None, &[], Err(TokenError::UnknownClient))]
    #[case::other_scheme(Some("Bearer x"), &[], Err(TokenError::UnknownClient))]
    fn clients_show_who_they_are(
        #[case] header: Option<&str>,
        #[case] form: &[(&str, &str)],
        #[case] expected: Result<&str, TokenError>,
    ) {
        assert_eq!(client(header, form), expected.map(str::to_owned));
    }
}
