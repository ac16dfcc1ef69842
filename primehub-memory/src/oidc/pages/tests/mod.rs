//! The pages as a browser, somebody who listens to them, and somebody hostile would find them.

mod markup;
mod pages;
mod samples;
