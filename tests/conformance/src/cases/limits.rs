//! How many may exist. Everybody counts, so these cases run alone.

use primehub_core::identity::{Actor, IdentityError};

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, refused, same, winners};

cases! { "limits":
    a_limit_far_away_stops_nobody;
    alone:
    no_more_users_than_allowed,
    no_more_groups_than_allowed,
    everyone_does_not_count_as_a_group,
    a_deleted_user_makes_room,
    users_made_at_once_keep_the_limit,
    groups_made_at_once_keep_the_limit,
}

async fn a_limit_far_away_stops_nobody(context: Context) -> Done {
    let (mut user, mut group) = (context.new_user("amy")?, context.new_group("team")?);
    (user.at_most, group.at_most) = (Some(1_000_000), Some(1_000_000));
    context.store.create_user(&context.by(), user).await?;
    context.store.create_group(&context.by(), group).await?;
    Ok(())
}

fn people(context: &Context) -> u64 {
    context.directory().people_count() as u64
}

async fn no_more_users_than_allowed(context: Context) -> Done {
    let limit = people(&context) + 1;
    let limited = |stem: &str| {
        context.new_user(stem).map(|mut new| {
            new.at_most = Some(limit);
            new
        })
    };
    context.store.create_user(&context.by(), limited("amy")?).await?;
    for _ in 0..2 {
        let error = refused(context.store.create_user(&context.by(), limited("bob")?).await)?;
        same!(error, IdentityError::LimitReached { limit });
    }
    same!(people(&context), limit);
    check!(context.directory().user_named(&context.name("bob")).is_none());
    Ok(())
}

async fn no_more_groups_than_allowed(context: Context) -> Done {
    let limit = context.directory().group_count() as u64 + 1;
    for (stem, fits) in [("one", true), ("two", false)] {
        let mut new = context.new_group(stem)?;
        new.at_most = Some(limit);
        let answer = context.store.create_group(&context.by(), new).await;
        if fits {
            answer?;
        } else {
            same!(refused(answer)?, IdentityError::LimitReached { limit });
        }
    }
    same!(context.directory().group_count() as u64, limit);
    Ok(())
}

async fn everyone_does_not_count_as_a_group(context: Context) -> Done {
    let directory = context.directory();
    same!(directory.groups().count(), directory.group_count() + 1);
    Ok(())
}

async fn a_deleted_user_makes_room(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let limit = people(&context);
    let limited = || {
        context.new_user("bob").map(|mut new| {
            new.at_most = Some(limit);
            new
        })
    };
    refused(context.store.create_user(&context.by(), limited()?).await)?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    context.store.create_user(&context.by(), limited()?).await?;
    Ok(())
}

async fn users_made_at_once_keep_the_limit(context: Context) -> Done {
    let limit = people(&context) + 3;
    let mut all = Vec::new();
    for number in 0..8 {
        let mut new = context.new_user(&format!("u{number}x"))?;
        new.at_most = Some(limit);
        all.push(new);
    }
    let answers = context.at_once(all, |store, new| async move { store.create_user(&Actor::service(), new).await });
    let answers = answers.await?;
    same!(winners(&answers), 3);
    let late = Err(IdentityError::LimitReached { limit });
    check!(answers.iter().filter(|answer| answer.is_err()).all(|answer| *answer == late), "{answers:?}");
    same!(people(&context), limit);
    Ok(())
}

async fn groups_made_at_once_keep_the_limit(context: Context) -> Done {
    let limit = context.directory().group_count() as u64 + 3;
    let mut all = Vec::new();
    for number in 0..8 {
        let mut new = context.new_group(&format!("g{number}x"))?;
        new.at_most = Some(limit);
        all.push(new);
    }
    let answers = context.at_once(all, |store, new| async move { store.create_group(&Actor::service(), new).await });
    same!(winners(&answers.await?), 3);
    same!(context.directory().group_count() as u64, limit);
    Ok(())
}
