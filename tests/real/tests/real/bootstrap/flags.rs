//! What is done to an existing realm only if somebody says so.

use std::sync::Arc;

use primehub_keycloak::SslRequired;
use real_peers::Shared;
use serde_json::json;

use super::cycle::RIGHTS;
use super::place::{CLIENT, Place, news};

pub(super) async fn rights(shared: Arc<Shared>) {
    let (place, _) = Place::bootstrapped(&shared, "bootstrap-rights").await;
    let account = place.service_account().await;
    place.set_rights(&account, &["manage-users", "view-events"], false).await;
    let refused = place.run_in_vain(place.request()).await;
    assert_eq!(
        news(&refused.steps),
        ["x allow the service account of admin-ui manage-users, view-events; done with the flag widen-rights"]
    );
    assert_eq!(refused.steps.refused().count(), 1);

    let mut request = place.request();
    request.flags.widen_rights = true;
    let widened = place.run(request.clone()).await;
    assert_eq!(news(&widened.steps), ["~ allow the service account of admin-ui manage-users, view-events"]);
    assert_eq!(place.rights(&account).await, RIGHTS);
    place.run_in_vain(request).await;

    // What somebody has given besides stays.
    place.set_rights(&account, &["realm-admin", "impersonation"], true).await;
    place.set_rights(&account, &["manage-realm"], false).await;
    let kept = place.run_in_vain(place.request()).await;
    assert!(kept.steps.to_string().contains("keeps realm-admin, which is more than it needs"), "{}", kept.steps);

    // A client of that name that somebody else has made gets nothing by itself; one that is public not even with the flag.
    let client = place.client(CLIENT).await;
    place.delete(&format!("clients/{client}")).await;
    let client = json!({ "clientId": CLIENT, "enabled": true, "publicClient": true, "fullScopeAllowed": true });
    let client = place.create("clients", &client).await;
    let mut request = place.request();
    request.flags.widen_rights = true;
    let bootstrap = place.bootstrap(request.clone());
    let plan = bootstrap.plan().await.unwrap();
    assert_eq!(
        news(&plan),
        ["x client admin-ui is public and keeps no secret; make it confidential by hand, or name another one"]
    );
    place.change(&format!("clients/{client}"), |client| client["publicClient"] = false.into()).await;
    let adopted = place.run(place.request()).await;
    assert_eq!(
        news(&adopted.steps),
        [
            "~ make a service account for client admin-ui",
            "~ set the address of client admin-ui to http://hub.example/console",
            "~ let client admin-ui send browsers back to http://hub.example/console/*, http://hub.example/oidc/auth-flow/callback",
            "~ give client admin-ui its mapper audience",
            &format!("x allow the service account of admin-ui {}; done with the flag widen-rights", in_order()),
        ]
    );
    assert_eq!(place.rights(&place.service_account().await).await, Vec::<String>::new());
    place.run(request.clone()).await;
    assert_eq!(place.rights(&place.service_account().await).await, RIGHTS);
    place.run_in_vain(request).await;
    place.end().await;
}

/// The rights as the bootstrap lists them.
fn in_order() -> String {
    ["manage-users", "view-users", "query-groups", "manage-realm", "view-realm", "view-clients", "view-events"]
        .join(", ")
}

pub(super) async fn frontend_url(shared: Arc<Shared>) {
    let (place, _) = Place::bootstrapped(&shared, "bootstrap-issuer").await;
    let public = "https://id.example.com/auth";
    let mut request = place.request();
    request.public_base = public.parse().unwrap();
    let now = async || place.get("").await["attributes"]["frontendUrl"].as_str().unwrap().to_owned();

    // With somebody in it, there are tokens.
    let somebody = place.person("ada").await;
    let refused = place.run_in_vain(request.clone()).await;
    assert_eq!(
        news(&refused.steps),
        [format!(
            "x set frontendUrl to {public} instead of {}: all API tokens whose issuer changes stop working, and everybody has to log in \
             again; done with the flag change-frontend-url",
            place.base()
        )]
    );
    assert_eq!(now().await, place.base());

    // Without anybody nobody notices.
    place.delete(&format!("users/{somebody}")).await;
    place.run(request.clone()).await;
    assert_eq!(now().await, public);
    assert_eq!(place.get("").await["attributes"]["adminEventsExpiration"], "604800", "the other attributes stay");
    place.run_in_vain(request).await;

    place.person("ada").await;
    let mut back = place.request();
    back.flags.change_frontend_url = true;
    place.run(back.clone()).await;
    assert_eq!(now().await, place.base());
    place.run_in_vain(back).await;
    place.end().await;
}

pub(super) async fn closed(shared: Arc<Shared>) {
    let (place, _) = Place::bootstrapped(&shared, "bootstrap-closed-by-hand").await;
    let hub = format!("clients/{}", place.client("jupyterhub").await);
    place.change(&hub, |client| client["enabled"] = false.into()).await;
    place.put("", &json!({ "enabled": false, "sslRequired": "external" })).await;

    // A site without encryption decides about new realms only.
    let refused = place.run_in_vain(place.request()).await;
    assert_eq!(
        news(&refused.steps),
        [
            "x enable the realm, in which nobody can log in; done with the flag reopen",
            "x enable client jupyterhub; done with the flag reopen",
        ]
    );
    let mut request = place.request();
    request.ssl_required = Some(SslRequired::None);
    let refused = place.run_in_vain(request.clone()).await;
    assert_eq!(refused.steps.refused().count(), 3, "{}", refused.steps);
    request.flags.reopen = true;
    let reopened = place.run(request.clone()).await;
    assert_eq!(
        news(&reopened.steps),
        [
            "~ enable the realm, in which nobody can log in",
            "~ require encryption for none instead of external",
            "~ enable client jupyterhub",
        ]
    );
    let realm = place.get("").await;
    assert_eq!((&realm["enabled"], &realm["sslRequired"]), (&json!(true), &json!("none")));
    place.run_in_vain(request).await;
    // More encryption takes no flag.
    let mut request = place.request();
    request.ssl_required = Some(SslRequired::External);
    let tightened = place.run(request).await;
    assert_eq!(news(&tightened.steps), ["! require encryption for external instead of none"]);
    place.end().await;
}

pub(super) async fn refresh_tokens(shared: Arc<Shared>) {
    let (place, secret) = Place::bootstrapped(&shared, "bootstrap-refresh").await;
    place.allow_passwords().await;
    place.person("ada").await;
    place.put("", &json!({ "revokeRefreshToken": true })).await;
    let refused = place.run_in_vain(place.request()).await;
    assert_eq!(
        news(&refused.steps),
        [
            "x stop revoking refresh tokens on use: an API token dies at its second use; done with the flag revoke-refresh-tokens"
        ]
    );
    let uses = async || {
        use secrecy::ExposeSecret as _;
        let tokens = place.platform_tokens(&secret, "ada", "offline_access").await;
        let token = tokens["refresh_token"].as_str().unwrap();
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", token),
            ("client_id", CLIENT),
            ("client_secret", secret.expose_secret()),
        ];
        [place.tokens(&fields).await.0, place.tokens(&fields).await.0]
    };
    assert_eq!(uses().await, [200, 400]);
    let mut request = place.request();
    request.flags.revoke_refresh_tokens = true;
    place.run(request.clone()).await;
    assert_eq!(uses().await, [200, 200]);
    place.run_in_vain(request).await;
    place.end().await;
}
