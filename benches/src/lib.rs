//! What PrimeHub costs, in figures with stored ranges.
//!
//! ```text
//! cargo build --release --bin primehub      # what `process` starts
//! cargo bench -p primehub-benches           # all three; exit code 1 when a gate is left
//! cargo bench -p primehub-benches -- --update                 # and writes what was measured into ranges.json
//! cargo bench -p primehub-benches --bench process -- --binary PATH
//! ```
//!
//! * `counts`: calls to the identity provider, allocations of a request, memory of a person in the directory. Its allocator counts.
//! * `speed`: how long requests, writes and refusals take, and how that grows. Its allocator is that of the program.
//! * `process`: how long the program takes to start, and what it takes when nobody asks it anything.
//!
//! Every figure stands in `ranges.json` with its unit, what exactly is measured, the most it may be and what was measured last: median,
//! extremes and number of runs. Counts, ratios and the few generous limits are gates; other times are printed for people, because they
//! say more about the machine than about the program.
//!
//! Requests go through the whole server, authentication and limits included, but not through a socket. One thread does everything, so
//! that the rates are those of one core.

mod client;
mod documents;
mod figures;
mod issuer;
mod process;
mod run;
mod samples;
mod world;

pub use client::{Client, Paced};
pub use documents::{Document, batched_reads, deep, groups_page, many_aliases, me, users_page, warm_reads};
pub use figures::{Figure, Kind, Ranges, Verdict};
pub use process::Started;
pub use run::{Options, Run, default_binary};
pub use samples::{Measured, Samples, middle, number};
pub use world::{GROUPS_EACH, GROUPS_OF_MEMBER, Person, Size, World};
