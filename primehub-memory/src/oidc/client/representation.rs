//! Clients as a Keycloak realm's administrator exports them.

use serde_json::Value;

use super::mappers::{is_free, path_of};
use super::{
    AccountField, ClaimMapper, ClaimSource, ClaimType, Client, GroupNames, NOWHERE, OWN_ORIGINS, PkcePolicy,
    REDIRECT_URIS, TokenKinds,
};
use crate::oidc::authorization::{InvalidRedirectUri, check_pattern};

/// Why a client's representation was not taken over. Each says where: `protocolMappers[2].config.claim.name`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientRepresentationError {
    /// The text is no JSON.
    #[error("the client's representation is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// Something that must be there is not.
    #[error("client {client}: {path} is missing")]
    Missing {
        /// The client's id, as far as it is known.
        client: String,
        /// Where it belongs.
        path: String,
    },
    /// Something is of another type.
    #[error("client {client}: {path} is not {expected}")]
    WrongType {
        /// The client's id, as far as it is known.
        client: String,
        /// Where it stands.
        path: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The client wants something that is not offered. Leaving it away could make it less safe, or break it later.
    #[error("client {client}: {path} asks for {found}, which is not supported; supported: {supported}")]
    Unsupported {
        /// The client's id.
        client: String,
        /// Where it asks for it.
        path: String,
        /// What it asks for.
        found: String,
        /// What it can have instead.
        supported: &'static str,
    },
    /// An address cannot be registered.
    #[error("client {client}: {path} {uri:?} {problem}")]
    RedirectUri {
        /// The client's id.
        client: String,
        /// Where it stands.
        path: String,
        /// The address.
        uri: String,
        /// What is wrong with it.
        problem: InvalidRedirectUri,
    },
}

impl Client {
    /// Takes over a client as the admin console of Keycloak exports it (`ClientRepresentation`).
    ///
    /// Fields that make no difference here (descriptions, themes, lists of client scopes, lifetimes) are passed over: every client has the
    /// scopes and lifetimes of a stock realm. Role scopes are no part of an export: give [`Client::role_scope`] to a client without full
    /// scope. The secret must be in it; the console exports a row of stars instead unless asked.
    ///
    /// # Errors
    /// When the client asks for a flow, a mapper or a protection that is not offered, an address cannot be registered, or the text is no
    /// such representation.
    pub fn from_keycloak_json(text: &str) -> Result<Self, ClientRepresentationError> {
        let value: Value = serde_json::from_str(text).map_err(ClientRepresentationError::NotJson)?;
        Self::from_keycloak(&value)
    }

    /// The same, of JSON that has been read already.
    ///
    /// # Errors
    /// As [`Client::from_keycloak_json`].
    pub fn from_keycloak(representation: &Value) -> Result<Self, ClientRepresentationError> {
        let unnamed = Reader { client: "(without an id)", value: representation };
        let id = unnamed.text("clientId")?.ok_or_else(|| unnamed.missing("clientId"))?;
        let reader = Reader { client: id, value: representation };
        reader.refuse_what_is_not_offered()?;

        let secret = if reader.flag("publicClient")?.unwrap_or(false) {
            None
        } else {
            let secret = reader.text("secret")?.filter(|secret| !secret.is_empty());
            let secret = secret.ok_or_else(|| reader.missing("secret"))?;
            if secret.bytes().all(|byte| byte == b'*') {
                return Err(reader.wrong("secret", "in clear: the export has stars in its place"));
            }
            Some(secret.into())
        };
        let mut client = Self::new(id, secret);
        client.name = reader.text("name")?.filter(|name| !name.is_empty()).map(str::to_owned);
        client.base_url =
            reader.text("baseUrl")?.filter(|url| !url.is_empty()).map(|url| reader.below_root(url)).transpose()?;
        client.enabled = reader.flag("enabled")?.unwrap_or(true);
        client.standard_flow = reader.flag("standardFlowEnabled")?.unwrap_or(true);
        client.direct_access_grants = reader.flag("directAccessGrantsEnabled")?.unwrap_or(false);
        client.service_account = reader.flag("serviceAccountsEnabled")?.unwrap_or(false);
        client.full_scope = reader.flag("fullScopeAllowed")?.unwrap_or(true);
        client.redirect_uris = reader.addresses("redirectUris", reader.texts("redirectUris")?.unwrap_or_default())?;
        client.web_origins = reader.texts("webOrigins")?.unwrap_or_else(|| vec![OWN_ORIGINS.to_owned()]);
        let after_logout = reader.attribute("post.logout.redirect.uris")?.unwrap_or_default();
        let after_logout = after_logout.split("##").filter(|target| !target.is_empty()).map(str::to_owned).collect();
        client.post_logout_redirect_uris = reader.addresses("attributes.post.logout.redirect.uris", after_logout)?;
        match reader.attribute("pkce.code.challenge.method")?.as_deref().unwrap_or_default() {
            "" => {}
            "S256" => client.pkce_required = true,
            "plain" => (client.pkce, client.pkce_required) = (PkcePolicy::PlainAllowed, true),
            other => return Err(reader.unsupported("attributes.pkce.code.challenge.method", other, "S256, plain")),
        }
        client.mappers = reader.mappers()?;
        Ok(client)
    }
}

