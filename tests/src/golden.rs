//! Golden files: readable text, reviewed as a change of the interface.

use std::path::PathBuf;

/// Compares `actual` with `tests/golden/<name>`. On a difference the new text is left beside it as `<name>.new`: read the difference, and
/// move it over the old one if it is meant.
///
/// # Panics
/// When the two differ, naming the first line that does.
pub fn assert(name: &str, actual: &str) {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/golden")).join(name);
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    if expected == actual {
        return;
    }
    let new = path.with_extension(format!("{}.new", path.extension().unwrap_or_default().to_string_lossy()));
    // Without a place to write to, the message below has to do.
    let _ = std::fs::write(&new, actual);
    let (mut old_lines, mut new_lines) = (expected.lines(), actual.lines());
    let mut line = 1;
    let (old_line, new_line) = loop {
        match (old_lines.next(), new_lines.next()) {
            (old, new) if old == new && old.is_some() => line += 1,
            (old, new) => break (old.unwrap_or("(end)"), new.unwrap_or("(end)")),
        }
    };
    panic!(
        "golden/{name} differs from line {line} on:\n- {old_line}\n+ {new_line}\nIf that is meant: mv {0}.new {0}",
        path.display()
    );
}
