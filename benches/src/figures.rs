//! Figures with their ranges, as they are stored.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::samples::Measured;

/// How a figure is judged.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A gate on the worst run: calls, allocations, bytes.
    Count,
    /// A gate on the median: how much more the larger case costs.
    Ratio,
    /// A gate on the median: a time or size with so much room that a slow machine keeps it.
    Limit,
    /// No gate: for people.
    Printed,
}

/// One figure.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Figure {
    /// Its name: the bench target, a dot, and what is measured.
    pub name: String,
    /// What exactly is measured.
    pub what: String,
    /// What the numbers count.
    pub unit: String,
    /// How it is judged.
    pub kind: Kind,
    /// The most it may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// What it was, the last time somebody stored it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<Measured>,
}

/// What a measurement means for its figure.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// Nothing to judge.
    Printed,
    /// The gate holds.
    Within,
    /// The gate is left.
    Exceeded,
}

impl Figure {
    /// Judges a measurement.
    #[must_use]
    pub fn verdict(&self, measured: &Measured) -> Verdict {
        let judged = match self.kind {
            Kind::Count => measured.max,
            Kind::Ratio | Kind::Limit => measured.median,
            Kind::Printed => return Verdict::Printed,
        };
        match self.at_most {
            Some(at_most) if judged <= at_most => Verdict::Within,
            Some(_) | None => Verdict::Exceeded,
        }
    }
}

/// All figures, and the machine that they were measured on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Ranges {
    /// Where the stored measurements come from.
    pub machine: String,
    /// The figures.
    pub figures: Vec<Figure>,
}

impl Ranges {
    /// Reads the stored figures.
    ///
    /// # Errors
    /// An absent or malformed file.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("reading {}", path.display()))
    }

    /// Stores the figures, one a line.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn write(&self, path: &Path) -> anyhow::Result<()> {
        fs::write(path, self.text()?).with_context(|| format!("writing {}", path.display()))
    }

    /// The figures as they are stored.
    ///
    /// # Errors
    /// A number that JSON does not know.
    pub fn text(&self) -> anyhow::Result<String> {
        let machine = serde_json::to_string(&self.machine)?;
        let figures: Vec<_> = self.figures.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
        Ok(format!("{{\n\"machine\": {machine},\n\"figures\": [\n{}\n]\n}}\n", figures.join(",\n")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rstest::rstest;

    use super::*;

    fn stored() -> Ranges {
        Ranges::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("ranges.json")).unwrap()
    }

    fn figure(kind: Kind, at_most: Option<f64>) -> Figure {
        Figure { name: "x".into(), what: "x".into(), unit: "x".into(), kind, at_most, measured: None }
    }

    #[rstest]
    #[case::worst_count(Kind::Count, Some(2.0), Verdict::Exceeded)]
    #[case::count_with_room(Kind::Count, Some(3.0), Verdict::Within)]
    #[case::middle_ratio(Kind::Ratio, Some(2.0), Verdict::Within)]
    #[case::middle_limit(Kind::Limit, Some(1.5), Verdict::Exceeded)]
    #[case::gate_without_range(Kind::Limit, None, Verdict::Exceeded)]
    #[case::for_people(Kind::Printed, None, Verdict::Printed)]
    fn figures_are_judged(#[case] kind: Kind, #[case] at_most: Option<f64>, #[case] verdict: Verdict) {
        let measured = Measured { runs: 3, min: 1.0, median: 2.0, max: 3.0 };
        assert_eq!(figure(kind, at_most).verdict(&measured), verdict);
    }

    #[test]
    fn every_stored_figure_was_measured_and_keeps_its_own_range() {
        let stored = stored();
        let names: BTreeSet<_> = stored.figures.iter().map(|figure| &figure.name).collect();
        assert_eq!(names.len(), stored.figures.len(), "a name stands for one figure");
        for figure in &stored.figures {
            assert_eq!(figure.at_most.is_some(), figure.kind != Kind::Printed, "{}", figure.name);
            let measured = figure.measured.unwrap_or_else(|| panic!("{} was never measured", figure.name));
            assert_ne!(figure.verdict(&measured), Verdict::Exceeded, "{}", figure.name);
        }
    }

    #[test]
    fn storing_changes_nothing() {
        let stored = stored();
        assert_eq!(serde_json::from_str::<Ranges>(&stored.text().unwrap()).unwrap(), stored);
    }
}
