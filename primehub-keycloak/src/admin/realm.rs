//! The realm itself.

use http::Method;
use primehub_core::names::GroupId;
use serde::Deserialize;

use super::{Admin, Full, RealmRow};
use crate::transport::{By, Call, CallError, Class, Kind, Refusal};

const GET: Kind = Kind::new("realm.get", Class::Read, "view-realm");

/// Settings of the realm.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RealmView<'a>(pub(super) Admin<'a>);

impl RealmView<'_> {
    pub(crate) async fn get(self) -> Result<RealmRow, CallError> {
        let realm = self.full().await?;
        realm.row().map_err(|error| CallError::Unreadable { call: GET.name, cause: error.to_string() })
    }

    /// All of the realm, to be changed and sent back. The attributes and the mail server are replaced as wholes.
    pub(crate) async fn full(self) -> Result<Full, CallError> {
        let realm: Full = self.0.read(self.0.get(GET, &[])).await?;
        // Whoever may not look is shown the name instead of being refused.
        if realm.0.contains_key("id") {
            return Ok(realm);
        }
        let refusal = Refusal::read(GET, 403, br#"{"error":"only the name of the realm was shown"}"#);
        Err(CallError::Refused(Box::new(refusal)))
    }

    /// Creates a realm, whose name is in `realm`.
    pub(crate) async fn create(self, by: By<'_>, realm: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("realm.create", Class::Write, "create-realm (of the realm master)");
        self.0.carry_out(Call::new(KIND, Method::POST, ["admin", "realms"]).by(by).json(realm)).await
    }

    pub(crate) async fn put(self, by: By<'_>, realm: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("realm.update", Class::Write, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &[]).by(by).json(realm)).await
    }

    /// The groups that new users become members of.
    pub(crate) async fn default_groups(self) -> Result<Vec<GroupId>, CallError> {
        const KIND: Kind = Kind::new("realm.default_groups", Class::Read, "view-realm");
        #[derive(Deserialize)]
        struct Row {
            id: GroupId,
        }
        let groups: Vec<Row> = self.0.read(self.0.get(KIND, &["default-groups"])).await?;
        Ok(groups.into_iter().map(|group| group.id).collect())
    }

    /// Makes new users members of a group.
    pub(crate) async fn add_default_group(self, by: By<'_>, id: &GroupId) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("realm.add_default_group", Class::Idempotent, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["default-groups", id.as_str()]).by(by)).await
    }

    /// What users have and who may change it.
    pub(crate) async fn profile(self) -> Result<Full, CallError> {
        const KIND: Kind = Kind::new("realm.profile", Class::Read, "view-realm");
        self.0.read(self.0.get(KIND, &["users", "profile"])).await
    }

    pub(crate) async fn put_profile(self, by: By<'_>, profile: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("realm.update_profile", Class::Write, "manage-realm");
        self.0.carry_out(self.0.call(KIND, Method::PUT, &["users", "profile"]).by(by).json(profile)).await
    }

    /// Something that users can be asked to do at the next login. Its alias is written in capitals.
    pub(crate) async fn required_action(self, alias: &str) -> Result<Option<Full>, CallError> {
        const KIND: Kind = Kind::new("realm.required_action", Class::Read, "view-realm");
        self.0.find(self.0.get(KIND, &["authentication", "required-actions", alias])).await
    }

    pub(crate) async fn put_required_action(self, by: By<'_>, alias: &str, action: &Full) -> Result<(), CallError> {
        const KIND: Kind = Kind::new("realm.update_required_action", Class::Write, "manage-realm");
        let call = self.0.call(KIND, Method::PUT, &["authentication", "required-actions", alias]);
        self.0.carry_out(call.by(by).json(action)).await
    }
}
