//! One operation: checked before it runs, and its errors given the codes that clients decide by.

use std::collections::{BTreeMap, HashSet};

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{ErrorExtensionValues, Name, Pos, Positioned, Request, Response, ServerError, Value, Variables};
use async_graphql_value::Value as WrittenValue;
use serde::Serialize;

use super::body::Operation;
use super::limits::Limits;
use super::{document, lexical, numbers, syntax};
use crate::error::{ApiError, Code};

/// More errors help nobody: one entry more says how many there were.
const MOST_ERRORS: usize = 20;

/// Errors of an operation that was not run.
#[derive(Debug, Serialize)]
pub(super) struct RequestErrors {
    errors: Vec<ServerError>,
    #[serde(skip)]
    codes: Codes,
}

/// How many errors of each code there were.
pub(super) type Codes = BTreeMap<String, usize>;

/// An operation that may run.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) kind: OperationType,
    /// How many fields the document selects: what one row of an answer costs at most.
    pub(super) fields: usize,
    source: Source,
}

/// What an operation was made of, to look at again if it is refused.
pub(super) struct Source {
    query: String,
    beyond_int: Vec<String>,
}

/// How an operation ended.
pub(super) enum Outcome {
    /// It ran, with or without errors.
    Ran(Response, Codes),
    /// The schema refused it.
    Refused(RequestErrors),
}

/// Parses an operation once, and refuses what costs too much before anything else looks at it.
pub(super) fn prepare(operation: Operation, limits: &Limits, introspection: bool) -> Result<Prepared, RequestErrors> {
    let Operation { query, variables, name } = operation;
    let invalid = |message: String| RequestErrors::one(ServerError::new(message, None), Code::GraphqlValidationFailed);
    lexical::check(&query, limits).map_err(|error| invalid(error.to_string()))?;
    let document =
        parse_query(&query).map_err(|error| RequestErrors::one(syntax::error(error), Code::GraphqlParseFailed))?;
    let fields = document::check(&document, limits, introspection).map_err(|error| invalid(error.to_string()))?;
    let chosen = choose(&document, name.as_deref())?;
    let kind = chosen.ty;
    check_variables(chosen, &variables)?;
    let beyond_int = numbers::beyond_int(&variables);
    let mut request = Request::new(String::new()).variables(variables);
    request.operation_name = name;
    request.set_parsed_query(document);
    Ok(Prepared { request, kind, fields, source: Source { query, beyond_int } })
}

fn choose<'a>(document: &'a ExecutableDocument, name: Option<&str>) -> Result<&'a OperationDefinition, RequestErrors> {
    let unknown = |message| RequestErrors::one(ServerError::new(message, None), Code::InternalServerError);
    let found = match (&document.operations, name) {
        (DocumentOperations::Single(only), None) => Some(only),
        (DocumentOperations::Single(_), Some(_)) => None,
        (DocumentOperations::Multiple(all), Some(name)) => all.get(name),
        (DocumentOperations::Multiple(all), None) => {
            let mut all = all.values();
            let (Some(only), None) = (all.next(), all.next()) else {
                return Err(unknown("Must provide operation name if query contains multiple operations.".to_owned()));
            };
            Some(only)
        }
    };
    let found = found.ok_or_else(|| unknown(format!("Unknown operation named \"{}\".", name.unwrap_or_default())))?;
    Ok(&found.node)
}

/// A required variable must have a value: otherwise the operation would fail half way.
fn check_variables(operation: &OperationDefinition, variables: &Variables) -> Result<(), RequestErrors> {
    for definition in &operation.variable_definitions {
        let variable = &definition.node;
        let required = !variable.var_type.node.nullable && variable.default_value.is_none();
        let name = variable.name.node.as_str();
        if required && variables.get(name).is_none_or(|value| *value == Value::Null) {
            let message =
                format!("Variable \"${name}\" of required type \"{}\" was not provided.", variable.var_type.node);
            return Err(RequestErrors::one(ServerError::new(message, Some(definition.pos)), Code::BadUserInput));
        }
    }
    Ok(())
}

/// Gives every error a code, and tells an operation that ran from one that the schema refused.
pub(super) fn finish(mut response: Response, source: &Source) -> Outcome {
    if response.errors.is_empty() {
        return Outcome::Ran(response, Codes::new());
    }
    // Whatever fails while an operation runs says where.
    let refused = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    let unusable = is_of_unusable_input_alone(&response);
    if !refused && !unusable {
        for error in &mut response.errors {
            set_code(error, execution_code);
            name_integers(error, &source.beyond_int);
        }
        let codes = shorten(&mut response.errors);
        return Outcome::Ran(response, codes);
    }
    let from_variables =
        parse_query(&source.query).map(|document| arguments_from_variables(&document)).unwrap_or_default();
    let mut errors = response.errors;
    for error in &mut errors {
        set_code(error, |error| if unusable { Code::BadUserInput } else { refusal_code(error, &from_variables) });
        name_integers(error, &source.beyond_int);
    }
    // Several rules of the engine notice the same thing.
    let mut known = HashSet::new();
    errors.retain(|error| !error.path.is_empty() || known.insert((error.message.clone(), error.locations.clone())));
    let codes = shorten(&mut errors);
    Outcome::Refused(RequestErrors { errors, codes })
}

impl Outcome {
    /// How many errors of each code the operation had, those that the client is not shown included.
    pub(super) fn codes(&self) -> &Codes {
        match self {
            Self::Ran(_, codes) => codes,
            Self::Refused(refused) => &refused.codes,
        }
    }
}

