//! How values stand in a saved world where serde's own form would not do: maps whose keys are no texts, names that
//! the program holds as constants, numbers that JSON cannot hold.
//!
//! Each module has the two functions that `#[serde(with = "…")]` names.

/// A constant text of the program that a saved world brings back. The alias keeps serde from borrowing it out of the
/// file.
pub(crate) type Word = &'static str;

/// Names that are constants where the world is made: those of fields, agents' commands, kinds of things.
pub(crate) mod word {
    use std::collections::BTreeSet;
    use std::sync::{Mutex, PoisonError};

    use serde::de::Error;
    use serde::{Deserialize, Deserializer};

    use super::Word;

    /// The longest name.
    const LENGTH: usize = 128;
    /// How many names are kept. All there are in the program are far fewer, and files must not eat memory for good.
    const COUNT: usize = 8192;

    /// The names that files brought, each once and for as long as the program runs. They say nothing about any world.
    static NAMES: Mutex<BTreeSet<Word>> = Mutex::new(BTreeSet::new());

    /// The constant that is equal to a text.
    pub(crate) fn of(text: &str) -> Result<Word, String> {
        if text.len() > LENGTH {
            return Err(format!("a name of {} bytes, where {LENGTH} are the most", text.len()));
        }
        let mut names = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(name) = names.get(text) {
            return Ok(name);
        }
        if names.len() >= COUNT {
            return Err(format!("{text:?} is one name too many: saved worlds have brought {COUNT} others"));
        }
        let name: Word = Box::leak(text.to_owned().into_boxed_str());
        names.insert(name);
        Ok(name)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Word, D::Error> {
        of(&String::deserialize(from)?).map_err(Error::custom)
    }

    /// A name that may be missing.
    pub(crate) fn maybe<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Word>, D::Error> {
        Option::<String>::deserialize(from)?.map(|text| of(&text).map_err(Error::custom)).transpose()
    }

    /// Names with values.
    pub(crate) fn pairs<'de, D, T>(from: D) -> Result<Vec<(Word, T)>, D::Error>
    where
        D: Deserializer<'de>,
        T: Deserialize<'de>,
    {
        let pairs = Vec::<(String, T)>::deserialize(from)?;
        pairs.into_iter().map(|(name, value)| Ok((of(&name).map_err(Error::custom)?, value))).collect()
    }
}

/// Maps as JSON objects. A key that comes twice is refused.
pub(crate) mod map {
    use std::fmt;
    use std::marker::PhantomData;

    use imbl::OrdMap;
    use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
    use serde::ser::{Serialize, Serializer};
    use uuid::Uuid;

    use super::{Word, word};
    use crate::world::kind::Kind;

    /// What may be the key of a JSON object.
    pub(crate) trait Key: Ord + Clone {
        fn text(&self) -> String;

        /// The key that has this text.
        fn of(text: &str) -> Result<Self, String>;
    }

    macro_rules! keys_by_their_text {
        ($($key:ty, $what:literal;)*) => {$(
            impl Key for $key {
                fn text(&self) -> String {
                    self.to_string()
                }

                fn of(text: &str) -> Result<Self, String> {
                    // One text for each key, so that no key comes twice in disguise.
                    let key = text.parse::<Self>().ok().filter(|key| key.to_string() == text);
                    key.ok_or_else(|| format!("{text:?} is no {}", $what))
                }
            }
        )*};
    }

    keys_by_their_text! {
        u64, "number";
        i64, "number";
        Uuid, "identifier";
        std::net::Ipv4Addr, "IPv4 address";
    }

    impl Key for String {
        fn text(&self) -> String {
            self.clone()
        }

        fn of(text: &str) -> Result<Self, String> {
            Ok(text.to_owned())
        }
    }

    impl Key for Word {
        fn text(&self) -> String {
            (*self).to_owned()
        }

        fn of(text: &str) -> Result<Self, String> {
            word::of(text)
        }
    }

    impl Key for Kind {
        fn text(&self) -> String {
            format!("{self:?}")
        }

        fn of(text: &str) -> Result<Self, String> {
            let kind = Self::ALL.iter().copied().find(|kind| kind.text() == text);
            kind.ok_or_else(|| format!("{text:?} is no kind of thing"))
        }
    }

