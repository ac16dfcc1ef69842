//! What is sent back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::{HeaderValue, Response, header};
use http_body::Frame;
use serde_json::Value;

use crate::kubernetes::status::Status;

/// The body of an answer: bytes, or a watch, which goes on until it ends or is dropped.
pub struct Body(Content);

pub(crate) enum Content {
    Bytes(Bytes),
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
}

/// An answer before it is put into HTTP.
pub(crate) struct Answer {
    pub(crate) code: u16,
    pub(crate) content_type: &'static str,
    pub(crate) content: Content,
    pub(crate) warnings: Vec<String>,
    pub(crate) headers: Vec<(header::HeaderName, String)>,
}

impl Answer {
    pub(crate) fn json(code: u16, body: impl Into<Bytes>) -> Self {
        Self {
            code,
            content_type: "application/json",
            content: Content::Bytes(body.into()),
            warnings: Vec::new(),
            headers: Vec::new(),
        }
    }

    pub(crate) fn value(code: u16, body: &Value) -> Self {
        Self::json(code, body.to_string())
    }

    pub(crate) fn text(code: u16, body: impl Into<Bytes>) -> Self {
        Self { content_type: "text/plain; charset=utf-8", ..Self::json(code, body) }
    }

    /// A path that leads nowhere.
    pub(crate) fn no_page() -> Self {
        Self::text(404, "404 page not found\n")
    }

    pub(crate) fn stream(stream: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self { content: Content::Stream(Box::pin(stream)), ..Self::json(200, Bytes::new()) }
    }

    pub(crate) fn warn(mut self, warnings: Vec<String>) -> Self {
        self.warnings = warnings;
        self
    }
}

impl From<Status> for Answer {
    fn from(status: Status) -> Self {
        let mut answer = Self::value(status.code, &status.to_value());
        if let Some(seconds) = status.details.map(|details| details.retry_after_seconds).filter(|seconds| *seconds > 0)
        {
            answer.headers.push((header::RETRY_AFTER, seconds.to_string()));
        }
        answer
    }
}

impl From<Answer> for Response<Body> {
    fn from(answer: Answer) -> Self {
        let mut response = Response::new(Body(answer.content));
        *response.status_mut() =
            http::StatusCode::from_u16(answer.code).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        for warning in answer.warnings {
            let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
            if let Ok(value) = HeaderValue::from_str(&format!("299 - \"{quoted}\"")) {
                headers.append(header::WARNING, value);
            }
        }
        for (name, value) in answer.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Content::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Bytes(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Content::Stream(stream) => {
                stream.as_mut().poll_next(context).map(|next| next.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.0, Content::Bytes(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> http_body::SizeHint {
        match &self.0 {
            Content::Bytes(bytes) => http_body::SizeHint::with_exact(bytes.len() as u64),
            Content::Stream(_) => http_body::SizeHint::default(),
        }
    }
}
