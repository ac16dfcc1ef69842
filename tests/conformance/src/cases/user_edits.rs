//! Edits of users: each changes what it names, and nothing else.

use primehub_core::identity::{AttributeEdit, Conflict, Edit, IdentityError, Key, UserEdit};
use primehub_core::names::UserId;

use super::Done;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::{attributes, parsed, set_of_user, texts};
use crate::{Context, HandedUser};

cases! { "user_edits":
    an_edit_of_an_attribute_keeps_address_and_names,
    an_edit_of_an_attribute_keeps_the_others,
    an_edit_of_the_address_keeps_everything_else,
    an_edit_of_the_given_name_keeps_everything_else,
    an_edit_of_the_family_name_keeps_everything_else,
    disabling_keeps_everything_else,
    a_disabled_user_is_enabled_again,
    an_edit_keeps_memberships,
    several_fields_are_edited_at_once,
    cleared_fields_are_absent,
    an_empty_address_is_none,
    a_cleared_attribute_is_absent,
    an_attribute_set_to_no_values_is_absent,
    an_attribute_set_to_no_text_is_absent,
    a_list_is_changed_like_a_set,
    an_edit_without_effect_changes_nothing,
    an_edit_is_shown_at_once,
    an_address_in_another_case_is_the_same,
    a_new_address_is_not_verified,
    ones_own_address_is_not_taken,
    a_taken_address_is_refused,
    a_cleared_address_is_free_for_others,
    a_renamed_user_is_found_under_the_new_name,
    a_rename_onto_a_taken_name_is_refused,
    values_that_do_not_fit_are_refused_by_field,
    a_refused_edit_changes_nothing,
    an_absent_user_is_named,
    an_edit_after_an_edit_elsewhere_keeps_both,
}

fn everything(context: &Context) -> [(&'static str, Vec<String>); 5] {
    [
        ("email", vec![context.email("amy")]),
        ("first_name", texts(&["Amy"])),
        ("last_name", texts(&["Lee"])),
        ("from-elsewhere", texts(&["c", "a", "b"])),
        ("volumeCapacity", texts(&["20G"])),
    ]
}

/// Edits one field of a full user and compares every other.
async fn only(
    context: &Context,
    changed: &str,
    edit: UserEdit,
) -> Result<std::sync::Arc<primehub_core::identity::User>, crate::Failure> {
    let amy = context.full_user("amy").await?;
    let after = context.edit_user(&amy, edit).await?;
    same!(context.shown_user(&amy.id)?, after);
    for (field, values) in everything(context).into_iter().filter(|(field, _)| *field != changed) {
        let one = |text: &Option<String>| text.iter().cloned().collect::<Vec<_>>();
        let found = match field {
            "email" => one(&after.email),
            "first_name" => one(&after.first_name),
            "last_name" => one(&after.last_name),
            attribute => after.attributes.all(attribute).to_vec(),
        };
        same!(found, values, "{field} after an edit of {changed}");
    }
    same!((&after.id, &after.username, after.created_at), (&amy.id, &amy.username, amy.created_at));
    Ok(after)
}

async fn an_edit_of_an_attribute_keeps_address_and_names(context: Context) -> Done {
    let after = only(&context, "volumeCapacity", set_of_user("volumeCapacity", "30G")).await?;
    same!(after.attributes.all("volumeCapacity"), ["30G"]);
    check!(after.enabled);
    Ok(())
}

async fn an_edit_of_an_attribute_keeps_the_others(context: Context) -> Done {
    let after = only(&context, "note", set_of_user("note", "x")).await?;
    same!(after.attributes.iter().count(), 3);
    Ok(())
}

async fn an_edit_of_the_address_keeps_everything_else(context: Context) -> Done {
    let edit = UserEdit { email: Edit::Set(context.email("other")), ..UserEdit::default() };
    let after = only(&context, "email", edit).await?;
    same!(after.email, Some(context.email("other")));
    let directory = context.directory();
    check!(directory.user_with_email(&context.email("amy")).is_none());
    same!(directory.user_with_email(&context.email("other")), Some(&after));
    Ok(())
}

async fn an_edit_of_the_given_name_keeps_everything_else(context: Context) -> Done {
    let edit = UserEdit { first_name: Edit::Set("Zoe".into()), ..UserEdit::default() };
    same!(only(&context, "first_name", edit).await?.first_name.as_deref(), Some("Zoe"));
    Ok(())
}

async fn an_edit_of_the_family_name_keeps_everything_else(context: Context) -> Done {
    let edit = UserEdit { last_name: Edit::Clear, ..UserEdit::default() };
    same!(only(&context, "last_name", edit).await?.last_name, None);
    Ok(())
}

async fn disabling_keeps_everything_else(context: Context) -> Done {
    let edit = UserEdit { enabled: Some(false), ..UserEdit::default() };
    check!(!only(&context, "enabled", edit).await?.enabled);
    Ok(())
}

async fn a_disabled_user_is_enabled_again(context: Context) -> Done {
    let edit = |enabled| UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    let amy = only(&context, "enabled", edit(false)).await?;
    let after = context.edit_user(&amy, edit(true)).await?;
    check!(after.enabled);
    same!((&after.email, &after.attributes), (&amy.email, &amy.attributes));
    Ok(())
}

async fn an_edit_keeps_memberships(context: Context) -> Done {
    let (amy, group) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[crate::context::join(&amy.id, &group.id)]).await?;
    context.edit_user(&amy, set_of_user("note", "x")).await?;
    let directory = context.directory();
    check!(directory.is_member(&amy.id, &group.id) && directory.is_member(&amy.id, directory.everyone_id()));
    Ok(())
}

