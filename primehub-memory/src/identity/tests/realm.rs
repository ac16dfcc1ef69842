use primehub_core::identity::{Edit, IdentityStore as _, PASSWORD_MASK, RealmEdit};
use rstest::rstest;
use secrecy::ExposeSecret as _;

use super::*;

fn smtp(entries: &[(&str, Edit<String>)]) -> RealmEdit {
    let smtp = entries.iter().map(|(key, edit)| ((*key).to_owned(), edit.clone())).collect();
    RealmEdit { smtp, ..RealmEdit::default() }
}

fn to(text: &str) -> Edit<String> {
    Edit::Set(text.to_owned())
}

#[tokio::test]
async fn an_edit_keeps_what_it_does_not_name() {
    let store = store();
    let everyone = store.directory().everyone_id().clone();
    let edit = RealmEdit {
        display_name: to("Lab"),
        ..smtp(&[("host", to("mail.example.com")), ("from", to("a@b")), ("x-own", to("1"))])
    };
    store.edit_realm(&service(), edit).await.unwrap();
    let edit = RealmEdit { display_name_html: to(&"x".repeat(3_000)), ..smtp(&[("host", Edit::Clear)]) };
    let realm = store.edit_realm(&service(), edit).await.unwrap().value;
    assert_eq!(*realm, *store.directory().realm());
    assert_eq!(realm.display_name.as_deref(), Some("Lab"));
    assert_eq!(realm.display_name_html.as_ref().map(String::len), Some(3_000));
    assert_eq!(realm.smtp, [("from".to_owned(), "a@b".to_owned()), ("x-own".to_owned(), "1".to_owned())].into());
    assert!(realm.default_groups.contains(&everyone));
}

#[rstest]
#[case::text(to("Lab"), Some("Lab"))]
#[case::empty(to(""), None)]
#[case::cleared(Edit::Clear, None)]
#[case::kept(Edit::Keep, Some("before"))]
#[tokio::test]
async fn an_empty_display_name_is_none(#[case] edit: Edit<String>, #[case] stored: Option<&str>) {
    let store = store();
    let before = RealmEdit { display_name: to("before"), display_name_html: to("before"), ..RealmEdit::default() };
    store.edit_realm(&service(), before).await.unwrap();
    let edit = RealmEdit { display_name: edit.clone(), display_name_html: edit, ..RealmEdit::default() };
    let realm = store.edit_realm(&service(), edit).await.unwrap().value;
    assert_eq!((realm.display_name.as_deref(), realm.display_name_html.as_deref()), (stored, stored));
}

#[tokio::test]
async fn the_mail_password_is_never_shown() {
    let store = store();
    // Without a sender there are no mail settings, and without a login no password.
    store.edit_realm(&service(), smtp(&[("from", to("a@b")), ("auth", to("true"))])).await.unwrap();
    let password = || store.mail_password().map(|password| password.expose_secret().to_owned());
    let shown = || store.directory().realm().smtp.get("password").cloned();
    for (edit, stored) in [
        (to(PASSWORD_MASK), None),
        (to("geheim"), Some("geheim")),
        (to(PASSWORD_MASK), Some("geheim")),
        (Edit::Keep, Some("geheim")),
        (to("neu"), Some("neu")),
        (to(""), None),
        (to("geheim"), Some("geheim")),
        (Edit::Clear, None),
    ] {
        store.edit_realm(&service(), smtp(&[("password", edit.clone())])).await.unwrap();
        assert_eq!(password().as_deref(), stored, "{edit:?}");
        assert_eq!(shown().as_deref(), stored.map(|_| PASSWORD_MASK), "{edit:?}");
    }
    assert!(!format!("{:?}", store.directory()).contains("geheim"));
}

#[tokio::test]
async fn without_a_login_there_is_no_mail_password() {
    let store = store();
    let edit = smtp(&[("from", to("a@b")), ("auth", to("true")), ("user", to("robot")), ("password", to("geheim"))]);
    store.edit_realm(&service(), edit).await.unwrap();
    assert!(store.mail_password().is_some());
    let realm = store.edit_realm(&service(), smtp(&[("auth", Edit::Clear)])).await.unwrap().value;
    assert_eq!(realm.smtp, [("from".to_owned(), "a@b".to_owned())].into());
    assert!(store.mail_password().is_none());
}

#[rstest]
#[case::display_name(RealmEdit { display_name: to(&"x".repeat(256)), ..RealmEdit::default() }, "displayName")]
#[case::html(RealmEdit { display_name_html: to("\0"), ..RealmEdit::default() }, "displayNameHtml")]
#[case::header_injection(smtp(&[("from", to("a@b\r\nbcc: c@d"))]), "from")]
#[case::long_value(smtp(&[("host", to(&"x".repeat(256)))]), "host")]
#[case::long_key(smtp(&[(&"x".repeat(256), to("1"))]), "smtp")]
#[case::no_sender(smtp(&[("host", to("mail"))]), "from")]
#[case::malformed_reply_to(smtp(&[("from", to("a@b")), ("replyTo", to("b"))]), "replyTo")]
#[case::second_of_two(smtp(&[("host", to("mail")), ("user", to("\n"))]), "user")]
#[case::beside_a_password(smtp(&[("password", to("new")), ("user", to("\n"))]), "user")]
#[tokio::test]
async fn values_that_do_not_fit_are_refused(#[case] edit: RealmEdit, #[case] field: &str) {
    let store = store();
    let before = store.directory();
    let error = store.edit_realm(&service(), edit).await.unwrap_err();
    assert_eq!(field_of(&error), Some(field));
    assert!(unchanged(&before, &store) && store.mail_password().is_none());
}
