//! Reads a table of types: the compact text in which the types of built-in kinds are kept.
//!
//! ```text
//! # a comment
//! @core.v1.ContainerPort
//! containerPort+#3 i32
//! protocol#4 s ="TCP" |SCTP|TCP|UDP
//! ```
//!
//! A type is `@`, its name, and `!` if it is atomic. A field is its name, `+` if it is required, `#` and its number in protobuf, its type, `=` and
//! its default as JSON, `|` and its allowed values. A field that begins with `~` is a message whose fields stand in the parent in JSON.
//!
//! Types are `s b i32 i64 f` (scalars), `time` and `micro`, `b64`, `ios` (number or text), `q` (quantity), `obj` (any object), `any`, `[T]` (list),
//! `{T}` (map), or the name of a type. A list is atomic, unless `=` (a set) or `*key,key` follows; `!` makes maps and structs atomic and `%`
//! undoes it. Then `~` and how a strategic merge treats the field: `m` (lists merge), `r` (`$retainKeys` is known), `w` (replaced as a whole),
//! with `:key` for lists of objects.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Field, ListKind, Merge, Node, NodeId, Schema, Shape, Struct, Types};

/// Why a text is not a table of types.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TableError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Types {
    /// Reads a table of types.
    ///
    /// # Errors
    /// [`TableError`] for the first line that is wrong.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let mut reader = Reader::default();
        for (line, name) in lines(text).filter_map(|(line, text)| Some((line, text.strip_prefix('@')?))) {
            let id = reader.types.add(Node { atomic: name.ends_with(" !"), ..Node::default() });
            let name = name.trim_end_matches(" !");
            if reader.types.names.insert(name.into(), id).is_some() {
                return Err(TableError { line, reason: format!("{name} is there twice") });
            }
        }
        let mut current = None;
        for (line, text) in lines(text) {
            let read = match text.strip_prefix('@') {
                Some(name) => {
                    current = reader.types.names.get(name.trim_end_matches(" !")).copied();
                    current.map_or(Ok(()), |id| reader.begin(id))
                }
                None => reader.field(current, text),
            };
            read.map_err(|reason| TableError { line, reason })?;
        }
        reader.finish();
        Ok(reader.types)
    }

    /// The type of this name.
    #[must_use]
    pub fn named(self: &Arc<Self>, name: &str) -> Option<Schema> {
        self.names.get(name).map(|&root| Schema { types: Arc::clone(self), root })
    }

    /// Adds a type.
    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// Copies a type of another graph with everything it is made of. Names are not copied.
    pub(crate) fn import(&mut self, other: &Self, id: NodeId) -> NodeId {
        let mut copied = HashMap::from([(id, self.add(Node::default()))]);
        let mut open = vec![id];
        while let Some(next) = open.pop() {
            let mut node = other.at(next).node().clone();
            for child in node.shape.children_mut() {
                let new = *copied.entry(*child).or_insert_with(|| {
                    open.push(*child);
                    self.add(Node::default())
                });
                *child = new;
            }
            if let Some(place) = copied.get(&next).and_then(|new| self.nodes.get_mut(new.0 as usize)) {
                *place = node;
            }
        }
        copied.get(&id).copied().unwrap_or(id)
    }
}

impl Shape {
    /// The types within it.
    fn children_mut(&mut self) -> Box<dyn Iterator<Item = &mut NodeId> + '_> {
        match self {
            Self::Struct(object) => Box::new(object.fields.values_mut().map(|field| &mut field.node)),
            Self::Map(child) | Self::List { item: child, .. } => Box::new(std::iter::once(child)),
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let numbered = text.lines().enumerate().map(|(index, line)| (index + 1, line));
    numbered.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[derive(Default)]
struct Reader<'a> {
    types: Types,
    /// Types that were written before, by their text.
    seen: HashMap<&'a str, NodeId>,
    /// Copies of named types with another atomicity: copy, original.
    variants: Vec<(NodeId, NodeId)>,
    /// Types with messages whose fields they show, each with its fields' names.
    inlined: Vec<(NodeId, NodeId)>,
}

impl<'a> Reader<'a> {
    fn begin(&mut self, id: NodeId) -> Result<(), String> {
        let node = self.types.nodes.get_mut(id.0 as usize).ok_or("too many types")?;
        node.shape = Shape::Struct(Struct::default());
        Ok(())
    }

