//! What a list is searched for.

/// Parts of texts to look for. Lists ask it of every row: the parts are made ready once, and there are only so many of them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TextFilter {
    /// In lower case, unless the case matters.
    parts: Vec<String>,
    case_matters: bool,
}

impl TextFilter {
    /// Lets pass what contains `text`, whatever the case. An empty text does not restrict.
    ///
    /// # Errors
    /// More than 255 characters, with `field` as the name of what the text was given for.
    pub fn part(field: &'static str, text: &str) -> Result<Self, InvalidFilter> {
        check_length(field, text)?;
        let parts = if text.is_empty() { Vec::new() } else { vec![text.to_lowercase()] };
        Ok(Self { parts, case_matters: false })
    }

    /// As [`TextFilter::part`], but upper and lower case differ.
    ///
    /// # Errors
    /// As [`TextFilter::part`].
    pub fn exact_part(field: &'static str, text: &str) -> Result<Self, InvalidFilter> {
        check_length(field, text)?;
        let parts = if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        Ok(Self { parts, case_matters: true })
    }

    /// Lets pass what contains each word of `text`, whatever the case and in any order.
    ///
    /// # Errors
    /// As [`TextFilter::part`]; more than 16 words.
    pub fn words(field: &'static str, text: &str) -> Result<Self, InvalidFilter> {
        check_length(field, text)?;
        if text.split_whitespace().nth(MAX_WORDS).is_some() {
            return Err(InvalidFilter { field, reason: "must not have more than 16 words" });
        }
        Ok(Self { parts: text.split_whitespace().map(str::to_lowercase).collect(), case_matters: false })
    }

    /// Whether everything passes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether each part stands in at least one of the texts of a row.
    #[must_use]
    pub fn matches<const N: usize>(&self, texts: [Option<&str>; N]) -> bool {
        let stands_in = |text: &str, part: &str| {
            text.contains(part)
                || (!self.case_matters && text.chars().any(char::is_uppercase) && text.to_lowercase().contains(part))
        };
        self.parts.iter().all(|part| texts.iter().flatten().any(|text| stands_in(text, part)))
    }
}

/// Why a list cannot be searched for a text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{field} {reason}")]
pub struct InvalidFilter {
    field: &'static str,
    reason: &'static str,
}

impl InvalidFilter {
    /// The name of what the text was given for.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// What is wrong with it, as the rest of a sentence.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

/// No text that is searched is longer.
const MAX_LENGTH: usize = 255;
const MAX_WORDS: usize = 16;

fn check_length(field: &'static str, text: &str) -> Result<(), InvalidFilter> {
    match text.chars().nth(MAX_LENGTH) {
        Some(_) => Err(InvalidFilter { field, reason: "must not have more than 255 characters" }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::anywhere("sion", true)]
    #[case::whatever_the_case("VISION", true)]
    #[case::other_text("ops", true)]
    #[case::empty("", true)]
    #[case::nowhere("zoe", false)]
    #[case::not_across_texts("Labops", false)]
    #[case::a_blank_is_a_character("Vision ", false)]
    fn a_part_is_found(#[case] part: &str, #[case] found: bool) {
        let filter = TextFilter::part("search", part).unwrap();
        assert_eq!(filter.matches([Some("Vision_Lab"), None, Some("ops")]), found);
    }

    #[rstest]
    #[case::in_any_order("lab vision", true)]
    #[case::in_different_texts("lab ops", true)]
    #[case::blanks_around("  lab\t", true)]
    #[case::one_is_missing("lab zoe", false)]
    fn each_word_is_found(#[case] words: &str, #[case] found: bool) {
        let filter = TextFilter::words("search", words).unwrap();
        assert_eq!(filter.matches([Some("Vision_Lab"), None, Some("ops")]), found);
    }

    #[rstest]
    #[case("Lab", true)]
    #[case("lab", false)]
    fn the_case_can_matter(#[case] part: &str, #[case] found: bool) {
        assert_eq!(TextFilter::exact_part("name_contains", part).unwrap().matches([Some("Vision_Lab")]), found);
    }

    #[rstest]
    #[case::longest("é".repeat(255), None)]
    #[case::too_long("é".repeat(256), Some("search must not have more than 255 characters"))]
    #[case::most_words("a ".repeat(16), None)]
    #[case::too_many_words("a ".repeat(17), Some("search must not have more than 16 words"))]
    fn a_search_has_limits(#[case] text: String, #[case] problem: Option<&str>) {
        let found = TextFilter::words("search", &text).err().map(|error| error.to_string());
        assert_eq!(found.as_deref(), problem);
        assert_eq!(TextFilter::part("search", &text).is_err(), text.chars().count() > 255);
        assert_eq!(TextFilter::exact_part("search", &text).is_err(), text.chars().count() > 255);
    }

    #[test]
    fn a_filter_without_parts_is_empty() {
        assert!(TextFilter::default().is_empty());
        assert!(TextFilter::words("search", " ").unwrap().is_empty());
        assert!(!TextFilter::part("search", " ").unwrap().is_empty());
    }
}
