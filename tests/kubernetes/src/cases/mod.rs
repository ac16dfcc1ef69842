//! The cases, one file per area.

mod objects;

use crate::{Case, Failure};

/// How a case ends.
type Done = Result<(), Failure>;

/// Every case.
#[must_use]
pub fn cases() -> Vec<Case> {
    [objects::CASES].concat()
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
