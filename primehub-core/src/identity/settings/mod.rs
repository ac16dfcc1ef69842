//! The typed readings of attributes, and the edits that write them.
//!
//! Reading is lenient, because other tools write the same attributes: a malformed value is the same as none. Writing is strict and has
//! one form, so that those tools can read it.

mod admins;
pub mod attribute;
mod env_var;
mod group;
mod group_edit;
mod limits;
mod login_page;
mod mlflow;
mod smtp;
mod stored;
mod system;
pub mod timezone;
mod timezone_table;
mod user;

pub use admins::AdminsEdit;
pub use attribute::ADMINS;
pub use env_var::EnvVar;
pub use group::{GroupSettings, SHARED_VOLUME_CAPACITY_MISSING};
pub use group_edit::GroupSettingsEdit;
pub use limits::AttributeLimits;
pub use login_page::display_name_html;
pub use mlflow::MlflowSettings;
pub use smtp::{PASSWORD_MASK, SmtpEdit, SmtpSettings};
pub use system::{DEFAULT_ORG_NAME, Logo, LogoEdit, SystemSettings, SystemSettingsEdit};
pub use timezone::Timezone;
pub use user::{UserSettings, UserSettingsEdit};
