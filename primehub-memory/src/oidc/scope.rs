//! The `scope` of a request and of a token.

use std::collections::BTreeSet;
use std::fmt;

/// A client scope of a stock realm. The order is that in which a token lists them.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Scope {
    OpenId,
    Email,
    Profile,
    OfflineAccess,
    Address,
    Phone,
    Organization,
    MicroprofileJwt,
    /// A scope that every token has anyway and none mentions: `roles`, `basic`, `acr`, `web-origins`.
    Unmentioned,
}

impl Scope {
    /// Whether tokens carry what the scope promises. The others are let be asked for, since a stock realm lets them, and change nothing:
    /// accounts have no address, telephone or organization.
    pub(super) fn has_effect(self) -> bool {
        match self {
            Self::OpenId | Self::Email | Self::Profile | Self::OfflineAccess | Self::Unmentioned => true,
            Self::Address | Self::Phone | Self::Organization | Self::MicroprofileJwt => false,
        }
    }
}

/// Every scope that may be asked for, by name.
pub(super) const KNOWN: [(&str, Scope); 12] = [
    ("openid", Scope::OpenId),
    ("email", Scope::Email),
    ("profile", Scope::Profile),
    ("offline_access", Scope::OfflineAccess),
    ("address", Scope::Address),
    ("phone", Scope::Phone),
    ("organization", Scope::Organization),
    ("microprofile-jwt", Scope::MicroprofileJwt),
    ("roles", Scope::Unmentioned),
    ("basic", Scope::Unmentioned),
    ("acr", Scope::Unmentioned),
    ("web-origins", Scope::Unmentioned),
];

/// What a token was asked to be good for. E-mail and profile are always among it, as a stock realm's default scopes are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Scopes(BTreeSet<Scope>);

impl Scopes {
    /// Reads the `scope` parameter; absent and empty are the same.
    ///
    /// # Errors
    /// The parameter itself, when it names a scope that does not exist.
    pub(super) fn parse(parameter: Option<&str>) -> Result<Self, String> {
        let parameter = parameter.unwrap_or_default();
        let mut scopes = BTreeSet::from([Scope::Email, Scope::Profile]);
        for name in parameter.split_whitespace() {
            let (_, scope) = KNOWN.iter().find(|(known, _)| *known == name).ok_or_else(|| parameter.to_owned())?;
            scopes.insert(*scope);
        }
        scopes.remove(&Scope::Unmentioned);
        Ok(Self(scopes))
    }

    pub(super) fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&scope)
    }

    pub(super) fn without(mut self, scope: Scope) -> Self {
        self.0.remove(&scope);
        self
    }

    /// Whether `self` asks for nothing that `granted` does not have.
    pub(super) fn is_within(&self, granted: &Self) -> bool {
        self.0.is_subset(&granted.0)
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for scope in &self.0 {
            let name = KNOWN.iter().find(|(_, known)| known == scope).map_or("", |(name, _)| *name);
            write!(f, "{separator}{name}")?;
            separator = " ";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::absent(None, Ok("email profile"))]
    #[case::empty(Some(""), Ok("email profile"))]
    #[case::openid(Some("openid"), Ok("openid email profile"))]
    #[case::any_order(Some("offline_access  profile openid"), Ok("openid email profile offline_access"))]
    #[case::unmentioned(Some("roles basic"), Ok("email profile"))]
    #[case::unknown(Some("openid nonsense"), Err("openid nonsense"))]
    #[case::capitals(Some("OPENID"), Err("OPENID"))]
    fn scopes_of_a_request(#[case] parameter: Option<&str>, #[case] expected: Result<&str, &str>) {
        let scopes = Scopes::parse(parameter).map(|scopes| scopes.to_string());
        assert_eq!(scopes, expected.map(str::to_owned).map_err(str::to_owned));
    }
}
