//! The check of an access token: pure, with the keys and the time given.

use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::Validation;

use super::{AccessClaims, VerificationKeys};

/// Which access tokens are believed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenPolicy {
    /// Accepted issuers: the realm's public and, where it differs, internal address.
    pub issuers: Vec<String>,
    /// Clients whose tokens are accepted: the token must have been issued to one of them, or be meant for one.
    pub clients: Vec<String>,
    /// How much the clocks of issuer and server may differ.
    pub leeway: Duration,
}

impl TokenPolicy {
    /// Tokens of one issuer for one client, with 30 s of leeway.
    #[must_use]
    pub fn new(issuer: impl Into<String>, client: impl Into<String>) -> Self {
        Self { issuers: vec![issuer.into()], clients: vec![client.into()], leeway: Duration::from_secs(30) }
    }
}

/// Why a token is not believed. For the log; a client learns only that it was not.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenRejection {
    /// Not a signed token, claims of the wrong type, or no key id.
    #[error("the token is malformed")]
    Malformed,
    /// The key is not among the published ones.
    #[error("the token is signed with an unknown key")]
    UnknownKey,
    /// The signature does not belong to the text, or the algorithm is not the key's.
    #[error("the signature is wrong")]
    WrongSignature,
    /// Too late, or no expiry at all.
    #[error("the token has expired")]
    Expired,
    /// Too early.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// From somewhere else.
    #[error("the token is from another issuer")]
    WrongIssuer,
    /// For somebody else.
    #[error("the token is for another client")]
    WrongClient,
    /// Not a token for calling an API: a refresh or ID token.
    #[error("the token is not an access token")]
    WrongType,
    /// No account in it. Tokens of Keycloak's own `admin-cli` client are like this.
    #[error("the token names no account; use a client whose tokens carry the claim sub")]
    NoSubject,
}

/// Decides whether to believe `token`.
///
/// The algorithm is the one that the key was published for, so neither `none` nor a symmetric signature with the public key as secret can
/// pass. Issuer, authorized party or audience, type, subject and times are all checked.
///
/// # Errors
/// The first thing that is wrong.
pub fn check_access_token(
    token: &str,
    keys: &VerificationKeys,
    policy: &TokenPolicy,
    now: Timestamp,
) -> Result<AccessClaims, TokenRejection> {
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRejection::Malformed)?;
    let key_id = header.kid.ok_or(TokenRejection::Malformed)?;
    let (key, algorithm) = keys.get(&key_id).ok_or(TokenRejection::UnknownKey)?;
    if header.alg != algorithm {
        return Err(TokenRejection::WrongSignature);
    }
    // The library checks the signature alone: its other checks read the operating system's clock.
    let mut signature_only = Validation::new(algorithm);
    signature_only.required_spec_claims.clear();
    signature_only.validate_exp = false;
    signature_only.validate_nbf = false;
    signature_only.validate_aud = false;
    let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &signature_only)
        .map_err(|error| match error.kind() {
            jsonwebtoken::errors::ErrorKind::Json(_)
            | jsonwebtoken::errors::ErrorKind::Base64(_)
            | jsonwebtoken::errors::ErrorKind::Utf8(_) => TokenRejection::Malformed,
            _ => TokenRejection::WrongSignature,
        })?
        .claims;
    check_claims(&claims, policy, now)?;
    Ok(claims)
}

fn check_claims(claims: &AccessClaims, policy: &TokenPolicy, now: Timestamp) -> Result<(), TokenRejection> {
    let leeway = i64::try_from(policy.leeway.as_secs()).unwrap_or(i64::MAX);
    let now = now.as_second();
    if claims.expires_at.is_none_or(|at| now >= at.saturating_add(leeway)) {
        return Err(TokenRejection::Expired);
    }
    if claims.not_before.is_some_and(|at| at > now.saturating_add(leeway)) {
        return Err(TokenRejection::NotYetValid);
    }
    if !policy.issuers.contains(&claims.issuer) {
        return Err(TokenRejection::WrongIssuer);
    }
    if claims.token_type.as_deref() != Some("Bearer") {
        return Err(TokenRejection::WrongType);
    }
    let for_us = policy
        .clients
        .iter()
        .any(|client| claims.authorized_party.as_ref() == Some(client) || claims.audience.contains(client));
    if !for_us {
        return Err(TokenRejection::WrongClient);
    }
    if claims.subject.is_none() {
        return Err(TokenRejection::NoSubject);
    }
    Ok(())
}
