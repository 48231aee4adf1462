//! The resolver of the virtual routers, as their dnsmasq answers (DHCP-019 to DHCP-021): the router itself, which is
//! `data-server`, and the guests of its network. No sockets here; `server/dns.rs` has those.
//!
//! A router passes all other questions on to the zone's resolvers. This one has nobody to pass them on to and refuses
//! them, as dnsmasq does where it knows no other resolver.

#[cfg(test)]
mod tests;

use std::net::{IpAddr, Ipv4Addr};

use hickory_proto::op::{Edns, Message, MessageType, Metadata, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, PTR};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};

use crate::quirk::Quirk;
use crate::world::World;
use crate::world::network::Network;
use crate::world::router::Router;
use crate::world::table::Id;

/// The port of resolvers.
pub const PORT: u16 = 53;
/// What the router is called by all its guests (DHCP-019).
pub const DATA_SERVER: &str = "data-server";
/// The longest answer by UDP that we take and give, in bytes (dnsmasq's `SAFE_PKTSZ`).
const PAYLOAD_BYTES: u16 = 1232;

/// Answers a question to the resolver of a network's router. Nothing is said to what is no question, and nothing at all
/// by a router that does not serve or whose network has its names from elsewhere (DHCP-021).
#[must_use]
pub fn answer(world: &World, network: Id, packet: &[u8]) -> Option<Vec<u8>> {
    let request = Message::from_vec(packet).ok()?;
    if request.metadata.message_type != MessageType::Query {
        return None;
    }
    let row = world.networks.get(network)?;
    let (router, address) = (row.serving_router()?, row.service_address()?);
    if !world.routers_give(row, "Dns") {
        return None;
    }
    let mut reply = Message::new(request.metadata.id, MessageType::Response, request.metadata.op_code);
    reply.metadata = Metadata::response_from_request(&request.metadata);
    reply.metadata.recursion_available = true;
    let finding = match request.queries.as_slice() {
        _ if request.metadata.op_code != OpCode::Query => Finding::Failure(ResponseCode::NotImp),
        [query] if query.query_class == DNSClass::IN => {
            Names { world, id: network, row, router, address }.find(query)
        }
        [_] => Finding::Failure(ResponseCode::Refused),
        _ => Finding::Failure(ResponseCode::FormErr),
    };
    match finding {
        Finding::Data(answers) => {
            reply.metadata.authoritative = !world.sins(Quirk::DnsAnswersAreSecondHand);
            reply.answers = answers;
        }
        Finding::Nothing => {}
        Finding::NobodyHere => {
            reply.metadata.authoritative = true;
            reply.metadata.response_code = ResponseCode::NXDomain;
        }
        Finding::Failure(code) => reply.metadata.response_code = code,
    }
    reply.queries = request.queries;
    if request.edns.is_some() {
        let mut edns = Edns::new();
        edns.set_max_payload(PAYLOAD_BYTES);
        reply.set_edns(edns);
    }
    reply.to_vec().ok()
}

/// What is known of a name.
enum Finding {
    /// This, from the router's own list.
    Data(Vec<Record>),
    /// The name is there, but nothing of the type.
    Nothing,
    /// The address is of a private network and nobody's (`bogus-priv`).
    NobodyHere,
    /// What dnsmasq says without looking into its list.
    Failure(ResponseCode),
}

/// What the router of one network knows by name: its `/etc/hosts`.
struct Names<'w> {
    world: &'w World,
    id: Id,
    row: &'w Network,
    router: &'w Router,
    /// Where its guests find it.
    address: Ipv4Addr,
}

