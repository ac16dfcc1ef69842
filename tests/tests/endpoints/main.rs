//! Every public endpoint and everything that may be wrong with a request to it, in one golden table that checks itself; and what holds for
//! all answers: nobody is sent elsewhere, nobody frames a page, nobody learns who has an account, nobody tries for ever.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

mod answers;
mod authorization;
mod browser_logout;
mod case;
mod clients;
mod enumeration;
mod forms;
mod limits;
mod open;
mod pages;
mod replay;
mod routes;
mod scene;
mod site;
mod table;
mod transport;
