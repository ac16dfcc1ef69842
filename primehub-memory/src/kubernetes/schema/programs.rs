//! Expressions as programs: parsed, checked against the schema, and run within limits of their own, since the language has none here.

use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, ExecutionError, Program, Value};

use super::{Cursor, Shape, functions};

/// Address space; what is not touched costs nothing.
const STACK: usize = 256 * 1024 * 1024;
/// Longer rules are refused: evaluation has no budget.
const LONGEST: usize = 8 * 1024;
/// Deeper ones, too: the parser would exhaust every stack.
const DEEPEST: usize = 60;
/// Fields, calls and operators in a row nest in the tree, too.
const LONGEST_CHAIN: usize = 60;
/// How deep the tree may be, in the end.
const DEEPEST_TREE: usize = 80;
/// Trees that every stack has room for.
const SHALLOW: usize = 12;

/// An expression that can be run.
#[derive(Clone, Debug)]
pub(super) struct Code {
    program: Arc<Program>,
    /// Running it takes more stack than a worker of the server has.
    deep: bool,
    /// It compares with what was there before.
    pub(super) uses_old: bool,
}

impl Code {
    /// Reads an expression about the values at a node; with its type, if the schema tells it.
    pub(super) fn compile<'a>(
        source: &str,
        at: Cursor<'a>,
        optional_old: bool,
    ) -> Result<(Self, Option<Cursor<'a>>), String> {
        if source.len() > LONGEST {
            return Err(format!("compilation failed: rules of more than {LONGEST} bytes are not supported"));
        }
        if is_too_deep(source) {
            return Err(format!(
                "compilation failed: rules nested more than {DEEPEST} deep, or with more than {LONGEST_CHAIN} operators in a row, are not supported"
            ));
        }
        let parse = || functions::environment().compile(source).map_err(|errors| errors.to_string());
        let program = on_large_stack(parse)
            .unwrap_or_else(|| Err("the parser failed".to_owned()))
            .map_err(|why| format!("compilation failed: {why}"))?;
        let old = if optional_old { None } else { Some(at) };
        let mut reader =
            Reader { names: vec![("self", Some(at)), ("oldSelf", old)], depth: 0, deepest: 0, uses_old: false };
        let read = reader.read(program.expression());
        let (uses_old, deep) = (reader.uses_old, reader.deepest > SHALLOW);
        match read {
            Ok(result) => Ok((Self { program: Arc::new(program), deep, uses_old }, result)),
            Err((id, why)) => {
                let start = program.source_info().offset_for(id).map_or(0, |(start, _)| start as usize);
                Err(format!("compilation failed: {}", located(source, start, &why)))
            }
        }
    }

    /// Runs it.
    pub(super) fn run(&self, context: &Context<'_, '_>) -> Result<Value, ExecutionError> {
        if !self.deep {
            return self.program.execute(context);
        }
        let failed = || Err(ExecutionError::InternalError("the evaluation failed".to_owned()));
        on_large_stack(|| self.program.execute(context)).unwrap_or_else(failed)
    }
}

/// Parser and evaluation take tens of kilobytes of stack for each level, more than a worker of the server has.
fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> Option<T> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.ok()?.join().ok()
    })
}

/// A complaint with the line that it is about, and a mark below the place.
fn located(source: &str, start: usize, why: &str) -> String {
    let (mut line, mut column) = (1, 0);
    for (_, character) in source.char_indices().take_while(|(index, _)| *index < start) {
        (line, column) = if character == '\n' { (line + 1, 0) } else { (line, column + 1) };
    }
    let snippet = source.lines().nth(line - 1).unwrap_or_default();
    format!("ERROR: <input>:{line}:{}: {why}\n | {snippet}\n | {}^", column + 1, ".".repeat(column))
}

