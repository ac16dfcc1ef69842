//! What the platform's answers depend on besides the identity provider. HTTP and authentication have their own configuration.

use primehub_core::names::RolePrefix;
use primehub_core::quantity::{CapacityG, Decimal};

/// Settings of one installation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlatformConfig {
    /// The OIDC client that API tokens belong to (`KC_CLIENT_ID`).
    pub client_id: String,
    /// Volume capacity of people without one of their own, where the platform's settings name none either
    /// (`DEFAULT_USER_VOLUME_CAPACITY`).
    pub default_user_volume_capacity: CapacityG,
    /// What stands before the kind in names of resource roles (`KC_ROLE_PREFIX`).
    pub role_prefix: Option<RolePrefix>,
    /// Whether every new group may deploy models (`PRIMEHUB_MODE=deploy`).
    pub deploy_mode: bool,
    /// How many people, groups and so on the installation may have.
    pub license: License,
    /// Minutes east of UTC of the timezone in force where none has been chosen.
    pub timezone_offset_minutes: i32,
}

impl PlatformConfig {
    /// The defaults of an installation whose API tokens belong to `client_id`.
    #[must_use]
    pub fn new(client_id: impl Into<String>) -> Self {
        Self {
            client_id: client_id.into(),
            default_user_volume_capacity: twenty_gigabytes(),
            role_prefix: None,
            deploy_mode: false,
            license: License::default(),
            timezone_offset_minutes: 0,
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant within the range")]
fn twenty_gigabytes() -> CapacityG {
    CapacityG::new(Decimal::from_integer(20)).expect("20 G are a capacity")
}

/// The entitlement that the installation runs under. Without one nothing is limited.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct License {
    /// State that the console shows.
    pub status: LicenseStatus,
    /// Who may use it.
    pub licensed_to: Option<String>,
    /// Since when.
    pub started_at: Option<String>,
    /// Until when.
    pub expired_at: Option<String>,
    /// Most people, or `None` for any number.
    pub max_users: Option<u32>,
    /// Most groups besides that of everyone.
    pub max_groups: Option<u32>,
    /// Most nodes of the cluster.
    pub max_nodes: Option<u32>,
    /// Most running deployments.
    pub max_model_deployments: Option<u32>,
}

/// State of the entitlement, as clients spell it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum LicenseStatus {
    /// In force.
    Unexpired,
    /// Over.
    Expired,
    /// None installed.
    #[default]
    Invalid,
}

impl LicenseStatus {
    /// The client's spelling.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unexpired => "unexpired",
            Self::Expired => "expired",
            Self::Invalid => "invalid",
        }
    }
}
