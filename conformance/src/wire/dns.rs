//! Questions to a router's resolver, as one of its guests.

use std::{
    net::{IpAddr, Ipv4Addr},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use hickory_proto::{
    op::{Message, MessageType, OpCode, Query},
    rr::{Name, RData, Record},
};

use super::{ExchangeError, datagram::Datagram};
use crate::check::{Mismatch, Stop};

pub use hickory_proto::{op::ResponseCode, rr::RecordType};

/// A resolver, seen from one address.
#[derive(Debug)]
pub struct Resolver {
    datagram: Datagram,
}

impl Resolver {
    pub(crate) fn open(
        server: &str,
        source: Option<IpAddr>,
        deadline: Duration,
    ) -> Result<Self, ExchangeError> {
        Ok(Self { datagram: Datagram::open(server, source, deadline)? })
    }

    /// Asks for the records of a name. It is sent in its own case of letters.
    pub fn ask(&self, name: &str, kind: RecordType) -> Result<Told, Stop> {
        static NUMBER: AtomicU16 = AtomicU16::new(1);
        let fault = |reason: String| ExchangeError::Fault(format!("{name} cannot be asked for: {reason}"));
        let mut question = Name::from_ascii(name).map_err(|error| fault(error.to_string()))?;
        question.set_fqdn(true);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut message = Message::new(number, MessageType::Query, OpCode::Query);
        message.metadata.recursion_desired = true;
        message.add_query(Query::query(question, kind));
        let packet = message.to_vec().map_err(|error| fault(error.to_string()))?;
        // What has not our number is nobody's answer to us.
        let is_ours = |packet: &[u8]| packet.starts_with(&number.to_be_bytes());
        let answer = self.datagram.exchange(&[packet], |packet| is_ours(packet).then(|| packet.to_vec()))?;
        let at = format!("answer to {name} {kind}");
        let message =
            Message::from_vec(&answer).map_err(|error| Mismatch::new(&at, "a message of RFC 1035", error))?;
        if message.metadata.message_type != MessageType::Response || message.queries != [asked(name, kind)?] {
            return Err(Mismatch::new(at, "an answer to the question", message).into());
        }
        Ok(Told { at, message })
    }
}

fn asked(name: &str, kind: RecordType) -> Result<Query, ExchangeError> {
    let mut name = Name::from_ascii(name).map_err(|error| ExchangeError::Fault(error.to_string()))?;
    name.set_fqdn(true);
    Ok(Query::query(name, kind))
}

/// What a resolver answered.
#[derive(Clone, Debug)]
pub struct Told {
    at: String,
    message: Message,
}

impl Told {
    /// The code of the answer.
    pub fn code(&self) -> ResponseCode {
        self.message.metadata.response_code
    }

    /// Whether the resolver answers by its own knowledge.
    pub fn is_authoritative(&self) -> bool {
        self.message.metadata.authoritative
    }

    /// The records.
    pub fn records(&self) -> &[Record] {
        &self.message.answers
    }

    /// The IPv4 addresses among the records.
    pub fn addresses(&self) -> Vec<Ipv4Addr> {
        let address = |record: &Record| match &record.data {
            RData::A(address) => Some(address.0),
            _ => None,
        };
        self.records().iter().filter_map(address).collect()
    }

    /// The names among the records, without the final dot.
    pub fn names(&self) -> Vec<String> {
        let name = |record: &Record| match &record.data {
            RData::PTR(name) => Some(name.0.to_ascii().trim_end_matches('.').to_owned()),
            _ => None,
        };
        self.records().iter().filter_map(name).collect()
    }

    /// A mismatch of this answer.
    pub fn mismatch(&self, expected: impl std::fmt::Display, actual: impl std::fmt::Display) -> Stop {
        Mismatch::new(self.at.clone(), expected, actual).into()
    }
}