    fn field(&mut self, parent: Option<NodeId>, text: &'a str) -> Result<(), String> {
        let parent = parent.ok_or("a field without a type")?;
        let (head, rest) = text.split_once(' ').ok_or("a field without its type")?;
        let (head, number) = match head.split_once('#') {
            Some((head, number)) => {
                (head, Some(number.parse().map_err(|_| format!("{number:?} is not a field number"))?))
            }
            None => (head, None),
        };
        let (rest, values) = match rest.split_once(" |") {
            Some((rest, values)) => (rest, values.split('|').map(Arc::from).collect()),
            None => (rest, Vec::new()),
        };
        let (kind, default) = match rest.split_once(" =") {
            Some((kind, json)) => {
                (kind, Some(serde_json::from_str(json).map_err(|error| format!("the default: {error}"))?))
            }
            None => (rest, None),
        };
        let (kind, strategy) = kind.split_once('~').unwrap_or((kind, ""));
        let (flags, key) = strategy.split_once(':').map_or((strategy, None), |(flags, key)| (flags, Some(key.into())));
        let merge =
            Merge { items: flags.contains('m'), key, retain_keys: flags.contains('r'), replace: flags.contains('w') };
        let node = self.node(kind)?;
        let name = head.trim_end_matches('+');
        let inline = name.starts_with('~');
        if inline {
            self.inlined.push((parent, node));
        }
        let field = Field { node, required: head.ends_with('+'), default, number, merge, values, inline };
        match self.types.nodes.get_mut(parent.0 as usize).map(|node| &mut node.shape) {
            Some(Shape::Struct(object)) => match object.fields.insert(name.into(), field) {
                Some(_) => Err(format!("{name} is there twice")),
                None => Ok(()),
            },
            _ => Err("a field of something without fields".to_owned()),
        }
    }

    fn node(&mut self, text: &'a str) -> Result<NodeId, String> {
        if let Some(&id) = self.seen.get(text).or_else(|| self.types.names.get(text)) {
            return Ok(id);
        }
        let id = if let Some((item, after)) = text.strip_prefix('[').and_then(|text| text.rsplit_once(']')) {
            let item = self.node(item)?;
            let kind = match (after.chars().next(), after.get(1..)) {
                (None, _) => ListKind::Atomic,
                (Some('='), Some("")) => ListKind::Set,
                (Some('*'), Some(keys)) => ListKind::Map(keys.split(',').map(Arc::from).collect()),
                _ => return Err(format!("{after:?} is not a kind of list")),
            };
            self.types.add(Node { shape: Shape::List { item, kind }, ..Node::default() })
        } else if let Some(text) = text.strip_suffix(['!', '%']) {
            let original = self.node(text)?;
            let mut copy = self.types.at(original).node().clone();
            copy.atomic = !copy.atomic;
            let id = self.types.add(copy);
            self.variants.push((id, original));
            id
        } else if let Some(value) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) {
            let value = self.node(value)?;
            self.types.add(Node { shape: Shape::Map(value), ..Node::default() })
        } else {
            let shape = match text {
                "s" => Shape::String,
                "b" => Shape::Boolean,
                "i32" => Shape::Int32,
                "i64" => Shape::Int64,
                "f" => Shape::Double,
                "time" => Shape::Time { micro: false },
                "micro" => Shape::Time { micro: true },
                "b64" => Shape::Bytes,
                "ios" => Shape::IntOrString,
                "q" => Shape::Quantity,
                "obj" | "any" => Shape::Any,
                _ => return Err(format!("there is no type {text:?}")),
            };
            let free = matches!(shape, Shape::Any);
            self.types.add(Node { shape, nullable: text == "any", preserve_unknown: free, ..Node::default() })
        };
        self.seen.insert(text, id);
        Ok(id)
    }

