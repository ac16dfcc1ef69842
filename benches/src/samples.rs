//! From single measurements to what is stored of them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One number per run.
#[derive(Clone, Debug, Default)]
pub struct Samples(Vec<f64>);

/// What is kept of some runs.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub struct Measured {
    /// How many runs there were.
    pub runs: usize,
    /// The least of them.
    pub min: f64,
    /// The one in the middle.
    pub median: f64,
    /// The most of them.
    pub max: f64,
}

impl Samples {
    /// Adds a run.
    pub fn push(&mut self, sample: f64) {
        self.0.push(sample);
    }

    /// The runs, in their order.
    pub fn iter(&self) -> impl Iterator<Item = f64> + '_ {
        self.0.iter().copied()
    }

    /// Median and extremes, to four digits. `None` without runs.
    #[must_use]
    pub fn measured(&self) -> Option<Measured> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let (min, max, median) = (*sorted.first()?, *sorted.last()?, *sorted.get(sorted.len() / 2)?);
        Some(Measured { runs: sorted.len(), min: four_digits(min), median: four_digits(median), max: four_digits(max) })
    }
}

impl FromIterator<f64> for Samples {
    fn from_iter<I: IntoIterator<Item = f64>>(samples: I) -> Self {
        Self(samples.into_iter().collect())
    }
}

/// The duration in the middle; zero without durations.
#[must_use]
pub fn middle(durations: &mut [Duration]) -> Duration {
    durations.sort();
    durations.get(durations.len() / 2).copied().unwrap_or_default()
}

/// A count as a figure.
#[expect(clippy::cast_precision_loss, reason = "counts of a bench are far below 2^53")]
#[must_use]
pub fn number(count: u64) -> f64 {
    count as f64
}

/// More digits would only make stored figures change with every run.
fn four_digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let rounded = format!("{value:.3e}");
    rounded.parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[test]
    fn the_middle_does_not_depend_on_the_order() {
        let samples: Samples = [5.0, 1.0, 4.0, 2.0, 3.0].into_iter().collect();
        assert_eq!(samples.measured(), Some(Measured { runs: 5, min: 1.0, median: 3.0, max: 5.0 }));
        assert_eq!(Samples::default().measured(), None);
    }

    #[rstest]
    #[case::long(0.123_456, 0.123_5)]
    #[case::large(123_456.0, 123_500.0)]
    #[case::nothing(0.0, 0.0)]
    #[case::short(48.0, 48.0)]
    fn four_digits_are_kept(#[case] value: f64, #[case] kept: f64) {
        assert!((four_digits(value) - kept).abs() < f64::EPSILON);
    }
}
