//! What can be asked about a Keycloak.

use std::path::PathBuf;

use clap::Args;
use primehub_core::names::{GroupName, ResourceKind, ResourceRole, RoleName, RolePrefix, UserName};
use primehub_keycloak::SslRequired;
use url::Url;

/// Keycloak in the place of the people and logins that `up` has by itself.
#[derive(Args, Debug, Default)]
#[command(next_help_heading = "With Keycloak")]
pub(crate) struct KeycloakOptions {
    /// Take people, groups and logins from the Keycloak at this address, in the place of those of this process.
    #[arg(id = "keycloak-url", long = "keycloak-url", value_name = "URL")]
    pub(crate) url: Option<Url>,
    /// Its realm [default: primehub].
    #[arg(id = "keycloak-realm", long = "keycloak-realm", value_name = "NAME")]
    pub(crate) realm: Option<String>,
    /// Where browsers reach it [default: the same address].
    #[arg(id = "keycloak-public-url", long = "keycloak-public-url", value_name = "URL")]
    pub(crate) public_url: Option<Url>,
    /// The client that PrimeHub is there [default: admin-ui].
    #[arg(id = "keycloak-client-id", long = "keycloak-client-id", value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// A file with the client's secret [default: the variable `KC_CLIENT_SECRET`].
    #[arg(id = "keycloak-client-secret-file", long = "keycloak-client-secret-file", value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Certificates of authorities to trust besides the system's (PEM).
    #[arg(id = "keycloak-ca-file", long = "keycloak-ca-file", value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// What `primehub bootstrap --out` has written: takes the place of all options before that are not given.
    #[arg(id = "keycloak-file", long = "keycloak-file", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct BootstrapOptions {
    /// Where this program reaches Keycloak.
    #[arg(long, value_name = "URL")]
    pub(crate) keycloak_url: Url,
    /// Where browsers reach Keycloak: what its tokens name as their issuer [default: the same address].
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<Url>,
    /// The realm; it is made if it is missing.
    #[arg(long, default_value = "primehub", value_name = "NAME")]
    pub(crate) realm: String,
    /// Where people reach PrimeHub: browsers may be sent back there after a login.
    #[arg(long, value_name = "URL")]
    pub(crate) site_url: Url,
    /// A further address that browsers may be sent back to. May be given more than once.
    #[arg(long = "redirect-uri", value_name = "URL")]
    pub(crate) redirect_uris: Vec<String>,
    /// The administrator of the whole Keycloak.
    #[arg(long, default_value = "admin", value_name = "NAME")]
    pub(crate) admin_user: String,
    /// A file with the administrator's password.
    #[arg(long, value_name = "FILE")]
    pub(crate) admin_password_file: Option<PathBuf>,
    /// In the place of the administrator: a client whose own account may set up the realm.
    #[arg(long, conflicts_with_all = ["admin_user", "admin_password_file"], value_name = "ID")]
    pub(crate) admin_client_id: Option<String>,
    /// A file with that client's secret.
    #[arg(long, requires = "admin_client_id", value_name = "FILE")]
    pub(crate) admin_client_secret_file: Option<PathBuf>,
    /// The realm that the client is in: master, or the realm itself if it exists and the client's account holds realm-admin there.
    #[arg(long, requires = "admin_client_id", default_value = "master", value_name = "NAME")]
    pub(crate) admin_realm: String,
    /// Certificates of authorities to trust besides the system's (PEM).
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// A file with the secret that the client admin-ui is to have [default: it keeps its own, or Keycloak makes one].
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// How many seconds Keycloak may take to come up.
    #[arg(long, default_value_t = 900, value_name = "N")]
    pub(crate) wait: u64,
    /// Say what would be changed, and change nothing.
    #[arg(long, conflicts_with_all = ["out", "demo"])]
    pub(crate) plan: bool,
    /// Change the address that tokens name as their issuer in a realm that exists. All API tokens and logins end.
    #[arg(long)]
    pub(crate) change_frontend_url: bool,
    /// Give the service account rights that it lacks in a realm that exists.
    #[arg(long)]
    pub(crate) widen_rights: bool,
    /// Open what somebody has closed in a realm that exists: enable it or a client, ask for less encryption than it does.
    #[arg(long)]
    pub(crate) reopen: bool,
    /// Let refresh tokens be used more than once in a realm that exists; where they may not, API tokens end with their first use.
    #[arg(long, visible_alias = "revoke-refresh-tokens")]
    pub(crate) stop_revoking_refresh_tokens: bool,
    /// Which connections Keycloak wants encrypted [default: none if the site begins with http; else as Keycloak has it].
    #[arg(long, value_parser = ssl_required, value_name = "none|external|all")]
    pub(crate) ssl_required: Option<SslRequired>,
    /// Have new people agree to terms at their first login.
    #[arg(long)]
    pub(crate) terms: bool,
    /// Make this platform administrator if nobody is in the realm.
    #[arg(long, value_name = "USERNAME")]
    pub(crate) first_administrator: Option<UserName>,
    /// The e-mail address of the first administrator.
    #[arg(long, requires = "first_administrator", value_name = "ADDRESS")]
    pub(crate) first_administrator_email: Option<String>,
    /// A file with the password of the first administrator [default: one is made, and must be changed at the first login].
    #[arg(long, requires = "first_administrator", value_name = "FILE")]
    pub(crate) first_administrator_password_file: Option<PathBuf>,
    /// Make this group if nobody is in the realm.
    #[arg(long, value_name = "NAME")]
    pub(crate) first_group: Option<GroupName>,
    /// How pages call the first group.
    #[arg(long, requires = "first_group", value_name = "TEXT")]
    pub(crate) first_group_display_name: Option<String>,
    /// Let everybody use this from the start if nobody is in the realm: it:NAME, img:NAME, ds:NAME, ds:rw:NAME or ann:NAME. May be given more
    /// than once.
    #[arg(long = "resource", value_parser = resource, value_name = "KIND:NAME")]
    pub(crate) resources: Vec<Resource>,
    /// Let everybody use the instance types and images that an installation starts with if nobody is in the realm.
    #[arg(long)]
    pub(crate) default_resources: bool,
    /// What stands before the kind in the names of roles (`KC_ROLE_PREFIX`) [default: nothing].
    #[arg(long, value_name = "PREFIX")]
    pub(crate) role_prefix: Option<RolePrefix>,
    /// Make the people and groups that `primehub up` starts with if nobody is in the realm.
    #[arg(long, conflicts_with_all = ["first_administrator", "first_group"], requires = "out")]
    pub(crate) demo: bool,
    /// Write secrets, and what `up --keycloak-file` wants to know, into this file, readable by its owner alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct CheckOptions {
    #[command(flatten)]
    pub(crate) keycloak: KeycloakOptions,
    /// Answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Something that a group may use, as roles name it after their prefix.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    kind: ResourceKind,
    writable: bool,
    name: String,
}

impl Resource {
    /// The role that gives a group the resource.
    pub(crate) fn role(&self, prefix: Option<&RolePrefix>) -> anyhow::Result<RoleName> {
        Ok(RoleName::for_resource(prefix, self.kind, self.writable, &self.name)?)
    }
}

fn resource(text: &str) -> Result<Resource, String> {
    let kinds = "write the kind (it, img, ds or ann), a colon and the name, such as it:cpu-1";
    let role = ResourceRole::parse(text).ok_or(kinds)?;
    if role.prefix.is_some() {
        return Err(format!("a prefix is given with --role-prefix; {kinds}"));
    }
    let writable = role.is_writable();
    if role.labels.len() > usize::from(writable) {
        return Err(kinds.to_owned());
    }
    let resource = Resource { kind: role.kind, writable, name: role.resource };
    resource.role(None).map_err(|error| error.to_string())?;
    Ok(resource)
}

fn ssl_required(text: &str) -> Result<SslRequired, String> {
    match text {
        "none" => Ok(SslRequired::None),
        "external" => Ok(SslRequired::External),
        "all" => Ok(SslRequired::All),
        _ => Err("write none, external or all".to_owned()),
    }
}
