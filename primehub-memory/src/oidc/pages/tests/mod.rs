//! The pages as a browser, somebody who listens to them, and somebody hostile would find them.

mod colours;
mod markup;
mod pages;
mod samples;
