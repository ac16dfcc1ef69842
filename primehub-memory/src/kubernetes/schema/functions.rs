//! The functions that expressions can call: those of the language, its extensions for texts and lists, and the small ones that
//! Kubernetes adds.

use std::cmp::Ordering;
use std::sync::{Arc, LazyLock};

use cel::common::types::{DYN_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError, Value, extensions};

use super::rules::regex;

/// Types and namespaces, which stand as names in expressions.
pub(super) const TYPES: [&str; 14] = [
    "bool",
    "bytes",
    "double",
    "google",
    "int",
    "list",
    "lists",
    "map",
    "null_type",
    "optional",
    "string",
    "strings",
    "type",
    "uint",
];

/// The functions by their names without namespace.
pub(super) const NAMES: [&str; 64] = [
    "all",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "distinct",
    "double",
    "duration",
    "dyn",
    "endsWith",
    "exists",
    "exists_one",
    "filter",
    "find",
    "findAll",
    "flatten",
    "format",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getFullYear",
    "getHours",
    "getMilliseconds",
    "getMinutes",
    "getMonth",
    "getSeconds",
    "has",
    "hasValue",
    "in",
    "indexOf",
    "int",
    "isSorted",
    "join",
    "lastIndexOf",
    "list",
    "lowerAscii",
    "map",
    "matches",
    "max",
    "min",
    "none",
    "of",
    "ofNonZeroValue",
    "optFlatMap",
    "optMap",
    "or",
    "orValue",
    "quote",
    "range",
    "replace",
    "reverse",
    "size",
    "slice",
    "sort",
    "sortBy",
    "split",
    "startsWith",
    "string",
    "substring",
    "sum",
    "timestamp",
    "trim",
    "value",
];

/// What expressions are compiled and run with.
pub(super) fn environment() -> &'static Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| {
        let mut environment = Env::stdlib();
        // Nothing is declared twice: a test asks for each of the names.
        let _ = declare(&mut environment);
        Arc::new(environment)
    });
    &ENVIRONMENT
}

fn declare(environment: &mut Env) -> Result<(), DeclarationError> {
    environment.add_extension(extensions::strings)?;
    environment.add_extension(extensions::lists)?;
    environment.add_member_overload("isSorted", "list.isSorted()", LIST_TYPE, vec![], |arguments| {
        let items = items(&arguments)?;
        answer(Value::Bool(items.windows(2).all(|pair| pair[0].partial_cmp(&pair[1]) != Some(Ordering::Greater))))
    })?;
    environment
        .add_member_overload("sum", "list.sum()", LIST_TYPE, vec![], |arguments| answer(sum(items(&arguments)?)?))?;
    environment.add_member_overload("min", "list.min()", LIST_TYPE, vec![], |arguments| {
        answer(extreme(&arguments, "min", Ordering::Less)?)
    })?;
    environment.add_member_overload("max", "list.max()", LIST_TYPE, vec![], |arguments| {
        answer(extreme(&arguments, "max", Ordering::Greater)?)
    })?;
    environment.add_member_overload("indexOf", "list.indexOf(dyn)", LIST_TYPE, vec![DYN_TYPE], |arguments| {
        let wanted = argument(&arguments, 1)?;
        answer(place(items(&arguments)?.iter().position(|item| *item == wanted)))
    })?;
    environment.add_member_overload(
        "lastIndexOf",
        "list.lastIndexOf(dyn)",
        LIST_TYPE,
        vec![DYN_TYPE],
        |arguments| {
            let wanted = argument(&arguments, 1)?;
            answer(place(items(&arguments)?.iter().rposition(|item| *item == wanted)))
        },
    )?;
    environment.add_member_overload("find", "string.find(string)", STRING_TYPE, vec![STRING_TYPE], |arguments| {
        let found = find(&arguments, 1)?.pop().unwrap_or_default();
        answer(Value::from(found))
    })?;
    environment.add_member_overload("findAll", "string.findAll(string)", STRING_TYPE, vec![STRING_TYPE], |arguments| {
        answer(Value::List(Arc::new(find(&arguments, usize::MAX)?.into_iter().map(Value::from).collect())))
    })
}

