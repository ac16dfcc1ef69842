//! Kubernetes quantities.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::canonical::canonical;
use super::decimal::Decimal;
use super::number::{Number, ParseQuantityError, Rounding, from_text_or_number};

/// An amount of a resource as Kubernetes writes it: `500m`, `1.5Gi`, `2`, `1e9`.
///
/// The value is an exact whole number of 10^-9 (finer values are rounded away from zero, as Kubernetes rounds), and quantities
/// are equal, ordered and hashed by value: `1Gi` equals `1024Mi`. The text it was read from is kept, and written back to JSON,
/// until arithmetic makes another quantity of it, so that storing an object does not rewrite what a user wrote. `Display`
/// prints the canonical form, the one an API server answers with.
#[derive(Clone)]
pub struct Quantity {
    nanos: i128,
    format: QuantityFormat,
    text: Option<Arc<str>>,
}

/// The family of suffixes that a quantity prints with.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum QuantityFormat {
    /// Powers of 1000: `n u m k M G T P E`, or no suffix.
    DecimalSi,
    /// Powers of 1024: `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
    /// A power of ten: `1e9`.
    DecimalExponent,
}

impl Quantity {
    /// A whole number of units: cores, bytes, devices.
    #[must_use]
    pub fn from_units(units: i64, format: QuantityFormat) -> Self {
        Self::from_nanos(i128::from(units) * NANOS, format)
    }

    /// A number of 10^-9 units.
    #[must_use]
    pub const fn from_nanos(nanos: i128, format: QuantityFormat) -> Self {
        Self { nanos, format, text: None }
    }

    /// The value in 10^-9 units.
    #[must_use]
    pub const fn nanos(&self) -> i128 {
        self.nanos
    }

    /// The family of suffixes that it prints with.
    #[must_use]
    pub const fn format(&self) -> QuantityFormat {
        self.format
    }

    /// The text it was read from, without surrounding blanks; the canonical text when it was computed.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        self.text.as_deref().map_or_else(|| Cow::Owned(self.to_string()), Cow::Borrowed)
    }

    /// Whether the value is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.nanos < 0
    }

    /// Whether the value is zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.nanos == 0
    }

    /// The smallest whole number of units that is not below the value: whole bytes, whole devices.
    #[must_use]
    pub const fn ceil(&self) -> i128 {
        self.nanos.div_euclid(NANOS) + if self.nanos % NANOS == 0 { 0 } else { 1 }
    }

    /// What a quota is charged for the quantity, in 1/1000 units: rounded up, and within 0 to 2^63-1 units.
    ///
    /// Kubernetes too keeps nothing above 2^63-1, and a negative amount must not give somebody more room.
    #[must_use]
    pub fn charged_millis(&self) -> u128 {
        const PER_MILLI: u128 = 1_000_000;
        const MOST: u128 = i64::MAX.unsigned_abs() as u128 * 1000;
        u128::try_from(self.nanos).map_or(0, |nanos| nanos.div_ceil(PER_MILLI).min(MOST))
    }

    /// The value as a decimal number, or `None` when it is beyond that type's range.
    #[must_use]
    pub fn to_decimal(&self) -> Option<Decimal> {
        self.nanos.checked_mul(NANOS).map(Decimal::from_attos)
    }

    /// The sum, or `None` when it is out of range. It prints as `self` does; if `self` is zero, as `other` does.
    #[must_use]
    pub fn checked_add(&self, other: &Self) -> Option<Self> {
        self.nanos.checked_add(other.nanos).map(|sum| Self::from_nanos(sum, self.format_with(other)))
    }

    /// The difference, or `None` when it is out of range. It prints as the sum would.
    #[must_use]
    pub fn checked_sub(&self, other: &Self) -> Option<Self> {
        self.nanos.checked_sub(other.nanos).map(|difference| Self::from_nanos(difference, self.format_with(other)))
    }

    /// The product with a whole number, or `None` when it is out of range.
    #[must_use]
    pub fn checked_mul(&self, factor: i128) -> Option<Self> {
        self.nanos.checked_mul(factor).map(|product| Self::from_nanos(product, self.format))
    }

    fn format_with(&self, other: &Self) -> QuantityFormat {
        if self.is_zero() { other.format } else { self.format }
    }
}

/// The Kubernetes grammar: an optional sign, digits with an optional point, and one of the suffixes `n u m k M G T P E`,
/// `Ki Mi Gi Ti Pi Ei` or an exponent. Surrounding blanks are ignored, as the API server does.
impl FromStr for Quantity {
    type Err = ParseQuantityError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let malformed = || ParseQuantityError::malformed(text, "a quantity, such as 500m, 2 or 1.5Gi");
        let number = Number::split(text).ok_or_else(malformed)?;
        let (nanos, format) = match Scale::of(number).ok_or_else(malformed)? {
            Scale::Ten(power, format) => {
                (number.times_power_of_ten(power.saturating_add(9), Rounding::AwayFromZero), format)
            }
            Scale::Two(power) => {
                (number.times(NANOS.unsigned_abs() << power, Rounding::AwayFromZero), QuantityFormat::BinarySi)
            }
        };
        let nanos = nanos.ok_or_else(|| ParseQuantityError::out_of_range(text))?;
        // Kubernetes does the same: a fraction of a byte has no binary form.
        let is_fraction = nanos.unsigned_abs() < NANOS.unsigned_abs() && nanos != 0;
        let format = if is_fraction && format == QuantityFormat::BinarySi { QuantityFormat::DecimalSi } else { format };
        Ok(Self { nanos, format, text: Some(text.into()) })
    }
}

/// The canonical form.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&canonical(self.nanos, self.format))
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Quantity({})", self.text())
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nanos.hash(state);
    }
}

/// The text as it was read.
impl Serialize for Quantity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text())
    }
}

/// From a string or, as YAML authors often write `cpu: 2`, from a number.
impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        from_text_or_number(deserializer)
    }
}

/// What a suffix multiplies with.
enum Scale {
    Ten(i64, QuantityFormat),
    Two(u32),
}

impl Scale {
    fn of(number: Number<'_>) -> Option<Self> {
        let si = |power| Some(Self::Ten(power, QuantityFormat::DecimalSi));
        match number.suffix {
            "n" => si(-9),
            "u" => si(-6),
            "m" => si(-3),
            "" => si(0),
            "k" => si(3),
            "M" => si(6),
            "G" => si(9),
            "T" => si(12),
            "P" => si(15),
            "E" => si(18),
            "Ki" => Some(Self::Two(10)),
            "Mi" => Some(Self::Two(20)),
            "Gi" => Some(Self::Two(30)),
            "Ti" => Some(Self::Two(40)),
            "Pi" => Some(Self::Two(50)),
            "Ei" => Some(Self::Two(60)),
            _ => number.exponent().map(|power| Self::Ten(power, QuantityFormat::DecimalExponent)),
        }
    }
}

const NANOS: i128 = 1_000_000_000;

#[cfg(test)]
#[path = "kubernetes_tests.rs"]
mod tests;
