//! The control plane of a cluster: one program, built from the published modules, that is each of its servers.

mod access;
mod go;
mod instance;
mod layout;
mod program;
mod running;

pub use go::GoError;
pub(crate) use instance::{Instance, Processes, ended};
pub use layout::{FINISH_AFTER, FINISH_WITH, Servers, VERSION as KUBERNETES_VERSION};
pub use program::KubernetesProgram;
pub use running::{Kubernetes, KubernetesMemory, KubernetesOptions};
