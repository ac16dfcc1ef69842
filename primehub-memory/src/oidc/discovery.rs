//! What the provider publishes about itself.

use openidconnect::core::{
    CoreAuthDisplay, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreGrantType, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreJwsSigningAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthUrl, IssuerUrl, JsonWebKeySetUrl, LanguageTag, ProviderMetadata, ResponseTypes,
    TokenUrl, UserInfoUrl,
};
use primehub_pages::Language;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::provider::Inner;
use super::scope::KNOWN;

/// The metadata of OpenID Connect Discovery, with what OAuth 2.0 adds to it.
pub type DiscoveryDocument = ProviderMetadata<
    OAuthMetadata,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

/// What OpenID Connect Discovery itself does not know (RFC 7009, RFC 7662, RFC 7636, RFC 9207, and what logging out and prompting add).
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct OAuthMetadata {
    /// Where tokens are looked into.
    pub introspection_endpoint: String,
    /// Where tokens are revoked.
    pub revocation_endpoint: String,
    /// Where browsers are sent to log out.
    pub end_session_endpoint: String,
    /// The kinds of code challenge that every client may send.
    pub code_challenge_methods_supported: Vec<String>,
    /// Whether answers to the client's address say whose they are.
    pub authorization_response_iss_parameter_supported: bool,
    /// The values of `prompt` that make a difference, or none on purpose.
    pub prompt_values_supported: Vec<String>,
}

impl AdditionalProviderMetadata for OAuthMetadata {}

impl Inner {
    /// The discovery document. It names what works and nothing else.
    pub(super) fn discovery(&self) -> Result<DiscoveryDocument, url::ParseError> {
        let at = |endpoint: &str| self.endpoint(endpoint);
        let authentication =
            || Some(vec![CoreClientAuthMethod::ClientSecretBasic, CoreClientAuthMethod::ClientSecretPost]);
        let scopes = KNOWN
            .iter()
            .filter(|(_, scope)| scope.has_effect())
            .map(|(name, _)| openidconnect::Scope::new((*name).to_owned()))
            .collect();
        let claims = [
            "aud",
            "sub",
            "iss",
            "name",
            "given_name",
            "family_name",
            "preferred_username",
            "email",
            "email_verified",
            "groups",
            "acr",
            "auth_time",
            "nonce",
        ];
        let languages = Language::ALL.iter().map(|language| LanguageTag::new(language.tag().to_owned())).collect();
        let document = DiscoveryDocument::new(
            IssuerUrl::new(self.issuer.clone())?,
            AuthUrl::new(at("auth"))?,
            JsonWebKeySetUrl::new(at("certs"))?,
            vec![ResponseTypes::new(vec![CoreResponseType::Code])],
            vec![CoreSubjectIdentifierType::Public],
            vec![CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256],
            OAuthMetadata {
                introspection_endpoint: at("token/introspect"),
                revocation_endpoint: at("revoke"),
                end_session_endpoint: at("logout"),
                code_challenge_methods_supported: vec!["S256".to_owned()],
                authorization_response_iss_parameter_supported: true,
                prompt_values_supported: ["none", "login", "consent", "select_account"].map(str::to_owned).to_vec(),
            },
        );
        Ok(document
            .set_token_endpoint(Some(TokenUrl::new(at("token"))?))
            .set_userinfo_endpoint(Some(UserInfoUrl::new(at("userinfo"))?))
            .set_response_modes_supported(Some(vec![CoreResponseMode::Query, CoreResponseMode::Fragment]))
            .set_ui_locales_supported(Some(languages))
            .set_grant_types_supported(Some(vec![
                CoreGrantType::AuthorizationCode,
                CoreGrantType::Password,
                CoreGrantType::ClientCredentials,
                CoreGrantType::RefreshToken,
            ]))
            .set_token_endpoint_auth_methods_supported(authentication())
            .set_scopes_supported(Some(scopes))
            .set_claim_types_supported(Some(vec![CoreClaimType::Normal]))
            .set_claims_supported(Some(claims.map(|claim| CoreClaimName::new(claim.to_owned())).to_vec()))
            .set_claims_parameter_supported(Some(false))
            .set_request_parameter_supported(Some(false))
            .set_request_uri_parameter_supported(Some(false)))
    }

    /// The realm's own page: a probe for readiness, and the key for clients that know one only.
    pub(super) fn realm_page(&self) -> Value {
        json!({
            "realm": self.realm,
            "public_key": self.keys.ring().public_key(),
            "token-service": format!("{}/protocol/openid-connect", self.issuer),
            "tokens-not-before": 0,
        })
    }
}
