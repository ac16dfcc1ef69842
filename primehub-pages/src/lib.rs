//! How PrimeHub's pages look: language, frame, stylesheet and headers, without scripts.
//!
//! ```
//! use primehub_pages::http::StatusCode;
//! use primehub_pages::http::header::{CONTENT_SECURITY_POLICY, X_FRAME_OPTIONS};
//! use primehub_pages::maud::html;
//! use primehub_pages::{Forms, Frame, LOGO, Language, STYLESHEET, Width};
//!
//! // The name of a file that may be kept for ever changes with its content.
//! let stylesheet = format!("/assets/pages-{}.css", STYLESHEET.fingerprint());
//! let logo = format!("/assets/logo-{}.svg", LOGO.fingerprint());
//!
//! let frame = Frame {
//!     language: Language::choose(None, None, Some("de-AT,de;q=0.9,en;q=0.8")),
//!     switch: None,
//!     site: "PrimeHub",
//!     stylesheet: &stylesheet,
//!     logo: &logo,
//!     width: Width::Medium,
//!     forms: Forms::SameOrigin,
//! };
//! let page = frame.page(StatusCode::OK, "Willkommen", &html! { h1 { "Willkommen" } p { "Tom & Jerry" } });
//!
//! assert!(page.body().starts_with("<!DOCTYPE html><html lang=\"de\">"));
//! assert!(page.body().contains("<title>Willkommen · PrimeHub</title>") && page.body().contains("Tom &amp; Jerry"));
//! assert_eq!(page.headers()[X_FRAME_OPTIONS], "DENY");
//! assert!(page.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("form-action 'self'"));
//!
//! // What is served at the addresses above, by whatever serves.
//! assert_eq!(STYLESHEET.response().headers()["cache-control"], "public, max-age=31536000, immutable");
//! ```
//!
//! * [`Language`]: the languages of the pages, and which of them somebody gets.
//! * [`Frame`]: from a title and what a page says to a response with all headers; [`LanguageSwitch`], [`Width`] and [`Forms`] are what may
//!   differ.
//! * [`STYLESHEET`] and [`LOGO`]: what pages load, each a [`Resource`] under an address of your choice.
//!
//! Texts belong to whoever has the page. There is no server here: responses are those of [`http`], which is exported again, as is [`maud`].

// What the signatures of this crate name.
pub use {http, maud};

mod frame;
mod language;
mod resource;
mod response;

pub use frame::{Frame, LanguageSwitch, Width};
pub use language::Language;
pub use resource::{LOGO, Resource, STYLESHEET};
pub use response::Forms;

#[cfg(test)]
mod tests;
