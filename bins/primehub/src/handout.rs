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

/// What an earlier start has told, if it can still be read.
pub(crate) fn previous(folder: &Path) -> Option<Previous> {
    let text = std::fs::read(folder.join("up.json")).ok()?;
    serde_json::from_slice(&text).inspect_err(|error| tracing::warn!(%error, "the old up.json is not readable")).ok()
}

/// Replaces `sdk.json` and `up.json` together: both are complete on disk before the first takes its place.
pub(crate) fn write(folder: &Path, sdk: &impl Serialize, up: &impl Serialize) -> anyhow::Result<()> {
    create_private(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    let staged = [("sdk.json", stage(folder, sdk)?), ("up.json", stage(folder, up)?)];
    for (name, file) in staged {
        let path = folder.join(name);
        file.persist(&path).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
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
        write(&folder, &["first"], &1).unwrap();
        write(&folder, &["second"], &2).unwrap();
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
    fn a_folder_that_cannot_be_made_is_named() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("file");
        std::fs::write(&file, "").unwrap();
        let error = write(&file.join("below"), &1, &2).unwrap_err().to_string();
        assert!(error.contains("file/below"), "{error}");
    }
}
