//! A case, and how it ends.

use std::fmt;
use std::panic::Location;

use futures::future::BoxFuture;
use primehub_core::identity::IdentityError;

use crate::Context;

/// One promise of an identity store.
#[derive(Clone, Copy)]
pub struct Case {
    /// Area and promise, such as `users/a_new_user_belongs_to_everyone`; unique.
    pub name: &'static str,
    /// Whether no other case may run meanwhile. The realm's settings are put back afterwards.
    pub alone: bool,
    /// Finds out whether the promise is kept.
    pub run: fn(Context) -> BoxFuture<'static, Result<(), Failure>>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).field("alone", &self.alone).finish_non_exhaustive()
    }
}

/// Why a case did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// A promise was broken, or something failed that should not: what and where.
    Broken(String),
    /// The backend cannot have what the case is about, and why.
    DoesNotArise(&'static str),
}

impl Failure {
    /// Something went wrong here.
    #[track_caller]
    pub fn broken(what: impl fmt::Display) -> Self {
        Self::Broken(format!("{}: {what}", Location::caller()))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => f.write_str(what),
            Self::DoesNotArise(reason) => write!(f, "does not arise here: {reason}"),
        }
    }
}

impl From<IdentityError> for Failure {
    #[track_caller]
    fn from(error: IdentityError) -> Self {
        Self::broken(format_args!("unexpected: {error}"))
    }
}

/// The table of a module's cases: each names an `async fn(Context) -> Result<(), Failure>` of the module; those after `alone` run alone.
macro_rules! cases {
    ($area:literal: $($case:ident),* $(,)? $(; alone: $($single:ident),* $(,)?)?) => {
        pub(super) const CASES: &[$crate::Case] = &[
            $($crate::case::cases!(@one $area, $case, false),)*
            $($($crate::case::cases!(@one $area, $single, true),)*)?
        ];
    };
    (@one $area:literal, $case:ident, $alone:literal) => {
        $crate::Case {
            name: concat!($area, "/", stringify!($case)),
            alone: $alone,
            run: |context| Box::pin($case(context)),
        }
    };
}

pub(crate) use cases;