/// Whether a rule is too deep to be parsed, judged by its text: brackets and conditions within each other, signs in a row, and long chains of
/// fields, calls and operators. What is in quotes counts as well; that is rare.
fn is_too_deep(source: &str) -> bool {
    let (mut open, mut signs, mut links) = (0_usize, 0, 0);
    for byte in source.bytes() {
        match byte {
            b'(' | b'[' | b'{' | b'?' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        match byte {
            b'!' | b'-' => signs += 1,
            b' ' | b'\t' | b'\n' | b'\r' => {}
            _ => signs = 0,
        }
        match byte {
            b'&' | b'|' | b',' | b'?' | b':' => links = 0,
            b'.' | b'+' | b'-' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'[' | b'(' => links += 1,
            _ => {}
        }
        if open + signs > DEEPEST || links > LONGEST_CHAIN {
            return true;
        }
    }
    false
}

/// Reads an expression for what it refers to. Types are known as far as the schema tells them.
struct Reader<'e, 'a> {
    names: Vec<(&'e str, Option<Cursor<'a>>)>,
    depth: usize,
    deepest: usize,
    uses_old: bool,
}

impl<'e, 'a> Reader<'e, 'a> {
    fn read(&mut self, node: &'e IdedExpr) -> Result<Option<Cursor<'a>>, (u64, String)> {
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
        if self.depth > DEEPEST_TREE {
            return Err((node.id, "rules of this depth are not supported".to_owned()));
        }
        let result = self.read_node(node);
        self.depth -= 1;
        result
    }

    fn read_node(&mut self, node: &'e IdedExpr) -> Result<Option<Cursor<'a>>, (u64, String)> {
        let undeclared = |name: &str| (node.id, format!("undeclared reference to '{name}' (in container '')"));
        match &node.expr {
            Expr::Ident(name) => {
                self.uses_old |= name == "oldSelf";
                match self.names.iter().rev().find(|(known, _)| known == name) {
                    Some((_, at)) => Ok(*at),
                    None if name.starts_with('@') || functions::TYPES.contains(&name.as_str()) => Ok(None),
                    None => Err(undeclared(name)),
                }
            }
            Expr::Select(select) => {
                let Some(at) = self.read(&select.operand)? else { return Ok(None) };
                if matches!(at.shape(), Shape::Any) {
                    return Ok(None);
                }
                let undefined = || (node.id, format!("undefined field '{}'", select.field));
                let field = Self::field(at, &unescape(&select.field)).ok_or_else(undefined)?;
                // Whether it is there is not the field itself.
                Ok(Some(field).filter(|_| !select.test))
            }
            Expr::Call(call) => {
                let name = call.func_name.as_str();
                if name.starts_with(|first: char| first.is_ascii_alphabetic())
                    && !functions::NAMES.contains(&name.rsplit('.').next().unwrap_or(name))
                {
                    return Err(undeclared(name));
                }
                if let Some(target) = &call.target {
                    self.read(target)?;
                }
                let types = call.args.iter().map(|argument| self.read(argument)).collect::<Result<Vec<_>, _>>()?;
                Ok(match (name, types.first()) {
                    ("_[_]", Some(Some(at))) => match at.shape() {
                        Shape::List { item, .. } => Some(at.at(*item)),
                        Shape::Map(child) => Some(at.at(*child)),
                        _ => None,
                    },
                    _ => None,
                })
            }
            Expr::Comprehension(comprehension) => {
                let range = self.read(&comprehension.iter_range)?;
                self.read(&comprehension.accu_init)?;
                let known = self.names.len();
                let item = range.and_then(Cursor::items).map(|(item, _)| item);
                let second = comprehension.iter_var2.as_deref();
                self.names.push((&comprehension.iter_var, item.filter(|_| second.is_none())));
                self.names.extend(second.map(|name| (name, item)));
                self.names.push((&comprehension.accu_var, None));
                for part in [&comprehension.loop_cond, &comprehension.loop_step, &comprehension.result] {
                    self.read(part)?;
                }
                self.names.truncate(known);
                Ok(None)
            }
            Expr::List(list) => {
                list.elements.iter().try_for_each(|element| self.read(element).map(|_| ())).map(|()| None)
            }
            Expr::Map(map) => self.read_entries(map.entries.iter().map(|entry| &entry.expr)),
            Expr::Struct(object) => self.read_entries(object.entries.iter().map(|entry| &entry.expr)),
            Expr::Literal(_) | Expr::Unspecified => Ok(None),
        }
    }

    fn read_entries(
        &mut self,
        entries: impl Iterator<Item = &'e EntryExpr>,
    ) -> Result<Option<Cursor<'a>>, (u64, String)> {
        for entry in entries {
            match entry {
                EntryExpr::StructField(field) => {
                    self.read(&field.value)?;
                }
                EntryExpr::MapEntry(entry) => {
                    self.read(&entry.key)?;
                    self.read(&entry.value)?;
                }
            }
        }
        Ok(None)
    }

    /// The type of a field.
    fn field(at: Cursor<'a>, name: &str) -> Option<Cursor<'a>> {
        at.child(name).filter(|_| !is_metadata(at) || VISIBLE.contains(&name))
    }
}

/// What expressions see of an object's metadata.
pub(super) const VISIBLE: [&str; 2] = ["name", "generateName"];

/// Types of built-in kinds stand in custom resources as metadata only.
pub(super) fn is_metadata(at: Cursor<'_>) -> bool {
    at.field("managedFields").is_some() && at.field("ownerReferences").is_some()
}

const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// A field's name as an identifier.
pub(super) fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    name.replace("__", "__underscores__").replace('.', "__dot__").replace('-', "__dash__").replace('/', "__slash__")
}

fn unescape(name: &str) -> String {
    let inner = name.strip_prefix("__").and_then(|name| name.strip_suffix("__"));
    if let Some(inner) = inner.filter(|inner| RESERVED.contains(inner)) {
        return inner.to_owned();
    }
    name.replace("__dot__", ".").replace("__dash__", "-").replace("__slash__", "/").replace("__underscores__", "__")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::kubernetes::schema::expressions::Expression;
    use crate::kubernetes::schema::{Node, Types};

    #[rstest]
    #[case::parentheses("(".repeat(4000) + "true" + &")".repeat(4000))]
    #[case::open("(".repeat(8000))]
    #[case::lists("[".repeat(4000) + &"]".repeat(4000))]
    #[case::negations("!".repeat(8000) + "true")]
    #[case::minus("1 == ".to_owned() + &"-".repeat(8000) + "1")]
    #[case::fields("self".to_owned() + &".a".repeat(4000))]
    #[case::sums("1 == 1".to_owned() + &"+1".repeat(4000))]
    #[case::choices("true ? ".repeat(1000) + "true" + &" : true".repeat(1000))]
    #[case::calls("self.all(x, ".repeat(600) + "true" + &")".repeat(600))]
    #[case::calls_in_chains((0..55).fold("1".to_owned(), |inner, _| format!("[{inner}].map(1,1){}", ".a".repeat(55))))]
    #[case::long("true || ".repeat(1100) + "true")]
    fn rules_that_would_exhaust_the_server_are_refused(#[case] source: String) {
        let types = Arc::new(Types { nodes: vec![Node::default()], ..Types::default() });
        let at = types.at(crate::kubernetes::schema::NodeId(0));
        assert!(Expression::compile(&json!({ "rule": source }), at).is_err());
    }

    #[rstest]
    #[case("(".repeat(60) + "true" + &")".repeat(60))]
    #[case("!".repeat(60) + "true")]
    #[case("true ? ".repeat(60) + "true" + &" : true".repeat(60))]
    #[case("1 == 1".to_owned() + &"+1".repeat(55))]
    #[case("self".to_owned() + &".a".repeat(55))]
    #[case("[1].all(x, ".repeat(60) + "true" + &")".repeat(60))]
    fn what_is_allowed_fits_the_stack(#[case] source: String) {
        let types = Arc::new(Types { nodes: vec![Node::default()], ..Types::default() });
        let at = types.at(crate::kubernetes::schema::NodeId(0));
        // Refused, false or an error: as long as there is an answer.
        if let Ok((code, _)) = Code::compile(&source, at, false) {
            let _ = code.run(&Context::with_env(Arc::clone(functions::environment())));
        }
    }

    #[test]
    fn long_conjunctions_are_fine() {
        let types = Arc::new(Types { nodes: vec![Node::default()], ..Types::default() });
        let at = types.at(crate::kubernetes::schema::NodeId(0));
        let (code, _) = Code::compile(&("true && ".repeat(500) + "true"), at, false).unwrap();
        assert_eq!(code.run(&Context::with_env(Arc::clone(functions::environment()))), Ok(Value::Bool(true)));
    }

    #[rstest]
    #[case("namespace", "__namespace__")]
    #[case("a-b/c.d", "a__dash__b__slash__c__dot__d")]
    #[case("a__b", "a__underscores__b")]
    #[case("plain_name", "plain_name")]
    fn names_are_identifiers(#[case] name: &str, #[case] identifier: &str) {
        assert_eq!(escape(name), identifier);
        assert_eq!(unescape(identifier), name);
    }
}
