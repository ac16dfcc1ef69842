//! The change feed: what was touched, from when on, and what a reader gets that cannot be served.

use futures::StreamExt as _;
use primehub_core::identity::{Change, Edit, Freshness, Key, RealmEdit, Revision, Role, RoleKey};
use tokio::time::timeout;

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::context::{grant, join, set, set_of_user};
use crate::{Context, Failure};

cases! { "feed":
    a_new_user_is_told,
    an_edited_user_is_told,
    a_deleted_user_is_told,
    a_new_group_is_told,
    an_edited_group_is_told,
    a_deleted_group_is_told_with_its_members,
    a_membership_is_told,
    a_grant_is_told,
    a_role_is_told,
    a_deleted_role_is_told_with_its_groups,
    an_invitation_is_told,
    a_reader_starts_where_it_says,
    numbers_grow,
    every_reader_is_told,
    a_number_of_another_life_reads_again,
    the_picture_is_live,
    the_limits_are_those_of_keycloak;
    alone:
    the_realm_is_told,
}

/// Runs a write and checks that the feed names the key, at the latest for the picture that the write answered.
macro_rules! told {
    ($context:expr, $write:expr, $key:expr) => {{
        let changes = $context.store.changes(None);
        let before = $context.directory().revision();
        let written = $write;
        let key = $key(&written.value);
        let revision = $context.told(changes, key).await?;
        check!(
            before < revision && revision <= written.revision,
            "told for {revision:?}, written as {:?}",
            written.revision
        );
    }};
}

async fn a_new_user_is_told(context: Context) -> Done {
    let new = context.new_user("amy")?;
    told!(context, context.store.create_user(&context.by(), new).await?, |user: &std::sync::Arc<
        primehub_core::identity::User,
    >| Key::User(user.id.clone()));
    Ok(())
}

async fn an_edited_user_is_told(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let edit = set_of_user("note", "x");
    told!(context, context.store.edit_user(&context.by(), &amy.id, edit).await?, |_| Key::User(amy.id.clone()));
    Ok(())
}

async fn a_deleted_user_is_told(context: Context) -> Done {
    let amy = context.user("amy").await?;
    told!(context, context.store.delete_user(&context.by(), &amy.id).await?, |_| Key::User(amy.id.clone()));
    Ok(())
}

async fn a_new_group_is_told(context: Context) -> Done {
    let new = context.new_group("team")?;
    told!(context, context.store.create_group(&context.by(), new).await?, |group: &std::sync::Arc<
        primehub_core::identity::Group,
    >| Key::Group(group.id.clone()));
    Ok(())
}

async fn an_edited_group_is_told(context: Context) -> Done {
    let team = context.group("team").await?;
    let edit = set("note", "x");
    told!(context, context.store.edit_group(&context.by(), &team.id, edit).await?, |_| Key::Group(team.id.clone()));
    Ok(())
}

async fn a_deleted_group_is_told_with_its_members(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    let of_amy = context.store.changes(None);
    told!(context, context.store.delete_group(&context.by(), &team.id).await?, |_| Key::Group(team.id.clone()));
    context.told(of_amy, Key::User(amy.id.clone())).await?;
    Ok(())
}

async fn a_membership_is_told(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    for edit in [join(&amy.id, &team.id), crate::context::leave(&amy.id, &team.id)] {
        let changes = context.store.changes(None);
        context.bound(&[edit]).await?;
        context.told(changes, Key::User(amy.id.clone())).await?;
    }
    Ok(())
}

async fn a_grant_is_told(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    for edit in [grant(&team.id, &role), crate::context::revoke(&team.id, &role)] {
        let changes = context.store.changes(None);
        context.bound(&[edit]).await?;
        context.told(changes, Key::Group(team.id.clone())).await?;
    }
    Ok(())
}

async fn a_role_is_told(context: Context) -> Done {
    let key = RoleKey::realm(context.name("it:cpu"));
    let role = Role::new(key.clone());
    told!(context, context.store.ensure_role(&context.by(), role).await?, |_| Key::Role(key.clone()));
    told!(context, context.store.delete_role(&context.by(), &key).await?, |_| Key::Role(key.clone()));
    Ok(())
}