impl Names<'_> {
    fn find(&self, query: &Query) -> Finding {
        if let Some(address) = address_of(&query.name) {
            return self.pointer(query, address);
        }
        let is_plain = query.name.num_labels() == 1;
        let asks_for_an_address = matches!(query.query_type, RecordType::A | RecordType::AAAA);
        let mut addresses = self.addresses(&query.name);
        if addresses.is_empty() && is_plain && self.world.sins(Quirk::DnsAnswersEverything) {
            addresses.push(self.address);
        }
        match query.query_type {
            RecordType::A | RecordType::ANY if !addresses.is_empty() => {
                let data = addresses.into_iter().map(|address| RData::A(A(address)));
                Finding::Data(data.map(|data| self.record(query, data)).collect())
            }
            RecordType::AAAA if !addresses.is_empty() && self.world.sins(Quirk::DnsAaaaIsNxdomain) => {
                Finding::Failure(ResponseCode::NXDomain)
            }
            _ if !addresses.is_empty() => Finding::Nothing,
            // `domain-needed`: no other resolver is asked for the address of a plain name.
            _ if is_plain && asks_for_an_address => Finding::Failure(ResponseCode::NXDomain),
            // `local`: no other resolver is asked about the network's own domain, which has names in it.
            _ => match self.domain() {
                Some(domain) if query.name == domain => Finding::Nothing,
                Some(domain) if domain.zone_of(&query.name) => Finding::Failure(ResponseCode::NXDomain),
                _ => Finding::Failure(ResponseCode::Refused),
            },
        }
    }

    /// Who has an address, with the domain (`expand-hosts`).
    fn pointer(&self, query: &Query, address: Ipv4Addr) -> Finding {
        let hosts = self.hosts();
        let Some((host, _)) = hosts.iter().find(|(_, other)| *other == address) else {
            return if address.is_private() || address.is_loopback() || address.is_link_local() {
                Finding::NobodyHere
            } else {
                Finding::Failure(ResponseCode::Refused)
            };
        };
        let name = match self.domain() {
            Some(domain) if !self.world.sins(Quirk::DnsPointersAreShort) => in_domain(host, &domain),
            _ => in_domain(host, &Name::root()),
        };
        match (query.query_type, name) {
            (RecordType::PTR | RecordType::ANY, Some(name)) => {
                Finding::Data(vec![self.record(query, RData::PTR(PTR(name)))])
            }
            _ => Finding::Nothing,
        }
    }

    /// The addresses of a host by its name, with or without the domain, in any case of letters.
    fn addresses(&self, name: &Name) -> Vec<Ipv4Addr> {
        let domain = self.domain().filter(|_| !self.world.sins(Quirk::DnsKnowsNoDomain));
        let is_called = |host: &str| {
            let plain = in_domain(host, &Name::root());
            let whole = domain.as_ref().and_then(|domain| in_domain(host, domain));
            let mut names = plain.into_iter().chain(whole);
            if self.world.sins(Quirk::DnsNamesAreCaseSensitive) {
                names.any(|known| known.eq_case(name))
            } else {
                names.any(|known| known == *name)
            }
        };
        self.hosts().into_iter().filter(|(host, _)| is_called(host)).map(|(_, address)| address).collect()
    }

    /// Everybody with a name and an address, the router first: whoever asks who has its address hears its host name.
    fn hosts(&self) -> Vec<(String, Ipv4Addr)> {
        let own = self.address;
        let mut hosts = vec![(self.world.router_name(self.router), own)];
        if self.world.sins(Quirk::DataServerIsThePublicAddress) {
            hosts.push((DATA_SERVER.to_owned(), self.router.public_address.unwrap_or(own)));
        } else if !self.world.sins(Quirk::DnsNoDataServer) {
            hosts.push((DATA_SERVER.to_owned(), own));
        }
        if self.world.sins(Quirk::DnsKnowsNoGuests) {
            return hosts;
        }
        for (_, machine) in self.world.virtual_machines.iter() {
            let here = machine.nics.iter().filter(|nic| nic.network == self.id);
            hosts.extend(here.filter_map(|nic| Some((machine.name.clone(), nic.address?))));
        }
        hosts
    }

    /// The domain of the network, unless it is none.
    fn domain(&self) -> Option<Name> {
        let mut domain = Name::from_ascii(&self.row.domain).ok().filter(|domain| !domain.is_root())?;
        domain.set_fqdn(true);
        Some(domain)
    }

    /// An answer in the words of the question. Nobody is to keep it (`local-ttl` is 0).
    fn record(&self, query: &Query, data: RData) -> Record {
        let seconds = if self.world.sins(Quirk::DnsAnswersAreKept) { 86_400 } else { 0 };
        Record::from_rdata(query.name.clone(), seconds, data)
    }
}

/// A host in a domain; nothing if it cannot be written so.
fn in_domain(host: &str, domain: &Name) -> Option<Name> {
    Name::from_labels([host.as_bytes()]).ok()?.append_domain(domain).ok()
}

/// The address that a name under `in-addr.arpa` stands for.
fn address_of(name: &Name) -> Option<Ipv4Addr> {
    let network = name.parse_arpa_name().ok()?;
    match network.addr() {
        IpAddr::V4(address) if network.prefix_len() == 32 => Some(address),
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
