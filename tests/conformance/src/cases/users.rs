//! New users.

use primehub_core::identity::{Attributes, Conflict, IdentityError};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::attributes;

cases! { "users":
    a_new_user_is_shown_at_once,
    a_new_user_has_what_was_asked_for,
    a_new_user_is_enabled_and_belongs_to_everyone,
    a_new_user_is_no_administrator,
    a_new_user_was_made_now,
    a_user_can_be_created_disabled,
    an_address_is_stored_in_lower_case,
    empty_texts_are_none,
    login_names_may_have_one_or_two_characters,
    login_names_may_have_all_allowed_characters,
    login_names_may_have_255_characters,
    names_may_have_255_characters_of_any_alphabet,
    names_of_256_characters_are_refused,
    malformed_addresses_are_refused,
    unknown_attributes_are_stored,
    attributes_keep_order_and_duplicates,
    attributes_without_text_are_not_stored,
    attributes_may_have_2048_characters,
    attributes_of_2049_characters_are_refused,
    predefined_envs_may_have_100000_characters,
    predefined_envs_of_100001_characters_are_refused,
    declared_attributes_have_one_value,
    a_taken_login_name_is_refused,
    a_taken_address_is_refused_whatever_its_case,
    the_address_is_named_when_both_are_taken,
    two_users_without_address_do_not_conflict,
    a_refused_user_does_not_appear,
}

async fn a_new_user_is_shown_at_once(context: Context) -> Done {
    let written = context.store.create_user(&context.by(), context.new_user("amy")?).await?;
    let directory = context.directory();
    same!(directory.user(&written.value.id), Some(&written.value));
    same!(directory.user_named(&context.name("amy")), Some(&written.value));
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn a_new_user_has_what_was_asked_for(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    same!(*amy.username, *context.name("amy"));
    same!(amy.email, Some(context.email("amy")));
    same!((amy.first_name.as_deref(), amy.last_name.as_deref()), (Some("Amy"), Some("Lee")));
    same!(amy.attributes, attributes(&[("from-elsewhere", &["c", "a", "b"]), ("volumeCapacity", &["20G"])]));
    check!(!amy.email_verified && !amy.has_one_time_password && !amy.federated);
    check!(amy.service_account_of.is_none());
    same!(context.directory().user_with_email(&context.email("amy")), Some(&amy));
    Ok(())
}

async fn a_new_user_is_enabled_and_belongs_to_everyone(context: Context) -> Done {
    let amy = context.user("amy").await?;
    check!(amy.enabled);
    let directory = context.directory();
    check!(directory.is_member(&amy.id, directory.everyone_id()));
    check!(directory.members(directory.everyone_id()).any(|member| member.id == amy.id));
    Ok(())
}

async fn a_new_user_is_no_administrator(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let directory = context.directory();
    check!(!directory.is_administrator(&amy.id));
    check!(directory.administrators().all(|user| user.id != amy.id));
    Ok(())
}

async fn a_new_user_was_made_now(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let about_now = context.in_seconds(-600)..context.in_seconds(600);
    check!(about_now.contains(&amy.created_at), "the user was made at {}", amy.created_at);
    Ok(())
}

async fn a_user_can_be_created_disabled(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.enabled = false;
    let amy = context.store.create_user(&context.by(), new).await?.value;
    check!(!amy.enabled && !context.shown_user(&amy.id)?.enabled);
    Ok(())
}

async fn an_address_is_stored_in_lower_case(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.email = Some(context.email("Amy").to_uppercase());
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(amy.email, Some(context.email("amy")));
    same!(context.directory().user_with_email(&context.email("AMY")), Some(&amy));
    Ok(())
}

async fn empty_texts_are_none(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    (new.email, new.first_name, new.last_name) = (Some(String::new()), Some(String::new()), Some(String::new()));
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!((&amy.email, &amy.first_name, &amy.last_name), (&None, &None, &None));
    Ok(())
}

async fn login_names_may_have_one_or_two_characters(context: Context) -> Done {
    let directory = context.directory();
    for free in [context.name("")[1..2].to_owned(), context.name("")[1..3].to_owned()] {
        if directory.user_named(&free).is_some() {
            continue;
        }
        let new = primehub_core::identity::NewUser::new(crate::context::parsed(&free)?);
        let user = context.store.create_user(&context.by(), new).await?.value;
        same!(*user.username, *free);
        context.store.delete_user(&context.by(), &user.id).await?;
    }
    Ok(())
}

async fn login_names_may_have_all_allowed_characters(context: Context) -> Done {
    let name = context.name("a-b_c.d@e.f-_.@");
    same!(*context.user("a-b_c.d@e.f-_.@").await?.username, *name);
    check!(context.directory().user_named(&name).is_some());
    Ok(())
}

async fn login_names_may_have_255_characters(context: Context) -> Done {
    let stem = "a".repeat(255 - context.name("").len());
    let amy = context.user(&stem).await?;
    same!(amy.username.len(), 255);
    Ok(())
}

async fn names_may_have_255_characters_of_any_alphabet(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    (new.first_name, new.last_name) = (Some("玲".repeat(255)), Some("é".repeat(255)));
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(amy.first_name, Some("玲".repeat(255)));
    same!(amy.last_name, Some("é".repeat(255)));
    Ok(())
}

async fn names_of_256_characters_are_refused(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.first_name = Some("x".repeat(256));
    same!(invalid(context.store.create_user(&context.by(), new).await)?, "firstName");
    let mut new = context.new_user("amy")?;
    new.last_name = Some("x".repeat(256));
    same!(invalid(context.store.create_user(&context.by(), new).await)?, "lastName");
    Ok(())
}

async fn malformed_addresses_are_refused(context: Context) -> Done {
    let long = format!("{}@x.example", "a".repeat(255));
    for address in ["bad", "@example.com", "amy@", "amy lee@example.com", "amy@example.com\nbcc:x@example.com", &long] {
        let mut new = context.new_user("amy")?;
        new.email = Some(address.to_owned());
        same!(invalid(context.store.create_user(&context.by(), new).await)?, "email", "the field for {address:?}");
    }
    Ok(())
}

async fn unknown_attributes_are_stored(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("x.y-z_1", &["1"]), ("an attribute", &["with = sign, \"quotes\" and 字"])]);
    let asked = new.attributes.clone();
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(context.shown_user(&amy.id)?.attributes, asked);
    Ok(())
}

