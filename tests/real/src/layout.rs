//! What a tree of Keycloak consists of, and how it is run.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The version of Keycloak that tests run against.
pub const VERSION: &str = "26.7.3";

/// What is decided when the tree is built. Health is how an instance says that it is ready; the database is a file, so that an instance is a folder.
pub(crate) const BUILD: [&str; 3] = ["build", "--db=dev-file", "--health-enabled=true"];

/// Changes whenever a tree that was prepared before must not be used any more for another reason than its build.
const FORMAT: &str = "1";

/// The name of a tree: trees of another version or build stand beside it, so that two checkouts do not take each other's away.
pub(crate) fn tree_name() -> String {
    let build = fingerprint(BUILD.into_iter().chain([FORMAT]));
    format!("keycloak-{VERSION}-{build:08x}")
}

/// What distinguishes these texts from others.
pub(crate) fn fingerprint<'a>(parts: impl IntoIterator<Item = &'a str>) -> u32 {
    parts.into_iter().fold(0x811c_9dc5, |hash, part| fnv1a(fnv1a(hash, part.as_bytes()), b"\n"))
}

/// FNV-1a: the same in every version of every toolchain, which the standard library's hashes do not promise.
fn fnv1a(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

/// Where the database is.
pub(crate) fn data(home: &Path) -> PathBuf {
    home.join("data")
}

/// What the distribution says about its version, such as `Keycloak - Version 26.7.3`.
pub(crate) fn parse_version(text: &str) -> Option<&str> {
    text.split_whitespace().last().filter(|word| word.starts_with(|first: char| first.is_ascii_digit()))
}

/// The options that make a process out of the program in `home`: what the distribution's own start script says, without its shell in between,
/// so that the process that was started is the server.
pub(crate) fn java_arguments(home: &Path, heap_megabytes: u32) -> Vec<OsString> {
    let with_path = |option: &str, path: PathBuf| {
        let mut option = OsString::from(option);
        option.push(path);
        option
    };
    let mut arguments: Vec<OsString> =
        OPENED.iter().map(|package| format!("--add-opens={package}=ALL-UNNAMED").into()).collect();
    arguments.extend(FIXED.map(OsString::from));
    arguments.extend([
        "-Xms128m".into(),
        format!("-Xmx{heap_megabytes}m").into(),
        home_option(home),
        with_path("-Djboss.server.config.dir=", home.join("conf")),
        "-cp".into(),
        home.join("lib").join("quarkus-run.jar").into(),
        "io.quarkus.bootstrap.runner.QuarkusEntryPoint".into(),
    ]);
    arguments
}

/// The option by which the server finds its folder, and by which others recognize whose process it is.
pub(crate) fn home_option(home: &Path) -> OsString {
    let mut option = OsString::from("-Dkc.home.dir=");
    option.push(home);
    option
}

/// Packages that the server's thread pools reach into.
const OPENED: [&str; 4] =
    ["java.base/java.util", "java.base/java.util.concurrent", "java.base/java.security", "java.base/java.lang"];

const FIXED: [&str; 8] = [
    "--enable-native-access=ALL-UNNAMED",
    "-XX:MetaspaceSize=96M",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    // Texts of the server are compared by tests.
    "-Duser.language=en",
    "-Duser.country=US",
    "-Djava.util.logging.manager=org.jboss.logmanager.LogManager",
    "-Djava.util.concurrent.ForkJoinPool.common.threadFactory=io.quarkus.bootstrap.forkjoin.QuarkusForkJoinWorkerThreadFactory",
];

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::distribution("Keycloak - Version 26.7.3\n", Some("26.7.3"))]
    #[case::bare("26.8.0", Some("26.8.0"))]
    #[case::none("Keycloak", None)]
    #[case::empty("", None)]
    fn versions_are_read(#[case] text: &str, #[case] version: Option<&str>) {
        assert_eq!(parse_version(text), version);
    }

    #[test]
    fn the_name_of_a_tree_is_the_same_everywhere() {
        assert_eq!(fnv1a(0x811c_9dc5, b"foobar"), 0xbf9c_f968);
        assert!(tree_name().starts_with("keycloak-26.7.3-"), "{}", tree_name());
    }

    #[test]
    fn a_home_with_spaces_stays_one_argument() {
        let arguments = java_arguments(Path::new("/a b"), 300);
        assert!(arguments.contains(&"-Dkc.home.dir=/a b".into()), "{arguments:?}");
        assert!(arguments.contains(&"-Xmx300m".into()), "{arguments:?}");
    }
}