/// What an export must not ask for, as it would be let down: path, and what it means. The values are flags, or texts that must be empty.
const NOT_OFFERED: [(&str, &str); 12] = [
    ("implicitFlowEnabled", "the implicit flow"),
    ("bearerOnly", "a client that never asks for tokens"),
    ("consentRequired", "a consent page"),
    ("authorizationServicesEnabled", "authorization services"),
    ("attributes.oauth2.device.authorization.grant.enabled", "the device flow"),
    ("attributes.oidc.ciba.grant.enabled", "backchannel authentication"),
    ("attributes.standard.token.exchange.enabled", "token exchange"),
    ("attributes.backchannel.logout.url", "logout behind the browser's back"),
    ("attributes.frontchannel.logout.url", "logout through frames"),
    ("attributes.tls.client.certificate.bound.access.tokens", "tokens bound to certificates"),
    ("attributes.dpop.bound.access.tokens", "tokens bound to keys"),
    ("attributes.require.pushed.authorization.requests", "pushed authorization requests"),
];

const FLOWS: &str = "authorization code, password, client credentials and refresh, with bearer tokens";

const MAPPERS: &str = "oidc-audience-mapper, oidc-group-membership-mapper, oidc-usermodel-realm-role-mapper, \
                       oidc-usermodel-attribute-mapper, oidc-usermodel-property-mapper";

/// The representation, read with the client's name at hand for errors.
#[derive(Clone, Copy)]
struct Reader<'a> {
    client: &'a str,
    value: &'a Value,
}

type Read<T> = Result<T, ClientRepresentationError>;

impl<'a> Reader<'a> {
    fn missing(&self, path: impl Into<String>) -> ClientRepresentationError {
        ClientRepresentationError::Missing { client: self.client.to_owned(), path: path.into() }
    }

    fn wrong(&self, path: impl Into<String>, expected: &'static str) -> ClientRepresentationError {
        ClientRepresentationError::WrongType { client: self.client.to_owned(), path: path.into(), expected }
    }

    fn unsupported(
        &self,
        path: impl Into<String>,
        found: impl Into<String>,
        supported: &'static str,
    ) -> ClientRepresentationError {
        ClientRepresentationError::Unsupported {
            client: self.client.to_owned(),
            path: path.into(),
            found: found.into(),
            supported,
        }
    }