async fn several_fields_are_edited_at_once(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let mut edit = set_of_user("volumeCapacity", "1G");
    edit.email = Edit::Set(context.email("amy"));
    (edit.first_name, edit.last_name) = (Edit::Set("Amy".into()), Edit::Set("Lee".into()));
    edit.enabled = Some(false);
    let after = context.edit_user(&amy, edit).await?;
    same!(after.email, Some(context.email("amy")));
    same!((after.first_name.as_deref(), after.last_name.as_deref()), (Some("Amy"), Some("Lee")));
    same!((after.enabled, after.attributes.first("volumeCapacity")), (false, Some("1G")));
    Ok(())
}

async fn cleared_fields_are_absent(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let edit = UserEdit { email: Edit::Clear, first_name: Edit::Clear, last_name: Edit::Clear, ..UserEdit::default() };
    let after = context.edit_user(&amy, edit).await?;
    same!((&after.email, &after.first_name, &after.last_name), (&None, &None, &None));
    same!(after.attributes, amy.attributes);
    Ok(())
}

async fn an_empty_address_is_none(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let edit = UserEdit { email: Edit::Set(String::new()), ..UserEdit::default() };
    let after = context.edit_user(&amy, edit).await?;
    same!(after.email, None);
    same!(after.first_name, amy.first_name);
    Ok(())
}

async fn a_cleared_attribute_is_absent(context: Context) -> Done {
    let mut edit = UserEdit::default();
    edit.attributes.clear("volumeCapacity");
    let after = only(&context, "volumeCapacity", edit).await?;
    check!(after.attributes.all("volumeCapacity").is_empty());
    Ok(())
}

async fn an_attribute_set_to_no_values_is_absent(context: Context) -> Done {
    let mut edit = UserEdit::default();
    edit.attributes.put("volumeCapacity", AttributeEdit::Set(Vec::new()));
    let after = only(&context, "volumeCapacity", edit).await?;
    check!(after.attributes.all("volumeCapacity").is_empty());
    Ok(())
}

async fn an_attribute_set_to_no_text_is_absent(context: Context) -> Done {
    let after = only(&context, "volumeCapacity", set_of_user("volumeCapacity", "")).await?;
    check!(after.attributes.all("volumeCapacity").is_empty());
    Ok(())
}

