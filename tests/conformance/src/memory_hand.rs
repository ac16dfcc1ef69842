//! The other hand of the store in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{
    Actor, AttributeEdit, AttributeEdits, Binding, Edit, GroupEdit, IdentityStore as _, NewGroup, NewUser, RealmEdit,
    Role, RoleKey, Subject, UserEdit,
};
use primehub_core::names::{GroupId, UserId};
use primehub_memory::identity::MemoryIdentityStore;
use primehub_memory::oidc::OpenIdProvider;
use secrecy::{ExposeSecret as _, SecretString};

use crate::context::{parsed, texts};
use crate::{Failure, HandedUser, OtherHand};

const NESTED: &str = "the store in memory makes no nested groups";
const RENAMED: &str = "groups in memory keep their names";
const DESCRIBED: &str = "groups in memory have no description";
const NAMED: &str = "groups in memory have names that PrimeHub allows";
const COLLIDING: &str = "the store in memory makes no two groups of one path";
const DEFAULT: &str = "the default groups in memory are those of the start";
const VERIFIED: &str = "nothing verifies an e-mail address in memory";
const ONE_TIME: &str = "nothing registers a one-time-password generator in memory";
const ACTIONS: &str = "required actions in memory come from settings and temporary passwords";
const ORIGINAL: &str = "the original never kept anything in memory";

/// The cases that need one of these.
pub(crate) const CASES: &[(&str, &str)] = &[
    ("adoption/a_nested_group_is_no_group_of_prime_hub", NESTED),
    ("adoption/a_deleted_group_takes_its_nested_groups_along", NESTED),
    ("administrators/nested_groups_inherit_the_role", NESTED),
    ("adoption/a_group_is_renamed", RENAMED),
    ("adoption/a_description_survives_edits", DESCRIBED),
    ("adoption/groups_may_have_any_name", NAMED),
    ("adoption/groups_of_one_path_are_both_shown", COLLIDING),
    ("realm/a_default_group_is_joined_by_new_users", DEFAULT),
    ("user_edits/a_new_address_is_not_verified", VERIFIED),
    ("adoption/a_verified_address_stays_verified", VERIFIED),
    ("passwords/one_time_passwords_are_removed", ONE_TIME),
    ("adoption/required_actions_survive_edits", ACTIONS),
    ("adoption/an_invitation_of_the_original_is_taken", ORIGINAL),
];

/// A second handle on the same store.
pub(crate) struct MemoryHand {
    pub(crate) store: Arc<MemoryIdentityStore>,
    pub(crate) provider: OpenIdProvider,
}

impl MemoryHand {
    async fn edit(&self, user: &UserId, edit: UserEdit) -> Result<(), Failure> {
        self.store.edit_user(&Actor::service(), user, edit).await?;
        Ok(())
    }

    async fn bind(&self, edit: Binding) -> Result<(), Failure> {
        for outcome in self.store.bind(&Actor::service(), &[edit]).await? {
            outcome?;
        }
        Ok(())
    }
}

fn attribute(name: &str, values: &[&str]) -> AttributeEdits {
    let mut edits = AttributeEdits::default();
    edits.put(name, AttributeEdit::Set(texts(values)));
    edits
}

#[async_trait]
impl OtherHand for MemoryHand {
    async fn create_user(&self, user: HandedUser) -> Result<UserId, Failure> {
        if user.email_verified {
            return Err(Failure::DoesNotArise(VERIFIED));
        }
        if !user.required_actions.is_empty() {
            return Err(Failure::DoesNotArise(ACTIONS));
        }
        let mut new = NewUser::new(parsed(&user.username.to_lowercase())?);
        (new.email, new.first_name, new.last_name) = (user.email, user.first_name, user.last_name);
        new.attributes = user.attributes;
        Ok(self.store.create_user(&Actor::service(), new).await?.value.id.clone())
    }

    async fn delete_user(&self, user: &UserId) -> Result<(), Failure> {
        self.store.delete_user(&Actor::service(), user).await?;
        Ok(())
    }

    async fn set_enabled(&self, user: &UserId, enabled: bool) -> Result<(), Failure> {
        self.edit(user, UserEdit { enabled: Some(enabled), ..UserEdit::default() }).await
    }

    async fn set_email(&self, user: &UserId, email: &str) -> Result<(), Failure> {
        self.edit(user, UserEdit { email: Edit::Set(email.to_owned()), ..UserEdit::default() }).await
    }