    /// A field that is there and not null.
    fn field(&self, name: &str) -> Option<&'a Value> {
        self.value.get(name).filter(|value| !value.is_null())
    }

    fn text(&self, name: &str) -> Read<Option<&'a str>> {
        self.field(name).map(|value| value.as_str().ok_or_else(|| self.wrong(name, "a text"))).transpose()
    }

    fn flag(&self, name: &str) -> Read<Option<bool>> {
        self.field(name).map(|value| value.as_bool().ok_or_else(|| self.wrong(name, "true or false"))).transpose()
    }

    fn texts(&self, name: &str) -> Read<Option<Vec<String>>> {
        let Some(value) = self.field(name) else { return Ok(None) };
        let list = value.as_array().ok_or_else(|| self.wrong(name, "a list of texts"))?;
        let texts = list.iter().enumerate().map(|(at, value)| {
            value.as_str().map(str::to_owned).ok_or_else(|| self.wrong(format!("{name}[{at}]"), "a text"))
        });
        texts.collect::<Read<_>>().map(Some)
    }

    /// An attribute: always a text there, whatever it means.
    fn attribute(&self, name: &str) -> Read<Option<String>> {
        let Some(attributes) = self.field("attributes") else { return Ok(None) };
        setting(attributes, name).map_err(|()| self.wrong(format!("attributes.{name}"), "a text"))
    }

    fn refuse_what_is_not_offered(&self) -> Read<()> {
        if let Some(protocol) = self.text("protocol")?.filter(|protocol| *protocol != "openid-connect") {
            return Err(self.unsupported("protocol", protocol, "openid-connect"));
        }
        if let Some(kind) = self.text("clientAuthenticatorType")?.filter(|kind| *kind != "client-secret") {
            return Err(self.unsupported("clientAuthenticatorType", kind, "client-secret"));
        }
        for (path, meaning) in NOT_OFFERED {
            let asked = match path.strip_prefix("attributes.") {
                Some(name) => self.attribute(name)?.is_some_and(|value| !["", "false"].contains(&&*value)),
                None => self.flag(path)?.unwrap_or(false),
            };
            if asked {
                return Err(self.unsupported(path, meaning, FLOWS));
            }
        }
        Ok(())
    }

    /// An address with the client's own root before it, if it starts with a slash.
    fn below_root(&self, address: &str) -> Read<String> {
        let root = self.text("rootUrl")?.unwrap_or_default().trim_end_matches('/');
        Ok(if address.starts_with('/') { format!("{root}{address}") } else { address.to_owned() })
    }

    fn addresses(&self, path: &str, addresses: Vec<String>) -> Read<Vec<String>> {
        let resolve = |(at, address): (usize, String)| {
            if [REDIRECT_URIS, NOWHERE].contains(&&*address) {
                return Ok(address);
            }
            let resolved = self.below_root(&address)?;
            match check_pattern(&resolved) {
                Ok(()) => Ok(resolved),
                Err(problem) => Err(ClientRepresentationError::RedirectUri {
                    client: self.client.to_owned(),
                    path: format!("{path}[{at}]"),
                    uri: resolved,
                    problem,
                }),
            }
        };
        addresses.into_iter().enumerate().map(resolve).collect()
    }

    fn mappers(&self) -> Read<Vec<ClaimMapper>> {
        let Some(value) = self.field("protocolMappers") else { return Ok(Vec::new()) };
        let list = value.as_array().ok_or_else(|| self.wrong("protocolMappers", "a list"))?;
        let mapper = |(at, value)| MapperReader { reader: self, path: format!("protocolMappers[{at}]"), value }.read();
        list.iter().enumerate().map(mapper).collect()
    }
}

/// One mapper of the representation.
struct MapperReader<'a> {
    reader: &'a Reader<'a>,
    path: String,
    value: &'a Value,
}

