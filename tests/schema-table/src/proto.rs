//! Reads the messages of `.proto` files: as much of the language as Kubernetes' generated files use.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// A field of a message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) number: u32,
    /// The message it holds, with its package; scalars and maps have none.
    pub(crate) message: Option<String>,
}

/// The messages by name, such as `core.v1.PodSpec`.
pub(crate) type Messages = BTreeMap<String, Vec<Field>>;

/// Fetches a Go module and reads the definitions of all its packages.
pub(crate) fn read_module(module: &str, messages: &mut Messages) -> Result<()> {
    let output = Command::new("go").args(["mod", "download", "-json", module]).output().context("running go")?;
    ensure!(output.status.success(), "go mod download {module}: {}", String::from_utf8_lossy(&output.stderr));
    let answer: Value = serde_json::from_slice(&output.stdout)?;
    let folder = answer["Dir"].as_str().with_context(|| format!("{module} is nowhere"))?;
    let mut open = vec![PathBuf::from(folder)];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "proto") {
                read(&path, messages)?;
            }
        }
    }
    Ok(())
}

fn read(path: &Path, messages: &mut Messages) -> Result<()> {
    let text = std::fs::read_to_string(path)?;
    parse(&text, messages).with_context(|| format!("reading {}", path.display()))
}

fn parse(text: &str, messages: &mut Messages) -> Result<()> {
    let (mut package, mut current) = (String::new(), None);
    for line in text.lines().map(str::trim) {
        if let Some(name) = line.strip_prefix("package ") {
            package = short(name.trim_end_matches(';'));
        } else if let Some(name) = line.strip_prefix("message ") {
            let name = format!("{package}.{}", name.trim_end_matches(['{', ' ']));
            messages.insert(name.clone(), Vec::new());
            current = Some(name);
        } else if let Some(fields) = current.as_ref().and_then(|name| messages.get_mut(name))
            && let Some(field) = field(line, &package)?
        {
            fields.push(field);
        }
    }
    Ok(())
}

fn field(line: &str, package: &str) -> Result<Option<Field>> {
    let Some((declaration, number)) = line.trim_end_matches(';').split_once(" = ") else { return Ok(None) };
    let (kind, name, single) = if let Some(map) = declaration.strip_prefix("map<") {
        (map, map.rsplit_once(' ').context("a map without a name")?.1, false)
    } else {
        let mut words = declaration.split(' ');
        let (Some(label @ ("optional" | "repeated")), Some(kind), Some(name)) =
            (words.next(), words.next(), words.next())
        else {
            return Ok(None);
        };
        (kind, name, label == "optional")
    };
    let scalar = !kind.contains(char::is_uppercase);
    let message = match (single && !scalar, kind.contains('.')) {
        (false, _) => None,
        (true, false) => Some(format!("{package}.{kind}")),
        (true, true) => Some(short(kind.trim_start_matches('.'))),
    };
    Ok(Some(Field { name: name.to_owned(), number: number.parse().context("a field number")?, message }))
}

/// `k8s.io.api.core.v1.Pod` as `core.v1.Pod`.
fn short(name: &str) -> String {
    ["k8s.io.api.", "k8s.io.apimachinery.pkg.apis.", "k8s.io.apiextensions_apiserver.pkg.apis."]
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_read_with_their_numbers() {
        let text = r#"
package k8s.io.api.core.v1;
option go_package = "k8s.io/api/core/v1";
// A comment = 3;
message Volume {
  // name of it
  optional string name = 1;

  optional VolumeSource volumeSource = 2;
  optional .k8s.io.apimachinery.pkg.apis.meta.v1.ObjectMeta metadata = 3;
  map<string, .k8s.io.apimachinery.pkg.api.resource.Quantity> limits = 4;
  repeated Port ports = 15;
}
"#;
        let mut messages = Messages::new();
        parse(text, &mut messages).unwrap();
        let fields: Vec<_> = messages["core.v1.Volume"]
            .iter()
            .map(|field| (field.name.as_str(), field.number, field.message.as_deref()))
            .collect();
        let expected = [
            ("name", 1, None),
            ("volumeSource", 2, Some("core.v1.VolumeSource")),
            ("metadata", 3, Some("meta.v1.ObjectMeta")),
            ("limits", 4, None),
            ("ports", 15, None),
        ];
        assert_eq!(fields, expected);
    }
}
