//! Exports that are taken over, and each reason not to.

use rstest::rstest;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::*;

/// A client as the admin console exports it, as far as that matters, with the fields of `change` in place of its own.
fn export(change: &Value) -> Value {
    let mut export = json!({
        "id": "6e1c7e7e-0000-4000-8000-000000000000",
        "clientId": "hub",
        "name": "Notebook hub",
        "description": "", "adminUrl": "", "baseUrl": "/hub/home",
        "rootUrl": "https://hub.example/",
        "surrogateAuthRequired": false,
        "enabled": true,
        "clientAuthenticatorType": "client-secret",
        "secret": "s3cret",
        "redirectUris": ["/hub/*", "https://other.example/cb"],
        "webOrigins": ["+"],
        "notBefore": 0,
        "bearerOnly": false, "consentRequired": false,
        "standardFlowEnabled": true, "implicitFlowEnabled": false,
        "directAccessGrantsEnabled": false, "serviceAccountsEnabled": false,
        "publicClient": false, "frontchannelLogout": true,
        "protocol": "openid-connect",
        "attributes": {
            "realm_client": "false", "oidc.ciba.grant.enabled": "false", "backchannel.logout.session.required": "true",
            "post.logout.redirect.uris": "+##/bye",
            "oauth2.device.authorization.grant.enabled": "false",
            "display.on.consent.screen": "false", "pkce.code.challenge.method": "S256"
        },
        "fullScopeAllowed": true, "nodeReRegistrationTimeout": -1,
        "protocolMappers": [],
        "defaultClientScopes": ["web-origins", "acr", "profile", "roles", "basic", "email"],
        "optionalClientScopes": ["address", "phone", "offline_access"],
        "access": { "view": true, "configure": true, "manage": true }
    });
    export.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    export
}

fn read(change: &Value) -> Result<Client, String> {
    Client::from_keycloak_json(&export(change).to_string()).map_err(|error| error.to_string())
}

fn mapper(kind: &str, config: &Value) -> Value {
    let mut all = json!({ "id.token.claim": "true", "access.token.claim": "true", "userinfo.token.claim": "true" });
    all.as_object_mut().unwrap().extend(config.as_object().unwrap().clone());
    json!({ "id": "x", "name": "mine", "protocol": "openid-connect", "protocolMapper": kind, "consentRequired": false, "config": all })
}

fn read_mapper(kind: &str, config: &Value) -> Result<ClaimMapper, String> {
    read(&json!({ "protocolMappers": [mapper(kind, config)] })).map(|mut client| client.mappers.remove(0))
}

#[test]
fn an_export_is_taken_over() {
    let client = read(&json!({})).unwrap();
    assert_eq!((&*client.id, client.display_name(), client.enabled), ("hub", "Notebook hub", true));
    assert_eq!(client.secret.unwrap().expose_secret(), "s3cret");
    assert_eq!((client.standard_flow, client.direct_access_grants, client.service_account), (true, false, false));
    assert_eq!((client.pkce, client.pkce_required, client.full_scope), (PkcePolicy::S256Only, true, true));
    assert_eq!(client.redirect_uris, ["https://hub.example/hub/*", "https://other.example/cb"]);
    assert_eq!(client.post_logout_redirect_uris, ["+", "https://hub.example/bye"]);
    assert_eq!(
        (client.web_origins, client.base_url.as_deref()),
        (vec!["+".to_owned()], Some("https://hub.example/hub/home"))
    );
    assert_eq!(client.mappers, [], "no groups unless a mapper says so");
}

#[test]
fn the_least_that_makes_a_client() {
    let client = Client::from_keycloak(&json!({ "clientId": "cli", "publicClient": true })).unwrap();
    assert_eq!((client.display_name(), client.enabled, client.secret.is_none()), ("cli", true, true));
    assert_eq!((client.standard_flow, client.direct_access_grants, client.full_scope), (true, false, true));
    assert_eq!((client.pkce_required, client.needs_pkce(), client.redirect_uris.len()), (false, true, 0));
}

#[rstest]
#[case::plain("plain", PkcePolicy::PlainAllowed, true)]
#[case::either("", PkcePolicy::S256Only, false)]
fn code_challenges(#[case] method: &str, #[case] pkce: PkcePolicy, #[case] required: bool) {
    let client = read(&json!({ "attributes": { "pkce.code.challenge.method": method } })).unwrap();
    assert_eq!((client.pkce, client.pkce_required), (pkce, required));
}

