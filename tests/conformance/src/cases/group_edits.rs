//! Edits of groups: each changes the attributes that it names, and nothing else.

use std::collections::BTreeMap;

use primehub_core::identity::{AttributeEdit, Conflict, GroupEdit, IdentityError, Key};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::{attributes, change, grant, join, set, texts};

cases! { "group_edits":
    an_edit_keeps_the_other_attributes,
    an_edit_is_shown_at_once,
    an_edit_keeps_name_members_and_roles,
    a_cleared_attribute_is_absent,
    an_attribute_set_to_no_values_is_absent,
    an_attribute_set_to_an_empty_text_keeps_it,
    a_list_is_changed_like_a_set,
    taking_the_last_value_removes_the_attribute,
    an_edit_without_effect_changes_nothing,
    a_value_may_have_255_characters_and_no_more,
    a_refused_edit_changes_nothing,
    what_is_met_is_written,
    an_absent_attribute_can_be_expected,
    an_unmet_expectation_writes_nothing,
    one_unmet_expectation_of_two_is_enough,
    an_expectation_sees_what_was_changed_elsewhere,
    an_edit_after_an_edit_elsewhere_keeps_both,
    the_group_of_everyone_is_edited_like_others,
}

const GIVEN: &[(&str, &[&str])] = &[("admins", &["amy", "bob"]), ("quota-cpu", &["2"]), ("from-elsewhere", &["1"])];

async fn an_edit_keeps_the_other_attributes(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let after = context.set(&team, "quota-cpu", "3").await?;
    let mut expected = attributes(GIVEN);
    expected.set_one("quota-cpu", "3");
    same!(after.attributes, expected);
    Ok(())
}

async fn an_edit_is_shown_at_once(context: Context) -> Done {
    let team = context.group("team").await?;
    for number in 0..5 {
        let edit = set("note", &number.to_string());
        let written = context.store.edit_group(&context.by(), &team.id, edit).await?;
        let directory = context.directory();
        same!(directory.group(&team.id), Some(&written.value));
        same!(written.value.attributes.first("note"), Some(&*number.to_string()));
        check!(directory.revision() >= written.revision);
    }
    Ok(())
}

async fn an_edit_keeps_name_members_and_roles(context: Context) -> Done {
    let (amy, team, role) = (context.user("amy").await?, context.group("Team").await?, context.role("it:cpu").await?);
    context.bound(&[join(&amy.id, &team.id), grant(&team.id, &role)]).await?;
    let after = context.set(&team, "note", "x").await?;
    same!((&after.id, &after.name, &after.parent), (&team.id, &team.name, &team.parent));
    let directory = context.directory();
    check!(directory.is_member(&amy.id, &team.id) && directory.group_has_role(&team.id, &role));
    Ok(())
}

async fn without(context: &Context, edit: AttributeEdit) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let mut edits = GroupEdit::default();
    edits.attributes.put("quota-cpu", edit);
    let after = context.store.edit_group(&context.by(), &team.id, edits).await?.value;
    let mut expected = attributes(GIVEN);
    expected.set("quota-cpu", Vec::new());
    same!(after.attributes, expected);
    same!(context.shown_group(&team.id)?, after);
    Ok(())
}

async fn a_cleared_attribute_is_absent(context: Context) -> Done {
    without(&context, AttributeEdit::Clear).await
}

async fn an_attribute_set_to_no_values_is_absent(context: Context) -> Done {
    without(&context, AttributeEdit::Set(Vec::new())).await
}

async fn taking_the_last_value_removes_the_attribute(context: Context) -> Done {
    without(&context, AttributeEdit::Change { add: Vec::new(), remove: texts(&["2"]) }).await
}

async fn an_attribute_set_to_an_empty_text_keeps_it(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let after = context.set(&team, "admins", "").await?;
    same!(after.attributes.all("admins"), [""]);
    same!(after.attributes.first("quota-cpu"), Some("2"));
    Ok(())
}

async fn a_list_is_changed_like_a_set(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let edit = change("admins", &["zoe", "bob"], &["amy", "nobody"]);
    let after = context.store.edit_group(&context.by(), &team.id, edit).await?.value;
    let mut admins = after.attributes.all("admins").to_vec();
    admins.sort_unstable();
    same!(admins, ["bob", "zoe"]);
    Ok(())
}

async fn an_edit_without_effect_changes_nothing(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    for edit in [GroupEdit::default(), set("quota-cpu", "2"), change("admins", &["amy"], &["nobody"])] {
        same!(context.store.edit_group(&context.by(), &team.id, edit).await?.value, team);
    }
    same!(context.shown_group(&team.id)?, team);
    Ok(())
}

