//! `primehub export` and `primehub import`: a data folder as readable files, and back.

use primehub_memory::identity::{self, ExportSummary, RealmSettings};
use primehub_memory::persistence::{DataDirectory, OpenOptions};

use crate::command_line::{ExportOptions, ImportOptions};
use crate::up::{CLIENT_ID, REALM};

/// Writes the files.
pub(crate) fn export(options: &ExportOptions) -> anyhow::Result<()> {
    let data = DataDirectory::open(&options.data_dir, &OpenOptions::new().read_only(true))?;
    let ExportSummary { users, groups, .. } = identity::export(&data, &options.to)?;
    crate::print(&format!(
        "{users} accounts and {groups} groups are in {}. Passwords are there as hashes; logins, API tokens and keys stay behind.\n",
        options.to.display(),
    ))
}

/// Reads the files.
pub(crate) fn import(options: &ImportOptions) -> anyhow::Result<()> {
    let data = DataDirectory::open(&options.data_dir, &OpenOptions::new())?;
    let realm = RealmSettings::new(REALM, CLIENT_ID);
    let ExportSummary { users, groups, .. } = identity::import(realm, &options.from, data)?;
    crate::print(&format!(
        "{users} accounts and {groups} groups are in {}. Everybody logs in anew, with the password as before.\n",
        options.data_dir.display(),
    ))
}
