//! PrimeHub's custom resources: everything of the platform that lives in Kubernetes and is not Kubernetes' own.
//!
//! ```
//! use primehub_core::crd::PhJob;
//!
//! let job: PhJob = serde_json::from_value(serde_json::json!({
//!     "metadata": {"name": "job-1"},
//!     "spec": {
//!         "displayName": "train", "command": "python train.py", "image": "pytorch-1", "instanceType": "gpu-1",
//!         "groupId": "b1a7", "groupName": "research", "userId": "4e72",
//!     },
//! }))?;
//! assert_eq!(job.spec.instance_type, "gpu-1");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! A module per kind; [`definitions`] are what a cluster needs to know of them. The schemas accept what the types can read, and drop what the
//! types do not know, with two exceptions: unknown keys beside `spec` of an [`InstanceType`] or [`Dataset`] are kept by the API server and not
//! by the type. What the schemas do not restrict, such as the phase of a deployment, may be any text to the types as well.

#![expect(
    clippy::doc_markdown,
    reason = "what stands above a field is its description in the schema, which kubectl shows as it is"
)]

mod schema;
mod stored_time;
mod text;

pub mod announcement;
pub mod dataset;
pub mod embedded;
pub mod environment;
pub mod image;
pub mod image_spec;
pub mod image_spec_job;
pub mod instance_type;
pub mod license;
pub mod ph_app_template;
pub mod ph_application;
pub mod ph_deployment;
pub mod ph_job;
pub mod ph_schedule;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt as _;

pub use self::announcement::Announcement;
pub use self::dataset::Dataset;
pub use self::image::Image;
pub use self::image_spec::ImageSpec;
pub use self::image_spec_job::ImageSpecJob;
pub use self::instance_type::InstanceType;
pub use self::license::License;
pub use self::ph_app_template::PhAppTemplate;
pub use self::ph_application::PhApplication;
pub use self::ph_deployment::PhDeployment;
pub use self::ph_job::PhJob;
pub use self::ph_schedule::PhSchedule;
pub use self::schema::FreeForm;
pub use self::stored_time::StoredTime;

/// The definitions of all kinds, always in the same order.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    vec![
        InstanceType::crd(),
        Image::crd(),
        Dataset::crd(),
        ImageSpec::crd(),
        ImageSpecJob::crd(),
        PhJob::crd(),
        PhSchedule::crd(),
        PhDeployment::crd(),
        PhApplication::crd(),
        PhAppTemplate::crd(),
        License::crd(),
        Announcement::crd(),
    ]
}
