//! Sources are read from beginning to end, document by document and item by item: what has been dealt with is let go.

use std::io::{self, Read};

use super::diagnostic::Problem;
use super::intake::Intake;
use super::own::is_own;
use super::text::{Form, Json, Next, Place, Stop, Stream, Tree, Value, yaml_document};

/// So many items of a list whose kind is not known yet wait for it.
const MOST_WAITING: usize = 100_000;

/// What the items of a JSON list are.
enum Items {
    /// What they are is not known yet.
    Unknown,
    /// Objects, as the list says: its API version, and their kind if they need not say it.
    Listed(String, String),
    /// None: this is no list.
    None,
}

impl Intake {
    /// Reads all documents of a source.
    ///
    /// # Errors
    /// Where it cannot be read; what is wrong with what it says is noted.
    pub(super) fn source(&mut self, from: &mut dyn Read, file: u32) -> io::Result<()> {
        let mut stream = Stream::new(from, file);
        loop {
            match self.documents(&mut stream) {
                Ok(true) => {}
                Ok(false) => break,
                Err(Stop::Read(error)) => return Err(error),
                Err(Stop::Wrong(problem)) => {
                    self.count_broken(&stream);
                    self.wrong(problem);
                    self.settle(&mut stream);
                    match stream.resume() {
                        Ok(()) => {}
                        Err(Stop::Read(error)) => return Err(error),
                        Err(Stop::Wrong(problem)) => {
                            self.wrong(problem);
                            break;
                        }
                    }
                }
            }
            self.settle(&mut stream);
        }
        self.settle(&mut stream);
        if stream.is_whole() {
            self.texts.keep(file, stream.into_window());
        }
        Ok(())
    }

    /// Reads up to the next separator; false at the end.
    fn documents(&mut self, stream: &mut Stream<'_>) -> Result<bool, Stop> {
        match stream.begin()? {
            None => return Ok(false),
            Some(Form::Yaml) => {
                if let Some(tree) = yaml_document(stream)? {
                    self.document(tree, stream);
                }
            }
            Some(Form::Json) => loop {
                self.json(stream)?;
                stream.blanks()?;
                if stream.is_over()? {
                    break;
                }
            },
        }
        Ok(true)
    }

    /// A document that is there as a whole.
    fn document(&mut self, tree: Tree, stream: &mut Stream<'_>) {
        self.count();
        if let Some((api, kind)) = self.type_of(&tree) {
            self.keep_own(&api, stream);
            match kind.strip_suffix("List") {
                None => self.object(tree, &api, &kind),
                Some(inner) => self.items(tree, &api, inner),
            }
        }
        self.settle(stream);
    }

    /// The items of a list that is there as a whole.
    fn items(&mut self, mut tree: Tree, api: &str, inner: &str) {
        match tree.remove("items") {
            Some(Tree {
                value: Value::List(items),
                ..
            }) => {
                for item in items {
                    self.item(item, (api, inner));
                }
            }
            Some(Tree { value: Value::Null, .. }) | None => {}
            Some(other) => self.wrong(Problem::at(other.place, "`items` must be a list")),
        }
    }

    /// A JSON document; the items of a list are looked at as they come.
    fn json(&mut self, stream: &mut Stream<'_>) -> Result<(), Stop> {
        let mut json = Json::new(stream)?;
        let mut waiting = Vec::new();
        let mut first: Option<Place> = None;
        loop {
            match json.next(stream)? {
                Next::Bad(problem) => self.wrong(problem),
                Next::Item(tree) => match what(&json) {
                    Items::None => {}
                    Items::Listed(api, inner) => self.item_in(tree, (&api, &inner), stream),
                    Items::Unknown if tree.get("kind").is_some() => {
                        first.get_or_insert(tree.place);
                        self.item_in(tree, ("", ""), stream);
                    }
                    Items::Unknown if waiting.len() < MOST_WAITING => waiting.push(tree),
                    Items::Unknown => {
                        let text = "items without `kind` stand before the `kind` of their list";
                        return Err(Problem::at(tree.place, text).into());
                    }
                },
                Next::End(tree) => {
                    self.end(tree, waiting, first, stream);
                    return Ok(());
                }
            }
            self.settle(stream);
        }
    }

    /// The end of a JSON document: now it is known what it is.
    fn end(&mut self, tree: Tree, waiting: Vec<Tree>, first: Option<Place>, stream: &mut Stream<'_>) {
        let list = tree.text("kind").and_then(|kind| kind.strip_suffix("List"));
        if let (Some(inner), Some(api)) = (list, tree.text("apiVersion")) {
            for item in waiting {
                self.item(item, (api, inner));
            }
        } else if let (Some(kind), Some(place)) = (tree.text("kind"), first) {
            let text = format!("`items` with objects in a {kind}, which is no list");
            self.wrong(Problem::at(place, text));
        }
        self.document(tree, stream);
    }

    fn item_in(&mut self, tree: Tree, list: (&str, &str), stream: &mut Stream<'_>) {
        if let Some(api) = tree.text("apiVersion") {
            self.keep_own(api, stream);
        }
        self.item(tree, list);
    }

    /// Errors of own documents are found late, and show their lines all the same.
    fn keep_own(&mut self, api: &str, stream: &Stream<'_>) {
        if stream.is_large() && is_own(api) {
            self.texts.keep(stream.file(), stream.piece());
        }
    }

    /// Finds lines and columns of what is new, while the text is there.
    fn settle(&mut self, stream: &mut Stream<'_>) {
        for place in self.fresh.drain(..) {
            self.texts.note(place, stream.point(place));
        }
        if stream.is_large() {
            self.problems.settle(stream.file(), &stream.spots(), &self.texts);
        }
        stream.release();
    }
}

/// What the items of a document are, by what is known of it so far.
fn what(json: &Json) -> Items {
    match (json.text("apiVersion"), json.text("kind")) {
        (_, None) => Items::Unknown,
        (api, Some(kind)) => match kind.strip_suffix("List") {
            Some(inner) => Items::Listed(api.unwrap_or_default().to_owned(), inner.to_owned()),
            None => Items::None,
        },
    }
}
