//! The people and groups that `primehub up` starts with, in a realm of Keycloak.

use std::time::Duration;

use anyhow::Context as _;
use primehub_core::identity::IdentityStore as _;
use primehub_graphql_server::KeycloakIdentity;
use primehub_keycloak::KeycloakSettings;
use primehub_memory::demo;
use secrecy::SecretString;

use super::first_token::LoginPage;
use crate::up::Person;

/// How long the realm may take to be read for the first time.
const FIRST_READING: Duration = Duration::from_mins(1);

/// Makes them around the administrator whom the bootstrap has made, each with an API token. `None` if somebody else is in the realm.
pub(super) async fn people(
    settings: KeycloakSettings,
    site: &str,
    password: SecretString,
) -> anyhow::Result<Option<Vec<Person>>> {
    let tokens = LoginPage::new(&settings, site)?;
    let identity = KeycloakIdentity::follow(settings)?;
    let tokens = tokens.exchanged_by(identity.tokens.clone());
    tokio::time::timeout(FIRST_READING, identity.store.loaded())
        .await
        .with_context(|| format!("the realm could not be read within {} s", FIRST_READING.as_secs()))?;
    let directory = identity.store.directory();
    let mut there = directory.people_from(0);
    let administrator = match (there.next(), there.next()) {
        (Some(one), None) if &*one.username == demo::ADMINISTRATOR_NAME => one.id.clone(),
        _ => return Ok(None),
    };
    let people = demo::people_and_groups_around(&identity.store, &tokens, &administrator, password)
        .await
        .context("the demo is unfinished; remove its people and groups, or the realm, before it is made again")?;
    Ok(Some(people.iter().map(Person::of).collect()))
}
