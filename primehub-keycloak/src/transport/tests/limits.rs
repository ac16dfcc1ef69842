use futures::future::join_all;
use rstest::rstest;
use tokio::time::Instant;

use super::server::{Reply, Server, nobody};
use super::{LONG, SHORT, call, keycloak, settings};
use crate::Keycloak;
use crate::transport::{By, Call, CallError, Class};

fn public<'a>(class: Class) -> Call<'a> {
    call(class).by(By::Nobody)
}

#[rstest]
#[case::read(Class::Read, false)]
#[case::page(Class::Page, false)]
#[case::public(Class::Public, false)]
#[case::idempotent(Class::Idempotent, true)]
#[case::write(Class::Write, true)]
#[case::mail(Class::Mail, true)]
#[case::token(Class::Token, true)]
#[tokio::test]
async fn a_late_answer_is_none(#[case] class: Class, #[case] unknown: bool) {
    let server = Server::always(Reply::Never).await;
    let began = Instant::now();
    let error = keycloak(&server.url, SHORT).call(&public(class)).await.unwrap_err();
    assert_eq!(matches!(error, CallError::Unknown { .. }), unknown, "{error}");
    assert!(error.to_string().contains("no answer within"), "{error}");
    assert!(began.elapsed() < LONG, "the time limit counts");
    assert_eq!(server.count(), 1, "there is no time for another attempt");
}

