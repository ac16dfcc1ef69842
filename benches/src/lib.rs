//! What PrimeHub costs, in figures with stored ranges.
//!
//! ```text
//! cargo build --release --bin primehub      # what `process` and `kubernetes_real` start
//! cargo bench -p primehub-benches           # all six; exit code 1 when a gate is left
//! cargo bench -p primehub-benches -- --update                 # and writes what was measured into ranges.json
//! cargo bench -p primehub-benches --bench process -- --binary PATH
//! ```
//!
//! * `counts`: calls to the identity provider, password hashes of a login, allocations of a request and of a write, memory of a person in
//!   the directory and of a pod in the Kubernetes API, and what it takes to tell a watcher. Its allocator counts.
//! * `speed`: how long requests, logins, refusals and writes take, with and without a disk, and how that grows. Its allocator is that of the
//!   program.
//! * `process`: how long the program takes to start, also with a data folder full of people, and what it takes when nobody asks it anything.
//! * `keycloak`: what the identity store on a real Keycloak costs, which is started for it (see `real-peers`): calls of reads and writes, and a
//!   cold start in realms of two sizes beside a script that reads the same and does nothing with it.
//! * `kubernetes`: how long the Kubernetes API in memory takes to be ready, to create, to list, to apply and to tell watchers, and how that
//!   grows up to 100,000 pods.
//! * `kubernetes_real`: the same scripts over HTTPS on the program and on a real kube-apiserver with its etcd, which is started for it.
//!
//! Every figure stands in `ranges.json` with its unit, what exactly is measured, the most it may be and what was measured last: median,
//! extremes and number of runs. Counts, ratios and the few generous limits are gates; other times are printed for people, because they
//! say more about the machine than about the program.
//!
//! Requests go through the whole server, authentication and limits included, but not through a socket (the login page of a browser does). One
//! thread does everything but hash passwords and write to the disk, so that the rates are those of one core. Data folders lie below the build's
//! own folder, on a real disk, while they are measured.

mod client;
mod cluster;
mod documents;
mod figures;
mod issuer;
mod kept;
mod login;
mod population;
mod process;
mod realm;
mod run;
mod samples;
mod world;

pub use client::{Client, Paced};
pub use cluster::{Cluster, Idler, Resource, Watchers, timed};
pub use documents::{Document, batched_reads, deep, groups_page, many_aliases, me, users_page, warm_reads};
pub use figures::{Figure, Kind, Ranges, Verdict};
pub use kept::KeptRealm;
pub use login::{Entrance, FilledIn};
pub use population::{GROUPS_EACH, GROUPS_OF_MEMBER, Size};
pub use process::{Place, Started, StartedKubernetes, resident_mebibytes};
pub use realm::{ColdStart, RealRealm, RealServer};
pub use run::{Options, Run, default_binary};
pub use samples::{Measured, Samples, middle, number};
pub use world::{Person, World};
