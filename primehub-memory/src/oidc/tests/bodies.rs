//! Bodies that do not come to an end.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use futures::StreamExt as _;
use http::{Request, header};
use rstest::rstest;

use super::{LOGOUT, TOKEN, World};

#[rstest]
#[case::token(TOKEN)]
#[case::page("/realms/primehub/login-actions/authenticate")]
#[case::log_out(LOGOUT)]
#[tokio::test(start_paused = true)]
async fn a_body_that_trickles_in_is_not_waited_for(#[case] path: &str) {
    let world = World::new().await;
    let drop = |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Ok::<_, Infallible>("a")
    };
    let trickle = Body::from_stream(futures::stream::repeat(()).then(drop));
    let request =
        Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(trickle).unwrap();
    let begun = tokio::time::Instant::now();
    assert_eq!(world.send(request).await.status, 400);
    assert_eq!(begun.elapsed().as_secs(), 10);
}
