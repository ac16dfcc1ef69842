//! The cases, one file per area.

mod access;
mod apply;
mod bodies;
mod collections;
mod common;
mod definitions;
mod deletion;
mod discovery;
mod immutable;
mod json_patch;
mod lists;
mod media;
mod merge_patch;
mod metadata;
mod names;
mod namespaces;
mod objects;
mod options;
mod owners;
mod ownership;
mod pods;
mod protobuf;
mod rules;
mod runtime;
mod schema;
mod selectors;
mod strategic;
mod streams;
mod tables;
mod watches;
mod widgets;

use crate::{Case, Failure};

/// How a case ends.
type Done = Result<(), Failure>;

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        // First those that wait for controllers: each case leaves them a namespace to end.
        namespaces::CASES,
        owners::CASES,
        objects::CASES,
        collections::CASES,
        deletion::CASES,
        tables::CASES,
        streams::CASES,
        watches::CASES,
        metadata::CASES,
        selectors::CASES,
        lists::CASES,
        options::CASES,
        immutable::CASES,
        names::CASES,
        apply::CASES,
        json_patch::CASES,
        merge_patch::CASES,
        ownership::CASES,
        strategic::CASES,
        schema::CASES,
        definitions::CASES,
        rules::CASES,
        bodies::CASES,
        media::CASES,
        access::CASES,
        discovery::CASES,
        pods::CASES,
        protobuf::CASES,
        runtime::CASES,
        widgets::CASES,
    ]
    .concat()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let all = cases();
        assert_eq!(all.iter().map(|case| case.name).collect::<BTreeSet<_>>().len(), all.len());
    }
}
