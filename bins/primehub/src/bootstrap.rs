//! `primehub bootstrap`: a realm that PrimeHub can work on.

mod demo;
mod first_token;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use primehub_core::names::RoleName;
use primehub_keycloak::{
    AdminLogin, Bootstrap, BootstrapRequest, FirstAdministrator, FirstGroup, KeycloakSettings, Outcome, Plan, Step,
    Verdict,
};

use secrecy::{ExposeSecret as _, SecretString};

use crate::command_line::BootstrapOptions;
use crate::handout;
use crate::keycloak::{self, Administrator, KeycloakFile};
use crate::up;

/// Makes or repairs the realm, or says what would be done.
pub(crate) fn run(options: BootstrapOptions) -> anyhow::Result<()> {
    up::log_to_standard_error()?;
    tokio::runtime::Runtime::new()?.block_on(bootstrap(options))
}

async fn bootstrap(options: BootstrapOptions) -> anyhow::Result<()> {
    let request = request(&options)?;
    let realm = Bootstrap::new(request.clone(), login(&options, keycloak::variable)?)?;
    let wait = Duration::from_secs(options.wait);
    realm.wait(wait, |waited, cause| eprintln!("waiting for Keycloak since {} s: {cause}", waited.as_secs())).await?;
    if options.plan {
        return crate::print(&planned(&realm.plan().await?));
    }
    // Before anything is done: a password that is made and cannot be written is lost.
    let earlier = options.out.as_deref().map(earlier).transpose()?.flatten();
    let outcome = realm.run(tell).await?;
    let Some(out) = options.out.as_deref() else { return crate::print(&done(&outcome.steps)) };
    let mut file = description(&request, &outcome)?;
    // Passwords that are found in no other place must survive a second run.
    if let Some(earlier) = earlier {
        file.recall(earlier);
    }
    // Before the people are made: should that fail, the secrets are there.
    handout::write_private(out, &file)?;
    if let Some(password) = outcome.administrator_password.filter(|_| options.demo) {
        match demo::people(settings(&request, &file), request.site.as_str(), password).await? {
            Some(people) => {
                file.people = people;
                // Among the people.
                file.administrator = None;
                handout::write_private(out, &file)?;
            }
            None => eprintln!("{NOT_MADE}"),
        }
    } else if options.demo && file.people.is_empty() {
        eprintln!("{NOT_MADE}");
    }
    crate::print(&format!("{}{}", done(&outcome.steps), told(out, &file)))
}

const NOT_MADE: &str = "somebody is in the realm already, so the people of the demo are not made";

/// As whom the realm is set up.
fn login(options: &BootstrapOptions, variable: impl Fn(&str) -> Option<String>) -> anyhow::Result<AdminLogin> {
    let secret = |file: Option<&Path>, name: &str, unknown: &'static str| match file {
        Some(path) => keycloak::secret_in(path),
        None => variable(name).map(SecretString::from).context(unknown),
    };
    let Some(client_id) = &options.admin_client_id else {
        let unknown = "the administrator's password is not known: name a file with --admin-password-file, or set KC_BOOTSTRAP_ADMIN_PASSWORD";
        let password = secret(options.admin_password_file.as_deref(), "KC_BOOTSTRAP_ADMIN_PASSWORD", unknown)?;
        return Ok(AdminLogin::password(&options.admin_user, password));
    };
    let unknown = "the client's secret is not known: name a file with --admin-client-secret-file, or set KC_BOOTSTRAP_ADMIN_CLIENT_SECRET";
    let file = options.admin_client_secret_file.as_deref();
    let secret = secret(file, "KC_BOOTSTRAP_ADMIN_CLIENT_SECRET", unknown)?;
    Ok(AdminLogin::service_account(&options.admin_realm, client_id, secret))
}

/// What the options ask for.
fn request(options: &BootstrapOptions) -> anyhow::Result<BootstrapRequest> {
    let mut request = BootstrapRequest::new(options.keycloak_url.clone(), &options.realm, options.site_url.clone());
    if let Some(public) = &options.public_url {
        request.public_base = public.clone();
    }
    request.admin_ui.secret = options.client_secret_file.as_deref().map(keycloak::secret_in).transpose()?;
    request.admin_ui.redirect_uris.clone_from(&options.redirect_uris);
    request.terms = options.terms;
    request.administrator = options.first_administrator.clone().map(|username| {
        let mut administrator = FirstAdministrator::new(username);
        administrator.email.clone_from(&options.first_administrator_email);
        administrator
    });
    if let Some((administrator, path)) =
        request.administrator.as_mut().zip(options.first_administrator_password_file.as_deref())
    {
        administrator.password = Some(keycloak::secret_in(path)?);
        administrator.temporary = false;
    }
    if options.demo {
        // Who sets up the realm may make administrators; the account of the platform may not.
        let mut administrator = FirstAdministrator::new(primehub_memory::demo::ADMINISTRATOR_NAME.parse()?);
        administrator.temporary = false;
        request.administrator = Some(administrator);
    }
    let random_password = request.administrator.as_ref().is_some_and(|administrator| administrator.password.is_none());
    anyhow::ensure!(
        !random_password || options.plan || options.out.is_some(),
        "the first administrator's password would be lost: have it written with --out, or give one with --first-administrator-password-file"
    );
    request.group = options.first_group.clone().map(|name| {
        let mut group = FirstGroup::new(name);
        group.display_name.clone_from(&options.first_group_display_name);
        group
    });
    request.resources = resources(options)?;
    if options.ssl_required.is_some() {
        request.ssl_required = options.ssl_required;
    }
    request.flags.change_frontend_url = options.change_frontend_url;
    request.flags.widen_rights = options.widen_rights;
    request.flags.reopen = options.reopen;
    request.flags.revoke_refresh_tokens = options.stop_revoking_refresh_tokens;
    request.extra_authorities = keycloak::authorities(options.ca_file.as_deref())?;
    (request.proxy, request.no_proxy) = keycloak::proxy(&request.base)?;
    Ok(request)
}

