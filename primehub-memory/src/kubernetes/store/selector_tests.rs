use rstest::rstest;
use serde_json::json;

use super::*;
use crate::kubernetes::store::{Key, Meta};

fn labelled(labels: &[(&str, &str)]) -> Meta {
    Meta {
        key: Key::new(Some("ns"), "c1"),
        uid: "u".into(),
        revision: 1,
        deleting: false,
        finalized: false,
        labels: labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
        owners: Box::default(),
        fields: Box::new(["Running".into()]),
    }
}

/// Which of `a=1` to `a=5` and an object without labels are selected, as a real server selects them.
#[rstest]
#[case("", "12345-")]
#[case("a", "12345")]
#[case("!a", "-")]
#[case(" ! a ", "-")]
#[case("a=1", "1")]
#[case("a==1", "1")]
#[case("a = 1", "1")]
#[case("a!=1", "2345-")]
#[case("a=", "")]
#[case("a in (1,2),!b", "12")]
#[case("a in (,1)", "1")]
#[case("a in (x,y,)", "")]
#[case("a in ()", "")]
#[case("a notin (1,2)", "345-")]
#[case("a notin ()", "12345-")]
#[case("a>1", "2345")]
#[case("a<3,a>1", "2")]
#[case("a,b", "")]
#[case("a,!b", "12345")]
#[case("in in (in)", "")]
#[case("a in(1)", "1")]
fn labels_are_selected(#[case] selector: &str, #[case] expected: &str) {
    let selector = LabelSelector::parse(selector).unwrap();
    let matching = |sign: &char| {
        selector.matches(&match sign {
            '-' => labelled(&[]),
            sign => labelled(&[("a", &sign.to_string())]),
        })
    };
    assert_eq!("12345-".chars().filter(matching).collect::<String>(), expected);
    assert_eq!(LabelSelector::parse(&selector.to_string()).unwrap(), selector, "{selector}");
}

#[rstest]
#[case("a=1=2", "found '=', expected: ',' or 'end of string'")]
#[case("!a=1", "found '=', expected: ',' or 'end of string'")]
#[case(",", "found ',', expected: !, identifier, or 'end of string'")]
#[case("=a", "found '=', expected: !, identifier, or 'end of string'")]
#[case("(a)", "found '(', expected: !, identifier, or 'end of string'")]
#[case("a,", "found '', expected: identifier after ','")]
#[case("a=b,,c=d", "found ',', expected: identifier after ','")]
#[case("a in 1", "unable to parse requirement: found '1' expected: '('")]
#[case("a in (1", "unable to parse requirement: found '', expected: ',' or ')'")]
#[case("a in (a b)", "unable to parse requirement: found 'b', expected: ',' or ')'")]
#[case("a!", "unable to parse requirement: found '!', expected: in, notin, =, ==, !=, gt, lt")]
#[case("a foo b", "unable to parse requirement: found 'foo', expected: in, notin, =, ==, !=, gt, lt")]
#[case("a===b", "unable to parse requirement: found '=', expected: identifier")]
#[case("a=(b)", "unable to parse requirement: found '(', expected: identifier")]
#[case("!", "unable to parse requirement: found '', expected: identifier")]
#[case(
    "a>x",
    "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
)]
#[case(
    "-a=1",
    "unable to parse requirement: <nil>: Invalid value: \"-a\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)]
#[case("/a=1", "unable to parse requirement: <nil>: Invalid value: \"/a\": prefix part must be non-empty")]
#[case(
    "a=-x",
    "unable to parse requirement: values[0][a]: Invalid value: \"-x\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)]
fn other_label_selectors_are_refused(#[case] selector: &str, #[case] message: &str) {
    assert_eq!(LabelSelector::parse(selector).unwrap_err(), Status::bad_request(message));
}

#[rstest]
#[case("a", 0)]
#[case("example.com/a_B.c-1", 0)]
#[case("x/y/z", 1)]
#[case("X.Y/a", 1)]
#[case("/", 3)]
#[case(&"a".repeat(64), 1)]
fn keys_have_a_form(#[case] key: &str, #[case] faults: usize) {
    assert_eq!(qualified_name_faults(key).len(), faults);
}