    pub(crate) fn serialize<K: Key, V: Serialize, S: Serializer>(
        map: &OrdMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_map(map.iter().map(|(key, value)| (key.text(), value)))
    }

    pub(crate) fn deserialize<'de, K, V, D>(from: D) -> Result<OrdMap<K, V>, D::Error>
    where
        K: Key,
        V: Deserialize<'de> + Clone,
        D: Deserializer<'de>,
    {
        struct Members<K, V>(PhantomData<(K, V)>);

        impl<'de, K: Key, V: Deserialize<'de> + Clone> Visitor<'de> for Members<K, V> {
            type Value = OrdMap<K, V>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
                let mut map = OrdMap::new();
                while let Some((text, value)) = members.next_entry::<String, V>()? {
                    let key = K::of(&text).map_err(Error::custom)?;
                    if map.insert(key, value).is_some() {
                        return Err(Error::custom(format!("{text:?} is there twice")));
                    }
                }
                Ok(map)
            }
        }

        from.deserialize_map(Members(PhantomData))
    }
}

/// Maps whose keys are no texts, as a list of pairs. A key that comes twice is refused.
pub(crate) mod pairs {
    use std::fmt::Debug;

    use imbl::OrdMap;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::{Serialize, Serializer};

    pub(crate) fn serialize<K, V, S>(map: &OrdMap<K, V>, to: S) -> Result<S::Ok, S::Error>
    where
        K: Serialize + Ord,
        V: Serialize,
        S: Serializer,
    {
        to.collect_seq(map.iter())
    }

    pub(crate) fn deserialize<'de, K, V, D>(from: D) -> Result<OrdMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord + Clone + Debug,
        V: Deserialize<'de> + Clone,
        D: Deserializer<'de>,
    {
        let mut map = OrdMap::new();
        for (key, value) in Vec::<(K, V)>::deserialize(from)? {
            if map.insert(key.clone(), value).is_some() {
                return Err(Error::custom(format!("{key:?} is there twice")));
            }
        }
        Ok(map)
    }
}

/// Settings that have values in scopes, as a list of scope, name and value.
pub(crate) mod scoped {
    use imbl::OrdMap;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::{Word, word};
    use crate::world::setting::Scope;

    pub(crate) fn serialize<S: Serializer>(
        values: &OrdMap<(Scope, Word), String>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(values.iter().map(|((scope, name), value)| (scope, name, value)))
    }

    pub(crate) fn deserialize<'de, D>(from: D) -> Result<OrdMap<(Scope, Word), String>, D::Error>
    where
        D: Deserializer<'de>,
    {
        let mut values = OrdMap::new();
        for (scope, name, value) in Vec::<(Scope, String, String)>::deserialize(from)? {
            let word = word::of(&name).map_err(Error::custom)?;
            if values.insert((scope, word), value).is_some() {
                return Err(Error::custom(format!("{name:?} of {scope:?} is there twice")));
            }
        }
        Ok(values)
    }
}

/// What is written and read as text: releases.
pub(crate) mod text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(crate) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(crate) fn deserialize<'de, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(from)?.parse().map_err(Error::custom)
    }
}

/// A set of faults as the list of their names.
pub(crate) mod quirks {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::quirk::{Quirk, Quirks};

    pub(crate) fn serialize<S: Serializer>(quirks: &Quirks, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(quirks.iter().map(Quirk::name))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Quirks, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        names.iter().map(|name| name.parse::<Quirk>().map_err(Error::custom)).collect()
    }
}

/// The state of a source of identifiers, in sixteen hexadecimal digits: many programs read numbers of JSON with 53
/// bits only.
pub(crate) mod hexadecimal {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(crate) fn serialize<S: Serializer>(number: &u64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{number:016x}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
        let text = String::deserialize(from)?;
        let is_one = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(&text, 16).ok().filter(|_| is_one);
        number.ok_or_else(|| Error::custom(format!("{text:?} are not sixteen hexadecimal digits")))
    }
}

/// Numbers with a fraction as their text, for a float may be no number or without end and JSON has neither.
pub(crate) mod float {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(crate) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(number)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| Error::custom(format!("{text:?} is no number")))
    }
}
