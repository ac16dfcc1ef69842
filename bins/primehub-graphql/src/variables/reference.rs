//! The variables as a document.

use std::fmt::Write as _;

use super::{SECTIONS, Unset, Variable};

/// The configuration reference, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = INTRODUCTION.to_owned();
    for section in SECTIONS {
        let _ = write!(text, "\n## {}\n\n", section.title);
        let effective = section.variables.iter().any(|variable| is_read(variable));
        text.push_str(if effective {
            "| variable | unset | what to write | meaning |\n|---|---|---|---|\n"
        } else {
            "| variable | why |\n|---|---|\n"
        });
        for variable in section.variables {
            let Variable { form, meaning, .. } = variable;
            let _ = if effective {
                writeln!(text, "| {} | {} | {form} | {meaning} |", names(variable), unset(variable))
            } else {
                writeln!(text, "| {} | {meaning} |", names(variable))
            };
        }
    }
    text
}

const INTRODUCTION: &str = "\
# Configuration of `primehub-graphql`

The GraphQL server alone, on a Keycloak, reads its configuration from environment variables, once, when it starts. An empty variable is the same as an
unset one. If anything is wrong, the server does not start and says everything that is wrong at once.

Secrets can stand in files, as Kubernetes mounts them: where a name below has a form with `_FILE`, that one takes the path of the file.

`primehub-graphql --help-variables` prints this document.
";

fn is_read(variable: &Variable) -> bool {
    variable.form != "anything"
}

fn names(variable: &Variable) -> String {
    let mut names = format!("`{}`", variable.name);
    if let Some(alias) = variable.alias {
        let _ = write!(names, ", `{alias}`");
    }
    if variable.from_file {
        let _ = write!(names, ", `{}_FILE`", variable.name);
    }
    names
}

fn unset(variable: &Variable) -> String {
    match variable.unset {
        Unset::Required => "**must be set**".to_owned(),
        Unset::Value(value) => format!("`{value}`"),
        Unset::Means(words) => words.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_in_the_repository_is_this_one() {
        let kept = include_str!("../../../../docs/configuration.md");
        assert!(kept == reference(), "cargo run --bin primehub-graphql -- --help-variables > docs/configuration.md");
    }
}
