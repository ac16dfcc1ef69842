//! Many requests, slow ones, and ones that never end.

use futures::stream;

use super::*;
use crate::http::rate_limit::Client;

fn of_ada(app: &App) -> HttpRequest {
    http::Request::post("/api/graphql")
        .header(AUTHORIZATION, format!("Bearer {}", app.scene.issuer.access_token("ada", false)))
        .header(CONTENT_TYPE, "application/json")
}

/// A body that never arrives.
fn slow_body() -> Body {
    Body::from_stream(stream::pending::<Result<Vec<u8>, std::io::Error>>())
}

#[tokio::test]
async fn slow_bodies_keep_nobody_out() {
    let app = app_with(Limits { concurrent_requests: 1, ..Limits::default() }, false);
    let slow = app.send(of_ada(&app), slow_body());
    tokio::pin!(slow);
    assert!(futures::poll!(&mut slow).is_pending());
    assert_eq!(app.query("{ caller }").await.0, 200);
}

#[tokio::test]
async fn one_person_cannot_have_all_places() {
    let app = app_with(Limits { concurrent_requests_of_one_person: 1, ..Limits::default() }, false);
    {
        let slow = app.send(of_ada(&app), slow_body());
        tokio::pin!(slow);
        while app.endpoint.admission.share(&ada(&app).await).is_ok() {
            assert!(futures::poll!(&mut slow).is_pending());
            tokio::task::yield_now().await;
        }
        let refused = seen(app.ask(of_ada(&app), r#"{"query":"{ caller }"}"#).await);
        assert_eq!((refused.0, refused.1.as_str()), (503, "API_UNAVAILABLE"));
        assert_eq!(app.query("{ caller }").await.0, 200, "others are not concerned");
    }
    assert_eq!(app.ask(of_ada(&app), r#"{"query":"{ caller }"}"#).await.0, 200, "the place is free again");
}

async fn ada(app: &App) -> primehub_core::access::Caller {
    let token = app.scene.issuer.access_token("ada", false);
    let headers = crate::authentication::testing::authorization(&format!("Bearer {token}"));
    app.endpoint.services().authenticator.authenticate(&headers, Client::Unknown).await.ok().unwrap().caller
}

#[tokio::test]
async fn a_change_without_an_end_is_given_up_and_its_place_is_free() {
    let app = app_with(Limits { change_time: Duration::ZERO, concurrent_requests: 1, ..Limits::default() }, false);
    let (status, code, message) = seen(app.query("mutation { writeSlowly }").await);
    assert_eq!((status, code.as_str()), (503, "API_UNAVAILABLE"));
    assert!(message.contains("the change may have been carried out"), "{message}");
    assert_eq!(app.query("{ caller }").await.0, 200);
}

#[tokio::test]
async fn whoever_is_disabled_by_one_operation_is_nobody_for_the_next() {
    let app = app();
    let batch = json!([
        { "query": "{ caller }" },
        { "query": r#"mutation { disable(user: "ada") }"# },
        { "query": "mutation { write }" },
    ]);
    let (status, body) = app.ask(of_ada(&app), batch.to_string()).await;
    assert_eq!((status, &body[0]["data"]["caller"]), (200, &json!("USER")));
    assert_eq!(body[2]["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(app.stage.written.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn whoever_is_disabled_while_the_body_arrives_is_nobody() {
    let app = app();
    let store = app.scene.store.clone();
    let body = Body::from_stream(stream::once(async move {
        disable(&store, "ada");
        Ok::<_, std::io::Error>(r#"{"query":"{ caller }"}"#)
    }));
    let (status, code, _) = seen(app.ask(of_ada(&app), body).await);
    assert_eq!((status, code.as_str()), (401, "UNAUTHENTICATED"));
}
