//! Lists of ids in inputs.

use std::collections::BTreeSet;

use crate::error::{ApiError, Code};

/// Ids in one list. Each means a call to the identity provider, and no form of a client sends as many.
const MOST: usize = 1_000;

/// The ids of one list, each once.
///
/// # Errors
/// [`Code::BadUserInput`] for a list that is too long, under the name of the input `field`.
pub(in crate::schema) fn ids<I, T: Ord>(
    field: &str,
    list: Option<Vec<I>>,
    id: impl FnMut(I) -> T,
) -> Result<BTreeSet<T>, ApiError> {
    let list = list.unwrap_or_default();
    if list.len() > MOST {
        return Err(ApiError::new(Code::BadUserInput, format!("{field} must not have more than {MOST} entries")));
    }
    Ok(list.into_iter().map(id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_everybody_once() {
        assert_eq!(ids("in", Some(vec![2, 1, 2]), |id| id), Ok(BTreeSet::from([1, 2])));
        assert_eq!(ids::<u8, u8>("in", None, |id| id), Ok(BTreeSet::new()));
    }

    #[test]
    fn a_list_has_an_end() {
        assert!(ids("in", Some(vec![1; MOST]), |id| id).is_ok());
        let error = ids("users.connect", Some(vec![1; MOST + 1]), |id| id).unwrap_err();
        assert_eq!(error, ApiError::new(Code::BadUserInput, "users.connect must not have more than 1000 entries"));
    }
}
