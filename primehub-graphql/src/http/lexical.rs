//! What can be said of a document before it is parsed: how long it is and how deeply its brackets are nested.
//!
//! The parser calls itself for every bracket, and builds something for every token; so both are counted first, in one pass without
//! memory.

use super::limits::Limits;

/// A limit that the text of a document exceeds.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum TooMuchText {
    #[error("the document has more than {0} tokens")]
    Tokens(usize),
    #[error("the document nests brackets more than {0} deep")]
    Brackets(usize),
    #[error("the document has a name of more than {0} characters")]
    Name(usize),
}

/// Refuses a text that would cost the parser too much. Says nothing about whether it is a document at all.
pub(super) fn check(text: &str, limits: &Limits) -> Result<(), TooMuchText> {
    let bytes = text.as_bytes();
    let (mut at, mut tokens, mut depth) = (0, 0, 0_usize);
    // Once a block text has no end, no later one has: without this, many beginnings would cost the square of the length.
    let mut blocks_end = true;
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        at += match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b',' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += rest_of_line(&bytes[at..]);
                continue;
            }
            b'"' if blocks_end && bytes[at..].starts_with(br#"""""#) => {
                let length = block_length(&bytes[at..]);
                blocks_end = length.is_some();
                // Without an end this is an empty text, and a third mark that begins another one.
                length.unwrap_or(2)
            }
            b'"' => text_length(&bytes[at..]),
            b'{' | b'[' | b'(' => {
                depth += 1;
                1
            }
            b'}' | b']' | b')' => {
                depth = depth.saturating_sub(1);
                1
            }
            byte if is_name(byte) => bytes[at..].iter().take_while(|byte| is_name(**byte)).count(),
            _ => 1,
        };
        tokens += 1;
        if tokens > limits.tokens {
            return Err(TooMuchText::Tokens(limits.tokens));
        }
        if depth > limits.brackets {
            return Err(TooMuchText::Brackets(limits.brackets));
        }
        if is_name(byte) && at - start > limits.name_length {
            return Err(TooMuchText::Name(limits.name_length));
        }
    }
    Ok(())
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn rest_of_line(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n')).unwrap_or(bytes.len())
}

/// Length of a text in single quotation marks. One without an end stops at the end of the line, where the parser gives up.
fn text_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            b'\r' | b'\n' => return at,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Length of a text in triple quotation marks, if it has an end.
fn block_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 3;
    while at < bytes.len() {
        let rest = &bytes[at..];
        if rest.starts_with(br#"""""#) {
            return Some(at + 3);
        }
        at += if rest.starts_with(br#"\""""#) { 4 } else { 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn small() -> Limits {
        Limits { tokens: 20, brackets: 3, name_length: 8, ..Limits::default() }
    }

    #[rstest]
    #[case::plain("{ me { id } }", None)]
    #[case::as_deep_as_allowed("{ a(b: [1]) { c } }", None)]
    #[case::selections("{ a { b { c { d } } } }", Some(TooMuchText::Brackets(3)))]
    #[case::values("{ a(b: [[1]]) }", Some(TooMuchText::Brackets(3)))]
    #[case::never_closed("{{{{", Some(TooMuchText::Brackets(3)))]
    #[case::brackets_in_a_text(r#"{ a(b: "{{{{") }"#, None)]
    #[case::escaped_mark(r#"{ a(b: "\"{{{{") }"#, None)]
    #[case::brackets_in_a_block(r#"{ a(b: """{{ " \""" {{""") }"#, None)]
    #[case::brackets_in_a_comment("{ a # {{{{ \"\n }", None)]
    #[case::after_a_comment("{ a # x\n {{{ b", Some(TooMuchText::Brackets(3)))]
    #[case::after_a_text_without_end("\"abc\n{{{{", Some(TooMuchText::Brackets(3)))]
    #[case::after_a_block_without_end(r#""""abc"{{{{"#, Some(TooMuchText::Brackets(3)))]
    #[case::tokens("{ a b c d e f g h i j k l m n o p q r s t }", Some(TooMuchText::Tokens(20)))]
    #[case::separators_are_no_tokens("{ a,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,, }", None)]
    #[case::long_name("{ abcdefghi }", Some(TooMuchText::Name(8)))]
    #[case::empty("", None)]
    #[case::escape_at_the_end("\"\\", None)]
    fn texts_are_measured(#[case] text: &str, #[case] expected: Option<TooMuchText>) {
        assert_eq!(check(text, &small()).err(), expected);
    }

    /// The deepest texts that pass fit into a quarter of the stack that requests have.
    #[rstest]
    #[case::values(format!("{{ a(b: {}{}) }}", "[".repeat(38), "]".repeat(38)))]
    #[case::selections(format!("{}a{}", "{ a ".repeat(40), "}".repeat(40)))]
    fn the_deepest_texts_do_not_exhaust_the_parser(#[case] text: String) {
        assert_eq!(check(&text, &Limits::default()), Ok(()));
        let parse = move || async_graphql::parser::parse_query(&text).is_ok();
        let thread = std::thread::Builder::new().stack_size(512 * 1024).spawn(parse).unwrap();
        assert!(thread.join().unwrap());
    }

    proptest::proptest! {
        /// What passes cannot exhaust the parser's stack: the parser itself is the witness.
        #[test]
        fn whatever_passes_can_be_parsed_or_refused(text in "[{}()\\[\\]\"\\\\# \n\ta-c:$@.!=1]{0,300}") {
            if check(&text, &Limits::default()).is_ok() {
                let _ = async_graphql::parser::parse_query(&text);
            }
        }
    }
}
