//! API tokens: counted and revoked.

use primehub_core::identity::{Applied, IdentityError, Key, UserEdit};
use primehub_core::names::UserId;

use super::Done;
use crate::case::cases;
use crate::check::{check, refused, same};
use crate::{Context, Failure};

cases! { "api_tokens":
    a_new_user_has_none,
    each_login_counts,
    all_users_are_counted_in_one_call,
    unknown_users_are_left_out,
    nobody_is_counted_for_nothing,
    revoked_tokens_are_worthless,
    a_revocation_spares_others,
    revoking_none_is_no_error,
    nobody_has_none_to_revoke,
    a_revoked_user_can_have_new_ones,
    a_disabled_user_keeps_tokens_that_do_not_work,
    a_deleted_user_takes_them_along,
}

async fn count(context: &Context, id: &UserId) -> Result<Option<u32>, Failure> {
    Ok(context.store.api_token_counts(std::slice::from_ref(id)).await?.get(id).copied())
}

async fn a_new_user_has_none(context: Context) -> Done {
    let amy = context.user("amy").await?;
    same!(count(&context, &amy.id).await?, Some(0));
    Ok(())
}

async fn each_login_counts(context: Context) -> Done {
    let amy = context.user("amy").await?;
    for expected in 1..=3 {
        let token = context.hand.issue_api_token(&amy.id).await?;
        check!(context.hand.api_token_works(&token).await?);
        check!(context.hand.api_token_works(&token).await?, "a token works once only");
        same!(count(&context, &amy.id).await?, Some(expected));
    }
    Ok(())
}

async fn all_users_are_counted_in_one_call(context: Context) -> Done {
    let (amy, bob, zoe) = (context.user("amy").await?, context.user("bob").await?, context.user("zoe").await?);
    for id in [&amy.id, &amy.id, &zoe.id] {
        context.hand.issue_api_token(id).await?;
    }
    let asked = [amy.id.clone(), bob.id.clone(), zoe.id.clone(), amy.id.clone()];
    let expected = [(amy.id.clone(), 2), (bob.id.clone(), 0), (zoe.id.clone(), 1)].into();
    same!(context.store.api_token_counts(&asked).await?, expected);
    Ok(())
}

async fn unknown_users_are_left_out(context: Context) -> Done {
    let (amy, nobody) = (context.user("amy").await?, UserId::new(context.name("nobody")));
    let counts = context.store.api_token_counts(&[nobody, amy.id.clone()]).await?;
    same!(counts, [(amy.id.clone(), 0)].into());
    Ok(())
}

async fn nobody_is_counted_for_nothing(context: Context) -> Done {
    check!(context.store.api_token_counts(&[]).await?.is_empty());
    Ok(())
}

async fn revoked_tokens_are_worthless(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let tokens = [context.hand.issue_api_token(&amy.id).await?, context.hand.issue_api_token(&amy.id).await?];
    same!(context.store.revoke_api_tokens(&context.by(), &amy.id).await?, Applied::Changed);
    same!(count(&context, &amy.id).await?, Some(0));
    for token in &tokens {
        check!(!context.hand.api_token_works(token).await?, "a revoked token works");
    }
    Ok(())
}

async fn a_revocation_spares_others(context: Context) -> Done {
    let (amy, bob) = (context.user("amy").await?, context.user("bob").await?);
    context.hand.issue_api_token(&amy.id).await?;
    let token = context.hand.issue_api_token(&bob.id).await?;
    context.store.revoke_api_tokens(&context.by(), &amy.id).await?;
    check!(context.hand.api_token_works(&token).await?);
    same!(count(&context, &bob.id).await?, Some(1));
    Ok(())
}

async fn revoking_none_is_no_error(context: Context) -> Done {
    let amy = context.full_user("amy").await?;
    same!(context.store.revoke_api_tokens(&context.by(), &amy.id).await?, Applied::Unchanged);
    context.hand.issue_api_token(&amy.id).await?;
    let expected = [Applied::Changed, Applied::Unchanged];
    for expected in expected {
        same!(context.store.revoke_api_tokens(&context.by(), &amy.id).await?, expected);
    }
    same!(context.shown_user(&amy.id)?, amy);
    Ok(())
}

async fn nobody_has_none_to_revoke(context: Context) -> Done {
    let nobody = UserId::new(context.name("nobody"));
    let error = refused(context.store.revoke_api_tokens(&context.by(), &nobody).await)?;
    same!(error, IdentityError::Absent(Key::User(nobody)));
    Ok(())
}

async fn a_revoked_user_can_have_new_ones(context: Context) -> Done {
    let amy = context.user("amy").await?;
    context.hand.issue_api_token(&amy.id).await?;
    context.store.revoke_api_tokens(&context.by(), &amy.id).await?;
    let token = context.hand.issue_api_token(&amy.id).await?;
    check!(context.hand.api_token_works(&token).await?);
    same!(count(&context, &amy.id).await?, Some(1));
    Ok(())
}

async fn a_disabled_user_keeps_tokens_that_do_not_work(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let token = context.hand.issue_api_token(&amy.id).await?;
    let enabled = |enabled| UserEdit { enabled: Some(enabled), ..UserEdit::default() };
    context.edit_user(&amy, enabled(false)).await?;
    check!(!context.hand.api_token_works(&token).await?, "a disabled user's token works");
    context.edit_user(&amy, enabled(true)).await?;
    check!(context.hand.api_token_works(&token).await?);
    Ok(())
}

async fn a_deleted_user_takes_them_along(context: Context) -> Done {
    let amy = context.user("amy").await?;
    let token = context.hand.issue_api_token(&amy.id).await?;
    context.store.delete_user(&context.by(), &amy.id).await?;
    same!(count(&context, &amy.id).await?, None);
    check!(!context.hand.api_token_works(&token).await?, "a deleted user's token works");
    // Somebody else of the same name starts from nothing.
    let again = context.user("amy").await?;
    same!(count(&context, &again.id).await?, Some(0));
    Ok(())
}
