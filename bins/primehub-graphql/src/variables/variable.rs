//! What there is to know about one variable.

use super::Wrong;

/// One environment variable. Empty is the same as unset.
#[derive(Debug)]
#[non_exhaustive]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Another spelling, which counts where the name is unset.
    pub alias: Option<&'static str>,
    /// What holds where it is unset.
    pub unset: Unset,
    /// What may be written, as the end of "write …".
    pub form: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Whether its value is kept out of messages.
    pub secret: bool,
    /// Whether `<name>_FILE` may name a file with the value instead, as Kubernetes mounts secrets.
    pub from_file: bool,
    /// What it does in this release.
    pub standing: Standing,
}

/// What holds where a variable is unset.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unset {
    /// The server does not start.
    Required,
    /// This value.
    Value(&'static str),
    /// What these words say.
    Means(&'static str),
}

/// What a variable does in this release.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Standing {
    /// It has an effect.
    InUse,
    /// It belongs to a part that is not there yet; it is accepted so that one set of variables fits all releases.
    Later,
    /// It never has an effect; it is accepted because installations have it set.
    Unused,
}

/// A variable, and how its text becomes a value.
pub(crate) struct Setting<T> {
    pub(crate) variable: Variable,
    pub(crate) read: fn(&str) -> Result<T, Wrong>,
}

impl<T> Setting<T> {
    /// One that has an effect, and must be given unless something else is said.
    pub(crate) const fn new(
        name: &'static str,
        read: fn(&str) -> Result<T, Wrong>,
        form: &'static str,
        meaning: &'static str,
    ) -> Self {
        let variable = Variable {
            name,
            alias: None,
            unset: Unset::Required,
            form,
            meaning,
            secret: false,
            from_file: false,
            standing: Standing::InUse,
        };
        Self { variable, read }
    }

    /// With this value where it is unset.
    pub(crate) const fn or(mut self, value: &'static str) -> Self {
        self.variable.unset = Unset::Value(value);
        self
    }

    /// With no value where it is unset, which means what the words say.
    pub(crate) const fn or_else(mut self, words: &'static str) -> Self {
        self.variable.unset = Unset::Means(words);
        self
    }

    /// With another spelling.
    pub(crate) const fn also(mut self, alias: &'static str) -> Self {
        self.variable.alias = Some(alias);
        self
    }

    /// Kept out of messages.
    pub(crate) const fn secret(mut self) -> Self {
        self.variable.secret = true;
        self
    }

    /// Kept out of messages, and perhaps in a file.
    pub(crate) const fn secret_or_file(mut self) -> Self {
        self.variable.from_file = true;
        self.secret()
    }

    /// Of a later part: checked, but without effect.
    pub(crate) const fn later(mut self) -> Self {
        self.variable.standing = Standing::Later;
        self
    }
}

impl Variable {
    /// One of a part that is not there yet, which will say what it accepts.
    pub(crate) const fn later(name: &'static str, meaning: &'static str) -> Self {
        Self::without_effect(name, meaning, Standing::Later)
    }

    /// One that never has an effect.
    pub(crate) const fn unused(name: &'static str, meaning: &'static str) -> Self {
        Self::without_effect(name, meaning, Standing::Unused)
    }

    const fn without_effect(name: &'static str, meaning: &'static str, standing: Standing) -> Self {
        let (unset, form) = (Unset::Means("nothing"), "anything");
        Self { name, alias: None, unset, form, meaning, secret: false, from_file: false, standing }
    }
}
