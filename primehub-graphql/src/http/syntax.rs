//! What is said of a document that is not GraphQL.

use async_graphql::ServerError;
use async_graphql::parser::Error;

/// The parser's error in one line: it draws a picture of the place, which reads badly in the logs and tables of clients. The places
/// themselves go on standing beside the text.
pub(super) fn error(error: Error) -> ServerError {
    let message = match &error {
        Error::Syntax { message, start, .. } => {
            Some(format!("syntax error at line {}, column {}: {}", start.line, start.column, reason(message)))
        }
        _ => None,
    };
    let mut answer = ServerError::from(error);
    if let Some(message) = message {
        answer.message = message;
    }
    answer
}

/// What stands below the picture; a message without one as it is.
fn reason(message: &str) -> &str {
    let last = message.lines().next_back().unwrap_or_default().trim();
    last.strip_prefix("= ").unwrap_or(last)
}

#[cfg(test)]
mod tests {
    use async_graphql::Pos;
    use async_graphql::parser::parse_query;
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::unclosed("{ me { ", 1, 8, "expected selection")]
    #[case::second_line("{\n  me(\n}", 3, 1, "expected name")]
    #[case::number("{ a(b: 1e999999) }", 1, 8, "invalid number: number out of range at line 1 column 8")]
    fn syntax_errors_are_one_line(
        #[case] query: &str,
        #[case] line: usize,
        #[case] column: usize,
        #[case] reason: &str,
    ) {
        let error = error(parse_query(query).unwrap_err());
        assert_eq!(error.message, format!("syntax error at line {line}, column {column}: {reason}"));
        assert_eq!(error.locations.first(), Some(&Pos { line, column }));
    }

    #[test]
    fn other_errors_are_as_the_parser_says() {
        assert_eq!(
            error(parse_query("fragment f on T { a }").unwrap_err()).message,
            "document does not contain an operation"
        );
    }

    proptest! {
        #[test]
        fn no_message_has_two_lines(query in "[{}()a-z:$\"= \n\r]{0,30}") {
            if let Err(failed) = parse_query(query) {
                prop_assert!(!error(failed).message.contains('\n'));
            }
        }
    }
}
