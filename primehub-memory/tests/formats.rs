//! Every format of a realm that was ever released can still be opened, with everything in it.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::path::Path;
use std::sync::Arc;

use primehub_core::clock::ManualClock;
use primehub_core::identity::{GroupSettings, IdentityStore as _, InvitationId, RoleKey, UserSettings};
use primehub_memory::identity::{MemoryIdentityStore, PasswordCheck, RealmSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};
use rstest::rstest;
use secrecy::ExposeSecret as _;

#[rstest]
#[case::format_1("realm-1")]
#[tokio::test]
async fn a_realm_of_an_older_format_opens_whole(#[case] sample: &str) {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("data");
    std::fs::create_dir(&folder).unwrap();
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(sample).join("primehub.redb");
    std::fs::copy(kept, folder.join("primehub.redb")).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.clock = Arc::new(ManualClock::new("2026-01-10T00:00:00Z".parse().unwrap()));
    let store =
        MemoryIdentityStore::open(settings, DataDirectory::open(&folder, &OpenOptions::new()).unwrap()).unwrap();

    let directory = store.directory();
    let amy = directory.user_named("amy").unwrap();
    assert_eq!((amy.email.as_deref(), amy.first_name.as_deref()), (Some("amy@example.com"), Some("Amy")));
    assert_eq!(amy.required_actions, ["UPDATE_PASSWORD"]);
    assert_eq!(UserSettings::of(&amy.attributes).volume_capacity.unwrap().to_string(), "7G");
    let groups: Vec<_> = directory.groups_of(&amy.id).map(|group| group.name.to_string()).collect();
    assert_eq!(groups, ["Vision_Lab", "everyone"]);
    let team = directory.group_named("Vision_Lab").unwrap();
    assert!(team.is_administered_by("zoe") && !GroupSettings::of(&team.attributes).enabled_shared_volume);
    assert!(directory.group_has_role(&team.id, &RoleKey::realm("img:pytorch-1")));
    assert!(directory.is_administrator(&amy.id));
    assert_eq!(directory.people_count(), 1);
    assert!(directory.user_named("service-account-admin-ui").is_some());
    assert_eq!(directory.realm().display_name.as_deref(), Some("Sample"));
    assert!(directory.invitation(&InvitationId::of_token("a sample")).is_some());
    assert_eq!(store.mail_password().unwrap().expose_secret(), "a sample");
    assert_eq!(store.ensure_secret("client/hub", || "new".into()).await.unwrap().expose_secret(), "a sample");
    assert!(matches!(store.verify_password("amy", &"a sample".into()).await, Ok(PasswordCheck::Correct(_))));
    assert_eq!(
        store.api_token_counts(std::slice::from_ref(&amy.id)).await.unwrap().get(&amy.id),
        Some(&1),
        "a login is there"
    );
}
