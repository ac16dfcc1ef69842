//! Where something stands within an object, without text until somebody asks.

use std::fmt;

/// A place within an object. Lives on the stack of whoever walks over the object.
#[derive(Clone, Copy)]
pub(crate) struct Path<'a> {
    parent: Option<&'a Path<'a>>,
    step: Step<'a>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Field(&'a str),
    Key(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// The whole object.
    pub(crate) const ROOT: Path<'static> = Path { parent: None, step: Step::Root };

    /// `path.name`
    pub(crate) fn field<'a>(&'a self, name: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Field(name) }
    }

    /// `path[key]`
    pub(crate) fn key<'a>(&'a self, key: &'a str) -> Path<'a> {
        Path { parent: Some(self), step: Step::Key(key) }
    }

    /// `path[0]`
    pub(crate) fn index(&self, index: usize) -> Path<'_> {
        Path { parent: Some(self), step: Step::Index(index) }
    }

    fn is_root(&self) -> bool {
        matches!(self.step, Step::Root)
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(formatter)?;
        }
        match self.step {
            Step::Root => Ok(()),
            Step::Field(name) if self.parent.is_some_and(Path::is_root) => formatter.write_str(name),
            Step::Field(name) => write!(formatter, ".{name}"),
            Step::Key(key) => write!(formatter, "[{key}]"),
            Step::Index(index) => write!(formatter, "[{index}]"),
        }
    }
}
