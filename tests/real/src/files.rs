//! Files and folders.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// Writes a file that its owner alone may read.
pub(crate) fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Removes a folder with all that is in it. One that is not there is no error.
pub(crate) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The end of a log, long enough to hold the cause of a failed start.
pub(crate) fn tail(log: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn private_files_are_for_their_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        write_private(&file, "a longer text").unwrap();
        write_private(&file, "text").unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_to_string(file).unwrap(), "text");
    }

    #[test]
    fn half_made_folders_are_removed_and_absent_ones_are_no_error() {
        let folder = tempfile::tempdir().unwrap();
        let half_made = folder.path().join("tree");
        fs::create_dir_all(half_made.join("lib")).unwrap();
        remove(&half_made).unwrap();
        remove(&half_made).unwrap();
        assert!(!half_made.exists());
    }

    #[test]
    fn the_tail_of_a_log_is_its_end() {
        assert_eq!(tail("one\ntwo"), "one\ntwo");
        let long: Vec<_> = (0..100).map(|line| line.to_string()).collect();
        let tail = tail(&long.join("\n"));
        assert!(tail.starts_with("60\n") && tail.ends_with("\n99"), "{tail}");
    }
}
