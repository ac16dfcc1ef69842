//! Accounts of people: creating, changing and deleting them, passwords, e-mails.

mod create;
mod delete;
mod email;
mod password;
mod rules;
mod update;

pub(crate) use create::{NewAccount, bind_all, create_user, create_whole};
pub(crate) use delete::delete_user;
pub(crate) use email::{required_actions, send_email, send_emails};
pub(crate) use password::reset_password;
pub(crate) use rules::acceptable_username;
pub(crate) use update::{AccountEdit, update_user};
