//! The pages that people see: pure functions from what a page says to its markup, in every language, without scripts.
//!
//! A page is a plain struct that is [`Content`]; [`Frame::page`] puts it into the frame that all pages share, and what comes
//! out is a response with its status and all headers.

mod account;
mod failure;
mod form;
mod frame;
mod login;
mod logout;
mod password;
mod required_action;
mod resources;
mod texts;

pub(crate) use account::{AccountNotice, AccountPage, ApiTokenRow, ChangePassword, Person, SessionRow};
pub(crate) use failure::{ErrorPage, Failure};
pub(crate) use form::{Application, PostForm};
pub(crate) use frame::{Content, Frame};
pub(crate) use login::{LoginPage, LoginProblem, OtherAccountPage, ReauthenticationPage};
pub(crate) use logout::{ConfirmLogoutPage, LoggedOutPage};
pub(crate) use password::PasswordProblem;
pub(crate) use required_action::{TermsPage, UnsupportedActionPage, UpdatePasswordPage};
pub(crate) use resources::{RESOURCE_ROUTE, resource};
#[cfg(test)]
use {primehub_pages::Language, resources::stylesheet_path};

#[cfg(test)]
mod tests;
