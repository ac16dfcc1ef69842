//! The store as its users see it: through the trait.

mod bindings;
mod concurrency;
mod credentials;
mod export;
mod feed;
mod groups;
mod invitations;
mod kept;
mod mail;
mod opening;
mod realm;
mod rights;
mod roles;
mod users;

use std::sync::Arc;

use jiff::Timestamp;
use primehub_core::clock::ManualClock;
use primehub_core::identity::{
    Actor, Attributes, Directory, Group, IdentityError, IdentityStore as _, NewGroup, NewUser, User,
};
use secrecy::SecretString;

use super::{MemoryIdentityStore, PasswordCost, RealmSettings};

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH))
}

fn store_at(clock: Arc<ManualClock>) -> Arc<MemoryIdentityStore> {
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.clock = clock;
    settings.password_cost = PasswordCost::lowest();
    Arc::new(MemoryIdentityStore::new(settings))
}

fn store() -> Arc<MemoryIdentityStore> {
    store_at(clock())
}

fn service() -> Actor {
    Actor::service()
}

fn person(user: &User) -> Actor {
    Actor::Person { id: user.id.clone(), token: secret("token") }
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text.to_owned())
}

fn new_user(username: &str) -> NewUser {
    NewUser::new(username.parse().unwrap())
}

fn with_email(username: &str, email: &str) -> NewUser {
    let mut new = new_user(username);
    new.email = Some(email.to_owned());
    new
}

fn new_group(name: &str) -> NewGroup {
    NewGroup::new(name.parse().unwrap())
}

fn attributes(name: &str, values: &[&str]) -> Attributes {
    let mut attributes = Attributes::default();
    attributes.set(name, texts(values));
    attributes
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

async fn add_user(store: &MemoryIdentityStore, username: &str) -> Arc<User> {
    store.create_user(&service(), new_user(username)).await.unwrap().value
}

async fn add_group(store: &MemoryIdentityStore, name: &str) -> Arc<Group> {
    store.create_group(&service(), new_group(name)).await.unwrap().value
}

/// Gives an account an address that another has as name, which only a realm read from files may hold.
async fn collide(store: &MemoryIdentityStore, user: &Arc<User>, email: &str) {
    let write = |draft: &mut super::draft::Draft<'_>| {
        let mut colliding = User::clone(user);
        colliding.email = Some(email.to_owned());
        Ok(draft.replace_user(user.clone(), colliding))
    };
    store.write(&service(), write).await.unwrap();
}

/// The field that an error complains about.
fn field_of(error: &IdentityError) -> Option<&str> {
    match error {
        IdentityError::Invalid { field, .. } => Some(field),
        _ => None,
    }
}

/// What a failed write must not change.
fn unchanged(before: &Arc<Directory>, store: &MemoryIdentityStore) -> bool {
    Arc::ptr_eq(before, &store.directory())
}
