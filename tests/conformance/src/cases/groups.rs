//! New and deleted groups.

use primehub_core::identity::{Conflict, IdentityError, Key};
use primehub_core::names::GroupId;

use super::Done;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::{attributes, grant, join, set, texts};
use crate::{Context, Failure};

cases! { "groups":
    a_new_group_is_shown_at_once,
    a_new_group_is_empty_and_at_the_top,
    a_new_group_has_its_attributes,
    a_name_keeps_its_case,
    a_name_may_have_50_characters,
    a_name_may_have_all_allowed_characters,
    a_taken_name_is_refused,
    a_name_that_differs_in_case_is_refused,
    a_dash_for_an_underscore_is_refused,
    the_name_of_everyone_is_taken_in_any_case,
    a_value_may_have_255_characters,
    a_value_of_256_characters_is_refused,
    characters_beyond_the_basic_plane_count_twice,
    an_empty_text_is_kept,
    a_list_keeps_its_values,
    a_list_may_be_as_long_as_the_limit,
    attributes_have_a_limit_in_all,
    administrators_are_found_by_their_names,
    a_deletion_answers_what_was_deleted,
    a_deleted_group_is_gone_everywhere,
    a_deleted_group_takes_memberships_along,
    a_deleted_group_takes_grants_along,
    a_deleted_group_frees_its_name,
    an_absent_group_is_named,
    a_group_deleted_elsewhere_is_absent,
    a_group_has_many_members,
}

