//! People, groups, roles and realm settings: the model, the [`Directory`] picture, the [`IdentityStore`] seam, the typed readings
//! of attributes, and the check of access tokens.

mod attributes;
mod directory;
mod edits;
mod error;
mod feed;
mod model;
mod settings;
mod store;
pub mod token;
pub mod values;

pub use attributes::{AttributeEdit, AttributeEdits, Attributes, Edit};
pub use directory::{Directory, InvalidFilter, PeopleFilter, TextFilter};
pub use edits::{
    Binding, GroupEdit, NewGroup, NewInvitation, NewPassword, NewUser, REQUIRED_ACTIONS, RealmEdit,
    RequiredActionsEmail, UserEdit,
};
pub use error::{Conflict, IdentityError};
pub use feed::ChangeFeed;
pub use model::{Group, InvalidInvitationId, Invitation, InvitationId, Realm, Role, RoleKey, Subject, User};
pub use settings::*;
#[cfg(feature = "mock")]
pub use store::MockIdentityStore;
pub use store::{Actor, Applied, Capabilities, Change, Freshness, IdentityStore, Key, Outcome, Revision, Written};