async fn a_list_is_changed_like_a_set(context: Context) -> Done {
    let mut edit = UserEdit::default();
    let change = AttributeEdit::Change { add: texts(&["d", "c"]), remove: texts(&["a", "z"]) };
    edit.attributes.put("from-elsewhere", change);
    let after = only(&context, "from-elsewhere", edit).await?;
    same!(after.attributes.all("from-elsewhere"), ["c", "b", "d"]);
    Ok(())
}

async fn an_edit_without_effect_changes_nothing(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let mut same_again = set_of_user("volumeCapacity", "20G");
    (same_again.email, same_again.enabled) = (Edit::Set(context.email("amy")), Some(true));
    for edit in [UserEdit::default(), same_again] {
        same!(context.edit_user(&amy, edit).await?, amy);
        same!(context.shown_user(&amy.id)?, amy);
    }
    Ok(())
}

async fn an_edit_is_shown_at_once(context: Context) -> Done {
    let amy = context.user("amy").await?;
    for number in 0..5 {
        let edit = set_of_user("note", &number.to_string());
        let written = context.store.edit_user(&context.by(), &amy.id, edit).await?;
        let directory = context.directory();
        same!(directory.user(&amy.id), Some(&written.value));
        same!(written.value.attributes.first("note"), Some(&*number.to_string()));
        check!(directory.revision() >= written.revision);
    }
    Ok(())
}

async fn an_address_in_another_case_is_the_same(context: Context) -> Done {
    let edit = UserEdit { email: Edit::Set(context.email("AMY")), ..UserEdit::default() };
    let after = only(&context, "nothing", edit).await?;
    same!(after.email, Some(context.email("amy")));
    Ok(())
}

async fn a_new_address_is_not_verified(context: Context) -> Done {
    let handed = HandedUser {
        email: Some(context.email("amy")),
        email_verified: true,
        ..HandedUser::named(context.name("amy"))
    };
    let id = context.hand.create_user(handed).await?;
    context.store.refresh(&[Key::User(id.clone())]).await?;
    let amy = context.shown_user(&id)?;
    check!(amy.email_verified);
    let edit = UserEdit { email: Edit::Set(context.email("other")), ..UserEdit::default() };
    check!(!context.edit_user(&amy, edit).await?.email_verified);
    Ok(())
}

async fn ones_own_address_is_not_taken(context: Context) -> Done {
    let mut edit = set_of_user("note", "x");
    edit.email = Edit::Set(context.email("amy"));
    edit.username = Some(parsed(&context.name("amy"))?);
    let renames = context.store.capabilities().renames_users;
    if !renames {
        edit.username = None;
    }
    only(&context, "note", edit).await?;
    Ok(())
}

