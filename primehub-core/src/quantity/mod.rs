//! Exact quantities of resources.
//!
//! * [`Quantity`]: what Kubernetes objects hold.
//! * [`Decimal`]: plain numbers, such as a quota of CPU cores.
//! * [`CapacityG`]: capacities of the platform, in which `G` means GiB.
//!
//! All are whole numbers inside; arithmetic is checked, never rounded by a float. Every parser takes time linear in its
//! input, and answers with an error, never a panic, whatever it is given.

mod canonical;
mod decimal;
mod kubernetes;
mod number;
mod platform;

pub use decimal::Decimal;
pub use kubernetes::{Quantity, QuantityFormat};
pub use number::ParseQuantityError;
pub use platform::CapacityG;
