//! One operation: checked before it runs, and its errors given the codes that clients decide by.

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{
    Directive, DocumentOperations, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet,
};
use async_graphql::{ErrorExtensionValues, Pos, Positioned, Request, Response, ServerError, Value, Variables};
use async_graphql_value::Value as WrittenValue;
use serde::Serialize;

use super::body::Operation;
use super::limits::Limits;
use super::{document, lexical};
use crate::error::Code;

/// More errors of one kind help nobody.
const MOST_ERRORS: usize = 20;

/// Errors of an operation that was not run.
#[derive(Debug, Serialize)]
pub(super) struct RequestErrors {
    errors: Vec<ServerError>,
}

/// An operation that may run.
pub(super) struct Prepared {
    pub(super) request: Request,
    pub(super) kind: OperationType,
    /// The document's text, to look at again if the schema refuses it.
    query: String,
}

/// How an operation ended.
pub(super) enum Outcome {
    /// It ran, with or without errors.
    Ran(Response),
    /// The schema refused it.
    Refused(RequestErrors),
}

/// Parses an operation once, and refuses what costs too much before anything else looks at it.
pub(super) fn prepare(operation: Operation, limits: &Limits, introspection: bool) -> Result<Prepared, RequestErrors> {
    let Operation { query, variables, name } = operation;
    let invalid = |message: String| RequestErrors::one(ServerError::new(message, None), Code::GraphqlValidationFailed);
    lexical::check(&query, limits).map_err(|error| invalid(error.to_string()))?;
    let document = parse_query(&query).map_err(|error| RequestErrors::one(error.into(), Code::GraphqlParseFailed))?;
    document::check(&document, limits, introspection).map_err(|error| invalid(error.to_string()))?;
    let chosen = choose(&document, name.as_deref())?;
    let kind = chosen.ty;
    check_variables(chosen, &variables)?;
    let mut request = Request::new(String::new()).variables(variables);
    request.operation_name = name;
    request.set_parsed_query(document);
    Ok(Prepared { request, kind, query })
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
pub(super) fn finish(mut response: Response, query: &str) -> Outcome {
    if response.errors.is_empty() {
        return Outcome::Ran(response);
    }
    // Whatever fails while an operation runs says where.
    let refused = response.data == Value::Null && response.errors.iter().all(|error| error.path.is_empty());
    let unusable = is_of_unusable_input_alone(&response);
    if !refused && !unusable {
        for error in &mut response.errors {
            set_code(error, execution_code);
        }
        return Outcome::Ran(response);
    }
    let document = parse_query(query).ok();
    let mut errors = response.errors;
    errors.truncate(MOST_ERRORS);
    for error in &mut errors {
        set_code(error, |error| if unusable { Code::BadUserInput } else { refusal_code(error, document.as_ref()) });
    }
    Outcome::Refused(RequestErrors { errors })
}

impl Outcome {
    pub(super) fn errors(&self) -> &[ServerError] {
        match self {
            Self::Ran(response) => &response.errors,
            Self::Refused(refused) => &refused.errors,
        }
    }
}

impl Prepared {
    /// What to run, and the document's text for [`finish`].
    pub(super) fn into_parts(self) -> (Request, String) {
        (self.request, self.query)
    }
}

impl RequestErrors {
    fn one(mut error: ServerError, code: Code) -> Self {
        set_code(&mut error, |_| code);
        Self { errors: vec![error] }
    }
}

fn set_code(error: &mut ServerError, code: impl FnOnce(&ServerError) -> Code) {
    if error.extensions.as_ref().is_some_and(|extensions| extensions.get("code").is_some()) {
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
    let of_the_engine = |error: &ServerError| error.extensions.as_ref().is_none_or(|with| with.get("code").is_none());
    let unusable = |error: &ServerError| of_the_engine(error) && execution_code(error) == Code::BadUserInput;
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

/// A wrong value that came in a variable is bad input; written into the document it makes the document invalid.
fn refusal_code(error: &ServerError, document: Option<&ExecutableDocument>) -> Code {
    let from_variable = error.message.starts_with("Invalid value for argument")
        && document.is_some_and(|document| error.locations.iter().any(|at| has_variable_at(document, *at)));
    if from_variable { Code::BadUserInput } else { Code::GraphqlValidationFailed }
}

/// Whether the argument named at `at` uses a variable.
fn has_variable_at(document: &ExecutableDocument, at: Pos) -> bool {
    let operations = document.operations.iter().map(|(_, operation)| &operation.node.selection_set.node);
    let fragments = document.fragments.values().map(|fragment| &fragment.node.selection_set.node);
    operations.chain(fragments).any(|set| selects_variable_at(set, at))
}

fn selects_variable_at(set: &SelectionSet, at: Pos) -> bool {
    set.items.iter().any(|selection| {
        let inside = match &selection.node {
            Selection::Field(field) => {
                let field = &field.node;
                field.arguments.iter().any(|(name, value)| name.pos == at && uses_variable(&value.node))
                    || selects_variable_at(&field.selection_set.node, at)
            }
            Selection::InlineFragment(fragment) => selects_variable_at(&fragment.node.selection_set.node, at),
            Selection::FragmentSpread(_) => false,
        };
        inside || directives_use_variable_at(selection.node.directives(), at)
    })
}

fn directives_use_variable_at(directives: &[Positioned<Directive>], at: Pos) -> bool {
    let mut arguments = directives.iter().flat_map(|directive| &directive.node.arguments);
    arguments.any(|(name, value)| name.pos == at && uses_variable(&value.node))
}

fn uses_variable(value: &WrittenValue) -> bool {
    match value {
        WrittenValue::Variable(_) => true,
        WrittenValue::List(values) => values.iter().any(uses_variable),
        WrittenValue::Object(values) => values.values().any(uses_variable),
        _ => false,
    }
}
