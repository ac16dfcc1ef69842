use proptest::prelude::*;

use super::{LONG, call, settings};
use crate::transport::client::travels;
use crate::transport::{Class, Refusal};

/// The text of a step of a path, as a server reads it.
fn unescaped(step: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = step.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        if *first == b'%' {
            bytes.push(u8::from_str_radix(str::from_utf8(&after[..2]).unwrap(), 16).unwrap());
            rest = &after[2..];
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8(bytes).unwrap()
}

proptest! {
    #[test]
    fn a_name_arrives_as_it_was_sent(name in prop_oneof![any::<String>(), "[\\\\./%?#\t\r\n a:;&+=é-]{0,6}"], base in "(/[a-z]{1,5}){0,2}/?") {
        prop_assume!(travels(&name));
        let base = format!("http://keycloak:8080{base}").parse().unwrap();
        let url = settings(&base, LONG).url(&["roles", &name, "composites"]);
        let steps: Vec<_> = url.path_segments().unwrap().collect();
        let [.., roles, sent, composites] = steps.as_slice() else { panic!("{url}") };
        prop_assert_eq!((*roles, *composites), ("roles", "composites"));
        prop_assert_eq!(unescaped(sent), name);
    }

    #[test]
    fn any_body_makes_a_refusal_that_can_be_told(
        status in 300..600_u16,
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..600),
            r#"\{"error":("[a-z ]{0,9}"|null|5|\[\]),"errors":(\[\{\}\]|null|5),"params":(null|5|\[5\])\}"#.prop_map(String::into_bytes),
        ],
    ) {
        let refusal = Refusal::read(call(Class::Read).kind, status, &body);
        prop_assert!(refusal.to_string().chars().count() < 400);
        prop_assert!(!refusal.is_absent() || status == 404);
    }
}
