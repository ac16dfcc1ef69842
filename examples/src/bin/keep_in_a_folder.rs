//! Keeps people and logins in a folder, so that a restart loses nothing: what `primehub up --data-dir` does, in a few lines of your own.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use primehub_core::identity::token::TokenIssuer as _;
use primehub_core::identity::{Actor, IdentityStore as _, NewPassword, NewUser};
use primehub_memory::identity::{MemoryIdentityStore, RealmSettings};
use primehub_memory::oidc::{OpenIdProvider, ProviderSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let api_token = {
        let (store, provider) = start(folder.path()).await?;
        let amy = store.create_user(&Actor::service(), NewUser::new("amy".parse()?)).await?.value;
        store.set_password(&Actor::service(), &amy.id, NewPassword::lasting("correct horse".into())).await?;
        provider.mint_api_token(&amy.id).await?
    };

    // Everything is gone but the folder.
    let (store, provider) = start(folder.path()).await?;
    let directory = store.directory();
    let amy = directory.user_named("amy").context("amy was kept")?;
    provider.log_in("amy", &"correct horse".into()).await?;
    provider.exchange_api_token(&api_token).await?;
    println!("{} is still there, the password and the API token work", amy.username);
    Ok(())
}

/// The store, and the OpenID provider in front of it. Its signing keys are kept in the folder as well; so is the secret of the client.
async fn start(folder: &Path) -> anyhow::Result<(Arc<MemoryIdentityStore>, OpenIdProvider)> {
    let realm = RealmSettings::new("primehub", "admin-ui");
    let data = DataDirectory::open(folder, &OpenOptions::new())?;
    let store = Arc::new(MemoryIdentityStore::open(realm.clone(), data)?);
    let secret = store.ensure_secret("client/admin-ui", || uuid::Uuid::new_v4().to_string().into()).await?;
    let settings = ProviderSettings::new(&realm, "http://127.0.0.1:8180", secret);
    let provider = OpenIdProvider::start(store.clone(), settings).await?;
    Ok((store, provider))
}