#[test]
fn selector_objects_become_text() {
    let selector = json!({
        "matchLabels": {"app": "web", "z": "1"},
        "matchExpressions": [
            {"key": "b", "operator": "In", "values": ["y", "x"]}, {"key": "c", "operator": "NotIn", "values": ["x"]},
            {"key": "d", "operator": "Exists"}, {"key": "e", "operator": "DoesNotExist"},
        ],
    });
    let selector = LabelSelector::of_object(&selector).unwrap();
    assert_eq!(selector.to_string(), "app=web,b in (x,y),c!=x,d,!e,z=1");
    assert_eq!(LabelSelector::of_object(&json!(null)), None);
    assert!(LabelSelector::of_object(&json!({})).unwrap().is_empty());
}

fn kind(selectable: &[&str]) -> Kind {
    use crate::kubernetes::kinds::{Conversion, Generation, Scope, Storage, Verbs};
    use crate::kubernetes::schema::{Schema, Types};
    let field =
        |label: &&str| Selectable { label: (*label).into(), path: format!(".{label}").into(), absent: "".into() };
    Kind {
        group: "".into(),
        version: "v1".into(),
        kind: "Pod".into(),
        list_kind: "PodList".into(),
        plural: "pods".into(),
        singular: "pod".into(),
        short_names: Vec::new(),
        categories: Vec::new(),
        scope: Scope::Namespaced,
        verbs: Verbs::All,
        subresources: Vec::new(),
        schema: Schema { types: Arc::new(Types::default()), root: crate::kubernetes::schema::NodeId(0) },
        custom: false,
        generation: Generation::Never,
        selectable: selectable.iter().map(field).collect(),
        columns: Vec::new(),
        storage: Storage { group: "".into(), resource: "pods".into() },
        conversion: Conversion::Same,
        deprecation: None,
        definition: None,
    }
}

#[rstest]
#[case("", true)]
#[case(",", true)]
#[case("metadata.name=c1", true)]
#[case("metadata.name==c1,", true)]
#[case("metadata.name!=c1", false)]
#[case("metadata.name=", false)]
#[case("metadata.name=c1,metadata.namespace=ns", true)]
#[case("metadata.namespace=other", false)]
#[case("status.phase=Running", true)]
#[case("status.phase!=Running,metadata.name=c1", false)]
#[case(r"metadata.name=a\,b", false)]
fn fields_are_selected(#[case] selector: &str, #[case] selected: bool) {
    let kind = kind(&["status.phase"]);
    let selector = FieldSelector::parse(selector, &kind).unwrap();
    assert_eq!(selector.matches(&labelled(&[]), &kind.selectable), selected);
}

#[rstest]
#[case("abc", "invalid selector: 'abc'; can't understand 'abc'")]
#[case("metadata.name=c1,abc", "invalid selector: 'metadata.name=c1,abc'; can't understand 'abc'")]
#[case("metadata.name>a", "invalid selector: 'metadata.name>a'; can't understand 'metadata.name>a'")]
#[case(r"metadata.name=a\x", r"invalid field selector: invalid escape sequence: \x")]
#[case(r"metadata.name=a\", r"invalid field selector: invalid escape sequence: \")]
#[case("metadata.name=a=b", "invalid field selector: unescaped character in value: 61")]
#[case("spec.foo=1", "field label not supported: spec.foo")]
#[case("metadata.name = c1", "field label not supported: metadata.name ")]
fn other_field_selectors_are_refused(#[case] selector: &str, #[case] message: &str) {
    assert_eq!(FieldSelector::parse(selector, &kind(&["status.phase"])).unwrap_err(), Status::bad_request(message));
}

#[test]
fn kinds_without_selectable_fields_say_so() {
    let message = "\"spec.foo\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    assert_eq!(FieldSelector::parse("spec.foo=1", &kind(&[])).unwrap_err(), Status::bad_request(message));
}
