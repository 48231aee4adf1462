//! Errands: what a world must know from outside before it can go on.
//!
//! A world never waits. Where it needs a directory's word it asks [`World::ask`]: the answer is there, or the question
//! is left open, and what the request came to is thrown away. Whoever holds the world then puts the open question to
//! the directory, without holding it, and lets the request run again from the start with the answer. A world that
//! nobody runs errands for sees every directory as out of reach.

use super::World;

/// A question to a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The directory's addresses, asked in this order until one can be reached: host and port.
    pub servers: Vec<(String, u16)>,
    /// The name to bind with; an empty one binds anonymously.
    pub name: String,
    /// The password to bind with.
    pub password: String,
    /// What to look for after the bind, if anything.
    pub search: Option<Search>,
}

/// What to look for in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The entry below which is searched, itself included.
    pub base: String,
    /// The filter, in the text form of RFC 4515.
    pub filter: String,
    /// The attributes to bring back.
    pub attributes: Vec<String>,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name.
    pub name: String,
    /// Attributes with their values.
    pub attributes: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// The values of an attribute, whose case does not matter.
    pub fn values(&self, attribute: &str) -> impl Iterator<Item = &str> {
        self.attributes
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(attribute))
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// The first value of an attribute.
    #[must_use]
    pub fn value(&self, attribute: &str) -> Option<&str> {
        self.values(attribute).next()
    }
}

/// What a directory answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The bind was accepted, and this was found.
    Entries(Vec<Entry>),
    /// The directory refused.
    Refused,
    /// No answer: no connection, or none in time.
    Unreachable,
}

/// The questions of one request.
#[derive(Debug, Clone, Default)]
pub struct Errands {
    /// What was asked and answered.
    pub done: Vec<(Question, Finding)>,
    /// What must be asked now.
    pub open: Option<Question>,
}

impl World {
    /// What a directory says. While nobody has asked it yet, it counts as out of reach.
    pub fn ask(&mut self, question: Question) -> Finding {
        if question.servers.is_empty() {
            return Finding::Unreachable;
        }
        if let Some((_, finding)) = self.errands.done.iter().find(|(asked, _)| *asked == question) {
            return finding.clone();
        }
        // The first one decides how the request goes on, so only that one is run.
        self.errands.open.get_or_insert(question);
        Finding::Unreachable
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::clock::VIRTUAL_EPOCH;

    fn question(name: &str) -> Question {
        Question {
            servers: vec![("directory.example".to_owned(), 389)],
            name: name.to_owned(),
            password: "secret".to_owned(),
            search: None,
        }
    }

    #[test]
    fn a_question_is_open_until_it_is_answered() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        assert_eq!(world.ask(question("one")), Finding::Unreachable);
        assert_eq!(world.ask(question("two")), Finding::Unreachable);
        let open = world.errands.open.take().expect("nobody has asked yet");
        assert_eq!(open, question("one"));
        world.errands.done.push((open, Finding::Refused));
        assert_eq!(world.ask(question("one")), Finding::Refused);
        assert_eq!(world.errands.open, None);
    }

    #[test]
    fn a_directory_without_an_address_is_never_asked() {
        let mut world = World::blank(1, VIRTUAL_EPOCH);
        assert_eq!(world.ask(Question { servers: Vec::new(), ..question("one") }), Finding::Unreachable);
        assert_eq!(world.errands.open, None);
    }
}
