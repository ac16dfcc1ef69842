//! People, groups, roles and realm settings in memory, behind [`IdentityStore`](primehub_core::identity::IdentityStore).

mod draft;
mod export;
mod fingerprint;
mod line;
mod opening;
mod outbox;
mod passwords;
mod realm;
mod records;
mod rights;
mod sessions;
mod state;
mod store;
mod writes;

pub use export::{ExportError, ExportSummary, export, import};
pub(crate) use fingerprint::PasswordFingerprint;
pub use opening::OpenStoreError;
pub use outbox::OutgoingMessage;
pub use passwords::{PasswordCheck, PasswordCost};
pub use realm::RealmSettings;
pub use records::UnreadableRecord;
pub(crate) use sessions::Sessions;
pub use store::MemoryIdentityStore;

#[cfg(test)]
mod tests;
