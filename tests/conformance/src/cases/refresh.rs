//! What somebody else has done is seen when it is asked for.

use primehub_core::identity::{InvitationId, Key, RoleKey};
use primehub_core::names::{GroupId, UserId};

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::{Context, HandedUser};

cases! { "refresh":
    a_user_made_elsewhere_is_seen,
    a_user_changed_elsewhere_is_seen,
    a_user_deleted_elsewhere_is_gone,
    a_membership_made_elsewhere_is_seen_with_the_user,
    a_membership_made_elsewhere_is_seen_with_the_group,
    a_group_made_elsewhere_is_seen,
    a_group_changed_elsewhere_is_seen,
    a_group_deleted_elsewhere_is_gone,
    a_role_made_elsewhere_is_seen,
    a_role_deleted_elsewhere_is_gone,
    keys_that_do_not_exist_are_no_error,
    no_keys_are_no_error,
    many_keys_are_seen_at_once,
    many_callers_see_the_same;
    alone:
    the_realm_changed_elsewhere_is_seen,
}

impl Context {
    async fn refresh(&self, key: Key) -> Done {
        let revision = self.store.refresh(&[key]).await?;
        check!(revision <= self.directory().revision());
        Ok(())
    }
}

async fn a_user_made_elsewhere_is_seen(context: Context) -> Done {
    let id = context.hand.create_user(HandedUser::named(context.name("amy"))).await?;
    context.refresh(Key::User(id.clone())).await?;
    let directory = context.directory();
    check!(directory.user_named(&context.name("amy")).is_some_and(|user| user.id == id));
    check!(directory.is_member(&id, directory.everyone_id()));
    Ok(())
}

async fn a_user_changed_elsewhere_is_seen(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.hand.set_user_attribute(&amy.id, "note", &["x"]).await?;
    context.hand.set_email(&amy.id, &context.email("other")).await?;
    context.refresh(Key::User(amy.id.clone())).await?;
    let shown = context.shown_user(&amy.id)?;
    same!((shown.attributes.first("note"), &shown.email), (Some("x"), &Some(context.email("other"))));
    let directory = context.directory();
    check!(directory.user_with_email(&context.email("amy")).is_none());
    Ok(())
}

async fn a_user_deleted_elsewhere_is_gone(context: Context) -> Done {
    let (amy, team) = (context.full_user("amy").await?, context.group("team").await?);
    context.bound(&[crate::context::join(&amy.id, &team.id)]).await?;
    context.hand.delete_user(&amy.id).await?;
    context.refresh(Key::User(amy.id.clone())).await?;
    let directory = context.directory();
    check!(directory.user(&amy.id).is_none() && directory.user_named(&amy.username).is_none());
    same!(directory.member_count(&team.id), 0);
    Ok(())
}

async fn a_membership_made_elsewhere_is_seen_with_the_user(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.hand.join(&amy.id, &team.id).await?;
    context.refresh(Key::User(amy.id.clone())).await?;
    check!(context.directory().is_member(&amy.id, &team.id));
    context.hand.leave(&amy.id, &team.id).await?;
    context.refresh(Key::User(amy.id.clone())).await?;
    check!(!context.directory().is_member(&amy.id, &team.id));
    Ok(())
}

async fn a_membership_made_elsewhere_is_seen_with_the_group(context: Context) -> Done {
    // A key of a user stands for the memberships; both together are always enough.
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.hand.join(&amy.id, &team.id).await?;
    context.store.refresh(&[Key::Group(team.id.clone()), Key::User(amy.id.clone())]).await?;
    check!(context.directory().members(&team.id).any(|user| user.id == amy.id));
    Ok(())
}

async fn a_group_made_elsewhere_is_seen(context: Context) -> Done {
    let id = context.hand.create_group(&context.name("Team"), None).await?;
    context.refresh(Key::Group(id.clone())).await?;
    check!(context.directory().group_named(&context.name("Team")).is_some_and(|group| group.id == id));
    Ok(())
}

