//! Reading variables, and collecting everything that is wrong with them.

use std::fmt;

use super::{Setting, Unset, Variable, Wrong};

/// Where values come from, and what was wrong with them.
pub(crate) struct Environment<'a> {
    vars: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<Problem>,
    #[cfg(test)]
    pub(crate) asked: Vec<&'static str>,
}

/// One variable that cannot be used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{variable}: {reason}; write {form}")]
#[non_exhaustive]
pub struct Problem {
    /// Its name.
    pub variable: String,
    /// What is wrong. Does not repeat secrets.
    pub reason: String,
    /// What to write instead.
    pub form: &'static str,
}

/// Everything that is wrong with a configuration, in the order of the reference.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConfigErrors(Vec<Problem>);

impl ConfigErrors {
    /// The variables that cannot be used; at least one.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.0
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the environment cannot be used")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigErrors {}

/// What stands in the environment for a variable.
enum Given {
    Text(String),
    Nothing,
    /// It is given in a way that cannot be followed, which has been remembered.
    Wrong,
}

impl<'a> Environment<'a> {
    pub(crate) fn new(vars: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            vars,
            problems: Vec::new(),
            #[cfg(test)]
            asked: Vec::new(),
        }
    }

    /// The value. `None` if there is none, or it is wrong; the latter is remembered.
    pub(crate) fn value<T>(&mut self, setting: &Setting<T>) -> Option<T> {
        let variable = &setting.variable;
        #[cfg(test)]
        self.asked.push(variable.name);
        let text = match self.given(variable) {
            Given::Wrong => return None,
            Given::Text(text) => text,
            Given::Nothing => match variable.unset {
                Unset::Value(value) => value.to_owned(),
                Unset::Means(_) => return None,
                Unset::Required => return self.wrong(variable, "is not set".to_owned()),
            },
        };
        match (setting.read)(&text) {
            Ok(value) => Some(value),
            Err(Wrong(reason)) if variable.secret => self.wrong(variable, reason),
            Err(Wrong(reason)) => self.wrong(variable, format!("{text:?} {reason}")),
        }
    }

    /// Whether something is set to be read by another program, or a later release.
    pub(crate) fn is_set(&self, variable: &Variable) -> bool {
        self.text(variable.name).is_some()
    }

    /// Remembers what is wrong.
    pub(crate) fn wrong<T>(&mut self, variable: &Variable, reason: String) -> Option<T> {
        let Variable { name, form, .. } = *variable;
        self.problems.push(Problem { variable: name.to_owned(), reason, form });
        None
    }

    /// What was wrong, if anything was.
    pub(crate) fn problems(self) -> ConfigErrors {
        ConfigErrors(self.problems)
    }

    pub(crate) fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    fn given(&mut self, variable: &Variable) -> Given {
        let text = self.text(variable.name).or_else(|| self.text(variable.alias?));
        if text.as_ref().is_some_and(|text| text.contains(char::REPLACEMENT_CHARACTER)) {
            return self.ill_given(variable, "is not UTF-8".to_owned());
        }
        let file_variable = format!("{}_FILE", variable.name);
        let file = if variable.from_file { self.text(&file_variable) } else { None };
        match (text, file) {
            (Some(_), Some(_)) => self.ill_given(variable, format!("is set, and so is {file_variable}")),
            (None, Some(path)) => match std::fs::read_to_string(&path) {
                Ok(content) if !content.trim().is_empty() => {
                    // Editors end a file with a line break, which is no part of a secret.
                    Given::Text(content.trim_end_matches(['\r', '\n']).to_owned())
                }
                Ok(_) => self.ill_given(variable, format!("the file {path} of {file_variable} is empty")),
                Err(error) => {
                    self.ill_given(variable, format!("the file {path} of {file_variable} cannot be read ({error})"))
                }
            },
            (Some(text), None) => Given::Text(text),
            (None, None) => Given::Nothing,
        }
    }

    fn ill_given(&mut self, variable: &Variable, reason: String) -> Given {
        self.wrong(variable, reason).unwrap_or(Given::Wrong)
    }

    fn text(&self, name: &str) -> Option<String> {
        (self.vars)(name).filter(|text| !text.is_empty())
    }
}
