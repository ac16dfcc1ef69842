//! Settings of the realm as a whole.

use std::collections::BTreeMap;

use primehub_core::identity::{Edit, Key, PASSWORD_MASK, RealmEdit};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, invalid, same};

cases! { "realm":
    everyone_is_a_default_group;
    alone:
    an_edit_is_shown_at_once,
    an_edit_keeps_what_it_does_not_name,
    a_cleared_name_is_absent,
    an_edit_without_effect_changes_nothing,
    html_may_have_3000_characters,
    a_name_may_have_255_characters_and_no_more,
    mail_settings_are_edited_key_by_key,
    mail_settings_are_cleared_one_by_one,
    mail_settings_need_a_sender,
    malformed_addresses_of_mail_are_refused,
    user_and_password_go_with_the_login,
    the_mail_password_is_never_shown,
    the_mask_keeps_the_stored_password,
    other_mail_settings_keep_the_password,
    a_cleared_password_is_gone,
    a_refused_edit_changes_nothing,
    a_name_given_elsewhere_is_seen,
    a_name_given_elsewhere_survives_edits,
    a_default_group_is_joined_by_new_users,
}

fn smtp(entries: &[(&str, Edit<String>)]) -> RealmEdit {
    let smtp = entries.iter().map(|(key, edit)| ((*key).to_owned(), edit.clone())).collect();
    RealmEdit { smtp, ..RealmEdit::default() }
}

/// Mail settings that can be stored: with a sender, and with a login, without which the provider keeps neither user nor password.
fn mail(entries: &[(&str, Edit<String>)]) -> RealmEdit {
    let mut edit = smtp(&[("host", to("mail.example.com")), ("from", to("primehub@example.com"))]);
    edit.smtp.extend([("auth", "true"), ("user", "robot")].map(|(key, value)| (key.to_owned(), to(value))));
    edit.smtp.extend(smtp(entries).smtp);
    edit
}

fn to(text: &str) -> Edit<String> {
    Edit::Set(text.to_owned())
}

fn named(name: &str) -> RealmEdit {
    RealmEdit { display_name: to(name), ..RealmEdit::default() }
}

impl Context {
    async fn edit_realm(
        &self,
        edit: RealmEdit,
    ) -> Result<std::sync::Arc<primehub_core::identity::Realm>, crate::Failure> {
        Ok(self.store.edit_realm(&self.by(), edit).await?.value)
    }
}

async fn everyone_is_a_default_group(context: Context) -> Done {
    let directory = context.directory();
    check!(directory.realm().default_groups.contains(directory.everyone_id()));
    check!(directory.everyone().is_some_and(|group| group.parent.is_none()));
    Ok(())
}

