//! The files that `up` leaves for people and programs: readable by their owner alone, and never half-written.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use etcetera::BaseStrategy as _;
use serde::Serialize;
use tempfile::NamedTempFile;

use crate::up::Previous;

/// The folder to write into: the one that was asked for, or `primehub` below the user's configuration folder.
pub(crate) fn folder(asked: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(folder) = asked {
        return Ok(folder.to_owned());
    }
    let strategy = etcetera::choose_base_strategy()
        .context("this user has no configuration folder; name one with --config-dir")?;
    Ok(strategy.config_dir().join("primehub"))
}

/// What the last start with the content `store` has told, if it can still be read.
pub(crate) fn previous(folder: &Path, store: &str) -> Option<Previous> {
    let kept = || read(&folder.join(kept_name(store)?));
    read(&folder.join("up.json")).filter(|previous| previous.store() == Some(store)).or_else(kept)
}

/// Moves what was told of another data folder out of the way: nobody else knows the passwords that it began with.
pub(crate) fn keep_other(folder: &Path, store: Option<&str>) -> anyhow::Result<()> {
    let path = folder.join("up.json");
    let Some(previous) = read(&path).filter(Previous::has_people) else { return Ok(()) };
    let Some(kept) = previous.store().filter(|other| Some(*other) != store).and_then(kept_name) else { return Ok(()) };
    std::fs::rename(&path, folder.join(&kept)).with_context(|| format!("cannot keep {} as {kept}", path.display()))
}

fn read(path: &Path) -> Option<Previous> {
    let text = std::fs::read(path).ok()?;
    let read = serde_json::from_slice(&text);
    read.inspect_err(
        |error| tracing::warn!(%error, path = %path.display(), "what an earlier start has told is not readable"),
    )
    .ok()
}

/// Nothing that could lead out of the folder.
fn kept_name(store: &str) -> Option<String> {
    let plain = store.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    plain.then(|| format!("up-{store}.json"))
}

/// The file that tells clients how to reach the Kubernetes API.
pub(crate) const KUBECONFIG: &str = "kubeconfig";

/// Replaces `sdk.json`, `up.json` and, if there is one, `kubeconfig` together: all are complete on disk before the first takes its place.
pub(crate) fn write(
    folder: &Path,
    sdk: &impl Serialize,
    up: &impl Serialize,
    kubeconfig: Option<&serde_json::Value>,
) -> anyhow::Result<()> {
    create_private(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let mut staged = vec![("sdk.json", stage(folder, sdk)?), ("up.json", stage(folder, up)?)];
    if let Some(kubeconfig) = kubeconfig {
        staged.push((KUBECONFIG, stage(folder, kubeconfig)?));
    }
    for (name, file) in staged {
        let path = folder.join(name);
        file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Replaces one file, wherever it is: for its owner alone, and never half-written.
pub(crate) fn write_private(path: &Path, content: &impl Serialize) -> anyhow::Result<()> {
    stage(folder_of(path)?, content)?.persist(path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(())
}

/// That a file can be written there. Nothing stays but its folder.
pub(crate) fn writable(path: &Path) -> anyhow::Result<()> {
    anyhow::ensure!(!path.is_dir(), "{} is a folder", path.display());
    let folder = folder_of(path)?;
    stage(folder, &()).map(drop)
}

/// A complete file beside its later place. Temporary files are made readable by their owner alone.
fn stage(folder: &Path, content: &impl Serialize) -> anyhow::Result<NamedTempFile> {
    let mut file =
        NamedTempFile::new_in(folder).with_context(|| format!("cannot write into the folder {}", folder.display()))?;
    serde_json::to_writer_pretty(&mut file, content)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The folder of a file, made if it is not there.
fn folder_of(path: &Path) -> anyhow::Result<&Path> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    create_private(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    Ok(folder)
}

fn create_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_are_written_for_the_owner_alone_and_replaced() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("new").join("primehub");
        write(&folder, &["first"], &1, None).unwrap();
        write(&folder, &["second"], &2, None).unwrap();
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((read("sdk.json").as_str(), read("up.json").as_str()), ("[\n  \"second\"\n]\n", "2\n"));
        #[cfg(unix)]
        for (path, expected) in
            [(folder.clone(), 0o700), (folder.join("sdk.json"), 0o600), (folder.join("up.json"), 0o600)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(path).unwrap().permissions());
            assert_eq!(mode & 0o777, expected);
        }
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2, "nothing temporary stays behind");
    }

    #[test]
    fn what_was_told_of_a_data_folder_survives_starts_with_others() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path();
        let told = |store: Option<&str>, name: &str| {
            let person = serde_json::json!({ "id": "1", "username": name, "password": "p", "api_token": "t", "rights": "", "groups": [] });
            serde_json::json!({ "store": store, "people": [person] })
        };
        let known = |store: &str| previous(folder, store).map(|previous| previous.usernames());
        let start = |store: Option<&str>, name: &str| {
            keep_other(folder, store).unwrap();
            write(folder, &0, &told(store, name), None).unwrap();
        };
        start(Some("a-1"), "ada");
        start(None, "in-memory");
        start(Some("b-2"), "bob");
        assert_eq!(
            (known("a-1"), known("b-2"), known("c-3")),
            (Some(vec!["ada".into()]), Some(vec!["bob".into()]), None)
        );
        start(Some("b-2"), "bobby");
        assert_eq!(known("b-2"), Some(vec!["bobby".into()]));
        write(folder, &0, &told(Some("../x"), "eve"), None).unwrap();
        keep_other(folder, None).unwrap();
        assert!(folder.join("up.json").exists(), "a name that leads elsewhere is nobody's");
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = write(&file.join("below"), &1, &2, None).unwrap_err().to_string();
        assert!(error.contains("file/below"), "{error}");
    }
}
