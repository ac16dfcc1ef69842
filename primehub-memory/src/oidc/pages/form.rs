//! The parts that forms are made of.

use maud::{Markup, html};

/// Where a form of a page goes. It is always sent by `POST`.
#[derive(Clone, Copy, Default)]
pub(crate) struct PostForm<'a> {
    /// The address that takes the form.
    pub(crate) action: &'a str,
    /// Names and values that go along unseen, such as the token against forged requests.
    pub(crate) hidden: &'a [(&'a str, &'a str)],
}

impl PostForm<'_> {
    pub(super) fn render(&self, content: &Markup) -> Markup {
        html! {
            form method="post" action=(self.action) {
                (hidden(self.hidden))
                (content)
            }
        }
    }
}

pub(super) fn hidden(fields: &[(&str, &str)]) -> Markup {
    html! {
        @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
    }
}

/// An application that a page leads to.
#[derive(Clone, Copy, Default)]
pub(crate) struct Application<'a> {
    /// The name that people know it by.
    pub(crate) name: &'a str,
    /// Its address. Only `http`, `https` and paths are offered: a link of another scheme can run a script, or start a program.
    pub(crate) href: &'a str,
}

impl Application<'_> {
    /// A link with the words `text`, nothing if there is nowhere safe to go.
    pub(super) fn link(&self, text: &str) -> Markup {
        link(self.href, text)
    }
}

/// A link that looks like a button, nothing if its address is none that we lead to.
pub(super) fn link(href: &str, text: &str) -> Markup {
    html! {
        @if leads_to_a_page(href) { a class="button quiet" href=(href) { (text) } }
    }
}

/// Browsers drop tabs, line ends and leading blanks and read `\` as `/`: what is compared here begins plainly or not at all.
pub(super) fn leads_to_a_page(href: &str) -> bool {
    let has_prefix = |prefix: &str| href.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    let own_path = href.starts_with('/')
        && !href[1..].starts_with(['/', '\\'])
        && !href.contains(|letter: char| letter.is_ascii_control());
    own_path || has_prefix("https://") || has_prefix("http://")
}

/// Id of the one message on a page that says what was wrong with a form.
pub(super) const PROBLEM: &str = "problem";

/// What was wrong with what was sent.
pub(super) fn problem(text: Option<&str>) -> Markup {
    html! {
        @if let Some(text) = text { p.alert id=(PROBLEM) role="alert" { (text) } }
    }
}

/// What somebody types into, with its label. The name is also the id.
#[derive(Clone, Copy)]
pub(super) struct Field<'a> {
    pub(super) name: &'a str,
    pub(super) label: &'a str,
    pub(super) autocomplete: &'a str,
    pub(super) kind: FieldKind<'a>,
    /// The page opens with the cursor here.
    pub(super) focus: bool,
    /// The page's problem is with this field.
    pub(super) wrong: bool,
}

#[derive(Clone, Copy)]
pub(super) enum FieldKind<'a> {
    /// With what stands in it at first.
    Text(&'a str),
    /// Shown for the person and for password managers, not to be changed.
    Fixed(&'a str),
    /// Never filled in by us.
    Password,
}

impl Field<'_> {
    pub(super) fn render(&self) -> Markup {
        let (kind, value, fixed) = match self.kind {
            FieldKind::Text(value) => ("text", Some(value), false),
            FieldKind::Fixed(value) => ("text", Some(value), true),
            FieldKind::Password => ("password", None, false),
        };
        html! {
            div.field {
                label for=(self.name) { (self.label) }
                input id=(self.name) name=(self.name) type=(kind) value=[value] autocomplete=(self.autocomplete)
                    autocapitalize="none" autocorrect="off" spellcheck="false" required[!fixed] readonly[fixed]
                    autofocus[self.focus] aria-invalid=[self.wrong.then_some("true")]
                    aria-describedby=[self.wrong.then_some(PROBLEM)];
            }
        }
    }
}

/// The button that sends a page's main form.
pub(super) fn submit(text: &str) -> Markup {
    html! {
        div.actions { button.full type="submit" { (text) } }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    #[rstest]
    #[case::web("https://hub.example.com/console", true)]
    #[case::plain("http://127.0.0.1:8080/", true)]
    #[case::capitals("HTTPS://hub.example.com", true)]
    #[case::path("/console", true)]
    #[case::root("/", true)]
    #[case::empty("", false)]
    #[case::other_host("//evil.example.com", false)]
    #[case::other_host_with_backslash("/\\evil.example.com", false)]
    #[case::other_host_behind_a_tab("/\t/evil.example.com", false)]
    #[case::script("javascript:alert(1)", false)]
    #[case::script_in_disguise(" java\tscript:alert(1)", false)]
    #[case::data("data:text/html,x", false)]
    #[case::program("myapp://callback", false)]
    #[case::letters("äöü", false)]
    fn links_lead_to_pages_alone(#[case] href: &str, #[case] leads: bool) {
        assert_eq!(super::leads_to_a_page(href), leads);
    }
}