/// The roles of everybody, each once.
fn resources(options: &BootstrapOptions) -> anyhow::Result<Vec<RoleName>> {
    let prefix = options.role_prefix.as_ref();
    let mut roles = if options.default_resources { BootstrapRequest::default_resources(prefix) } else { Vec::new() };
    for resource in &options.resources {
        let role = resource.role(prefix)?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    Ok(roles)
}

/// What an earlier run has written where this one is going to write, which has to be possible.
fn earlier(out: &Path) -> anyhow::Result<Option<KeycloakFile>> {
    let earlier = if out.exists() { Some(KeycloakFile::read(out)?) } else { None };
    handout::writable(out)?;
    Ok(earlier)
}

/// What `--out` writes.
fn description(request: &BootstrapRequest, outcome: &Outcome) -> anyhow::Result<KeycloakFile> {
    let client_id = &request.admin_ui.client_id;
    let secret = outcome.secrets.get(client_id);
    let secret = secret.with_context(|| format!("Keycloak does not tell the secret of the client {client_id}"))?;
    let mut settings = KeycloakSettings::new(request.base.clone(), &*request.realm, client_id.clone(), secret.clone());
    settings.public_base = request.public_base.clone();
    let administrator = request.administrator.as_ref().zip(outcome.administrator_password.as_ref());
    Ok(KeycloakFile {
        keycloak_url: request.base.clone(),
        public_url: request.public_base.clone(),
        realm: request.realm.clone(),
        issuer: settings.issuer(),
        client_id: client_id.clone(),
        client_secret: secret.expose_secret().to_owned(),
        everyone_group_id: outcome.everyone.to_string(),
        clients: outcome
            .secrets
            .iter()
            .map(|(client, secret)| (client.clone(), secret.expose_secret().to_owned()))
            .collect(),
        administrator: administrator.map(|(administrator, password)| Administrator {
            username: administrator.username.to_string(),
            password: password.expose_secret().to_owned(),
        }),
        people: Vec::new(),
    })
}

/// The connection of the platform to the realm.
fn settings(request: &BootstrapRequest, file: &KeycloakFile) -> KeycloakSettings {
    let secret = file.client_secret.as_str().into();
    let mut settings = KeycloakSettings::new(request.base.clone(), &*file.realm, &*file.client_id, secret);
    settings.public_base = request.public_base.clone();
    settings.everyone = Some(file.everyone_group_id.as_str().into());
    settings.extra_authorities.clone_from(&request.extra_authorities);
    settings.proxy.clone_from(&request.proxy);
    settings.no_proxy.clone_from(&request.no_proxy);
    settings
}

/// A step that is about to be done. What stays as it is would only be in the way.
fn tell(step: &Step) {
    if step.verdict() != Verdict::Unchanged {
        eprintln!("{step}");
    }
}

fn planned(plan: &Plan) -> String {
    let changes = plan.changes().count();
    match changes {
        0 => format!("{plan}\nNothing would be changed.\n"),
        _ => format!("{plan}\n{changes} of these would be done.\n"),
    }
}

fn done(plan: &Plan) -> String {
    let mut text = match plan.changes().count() {
        0 => "The realm was as it has to be. Nothing was changed.\n".to_owned(),
        1 => "The realm is ready: 1 step was done.\n".to_owned(),
        changes => format!("The realm is ready: {changes} steps were done.\n"),
    };
    text.push_str(&left_out(plan.refused().count()));
    text
}

/// What a summary says of the steps that were refused.
fn left_out(steps: usize) -> String {
    match steps {
        0 => String::new(),
        1 => "1 step was left out, because people would notice it; it is marked with x above.\n".to_owned(),
        _ => format!("{steps} steps were left out, because people would notice them; they are marked with x above.\n"),
    }
}

fn told(out: &Path, file: &KeycloakFile) -> String {
    let mut text = format!("Secrets are in {}.\n", out.display());
    if !file.people.is_empty() || file.administrator.is_some() {
        text.push_str("Passwords of people are there as well.\n");
    }
    let _ = writeln!(text, "To start PrimeHub on it: primehub up --keycloak-file {}", out.display());
    text
}

#[cfg(test)]
mod tests;
