//! Reads JSON and YAML as a Kubernetes API server does: the last of several equal fields counts and the others are reported, bytes that are no
//! UTF-8 become U+FFFD, and what is malformed is described in the words of Go's decoder.

use std::fmt;

use serde_json::{Map, Number, Value};

pub(crate) use super::golang::type_name;

/// How deep values may be nested. A real server takes ten thousand levels, which nobody needs; here every step that follows is a recursion.
pub(crate) const MAX_DEPTH: usize = 120;
/// How deep a real server lets them be.
const DEEPEST: usize = 10_000;

/// A value, with what a strict decoder complains about.
#[derive(Debug, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) value: Value,
    /// `duplicate field "data.a"`, each once; `line 1: key "a" already set in map` in YAML.
    pub(crate) complaints: Vec<String>,
    /// The same complaints about JSON as they are if it is taken for YAML.
    duplicates: Vec<String>,
}

/// Why a text is no JSON or YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(String);

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Malformed {}

/// Reads one JSON value.
pub(crate) fn parse_json(text: &[u8]) -> Result<Parsed, Malformed> {
    let text = String::from_utf8_lossy(text);
    Reader::new(&text).document()
}

/// The same, also of what is nested more deeply than is kept: what is below is looked at, and is null then. Says whether there was such a value.
pub(crate) fn parse_deep_json(text: &[u8]) -> Result<(Parsed, bool), Malformed> {
    let text = String::from_utf8_lossy(text);
    let mut reader = Reader::new(&text);
    reader.deepest = DEEPEST;
    let parsed = reader.document()?;
    Ok((parsed, reader.deep))
}

/// Reads one YAML document, of which JSON is a kind. An empty one is an empty object.
pub(crate) fn parse_yaml(text: &[u8]) -> Result<Parsed, Malformed> {
    if text.trim_ascii_start().first() == Some(&b'{')
        && let Ok(parsed) = parse_json(text)
    {
        return Ok(Parsed { value: parsed.value, complaints: parsed.duplicates, duplicates: Vec::new() });
    }
    let text = String::from_utf8_lossy(text);
    let (value, complaints) = on_large_stack(|| read_yaml(&text))?;
    match value {
        Value::Null => Ok(Parsed { value: Value::Object(Map::new()), complaints, duplicates: Vec::new() }),
        Value::Object(_) => Ok(Parsed { value, complaints, duplicates: Vec::new() }),
        other => Err(Malformed(format!(
            "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            type_name(&other)
        ))),
    }
}

fn read_yaml(text: &str) -> Result<(Value, Vec<String>), Malformed> {
    let parse = |duplicate_keys| {
        let budget = serde_saphyr::budget!(max_depth: MAX_DEPTH, flow_nesting_limit: MAX_DEPTH);
        let options = serde_saphyr::options!(budget: budget, duplicate_keys: duplicate_keys, with_snippet: false);
        serde_saphyr::from_str_with_options::<Value>(text, options)
    };
    let value = parse(serde_saphyr::DuplicateKeyPolicy::LastWins)
        .map_err(|error| Malformed(format!("error converting YAML to JSON: yaml: {error}")))?;
    let twice = match parse(serde_saphyr::DuplicateKeyPolicy::Error) {
        Err(serde_saphyr::Error::DuplicateMappingKey { key, location }) => {
            Some(format!("line {}: key {:?} already set in map", location.line(), key.unwrap_or_default()))
        }
        _ => None,
    };
    Ok((value, twice.into_iter().collect()))
}

/// The parser of YAML takes more of the stack for each level of nesting than threads of a server have for all of them.
fn on_large_stack<T: Send>(work: impl FnOnce() -> Result<T, Malformed> + Send) -> Result<T, Malformed> {
    let failed = || Malformed("error converting YAML to JSON: there is no thread to do it".to_owned());
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(16 << 20).spawn_scoped(scope, work);
        thread.map_err(|_| failed())?.join().unwrap_or_else(|_| Err(failed()))
    })
}

