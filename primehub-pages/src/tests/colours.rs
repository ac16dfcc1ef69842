//! The stylesheet's colours against WCAG 2.2: 4.5 to 1 for texts (1.4.3), 3 to 1 for borders of fields and the focus (1.4.11).

use std::collections::HashMap;

use rstest::rstest;

const STYLESHEET: &str = include_str!("../style.css");

/// The colours of the scheme, by name: those of `:root`, and for the dark one what it sets anew.
fn colours(dark: bool) -> HashMap<&'static str, &'static str> {
    let (light, rest) = STYLESHEET.split_once("@media (prefers-color-scheme: dark)").unwrap();
    let (dark_rules, _) = rest.split_once("\n}").unwrap();
    let rules = [Some(light), dark.then_some(dark_rules)];
    let declarations = rules.into_iter().flatten().flat_map(str::lines);
    let colour = |line: &'static str| {
        let (name, value) = line.trim().strip_prefix("--")?.split_once(": ")?;
        Some((name, value.trim_end_matches(';')))
    };
    declarations.filter_map(colour).collect()
}

/// Relative luminance of `#rrggbb`.
fn luminance(colour: &str) -> f64 {
    let channel = |at: usize| {
        let part = f64::from(u8::from_str_radix(&colour[at..at + 2], 16).unwrap()) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}

fn contrast(one: &str, other: &str) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[rstest]
#[case::text("text", &["page", "card", "inset"], 4.5)]
#[case::muted("muted", &["page", "card", "inset"], 4.5)]
#[case::links("link", &["page", "card", "inset"], 4.5)]
#[case::buttons("button-text", &["button", "button-strong"], 4.5)]
#[case::problems("danger", &["danger-page", "card", "inset"], 4.5)]
#[case::good_news("success", &["success-page", "card"], 4.5)]
#[case::borders("border", &["card", "inset"], 3.0)]
#[case::focus("focus", &["page", "card", "inset"], 3.0)]
fn can_be_read(#[case] foreground: &str, #[case] backgrounds: &[&str], #[case] least: f64) {
    for dark in [false, true] {
        let colours = colours(dark);
        for background in backgrounds {
            let ratio = contrast(colours[foreground], colours[background]);
            assert!(ratio >= least, "{foreground} on {background}, dark: {dark}: {ratio:.2} to 1");
        }
    }
}

#[test]
fn contrast_is_that_of_the_definition() {
    assert!((contrast("#000000", "#ffffff") - 21.0).abs() < 1e-9);
    assert!((contrast("#777777", "#ffffff") - 4.478).abs() < 1e-3);
}

#[test]
fn colours_are_named_in_one_place_and_all_used() {
    let rules = &STYLESHEET[STYLESHEET.find("*,\n").unwrap()..];
    assert!(!rules.contains('#'), "a colour beside the palette");
    for name in colours(false).keys() {
        assert!(rules.contains(&format!("var(--{name})")), "{name} is not used");
    }
    assert_eq!(colours(false).len(), 16);
}

#[test]
fn motion_is_for_those_who_do_not_mind() {
    let (before, after) = STYLESHEET.split_once("@media (prefers-reduced-motion: no-preference)").unwrap();
    assert!(!before.contains("transition") && !before.contains("animation") && after.contains("transition"));
}
