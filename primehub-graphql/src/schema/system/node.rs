//! What clients see of the platform's settings.

use async_graphql::SimpleObject;
use primehub_core::identity::{Directory, Logo, SmtpSettings, SystemSettings, Timezone, timezone};

use super::super::group::whole_gigabytes;
use super::super::paging::count;
use crate::config::{License, PlatformConfig};

/// Settings of the platform.
#[derive(SimpleObject)]
#[graphql(name = "System")]
pub(crate) struct SystemNode {
    /// Who runs the platform.
    org: Option<OrgNode>,
    /// How mail is sent.
    smtp: Option<SmtpNode>,
    /// Size in G of a home volume when neither user nor group says otherwise.
    default_user_volume_capacity: Option<i32>,
    /// The chosen time zone; null if its name is unknown.
    timezone: Option<TimezoneNode>,
    /// What the installation may be used for.
    license: Option<LicenseNode>,
}

impl SystemNode {
    /// The settings in this picture.
    pub(super) fn of(directory: &Directory, config: &PlatformConfig) -> Self {
        let settings = stored(directory);
        let capacity = settings.default_user_volume_capacity.unwrap_or(config.default_user_volume_capacity);
        Self {
            org: Some(OrgNode {
                name: Some(settings.org_name().to_owned()),
                logo: settings.logo.as_ref().map(LogoNode::of),
            }),
            smtp: Some(SmtpNode::of(SmtpSettings::of(&directory.realm().smtp))),
            default_user_volume_capacity: whole_gigabytes(capacity),
            timezone: settings.timezone(default_timezone(config)).map(TimezoneNode::of),
            license: Some(LicenseNode::of(&config.license, directory)),
        }
    }
}

fn stored(directory: &Directory) -> SystemSettings {
    directory.everyone().map(|everyone| SystemSettings::of(&everyone.attributes)).unwrap_or_default()
}

fn default_timezone(config: &PlatformConfig) -> Timezone {
    timezone::default_for_offset(f64::from(config.timezone_offset_minutes) / 60.0)
}

/// Who runs the platform.
#[derive(SimpleObject)]
#[graphql(name = "Org")]
struct OrgNode {
    /// Its name.
    name: Option<String>,
    /// Its logo.
    logo: Option<LogoNode>,
}

/// An image.
#[derive(SimpleObject)]
#[graphql(name = "CannerImage")]
struct LogoNode {
    /// Media type.
    content_type: Option<String>,
    /// File name.
    name: Option<String>,
    /// Size in bytes.
    size: Option<i32>,
    /// Address.
    url: Option<String>,
}

impl LogoNode {
    fn of(logo: &Logo) -> Self {
        Self {
            content_type: logo.content_type.clone(),
            name: logo.name.clone(),
            size: logo.size.and_then(|size| size.try_into().ok()),
            url: logo.url.clone(),
        }
    }
}

/// How mail is sent.
#[derive(SimpleObject)]
#[graphql(name = "Smtp")]
struct SmtpNode {
    /// The mail server.
    host: Option<String>,
    /// Its TCP port.
    port: Option<i32>,
    /// Name of the sender.
    from_display_name: Option<String>,
    /// Address of the sender.
    from: Option<String>,
    /// Name that answers go to.
    reply_to_display_name: Option<String>,
    /// Address that answers go to.
    reply_to: Option<String>,
    /// Address that bounces go to.
    envelope_from: Option<String>,
    /// Whether the connection is encrypted from its first byte.
    #[graphql(name = "enableSSL")]
    enable_ssl: Option<bool>,
    /// Whether the connection becomes encrypted by command.
    #[graphql(name = "enableStartTLS")]
    enable_start_tls: Option<bool>,
    /// Whether to log in at the mail server.
    enable_auth: Option<bool>,
    /// Login name at the mail server.
    username: Option<String>,
    /// Stars if a password is stored. Sending them back keeps it.
    password: Option<&'static str>,
}

impl SmtpNode {
    fn of(settings: SmtpSettings) -> Self {
        let password = settings.password();
        Self {
            host: settings.host,
            port: Some(settings.port.into()),
            from_display_name: settings.from_display_name,
            from: settings.from,
            reply_to_display_name: settings.reply_to_display_name,
            reply_to: settings.reply_to,
            envelope_from: settings.envelope_from,
            enable_ssl: Some(settings.enable_ssl),
            enable_start_tls: Some(settings.enable_start_tls),
            enable_auth: Some(settings.enable_auth),
            username: settings.username,
            password,
        }
    }
}

/// A time zone of the list that clients offer.
#[derive(SimpleObject)]
#[graphql(name = "Timezone")]
pub(crate) struct TimezoneNode {
    /// IANA name.
    name: &'static str,
    /// Hours east of Greenwich, without daylight saving.
    offset: f64,
}

impl TimezoneNode {
    fn of(zone: Timezone) -> Self {
        Self { name: zone.name, offset: zone.offset_hours }
    }

    /// The time zone to work with: the default one when none, or an unknown one, is stored.
    pub(super) fn effective(directory: &Directory, config: &PlatformConfig) -> Self {
        Self::of(stored(directory).effective_timezone(default_timezone(config)))
    }
}

/// What the installation may be used for. Limits are -1 where there is none: the console shows that as unlimited.
#[derive(SimpleObject)]
#[graphql(name = "License")]
pub(crate) struct LicenseNode {
    /// Who may use it.
    licensed_to: Option<String>,
    /// `unexpired`, `expired` or `invalid`.
    license_status: Option<&'static str>,
    /// Since when.
    started_at: Option<String>,
    /// Until when.
    expired_at: Option<String>,
    /// Most people.
    max_user: Option<i32>,
    /// Most groups besides that of everyone.
    max_group: Option<i32>,
    /// Most nodes of the cluster.
    max_node: Option<i32>,
    /// Most running deployments.
    max_model_deploy: Option<i32>,
    /// How many there are.
    usage: Option<LicenseUsageNode>,
}

impl LicenseNode {
    /// The entitlement, and its use in this picture.
    pub(super) fn of(license: &License, directory: &Directory) -> Self {
        let limit = |most: Option<u32>| Some(most.map_or(-1, |most| most.try_into().unwrap_or(i32::MAX)));
        Self {
            licensed_to: license.licensed_to.clone(),
            license_status: Some(license.status.as_str()),
            started_at: license.started_at.clone(),
            expired_at: license.expired_at.clone(),
            max_user: limit(license.max_users),
            max_group: limit(license.max_groups),
            max_node: limit(license.max_nodes),
            max_model_deploy: limit(license.max_model_deployments),
            usage: Some(LicenseUsageNode {
                max_user: Some(count(directory.people_count())),
                max_group: Some(count(directory.group_count())),
                max_node: None,
                max_model_deploy: None,
            }),
        }
    }
}

/// How much of the entitlement is used. Null where nobody can tell: nodes and deployments without Kubernetes.
#[derive(SimpleObject)]
#[graphql(name = "LicenseUsage")]
#[expect(clippy::struct_field_names, reason = "the names are those of the limits")]
struct LicenseUsageNode {
    /// People.
    max_user: Option<i32>,
    /// Groups besides that of everyone.
    max_group: Option<i32>,
    /// Nodes of the cluster.
    max_node: Option<i32>,
    /// Running deployments.
    max_model_deploy: Option<i32>,
}
