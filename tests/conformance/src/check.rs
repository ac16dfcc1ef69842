//! What cases say about answers.

use std::fmt;

use primehub_core::identity::IdentityError;

use crate::Failure;

/// Ends the case unless the condition holds.
macro_rules! check {
    ($condition:expr) => {
        $crate::check::check!($condition, "{}", stringify!($condition))
    };
    ($condition:expr, $($text:tt)+) => {
        if !$condition {
            return Err($crate::Failure::broken(format_args!($($text)+)));
        }
    };
}

/// Ends the case unless both are equal.
macro_rules! same {
    ($left:expr, $right:expr) => {
        $crate::check::same!($left, $right, "{}", stringify!($left))
    };
    ($left:expr, $right:expr, $($text:tt)+) => {
        match (&$left, &$right) {
            (left, right) => {
                if *left != *right {
                    let what = format!($($text)+);
                    return Err($crate::Failure::broken(format_args!("{what} is {left:?} instead of {right:?}")));
                }
            }
        }
    };
}

pub(crate) use {check, same};

/// The error of a call that had to be refused.
///
/// # Errors
/// When it was not.
#[track_caller]
pub(crate) fn refused<T: fmt::Debug>(answer: Result<T, IdentityError>) -> Result<IdentityError, Failure> {
    match answer {
        Err(error) => Ok(error),
        Ok(value) => Err(Failure::broken(format_args!("nothing was refused: {value:?}"))),
    }
}

/// The field that a refusal complains about.
///
/// # Errors
/// When the call was not refused, or for another reason.
#[track_caller]
pub(crate) fn invalid<T: fmt::Debug>(answer: Result<T, IdentityError>) -> Result<String, Failure> {
    match answer {
        Err(IdentityError::Invalid { field, .. }) => Ok(field),
        other => Err(Failure::broken(format_args!("expected a refused value, not {other:?}"))),
    }
}

/// Checks that the acting account was refused and told which role it lacks.
///
/// # Errors
/// When it was not.
#[track_caller]
pub(crate) fn denied<T: fmt::Debug>(answer: Result<T, IdentityError>) -> Result<(), Failure> {
    match answer {
        Err(IdentityError::Denied { missing }) if !missing.is_empty() => Ok(()),
        other => Err(Failure::broken(format_args!("expected a refusal that names a role, not {other:?}"))),
    }
}

/// How many calls succeeded.
pub(crate) fn winners<T>(answers: &[Result<T, IdentityError>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}
