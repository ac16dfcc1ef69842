//! Exported and imported.

use crate::running::{Place, run, text};

#[tokio::test(flavor = "multi_thread")]
async fn people_log_in_where_they_were_imported() {
    let (old, new) = (Place::new(), Place::new());
    let running = old.start();
    let password = running.person("ada")["password"].as_str().unwrap().to_owned();
    let api_token = running.person("ada")["api_token"].as_str().unwrap().to_owned();
    assert!(running.end().success());

    let files = old.path("files");
    let (succeeded, told) = run(&["export", "--data-dir", text(&old.data()), "--to", text(&files)]);
    assert!(succeeded && told.contains("6 accounts and 3 groups"), "{told}");
    let (succeeded, told) = run(&["import", "--data-dir", text(&new.data()), "--from", text(&files)]);
    assert!(succeeded && told.contains("6 accounts and 3 groups"), "{told}");

    let running = new.start();
    assert!(running.up["people"].as_array().unwrap().is_empty(), "nobody new was made");
    let log_in = [("grant_type", "password"), ("username", "ada"), ("password", password.as_str())];
    let tokens = running.token(&log_in).await;
    assert!(tokens["access_token"].is_string(), "{tokens}");
    let refused = running.token(&[("grant_type", "refresh_token"), ("refresh_token", &api_token)]).await;
    assert_eq!(refused["error"], "invalid_grant", "API tokens do not come along");
}

#[test]
fn mistakes_are_told() {
    let place = Place::new();
    let (succeeded, told) = run(&["export", "--data-dir", text(&place.data()), "--to", text(&place.path("files"))]);
    assert!(!succeeded && told.contains("nothing is kept in"), "{told}");
    let (succeeded, told) = run(&["import", "--data-dir", text(&place.data()), "--from", text(&place.path("files"))]);
    assert!(!succeeded && told.contains("realm.json"), "{told}");
}
