//! Bodies of requests that trickle in: a connection is held for so long and no longer.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use futures::{Stream, StreamExt as _};
use http::Method;
use tokio::time::Sleep;

/// How long the body of a request may take to arrive. Forms are small.
const TIME: Duration = Duration::from_secs(10);

/// Surrounds every route: a body that is not there in time is answered like one that breaks off.
pub(super) async fn in_time(request: Request, next: Next) -> Response {
    if [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method()) {
        return next.run(request).await;
    }
    let limited = |body: Body| InTime { body: body.into_data_stream(), end: Box::pin(tokio::time::sleep(TIME)) };
    next.run(request.map(|body| Body::from_stream(limited(body)))).await
}

struct InTime {
    body: BodyDataStream,
    end: Pin<Box<Sleep>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
struct TooSlow;

impl Stream for InTime {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.end.as_mut().poll(context).is_ready() {
            return Poll::Ready(Some(Err(TooSlow.into())));
        }
        self.body.poll_next_unpin(context).map_err(Into::into)
    }
}
