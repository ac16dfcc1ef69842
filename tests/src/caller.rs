//! Who asks.

/// Somebody who asks, by their relation to the demo group `research`.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Caller {
    /// Without credentials.
    Nobody,
    /// A server with the shared secret.
    Server,
    /// `emmy`: in no group.
    Stranger,
    /// `alan`: member of another group.
    OutsideMember,
    /// `grace`: member of the group.
    Member,
    /// `ada`: member and administrator of the group, may invite.
    GroupAdministrator,
    /// `phadmin`: administers the platform.
    PlatformAdministrator,
}

impl Caller {
    /// Everybody, from the weakest.
    pub const ALL: [Self; 7] = [
        Self::Nobody,
        Self::Server,
        Self::Stranger,
        Self::OutsideMember,
        Self::Member,
        Self::GroupAdministrator,
        Self::PlatformAdministrator,
    ];

    /// The login name, of those who have an account.
    #[must_use]
    pub fn username(self) -> Option<&'static str> {
        match self {
            Self::Nobody | Self::Server => None,
            Self::Stranger => Some("emmy"),
            Self::OutsideMember => Some("alan"),
            Self::Member => Some("grace"),
            Self::GroupAdministrator => Some("ada"),
            Self::PlatformAdministrator => Some("phadmin"),
        }
    }

    /// What tables call them.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Server => "server",
            Self::Stranger => "stranger",
            Self::OutsideMember => "outside member",
            Self::Member => "member",
            Self::GroupAdministrator => "group administrator",
            Self::PlatformAdministrator => "platform administrator",
        }
    }
}
