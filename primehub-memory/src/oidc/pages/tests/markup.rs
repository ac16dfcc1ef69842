//! Reads markup strictly: all that is not plainly well-formed is refused.

/// An element, with its attributes in order and the text within, that of its children included.
#[derive(Clone, Debug, Default)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
    pub(super) text: String,
    /// Names of the elements around it, from the outside.
    pub(super) around: Vec<String>,
}

impl Element {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// All elements of a document, in order of their start tags.
///
/// # Panics
///
/// If tags are not balanced, attributes not quoted or not unique, or `<` or `&` stands alone.
pub(super) fn elements(html: &str) -> Vec<Element> {
    let mut rest = html.strip_prefix("<!DOCTYPE html>").expect("a document type");
    let mut elements: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    while !rest.is_empty() {
        let (text, tag) = rest.split_once('<').unwrap_or((rest, ""));
        for &index in &open {
            elements[index].text.push_str(&decoded(text));
        }
        assert!(!open.is_empty() || text.is_empty(), "text outside the document: {text}");
        if tag.is_empty() {
            break;
        }
        if let Some(tag) = tag.strip_prefix('/') {
            let (name, after) = tag.split_once('>').expect("an end tag ends");
            let index = open.pop().expect("an end tag has a start tag");
            assert_eq!(elements[index].name, name, "tags are nested");
            rest = after;
            continue;
        }
        let (mut element, after) = start_tag(tag);
        element.around = open.iter().map(|&index| elements[index].name.clone()).collect();
        if !VOID.contains(&element.name.as_str()) {
            open.push(elements.len());
        }
        elements.push(element);
        rest = after;
    }
    assert!(open.is_empty(), "all tags are closed");
    elements
}

const VOID: [&str; 4] = ["img", "input", "link", "meta"];

fn start_tag(tag: &str) -> (Element, &str) {
    let end = tag.find([' ', '>']).expect("a start tag ends");
    let name = &tag[..end];
    assert!(!name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric()), "{name:?} is an element's name");
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    let mut rest = &tag[end..];
    while let Some(attribute) = rest.strip_prefix(' ') {
        let end = attribute.find([' ', '>', '=']).expect("an attribute ends");
        let name = &attribute[..end];
        assert!(
            !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
            "{name:?} is an attribute's name"
        );
        assert!(element.attribute(name).is_none(), "{name} stands once");
        let (value, after) = match attribute[end..].strip_prefix("=\"") {
            Some(value) => value.split_once('"').expect("a value ends"),
            None => ("", &attribute[end..]),
        };
        assert!(!value.contains('<'), "a value is escaped: {value}");
        element.attributes.push((name.to_owned(), decoded(value)));
        rest = after;
    }
    (element, rest.strip_prefix('>').expect("a start tag ends"))
}

fn decoded(text: &str) -> String {
    assert!(!text.contains('>'), "text is escaped: {text}");
    let mut decoded = String::new();
    let mut pieces = text.split('&');
    decoded.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (entity, rest) = piece.split_once(';').expect("an entity ends");
        decoded.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            other => panic!("{other} is an entity"),
        });
        decoded.push_str(rest);
    }
    decoded
}
