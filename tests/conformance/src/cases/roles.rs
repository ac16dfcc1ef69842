//! Roles of the realm.

use primehub_core::identity::{Applied, IdentityError, Key, Role, RoleKey};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, invalid, refused, same};
use crate::context::{attributes, grant, join};

cases! { "roles":
    a_new_role_is_shown_at_once,
    an_existing_role_is_left_as_it_is,
    a_role_keeps_its_attributes,
    names_differ_in_case,
    names_may_have_unusual_characters,
    names_may_have_255_characters,
    names_that_do_not_fit_are_refused,
    values_of_256_characters_are_refused,
    a_role_contains_another,
    an_absent_role_cannot_be_contained,
    roles_of_clients_are_not_made,
    roles_of_clients_are_not_deleted,
    a_deleted_role_is_gone,
    a_deleted_role_takes_grants_along,
    a_deleted_role_is_contained_no_more,
    an_absent_role_is_deleted_already,
    a_role_made_elsewhere_exists,
    a_role_deleted_elsewhere_is_made_anew,
}

async fn a_new_role_is_shown_at_once(context: Context) -> Done {
    let key = RoleKey::realm(context.name("it:cpu"));
    let written = context.store.ensure_role(&context.by(), Role::new(key.clone())).await?;
    same!(written.value, Applied::Changed);
    let directory = context.directory();
    check!(directory.role(&key).is_some_and(|role| role.composites.is_empty()));
    check!(directory.roles().any(|role| role.key == key));
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn an_existing_role_is_left_as_it_is(context: Context) -> Done {
    let (team, key) = (context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[grant(&team.id, &key)]).await?;
    let mut again = Role::new(key.clone());
    again.attributes = attributes(&[("note", &["x"])]);
    same!(context.store.ensure_role(&context.by(), again).await?.value, Applied::Unchanged);
    let directory = context.directory();
    check!(directory.role(&key).is_some_and(|role| role.attributes.all("note").is_empty()));
    check!(directory.group_has_role(&team.id, &key));
    Ok(())
}

async fn a_role_keeps_its_attributes(context: Context) -> Done {
    let mut role = Role::new(RoleKey::realm(context.name("it:cpu")));
    role.attributes = attributes(&[("note", &["x"]), ("long", &[&"組".repeat(255)])]);
    context.store.ensure_role(&context.by(), role.clone()).await?;
    same!(context.directory().role(&role.key).map(|shown| &**shown), Some(&role));
    Ok(())
}

async fn names_differ_in_case(context: Context) -> Done {
    let lower = RoleKey::realm(context.name("it:cpu"));
    let upper = RoleKey::realm(context.name("it:CPU"));
    for key in [&lower, &upper] {
        let made = context.store.ensure_role(&context.by(), Role::new(key.clone())).await?;
        same!(made.value, Applied::Changed);
    }
    context.store.delete_role(&context.by(), &lower).await?;
    let directory = context.directory();
    check!(directory.role(&lower).is_none() && directory.role(&upper).is_some());
    Ok(())
}

async fn names_may_have_unusual_characters(context: Context) -> Done {
    let team = context.group("team").await?;
    for stem in ["a/b", "a b", "100%", "a#b", "a?b=c&d", "a+b", "資料é", "a:rw:b", "..", "%2F", "a;b", "\"a\\'"] {
        let key = RoleKey::realm(format!("{stem}{}", context.name(" ")));
        let made = context.store.ensure_role(&context.by(), Role::new(key.clone())).await?;
        same!(made.value, Applied::Changed, "making {stem:?}");
        let again = context.store.ensure_role(&context.by(), Role::new(key.clone())).await?;
        same!(again.value, Applied::Unchanged, "making {stem:?} again");
        context.bound(&[grant(&team.id, &key)]).await?;
        check!(context.directory().group_has_role(&team.id, &key), "{stem:?} is not granted");
        same!(context.store.delete_role(&context.by(), &key).await?.value, Applied::Changed, "deleting {stem:?}");
        check!(context.directory().role(&key).is_none(), "{stem:?} is still there");
    }
    Ok(())
}

async fn names_may_have_255_characters(context: Context) -> Done {
    let key = RoleKey::realm(format!("{}{}", "組".repeat(255 - context.name("").len()), context.name("")));
    same!(context.store.ensure_role(&context.by(), Role::new(key.clone())).await?.value, Applied::Changed);
    check!(context.directory().role(&key).is_some());
    Ok(())
}

async fn names_that_do_not_fit_are_refused(context: Context) -> Done {
    for name in [String::new(), "x".repeat(256), context.name("it:\n")] {
        let key = RoleKey::realm(name.clone());
        let answer = context.store.ensure_role(&context.by(), Role::new(key.clone())).await;
        same!(invalid(answer)?, "role", "the field for {name:?}");
        check!(context.directory().role(&key).is_none());
    }
    Ok(())
}

async fn values_of_256_characters_are_refused(context: Context) -> Done {
    let mut role = Role::new(RoleKey::realm(context.name("it:cpu")));
    role.attributes = attributes(&[("note", &[&"x".repeat(256)])]);
    same!(invalid(context.store.ensure_role(&context.by(), role.clone()).await)?, "note");
    check!(context.directory().role(&role.key).is_none());
    Ok(())
}

async fn a_role_contains_another(context: Context) -> Done {
    let (amy, team, inner) = (context.user("amy").await?, context.group("team").await?, context.role("inner").await?);
    let mut outer = Role::new(RoleKey::realm(context.name("outer")));
    outer.composites.insert(inner.clone());
    context.store.ensure_role(&context.by(), outer.clone()).await?;
    same!(context.directory().role(&outer.key).map(|role| &**role), Some(&outer));
    context.bound(&[join(&amy.id, &team.id), grant(&team.id, &outer.key)]).await?;
    check!(context.directory().effective_roles(&amy.id).contains(&inner));
    Ok(())
}

async fn an_absent_role_cannot_be_contained(context: Context) -> Done {
    let absent = RoleKey::realm(context.name("absent"));
    let mut outer = Role::new(RoleKey::realm(context.name("outer")));
    outer.composites.insert(absent.clone());
    let error = refused(context.store.ensure_role(&context.by(), outer.clone()).await)?;
    same!(error, IdentityError::Absent(Key::Role(absent)));
    check!(context.directory().role(&outer.key).is_none());
    Ok(())
}

async fn roles_of_clients_are_not_made(context: Context) -> Done {
    let key = RoleKey::Client { client: "realm-management".into(), role: context.name("own").into() };
    let error = refused(context.store.ensure_role(&context.by(), Role::new(key.clone())).await)?;
    check!(matches!(error, IdentityError::Unsupported { .. }), "{error:?}");
    check!(context.directory().role(&key).is_none());
    Ok(())
}

async fn roles_of_clients_are_not_deleted(context: Context) -> Done {
    let key = RoleKey::Client { client: "realm-management".into(), role: "realm-admin".into() };
    let error = refused(context.store.delete_role(&context.by(), &key).await)?;
    check!(matches!(error, IdentityError::Unsupported { .. }), "{error:?}");
    Ok(())
}

async fn a_deleted_role_is_gone(context: Context) -> Done {
    let (key, other) = (context.role("it:cpu").await?, context.role("it:cpu-1").await?);
    let written = context.store.delete_role(&context.by(), &key).await?;
    same!(written.value, Applied::Changed);
    let directory = context.directory();
    check!(directory.role(&key).is_none() && directory.role(&other).is_some());
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn a_deleted_role_takes_grants_along(context: Context) -> Done {
    let (team, key) = (context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[grant(&team.id, &key)]).await?;
    context.store.delete_role(&context.by(), &key).await?;
    check!(context.directory().roles_of_group(&team.id).next().is_none());
    // A role of the same name is another one.
    context.role("it:cpu").await?;
    check!(!context.directory().group_has_role(&team.id, &key));
    Ok(())
}

async fn a_deleted_role_is_contained_no_more(context: Context) -> Done {
    let inner = context.role("inner").await?;
    let mut outer = Role::new(RoleKey::realm(context.name("outer")));
    outer.composites.insert(inner.clone());
    context.store.ensure_role(&context.by(), outer.clone()).await?;
    context.store.delete_role(&context.by(), &inner).await?;
    check!(context.directory().role(&outer.key).is_some_and(|role| role.composites.is_empty()));
    Ok(())
}

async fn an_absent_role_is_deleted_already(context: Context) -> Done {
    let key = context.role("it:cpu").await?;
    context.store.delete_role(&context.by(), &key).await?;
    for key in [key, RoleKey::realm(context.name("never"))] {
        same!(context.store.delete_role(&context.by(), &key).await?.value, Applied::Unchanged);
    }
    Ok(())
}

async fn a_role_made_elsewhere_exists(context: Context) -> Done {
    let key = RoleKey::realm(context.name("it:cpu"));
    context.hand.create_role(&context.name("it:cpu"), &[]).await?;
    same!(context.store.ensure_role(&context.by(), Role::new(key.clone())).await?.value, Applied::Unchanged);
    check!(context.directory().role(&key).is_some());
    Ok(())
}

async fn a_role_deleted_elsewhere_is_made_anew(context: Context) -> Done {
    let key = context.role("it:cpu").await?;
    context.hand.delete_role(&context.name("it:cpu")).await?;
    same!(context.store.delete_role(&context.by(), &key).await?.value, Applied::Unchanged);
    same!(context.store.ensure_role(&context.by(), Role::new(key.clone())).await?.value, Applied::Changed);
    check!(context.directory().role(&key).is_some());
    Ok(())
}
