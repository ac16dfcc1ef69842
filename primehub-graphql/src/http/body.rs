//! From a body or query string to operations: pure, and the one place that knows what clients send.

use async_graphql::{Value, Variables};
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::error::Category;
use url::form_urlencoded;

use super::limits::Limits;
use super::numbers::whole;
use super::refusal::Refusal;

/// One operation, as a client sends it.
#[derive(Debug, PartialEq)]
pub(super) struct Operation {
    pub(super) query: String,
    pub(super) variables: Variables,
    pub(super) name: Option<String>,
}

/// What one request asks for.
#[derive(Debug, PartialEq)]
pub(super) enum Operations {
    /// One operation, answered with an object.
    One(Operation),
    /// Several, answered with an array.
    Batch(Vec<Operation>),
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    /// The console and our servers.
    Json,
    /// The Python SDK.
    Form,
}

impl Format {
    /// The format that the headers of a `POST` name. `empty`: there is no body, so that whoever names no format has forgotten both.
    pub(super) fn of(headers: &HeaderMap, empty: bool) -> Result<Self, Refusal> {
        if empty && !headers.contains_key(CONTENT_TYPE) {
            return Err(Refusal::malformed("the request has no body; send a GraphQL request as application/json"));
        }
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if header(CONTENT_ENCODING).is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")) {
            return Err(Refusal::unsupported("compressed requests are not supported"));
        }
        let text = header(CONTENT_TYPE).unwrap_or_default();
        let mut parts = text.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let charset = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.eq_ignore_ascii_case("charset").then(|| value.trim_matches('"'))
        });
        let utf8 = charset.is_none_or(|charset| {
            ["utf-8", "utf8", "us-ascii"].iter().any(|known| charset.eq_ignore_ascii_case(known))
        });
        match media.as_str() {
            _ if !utf8 => Err(Refusal::unsupported("the charset must be utf-8")),
            "application/json" | "application/graphql+json" => Ok(Self::Json),
            "application/x-www-form-urlencoded" => Ok(Self::Form),
            _ => Err(Refusal::unsupported(
                "the content type must be application/json or application/x-www-form-urlencoded",
            )),
        }
    }

    /// Reads a body.
    pub(super) fn read(self, body: &[u8], limits: &Limits) -> Result<Operations, Refusal> {
        match self {
            Self::Json => from_json(body, limits),
            Self::Form => from_form(body, "the body has no field query").map(Operations::One),
        }
    }
}

/// Reads the query string of a `GET`.
pub(super) fn from_query_string(query: Option<&str>) -> Result<Operation, Refusal> {
    from_form(query.unwrap_or_default().as_bytes(), "the query string has no parameter query")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", expecting = "an object with query, variables and operationName")]
struct Wire {
    query: Option<String>,
    variables: Option<Value>,
    operation_name: Option<String>,
}

fn from_json(body: &[u8], limits: &Limits) -> Result<Operations, Refusal> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'[') {
        return operation(parse(body)?).map(Operations::One);
    }
    let batch: Vec<Wire> = parse(body)?;
    if batch.is_empty() {
        return Err(Refusal::bad_input("the batch is empty"));
    }
    if batch.len() > limits.batch {
        return Err(Refusal::bad_input(format!("the batch has more than {} operations", limits.batch)));
    }
    batch.into_iter().map(operation).collect::<Result<_, _>>().map(Operations::Batch)
}

fn parse<'de, T: Deserialize<'de>>(body: &'de [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        Category::Data => Refusal::bad_input(format!("the body is not a GraphQL request: {error}")),
        Category::Syntax | Category::Eof | Category::Io => Refusal::malformed(format!("the body is not JSON: {error}")),
    })
}

fn operation(wire: Wire) -> Result<Operation, Refusal> {
    let variables = match wire.variables {
        None | Some(Value::Null) => Variables::default(),
        Some(Value::String(text)) => variables_in_text(&text)?,
        Some(object @ Value::Object(_)) => Variables::from_value(whole(object)),
        Some(_) => return Err(invalid_variables()),
    };
    let query =
        wire.query.filter(|query| !query.is_empty()).ok_or_else(|| Refusal::bad_input("the body has no query"))?;
    Ok(Operation { query, variables, name: wire.operation_name.filter(|name| !name.is_empty()) })
}

fn from_form(text: &[u8], missing: &str) -> Result<Operation, Refusal> {
    let (mut query, mut variables, mut name) = (None, None, None);
    for (key, value) in form_urlencoded::parse(text) {
        let field = match &*key {
            "query" => &mut query,
            "variables" => &mut variables,
            "operationName" => &mut name,
            _ => continue,
        };
        field.get_or_insert(value.into_owned());
    }
    let query = query.filter(|query| !query.is_empty()).ok_or_else(|| Refusal::bad_input(missing))?;
    let variables = variables.map_or_else(|| Ok(Variables::default()), |text| variables_in_text(&text))?;
    Ok(Operation { query, variables, name: name.filter(|name| !name.is_empty()) })
}

/// Variables as JSON text: the Python SDK sends them so.
fn variables_in_text(text: &str) -> Result<Variables, Refusal> {
    if text.trim().is_empty() {
        return Ok(Variables::default());
    }
    match serde_json::from_str(text) {
        Ok(Value::Null) => Ok(Variables::default()),
        Ok(object @ Value::Object(_)) => Ok(Variables::from_value(whole(object))),
        _ => Err(invalid_variables()),
    }
}

fn invalid_variables() -> Refusal {
    Refusal::bad_input("Variables are invalid JSON.")
}

#[cfg(test)]
mod tests;
