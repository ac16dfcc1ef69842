//! A case, and how it ends.

use std::fmt;
use std::panic::Location;

use futures::future::BoxFuture;

use crate::Cluster;

/// One promise of a Kubernetes API.
#[derive(Clone, Copy)]
pub struct Case {
    /// Area and promise, such as `names/a_bad_name_is_refused`; unique.
    pub name: &'static str,
    /// Finds out whether the promise is kept.
    pub run: fn(Cluster) -> BoxFuture<'static, Result<(), Failure>>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a case did not succeed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Failure {
    /// A promise was broken, or something failed that should not: what and where.
    Broken(String),
    /// The API cannot have what the case is about, and why.
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

/// What cases may pass on with `?`.
macro_rules! unexpected {
    ($($error:ty),*) => {$(
        impl From<$error> for Failure {
            #[track_caller]
            fn from(error: $error) -> Self {
                Self::broken(format_args!("unexpected: {error}"))
            }
        }
    )*};
}

unexpected!(kube::Error, http::Error, serde_json::Error);

/// The table of a module's cases: each names an `async fn(Cluster) -> Result<(), Failure>` of the module.
macro_rules! cases {
    ($area:literal: $($case:ident),* $(,)?) => {
        pub(super) const CASES: &[$crate::Case] = &[
            $($crate::Case {
                name: concat!($area, "/", stringify!($case)),
                run: |cluster| Box::pin($case(cluster)),
            },)*
        ];
    };
}

pub(crate) use cases;