async fn an_edit_is_shown_at_once(context: Context) -> Done {
    let written = context.store.edit_realm(&context.by(), named("Lab one")).await?;
    let directory = context.directory();
    same!(directory.realm(), &*written.value);
    same!(written.value.display_name.as_deref(), Some("Lab one"));
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn an_edit_keeps_what_it_does_not_name(context: Context) -> Done {
    let edit = RealmEdit { display_name_html: to("<b>Lab</b>"), ..mail(&[]) };
    let before = context.edit_realm(edit).await?;
    let after = context.edit_realm(named("Lab two")).await?;
    same!(after.display_name.as_deref(), Some("Lab two"));
    same!(after.display_name_html.as_deref(), Some("<b>Lab</b>"));
    same!((&after.smtp, &after.default_groups), (&before.smtp, &before.default_groups));
    let last = context.edit_realm(RealmEdit { display_name_html: to("<i>Lab</i>"), ..RealmEdit::default() }).await?;
    same!(last.display_name.as_deref(), Some("Lab two"));
    Ok(())
}

async fn a_cleared_name_is_absent(context: Context) -> Done {
    context.edit_realm(RealmEdit { display_name_html: to("<b>Lab</b>"), ..named("Lab") }).await?;
    let edit = RealmEdit { display_name: Edit::Clear, display_name_html: Edit::Clear, ..RealmEdit::default() };
    let realm = context.edit_realm(edit).await?;
    same!((&realm.display_name, &realm.display_name_html), (&None, &None));
    context.store.refresh(&[Key::Realm]).await?;
    same!(context.directory().realm(), &*realm);
    Ok(())
}

async fn an_edit_without_effect_changes_nothing(context: Context) -> Done {
    let before = context.edit_realm(named("Lab")).await?;
    same!(context.edit_realm(RealmEdit::default()).await?, before);
    same!(context.edit_realm(named("Lab")).await?, before);
    Ok(())
}

async fn html_may_have_3000_characters(context: Context) -> Done {
    let html = format!("<b>{}</b>", "x".repeat(2_993));
    let realm = context.edit_realm(RealmEdit { display_name_html: to(&html), ..RealmEdit::default() }).await?;
    same!(realm.display_name_html, Some(html));
    Ok(())
}

async fn a_name_may_have_255_characters_and_no_more(context: Context) -> Done {
    let name = "組".repeat(255);
    same!(context.edit_realm(named(&name)).await?.display_name, Some(name.clone()));
    let longer = named(&"組".repeat(256));
    same!(invalid(context.store.edit_realm(&context.by(), longer).await)?, "displayName");
    same!(context.directory().realm().display_name, Some(name));
    Ok(())
}

async fn mail_settings_are_edited_key_by_key(context: Context) -> Done {
    let edit = mail(&[("port", to("2525")), ("replyTo", to("r@example.com"))]);
    context.edit_realm(edit).await?;
    let after = context.edit_realm(smtp(&[("port", to("25")), ("replyTo", Edit::Clear), ("host", Edit::Keep)])).await?;
    let of = |smtp: &BTreeMap<String, String>, key: &str| smtp.get(key).cloned();
    same!(of(&after.smtp, "host").as_deref(), Some("mail.example.com"));
    same!((of(&after.smtp, "port").as_deref(), of(&after.smtp, "replyTo")), (Some("25"), None));
    Ok(())
}

async fn mail_settings_are_cleared_one_by_one(context: Context) -> Done {
    let edit = mail(&[("x-own", to("1"))]);
    let keys: Vec<String> = edit.smtp.keys().cloned().collect();
    same!(context.edit_realm(edit).await?.smtp.keys().cloned().collect::<Vec<_>>(), keys);
    let clear = keys.iter().map(|key| (key.clone(), Edit::Clear)).collect();
    check!(context.edit_realm(RealmEdit { smtp: clear, ..RealmEdit::default() }).await?.smtp.is_empty());
    context.store.refresh(&[Key::Realm]).await?;
    check!(context.directory().realm().smtp.is_empty());
    Ok(())
}

async fn mail_settings_need_a_sender(context: Context) -> Done {
    let without = smtp(&[("host", to("mail.example.com"))]);
    same!(invalid(context.store.edit_realm(&context.by(), without).await)?, "from");
    check!(context.directory().realm().smtp.is_empty());
    let before = context.edit_realm(mail(&[])).await?;
    for edit in [Edit::Clear, to("")] {
        same!(invalid(context.store.edit_realm(&context.by(), smtp(&[("from", edit)])).await)?, "from");
        same!(context.directory().realm(), &*before);
    }
    Ok(())
}

async fn malformed_addresses_of_mail_are_refused(context: Context) -> Done {
    let before = context.edit_realm(mail(&[])).await?;
    for (key, address) in [("from", "bad"), ("from", "ämy@example.com"), ("replyTo", "bad")] {
        let answer = context.store.edit_realm(&context.by(), smtp(&[(key, to(address))])).await;
        same!(invalid(answer)?, key, "the field for {address:?} as {key}");
        same!(context.directory().realm(), &*before);
    }
    Ok(())
}

async fn user_and_password_go_with_the_login(context: Context) -> Done {
    context.edit_realm(mail(&[("password", to("geheim"))])).await?;
    let realm = context.edit_realm(smtp(&[("auth", to("false"))])).await?;
    check!(!realm.smtp.contains_key("user") && !realm.smtp.contains_key("password"), "{:?}", realm.smtp);
    same!(context.hand.mail_password().await?, None);
    let realm = context.edit_realm(smtp(&[("auth", to("true")), ("user", to("robot"))])).await?;
    check!(!realm.smtp.contains_key("password"), "a password that was gone is shown again");
    Ok(())
}

async fn the_mail_password_is_never_shown(context: Context) -> Done {
    let realm = context.edit_realm(mail(&[("password", to("geheim"))])).await?;
    same!(realm.smtp.get("password").map(String::as_str), Some(PASSWORD_MASK));
    check!(!format!("{:?}", context.directory()).contains("geheim"));
    Ok(())
}

async fn the_mask_keeps_the_stored_password(context: Context) -> Done {
    context.edit_realm(mail(&[("password", to("geheim"))])).await?;
    let realm = context.edit_realm(smtp(&[("password", to(PASSWORD_MASK)), ("port", to("2525"))])).await?;
    same!(realm.smtp.get("password").map(String::as_str), Some(PASSWORD_MASK));
    same!(context.hand.mail_password().await?.as_deref(), Some("geheim"));
    Ok(())
}

async fn other_mail_settings_keep_the_password(context: Context) -> Done {
    context.edit_realm(mail(&[("password", to("geheim"))])).await?;
    context.edit_realm(smtp(&[("port", to("2525"))])).await?;
    context.edit_realm(named("Lab")).await?;
    same!(context.directory().realm().smtp.get("password").map(String::as_str), Some(PASSWORD_MASK));
    same!(context.hand.mail_password().await?.as_deref(), Some("geheim"));
    Ok(())
}

async fn a_cleared_password_is_gone(context: Context) -> Done {
    context.edit_realm(mail(&[("password", to("geheim"))])).await?;
    for edit in [Edit::Clear, to("")] {
        let realm = context.edit_realm(smtp(&[("password", edit)])).await?;
        check!(!realm.smtp.contains_key("password"), "a password is still shown");
        same!(realm.smtp.get("host").map(String::as_str), Some("mail.example.com"));
        same!(context.hand.mail_password().await?, None);
        context.edit_realm(smtp(&[("password", to("geheim"))])).await?;
    }
    Ok(())
}

async fn a_refused_edit_changes_nothing(context: Context) -> Done {
    let before = context.edit_realm(mail(&[])).await?;
    let long = "x".repeat(256);
    let edits = [
        (RealmEdit { display_name: to(&long), ..smtp(&[("host", to("other"))]) }, "displayName"),
        (RealmEdit { display_name: to("Lab"), ..smtp(&[("from", to("a@b\r\nbcc: c@d"))]) }, "from"),
        (smtp(&[("port", to("25")), ("host", to(&long))]), "host"),
    ];
    for (edit, field) in edits {
        same!(invalid(context.store.edit_realm(&context.by(), edit).await)?, field);
        same!(context.directory().realm(), &*before);
    }
    Ok(())
}

async fn a_name_given_elsewhere_is_seen(context: Context) -> Done {
    context.edit_realm(named("Ours")).await?;
    context.hand.set_display_name("Theirs").await?;
    let theirs = Some("Theirs".to_owned());
    context.until("the realm's name", |directory| directory.realm().display_name == theirs).await?;
    Ok(())
}

async fn a_name_given_elsewhere_survives_edits(context: Context) -> Done {
    context.edit_realm(named("Ours")).await?;
    context.hand.set_display_name("Theirs").await?;
    let realm = context.edit_realm(mail(&[])).await?;
    same!(realm.display_name.as_deref(), Some("Theirs"));
    Ok(())
}

async fn a_default_group_is_joined_by_new_users(context: Context) -> Done {
    let team = context.group("team").await?;
    context.hand.add_default_group(&team.id).await?;
    context.until("the default group", |directory| directory.realm().default_groups.contains(&team.id)).await?;
    let amy = context.user("amy").await?;
    let directory = context.directory();
    check!(directory.is_member(&amy.id, &team.id) && directory.is_member(&amy.id, directory.everyone_id()));
    context.store.delete_group(&context.by(), &team.id).await?;
    let directory = context.directory();
    check!(!directory.realm().default_groups.contains(&team.id));
    same!(directory.groups_of(&amy.id).count(), 1);
    Ok(())
}