    /// What can be said only when all types are there.
    fn finish(&mut self) {
        // An embedding type may itself be embedded: the one that stands later in the list may be the one that is needed first.
        for _ in 0..2 {
            for &(parent, inner) in &self.inlined {
                let Shape::Struct(inner) = self.types.at(inner).shape().clone() else { continue };
                let Some(Shape::Struct(object)) =
                    self.types.nodes.get_mut(parent.0 as usize).map(|node| &mut node.shape)
                else {
                    continue;
                };
                for (name, field) in inner.fields.into_iter().filter(|(_, field)| !field.inline) {
                    object.fields.entry(name).or_insert(Field { number: None, ..field });
                }
            }
        }
        for &(copy, original) in &self.variants {
            let shape = self.types.at(original).shape().clone();
            if let Some(node) = self.types.nodes.get_mut(copy.0 as usize) {
                node.shape = shape;
            }
        }
        let meta = self.types.names.get("meta.v1.ObjectMeta").copied();
        for node in &mut self.types.nodes {
            if let Shape::Struct(object) = &node.shape {
                node.embedded =
                    object.fields.contains_key("kind") && object.fields.get("metadata").map(|field| field.node) == meta;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = r#"# a comment
@a.Pod
kind s
metadata#1 meta.v1.ObjectMeta
ports+#3 [a.Port]*port,protocol~m:port
sources#4 [a.Source]*name~mr:name
tags#5 [s]=
labels#6 {s}!
free obj
whole a.Ref%
self a.Pod
@a.Port
port+#1 i32
protocol#2 s ="TCP" |SCTP|TCP
@a.Source
name+#1 s
~inner#2 a.Inner
@a.Inner
path#7 s
@a.Ref !
name s
@meta.v1.ObjectMeta
name#1 s
"#;

    fn sample() -> Arc<Types> {
        Arc::new(Types::parse(SAMPLE).unwrap())
    }

    #[test]
    fn a_table_says_how_lists_and_maps_merge() {
        let types = sample();
        let schema = types.named("a.Pod").unwrap();
        let pod = schema.root();
        assert!(pod.node().embedded && !types.named("a.Port").unwrap().root().node().embedded);
        let (ports, list) = pod.field("ports").unwrap();
        assert!(ports.required && ports.number == Some(3));
        assert_eq!(ports.merge, Merge { items: true, key: Some("port".into()), retain_keys: false, replace: false });
        let (port, kind) = list.items().unwrap();
        assert_eq!(*kind, ListKind::Map(vec!["port".into(), "protocol".into()]));
        let (protocol, _) = port.field("protocol").unwrap();
        assert_eq!(protocol.default, Some("TCP".into()));
        assert_eq!(protocol.values, ["SCTP".into(), "TCP".into()]);
        assert_eq!(
            pod.field("sources").unwrap().0.merge,
            Merge { items: true, key: Some("name".into()), retain_keys: true, replace: false }
        );
        assert_eq!(*pod.child("tags").unwrap().items().unwrap().1, ListKind::Set);
        assert!(pod.child("labels").unwrap().node().atomic);
        assert!(pod.child("free").unwrap().node().preserve_unknown);
        assert!(!pod.child("whole").unwrap().node().atomic && types.named("a.Ref").unwrap().root().node().atomic);
        assert!(pod.child("whole").unwrap().child("name").is_some());
    }

    #[test]
    fn fields_of_an_embedded_message_stand_in_the_parent() {
        let types = sample();
        let schema = types.named("a.Source").unwrap();
        assert_eq!(schema.root().field("path").unwrap().0.number, None);
        assert!(schema.root().field("~inner").is_none(), "it has no name in JSON");
        let Shape::Struct(source) = schema.root().shape() else { panic!("a struct") };
        assert_eq!(source.fields["~inner"].number, Some(2));
    }

    #[test]
    fn an_imported_type_brings_what_it_is_made_of() {
        let (types, mut target) = (sample(), Types::default());
        target.add(Node::default());
        let id = target.import(&types, types.names["a.Pod"]);
        let pod = target.at(id);
        assert_eq!(
            pod.child("ports").unwrap().items().unwrap().0.field("protocol").unwrap().0.default,
            Some("TCP".into())
        );
        assert!(pod.child("self").unwrap().child("self").unwrap().child("metadata").unwrap().child("name").is_some());
    }

    #[rstest::rstest]
    #[case("name s", 1, "a field without a type")]
    #[case("@a\nname", 2, "a field without its type")]
    #[case("@a\n\nname#x s", 3, "\"x\" is not a field number")]
    #[case("@a\nname b.C", 2, "there is no type \"b.C\"")]
    #[case("@a\nname [s]?", 2, "\"?\" is not a kind of list")]
    #[case("@a\nname s\nname s", 3, "name is there twice")]
    #[case("@a\n@a", 2, "a is there twice")]
    #[case("@a\nname s =x", 2, "the default: expected value at line 1 column 1")]
    fn a_wrong_line_is_named(#[case] text: &str, #[case] line: usize, #[case] reason: &str) {
        assert_eq!(Types::parse(text).unwrap_err(), TableError { line, reason: reason.to_owned() });
    }
}
