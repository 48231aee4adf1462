//! IPv6 prefixes that zones hand out to guest networks, 64 bits each.

use std::net::Ipv6Addr;

use super::register::{Field, Row, create, delete, list};
use super::{Behaviour, EventTexts};
use crate::api::error::ApiError;
use crate::world::kind::Kind;

/// The length of the prefix that a network gets.
const NETWORK_PREFIX: u32 = 64;

pub(super) const ROWS: &[Row] = &[Row {
    kind: Kind::GuestPrefix,
    noun: "GuestNetworkIpv6Prefix",
    fields: &[Field::of("prefix"), Field::of("zoneid")],
    gone: "Unable to find prefix with id {id}",
    check: Some(|world, _, arguments| {
        let sent = arguments.required("prefix");
        let Some((address, length)) = parsed(sent) else {
            return Err(ApiError::invalid(format!("Invalid IPv6 prefix: {sent}")));
        };
        if length > NETWORK_PREFIX {
            return Err(ApiError::invalid(format!("IPv6 prefix must be /{NETWORK_PREFIX} or less: {sent}")));
        }
        let known = world.register.iter(Kind::GuestPrefix);
        let mut others = known.filter_map(|(_, row)| row.field("prefix").and_then(parsed));
        if others.any(|other| overlap((address, length), other)) {
            return Err(ApiError::invalid(format!("IPv6 prefix {sent} overlaps with an existing one")));
        }
        Ok(())
    }),
    extra: Some(|_, _, record, object| {
        let length = record.field("prefix").and_then(parsed).map_or(NETWORK_PREFIX, |(_, length)| length);
        let subnets = 1u128 << NETWORK_PREFIX.saturating_sub(length);
        let total = i64::try_from(subnets).unwrap_or(i64::MAX);
        object.push("usedsubnets", 0);
        object.push("availablesubnets", total);
        object.push("totalsubnets", total);
    }),
    ..Row::PLAIN
}];

pub(super) const COMMANDS: &[Behaviour] = &[
    Behaviour {
        events: Some(EventTexts::of("Creating guest IPv6 prefix {prefix}")),
        ..create("createGuestNetworkIpv6Prefix")
    },
    list("listGuestNetworkIpv6Prefixes"),
    Behaviour {
        events: Some(EventTexts::of("Deleting guest IPv6 prefix {}")),
        ..delete("deleteGuestNetworkIpv6Prefix")
    },
];

/// A prefix as a number and its length.
fn parsed(text: &str) -> Option<(u128, u32)> {
    let (address, length) = text.split_once('/')?;
    let address: Ipv6Addr = address.parse().ok()?;
    let length = length.parse().ok().filter(|length| (1..=128).contains(length))?;
    Some((address.to_bits(), length))
}

/// Whether two prefixes have addresses in common.
fn overlap(one: (u128, u32), other: (u128, u32)) -> bool {
    let rest = 128 - one.1.min(other.1);
    one.0 >> rest == other.0 >> rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_overlap_when_the_shorter_one_covers_the_longer() {
        let prefix = |text| parsed(text).expect("a prefix");
        assert!(overlap(prefix("fd17:5:8a43::/48"), prefix("fd17:5:8a43:e2::/64")));
        assert!(!overlap(prefix("fd17:5:8a43::/48"), prefix("fd17:5:8a44::/48")));
        for wrong in ["fd17::", "fd17::/0", "fd17::/129", "10.0.0.0/8", ""] {
            assert_eq!(parsed(wrong), None, "{wrong}");
        }
    }
}
