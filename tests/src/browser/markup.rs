//! Reads the markup that our pages have: tags with quoted attributes, and no scripts.

use reqwest::Method;

/// A form of a page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Form {
    /// Where it goes, relative to the page; empty: to the page itself.
    pub action: String,
    /// How it goes there.
    pub method: Method,
    /// Names and values of all fields as the page gave them, hidden ones too; what somebody has to type is empty.
    pub fields: Vec<(String, String)>,
    /// The buttons that send it.
    pub buttons: Vec<Button>,
}

/// A button that sends a form.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Button {
    /// What it says.
    pub text: String,
    /// What goes along if this button is pressed; often nothing.
    pub entry: Option<(String, String)>,
}

impl Form {
    /// The value that the page gave a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a field or a button has that name.
    pub fn has(&self, name: &str) -> bool {
        let entries = self.buttons.iter().filter_map(|button| button.entry.as_ref());
        self.fields.iter().chain(entries).any(|(key, _)| key == name)
    }
}

/// A tag that begins an element.
pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    attributes: &'a str,
    /// What follows it.
    rest: &'a str,
}

impl Tag<'_> {
    /// The value of an attribute, empty if it has none; nothing if the attribute is absent.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        let mut text = self.attributes.trim_start();
        while !text.is_empty() {
            let end = text.find(|letter: char| letter == '=' || letter.is_ascii_whitespace()).unwrap_or(text.len());
            let (key, rest) = text.split_at(end);
            let (value, rest) = match rest.strip_prefix("=\"") {
                Some(rest) => rest.split_once('"').unwrap_or((rest, "")),
                None => ("", rest.strip_prefix('=').unwrap_or(rest)),
            };
            if key == name {
                return Some(unescape(value));
            }
            text = rest.trim_start();
        }
        None
    }

    /// What stands between this tag and its end, which must not hold another element of the name.
    fn content(&self) -> &str {
        let end = format!("</{}>", self.name);
        self.rest.split(end.as_str()).next().unwrap_or_default()
    }
}

/// All tags that begin elements, in order.
fn tags(markup: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut rest = markup;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find('<')? + 1;
            let text = &rest[start..];
            let end = end_of_tag(text)?;
            rest = &text[end + 1..];
            let inside = text[..end].trim_end_matches('/');
            let name = inside.split(|letter: char| !letter.is_ascii_alphanumeric()).next().unwrap_or_default();
            if !name.is_empty() {
                return Some(Tag { name, attributes: &inside[name.len()..], rest });
            }
        }
    })
}

/// The `>` that is not within quotes.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quoted = false;
    text.bytes().position(|byte| {
        quoted ^= byte == b'"';
        byte == b'>' && !quoted
    })
}

pub(super) fn forms(markup: &str) -> Vec<Form> {
    tags(markup).filter(|tag| tag.name == "form").map(|tag| form(&tag)).collect()
}

fn form(tag: &Tag<'_>) -> Form {
    let method = tag.attribute("method").unwrap_or_default();
    let method = if method.eq_ignore_ascii_case("post") { Method::POST } else { Method::GET };
    let mut form =
        Form { action: tag.attribute("action").unwrap_or_default(), method, fields: Vec::new(), buttons: Vec::new() };
    for inner in tags(tag.content()) {
        let entry = || Some((inner.attribute("name")?, inner.attribute("value").unwrap_or_default()));
        match inner.name {
            "input" => form.fields.extend(entry()),
            "button" => form.buttons.push(Button { text: text(inner.content()), entry: entry() }),
            _ => {}
        }
    }
    form
}

/// The text of the first element that is wanted.
pub(super) fn text_of(markup: &str, wanted: impl Fn(&Tag<'_>) -> bool) -> Option<String> {
    tags(markup).find(wanted).map(|tag| text(tag.content()))
}

/// Address and text of all links.
pub(super) fn links(markup: &str) -> Vec<(String, String)> {
    let links = tags(markup).filter(|tag| tag.name == "a");
    links.filter_map(|tag| Some((tag.attribute("href")?, text(tag.content())))).collect()
}

/// Markup without its tags.
fn text(markup: &str) -> String {
    let mut text = String::new();
    let mut rest = markup;
    while let Some((before, after)) = rest.split_once('<') {
        text.push_str(before);
        rest = end_of_tag(after).map_or("", |end| &after[end + 1..]);
    }
    text.push_str(rest);
    unescape(text.trim())
}

fn unescape(text: &str) -> String {
    // The ampersand comes last: what it begins has been read by then.
    [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
        .into_iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<!DOCTYPE html><html><body><h1>Log <b>in</b> &amp; go</h1><p role="alert" id="x">No &lt;way&gt;</p>
        <form method="post" action="/auth?a=1&amp;b=%22"><input type="hidden" name="t" value="a&quot;>b"><label>L</label>
        <input id=u name="username" required autofocus value="ada"><input name="password" type="password">
        <button type="submit" name="accept" value="true"><span>Yes</span></button><button>No</button></form>
        <form action="/end"><button>End</button></form><a class="button" href="/next?x=&amp;y">Go <i>on</i></a></body></html>"#;

    #[test]
    fn forms_are_read_with_all_their_fields() {
        let [login, end] = &forms(PAGE)[..] else { panic!("two forms") };
        assert_eq!((login.action.as_str(), &login.method), ("/auth?a=1&b=%22", &Method::POST));
        let fields: Vec<_> = login.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("t", "a\">b"), ("username", "ada"), ("password", "")]);
        assert_eq!(login.buttons[0].text, "Yes");
        assert_eq!(login.buttons[0].entry, Some(("accept".to_owned(), "true".to_owned())));
        assert_eq!(login.buttons[1].entry, None);
        assert!(login.has("accept") && login.has("username") && !login.has("end"));
        assert_eq!((end.method.clone(), end.fields.len()), (Method::GET, 0));
    }

    #[test]
    fn texts_and_links_are_read_without_markup() {
        assert_eq!(text_of(PAGE, |tag| tag.name == "h1").unwrap(), "Log in & go");
        assert_eq!(text_of(PAGE, |tag| tag.attribute("role").is_some()).unwrap(), "No <way>");
        assert_eq!(text_of(PAGE, |tag| tag.name == "h2"), None);
        assert_eq!(links(PAGE), [("/next?x=&y".to_owned(), "Go on".to_owned())]);
    }

    #[test]
    fn markup_that_breaks_off_ends_there() {
        for broken in ["<form", "<form><input name=\"a", "<", "</", "<form>"] {
            assert!(forms(broken).iter().all(|form| form.fields.is_empty()), "{broken}");
        }
    }
}