impl MapperReader<'_> {
    fn read(&self) -> Read<ClaimMapper> {
        let kind = self.value.get("protocolMapper").and_then(Value::as_str);
        let kind = kind.ok_or_else(|| self.reader.missing(format!("{}.protocolMapper", self.path)))?;
        let source = match kind {
            "oidc-audience-mapper" => {
                let custom = self.setting("included.custom.audience")?;
                let audience = self.setting("included.client.audience")?.or(custom);
                ClaimSource::Audience(audience.ok_or_else(|| self.missing("included.client.audience"))?)
            }
            "oidc-group-membership-mapper" => {
                let full = self.setting("full.path")?.is_none_or(|full| full == "true");
                let names = if full { GroupNames::FullPath } else { GroupNames::Name };
                ClaimSource::Groups { claim: self.claim()?, names }
            }
            "oidc-usermodel-realm-role-mapper" => {
                if let Some(prefix) = self.setting("usermodel.realmRoleMapping.rolePrefix")? {
                    return Err(self.unsupported(
                        "usermodel.realmRoleMapping.rolePrefix",
                        prefix,
                        "role names as they are",
                    ));
                }
                ClaimSource::RealmRoles { claim: self.claim()?, multivalued: self.is_on("multivalued")? }
            }
            "oidc-usermodel-attribute-mapper" => {
                if self.is_on("aggregate.attrs")? {
                    return Err(self.unsupported(
                        "aggregate.attrs",
                        "attributes of groups",
                        "attributes of the account",
                    ));
                }
                let attribute = self.required("user.attribute")?;
                let (claim, claim_type) = (self.claim()?, self.claim_type()?);
                match root_attribute(&attribute) {
                    Some(field) => ClaimSource::Field { field, claim, claim_type },
                    None => {
                        ClaimSource::Attribute { attribute, claim, claim_type, multivalued: self.is_on("multivalued")? }
                    }
                }
            }
            "oidc-usermodel-property-mapper" => {
                let property = self.required("user.attribute")?;
                let field = property_field(&property)
                    .ok_or_else(|| self.unsupported("user.attribute", property, PROPERTIES))?;
                ClaimSource::Field { field, claim: self.claim()?, claim_type: self.claim_type()? }
            }
            other => {
                let name = self.value.get("name").and_then(Value::as_str).unwrap_or_default();
                let found = format!("{other} (mapper {name:?})");
                return Err(self.reader.unsupported(format!("{}.protocolMapper", self.path), found, MAPPERS));
            }
        };
        let id = self.is_on("id.token.claim")?;
        // Exports of older versions do not name the user information: it is told what ID tokens are.
        let user_info = self.setting("userinfo.token.claim")?.map_or(id, |on| on == "true");
        Ok(ClaimMapper::new(source, TokenKinds::new(self.is_on("access.token.claim")?, id, user_info)))
    }

    fn at(&self, name: &str) -> String {
        format!("{}.config.{name}", self.path)
    }

    fn missing(&self, name: &str) -> ClientRepresentationError {
        self.reader.missing(self.at(name))
    }

    fn unsupported(&self, name: &str, found: impl Into<String>, supported: &'static str) -> ClientRepresentationError {
        self.reader.unsupported(self.at(name), found, supported)
    }

    /// A setting; an empty one counts as absent.
    fn setting(&self, name: &str) -> Read<Option<String>> {
        let Some(config) = self.value.get("config") else { return Ok(None) };
        let value = setting(config, name).map_err(|()| self.reader.wrong(self.at(name), "a text"))?;
        Ok(value.filter(|value| !value.is_empty()))
    }

    fn required(&self, name: &str) -> Read<String> {
        self.setting(name)?.ok_or_else(|| self.missing(name))
    }

    fn is_on(&self, name: &str) -> Read<bool> {
        Ok(self.setting(name)?.is_some_and(|value| value == "true"))
    }

    fn claim(&self) -> Read<String> {
        let claim = self.required("claim.name")?;
        if is_free(&path_of(&claim)) {
            Ok(claim)
        } else {
            Err(self.unsupported("claim.name", claim, "claims that are not the provider's own"))
        }
    }

    fn claim_type(&self) -> Read<ClaimType> {
        match self.setting("jsonType.label")?.as_deref().unwrap_or("String") {
            "String" => Ok(ClaimType::Text),
            "int" | "long" => Ok(ClaimType::Integer),
            "boolean" => Ok(ClaimType::Boolean),
            other => Err(self.unsupported("jsonType.label", other, "String, int, long, boolean")),
        }
    }
}

/// A value of an object of settings: a text, or what a hand-written file has in its place.
fn setting(settings: &Value, name: &str) -> Result<Option<String>, ()> {
    match settings.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        Some(_) => Err(()),
    }
}

/// Attributes that are fields of the account itself.
fn root_attribute(name: &str) -> Option<AccountField> {
    match name {
        "username" => Some(AccountField::Username),
        "email" => Some(AccountField::Email),
        "firstName" => Some(AccountField::FirstName),
        "lastName" => Some(AccountField::LastName),
        _ => None,
    }
}

fn property_field(name: &str) -> Option<AccountField> {
    match name {
        "id" => Some(AccountField::Id),
        "emailVerified" => Some(AccountField::EmailVerified),
        "enabled" => Some(AccountField::Enabled),
        other => root_attribute(other),
    }
}

const PROPERTIES: &str = "id, username, email, emailVerified, firstName, lastName, enabled";

#[cfg(test)]
#[path = "representation_tests.rs"]
mod tests;
