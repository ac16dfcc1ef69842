//! Invitations: stored by the hash of their token, taken once.

use primehub_core::identity::{IdentityError, InvitationId, Key, NewInvitation};
use primehub_core::names::GroupId;

use super::Done;
use crate::Context;
use crate::case::cases;
use crate::check::{check, refused, same};

cases! { "invitations":
    an_invitation_is_shown_at_once,
    an_invitation_is_taken_once,
    a_taken_invitation_can_be_put_back,
    an_unknown_invitation_is_absent,
    an_invitation_needs_its_group,
    the_same_invitation_can_be_put_again,
    a_later_expiry_replaces_the_earlier,
    an_expired_invitation_is_still_taken,
    expired_invitations_go_when_another_comes,
    invitations_of_a_group_stand_in_order_of_expiry,
    a_group_has_only_so_many,
    expired_ones_do_not_count,
    other_groups_do_not_count,
    one_that_is_there_already_does_not_count,
    one_that_is_put_back_has_no_limit,
    a_refused_invitation_is_not_stored,
    times_are_kept_exactly,
}

async fn put(context: &Context, token: &str, into: &GroupId, seconds: i64, at_most: u64) -> Result<(), IdentityError> {
    let mut new = NewInvitation::new(context.invitation(token, into, seconds));
    new.at_most = Some(at_most);
    context.store.put_invitation(&context.by(), new).await.map(drop)
}

fn shows(context: &Context, token: &str) -> bool {
    context.directory().invitation(&InvitationId::of_token(&context.name(token))).is_some()
}

async fn an_invitation_is_shown_at_once(context: Context) -> Done {
    let team = context.group("team").await?;
    let invitation = context.invitation("token", &team.id, 3_600);
    let written = context.store.put_invitation(&context.by(), NewInvitation::new(invitation.clone())).await?;
    let directory = context.directory();
    same!(directory.invitation(&invitation.id).map(|shown| &**shown), Some(&invitation));
    check!(directory.invitations().any(|shown| **shown == invitation));
    check!(directory.invitations_into(&team.id).map(|shown| &**shown).eq([&invitation]));
    check!(directory.revision() >= written.revision);
    Ok(())
}

async fn an_invitation_is_taken_once(context: Context) -> Done {
    let team = context.group("team").await?;
    let invitation = context.invite("token", &team, 3_600).await?;
    let taken = context.store.take_invitation(&context.by(), &invitation.id).await?;
    same!(taken.value, invitation);
    check!(context.directory().invitation(&invitation.id).is_none());
    let error = refused(context.store.take_invitation(&context.by(), &invitation.id).await)?;
    same!(error, IdentityError::Absent(Key::Invitation(invitation.id)));
    Ok(())
}

async fn a_taken_invitation_can_be_put_back(context: Context) -> Done {
    let team = context.group("team").await?;
    let invitation = context.invite("token", &team, 3_600).await?;
    for _ in 0..2 {
        let taken = context.store.take_invitation(&context.by(), &invitation.id).await?.value;
        context.store.put_invitation(&context.by(), NewInvitation::new(taken)).await?;
        check!(shows(&context, "token"));
    }
    same!(context.store.take_invitation(&context.by(), &invitation.id).await?.value, invitation);
    Ok(())
}

async fn an_unknown_invitation_is_absent(context: Context) -> Done {
    let unknown = InvitationId::of_token(&context.name("unknown"));
    let error = refused(context.store.take_invitation(&context.by(), &unknown).await)?;
    same!(error, IdentityError::Absent(Key::Invitation(unknown)));
    Ok(())
}

async fn an_invitation_needs_its_group(context: Context) -> Done {
    let team = context.group("team").await?;
    context.store.delete_group(&context.by(), &team.id).await?;
    for id in [GroupId::new(context.name("nothing")), team.id.clone()] {
        let new = NewInvitation::new(context.invitation("token", &id, 3_600));
        let error = refused(context.store.put_invitation(&context.by(), new).await)?;
        same!(error, IdentityError::Absent(Key::Group(id)));
        check!(!shows(&context, "token"));
    }
    Ok(())
}

async fn the_same_invitation_can_be_put_again(context: Context) -> Done {
    let team = context.group("team").await?;
    let invitation = context.invite("token", &team, 3_600).await?;
    context.store.put_invitation(&context.by(), NewInvitation::new(invitation.clone())).await?;
    same!(context.directory().invitations_into(&team.id).count(), 1);
    context.store.take_invitation(&context.by(), &invitation.id).await?;
    check!(!shows(&context, "token"));
    Ok(())
}

async fn a_later_expiry_replaces_the_earlier(context: Context) -> Done {
    let team = context.group("team").await?;
    context.invite("token", &team, 3_600).await?;
    let later = context.invite("token", &team, 7_200).await?;
    // As the realm has it, not only as the writer remembers it.
    context.store.refresh(&[Key::Invitation(later.id)]).await?;
    same!(context.directory().invitation(&later.id).map(|shown| shown.expires_at), Some(later.expires_at));
    same!(context.store.take_invitation(&context.by(), &later.id).await?.value, later);
    Ok(())
}