async fn a_deleted_role_is_told_with_its_groups(context: Context) -> Done {
    let (team, role) = (context.group("team").await?, context.role("it:cpu").await?);
    context.bound(&[grant(&team.id, &role)]).await?;
    let changes = context.store.changes(None);
    context.store.delete_role(&context.by(), &role).await?;
    context.told(changes, Key::Group(team.id.clone())).await?;
    Ok(())
}

async fn an_invitation_is_told(context: Context) -> Done {
    let team = context.group("team").await?;
    let changes = context.store.changes(None);
    let invitation = context.invite("token", &team, 3_600).await?;
    context.told(changes, Key::Invitation(invitation.id)).await?;
    let changes = context.store.changes(None);
    context.store.take_invitation(&context.by(), &invitation.id).await?;
    context.told(changes, Key::Invitation(invitation.id)).await?;
    Ok(())
}

async fn a_reader_starts_where_it_says(context: Context) -> Done {
    let before = context.directory().revision();
    let amy = context.user("amy").await?;
    let between = context.directory().revision();
    let bob = context.user("bob").await?;
    // Both are in the past: nothing has to happen for this reader to be served.
    let told = context.told(context.store.changes(Some(before)), Key::User(amy.id.clone())).await?;
    check!(before < told && told <= between);
    let mut changes = context.store.changes(Some(between));
    loop {
        match timeout(context.backend.visible_within(), changes.next()).await {
            Ok(Some(Change::Touched { keys, .. })) => {
                check!(!keys.contains(&Key::User(amy.id.clone())), "told of what was before");
                if keys.contains(&Key::User(bob.id.clone())) {
                    return Ok(());
                }
            }
            other => return Err(Failure::broken(format_args!("bob is not told: {other:?}"))),
        }
    }
}

async fn numbers_grow(context: Context) -> Done {
    let mut changes = context.store.changes(None);
    let mut last = context.directory().revision();
    let amy = context.user("amy").await?;
    let mut written = Vec::new();
    for number in 0..5 {
        let edit = set_of_user("note", &number.to_string());
        written.push(context.store.edit_user(&context.by(), &amy.id, edit).await?.revision);
    }
    check!(written.windows(2).all(|pair| pair[0] < pair[1]), "{written:?}");
    let end = written[4];
    last = last.min(context.directory().revision());
    while last < end {
        let Ok(Some(change)) = timeout(context.backend.visible_within(), changes.next()).await else {
            return Err(Failure::broken(format_args!("the feed ends at {last:?}, before {end:?}")));
        };
        check!(change.revision() > last || written[0] > last, "{:?} after {last:?}", change.revision());
        check!(change.revision() <= context.directory().revision(), "told before it is shown");
        last = change.revision();
    }
    Ok(())
}

async fn every_reader_is_told(context: Context) -> Done {
    let readers: Vec<_> = (0..8).map(|_| context.store.changes(None)).collect();
    let amy = context.user("amy").await?;
    for reader in readers {
        context.told(reader, Key::User(amy.id.clone())).await?;
    }
    Ok(())
}

async fn a_number_of_another_life_reads_again(context: Context) -> Done {
    let mut changes = context.store.changes(Some(Revision(u64::MAX)));
    let first = timeout(context.backend.visible_within(), changes.next()).await;
    let Ok(Some(Change::ReadAgain { revision })) = first else {
        return Err(Failure::broken(format_args!("expected to be told to read again, not {first:?}")));
    };
    check!(revision <= context.directory().revision());
    // From there on, the reader is told what happens.
    let amy = context.user("amy").await?;
    context.told(changes, Key::User(amy.id.clone())).await?;
    Ok(())
}

async fn the_picture_is_live(context: Context) -> Done {
    same!(context.store.freshness(), Freshness::Live);
    check!(context.directory().revision() > Revision::default());
    Ok(())
}

async fn the_limits_are_those_of_keycloak(context: Context) -> Done {
    let found = context.store.capabilities();
    check!(!found.read_only);
    same!((found.group_attributes.value_length, found.user_attributes.value_length), (255, 2_048));
    Ok(())
}

async fn the_realm_is_told(context: Context) -> Done {
    let edit = RealmEdit { display_name: Edit::Set(context.name("Lab ")), ..RealmEdit::default() };
    told!(context, context.store.edit_realm(&context.by(), edit).await?, |_| Key::Realm);
    Ok(())
}
