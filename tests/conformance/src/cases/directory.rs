//! The picture as a whole: its order, its pages, and that it stays as it is.

use primehub_core::identity::{Key, PeopleFilter};

use super::Done;
use crate::case::cases;
use crate::check::{check, same};
use crate::context::{join, set};
use crate::{Context, Failure};

cases! { "directory":
    people_stand_in_order_of_their_names,
    pages_of_people_fit_together,
    people_are_found_by_parts,
    groups_stand_in_order_of_their_names,
    a_picture_that_was_taken_stays_as_it_was,
    both_sides_of_a_membership_agree,
    the_acting_people_are_shown,
}

async fn people_stand_in_order_of_their_names(context: Context) -> Done {
    let mut made = Vec::new();
    for stem in ["b", "a", "ab", "a-b", "a.b", "a_b", "a1", "c"] {
        made.push(context.user(stem).await?.username.to_string());
    }
    made.sort_unstable();
    let directory = context.directory();
    let all: Vec<&str> = directory.people_from(0).map(|user| &*user.username).collect();
    check!(all.is_sorted(), "people are not sorted by name");
    same!(all.len(), directory.people_count());
    let mine: Vec<&str> = all.into_iter().filter(|name| made.iter().any(|made| made == name)).collect();
    same!(mine, made);
    Ok(())
}

async fn pages_of_people_fit_together(context: Context) -> Done {
    for number in 0..5 {
        context.user(&format!("u{number}x")).await?;
    }
    let directory = context.directory();
    let mut all = Vec::new();
    let mut offset = 0;
    while offset < directory.people_count() {
        all.extend(directory.people_from(offset).take(3).map(|user| user.id.clone()));
        offset += 3;
    }
    check!(directory.people_from(0).map(|user| user.id.clone()).eq(all));
    same!(directory.people_from(directory.people_count()).count(), 0);
    Ok(())
}

async fn people_are_found_by_parts(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    context.full_user("bob").await?;
    let find = |username: Option<&str>, email: Option<&str>, search: Option<&str>| {
        let filter = PeopleFilter::new(username, email, search).map_err(Failure::broken)?;
        let (page, total) = context.directory().people_page(&filter, 0, 10);
        Ok::<_, Failure>((page.into_iter().map(|user| user.id.clone()).collect::<Vec<_>>(), total))
    };
    let one = (vec![amy.id.clone()], 1);
    same!(find(Some(&context.name("my").to_uppercase()), None, None)?, one);
    same!(find(None, Some(&context.email("my")), None)?, one);
    same!(find(None, None, Some(&format!("lee {}", context.name("AMY"))))?, one);
    same!(find(Some(&context.name("")), None, None)?.1, 2);
    same!(find(Some(&format!("%{}", context.name("my"))), None, None)?.1, 0);
    Ok(())
}

async fn groups_stand_in_order_of_their_names(context: Context) -> Done {
    for stem in ["b", "C", "a"] {
        context.group(stem).await?;
    }
    let directory = context.directory();
    let names: Vec<&str> = directory.groups().map(|group| &*group.name).collect();
    check!(names.is_sorted(), "groups are not sorted by name");
    let own: Vec<_> = names.into_iter().filter(|name| name.ends_with(&context.name(""))).collect();
    same!(own, [context.name("C"), context.name("a"), context.name("b")]);
    Ok(())
}

async fn a_picture_that_was_taken_stays_as_it_was(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    let taken = context.directory();
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.set(&team, "note", "x").await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    same!((taken.user(&amy.id), taken.group(&team.id)), (Some(&amy), Some(&team)));
    check!(!taken.is_member(&amy.id, &team.id) && taken.revision() < context.directory().revision());
    Ok(())
}

async fn both_sides_of_a_membership_agree(context: Context) -> Done {
    let (amy, team) = (context.user("amy").await?, context.group("team").await?);
    context.bound(&[join(&amy.id, &team.id)]).await?;
    context.store.edit_group(&context.by(), &team.id, set("note", "x")).await?;
    context.store.refresh(&[Key::User(amy.id.clone()), Key::Group(team.id.clone())]).await?;
    let directory = context.directory();
    for group in directory.all_groups() {
        check!(directory.members(&group.id).all(|user| directory.is_member(&user.id, &group.id)));
        same!(directory.members(&group.id).count(), directory.member_count(&group.id));
    }
    for user in directory.users() {
        check!(
            directory.groups_of(&user.id).all(|group| directory.members(&group.id).any(|member| member.id == user.id))
        );
    }
    Ok(())
}

async fn the_acting_people_are_shown(context: Context) -> Done {
    let directory = context.directory();
    for (actor, administers) in [(context.backend.administrator(), true), (context.backend.plain_person(), false)] {
        let primehub_core::identity::Actor::Person { id, .. } = actor else {
            return Err(Failure::broken("the backend's people are no people"));
        };
        let Some(person) = directory.person(&id) else {
            return Err(Failure::broken(format_args!("{id} is not shown")));
        };
        check!(person.enabled);
        same!(directory.is_administrator(&id), administers);
    }
    Ok(())
}
