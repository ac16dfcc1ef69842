//! Writes of roles.

use primehub_core::identity::{Applied, IdentityError, Key, Role, RoleKey, values};

use super::super::draft::Draft;

impl Draft<'_> {
    pub(in super::super) fn ensure_role(&mut self, role: Role) -> Result<Applied, IdentityError> {
        let RoleKey::Realm(name) = &role.key else {
            return Err(IdentityError::Unsupported { operation: "creating the role of a client" });
        };
        values::check_role_name(name)?;
        values::check_role_attributes(&role.attributes, &self.rules.limits)?;
        if self.directory.role(&role.key).is_some() {
            return Ok(Applied::Unchanged);
        }
        if let Some(absent) = role.composites.iter().find(|contained| self.directory.role(contained).is_none()) {
            return Err(IdentityError::Absent(Key::Role(absent.clone())));
        }
        self.touch(Key::Role(role.key.clone()));
        self.directory.put_role(role);
        Ok(Applied::Changed)
    }

    pub(in super::super) fn delete_role(&mut self, key: &RoleKey) -> Result<Applied, IdentityError> {
        if let RoleKey::Client { .. } = key {
            return Err(IdentityError::Unsupported { operation: "deleting the role of a client" });
        }
        if *key == self.rules.default_role {
            return Err(IdentityError::invalid("role", "is the one that every account has"));
        }
        if self.directory.role(key).is_none() {
            return Ok(Applied::Unchanged);
        }
        let mut touched = vec![Key::Role(key.clone())];
        touched.extend(self.directory.users_with_role(key).cloned().map(Key::User));
        touched.extend(self.directory.groups_with_role(key).cloned().map(Key::Group));
        let containing = self.directory.roles().filter(|role| role.composites.contains(key));
        touched.extend(containing.map(|role| Key::Role(role.key.clone())));
        self.directory.remove_role(key);
        self.touched.extend(touched);
        Ok(Applied::Changed)
    }
}
