//! Which Java runs the servers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The oldest Java that Keycloak 26 runs on.
const OLDEST: u32 = 17;

/// Why there is no Java to run with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JavaError {
    /// `JAVA_HOME` is a decision of the user's, so nothing else is tried.
    #[error("JAVA_HOME is {home}, and there is no Java that runs in its bin folder: correct or unset it")]
    Home {
        /// Its value.
        home: PathBuf,
    },
    /// `JAVA_HOME` has a Java from before Keycloak's oldest.
    #[error("JAVA_HOME is {home}, which is Java {version}; Keycloak needs {OLDEST} or newer: correct or unset it")]
    HomeTooOld {
        /// Its value.
        home: PathBuf,
        /// The version found there.
        version: u32,
    },
    /// Nothing was found anywhere.
    #[error(
        "there is no Java {OLDEST} or newer on this machine: install one (Debian: apt-get install openjdk-17-jre-headless) or name it in JAVA_HOME"
    )]
    Absent,
}

/// A Java that runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Java {
    /// `…/bin/java`, without links, so that its home is known.
    pub(crate) executable: PathBuf,
    pub(crate) version: u32,
}

impl Java {
    /// What `JAVA_HOME` would have to say to get this one.
    pub(crate) fn home(&self) -> Option<&Path> {
        self.executable.parent()?.parent()
    }
}

/// Where to look for Java.
#[derive(Clone, Debug)]
pub(crate) struct JavaSearch {
    /// The user's choice.
    pub(crate) java_home: Option<PathBuf>,
    /// The folders of `PATH`.
    pub(crate) path: Vec<PathBuf>,
    /// Folders in which packages leave one Java each.
    pub(crate) folders: Vec<PathBuf>,
}

impl JavaSearch {
    /// The user's choice, or else the newest Java that there is. Among equals, the one on `PATH`.
    pub(crate) fn find(&self) -> Result<Java, JavaError> {
        self.choose(version_of)
    }

    /// `version_of` runs an executable and says its version; `None` if it is not there or does not run.
    fn choose(&self, version_of: impl Fn(&Path) -> Option<u32>) -> Result<Java, JavaError> {
        let found = |executable: PathBuf| {
            let executable = executable.canonicalize().ok()?;
            let version = version_of(&executable)?;
            Some(Java { executable, version })
        };
        if let Some(home) = &self.java_home {
            return match found(home.join("bin").join("java")) {
                None => Err(JavaError::Home { home: home.clone() }),
                Some(java) if java.version < OLDEST => {
                    Err(JavaError::HomeTooOld { home: home.clone(), version: java.version })
                }
                Some(java) => Ok(java),
            };
        }
        // The last of the greatest is chosen, so those on PATH come last.
        self.installed()
            .into_iter()
            .chain(self.path.iter().rev().map(|folder| folder.join("java")))
            .filter_map(found)
            .filter(|java| java.version >= OLDEST)
            .max_by_key(|java| java.version)
            .ok_or(JavaError::Absent)
    }

    /// What packages have installed, each once, in a stable order.
    fn installed(&self) -> BTreeSet<PathBuf> {
        let homes = self.folders.iter().filter_map(|folder| folder.read_dir().ok()).flatten().flatten();
        homes
            .flat_map(|home| [home.path(), home.path().join("Contents/Home")])
            .filter_map(|home| home.join("bin/java").canonicalize().ok())
            .collect()
    }
}

fn version_of(executable: &Path) -> Option<u32> {
    let output = Command::new(executable).arg("-version").stdin(Stdio::null()).output().ok()?;
    parse_version(&String::from_utf8_lossy(&output.stderr))
}

