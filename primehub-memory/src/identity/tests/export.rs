//! A realm as readable files, and back.

use primehub_core::identity::{Binding, Edit, Invitation, InvitationId, NewInvitation, NewPassword, RealmEdit};
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::identity::{PasswordCheck, export, import, records};
use crate::persistence::{Change, DataDirectory, OpenOptions};

fn settings() -> RealmSettings {
    let mut settings = RealmSettings::new("primehub", "admin-ui");
    settings.clock = clock();
    settings.password_cost = PasswordCost::lowest();
    settings
}

fn data(place: &std::path::Path) -> DataDirectory {
    DataDirectory::open(place, &OpenOptions::new()).unwrap()
}

/// Everything that is exported of a store, by name.
fn content(store: &MemoryIdentityStore) -> Vec<(String, Value)> {
    let exported = |key: &String| !key.starts_with("secret/") && !key.starts_with("session/");
    let records = records::all(&store.state()).into_iter().filter(|change| exported(&change.key));
    let mut content: Vec<_> = records
        .map(|Change { key, value }| {
            let mut value: Value = serde_json::from_slice(&value.unwrap()).unwrap();
            value.get_mut("smtp").and_then(Value::as_object_mut).map(|smtp| smtp.remove("password"));
            (key, value)
        })
        .collect();
    content.sort_by(|one, other| one.0.cmp(&other.0));
    content
}

/// A realm with a bit of everything, exported; answers what was in it.
async fn exported(place: &std::path::Path) -> Vec<(String, Value)> {
    let by = service();
    let store = MemoryIdentityStore::open(settings(), data(&place.join("data"))).unwrap();
    let amy = store.create_user(&by, with_email("amy", "amy@example.com")).await.unwrap().value;
    let team = add_group(&store, "team").await;
    store.bind(&by, &[Binding::Join { user: amy.id.clone(), group: team.id.clone() }]).await.unwrap();
    store.set_password(&by, &amy.id, NewPassword::lasting(secret("pa55word-in-clear"))).await.unwrap();
    store.ensure_secret("client/hub", || secret("cl1ent-secret")).await.unwrap();
    let smtp = [("password", "ma1l-secret"), ("host", "h"), ("from", "a@b"), ("auth", "true")]
        .map(|(key, value)| (key.to_owned(), Edit::Set(value.to_owned())));
    store.edit_realm(&by, RealmEdit { smtp: smtp.into(), ..RealmEdit::default() }).await.unwrap();
    let invitation = Invitation::new(InvitationId::of_token("t0ken"), team.id.clone(), Timestamp::MAX);
    store.put_invitation(&by, NewInvitation::new(invitation)).await.unwrap();
    let content = content(&store);
    drop(store);
    export(&data(&place.join("data")), &place.join("files")).unwrap();
    content
}

#[tokio::test]
async fn a_realm_comes_back_from_its_files_which_have_no_secret() {
    let place = tempfile::tempdir().unwrap();
    let before = exported(place.path()).await;
    let files = place.path().join("files");
    for entry in std::fs::read_dir(&files).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for secret in ["pa55word", "cl1ent", "ma1l", "t0ken", "*****"] {
            assert!(!text.contains(secret), "{secret} is in {text}");
        }
    }
    #[cfg(unix)]
    for (path, expected) in [(files.clone(), 0o700), (files.join("passwords.json"), 0o600)] {
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
        assert_eq!(mode & 0o777, expected);
    }

    let summary = import(settings(), &files, data(&place.path().join("new"))).unwrap();
    assert_eq!((summary.users, summary.groups), (1, 2));
    let store = MemoryIdentityStore::open(settings(), data(&place.path().join("new"))).unwrap();
    assert_eq!(content(&store), before);
    let check = store.verify_password("amy", &secret("pa55word-in-clear")).await;
    assert!(matches!(check, Ok(PasswordCheck::Correct(_))));
}

#[tokio::test]
async fn what_is_there_is_not_written_over() {
    let place = tempfile::tempdir().unwrap();
    exported(place.path()).await;
    let (old, files) = (place.path().join("data"), place.path().join("files"));
    assert!(export(&data(&old), &files).unwrap_err().to_string().contains("is there already"));
    assert!(import(settings(), &files, data(&old)).unwrap_err().to_string().contains("holds a realm already"));
}

type File = serde_json::Map<String, Value>;

#[rstest]
#[case::newer("realm.json", |file: &mut File| drop(file.insert("format".into(), json!(2))), "form 2")]
#[case::malformed("realm.json", |file: &mut File| drop(file.remove("format")), "realm.json cannot be read: missing field `format`")]
#[case::other_realm("realm.json", |file: &mut File| file["realm"]["name"] = json!("master"), "\"master\", not \"primehub\"")]
#[case::no_everyone("realm.json", |file: &mut File| file["realm"]["everyone"] = json!("x"), "no group has the id")]
#[case::unknown_field("users.json", |file: &mut File| first(file)["shoeSize"] = json!(43), "unknown field `shoeSize`")]
#[case::unknown_group("users.json", |file: &mut File| first(file)["groups"] = json!(["x"]), "groups names \"x\", which is in no file")]
#[case::unknown_role("groups.json", |file: &mut File| first(file)["roles"] = json!(["x"]), "roles names \"x\"")]
#[case::twice("users.json", |file: &mut File| copy(file), "another user is called \"amy\" too")]
#[case::password_of_nobody("passwords.json", |file: &mut File| copy(file), "passwords.json, \"x\": it belongs to nothing")]
#[case::password_in_clear("passwords.json", |file: &mut File| *first(file) = json!("secret"), "a password hash is written as")]
#[tokio::test]
async fn mistakes_are_named_and_leave_nothing(
    #[case] file: &str,
    #[case] spoil: impl FnOnce(&mut File),
    #[case] expected: &str,
) {
    let place = tempfile::tempdir().unwrap();
    exported(place.path()).await;
    let path = place.path().join("files").join(file);
    let mut content = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    spoil(&mut content);
    std::fs::write(&path, Value::Object(content).to_string()).unwrap();
    let error = import(settings(), &place.path().join("files"), data(&place.path().join("new"))).unwrap_err();
    assert!(error.to_string().contains(expected), "{error}");
    assert!(data(&place.path().join("new")).scan("").unwrap().next().is_none(), "the folder is still empty");
}

fn copy(file: &mut File) {
    let other = first(file).clone();
    file.insert("x".into(), other);
}

fn first(file: &mut File) -> &mut Value {
    file.values_mut().next().unwrap()
}
