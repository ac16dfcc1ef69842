//! Which Go builds the servers.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest release of Go that builds this version of Kubernetes.
const OLDEST: (u32, u32) = (1, 26);

/// Why there is no Go to build with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GoError {
    /// Nothing was found.
    #[error("there is no go on PATH to build Kubernetes with: install Go {}.{} or newer (https://go.dev/dl)", OLDEST.0, OLDEST.1)]
    Absent,
    /// What was found is from before the oldest.
    #[error("{} is {version}; Kubernetes needs Go {}.{} or newer: put one before it on PATH", executable.display(), OLDEST.0, OLDEST.1)]
    TooOld {
        /// The one that was found.
        executable: PathBuf,
        /// Its version.
        version: String,
    },
}

/// A Go that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Go {
    pub(super) executable: PathBuf,
    /// As it calls itself, such as `go1.26.8`.
    pub(super) version: String,
}

/// The first Go in these folders, or else the one where its own installer puts it.
pub(super) fn find(path: &[PathBuf]) -> Result<Go, GoError> {
    choose(path, version_of)
}

/// `version_of` runs an executable and says its version; `None` if it is not there or does not run.
fn choose(path: &[PathBuf], version_of: impl Fn(&Path) -> Option<String>) -> Result<Go, GoError> {
    let folders = path.iter().map(PathBuf::as_path).chain([Path::new("/usr/local/go/bin")]);
    let found = |folder: &Path| {
        let executable = folder.join("go");
        let version = version_of(&executable)?;
        Some(Go { executable, version })
    };
    let Go { executable, version } = folders.into_iter().find_map(found).ok_or(GoError::Absent)?;
    match release(&version) {
        Some(release) if release >= OLDEST => Ok(Go { executable, version }),
        _ => Err(GoError::TooOld { executable, version }),
    }
}

fn version_of(executable: &Path) -> Option<String> {
    let output = Command::new(executable).arg("version").current_dir("/").stdin(Stdio::null()).output().ok()?;
    // go version go1.26.8 linux/amd64
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(2).map(str::to_owned)
}

/// `go1.26.8` is 1.26, `go1.27rc1` is 1.27.
fn release(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.strip_prefix("go")?.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::release("go1.26.8", Some((1, 26)))]
    #[case::first_of_a_release("go1.27", Some((1, 27)))]
    #[case::candidate("go1.27rc1", Some((1, 27)))]
    #[case::development("devel", None)]
    #[case::nothing("", None)]
    fn releases_are_read(#[case] version: &str, #[case] expected: Option<(u32, u32)>) {
        assert_eq!(release(version), expected);
    }

    #[rstest]
    #[case::none(&[], "install Go 1.26 or newer")]
    #[case::old(&[("/a/go", "go1.19.8"), ("/b/go", "go1.26.0")], "/a/go is go1.19.8; Kubernetes needs Go 1.26 or newer")]
    #[case::unreadable(&[("/a/go", "devel")], "/a/go is devel")]
    fn what_cannot_build_is_refused(#[case] there: &[(&str, &str)], #[case] said: &str) {
        let error = on(there).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }

    #[rstest]
    #[case::first(&[("/a/go", "go1.27.1"), ("/b/go", "go1.26.0")], "/a/go")]
    #[case::second(&[("/b/go", "go1.26.0")], "/b/go")]
    #[case::of_the_installer(&[("/usr/local/go/bin/go", "go1.26.0")], "/usr/local/go/bin/go")]
    fn the_first_go_builds(#[case] there: &[(&str, &str)], #[case] chosen: &str) {
        assert_eq!(on(there).unwrap().executable, Path::new(chosen));
    }

    fn on(there: &[(&str, &str)]) -> Result<Go, GoError> {
        let version_of = |executable: &Path| {
            there.iter().find(|(place, _)| Path::new(place) == executable).map(|(_, version)| (*version).to_owned())
        };
        choose(&["/a".into(), "/b".into()], version_of)
    }
}