async fn an_expired_invitation_is_still_taken(context: Context) -> Done {
    // Whoever takes it decides what it is worth. Another case may throw it away first: expired ones go when any other comes.
    let team = context.group("team").await?;
    let invitation = context.invite("token", &team, -60).await?;
    match context.store.take_invitation(&context.by(), &invitation.id).await {
        Ok(taken) => {
            check!(taken.value.is_expired(context.in_seconds(0)));
            same!(taken.value, invitation);
        }
        Err(error) => same!(error, IdentityError::Absent(Key::Invitation(invitation.id))),
    }
    check!(!shows(&context, "token"));
    Ok(())
}

async fn expired_invitations_go_when_another_comes(context: Context) -> Done {
    let team = context.group("team").await?;
    context.invite("early", &team, -60).await?;
    context.invite("late", &team, 3_600).await?;
    context.invite("new", &team, 3_600).await?;
    same!(["early", "late", "new"].map(|token| shows(&context, token)), [false, true, true]);
    same!(context.directory().invitations_into(&team.id).count(), 2);
    Ok(())
}

async fn invitations_of_a_group_stand_in_order_of_expiry(context: Context) -> Done {
    let (team, other) = (context.group("team").await?, context.group("other").await?);
    let mut expected = Vec::new();
    for (token, seconds) in [("b", 7_200), ("c", 9_000), ("a", 3_600)] {
        expected.push(context.invite(token, &team, seconds).await?);
    }
    context.invite("d", &other, 5_000).await?;
    expected.sort_by_key(|invitation| invitation.expires_at);
    let shown: Vec<_> = context.directory().invitations_into(&team.id).map(|shown| (**shown).clone()).collect();
    same!(shown, expected);
    Ok(())
}

async fn a_group_has_only_so_many(context: Context) -> Done {
    let team = context.group("team").await?;
    same!(put(&context, "one", &team.id, 3_600, 2).await, Ok(()));
    same!(put(&context, "two", &team.id, 3_600, 2).await, Ok(()));
    same!(put(&context, "three", &team.id, 3_600, 2).await, Err(IdentityError::LimitReached { limit: 2 }));
    same!(put(&context, "three", &team.id, 3_600, 3).await, Ok(()));
    Ok(())
}

async fn expired_ones_do_not_count(context: Context) -> Done {
    let team = context.group("team").await?;
    context.invite("old", &team, -60).await?;
    same!(put(&context, "one", &team.id, 3_600, 1).await, Ok(()));
    same!(put(&context, "two", &team.id, 3_600, 1).await, Err(IdentityError::LimitReached { limit: 1 }));
    Ok(())
}

async fn other_groups_do_not_count(context: Context) -> Done {
    let (team, other) = (context.group("team").await?, context.group("other").await?);
    same!(put(&context, "one", &other.id, 3_600, 1).await, Ok(()));
    same!(put(&context, "two", &team.id, 3_600, 1).await, Ok(()));
    Ok(())
}

async fn one_that_is_there_already_does_not_count(context: Context) -> Done {
    let team = context.group("team").await?;
    same!(put(&context, "one", &team.id, 3_600, 1).await, Ok(()));
    same!(put(&context, "one", &team.id, 7_200, 1).await, Ok(()));
    Ok(())
}

async fn one_that_is_put_back_has_no_limit(context: Context) -> Done {
    let team = context.group("team").await?;
    let first = context.invite("one", &team, 3_600).await?;
    context.store.take_invitation(&context.by(), &first.id).await?;
    same!(put(&context, "two", &team.id, 3_600, 1).await, Ok(()));
    context.store.put_invitation(&context.by(), NewInvitation::new(first)).await?;
    same!(context.directory().invitations_into(&team.id).count(), 2);
    Ok(())
}

async fn a_refused_invitation_is_not_stored(context: Context) -> Done {
    let team = context.group("team").await?;
    same!(put(&context, "one", &team.id, 3_600, 0).await, Err(IdentityError::LimitReached { limit: 0 }));
    check!(!shows(&context, "one"));
    context.store.refresh(&[Key::Invitation(InvitationId::of_token(&context.name("one")))]).await?;
    check!(!shows(&context, "one"));
    Ok(())
}

async fn times_are_kept_exactly(context: Context) -> Done {
    let team = context.group("team").await?;
    let mut invitation = context.invitation("token", &team.id, 3_600);
    invitation.expires_at = "2999-12-31T23:59:59.123456789Z".parse().map_err(crate::Failure::broken)?;
    context.store.put_invitation(&context.by(), NewInvitation::new(invitation.clone())).await?;
    context.store.refresh(&[Key::Invitation(invitation.id)]).await?;
    same!(context.store.take_invitation(&context.by(), &invitation.id).await?.value, invitation);
    Ok(())
}
