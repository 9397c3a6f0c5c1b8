//! A JSON document, member by member; the items of a list one by one.

use super::stream::{Stop, Stream};
use super::{Member, Place, Tree, Value, json};
use crate::scenario::diagnostic::Problem;

/// A JSON document while it is read.
pub(crate) struct Json {
    /// Where it begins.
    place: Place,
    /// Its members so far, without the items of a list.
    members: Vec<Member>,
    state: State,
    items: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first member.
    Start,
    /// Behind a member.
    Member,
    /// Before the first item.
    FirstItem,
    /// Behind an item.
    Item,
}

/// What comes next in a document.
pub(crate) enum Next {
    /// An item of its list.
    Item(Tree),
    /// An item that cannot be read.
    Bad(Problem),
    /// It has ended: what it is without the items.
    End(Tree),
}

impl Json {
    /// The document that a stream is at.
    pub(crate) fn new(stream: &mut Stream<'_>) -> Result<Self, Stop> {
        stream.release();
        let place = stream.place(stream.at, stream.at + 1);
        if stream.peek()? != Some(b'{') {
            let (start, end) = stream.skip_value()?;
            if start == end {
                return Err(stream.wrong("a value").into());
            }
            json::value(stream.text(start, end), stream.file, stream.base + start)?;
            let text = "a document must be a map with `apiVersion` and `kind`";
            return Err(stream.wrong_at(start, start + 1, text).into());
        }
        stream.at += 1;
        Ok(Self {
            place,
            members: Vec::new(),
            state: State::Start,
            items: false,
        })
    }

    /// The text of a member that has been read.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        let member = self.members.iter().find(|m| &*m.key == key)?;
        match &member.value.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Reads on to the next item, or to the end.
    pub(crate) fn next(&mut self, stream: &mut Stream<'_>) -> Result<Next, Stop> {
        loop {
            stream.blanks()?;
            match self.state {
                State::FirstItem | State::Item => {
                    if stream.peek()? == Some(b']') {
                        stream.at += 1;
                        self.state = State::Member;
                        continue;
                    }
                    if self.state == State::Item {
                        expect(stream, b',', "`,` or `]`")?;
                    }
                    return self.item(stream);
                }
                State::Start | State::Member => {
                    if stream.peek()? == Some(b'}') {
                        stream.at += 1;
                        return Ok(Next::End(Tree {
                            place: self.place,
                            value: Value::Map(std::mem::take(&mut self.members)),
                        }));
                    }
                    if self.state == State::Member {
                        expect(stream, b',', "`,` or `}`")?;
                    }
                    self.member(stream)?;
                }
            }
        }
    }

    fn item(&mut self, stream: &mut Stream<'_>) -> Result<Next, Stop> {
        if stream.peek()? != Some(b'{') {
            return Err(stream.wrong("an object").into());
        }
        let (start, end) = stream.skip_value()?;
        self.state = State::Item;
        let tree = json::value(stream.text(start, end), stream.file, stream.base + start);
        Ok(tree.map_or_else(Next::Bad, Next::Item))
    }

    /// Reads a member, or only the beginning of a list of items.
    fn member(&mut self, stream: &mut Stream<'_>) -> Result<(), Stop> {
        if stream.peek()? != Some(b'"') {
            return Err(stream.wrong("a key in double quotes").into());
        }
        let (start, end) = stream.skip_value()?;
        let key = json::string(stream.text(start, end), stream.file, stream.base + start)?;
        let place = stream.place(start, end);
        let known = self.members.iter().any(|m| m.key == key) || self.items && &*key == "items";
        if known {
            return Err(Problem::at(place, format!("the key `{key}` stands here twice")).into());
        }
        stream.blanks()?;
        expect(stream, b':', "`:`")?;
        if &*key == "items" && stream.peek()? == Some(b'[') {
            stream.at += 1;
            self.items = true;
            self.state = State::FirstItem;
            return Ok(());
        }
        let (start, end) = stream.skip_value()?;
        if start == end {
            return Err(stream.wrong("a value").into());
        }
        let value = json::member(stream.text(start, end), stream.file, stream.base + start, &key)?;
        self.members.push(Member::new(key, place, value));
        self.state = State::Member;
        Ok(())
    }
}

/// Passes a sign and the blanks behind it.
fn expect(stream: &mut Stream<'_>, byte: u8, what: &str) -> Result<(), Stop> {
    if stream.peek()? != Some(byte) {
        return Err(stream.wrong(what).into());
    }
    stream.at += 1;
    stream.blanks()
}
