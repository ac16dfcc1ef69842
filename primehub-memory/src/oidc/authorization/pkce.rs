//! Proof that who exchanges a code is who asked for it (PKCE, RFC 7636).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;

use crate::oidc::PkcePolicy;
use crate::oidc::client::Client;
use crate::oidc::error::TokenError;

/// What an authorization request shows of a secret that its sender alone knows.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::oidc) struct Challenge {
    value: String,
    method: Method,
}

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
enum Method {
    S256,
    Plain,
}

/// Reads the two parameters of an authorization request, by the client's rules. The error is the description for the client.
pub(super) fn challenge(
    client: &Client,
    value: Option<&str>,
    method: Option<&str>,
) -> Result<Option<Challenge>, &'static str> {
    let value = match (value, method) {
        (None, None) if !client.needs_pkce() => return Ok(None),
        (None, _) => return Err("Missing parameter: code_challenge"),
        (Some(value), _) => value,
    };
    let method = match (method, client.pkce) {
        (Some("S256"), _) => Method::S256,
        // RFC 7636 §4.3: what names no method is plain.
        (Some("plain") | None, PkcePolicy::PlainAllowed) => Method::Plain,
        (None, PkcePolicy::S256Only) => return Err("Missing parameter: code_challenge_method"),
        (Some(_), _) => return Err("Invalid parameter: code_challenge_method"),
    };
    if !is_well_formed(value) {
        return Err("Invalid parameter: code_challenge");
    }
    Ok(Some(Challenge { value: value.to_owned(), method }))
}

/// Whether who shows `verifier` is who sent `challenge`.
pub(super) fn check(challenge: Option<&Challenge>, verifier: Option<&str>) -> Result<(), TokenError> {
    match (challenge, verifier) {
        (None, None) => Ok(()),
        // Somebody has taken the challenge out of the request, or this is another request's code.
        (None, Some(_)) => Err(TokenError::VerifierWithoutChallenge),
        (Some(_), None) => Err(TokenError::VerifierMissing),
        (Some(_), Some(verifier)) if !is_well_formed(verifier) => Err(TokenError::VerifierMalformed),
        (Some(challenge), Some(verifier)) if challenge.is_met_by(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(TokenError::VerifierMismatch),
    }
}

impl Challenge {
    /// `code_challenge` and `code_challenge_method`.
    pub(super) fn parameters(&self) -> (&str, &'static str) {
        let method = match self.method {
            Method::S256 => "S256",
            Method::Plain => "plain",
        };
        (&self.value, method)
    }

    fn is_met_by(&self, verifier: &str) -> bool {
        let shown = match self.method {
            Method::S256 => URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes())),
            Method::Plain => verifier.to_owned(),
        };
        shown.as_bytes().ct_eq(self.value.as_bytes()).into()
    }
}

/// Verifiers and challenges alike: 43 to 128 of the letters that no URL changes (RFC 7636 §4.1, §4.2).
fn is_well_formed(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    // The example of RFC 7636, appendix B.
    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn client(kind: &str) -> Client {
        let mut client = Client::confidential("c", "s".into());
        match kind {
            "public" => client = Client::public("c"),
            "strict" => client.pkce_required = true,
            "lax" => client.pkce = PkcePolicy::PlainAllowed,
            _ => {}
        }
        client
    }

    #[rstest]
    #[case::none("any", None, None, Ok(None))]
    #[case::s256("any", Some(CHALLENGE), Some("S256"), Ok(Some(Method::S256)))]
    #[case::plain("any", Some(VERIFIER), Some("plain"), Err("Invalid parameter: code_challenge_method"))]
    #[case::no_method("any", Some(VERIFIER), None, Err("Missing parameter: code_challenge_method"))]
    #[case::other_method("any", Some(CHALLENGE), Some("S512"), Err("Invalid parameter: code_challenge_method"))]
    #[case::method_in_small_letters(
        "any",
        Some(CHALLENGE),
        Some("s256"),
        Err("Invalid parameter: code_challenge_method")
    )]
    #[case::method_alone("any", None, Some("S256"), Err("Missing parameter: code_challenge"))]
    #[case::short("any", Some("x"), Some("S256"), Err("Invalid parameter: code_challenge"))]
    #[case::padded(
        "any",
        Some("E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM="),
        Some("S256"),
        Err("Invalid parameter: code_challenge")
    )]
    #[case::public_without("public", None, None, Err("Missing parameter: code_challenge"))]
    #[case::public_with("public", Some(CHALLENGE), Some("S256"), Ok(Some(Method::S256)))]
    #[case::required("strict", None, None, Err("Missing parameter: code_challenge"))]
    #[case::plain_allowed("lax", Some(VERIFIER), Some("plain"), Ok(Some(Method::Plain)))]
    #[case::plain_by_default("lax", Some(VERIFIER), None, Ok(Some(Method::Plain)))]
    #[case::s256_where_plain_is_allowed("lax", Some(CHALLENGE), Some("S256"), Ok(Some(Method::S256)))]
    fn challenges_of_a_request(
        #[case] kind: &str,
        #[case] value: Option<&str>,
        #[case] method: Option<&str>,
        #[case] expected: Result<Option<Method>, &str>,
    ) {
        let found =
            challenge(&client(kind), value, method).map(|challenge| challenge.map(|challenge| challenge.method));
        assert_eq!(found, expected);
    }

    #[rstest]
    #[case::example(Some((CHALLENGE, Method::S256)), Some(VERIFIER), Ok(()))]
    #[case::plain(Some((VERIFIER, Method::Plain)), Some(VERIFIER), Ok(()))]
    #[case::neither(None, None, Ok(()))]
    #[case::missing(Some((CHALLENGE, Method::S256)), None, Err("PKCE code verifier not specified"))]
    #[case::wrong(Some((CHALLENGE, Method::S256)), Some("wrong-but-long-enough-to-be-a-verifier-of-some-kind"), Err("PKCE verification failed: Code mismatch"))]
    #[case::the_challenge_itself(Some((CHALLENGE, Method::S256)), Some(CHALLENGE), Err("PKCE verification failed: Code mismatch"))]
    #[case::malformed(Some((CHALLENGE, Method::S256)), Some("short"), Err("PKCE verification failed: Invalid code verifier"))]
    #[case::without_challenge(
        None,
        Some(VERIFIER),
        Err("PKCE code verifier specified but challenge not present in authorization")
    )]
    fn verifiers(
        #[case] sent: Option<(&str, Method)>,
        #[case] verifier: Option<&str>,
        #[case] expected: Result<(), &str>,
    ) {
        let challenge = sent.map(|(value, method)| Challenge { value: value.to_owned(), method });
        assert_eq!(
            check(challenge.as_ref(), verifier).map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    }
}
