//! The people and groups that `primehub up` starts with, in a realm of Keycloak.

use std::time::Duration;

use anyhow::{Context as _, bail};
use futures::StreamExt as _;
use primehub_core::identity::{Freshness, IdentityStore};
use primehub_graphql_server::KeycloakIdentity;
use primehub_keycloak::KeycloakSettings;
use primehub_memory::demo;

use super::first_token::LoginPage;
use crate::up::Person;

/// How long the realm may take to be read for the first time.
const FIRST_READING: Duration = Duration::from_mins(1);

/// Makes them, each with an API token. `None` if somebody is in the realm.
pub(super) async fn people(settings: KeycloakSettings, site: &str) -> anyhow::Result<Option<Vec<Person>>> {
    let tokens = LoginPage::new(&settings, site)?;
    let identity = KeycloakIdentity::follow(settings)?;
    let tokens = tokens.exchanged_by(identity.tokens.clone());
    loaded(&identity.store).await?;
    if identity.store.directory().people_count() > 0 {
        return Ok(None);
    }
    let people = demo::people_and_groups(&identity.store, &tokens)
        .await
        .context("the demo is unfinished; remove its people and groups, or the realm, before it is made again")?;
    Ok(Some(people.iter().map(Person::of).collect()))
}

async fn loaded(store: &dyn IdentityStore) -> anyhow::Result<()> {
    let mut changes = store.changes(None);
    let loaded = async {
        while store.freshness() == Freshness::NotLoaded {
            if changes.next().await.is_none() {
                break;
            }
        }
    };
    match tokio::time::timeout(FIRST_READING, loaded).await {
        Ok(()) => Ok(()),
        Err(_) => bail!("the realm could not be read within {} s", FIRST_READING.as_secs()),
    }
}
