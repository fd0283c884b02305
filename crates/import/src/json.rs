//! Documents of JSON with lists of links, streamed: an element of a list is read when it is asked for, or a few before.
//!
//! A file may have one document, several of them in a row (one for each page), or an array of pages.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufReader};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::allowance::Allowance;
use crate::error::ImportError;
use crate::input::Input;
use crate::json_item::JsonItem;
use crate::json_text::JsonText;
use crate::link::{Row, rows};

/// How many elements are read ahead of those that were asked for.
const READ_AHEAD: usize = 16;

/// Where a document has its lists.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The fields that contain an object with a list.
    pub(crate) containers: &'static [&'static str],
    /// The fields that contain a list.
    pub(crate) lists: &'static [&'static str],
    /// Those of them that may be an object, whose values are the elements. In others, an object is the only element.
    pub(crate) named: &'static [&'static str],
}

/// An element of a list.
pub(crate) struct Element {
    /// Where it is, such as `links[3]`.
    pub(crate) position: String,
    /// The element, or what is wrong with it.
    pub(crate) item: Result<JsonItem, &'static str>,
}

/// The elements of all lists of a file. The thread that reads them ends when this is dropped.
pub(crate) struct Elements {
    receiver: Receiver<Result<Element, ImportError>>,
}

impl Elements {
    /// Starts to read.
    pub(crate) fn read(input: Input, shape: Shape) -> Result<Self, ImportError> {
        let (sender, receiver) = sync_channel(READ_AHEAD);
        let walk = Walk { sender, allowance: input.allowance.clone(), shape, lists: 0, last: String::new() };
        let reader = thread::Builder::new().name("import".to_owned()).spawn(move || walk.run(input));
        let failed = |error: io::Error| ImportError::Read { position: String::new(), reason: error.to_string() };
        reader.map_err(failed)?;
        Ok(Self { receiver })
    }

    /// The rows, as `read` reads each element. It may say that an element has no link, one or several.
    pub(crate) fn rows(
        self,
        mut read: impl FnMut(&JsonItem, &str) -> Vec<Row> + Send + 'static,
    ) -> impl Iterator<Item = Result<Row, ImportError>> + Send + 'static {
        rows(self, move |Element { position, item }| match item {
            Ok(item) => read(&item, &position),
            Err(reason) => vec![Row::unreadable(position, None, reason)],
        })
    }
}

impl Iterator for Elements {
    type Item = Result<Element, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.receiver.recv().ok()
    }
}

/// The state of the thread that reads.
struct Walk {
    sender: SyncSender<Result<Element, ImportError>>,
    allowance: Allowance,
    shape: Shape,
    /// How many lists have begun.
    lists: usize,
    /// The position of the last element.
    last: String,
}

impl Walk {
    fn run(mut self, input: Input) {
        let text = JsonText::new(input.bytes, input.warnings);
        let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(text));
        loop {
            let result = match deserializer.end() {
                Ok(()) => return,
                Err(error) if error.is_io() => Err(error),
                Err(_) => Document { walk: &mut self, place: Place::Top }.deserialize(&mut deserializer),
            };
            if let Err(error) = result {
                // If nobody listens, there is nobody to tell.
                let _ = self.sender.send(Err(self.error(&error)));
                return;
            }
        }
    }

    fn error(&self, error: &serde_json::Error) -> ImportError {
        let reason = match error.classify() {
            serde_json::error::Category::Eof => "the file ends in the middle, so that it is not complete".to_owned(),
            serde_json::error::Category::Io => error.to_string(),
            _ => format!("it is not JSON: {error}"),
        };
        ImportError::Read { position: self.last.clone(), reason }
    }

    /// Hands over an element. The error ends the reading.
    fn send<E: serde::de::Error>(&mut self, place: String, item: Result<JsonItem, &'static str>) -> Result<(), E> {
        let position = if self.lists > 1 { format!("page {}: {place}", self.lists) } else { place };
        self.last.clone_from(&position);
        self.allowance.renew();
        self.sender.send(Ok(Element { position, item })).map_err(|_| E::custom("nobody listens"))
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
enum Place {
    /// It is a document.
    Top,
    /// It is an element of an array that is a document, the first one or another.
    Element(usize),
    /// It is the value of a container.
    Contained,
}

/// A page with lists, an array of pages or of elements, or an element that is the whole document.
struct Document<'a> {
    walk: &'a mut Walk,
    place: Place,
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while seq.next_element_seed(Document { walk: self.walk, place: Place::Element(index) })?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut fields = BTreeMap::new();
        let mut is_page = false;
        while let Some(name) = map.next_key::<String>()? {
            let walk = &mut *self.walk;
            if walk.shape.containers.contains(&name.as_str()) {
                is_page = true;
                map.next_value_seed(Document { walk, place: Place::Contained })?;
            } else if let Some(name) = walk.shape.lists.iter().find(|list| **list == name) {
                is_page = true;
                map.next_value_seed(List { walk, name })?;
            } else {
                fields.insert(name, map.next_value::<Box<RawValue>>()?);
            }
        }
        if is_page {
            return Ok(());
        }
        let place = match self.place {
            Place::Contained => return Ok(()),
            Place::Top => {
                self.walk.lists += 1;
                "document".to_owned()
            }
            Place::Element(index) => {
                self.walk.lists += usize::from(index == 0 || self.walk.lists == 0);
                format!("[{index}]")
            }
        };
        self.walk.send(place, Ok(JsonItem::new(fields)))
    }

    fn visit_bool<E: serde::de::Error>(self, _: bool) -> Result<(), E> {
        self.other()
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.other()
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.other()
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.other()
    }

    fn visit_str<E: serde::de::Error>(self, _: &str) -> Result<(), E> {
        self.other()
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.other()
    }
}

impl Document<'_> {
    /// A value that is neither an object nor an array.
    fn other<E: serde::de::Error>(self) -> Result<(), E> {
        match self.place {
            Place::Top => Err(E::custom("there is neither an object nor an array")),
            Place::Element(index) => self.walk.send(format!("[{index}]"), Err("it is not an object")),
            Place::Contained => Ok(()),
        }
    }
}

/// A list.
struct List<'a> {
    walk: &'a mut Walk,
    name: &'static str,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.walk.lists += 1;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(raw) = seq.next_element::<Box<RawValue>>()? {
            self.walk.send(format!("{}[{index}]", self.name), element(&raw))?;
            index += 1;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let is_named = self.walk.shape.named.contains(&self.name);
        let mut fields = BTreeMap::new();
        while let Some(name) = map.next_key::<String>()? {
            let raw = map.next_value::<Box<RawValue>>()?;
            if is_named {
                self.walk.send(format!("{}.{name}", self.name), element(&raw))?;
            } else {
                fields.insert(name, raw);
            }
        }
        if is_named {
            return Ok(());
        }
        self.walk.send(self.name.to_owned(), Ok(JsonItem::new(fields)))
    }

    /// `null`: the list is empty.
    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    /// Some services write an empty list as a text or as `false`.
    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
}

fn element(raw: &RawValue) -> Result<JsonItem, &'static str> {
    JsonItem::parse(raw.get()).ok_or("it is not an object")
}
