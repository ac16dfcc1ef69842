//! Writes of realm roles.

use primehub_core::identity::{Actor, Applied, IdentityError, Key, Role, RoleKey, Written, values};

use super::{Store, by};
use crate::admin::{Full, RoleReference};
use crate::invitations;

impl Store {
    pub(super) async fn ensure_role(&self, actor: &Actor, role: &Role) -> Result<Written<Applied>, IdentityError> {
        self.writable()?;
        let RoleKey::Realm(name) = &role.key else {
            return Err(IdentityError::Unsupported { operation: "creating the role of a client" });
        };
        values::check_role_name(name)?;
        refuse_storage(name)?;
        values::check_role_attributes(&role.attributes, &self.capabilities())?;
        let key = Key::Role(role.key.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        if self.mirror.directory().role(&role.key).is_some() {
            return Ok(Written { value: Applied::Unchanged, revision: self.mirror.directory().revision() });
        }
        let mut contained = Vec::new();
        for inner in &role.composites {
            contained.push(self.composite_reference(inner).await?);
        }
        let mut full = Full::default();
        full.set("name", &**name);
        full.set_attributes(&role.attributes);
        let roles = self.keycloak.roles();
        let value = match roles.create(by(actor), &full).await {
            Ok(()) => Applied::Changed,
            Err(error) if error.status() == Some(409) => Applied::Unchanged,
            Err(error) => return Err(error.into_identity(Some(&key))),
        };
        if value == Applied::Changed && !contained.is_empty() {
            let partial = |failed: String| IdentityError::Partial {
                done: vec![format!("the role {name} was created")],
                failed: format!("adding the roles that it contains: {failed}"),
            };
            let (_, created) = self.role_reference(&role.key).await.map_err(|error| partial(error.to_string()))?;
            let added = roles.add_composites(by(actor), &created.id, &contained).await;
            added.map_err(|error| partial(error.to_string()))?;
        }
        let revision = self.mirror.reread(&[key]).await.map_err(|error| error.into_identity(None))?;
        Ok(Written { value, revision })
    }

    async fn composite_reference(&self, role: &RoleKey) -> Result<RoleReference, IdentityError> {
        let (_, reference) = self.role_reference(role).await?;
        Ok(reference)
    }

    pub(super) async fn delete_role(&self, actor: &Actor, role: &RoleKey) -> Result<Written<Applied>, IdentityError> {
        self.writable()?;
        let RoleKey::Realm(name) = role else {
            return Err(IdentityError::Unsupported { operation: "deleting the role of a client" });
        };
        refuse_storage(name)?;
        if **name == format!("default-roles-{}", self.keycloak.settings().realm.to_lowercase()) {
            return Err(IdentityError::invalid("role", "is the one that every account has"));
        }
        let key = Key::Role(role.clone());
        let _guard = self.mirror.lock(std::slice::from_ref(&key)).await;
        let roles = self.keycloak.roles();
        let value = match roles.delete(by(actor), name).await {
            Ok(()) => Applied::Changed,
            Err(error) if error.is_absent() => Applied::Unchanged,
            Err(error) if error.status() == Some(500) && matches!(roles.get(name).await, Ok(None)) => Applied::Changed,
            Err(error) => return Err(error.into_identity(Some(&key))),
        };
        let revision = self.mirror.publish(|draft| draft.remove_role(role));
        Ok(Written { value, revision })
    }
}

/// Roles in which invitations are kept are none that anybody may hold or delete.
pub(super) fn refuse_storage(name: &str) -> Result<(), IdentityError> {
    if invitations::is_storage(name) {
        return Err(IdentityError::invalid("role", "has a name that is reserved for invitations"));
    }
    Ok(())
}