/// Counts errors, keeps the first ones, and says how many were left out.
fn shorten(errors: &mut Vec<ServerError>) -> Codes {
    let mut codes = Codes::new();
    for error in &*errors {
        let Some(code) = code_of(error) else { continue };
        match codes.get_mut(code) {
            Some(count) => *count += 1,
            None => drop(codes.insert(code.to_owned(), 1)),
        }
    }
    let left_out = errors.len().saturating_sub(MOST_ERRORS);
    if let Some(first) = errors.get(MOST_ERRORS) {
        let mut last = ServerError::new(format!("{left_out} more errors were left out"), None);
        last.extensions.clone_from(&first.extensions);
        errors.truncate(MOST_ERRORS);
        errors.push(last);
    }
    codes
}

fn code_of(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}

impl Prepared {
    /// What to run, and what [`finish`] needs.
    pub(super) fn into_parts(self) -> (Request, Source) {
        (self.request, self.source)
    }
}

impl RequestErrors {
    fn one(mut error: ServerError, code: Code) -> Self {
        set_code(&mut error, |_| code);
        let mut errors = vec![error];
        Self { codes: shorten(&mut errors), errors }
    }
}

impl From<ApiError> for RequestErrors {
    fn from(error: ApiError) -> Self {
        Self::one(ServerError::new(error.message, None), error.code)
    }
}

fn set_code(error: &mut ServerError, code: impl FnOnce(&ServerError) -> Code) {
    if code_of(error).is_some() {
        return;
    }
    let code = code(error);
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code.as_str());
}

/// Whether no resolver answered anything because the engine could not read its arguments: some values, numbers beyond 32 bits for example,
/// it looks at only then. To the client that is input as wrong as any other.
fn is_of_unusable_input_alone(response: &Response) -> bool {
    let no_value = match &response.data {
        Value::Object(fields) => fields.values().all(|value| *value == Value::Null),
        data => *data == Value::Null,
    };
    let unusable = |error: &ServerError| code_of(error).is_none() && execution_code(error) == Code::BadUserInput;
    no_value && response.errors.iter().all(unusable)
}

/// The engine marks errors by text alone.
fn execution_code(error: &ServerError) -> Code {
    let message = &error.message;
    let input = message.starts_with("Failed to parse \"")
        || message.starts_with("Expected input type ")
        || (message.starts_with("Variable ") && message.ends_with(" is not defined."));
    if input { Code::BadUserInput } else { Code::InternalServerError }
}

/// The engine says that an integer has more than 32 bits, but not which one.
fn name_integers(error: &mut ServerError, paths: &[String]) {
    if error.message.starts_with("Failed to parse \"Int\"") && !paths.is_empty() {
        error.message = format!("{} ({})", error.message, paths.join(", "));
    }
}

/// A wrong value that came in a variable is bad input; written into the document it makes the document invalid.
fn refusal_code(error: &ServerError, from_variables: &HashSet<Pos>) -> Code {
    let from_variable = error.message.starts_with("Invalid value for argument")
        && error.locations.iter().any(|at| from_variables.contains(at));
    if from_variable { Code::BadUserInput } else { Code::GraphqlValidationFailed }
}

/// Where the names of arguments stand whose values use variables.
fn arguments_from_variables(document: &ExecutableDocument) -> HashSet<Pos> {
    let mut found = HashSet::new();
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).for_each(|set| selected_arguments(set, &mut found));
    found
}

fn selected_arguments(set: &SelectionSet, found: &mut HashSet<Pos>) {
    for selection in &set.items {
        match &selection.node {
            Selection::Field(field) => {
                collect(&field.node.arguments, found);
                selected_arguments(&field.node.selection_set.node, found);
            }
            Selection::InlineFragment(fragment) => selected_arguments(&fragment.node.selection_set.node, found),
            Selection::FragmentSpread(_) => {}
        }
        let directives = selection.node.directives().iter();
        directives.for_each(|directive| collect(&directive.node.arguments, found));
    }
}

fn collect(arguments: &[(Positioned<Name>, Positioned<WrittenValue>)], found: &mut HashSet<Pos>) {
    let using = arguments.iter().filter(|(_, value)| uses_variable(&value.node));
    found.extend(using.map(|(name, _)| name.pos));
}

fn uses_variable(value: &WrittenValue) -> bool {
    match value {
        WrittenValue::Variable(_) => true,
        WrittenValue::List(values) => values.iter().any(uses_variable),
        WrittenValue::Object(values) => values.values().any(uses_variable),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::PathSegment;

    use super::*;

    #[test]
    fn all_errors_are_counted_by_code_and_few_are_kept() {
        let mut errors: Vec<_> = (0..50)
            .map(|n| {
                let mut error = ServerError::new("no", None);
                error.path = vec![PathSegment::Index(n)];
                set_code(&mut error, |_| if n < 49 { Code::NotAuth } else { Code::UserNotExist });
                error
            })
            .collect();
        let codes = shorten(&mut errors);
        assert_eq!(codes, Codes::from([("NOT_AUTH".to_owned(), 49), ("USER_NOT_EXIST".to_owned(), 1)]));
        assert_eq!(errors.len(), 21);
        assert_eq!(errors[20].message, "30 more errors were left out");
    }

    #[test]
    fn few_errors_are_kept_as_they_are() {
        let mut errors = vec![ServerError::new("no", None); 20];
        shorten(&mut errors);
        assert_eq!(errors, vec![ServerError::new("no", None); 20]);
    }
}
