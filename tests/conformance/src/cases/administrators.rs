//! Who administers the platform.

use primehub_core::identity::{Applied, Binding, RoleKey, Subject, UserEdit};
use primehub_core::names::UserId;

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, same};
use crate::context::{grant, join, leave};

cases! { "administrators":
    the_role_is_granted_to_a_user_and_revoked,
    granting_twice_is_the_same_as_once,
    the_role_counts_through_a_group,
    the_role_counts_through_a_composite_role,
    nested_groups_inherit_the_role,
    who_leaves_the_group_is_none,
    a_disabled_administrator_does_not_count_as_one_who_remains,
    a_grant_made_elsewhere_is_seen,
    a_revocation_made_elsewhere_is_seen,
}

fn to_user(id: &UserId, role: RoleKey) -> Binding {
    Binding::Grant { to: Subject::User(id.clone()), role }
}

async fn the_role_is_granted_to_a_user_and_revoked(context: Context) -> Done {
    let (amy, bob, role) = (context.user("amy").await?, context.user("bob").await?, context.administrator_role());
    same!(context.administered(&[to_user(&amy.id, role.clone())]).await?, [Applied::Changed]);
    let directory = context.directory();
    check!(directory.is_administrator(&amy.id) && !directory.is_administrator(&bob.id));
    check!(directory.administrators().any(|user| user.id == amy.id));
    check!(directory.users_with_role(&role).any(|id| *id == amy.id));
    same!(directory.user(&amy.id), Some(&amy));
    let revoke = Binding::Revoke { from: Subject::User(amy.id.clone()), role };
    same!(context.administered(&[revoke]).await?, [Applied::Changed]);
    let directory = context.directory();
    check!(!directory.is_administrator(&amy.id) && directory.administrators().all(|user| user.id != amy.id));
    Ok(())
}

async fn granting_twice_is_the_same_as_once(context: Context) -> Done {
    let (amy, role) = (context.user("amy").await?, context.administrator_role());
    let edit = to_user(&amy.id, role.clone());
    let revoke = Binding::Revoke { from: Subject::User(amy.id.clone()), role };
    let edits = [revoke.clone(), edit.clone(), edit, revoke.clone(), revoke];
    let expected = [Applied::Unchanged, Applied::Changed, Applied::Unchanged, Applied::Changed, Applied::Unchanged];
    same!(context.administered(&edits).await?, expected);
    Ok(())
}

async fn the_role_counts_through_a_group(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let role = context.administrator_role();
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.hand.grant(&Subject::Group(team.id.clone()), &role).await?;
    let amy_administers = |directory: &primehub_core::identity::Directory| directory.is_administrator(&amy.id);
    let directory = context.until("administrators by group", amy_administers).await?;
    check!(directory.grants_administration(&team.id));
    check!(directory.administrators().any(|user| user.id == amy.id));
    context.hand.revoke(&Subject::Group(team.id.clone()), &role).await?;
    context.until("the end of administration by group", |directory| !directory.is_administrator(&amy.id)).await?;
    Ok(())
}

async fn the_role_counts_through_a_composite_role(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let (name, outer) = (context.name("operators"), context.name("all-operators"));
    context.hand.create_role(&name, &[context.administrator_role()]).await?;
    context.hand.create_role(&outer, &[RoleKey::realm(&*name)]).await?;
    let shows = |directory: &primehub_core::identity::Directory| directory.role(&RoleKey::realm(&*outer)).is_some();
    context.until("the composite role", shows).await?;
    context.bound(&[grant(&team.id, &RoleKey::realm(&*outer)), join(&amy.id, &team.id)]).await?;
    let directory = context.directory();
    check!(directory.is_administrator(&amy.id) && directory.grants_administration(&team.id));
    check!(directory.effective_roles(&amy.id).contains(directory.administrator_role()));
    context.hand.delete_role(&name).await?;
    context.until("the end of the inner role", |directory| !directory.is_administrator(&amy.id)).await?;
    Ok(())
}

async fn nested_groups_inherit_the_role(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let child = context.hand.create_group(&context.name("child"), Some(&team.id)).await?;
    context.hand.join(&amy.id, &child).await?;
    context.hand.grant(&Subject::Group(team.id.clone()), &context.administrator_role()).await?;
    let directory = context.until("the nested member", |directory| directory.is_administrator(&amy.id)).await?;
    check!(directory.grants_administration(&child) && !directory.is_member(&amy.id, &team.id));
    check!(directory.administrators().any(|user| user.id == amy.id));
    Ok(())
}

async fn who_leaves_the_group_is_none(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.hand.grant(&Subject::Group(team.id.clone()), &context.administrator_role()).await?;
    context.until("the administrator", |directory| directory.is_administrator(&amy.id)).await?;
    context.bound(&[leave(&amy.id, &team.id)]).await?;
    check!(!context.directory().is_administrator(&amy.id));
    Ok(())
}

async fn a_disabled_administrator_does_not_count_as_one_who_remains(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.administered(&[to_user(&amy.id, context.administrator_role())]).await?;
    let remains = || context.directory().people_who_administer().any(|user| user.id == amy.id);
    check!(remains());
    context.edit_user(&amy, UserEdit { enabled: Some(false), ..UserEdit::default() }).await?;
    check!(!remains());
    // The role itself is still there.
    check!(context.directory().is_administrator(&amy.id));
    Ok(())
}

async fn a_grant_made_elsewhere_is_seen(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.hand.grant(&Subject::User(amy.id.clone()), &context.administrator_role()).await?;
    let directory = context.until("the grant", |directory| directory.is_administrator(&amy.id)).await?;
    check!(directory.administrators().any(|user| user.id == amy.id));
    Ok(())
}

async fn a_revocation_made_elsewhere_is_seen(context: Context) -> Done {
    let (amy, role) = (context.user("amy").await?, context.administrator_role());
    context.administered(&[to_user(&amy.id, role.clone())]).await?;
    context.hand.revoke(&Subject::User(amy.id.clone()), &role).await?;
    context.until("the revocation", |directory| !directory.is_administrator(&amy.id)).await?;
    Ok(())
}