fn claim(name: &str) -> String {
    name.to_owned()
}

#[rstest]
#[case::audience("oidc-audience-mapper", json!({ "included.client.audience": "proxy" }), ClaimSource::Audience(claim("proxy")))]
#[case::custom_audience("oidc-audience-mapper", json!({ "included.custom.audience": "x", "included.client.audience": "" }), ClaimSource::Audience(claim("x")))]
#[case::groups("oidc-group-membership-mapper", json!({ "full.path": "true", "claim.name": "groups" }), ClaimSource::Groups { claim: claim("groups"), names: GroupNames::FullPath })]
#[case::group_names("oidc-group-membership-mapper", json!({ "full.path": "false", "claim.name": "g" }), ClaimSource::Groups { claim: claim("g"), names: GroupNames::Name })]
#[case::realm_roles("oidc-usermodel-realm-role-mapper", json!({ "claim.name": "roles", "multivalued": "true", "jsonType.label": "String" }), ClaimSource::RealmRoles { claim: claim("roles"), multivalued: true })]
#[case::attribute("oidc-usermodel-attribute-mapper", json!({ "user.attribute": "quota-gpu", "claim.name": "quota.gpu", "jsonType.label": "int" }), ClaimSource::Attribute { attribute: claim("quota-gpu"), claim: claim("quota.gpu"), claim_type: ClaimType::Integer, multivalued: false })]
#[case::root_attribute("oidc-usermodel-attribute-mapper", json!({ "user.attribute": "username", "claim.name": "preferred_username" }), ClaimSource::Field { field: AccountField::Username, claim: claim("preferred_username"), claim_type: ClaimType::Text })]
#[case::property("oidc-usermodel-property-mapper", json!({ "user.attribute": "email", "claim.name": "email" }), ClaimSource::Field { field: AccountField::Email, claim: claim("email"), claim_type: ClaimType::Text })]
#[case::flag("oidc-usermodel-property-mapper", json!({ "user.attribute": "emailVerified", "claim.name": "email_verified", "jsonType.label": "boolean" }), ClaimSource::Field { field: AccountField::EmailVerified, claim: claim("email_verified"), claim_type: ClaimType::Boolean })]
fn mappers_are_taken_over(#[case] kind: &str, #[case] config: Value, #[case] expected: ClaimSource) {
    assert_eq!(read_mapper(kind, &config), Ok(ClaimMapper::new(expected, TokenKinds::ALL)));
}

#[rstest]
#[case::all(json!({}), TokenKinds::ALL)]
#[case::access_alone(json!({ "id.token.claim": "false", "userinfo.token.claim": "false" }), TokenKinds::ACCESS)]
#[case::user_information_follows_id_tokens(json!({ "userinfo.token.claim": null }), TokenKinds::ALL)]
#[case::flags_by_hand(json!({ "id.token.claim": false, "access.token.claim": true, "userinfo.token.claim": true }), TokenKinds::new(true, false, true))]
fn tokens_of_a_mapper(#[case] change: Value, #[case] expected: TokenKinds) {
    let mut config = json!({ "claim.name": "groups" });
    config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    assert_eq!(read_mapper("oidc-group-membership-mapper", &config).unwrap().tokens, expected);
}