fn answer<'b, 'v>(value: Value) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Box::<dyn Val>::try_from(value).map(CowVal::Owned)
}

fn argument(arguments: &[CowVal<'_, '_>], index: usize) -> Result<Value, ExecutionError> {
    let argument = arguments.get(index).ok_or(ExecutionError::MissingArgumentOrTarget)?;
    Value::try_from(argument.as_ref())
}

fn items(arguments: &[CowVal<'_, '_>]) -> Result<Vec<Value>, ExecutionError> {
    match argument(arguments, 0)? {
        Value::List(items) => Ok(Arc::unwrap_or_clone(items)),
        other => Err(ExecutionError::unsupported_target_type(other)),
    }
}

fn place(index: Option<usize>) -> Value {
    Value::Int(index.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1))
}

fn sum(items: Vec<Value>) -> Result<Value, ExecutionError> {
    let mut items = items.into_iter();
    let first = items.next().unwrap_or(Value::Int(0));
    items.try_fold(first, |sum, item| match (sum, item) {
        (Value::Int(sum), Value::Int(item)) => sum.checked_add(item).map(Value::Int).ok_or(ExecutionError::Overflow(
            "add",
            Value::Int(sum),
            Value::Int(item),
        )),
        (Value::Float(sum), Value::Float(item)) => Ok(Value::Float(sum + item)),
        (Value::Duration(sum), Value::Duration(item)) => Ok(Value::Duration(sum + item)),
        (sum, item) => Err(ExecutionError::UnsupportedBinaryOperator("add", sum, item)),
    })
}

fn extreme(arguments: &[CowVal<'_, '_>], name: &str, wanted: Ordering) -> Result<Value, ExecutionError> {
    let better = |one: Value, other: Value| if other.partial_cmp(&one) == Some(wanted) { other } else { one };
    items(arguments)?
        .into_iter()
        .reduce(better)
        .ok_or_else(|| ExecutionError::function_error(name, format!("{name} called on empty list")))
}

fn find(arguments: &[CowVal<'_, '_>], most: usize) -> Result<Vec<String>, ExecutionError> {
    let (Value::String(text), Value::String(pattern)) = (argument(arguments, 0)?, argument(arguments, 1)?) else {
        return Err(ExecutionError::MissingArgumentOrTarget);
    };
    let pattern = regex(&pattern).map_err(|error| ExecutionError::function_error("find", error))?;
    Ok(pattern.find_iter(&text).take(most).map(|found| found.as_str().to_owned()).collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use cel::{Context, Value};
    use rstest::rstest;

    use super::environment;

    #[rstest]
    #[case("[1, 2].isSorted() && ![2, 1].isSorted()")]
    #[case("[1, 2].sum() == 3 && [].sum() == 0 && [1.5, 2.5].sum() == 4.0")]
    #[case("[3, 1].min() == 1 && [3, 1].max() == 3")]
    #[case("['a', 'b', 'a'].indexOf('a') == 0 && ['a', 'b', 'a'].lastIndexOf('a') == 2 && [1].indexOf(2) == -1")]
    #[case("'abc123'.find('[0-9]+') == '123' && 'a'.find('b') == '' && 'a1b2'.findAll('[0-9]') == ['1', '2']")]
    #[case(
        "'a,b'.split(',') == ['a', 'b'] && 'A'.lowerAscii() == 'a' && ['a', 'b'].join('-') == 'a-b' && 'abc'.indexOf('c') == 2"
    )]
    #[case("[1, 2].exists(x, x > 1) && optional.of(1).orValue(2) == 1")]
    #[case("'%s-%d'.format(['a', 1]) == 'a-1' && [[1], [2]].flatten() == [1, 2]")]
    #[case("timestamp('2026-01-01T00:00:00Z') < timestamp('2026-01-02T00:00:00Z') && duration('1h') > duration('1m')")]
    fn knows(#[case] source: &str) {
        let program = environment().compile(source).unwrap();
        assert_eq!(program.execute(&Context::with_env(Arc::clone(environment()))), Ok(Value::Bool(true)), "{source}");
    }
}
