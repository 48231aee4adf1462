//! Which recorded name stands for which live one.
//!
//! Identifiers, keys and sessions differ between the recorded server and the live one. Each pair is learnt where the
//! two answers say the same thing in two names, must then hold for the rest of the exchange, and is put into later
//! requests.

use std::collections::HashMap;

use super::text::{UUID, uuid_at};

/// Pairs of names, one to one.
#[derive(Clone, Debug, Default)]
pub(super) struct Learnt {
    live: HashMap<String, String>,
    recorded: HashMap<String, String>,
    /// Keys and session identifiers, which have no shape by which they could be found.
    words: Vec<(String, String)>,
    /// Addresses and other texts that are only known as a whole.
    values: HashMap<String, String>,
    order: Vec<String>,
}

impl Learnt {
    /// The live name of a recorded one.
    pub(super) fn live(&self, recorded: &str) -> Option<&str> {
        self.live.get(recorded).map(String::as_str)
    }

    /// The recorded name of a live one.
    pub(super) fn recorded(&self, live: &str) -> Option<&str> {
        self.recorded.get(live).map(String::as_str)
    }

    /// Learns a pair of identifiers, or says that it contradicts what is known.
    pub(super) fn agree(&mut self, recorded: &str, live: &str) -> bool {
        match (self.live.get(recorded), self.recorded.get(live)) {
            (Some(known), _) => known == live,
            (None, Some(_)) => false,
            (None, None) => {
                self.set(recorded, live);
                true
            }
        }
    }

    /// Learns a pair of identifiers, whatever was known before.
    pub(super) fn set(&mut self, recorded: &str, live: &str) {
        self.live.insert(recorded.to_owned(), live.to_owned());
        self.recorded.insert(live.to_owned(), recorded.to_owned());
        self.order.push(recorded.to_owned());
    }

    /// Learns a pair of words: a key, a cookie.
    pub(super) fn word(&mut self, recorded: &str, live: &str) {
        if recorded != live && !recorded.is_empty() {
            self.words.retain(|(known, _)| known != recorded);
            self.words.push((recorded.to_owned(), live.to_owned()));
            self.words.sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
        }
    }

    /// Learns which text stands for another one where it is all that a parameter says.
    pub(super) fn value(&mut self, recorded: &str, live: &str) {
        self.values.insert(recorded.to_owned(), live.to_owned());
    }

    /// How much was learnt so far, for [`forget_since`](Self::forget_since).
    pub(super) fn mark(&self) -> usize {
        self.order.len()
    }

    /// Forgets the identifiers learnt since the mark.
    pub(super) fn forget_since(&mut self, mark: usize) {
        for name in self.order.drain(mark..) {
            if let Some(live) = self.live.remove(&name) {
                self.recorded.remove(&live);
            }
        }
    }

    /// A recorded request text in live names; identifiers in capitals stay in capitals.
    pub(super) fn translated(&self, text: &str) -> String {
        if let Some(live) = self.values.get(text) {
            return live.clone();
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        while at < text.len() {
            if uuid_at(text.as_bytes(), at) {
                let name = &text[at..at + UUID];
                if let Some(live) = self.live(name) {
                    out.push_str(live);
                    at += UUID;
                    continue;
                }
                if let Some(live) = self.live(&name.to_ascii_lowercase()) {
                    out.push_str(&live.to_ascii_uppercase());
                    at += UUID;
                    continue;
                }
            }
            let length = text[at..].chars().next().map_or(1, char::len_utf8);
            out.push_str(&text[at..at + length]);
            at += length;
        }
        for (recorded, live) in &self.words {
            out = out.replace(recorded, live);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "fe380496-ac79-4dc4-ac5f-3fe701ad69c9";
    const TWO: &str = "8715efe0-e2f0-45cc-9118-b2dcd414efe8";

    #[test]
    fn a_pair_holds_both_ways() {
        let mut learnt = Learnt::default();
        assert!(learnt.agree(ONE, TWO) && learnt.agree(ONE, TWO));
        assert!(!learnt.agree(ONE, ONE) && !learnt.agree(TWO, TWO));
        learnt.forget_since(0);
        assert!(learnt.agree(TWO, TWO));
    }

    #[test]
    fn requests_are_translated() {
        let mut learnt = Learnt::default();
        learnt.set(ONE, TWO);
        learnt.word("KEY-1", "k");
        let text = format!("a=%20{ONE}&b={}&k=KEY-1", ONE.to_uppercase());
        assert_eq!(learnt.translated(&text), format!("a=%20{TWO}&b={}&k=k", TWO.to_uppercase()));
        learnt.value("10.1.1.1", "10.1.1.7");
        assert_eq!(learnt.translated("10.1.1.1"), "10.1.1.7");
        assert_eq!(learnt.translated("10.1.1.12"), "10.1.1.12");
    }
}
