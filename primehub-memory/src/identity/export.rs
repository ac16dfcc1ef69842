//! A realm as readable files, and back: for backups that people can look into, and for moving to another folder.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::records::{self, UnreadableRecord};
use super::state::State;
use super::{OpenStoreError, RealmSettings};
use crate::kubernetes::store::RECORDS as OBJECTS;
use crate::persistence::{Change, DataDirectory, Journal as _, StorageError};

/// The form of the files. A newer one is refused.
const FORMAT: u32 = 1;

/// Kinds of records, and the files that hold all records of a kind by name. Signing keys, secrets of the deployment and sessions stay
/// behind: whoever reads the files must not be able to be anybody.
const FILES: [(&str, &str); 5] = [
    ("user", "users.json"),
    ("group", "groups.json"),
    ("role", "roles.json"),
    ("invitation", "invitations.json"),
    ("password", "passwords.json"),
];
const REALM_FILE: &str = "realm.json";
const REALM: &str = "realm";

/// What was written or read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ExportSummary {
    /// People and accounts of clients.
    pub users: usize,
    /// Groups.
    pub groups: usize,
}

/// Why a realm could not be written to files, or read from them. Nothing has been changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The folder for the files is there already.
    #[error("{} is there already: name a folder that is to be made", .0.display())]
    TargetExists(PathBuf),
    /// The data folder is not empty.
    #[error("{} holds a realm already: import into a new folder", .0.display())]
    NotEmpty(PathBuf),
    /// A file cannot be read or written.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A file is not JSON of the expected form.
    #[error("{} cannot be read: {reason}", file.display())]
    Malformed {
        /// Which file.
        file: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// The files are of a newer version.
    #[error("the files have form {found}, this version reads up to {FORMAT}: use the version that wrote them")]
    NewerFormat {
        /// The form that they have.
        found: u32,
    },
    /// A record refers to something that no file has, or two records cannot both be there.
    #[error("{file}, {name:?}: {reason}")]
    Inconsistent {
        /// Which file.
        file: String,
        /// Which record in it.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// The data folder cannot be read or written.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The data folder holds something else.
    #[error(transparent)]
    Record(#[from] UnreadableRecord),
    /// A store cannot be made of what was read.
    #[error(transparent)]
    Store(#[from] OpenStoreError),
}

/// `realm.json`.
#[derive(Deserialize, Serialize)]
struct RealmFile {
    format: u32,
    realm: Value,
}

/// Writes the realm in `data` to files in the new folder `target`: people, groups, roles, invitations and settings, and the hashes of
/// passwords in a file of their own. No password, key or session is among them. The folder appears when it is complete, and only its
/// owner can read it.
///
/// # Errors
/// When `target` exists, a file cannot be written, or `data` holds no realm.
pub fn export(data: &DataDirectory, target: &Path) -> Result<ExportSummary, ExportError> {
    if target.exists() {
        return Err(ExportError::TargetExists(target.to_owned()));
    }
    // Objects of the Kubernetes API are exported by its own clients.
    let is_object = |(name, _): &(String, Vec<u8>)| name.starts_with(OBJECTS);
    let records: Vec<_> =
        data.scan("")?.filter(|record| !record.as_ref().is_ok_and(is_object)).collect::<Result<_, StorageError>>()?;
    // Read as a realm first: what is written must be one.
    let state = records::decode(records, jiff::Timestamp::MAX)?;
    let mut realm = Value::Null;
    let mut kinds: BTreeMap<&str, BTreeMap<String, Value>> = BTreeMap::new();
    for Change { key, value } in records::all(&state) {
        let value = serde_json::from_slice(&value.unwrap_or_default()).unwrap_or_default();
        if key == REALM {
            realm = value;
        } else if let Some((kind, name)) = key.split_once('/')
            && let Some((kind, _)) = FILES.iter().find(|(known, _)| *known == kind)
        {
            kinds.entry(kind).or_default().insert(name.to_owned(), value);
        }
    }
    if let Some(smtp) = realm.get_mut("smtp").and_then(Value::as_object_mut) {
        // A mask for a password that is not there.
        smtp.remove("password");
    }
    let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut staging = tempfile::Builder::new();
    staging.prefix(".export-");
    #[cfg(unix)]
    staging.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    let staged = staging.tempdir_in(parent).map_err(io("make a folder in", parent))?;
    write(&staged.path().join(REALM_FILE), &RealmFile { format: FORMAT, realm })?;
    for (kind, file) in FILES {
        write(&staged.path().join(file), &kinds.remove(kind).unwrap_or_default())?;
    }
    std::fs::rename(staged.path(), target).map_err(io("make", target))?;
    // It has another name now.
    let _ = staged.keep();
    Ok(summary(&state))
}

/// Makes the realm that the files in `source` describe in the data folder `data`, which must be empty. All or nothing: a mistake in the
/// files is named with file and record, and leaves the folder empty.
///
/// API tokens and logins do not come along: everybody logs in anew, with the password as before.
///
/// # Errors
/// When a file is missing or malformed, records do not fit together, the realm is another one than `settings` name, or `data` is not empty.
pub fn import(settings: RealmSettings, source: &Path, data: DataDirectory) -> Result<ExportSummary, ExportError> {
    if data.scan("")?.next().is_some() {
        return Err(ExportError::NotEmpty(data.folder().to_owned()));
    }
    let RealmFile { format, realm } = read(&source.join(REALM_FILE))?;
    if format > FORMAT {
        return Err(ExportError::NewerFormat { found: format });
    }
    let mut given = BTreeMap::from([(REALM.to_owned(), realm)]);
    for (kind, file) in FILES {
        let records: BTreeMap<String, Value> = read(&source.join(file))?;
        given.extend(records.into_iter().map(|(name, value)| (format!("{kind}/{name}"), value)));
    }
    let bytes = given.iter().map(|(key, value)| (key.clone(), value.to_string().into_bytes()));
    let state = records::decode(bytes, settings.clock.now())?;
    check(&given, &state)?;
    if *state.realm != *settings.realm {
        let (found, wanted) = (state.realm.to_string(), settings.realm);
        return Err(OpenStoreError::OtherRealm { found, wanted }.into());
    }
    data.into_journal().commit(records::all(&state))?;
    Ok(summary(&state))
}

/// Whether everything that was given is in the state: a reference to something that does not exist is left out of it, and of two records
/// with one name one is not found.
fn check(given: &BTreeMap<String, Value>, state: &State) -> Result<(), ExportError> {
    let inconsistent = |key: &str, reason: &str| {
        let (kind, name) = key.split_once('/').unwrap_or((key, ""));
        let file = FILES.iter().find(|(known, _)| *known == kind).map_or(REALM_FILE, |(_, file)| file);
        ExportError::Inconsistent { file: file.to_owned(), name: name.to_owned(), reason: reason.to_owned() }
    };
    let directory = &state.directory;
    for user in directory.users() {
        let key = format!("user/{}", user.id);
        if directory.user_named(&user.username).is_none_or(|found| found.id != user.id) {
            return Err(inconsistent(&key, &format!("another user is called {:?} too", user.username)));
        }
        let with_email = user.email.as_deref().and_then(|email| directory.user_with_email(email));
        if with_email.is_some_and(|found| found.id != user.id) {
            return Err(inconsistent(&key, "another user has the e-mail address too"));
        }
    }
    if directory.everyone().is_none() {
        return Err(inconsistent(REALM, "no group has the id that it gives for everyone"));
    }
    if directory.role(directory.administrator_role()).is_none() {
        return Err(inconsistent(REALM, "the role that makes an administrator is in no file"));
    }
    let there: BTreeMap<String, Value> = records::all(state)
        .into_iter()
        .filter_map(|Change { key, value }| Some((key, serde_json::from_slice(&value?).ok()?)))
        .collect();
    for (key, value) in given {
        let Some(found) = there.get(key) else {
            return Err(inconsistent(key, "it belongs to nothing that is in the files"));
        };
        for list in ["groups", "roles", "default_groups", "composites"] {
            if let Some(lost) = missing(value.get(list), found.get(list)) {
                return Err(inconsistent(key, &format!("{list} names {lost}, which is in no file")));
            }
        }
    }
    Ok(())
}

/// The first entry that was given and is not there.
fn missing<'a>(given: Option<&'a Value>, found: Option<&Value>) -> Option<&'a Value> {
    let entries = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
    let found = entries(found);
    given.and_then(Value::as_array)?.iter().find(|entry| !found.contains(entry))
}

fn summary(state: &State) -> ExportSummary {
    ExportSummary { users: state.directory.users().count(), groups: state.directory.all_groups().count() }
}

fn write(path: &Path, content: &impl Serialize) -> Result<(), ExportError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| {
        serde_json::to_writer_pretty(&mut file, content)?;
        file.write_all(b"\n")?;
        file.sync_all()
    });
    written.map_err(io("write", path))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, ExportError> {
    let text = std::fs::read(path).map_err(io("read", path))?;
    serde_json::from_slice(&text)
        .map_err(|error| ExportError::Malformed { file: path.to_owned(), reason: error.to_string() })
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ExportError {
    let path = path.to_owned();
    move |source| ExportError::Io { action, path, source }
}
