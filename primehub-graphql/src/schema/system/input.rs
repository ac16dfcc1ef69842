//! What clients send about the platform's settings, and its meaning in core's words.

use async_graphql::{InputObject, MaybeUndefined};
use primehub_core::identity::{LogoEdit, SmtpEdit, SystemSettingsEdit};
use primehub_core::quantity::{CapacityG, Decimal};
use secrecy::SecretString;

use super::super::edit::edit;
use crate::error::ApiError;
use crate::operations::system::SystemUpdate;

/// Changes of the platform's settings. What is absent, null, empty or zero stays, except where a field says otherwise.
#[derive(InputObject)]
pub(crate) struct SystemUpdateInput {
    /// Who runs the platform.
    org: Option<OrgUpdateInput>,
    /// How mail is sent.
    smtp: Option<SmtpInput>,
    /// Size in G of a home volume when neither user nor group says otherwise.
    default_user_volume_capacity: Option<i32>,
    /// The time zone.
    timezone: Option<TimezoneInput>,
}

/// Changes of the organization.
#[derive(Default, InputObject)]
struct OrgUpdateInput {
    /// Its name.
    name: Option<String>,
    /// Its logo.
    logo: Option<CannerImageInput>,
}

/// Changes of an image.
#[derive(Default, InputObject)]
struct CannerImageInput {
    /// Media type.
    content_type: Option<String>,
    /// File name.
    name: Option<String>,
    /// Size in bytes.
    size: Option<i32>,
    /// Address: `http`, `https` or `data:image/…`. Empty takes the image away.
    url: Option<String>,
}

/// The choice of a time zone.
#[derive(InputObject)]
struct TimezoneInput {
    /// IANA name; an unknown one changes nothing.
    name: Option<String>,
    /// Accepted and ignored: it follows from the name.
    offset: Option<f64>,
}

/// Changes of how mail is sent. What is absent stays; what is null or empty is unset.
#[derive(InputObject)]
struct SmtpInput {
    /// The mail server.
    host: MaybeUndefined<String>,
    /// Its TCP port.
    port: MaybeUndefined<i32>,
    /// Name of the sender.
    from_display_name: MaybeUndefined<String>,
    /// Address of the sender.
    from: MaybeUndefined<String>,
    /// Name that answers go to.
    reply_to_display_name: MaybeUndefined<String>,
    /// Address that answers go to.
    reply_to: MaybeUndefined<String>,
    /// Address that bounces go to.
    envelope_from: MaybeUndefined<String>,
    /// Whether the connection is encrypted from its first byte.
    #[graphql(name = "enableSSL")]
    enable_ssl: MaybeUndefined<bool>,
    /// Whether the connection becomes encrypted by command.
    #[graphql(name = "enableStartTLS")]
    enable_start_tls: MaybeUndefined<bool>,
    /// Whether to log in at the mail server.
    enable_auth: MaybeUndefined<bool>,
    /// Login name at the mail server.
    username: MaybeUndefined<String>,
    /// Password at the mail server. The stars that stand for a stored one keep it.
    password: MaybeUndefined<String>,
}

impl From<SmtpInput> for SmtpEdit {
    fn from(input: SmtpInput) -> Self {
        Self {
            host: edit(input.host),
            port: edit(input.port).map(i64::from),
            from_display_name: edit(input.from_display_name),
            from: edit(input.from),
            reply_to_display_name: edit(input.reply_to_display_name),
            reply_to: edit(input.reply_to),
            envelope_from: edit(input.envelope_from),
            enable_ssl: edit(input.enable_ssl),
            enable_start_tls: edit(input.enable_start_tls),
            enable_auth: edit(input.enable_auth),
            username: edit(input.username),
            password: edit(input.password).map(SecretString::from),
        }
    }
}

impl TryFrom<SystemUpdateInput> for SystemUpdate {
    type Error = ApiError;

    fn try_from(input: SystemUpdateInput) -> Result<Self, ApiError> {
        let org = input.org.unwrap_or_default();
        let logo = org.logo.unwrap_or_default();
        let capacity = |number: i32| {
            CapacityG::new(Decimal::from_integer(number.into()))
                .map_err(|_| ApiError::invalid("defaultUserVolumeCapacity", "is too large"))
        };
        let settings = SystemSettingsEdit {
            org_name: org.name,
            logo: LogoEdit {
                content_type: logo.content_type,
                name: logo.name,
                size: logo.size.map(i64::from),
                url: logo.url,
            },
            default_user_volume_capacity: input.default_user_volume_capacity.map(capacity).transpose()?,
            timezone: input.timezone.and_then(|zone| zone.name),
        };
        Ok(Self { settings, smtp: input.smtp.map(SmtpEdit::from).unwrap_or_default() })
    }
}