    async fn set_user_attribute(&self, user: &UserId, name: &str, values: &[&str]) -> Result<(), Failure> {
        self.edit(user, UserEdit { attributes: attribute(name, values), ..UserEdit::default() }).await
    }

    async fn add_one_time_password(&self, _user: &UserId) -> Result<(), Failure> {
        Err(Failure::DoesNotArise(ONE_TIME))
    }

    async fn create_group(&self, name: &str, parent: Option<&GroupId>) -> Result<GroupId, Failure> {
        if parent.is_some() {
            return Err(Failure::DoesNotArise(NESTED));
        }
        let Ok(new) = name.parse().map(NewGroup::new) else { return Err(Failure::DoesNotArise(NAMED)) };
        if self.store.directory().groups_with_path(&new.name.path()).next().is_some() {
            return Err(Failure::DoesNotArise(COLLIDING));
        }
        Ok(self.store.create_group(&Actor::service(), new).await?.value.id.clone())
    }

    async fn delete_group(&self, group: &GroupId) -> Result<(), Failure> {
        self.store.delete_group(&Actor::service(), group).await?;
        Ok(())
    }

    async fn rename_group(&self, _group: &GroupId, _name: &str) -> Result<(), Failure> {
        Err(Failure::DoesNotArise(RENAMED))
    }

    async fn describe_group(&self, _group: &GroupId, _description: &str) -> Result<(), Failure> {
        Err(Failure::DoesNotArise(DESCRIBED))
    }

    async fn set_group_attribute(&self, group: &GroupId, name: &str, values: &[&str]) -> Result<(), Failure> {
        let edit = GroupEdit { attributes: attribute(name, values), ..GroupEdit::default() };
        self.store.edit_group(&Actor::service(), group, edit).await?;
        Ok(())
    }

    async fn join(&self, user: &UserId, group: &GroupId) -> Result<(), Failure> {
        self.bind(Binding::Join { user: user.clone(), group: group.clone() }).await
    }

    async fn leave(&self, user: &UserId, group: &GroupId) -> Result<(), Failure> {
        self.bind(Binding::Leave { user: user.clone(), group: group.clone() }).await
    }

    async fn add_default_group(&self, _group: &GroupId) -> Result<(), Failure> {
        Err(Failure::DoesNotArise(DEFAULT))
    }

    async fn create_role(&self, name: &str, composites: &[RoleKey]) -> Result<(), Failure> {
        let mut role = Role::new(RoleKey::realm(name));
        role.composites.extend(composites.iter().cloned());
        self.store.ensure_role(&Actor::service(), role).await?;
        Ok(())
    }

    async fn delete_role(&self, name: &str) -> Result<(), Failure> {
        self.store.delete_role(&Actor::service(), &RoleKey::realm(name)).await?;
        Ok(())
    }

    async fn grant(&self, to: &Subject, role: &RoleKey) -> Result<(), Failure> {
        self.bind(Binding::Grant { to: to.clone(), role: role.clone() }).await
    }

    async fn revoke(&self, from: &Subject, role: &RoleKey) -> Result<(), Failure> {
        self.bind(Binding::Revoke { from: from.clone(), role: role.clone() }).await
    }

    async fn set_display_name(&self, name: &str) -> Result<(), Failure> {
        let edit = RealmEdit { display_name: Edit::Set(name.to_owned()), ..RealmEdit::default() };
        self.store.edit_realm(&Actor::service(), edit).await?;
        Ok(())
    }

    async fn working_mail_settings(&self) -> Result<BTreeMap<String, String>, Failure> {
        let settings = [("host", "mail.example.com"), ("from", "primehub@example.com")];
        Ok(settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into())
    }

    async fn messages_to(&self, address: &str) -> Result<usize, Failure> {
        Ok(self.store.outbox().iter().filter(|message| message.to == address).count())
    }

    async fn mail_password(&self) -> Result<Option<String>, Failure> {
        Ok(self.store.mail_password().map(|password| password.expose_secret().to_owned()))
    }

    async fn issue_api_token(&self, user: &UserId) -> Result<SecretString, Failure> {
        self.provider.mint_api_token(user).await.map_err(Failure::broken)
    }

    async fn api_token_works(&self, token: &SecretString) -> Result<bool, Failure> {
        Ok(self.provider.exchange_api_token(token).await.is_ok())
    }

    async fn put_original_invitation(&self, _: &str, _: &GroupId, _: Timestamp) -> Result<(), Failure> {
        Err(Failure::DoesNotArise(ORIGINAL))
    }
}