async fn a_new_group_is_shown_at_once(context: Context) -> Done {
    let written = context.store.create_group(&context.by(), context.new_group("team")?).await?;
    let directory = context.directory();
    same!(directory.group(&written.value.id), Some(&written.value));
    same!(directory.group_named(&context.name("team")), Some(&written.value));
    check!(directory.groups().any(|group| group.id == written.value.id));
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn a_new_group_is_empty_and_at_the_top(context: Context) -> Done {
    let team = context.group("team").await?;
    let directory = context.directory();
    same!((&team.parent, &team.description), (&None, &None));
    same!(directory.member_count(&team.id), 0);
    same!(directory.roles_of_group(&team.id).count(), 0);
    check!(!directory.grants_administration(&team.id));
    Ok(())
}

async fn a_new_group_has_its_attributes(context: Context) -> Done {
    let given: &[(&str, &[&str])] = &[("quota-cpu", &["2.5"]), ("from elsewhere", &["a = b, \"c\" 字\nd"])];
    let team = context.group_with("team", given).await?;
    same!(team.attributes, attributes(given));
    same!(context.shown_group(&team.id)?.attributes, attributes(given));
    Ok(())
}

async fn a_name_keeps_its_case(context: Context) -> Done {
    let team = context.group("Team_A").await?;
    let directory = context.directory();
    same!(*team.name, *context.name("Team_A"));
    check!(directory.group_named(&context.name("team_a")).is_none());
    same!(directory.group_named(&context.name("Team_A")), Some(&team));
    Ok(())
}

async fn a_name_may_have_50_characters(context: Context) -> Done {
    let team = context.group(&"a".repeat(50 - context.name("").len())).await?;
    same!(team.name.len(), 50);
    Ok(())
}

async fn a_name_may_have_all_allowed_characters(context: Context) -> Done {
    let team = context.group("T.e_a-m9").await?;
    same!(context.directory().group_named(&context.name("T.e_a-m9")), Some(&team));
    Ok(())
}

async fn taken(context: &Context, first: &str, second: &str) -> Done {
    let team = context.group_with(first, &[("note", &["x"])]).await?;
    let error = refused(context.store.create_group(&context.by(), context.new_group(second)?).await)?;
    same!(error, IdentityError::Conflict(Conflict::GroupName), "the answer to {second} beside {first}");
    let directory = context.directory();
    same!(directory.groups_with_path(&context.new_group(second)?.name.path()).count(), 1);
    same!(directory.group(&team.id), Some(&team));
    Ok(())
}

async fn a_taken_name_is_refused(context: Context) -> Done {
    taken(&context, "Team_A", "Team_A").await
}

async fn a_name_that_differs_in_case_is_refused(context: Context) -> Done {
    taken(&context, "Team", "tEAM").await
}

async fn a_dash_for_an_underscore_is_refused(context: Context) -> Done {
    taken(&context, "Team_A", "team-a").await
}

async fn the_name_of_everyone_is_taken_in_any_case(context: Context) -> Done {
    let everyone = context.directory().everyone().cloned().ok_or_else(|| Failure::broken("no group of everyone"))?;
    for name in [everyone.name.to_string(), everyone.name.to_uppercase()] {
        let new = primehub_core::identity::NewGroup::new(crate::context::parsed(&name)?);
        let error = refused(context.store.create_group(&context.by(), new).await)?;
        same!(error, IdentityError::Conflict(Conflict::GroupName), "the answer to {name}");
    }
    Ok(())
}

async fn a_value_may_have_255_characters(context: Context) -> Done {
    let value = "組".repeat(255);
    let team = context.group_with("team", &[("displayName", &[&value])]).await?;
    same!(context.shown_group(&team.id)?.attributes.first("displayName"), Some(&*value));
    Ok(())
}

async fn a_value_of_256_characters_is_refused(context: Context) -> Done {
    let mut new = context.new_group("team")?;
    new.attributes = attributes(&[("displayName", &[&"x".repeat(256)])]);
    same!(invalid(context.store.create_group(&context.by(), new).await)?, "displayName");
    check!(context.directory().group_named(&context.name("team")).is_none());
    Ok(())
}

async fn characters_beyond_the_basic_plane_count_twice(context: Context) -> Done {
    let fits = "🦀".repeat(127);
    let team = context.group_with("team", &[("displayName", &[&fits])]).await?;
    same!(team.attributes.first("displayName"), Some(&*fits));
    let longer = set("displayName", &"🦀".repeat(128));
    same!(invalid(context.store.edit_group(&context.by(), &team.id, longer).await)?, "displayName");
    Ok(())
}

async fn an_empty_text_is_kept(context: Context) -> Done {
    let team = context.group_with("team", &[("admins", &[""])]).await?;
    same!(context.shown_group(&team.id)?.attributes.all("admins"), [""]);
    same!(context.directory().groups_administered_by("").count(), 0);
    Ok(())
}

async fn a_list_keeps_its_values(context: Context) -> Done {
    let team = context.group_with("team", &[("admins", &["zoe", "amy", "bob"])]).await?;
    let mut stored = context.shown_group(&team.id)?.attributes.all("admins").to_vec();
    stored.sort_unstable();
    same!(stored, ["amy", "bob", "zoe"]);
    Ok(())
}

async fn a_list_may_be_as_long_as_the_limit(context: Context) -> Done {
    let limit = context.store.capabilities().group_attributes.values_per_attribute;
    let values: Vec<String> = (0..=limit).map(|number| format!("user-{number}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let team = context.group_with("team", &[("admins", &values[1..])]).await?;
    same!(context.shown_group(&team.id)?.attributes.all("admins").len(), limit);
    let mut new = context.new_group("other")?;
    new.attributes = attributes(&[("admins", &values)]);
    same!(invalid(context.store.create_group(&context.by(), new).await)?, "admins");
    Ok(())
}

async fn attributes_have_a_limit_in_all(context: Context) -> Done {
    let limit = context.store.capabilities().group_attributes.total_size;
    let value = "x".repeat(255);
    let values = vec![value; limit / 255 + 1];
    let mut new = context.new_group("team")?;
    new.attributes.set("note", values);
    same!(invalid(context.store.create_group(&context.by(), new).await)?, "note");
    Ok(())
}

async fn administrators_are_found_by_their_names(context: Context) -> Done {
    let (amy, bob) = (context.name("amy"), context.name("bob"));
    let team = context.group_with("team", &[("admins", &[&amy, &bob])]).await?;
    let administered = |name: &str| context.directory().groups_administered_by(name).any(|group| group.id == team.id);
    check!(administered(&amy) && administered(&bob) && !administered(&amy.to_uppercase()));
    let edit = crate::context::change("admins", &[], &[&amy]);
    context.store.edit_group(&context.by(), &team.id, edit).await?;
    check!(!administered(&amy) && administered(&bob));
    Ok(())
}

async fn a_deletion_answers_what_was_deleted(context: Context) -> Done {
    let team = context.group_with("team", &[("note", &["x"])]).await?;
    let deleted = context.store.delete_group(&context.by(), &team.id).await?;
    same!(deleted.value, team);
    check!(context.directory().revision() >= deleted.revision);
    Ok(())
}

async fn a_deleted_group_is_gone_everywhere(context: Context) -> Done {
    let (team, other) = (context.group("team").await?, context.group("other").await?);
    context.store.delete_group(&context.by(), &team.id).await?;
    let directory = context.directory();
    check!(directory.group(&team.id).is_none() && directory.group_named(&team.name).is_none());
    check!(directory.groups().all(|group| group.id != team.id));
    same!(directory.group(&other.id), Some(&other));
    Ok(())
}

async fn a_deleted_group_takes_memberships_along(context: Context) -> Done {
    let (amy, team, other) = (context.user("amy").await?, context.group("team").await?, context.group("other").await?);
    context.bound(&[join(&amy.id, &team.id), join(&amy.id, &other.id)]).await?;
    context.store.delete_group(&context.by(), &team.id).await?;
    let directory = context.directory();
    let mut left: Vec<&GroupId> = directory.groups_of(&amy.id).map(|group| &group.id).collect();
    left.sort_unstable();
    let mut expected = vec![&other.id, directory.everyone_id()];
    expected.sort_unstable();
    same!(left, expected);
    same!(directory.user(&amy.id), Some(&amy));
    Ok(())
}

async fn a_deleted_group_takes_grants_along(context: Context) -> Done {
    let (amy, team, role) = (context.user("amy").await?, context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[join(&amy.id, &team.id), grant(&team.id, &role)]).await?;
    context.store.delete_group(&context.by(), &team.id).await?;
    let directory = context.directory();
    same!(directory.groups_with_role(&role).count(), 0);
    check!(directory.role(&role).is_some() && !directory.effective_roles(&amy.id).contains(&role));
    Ok(())
}

async fn a_deleted_group_frees_its_name(context: Context) -> Done {
    let first = context.group("Team_A").await?;
    context.store.delete_group(&context.by(), &first.id).await?;
    let second = context.group("team-a").await?;
    check!(first.id != second.id, "an id was used twice");
    Ok(())
}

async fn an_absent_group_is_named(context: Context) -> Done {
    let deleted = context.group("team").await?;
    context.store.delete_group(&context.by(), &deleted.id).await?;
    for id in [GroupId::new(context.name("nothing")), deleted.id.clone()] {
        let absent = IdentityError::Absent(Key::Group(id.clone()));
        same!(refused(context.store.edit_group(&context.by(), &id, set("note", "x")).await)?, absent);
        same!(refused(context.store.delete_group(&context.by(), &id).await)?, absent);
    }
    Ok(())
}

async fn a_group_deleted_elsewhere_is_absent(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.hand.delete_group(&team.id).await?;
    let absent = IdentityError::Absent(Key::Group(team.id.clone()));
    same!(refused(context.store.edit_group(&context.by(), &team.id, set("note", "x")).await)?, absent);
    same!(context.bind(&[join(&amy.id, &team.id)]).await?, [Err(absent.clone())]);
    same!(refused(context.store.delete_group(&context.by(), &team.id).await)?, absent);
    Ok(())
}

async fn a_group_has_many_members(context: Context) -> Done {
    const MEMBERS: usize = 300;
    let team = context.group("team").await?;
    let mut ids = Vec::new();
    for part in 0..MEMBERS / 10 {
        let names = (0..10).map(|number| context.new_user(&format!("m{part}x{number}x"))).collect::<Result<_, _>>()?;
        let made = context.at_once(names, |store, new| async move {
            store.create_user(&primehub_core::identity::Actor::service(), new).await
        });
        for user in made.await? {
            ids.push(user?.value.id.clone());
        }
    }
    let joins: Vec<_> = ids.iter().map(|id| join(id, &team.id)).collect();
    context.bound(&joins).await?;
    let directory = context.directory();
    same!(directory.member_count(&team.id), MEMBERS);
    let members: Vec<String> = directory.members(&team.id).map(|user| user.username.to_string()).collect();
    check!(members.is_sorted(), "members are not sorted by name");
    context.store.edit_group(&context.by(), &team.id, set("note", "x")).await?;
    context.store.refresh(&[Key::Group(team.id.clone())]).await?;
    same!(context.directory().member_count(&team.id), MEMBERS);
    same!(texts(&["x"]), context.shown_group(&team.id)?.attributes.all("note"));
    context.store.delete_group(&context.by(), &team.id).await?;
    let directory = context.directory();
    check!(ids.iter().all(|id| directory.groups_of(id).all(|group| group.id != team.id)));
    Ok(())
}
