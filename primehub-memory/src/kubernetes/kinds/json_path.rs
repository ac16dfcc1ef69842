//! JSON paths of columns, selectable fields and scales: `.spec.replicas`, `.metadata.labels.a\.b`, `.spec['limits.cpu']`, `.items[0]`, `.items[*]`,
//! `.status.conditions[?(@.type=="Ready")].status`.

use serde_json::{Map, Value};

/// One step of a path.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    /// Counted from the end, if it is negative.
    Index(isize),
    All,
    /// The items whose value at a path compares with a value like that.
    Filter {
        path: Vec<Step>,
        operator: &'static str,
        value: Value,
    },
}

/// The first value at a path.
#[must_use]
pub fn get(object: &Value, path: &str) -> Option<Value> {
    find(object, path).into_iter().next().cloned()
}

/// All values at a path; none, if the path makes no sense.
#[must_use]
pub fn find<'a>(object: &'a Value, path: &str) -> Vec<&'a Value> {
    parse(path).map(|steps| follow(object, &steps)).unwrap_or_default()
}

/// Puts a value at a path of plain fields; objects on the way are made. Other paths change nothing.
pub fn set(object: &mut Value, path: &str, value: Value) {
    let Some(steps) = parse(path) else { return };
    let mut place = object;
    for step in steps {
        let Step::Field(name) = step else { return };
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        place = &mut place[name.as_str()];
    }
    *place = value;
}

fn follow<'a>(object: &'a Value, steps: &[Step]) -> Vec<&'a Value> {
    let mut found = vec![object];
    for step in steps {
        found = found.into_iter().flat_map(|value| take(value, step)).collect();
    }
    found
}

fn take<'a>(value: &'a Value, step: &Step) -> Vec<&'a Value> {
    match (step, value) {
        (Step::Field(name), value) => value.get(name.as_str()).into_iter().collect(),
        (Step::Index(index), Value::Array(items)) => {
            let index =
                if *index < 0 { items.len().checked_sub(index.unsigned_abs()) } else { Some(index.unsigned_abs()) };
            index.and_then(|index| items.get(index)).into_iter().collect()
        }
        (Step::All, Value::Array(items)) => items.iter().collect(),
        (Step::All, Value::Object(fields)) => fields.values().collect(),
        (Step::Filter { path, operator, value }, Value::Array(items)) => items
            .iter()
            .filter(|item| follow(item, path).first().is_some_and(|found| compare(found, operator, value)))
            .collect(),
        _ => Vec::new(),
    }
}

fn compare(found: &Value, operator: &str, wanted: &Value) -> bool {
    let order = match (found, wanted) {
        (Value::Number(one), Value::Number(other)) => one.as_f64().partial_cmp(&other.as_f64()),
        (Value::String(one), Value::String(other)) => Some(one.cmp(other)),
        _ => None,
    };
    match operator {
        "" => true,
        "==" => order.map_or(found == wanted, std::cmp::Ordering::is_eq),
        "!=" => order.map_or(found != wanted, std::cmp::Ordering::is_ne),
        "<=" => order.is_some_and(std::cmp::Ordering::is_le),
        ">=" => order.is_some_and(std::cmp::Ordering::is_ge),
        "<" => order.is_some_and(std::cmp::Ordering::is_lt),
        _ => order.is_some_and(std::cmp::Ordering::is_gt),
    }
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.trim();
    let mut steps = Vec::new();
    while let Some(first) = rest.chars().next() {
        if first == '[' {
            let end = bracket_end(rest)?;
            steps.push(bracket(rest[1..end].trim())?);
            rest = &rest[end + 1..];
            continue;
        }
        rest = rest.strip_prefix('.').filter(|_| first == '.')?;
        let mut name = String::new();
        let mut characters = rest.char_indices();
        let mut end = rest.len();
        while let Some((index, character)) = characters.next() {
            match character {
                '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
                '.' | '[' => {
                    end = index;
                    break;
                }
                character => name.push(character),
            }
        }
        rest = &rest[end..];
        match name.as_str() {
            "" => {}
            "*" => steps.push(Step::All),
            _ => steps.push(Step::Field(name)),
        }
    }
    Some(steps)
}

/// The bracket that closes the first one; those in quotes do not count.
fn bracket_end(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (index, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), character) => quote = Some(open).filter(|open| *open != character),
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 1 => return Some(index),
            (None, ']') => depth -= 1,
            (None, _) => {}
        }
    }
    None
}

fn bracket(content: &str) -> Option<Step> {
    if content == "*" {
        return Some(Step::All);
    }
    if let Some(name) = unquote(content) {
        return Some(Step::Field(name.to_owned()));
    }
    if let Ok(index) = content.parse() {
        return Some(Step::Index(index));
    }
    let condition = content.strip_prefix("?(")?.strip_suffix(')')?.trim();
    let condition = condition.strip_prefix('@')?;
    for operator in ["==", "!=", "<=", ">=", "<", ">"] {
        if let Some((path, value)) = condition.split_once(operator) {
            let value = value.trim();
            let value =
                unquote(value).map_or_else(|| serde_json::from_str(value).ok(), |text| Some(Value::from(text)))?;
            return Some(Step::Filter { path: parse(path)?, operator, value });
        }
    }
    Some(Step::Filter { path: parse(condition)?, operator: "", value: Value::Null })
}

fn unquote(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{find, get, set};

    #[rstest]
    #[case(".spec.size", json!([3]))]
    #[case(".spec.none", json!([]))]
    #[case(r".metadata.labels.a\.b/c", json!(["d"]))]
    #[case(".spec['limits.cpu']", json!(["1"]))]
    #[case(".spec[\"limits.cpu\"]", json!(["1"]))]
    #[case(".list[0].n", json!([1]))]
    #[case(".list[-1].n", json!([2]))]
    #[case(".list[*].n", json!([1, 2]))]
    #[case(".list[9].n", json!([]))]
    #[case(r#".list[?(@.t=="Ready")].n"#, json!([2]))]
    #[case(".list[?(@.t=='a]b')].n", json!([1]))]
    #[case(".list[?(@.n > 1)].t", json!(["Ready"]))]
    #[case(".list[?(@.n != 1)].t", json!(["Ready"]))]
    #[case(".list[?(@.x)].n", json!([]))]
    #[case(".list.*.n", json!([1, 2]))]
    #[case("spec", json!([]))]
    #[case(".list[", json!([]))]
    #[case(".list[?(@.n=~1)]", json!([]))]
    fn finds(#[case] path: &str, #[case] expected: Value) {
        let object = json!({
            "metadata": { "labels": { "a.b/c": "d" } }, "spec": { "size": 3, "limits.cpu": "1" },
            "list": [{ "t": "a]b", "n": 1 }, { "t": "Ready", "n": 2 }],
        });
        assert_eq!(json!(find(&object, path)), expected);
        assert_eq!(get(&object, path).as_ref(), expected.get(0));
    }

    #[test]
    fn sets() {
        let mut object = json!({ "spec": { "replicas": 1 } });
        set(&mut object, ".spec.replicas", json!(2));
        set(&mut object, ".status.count.all", json!(3));
        set(&mut object, ".spec[0]", json!(4));
        assert_eq!(object, json!({ "spec": { "replicas": 2 }, "status": { "count": { "all": 3 } } }));
    }
}