async fn a_value_may_have_255_characters_and_no_more(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let fits = "組".repeat(255);
    same!(context.set(&team, "displayName", &fits).await?.attributes.first("displayName"), Some(&*fits));
    let too_long = set("displayName", &"組".repeat(256));
    same!(invalid(context.store.edit_group(&context.by(), &team.id, too_long).await)?, "displayName");
    let added = change("admins", &[&"x".repeat(256)], &[]);
    same!(invalid(context.store.edit_group(&context.by(), &team.id, added).await)?, "admins");
    same!(context.shown_group(&team.id)?.attributes.first("displayName"), Some(&*fits));
    Ok(())
}

async fn a_refused_edit_changes_nothing(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let mut edit = set("a-note", "x");
    edit.attributes.clear("from-elsewhere").set("z-note", "x".repeat(256));
    same!(invalid(context.store.edit_group(&context.by(), &team.id, edit).await)?, "z-note");
    same!(context.shown_group(&team.id)?, team);
    context.store.refresh(&[Key::Group(team.id.clone())]).await?;
    same!(context.shown_group(&team.id)?, team);
    Ok(())
}

fn expecting(expected: &[(&str, &[&str])]) -> GroupEdit {
    let expecting: BTreeMap<_, _> = expected.iter().map(|(name, values)| ((*name).to_owned(), texts(values))).collect();
    GroupEdit { expecting, ..set("quota-cpu", "9") }
}

async fn what_is_met_is_written(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let edit = expecting(&[("quota-cpu", &["2"]), ("from-elsewhere", &["1"])]);
    let after = context.store.edit_group(&context.by(), &team.id, edit).await?.value;
    same!(after.attributes.first("quota-cpu"), Some("9"));
    Ok(())
}

async fn an_absent_attribute_can_be_expected(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let edit = expecting(&[("quota-gpu", &[])]);
    let after = context.store.edit_group(&context.by(), &team.id, edit).await?.value;
    same!(after.attributes.first("quota-cpu"), Some("9"));
    Ok(())
}

async fn unmet(context: &Context, expected: &[(&str, &[&str])]) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    let error = refused(context.store.edit_group(&context.by(), &team.id, expecting(expected)).await)?;
    same!(error, IdentityError::Conflict(Conflict::Expectation));
    check!(error.is_transient());
    same!(context.shown_group(&team.id)?, team);
    Ok(())
}

async fn an_unmet_expectation_writes_nothing(context: Context) -> Done {
    unmet(&context, &[("quota-cpu", &["1"])]).await
}

async fn one_unmet_expectation_of_two_is_enough(context: Context) -> Done {
    unmet(&context, &[("quota-cpu", &["2"]), ("from-elsewhere", &[])]).await
}

async fn an_expectation_sees_what_was_changed_elsewhere(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    context.hand.set_group_attribute(&team.id, "quota-cpu", &["7"]).await?;
    let edit = expecting(&[("quota-cpu", &["2"])]);
    let error = refused(context.store.edit_group(&context.by(), &team.id, edit).await)?;
    same!(error, IdentityError::Conflict(Conflict::Expectation));
    context.store.refresh(&[Key::Group(team.id.clone())]).await?;
    same!(context.shown_group(&team.id)?.attributes.first("quota-cpu"), Some("7"));
    Ok(())
}

async fn an_edit_after_an_edit_elsewhere_keeps_both(context: Context) -> Done {
    let team = context.group_with("team", GIVEN).await?;
    context.hand.set_group_attribute(&team.id, "theirs", &["1"]).await?;
    context.hand.set_group_attribute(&team.id, "quota-cpu", &[]).await?;
    let after = context.set(&team, "ours", "2").await?;
    let mut expected = attributes(GIVEN);
    expected.set_one("theirs", "1");
    expected.set_one("ours", "2");
    expected.set("quota-cpu", Vec::new());
    same!(after.attributes, expected);
    Ok(())
}

async fn the_group_of_everyone_is_edited_like_others(context: Context) -> Done {
    let id = context.directory().everyone_id().clone();
    let before = context.shown_group(&id)?;
    let name = context.name("note");
    let after = context.set(&before, &name, "x").await?;
    same!(after.attributes.first(&name), Some("x"));
    let mut edit = GroupEdit::default();
    edit.attributes.clear(&*name);
    let after = context.store.edit_group(&context.by(), &id, edit).await?.value;
    same!(after.attributes.all(&name).len(), 0);
    check!(before.attributes.iter().all(|(name, values)| after.attributes.all(name) == values));
    Ok(())
}
