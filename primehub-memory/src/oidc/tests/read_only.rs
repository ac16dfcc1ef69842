//! Pages and tokens over a store that can only be read.

use std::path::Path;

use super::World;
use super::browser::{ACCOUNT, Browser, request};
use crate::identity::{MemoryIdentityStore, RealmSettings};
use crate::persistence::{DataDirectory, OpenOptions};

async fn world(folder: &Path, read_only: bool) -> World {
    let open = |realm| {
        let data = DataDirectory::open(folder, &OpenOptions::new().read_only(read_only)).unwrap();
        MemoryIdentityStore::open(realm, data).unwrap()
    };
    World::over(RealmSettings::new("primehub", "admin-ui"), open, |_| {}).await
}

#[tokio::test]
async fn whoever_is_logged_in_goes_on_and_the_others_are_told_why_not() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    let before = world(&folder, false).await;
    let mut browser = before.browser();
    browser.code(&[]).await;
    let cookies = browser.cookies.clone();
    drop(before);

    let world = world(&folder, true).await;
    let refused = world.browser().log_in_at(&request(&[]), "alice", "wonder").await;
    assert_eq!(refused.status, 503);
    assert!(refused.html().contains("Changes cannot be saved at the moment."), "{}", refused.html());
    let grant = world.log_in("alice", "wonder", "").await;
    assert_eq!(grant.error(), (503, "temporarily_unavailable", "Nothing can be stored at the moment"));

    let mut browser = Browser { world: &world, cookies, headers: Vec::new() };
    assert_eq!(world.exchange(&browser.get(&request(&[])).await.parameter("code")).await.status, 200);
    let change = browser.get(ACCOUNT).await.forms_to("account/password").remove(0);
    let typed = [("password", "wonder"), ("password-new", "wonderland"), ("password-confirm", "wonderland")];
    let page = browser.submit(&change, &typed).await;
    assert_eq!(page.status, 503);
    assert!(page.html().contains("Changes cannot be saved at the moment."), "{}", page.html());
    let out = browser.get(ACCOUNT).await.forms_to("account/logout").remove(0);
    assert_eq!(browser.submit(&out, &[]).await.status, 503, "nobody is told that they are logged out");
    assert_eq!(browser.get(&request(&[])).await.status, 302);
}