/// The feature release in what `java -version` prints: `openjdk version "17.0.15" 2025-04-15` is 17, `"1.8.0_402"` is 8.
fn parse_version(printed: &str) -> Option<u32> {
    let quoted = printed.split('"').nth(1)?;
    let mut numbers = quoted.split(|character: char| !character.is_ascii_digit()).map(str::parse);
    match numbers.next()?.ok()? {
        1 => numbers.next()?.ok(),
        feature => Some(feature),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::debian("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime Environment", Some(17))]
    #[case::first_of_a_release("openjdk version \"25\" 2025-09-16", Some(25))]
    #[case::early_access("openjdk version \"26-ea\" 2026-03-17", Some(26))]
    #[case::before_nine("java version \"1.8.0_402\"", Some(8))]
    #[case::no_version("The operation couldn't be completed. Unable to locate a Java Runtime.", None)]
    #[case::nothing("", None)]
    fn versions_are_read(#[case] printed: &str, #[case] version: Option<u32>) {
        assert_eq!(parse_version(printed), version);
    }

    /// A machine with Java of these versions at these places, each an executable whose text is its version.
    struct Machine(tempfile::TempDir);

    impl Machine {
        fn with(javas: &[(&str, &str)]) -> Self {
            let machine = Self(tempfile::tempdir().unwrap());
            for (place, version) in javas {
                let executable = machine.0.path().join(place);
                fs::create_dir_all(executable.parent().unwrap()).unwrap();
                fs::write(executable, version).unwrap();
            }
            machine
        }

        fn choose(&self, java_home: Option<&str>) -> Result<(PathBuf, u32), JavaError> {
            let at = |place: &str| self.0.path().join(place);
            let search = JavaSearch {
                java_home: java_home.map(at),
                path: vec![at("bin"), at("usr/bin")],
                folders: vec![at("jvm"), at("absent")],
            };
            let java = search.choose(|executable| fs::read_to_string(executable).unwrap().parse().ok())?;
            let root = self.0.path().canonicalize().unwrap();
            Ok((java.executable.strip_prefix(root).unwrap().to_owned(), java.version))
        }
    }

    #[rstest]
    #[case::newest(&[("usr/bin/java", "17"), ("jvm/a/bin/java", "25"), ("jvm/b/bin/java", "21")], "jvm/a/bin/java", 25)]
    #[case::on_path_among_equals(&[("usr/bin/java", "21"), ("jvm/a/bin/java", "21")], "usr/bin/java", 21)]
    #[case::first_on_path(&[("bin/java", "21"), ("usr/bin/java", "21")], "bin/java", 21)]
    #[case::old_ones_do_not_count(&[("bin/java", "11"), ("jvm/a/bin/java", "17")], "jvm/a/bin/java", 17)]
    #[case::broken_ones_do_not_count(&[("bin/java", "not a java"), ("usr/bin/java", "17")], "usr/bin/java", 17)]
    #[case::in_a_bundle(&[("jvm/t.jdk/Contents/Home/bin/java", "21")], "jvm/t.jdk/Contents/Home/bin/java", 21)]
    fn the_newest_is_chosen(#[case] javas: &[(&str, &str)], #[case] place: &str, #[case] version: u32) {
        assert_eq!(Machine::with(javas).choose(None).unwrap(), (place.into(), version));
    }

    #[test]
    fn the_users_choice_wins_and_is_not_replaced_when_it_is_wrong() {
        let machine =
            Machine::with(&[("mine/bin/java", "17"), ("old/bin/java", "11"), ("empty/x", ""), ("bin/java", "25")]);
        assert_eq!(machine.choose(Some("mine")).unwrap(), ("mine/bin/java".into(), 17));
        assert!(matches!(machine.choose(Some("old")), Err(JavaError::HomeTooOld { version: 11, .. })));
        assert!(matches!(machine.choose(Some("empty")), Err(JavaError::Home { .. })));
    }

    #[test]
    fn a_machine_without_java_is_told_what_to_install() {
        let error = Machine::with(&[("bin/java", "11")]).choose(None).unwrap_err();
        assert!(error.to_string().contains("apt-get install openjdk-17"), "{error}");
    }
}