/// A body as messages show it: the beginning of what looks like JSON, else the beginning in hexadecimal digits.
pub(crate) fn summary(body: &[u8]) -> String {
    const SHOWN: usize = 30;
    if body.is_empty() {
        return "<empty>".to_owned();
    }
    let shown = body.get(..SHOWN).unwrap_or(body);
    let text = if body.starts_with(b"{") {
        String::from_utf8_lossy(shown).into_owned()
    } else {
        shown
            .iter()
            .flat_map(|byte| [byte >> 4, byte & 15])
            .filter_map(|digit| char::from_digit(digit.into(), 16))
            .collect()
    };
    if body.len() > SHOWN { text + " ..." } else { text }
}

/// A path in the notation of complaints: `spec.items[0].name`.
pub(crate) fn join(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(name) if text.is_empty() => text.push_str(name),
            Step::Field(name) => {
                text.push('.');
                text.push_str(name);
            }
            Step::Index(index) => text.extend(["[", &index.to_string(), "]"]),
        }
    }
    text
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Field(String),
    Index(usize),
}

fn unexpected(byte: u8, context: &str) -> Malformed {
    let shown = match byte {
        b'\'' => r"\'".to_owned(),
        b'"' => "\"".to_owned(),
        b'\\' => r"\\".to_owned(),
        b'\n' => r"\n".to_owned(),
        b'\r' => r"\r".to_owned(),
        b'\t' => r"\t".to_owned(),
        0..32 | 127 => format!(r"\x{byte:02x}"),
        _ => char::from(byte).to_string(),
    };
    Malformed(format!("invalid character '{shown}' {context}"))
}

fn end() -> Malformed {
    Malformed("unexpected end of JSON input".to_owned())
}