#[rstest]
#[case::no_id(json!({ "clientId": null }), "client (without an id): clientId is missing")]
#[case::no_secret(json!({ "secret": null }), "client hub: secret is missing")]
#[case::masked_secret(json!({ "secret": "**********" }), "client hub: secret is not in clear: the export has stars in its place")]
#[case::text_for_a_flag(json!({ "enabled": "yes" }), "client hub: enabled is not true or false")]
#[case::number_among_addresses(json!({ "redirectUris": ["/a", 1] }), "client hub: redirectUris[1] is not a text")]
#[case::saml(json!({ "protocol": "saml" }), "client hub: protocol asks for saml, which is not supported; supported: openid-connect")]
#[case::signed_credentials(json!({ "clientAuthenticatorType": "client-jwt" }), "client hub: clientAuthenticatorType asks for client-jwt, which is not supported; supported: client-secret")]
#[case::implicit_flow(json!({ "implicitFlowEnabled": true }), "client hub: implicitFlowEnabled asks for the implicit flow, which is not supported; supported: authorization code, password, client credentials and refresh, with bearer tokens")]
#[case::device_flow(json!({ "attributes": { "oauth2.device.authorization.grant.enabled": "true" } }), "client hub: attributes.oauth2.device.authorization.grant.enabled asks for the device flow, which is not supported; supported: authorization code, password, client credentials and refresh, with bearer tokens")]
#[case::logout_call(json!({ "attributes": { "backchannel.logout.url": "https://hub.example/out" } }), "client hub: attributes.backchannel.logout.url asks for logout behind the browser's back, which is not supported; supported: authorization code, password, client credentials and refresh, with bearer tokens")]
#[case::number_as_attribute(json!({ "attributes": { "pkce.code.challenge.method": 1 } }), "client hub: attributes.pkce.code.challenge.method is not a text")]
#[case::unknown_challenge(json!({ "attributes": { "pkce.code.challenge.method": "S512" } }), "client hub: attributes.pkce.code.challenge.method asks for S512, which is not supported; supported: S256, plain")]
#[case::no_root(json!({ "rootUrl": null }), "client hub: redirectUris[0] \"/hub/*\" is not an absolute URI")]
#[case::any_address(json!({ "redirectUris": ["*"] }), "client hub: redirectUris[0] \"*\" is not an absolute URI")]
#[case::open_host(json!({ "redirectUris": ["https://hub.example*"] }), "client hub: redirectUris[0] \"https://hub.example*\" has a '*' elsewhere than at the end of the path of an http or https address")]
#[case::script_after_logout(json!({ "attributes": { "post.logout.redirect.uris": "+##javascript:x" } }), "client hub: attributes.post.logout.redirect.uris[1] \"javascript:x\" has a scheme that leads nowhere")]
fn what_is_not_taken_over(#[case] change: Value, #[case] expected: &str) {
    assert_eq!(read(&change).unwrap_err(), expected);
}

#[rstest]
#[case::script("oidc-script-based-protocol-mapper", json!({}), "client hub: protocolMappers[0].protocolMapper asks for oidc-script-based-protocol-mapper (mapper \"mine\"), which is not supported; supported: oidc-audience-mapper, oidc-group-membership-mapper, oidc-usermodel-realm-role-mapper, oidc-usermodel-attribute-mapper, oidc-usermodel-property-mapper")]
#[case::no_claim("oidc-group-membership-mapper", json!({}), "client hub: protocolMappers[0].config.claim.name is missing")]
#[case::no_audience("oidc-audience-mapper", json!({}), "client hub: protocolMappers[0].config.included.client.audience is missing")]
#[case::protected_claim("oidc-group-membership-mapper", json!({ "claim.name": "sub" }), "client hub: protocolMappers[0].config.claim.name asks for sub, which is not supported; supported: claims that are not the provider's own")]
#[case::unknown_type("oidc-usermodel-attribute-mapper", json!({ "claim.name": "c", "user.attribute": "a", "jsonType.label": "JSON" }), "client hub: protocolMappers[0].config.jsonType.label asks for JSON, which is not supported; supported: String, int, long, boolean")]
#[case::unknown_property("oidc-usermodel-property-mapper", json!({ "claim.name": "c", "user.attribute": "shoeSize" }), "client hub: protocolMappers[0].config.user.attribute asks for shoeSize, which is not supported; supported: id, username, email, emailVerified, firstName, lastName, enabled")]
#[case::group_attributes("oidc-usermodel-attribute-mapper", json!({ "claim.name": "c", "user.attribute": "a", "aggregate.attrs": "true" }), "client hub: protocolMappers[0].config.aggregate.attrs asks for attributes of groups, which is not supported; supported: attributes of the account")]
#[case::role_prefix("oidc-usermodel-realm-role-mapper", json!({ "claim.name": "c", "usermodel.realmRoleMapping.rolePrefix": "x_" }), "client hub: protocolMappers[0].config.usermodel.realmRoleMapping.rolePrefix asks for x_, which is not supported; supported: role names as they are")]
#[case::number_as_setting("oidc-group-membership-mapper", json!({ "claim.name": 1 }), "client hub: protocolMappers[0].config.claim.name is not a text")]
fn mappers_that_are_not_taken_over(#[case] kind: &str, #[case] config: Value, #[case] expected: &str) {
    assert_eq!(read_mapper(kind, &config).unwrap_err(), expected);
}

#[test]
fn what_is_no_representation_is_refused() {
    assert!(matches!(Client::from_keycloak_json("{"), Err(ClientRepresentationError::NotJson(_))));
    for value in [json!([]), json!("x"), Value::Null, json!({ "clientId": 7 })] {
        assert!(Client::from_keycloak(&value).is_err(), "{value}");
    }
}