async fn a_group_changed_elsewhere_is_seen(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    context.hand.set_group_attribute(&team.id, "quota-cpu", &["4"]).await?;
    context.hand.grant(&primehub_core::identity::Subject::Group(team.id.clone()), &role).await?;
    context.refresh(Key::Group(team.id.clone())).await?;
    same!(context.shown_group(&team.id)?.attributes.first("quota-cpu"), Some("4"));
    check!(context.directory().group_has_role(&team.id, &role));
    Ok(())
}

async fn a_group_deleted_elsewhere_is_gone(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[crate::context::join(&amy.id, &team.id)]).await?;
    context.hand.delete_group(&team.id).await?;
    context.refresh(Key::Group(team.id.clone())).await?;
    let directory = context.directory();
    check!(directory.group(&team.id).is_none());
    check!(directory.groups_of(&amy.id).all(|group| group.id != team.id));
    Ok(())
}

async fn a_role_made_elsewhere_is_seen(context: Context) -> Done {
    let key = RoleKey::realm(context.name("it:cpu/gpu 50%"));
    context.hand.create_role(&context.name("it:cpu/gpu 50%"), &[]).await?;
    context.refresh(Key::Role(key.clone())).await?;
    check!(context.directory().role(&key).is_some());
    Ok(())
}

async fn a_role_deleted_elsewhere_is_gone(context: Context) -> Done {
    let (team, key) = (context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[crate::context::grant(&team.id, &key)]).await?;
    context.hand.delete_role(&context.name("it:cpu")).await?;
    context.refresh(Key::Role(key.clone())).await?;
    let directory = context.directory();
    check!(directory.role(&key).is_none() && !directory.group_has_role(&team.id, &key));
    Ok(())
}

async fn keys_that_do_not_exist_are_no_error(context: Context) -> Done {
    let name = context.name("nothing");
    let keys = [
        Key::User(UserId::new(&*name)),
        Key::Group(GroupId::new(&*name)),
        Key::Role(RoleKey::realm(&*name)),
        Key::Role(RoleKey::Client { client: name.as_str().into(), role: "x".into() }),
        Key::Invitation(InvitationId::of_token(&name)),
        Key::User(UserId::new("")),
        Key::Group(GroupId::new("../../x?y#z")),
    ];
    context.store.refresh(&keys).await?;
    for key in keys {
        context.store.refresh(&[key]).await?;
    }
    Ok(())
}

async fn no_keys_are_no_error(context: Context) -> Done {
    let before = context.directory().revision();
    check!(context.store.refresh(&[]).await? >= before);
    Ok(())
}

async fn many_keys_are_seen_at_once(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let role = RoleKey::realm(context.name("it:cpu"));
    context.hand.set_user_attribute(&amy.id, "note", &["x"]).await?;
    context.hand.set_group_attribute(&team.id, "note", &["y"]).await?;
    context.hand.create_role(&context.name("it:cpu"), &[]).await?;
    let nobody = Key::User(UserId::new(context.name("nobody")));
    let keys = [nobody, Key::User(amy.id.clone()), Key::Group(team.id.clone()), Key::Role(role.clone())];
    context.store.refresh(&keys).await?;
    same!(context.shown_user(&amy.id)?.attributes.first("note"), Some("x"));
    same!(context.shown_group(&team.id)?.attributes.first("note"), Some("y"));
    check!(context.directory().role(&role).is_some());
    Ok(())
}

async fn many_callers_see_the_same(context: Context) -> Done {
    let amy = context.user("amy").await?;
    for round in ["1", "2", "3"] {
        context.hand.set_user_attribute(&amy.id, "note", &[round]).await?;
        let seen = context.at_once(vec![amy.id.clone(); 8], |store, id| async move {
            store.refresh(&[Key::User(id.clone())]).await?;
            let directory = store.directory();
            Ok::<_, primehub_core::identity::IdentityError>(
                directory.user(&id).and_then(|user| user.attributes.first("note").map(str::to_owned)),
            )
        });
        for seen in seen.await? {
            same!(seen?.as_deref(), Some(round));
        }
    }
    Ok(())
}

async fn the_realm_changed_elsewhere_is_seen(context: Context) -> Done {
    let name = context.name("Lab ");
    context.hand.set_display_name(&name).await?;
    context.refresh(Key::Realm).await?;
    same!(context.directory().realm().display_name, Some(name));
    Ok(())
}
