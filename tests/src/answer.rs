//! What came back.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An HTTP answer with a JSON body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers.
    pub headers: HeaderMap,
    /// The body; null if it is not JSON.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Reads an answer to its end.
    pub async fn read(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or_default(), text }
    }

    /// The data of an answer without errors.
    ///
    /// # Panics
    /// When there are errors, or the status is not 200.
    #[track_caller]
    pub fn data(&self) -> &Value {
        assert!(self.status == 200 && self.body.get("errors").is_none(), "status {}: {}", self.status, self.text);
        &self.body["data"]
    }

    /// `extensions.code` of the first error, or an empty text.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body.pointer("/errors/0/extensions/code").and_then(Value::as_str).unwrap_or_default()
    }

    /// Text of the first error, or an empty text.
    #[must_use]
    pub fn message(&self) -> &str {
        self.body.pointer("/errors/0/message").and_then(Value::as_str).unwrap_or_default()
    }

    /// The codes of all errors.
    #[must_use]
    pub fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        errors.map(|error| error.pointer("/extensions/code").and_then(Value::as_str).unwrap_or_default()).collect()
    }
}
