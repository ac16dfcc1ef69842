//! A watch, line by line.

use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt};
use http::HeaderMap;
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;
use tokio::time::timeout;

use crate::Failure;

/// How long an event may take.
const EVENT_WITHIN: Duration = Duration::from_secs(20);

/// An open watch.
pub struct Watch {
    /// The headers of the answer.
    pub headers: HeaderMap,
    chunks: Pin<Box<dyn Stream<Item = Result<Bytes, kube::Error>> + Send>>,
    unread: Vec<u8>,
}

impl Watch {
    pub(crate) fn new(headers: HeaderMap, body: Body) -> Self {
        let chunks = Box::pin(body.into_data_stream());
        Self { headers, chunks, unread: Vec::new() }
    }

    /// The next event; none when the server has ended the watch.
    ///
    /// # Errors
    /// When neither happens soon.
    pub async fn next(&mut self) -> Result<Option<Value>, Failure> {
        let line = timeout(EVENT_WITHIN, self.line()).await;
        let line = line.map_err(|_| Failure::broken("the watch is silent"))??;
        Ok(line.map(|line| serde_json::from_slice(&line)).transpose()?)
    }

    /// The object of the next event, which has to be of this type.
    ///
    /// # Errors
    /// When there is another event, or none.
    pub async fn expect(&mut self, kind: &str) -> Result<Value, Failure> {
        match self.next().await? {
            Some(mut event) if event["type"] == kind => Ok(event["object"].take()),
            Some(event) => Err(Failure::broken(format_args!("expected {kind}, not {event}"))),
            None => Err(Failure::broken(format_args!("the watch ended instead of {kind}"))),
        }
    }

    /// The events until the server ends the watch: give it `timeoutSeconds`.
    ///
    /// # Errors
    /// When it does not end it soon.
    pub async fn rest(mut self) -> Result<Vec<Value>, Failure> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await? {
            events.push(event);
        }
        Ok(events)
    }

    async fn line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                let rest = self.unread.split_off(end + 1);
                let mut line = std::mem::replace(&mut self.unread, rest);
                line.pop();
                return Ok(Some(line));
            }
            match self.chunks.next().await {
                Some(chunk) => self.unread.extend_from_slice(&chunk?),
                None if self.unread.is_empty() => return Ok(None),
                None => return Err(Failure::broken("the watch ends within a line")),
            }
        }
    }
}