async fn a_taken_address_is_refused(context: Context) -> Done {
    let (amy, bob) = (context.full_user("amy").await?, context.full_user("bob").await?);
    let mut edit = set_of_user("note", "x");
    edit.email = Edit::Set(context.email("AMY"));
    let error = refused(context.store.edit_user(&context.by(), &bob.id, edit).await)?;
    same!(error, IdentityError::Conflict(Conflict::Email));
    same!(context.shown_user(&bob.id)?, bob);
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn a_cleared_address_is_free_for_others(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.edit_user(&amy, UserEdit { email: Edit::Clear, ..UserEdit::default() }).await?;
    let mut new = context.new_user("bob")?;
    new.email = Some(context.email("amy"));
    let bob = context.store.create_user(&context.by(), new).await?.value;
    same!(context.directory().user_with_email(&context.email("amy")), Some(&bob));
    Ok(())
}

async fn a_renamed_user_is_found_under_the_new_name(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let edit = UserEdit { username: Some(parsed(&context.name("zoe"))?), ..UserEdit::default() };
    let answer = context.store.edit_user(&context.by(), &amy.id, edit).await;
    if !context.store.capabilities().renames_users {
        refused(answer)?;
        same!(context.shown_user(&amy.id)?, amy);
        return Ok(());
    }
    let zoe = answer?.value;
    let directory = context.directory();
    same!(*zoe.username, *context.name("zoe"));
    same!((&zoe.id, &zoe.email, &zoe.attributes), (&amy.id, &amy.email, &amy.attributes));
    check!(directory.user_named(&context.name("amy")).is_none());
    same!(directory.user_named(&context.name("zoe")), Some(&zoe));
    check!(directory.members(directory.everyone_id()).any(|user| *user.username == *context.name("zoe")));
    Ok(())
}

async fn a_rename_onto_a_taken_name_is_refused(context: Context) -> Done {
    let (amy, bob) = (context.user("amy").await?, context.user("bob").await?);
    let edit = UserEdit { username: Some(parsed(&bob.username)?), ..UserEdit::default() };
    let error = refused(context.store.edit_user(&context.by(), &amy.id, edit).await)?;
    if context.store.capabilities().renames_users {
        same!(error, IdentityError::Conflict(Conflict::Username));
    }
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn values_that_do_not_fit_are_refused_by_field(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let long = "x".repeat(256);
    let mut second = UserEdit::default();
    second.attributes.put("volumeCapacity", AttributeEdit::Change { add: texts(&["2G"]), remove: Vec::new() });
    let edits = [
        ("email", UserEdit { email: Edit::Set("bad".into()), ..UserEdit::default() }),
        ("firstName", UserEdit { first_name: Edit::Set(long.clone()), ..UserEdit::default() }),
        ("lastName", UserEdit { last_name: Edit::Set(long), ..UserEdit::default() }),
        ("note", set_of_user("note", &"x".repeat(2_049))),
        ("predefinedEnvs", set_of_user("predefinedEnvs", &"x".repeat(100_001))),
        ("volumeCapacity", second),
    ];
    for (field, edit) in edits {
        same!(invalid(context.store.edit_user(&context.by(), &amy.id, edit).await)?, field);
        same!(context.shown_user(&amy.id)?, amy);
    }
    Ok(())
}

async fn a_refused_edit_changes_nothing(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let before = context.picture_of_user(&amy.id);
    let mut edit = set_of_user("volumeCapacity", "99G");
    (edit.enabled, edit.first_name) = (Some(false), Edit::Set("Zoe".into()));
    edit.email = Edit::Set("bad".into());
    invalid(context.store.edit_user(&context.by(), &amy.id, edit).await)?;
    same!(context.picture_of_user(&amy.id), before);
    // Not in the realm either, where somebody else would see it.
    context.store.refresh(&[Key::User(amy.id.clone())]).await?;
    same!(context.picture_of_user(&amy.id), before);
    Ok(())
}

async fn an_absent_user_is_named(context: Context) -> Done {
    let deleted = context.user("amy").await?;
    context.store.delete_user(&context.by(), &deleted.id).await?;
    for id in [UserId::new(context.name("nobody")), deleted.id.clone()] {
        let error = refused(context.store.edit_user(&context.by(), &id, set_of_user("note", "x")).await)?;
        same!(error, IdentityError::Absent(Key::User(id)));
    }
    Ok(())
}

async fn an_edit_after_an_edit_elsewhere_keeps_both(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.hand.set_user_attribute(&amy.id, "theirs", &["1"]).await?;
    context.hand.set_email(&amy.id, &context.email("theirs")).await?;
    let after = context.edit_user(&amy, set_of_user("ours", "2")).await?;
    let mut expected = amy.attributes.clone();
    for (name, values) in attributes(&[("theirs", &["1"]), ("ours", &["2"])]).iter() {
        expected.set(name, values.to_vec());
    }
    same!(after.attributes, expected);
    same!(after.email, Some(context.email("theirs")));
    same!((&after.first_name, &after.last_name), (&amy.first_name, &amy.last_name));
    Ok(())
}