struct Reader<'a> {
    text: &'a [u8],
    position: usize,
    path: Vec<Step>,
    complaints: Vec<String>,
    duplicates: Vec<String>,
    /// How many levels there may be. Those below [`MAX_DEPTH`] are not kept.
    deepest: usize,
    /// Whether there was something that is not kept.
    deep: bool,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            position: 0,
            path: Vec::new(),
            complaints: Vec::new(),
            duplicates: Vec::new(),
            deepest: MAX_DEPTH,
            deep: false,
        }
    }

    fn document(&mut self) -> Result<Parsed, Malformed> {
        let value = self.value()?;
        let (complaints, duplicates) = (std::mem::take(&mut self.complaints), std::mem::take(&mut self.duplicates));
        match self.peek() {
            None => Ok(Parsed { value, complaints, duplicates }),
            Some(byte) => Err(unexpected(byte, "after top-level value")),
        }
    }

    /// Passes over a list or object without any recursion.
    fn skip(&mut self) -> Result<(), Malformed> {
        let mut open = Vec::new();
        loop {
            let byte = self.peek().ok_or_else(end)?;
            if matches!(byte, b'{' | b'[') {
                if self.path.len() + open.len() >= self.deepest {
                    return Err(unexpected(byte, "exceeded max depth"));
                }
                self.position += 1;
                open.push(byte);
                if !matches!((byte, self.peek().ok_or_else(end)?), (b'{', b'}') | (b'[', b']')) {
                    if byte == b'{' {
                        self.key()?;
                    }
                    continue;
                }
            } else {
                self.value()?;
            }
            // Behind a value: the ends of what it is in, up to the next.
            loop {
                let Some(&outer) = open.last() else { return Ok(()) };
                let byte = self.peek().ok_or_else(end)?;
                match (outer, byte) {
                    (b'{', b'}') | (b'[', b']') => _ = open.pop(),
                    (_, b',') => {}
                    (b'{', _) => return Err(unexpected(byte, "after object key:value pair")),
                    _ => return Err(unexpected(byte, "after array element")),
                }
                self.position += 1;
                if byte == b',' {
                    if outer == b'{' {
                        self.key()?;
                    }
                    break;
                }
            }
        }
    }

    /// The key of an entry of an object, with its colon.
    fn key(&mut self) -> Result<String, Malformed> {
        match self.peek().ok_or_else(end)? {
            b'"' => self.position += 1,
            byte => return Err(unexpected(byte, "looking for beginning of object key string")),
        }
        let key = self.string()?;
        match self.peek().ok_or_else(end)? {
            b':' => self.position += 1,
            byte => return Err(unexpected(byte, "after object key")),
        }
        Ok(key)
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.position) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(*byte);
            }
            self.position += 1;
        }
        None
    }

    fn next(&mut self) -> Result<u8, Malformed> {
        let byte = self.text.get(self.position).copied().ok_or_else(end)?;
        self.position += 1;
        Ok(byte)
    }

    fn value(&mut self) -> Result<Value, Malformed> {
        let byte = self.peek().ok_or_else(end)?;
        if matches!(byte, b'{' | b'[') && self.path.len() >= MAX_DEPTH {
            self.deep = true;
            return self.skip().map(|()| Value::Null);
        }
        match byte {
            b'{' => self.object(),
            b'[' => self.array(),
            b'"' => {
                self.position += 1;
                self.string().map(Value::String)
            }
            b't' => self.literal("true", Value::Bool(true)),
            b'f' => self.literal("false", Value::Bool(false)),
            b'n' => self.literal("null", Value::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => Err(unexpected(byte, "looking for beginning of value")),
        }
    }

    fn object(&mut self) -> Result<Value, Malformed> {
        self.position += 1;
        let mut fields = Map::new();
        if self.peek() == Some(b'}') {
            self.position += 1;
            return Ok(Value::Object(fields));
        }
        loop {
            let key = self.key()?;
            self.path.push(Step::Field(key.clone()));
            if fields.contains_key(&key) {
                let line = self.text.iter().take(self.position).filter(|byte| **byte == b'\n').count() + 1;
                self.duplicates.push(format!("line {line}: key {key:?} already set in map"));
                let complaint = format!("duplicate field {:?}", join(&self.path));
                if !self.complaints.contains(&complaint) {
                    self.complaints.push(complaint);
                }
            }
            let value = self.value()?;
            self.path.pop();
            match (fields.get_mut(&key), value) {
                // The decoder of a real server fills the field that it has filled already.
                (Some(Value::Object(before)), Value::Object(after)) => before.extend(after),
                (_, value) => _ = fields.insert(key, value),
            }
            match self.peek().ok_or_else(end)? {
                b',' => self.position += 1,
                b'}' => {
                    self.position += 1;
                    return Ok(Value::Object(fields));
                }
                byte => return Err(unexpected(byte, "after object key:value pair")),
            }
        }
    }

    fn array(&mut self) -> Result<Value, Malformed> {
        self.position += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.position += 1;
            return Ok(Value::Array(items));
        }
        loop {
            self.path.push(Step::Index(items.len()));
            items.push(self.value()?);
            self.path.pop();
            match self.peek().ok_or_else(end)? {
                b',' => self.position += 1,
                b']' => {
                    self.position += 1;
                    return Ok(Value::Array(items));
                }
                byte => return Err(unexpected(byte, "after array element")),
            }
        }
    }

    fn literal(&mut self, word: &str, value: Value) -> Result<Value, Malformed> {
        for expected in word.bytes() {
            let byte = self.next()?;
            if byte != expected {
                let context = format!("in literal {word} (expecting '{}')", char::from(expected));
                return Err(unexpected(byte, &context));
            }
        }
        Ok(value)
    }

    fn number(&mut self) -> Result<Value, Malformed> {
        let start = self.position;
        if self.text.get(self.position) == Some(&b'-') {
            self.position += 1;
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            byte => return Err(unexpected(byte, "in numeric literal")),
        }
        if self.text.get(self.position) == Some(&b'.') {
            self.position += 1;
            match self.next()? {
                b'0'..=b'9' => self.digits(),
                byte => return Err(unexpected(byte, "after decimal point in numeric literal")),
            }
        }
        if matches!(self.text.get(self.position), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.text.get(self.position), Some(b'+' | b'-')) {
                self.position += 1;
            }
            match self.next()? {
                b'0'..=b'9' => self.digits(),
                byte => return Err(unexpected(byte, "in exponent of numeric literal")),
            }
        }
        let text = self.text.get(start..self.position).unwrap_or_default();
        serde_json::from_slice::<Number>(text).map(Value::Number).map_err(|_| {
            let text = String::from_utf8_lossy(text);
            Malformed(format!("json: cannot unmarshal number {text} into Go value of type float64"))
        })
    }

    fn digits(&mut self) {
        while self.text.get(self.position).is_some_and(u8::is_ascii_digit) {
            self.position += 1;
        }
    }

    /// The rest of a text whose opening quote has been read.
    fn string(&mut self) -> Result<String, Malformed> {
        let mut bytes = Vec::new();
        loop {
            match self.next()? {
                b'"' => return Ok(String::from_utf8_lossy(&bytes).into_owned()),
                b'\\' => {
                    let character = match self.next()? {
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'n' => '\n',
                        b'r' => '\r',
                        b't' => '\t',
                        b'u' => self.escape()?,
                        byte @ (b'"' | b'\\' | b'/') => char::from(byte),
                        byte => return Err(unexpected(byte, "in string escape code")),
                    };
                    bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte @ 0..32 => return Err(unexpected(byte, "in string literal")),
                byte => bytes.push(byte),
            }
        }
    }

    /// The character of a `\u` escape, or of two of them. Half of a pair becomes U+FFFD.
    fn escape(&mut self) -> Result<char, Malformed> {
        let first = self.unit()?;
        if (0xD800..0xDC00).contains(&first) && self.text.get(self.position..self.position + 2) == Some(br"\u") {
            let back = self.position;
            self.position += 2;
            let second = self.unit()?;
            if let Some(Ok(character)) = char::decode_utf16([first, second]).next() {
                return Ok(character);
            }
            self.position = back;
        }
        Ok(char::from_u32(u32::from(first)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Result<u16, Malformed> {
        let mut unit = 0;
        for _ in 0..4 {
            let byte = self.next()?;
            let digit = char::from(byte).to_digit(16).and_then(|digit| u16::try_from(digit).ok());
            unit = unit * 16 + digit.ok_or_else(|| unexpected(byte, r"in \u hexadecimal character escape"))?;
        }
        Ok(unit)
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("{", "unexpected end of JSON input")]
    #[case("", "unexpected end of JSON input")]
    #[case(r#"{"a":}"#, "invalid character '}' looking for beginning of value")]
    #[case(r#"{"a":1} x"#, "invalid character 'x' after top-level value")]
    #[case(r#"{"a":"\q"}"#, "invalid character 'q' in string escape code")]
    #[case("{\"a\":\"x\ty\"}", r"invalid character '\t' in string literal")]
    #[case(r#"{"a":01}"#, "invalid character '1' after object key:value pair")]
    #[case("{'a':1}", r"invalid character '\'' looking for beginning of object key string")]
    #[case(r#"{"a":tru}"#, "invalid character '}' in literal true (expecting 'e')")]
    #[case("[1 2]", "invalid character '2' after array element")]
    #[case(r#"{"a" 1}"#, "invalid character '1' after object key")]
    #[case("[1.x]", "invalid character 'x' after decimal point in numeric literal")]
    fn malformed_json_is_described_as_go_does(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(parse_json(text.as_bytes()).unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_last_of_equal_fields_counts_and_the_others_are_reported() {
        let parsed =
            parse_json(br#"{"data":{"a":"1","a":"2","a":"3"},"data":{"b":"c"},"l":[{"x":1,"x":[]}]}"#).unwrap();
        assert_eq!(parsed.value, json!({"data": {"a": "3", "b": "c"}, "l": [{"x": []}]}));
        let expected = ["data.a", "data", "l[0].x"].map(|path| format!("duplicate field {path:?}"));
        assert_eq!(parsed.complaints, expected);
    }

    #[test]
    fn texts_are_read_whatever_bytes_they_are_made_of() {
        let parsed =
            parse_json(b"[\"a\xffb\", \"\\ud83d\\ude00\\ud800x\\u00e9\", -1.5e2, 18446744073709551615]").unwrap();
        assert_eq!(parsed.value, json!(["a\u{fffd}b", "😀\u{fffd}xé", -150.0, u64::MAX]));
    }

    #[test]
    fn what_is_too_deep_is_looked_at_all_the_same() {
        let nested = |levels: usize, inner: &str| format!("{}{inner}{}", "[".repeat(levels), "]".repeat(levels));
        let (parsed, deep) = parse_deep_json(format!("{{\"a\":1,\"b\":{}}}", nested(9_000, "")).as_bytes()).unwrap();
        assert!(deep && parsed.value["a"] == 1 && parsed.value["b"].is_array());
        assert!(!parse_deep_json(nested(MAX_DEPTH, "").as_bytes()).unwrap().1);
        for (inner, why) in [
            (r#"{"a":[1,{}],"b":"]"}"#, ""),
            ("1 2", "invalid character '2' after array element"),
            ("{1}", "invalid character '1' looking for beginning of object key string"),
            (r#"{"a":1 "b"}"#, "invalid character '\"' after object key:value pair"),
            ("[1,]", "invalid character ']' looking for beginning of value"),
        ] {
            let found = parse_deep_json(nested(MAX_DEPTH + 5, inner).as_bytes());
            let found = found.err().map(|error| error.to_string()).unwrap_or_default();
            assert_eq!(found, why, "{inner}");
        }
        let error = parse_deep_json(nested(10_001, "").as_bytes()).unwrap_err();
        assert_eq!(error.to_string(), "invalid character '[' exceeded max depth");
    }

    #[test]
    fn nesting_ends_before_the_stack_does() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse_json(nested(MAX_DEPTH).as_bytes()).is_ok());
        for depth in [MAX_DEPTH + 1, 10_001, 1_000_000] {
            let error = parse_json(nested(depth).as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), "invalid character '[' exceeded max depth");
            assert!(parse_yaml(nested(depth).as_bytes()).is_err());
        }
        let stored = parse_json(nested(MAX_DEPTH).as_bytes()).unwrap().value.to_string();
        assert!(serde_json::from_str::<Value>(&stored).is_ok(), "stored objects are read again by another parser");
    }

    #[test]
    fn yaml_is_read_where_json_is() {
        let parsed = parse_yaml(b"a: 1\nb: [x, true, 1.5]\nc: {d: null}\n").unwrap();
        assert_eq!(parsed.value, json!({"a": 1, "b": ["x", true, 1.5], "c": {"d": null}}));
        assert_eq!(parse_yaml(b"").unwrap().value, json!({}));
        let twice = parse_yaml(b"a: 1\na: 2").unwrap();
        assert_eq!(twice.value, json!({"a": 2}));
        assert_eq!(twice.complaints, [r#"line 2: key "a" already set in map"#]);
        assert_eq!(parse_yaml(b"{\"a\":1,\n\"a\":2}").unwrap().complaints, twice.complaints);
        assert!(parse_yaml(b"kind: [").unwrap_err().to_string().starts_with("error converting YAML to JSON: yaml: "));
        let bombs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]";
        assert!(parse_yaml(bombs.as_bytes()).is_err(), "aliases are within a budget");
        assert!(
            parse_yaml(b"5")
                .unwrap_err()
                .to_string()
                .ends_with("cannot unmarshal number into Go value of type map[string]interface {}")
        );
    }

    #[rstest]
    #[case(b"", "<empty>")]
    #[case(b"[]", "5b5d")]
    #[case(b"{\"a\":}", "{\"a\":}")]
    #[case(b"{\"metadata\":{\"name\":\"a\"},\"data\":{}}", "{\"metadata\":{\"name\":\"a\"},\"data ...")]
    fn a_body_is_shown_by_its_beginning(#[case] body: &[u8], #[case] expected: &str) {
        assert_eq!(summary(body), expected);
    }
}