#[tokio::test]
async fn waiting_for_a_turn_counts_and_what_has_waited_in_vain_is_not_carried_out() {
    let server = Server::always(Reply::Never).await;
    let mut settings = settings(&server.url, SHORT);
    settings.patience.calls = 1;
    let keycloak = Keycloak::new(settings).unwrap();
    let write = public(Class::Write);
    let results = join_all([keycloak.call(&write), keycloak.call(&write), keycloak.call(&write)]).await;
    assert!(matches!(results[0], Err(CallError::Unknown { .. })), "{results:?}");
    for result in &results[1..] {
        assert!(matches!(result, Err(CallError::Unavailable { .. })), "{result:?}");
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn bulk_reads_do_not_take_the_turns_of_others() {
    let server = Server::start(|number| if number == 0 { Reply::Never } else { Reply::Answer(200, "", "[]") }).await;
    let mut settings = settings(&server.url, LONG);
    settings.patience.bulk_reads = 1;
    let keycloak = Keycloak::new(settings).unwrap();
    let (page, read) = (public(Class::Page), public(Class::Read));
    let mut page = std::pin::pin!(keycloak.call(&page));
    // The page is under way once the server has its request.
    while server.count() == 0 {
        tokio::select! {
            _ = &mut page => panic!("the page is never answered"),
            () = tokio::task::yield_now() => {}
        }
    }
    tokio::select! {
        _ = page => panic!("the page is never answered"),
        answer = keycloak.call(&read) => drop(answer.unwrap()),
    }
}

#[tokio::test]
async fn e_mails_that_hang_take_nobody_elses_place_and_a_flood_does_not_stop_upkeep() {
    // Four e-mails, then all the writes that run at once; what comes then is answered.
    let server = Server::start(|number| if number < 4 + 3 { Reply::Never } else { Reply::Answer(200, "", "[]") }).await;
    let mut settings = settings(&server.url, LONG);
    settings.patience.calls = 3;
    let keycloak = Keycloak::new(settings).unwrap();
    let (mail, write, read) = (public(Class::Mail), public(Class::Write), public(Class::Read));
    let mut mails = std::pin::pin!(join_all((0..60).map(|_| keycloak.call(&mail))));
    reached(&server, 4, &mut mails).await;
    let mut writes = std::pin::pin!(join_all((0..60).map(|_| keycloak.call(&write))));
    reached(&server, 4 + 3, &mut writes).await;
    let upkeep = keycloak.for_upkeep();
    for _ in 0..10 {
        tokio::select! {
            _ = &mut mails => panic!("no e-mail is ever answered"),
            _ = &mut writes => panic!("no write is ever answered"),
            answer = upkeep.call(&read) => drop(answer.unwrap()),
        }
    }
    assert_eq!(server.count(), 4 + 3 + 10);
}

/// Waits until so many requests have come.
async fn reached<F: Future + Unpin>(server: &Server, requests: usize, calls: &mut F) {
    while server.count() < requests {
        tokio::select! {
            _ = &mut *calls => panic!("they are never answered"),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn calls_do_not_pile_up_in_front_of_a_server_that_does_not_answer() {
    let server = Server::always(Reply::Never).await;
    let mut settings = settings(&server.url, SHORT);
    settings.patience.calls = 8;
    let keycloak = Keycloak::new(settings).unwrap();
    let write = public(Class::Write);
    let results = join_all((0..200).map(|_| keycloak.call(&write))).await;
    assert!(results.iter().all(Result::is_err));
    // As many as may run at once, and fewer than five more until it is known.
    assert!(server.count() <= 12, "{} requests", server.count());
    // Now it is known, and whoever comes is told at once, except for one a second.
    let before = server.count();
    let began = Instant::now();
    let results = join_all((0..200).map(|_| keycloak.call(&write))).await;
    let told = |result: &&Result<_, _>| matches!(result, Err(CallError::Unavailable { cause, .. }) if cause.contains("no answer within"));
    let trials = 200 - results.iter().filter(told).count();
    assert!(trials <= trials_since(began), "{trials} trials");
    assert!(server.count() <= before + trials);
    let calls = 200 + u64::try_from(trials).unwrap();
    assert_eq!(keycloak.metrics().total_calls(), calls, "calls that were held back are no calls");
}

/// How many calls an outage lets through, at most.
fn trials_since(began: Instant) -> usize {
    1 + usize::try_from(began.elapsed().as_secs()).unwrap()
}

#[rstest]
#[case::errors_to_a_read(500, Class::Read, 3)]
#[case::errors_to_a_change(500, Class::Idempotent, 1)]
#[case::errors_to_a_write(500, Class::Write, 1)]
#[case::errors_to_a_login(500, Class::Token, 1)]
#[case::too_many_reads(429, Class::Read, 3)]
#[case::too_many_writes(429, Class::Write, 3)]
#[case::too_many_logins(429, Class::Token, 1)]
#[case::gateway_to_a_read(502, Class::Read, 3)]
#[case::gateway_to_a_write(502, Class::Write, 1)]
#[case::gateway_late_to_a_change(504, Class::Idempotent, 3)]
#[case::gateway_that_may_have_lost_the_answer(503, Class::Write, 1)]
#[tokio::test]
async fn a_storm_meets_a_bounded_number_of_requests(
    #[case] status: u16,
    #[case] class: Class,
    #[case] requests: usize,
) {
    let server = Server::always(Reply::Answer(status, "", r#"{"error":"unknown_error"}"#)).await;
    let error = keycloak(&server.url, LONG).call(&public(class)).await.unwrap_err();
    assert_eq!(server.count(), requests, "{error}");
    let maybe_carried_out = (502..=504).contains(&status) && !class.only_reads();
    assert_eq!(matches!(error, CallError::Unknown { .. }), maybe_carried_out, "{error}");
}

#[tokio::test]
async fn a_long_storm_meets_few_calls() {
    let server = Server::always(Reply::Answer(429, "", "slow down")).await;
    let keycloak = keycloak(&server.url, LONG);
    let read = public(Class::Read);
    let began = Instant::now();
    for _ in 0..100 {
        let error = keycloak.call(&read).await.unwrap_err();
        assert!(error.to_string().contains("slow down"), "{error}");
    }
    // Two calls to learn it, and then the trials.
    let allowed = 3 * (2 + trials_since(began));
    assert!(server.count() <= allowed, "{} requests", server.count());
}

#[tokio::test]
async fn a_server_that_asks_for_more_time_than_there_is_is_not_waited_for() {
    let server = Server::always(Reply::Answer(503, "Retry-After: 3600\r\n", "Bootstrap in progress.")).await;
    let error = keycloak(&server.url, std::time::Duration::from_secs(1)).call(&public(Class::Read)).await.unwrap_err();
    assert!(error.to_string().contains("503: Bootstrap in progress"), "{error}");
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn an_outage_ends_with_the_first_answer() {
    let server = Server::start(|number| match number {
        0..6 => Reply::Answer(503, "Retry-After: 0\r\n", "Bootstrap in progress."),
        _ => Reply::Answer(200, "", "[]"),
    })
    .await;
    let keycloak = keycloak(&server.url, LONG);
    let read = public(Class::Read);
    for _ in 0..2 {
        keycloak.call(&read).await.unwrap_err();
    }
    assert_eq!(server.count(), 6);
    // The clock is moved, because this is not about the second that passes.
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(1)).await;
    tokio::time::resume();
    keycloak.call(&read).await.unwrap();
    keycloak.call(&read).await.unwrap();
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_any_more_frees_its_turn() {
    let server = Server::start(|number| if number == 0 { Reply::Never } else { Reply::Answer(200, "", "[]") }).await;
    let mut settings = settings(&server.url, LONG);
    settings.patience.calls = 1;
    let keycloak = Keycloak::new(settings).unwrap();
    let read = public(Class::Read);
    {
        let mut abandoned = std::pin::pin!(keycloak.call(&read));
        while server.count() == 0 {
            tokio::select! {
                _ = &mut abandoned => panic!("it is never answered"),
                () = tokio::task::yield_now() => {}
            }
        }
    }
    keycloak.call(&read).await.unwrap();
    assert_eq!(keycloak.metrics().calls_of("test.call"), 2);
}

#[tokio::test]
async fn where_nobody_listens_all_callers_are_told() {
    let keycloak = keycloak(&nobody(), LONG);
    let write = public(Class::Write);
    let results = join_all((0..200).map(|_| keycloak.call(&write))).await;
    for result in results {
        assert!(matches!(&result, Err(CallError::Unavailable { .. })), "{result:?}");
    }
}