async fn attributes_keep_order_and_duplicates(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("letters", &["c", "a", "b", "a"])]);
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(amy.attributes.all("letters"), ["c", "a", "b", "a"]);
    Ok(())
}

async fn attributes_without_text_are_not_stored(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("note", &[""])]);
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(amy.attributes, Attributes::default());
    Ok(())
}

async fn attributes_may_have_2048_characters(context: Context) -> Done {
    let value = "字".repeat(2_048);
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("big", &[&value])]);
    let amy = context.store.create_user(&context.by(), new).await?.value;
    same!(amy.attributes.first("big"), Some(&*value));
    Ok(())
}

async fn attributes_of_2049_characters_are_refused(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("big", &[&"x".repeat(2_049)])]);
    same!(invalid(context.store.create_user(&context.by(), new).await)?, "big");
    Ok(())
}

async fn predefined_envs_may_have_100000_characters(context: Context) -> Done {
    let value = "x".repeat(100_000);
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("predefinedEnvs", &[&value])]);
    let amy = context.store.create_user(&context.by(), new).await?.value;
    check!(amy.attributes.first("predefinedEnvs") == Some(&value));
    Ok(())
}

async fn predefined_envs_of_100001_characters_are_refused(context: Context) -> Done {
    let mut new = context.new_user("amy")?;
    new.attributes = attributes(&[("predefinedEnvs", &[&"x".repeat(100_001)])]);
    same!(invalid(context.store.create_user(&context.by(), new).await)?, "predefinedEnvs");
    Ok(())
}

async fn declared_attributes_have_one_value(context: Context) -> Done {
    for name in ["predefinedEnvs", "volumeCapacity", "enableInviteUsers", "annLastReadTime"] {
        let mut new = context.new_user("amy")?;
        new.attributes = attributes(&[(name, &["1", "2"])]);
        same!(invalid(context.store.create_user(&context.by(), new).await)?, name);
    }
    Ok(())
}

async fn a_taken_login_name_is_refused(context: Context) -> Done {
    context.user("amy").await?;
    let error = refused(context.store.create_user(&context.by(), context.new_user("amy")?).await)?;
    same!(error, IdentityError::Conflict(Conflict::Username));
    Ok(())
}

async fn a_taken_address_is_refused_whatever_its_case(context: Context) -> Done {
    context.full_user("amy").await?;
    let mut new = context.new_user("bob")?;
    new.email = Some(context.email("AMY"));
    let error = refused(context.store.create_user(&context.by(), new).await)?;
    same!(error, IdentityError::Conflict(Conflict::Email));
    Ok(())
}

async fn the_address_is_named_when_both_are_taken(context: Context) -> Done {
    context.full_user("amy").await?;
    let mut new = context.new_user("amy")?;
    new.email = Some(context.email("amy"));
    let error = refused(context.store.create_user(&context.by(), new).await)?;
    same!(error, IdentityError::Conflict(Conflict::Email));
    Ok(())
}

async fn two_users_without_address_do_not_conflict(context: Context) -> Done {
    let (amy, bob) = (context.user("amy").await?, context.user("bob").await?);
    check!(amy.id != bob.id && amy.email.is_none() && bob.email.is_none());
    Ok(())
}

async fn a_refused_user_does_not_appear(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    let before = context.picture_of_user(&amy.id);
    let mut new = context.new_user("bob")?;
    (new.email, new.attributes) = (amy.email.clone(), attributes(&[("note", &["x"])]));
    refused(context.store.create_user(&context.by(), new).await)?;
    check!(context.directory().user_named(&context.name("bob")).is_none());
    same!(context.picture_of_user(&amy.id), before);
    // The name is still free.
    context.user("bob").await?;
    Ok(())
}
