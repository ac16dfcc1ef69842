//! Names and ids, parsed once at the edge: a value of one of these types is known to be usable.

mod group;
mod ids;
mod label;
mod resource;
mod role;
mod user;
mod validated;

pub use group::{GroupName, GroupPath, MAX_GROUP_NAME, StoredGroupName};
pub use ids::{GroupId, UserId};
pub use label::{
    InvalidLabelValue, LABEL_PREFIX, LabelTooLong, MAX_LABEL_VALUE, from_label_value, label_value, label_value_checked,
};
pub use resource::{AnnouncementName, DatasetName, ImageName, InstanceTypeName, MAX_OBJECT_NAME};
pub use role::{ResourceKind, ResourceRole, RoleName, RolePrefix};
pub use user::UserName;
pub use validated::InvalidName;

pub(crate) use validated::shortened;
