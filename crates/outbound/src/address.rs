//! Which addresses are on the public internet.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is none of the public internet.
///
/// Source: the IANA registries of special-purpose addresses (RFC 6890), and the documentation of
/// cloud providers for [`Range::Metadata`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Range {
    /// `0.0.0.0/8`, `::`: many systems take these for themselves.
    Unspecified,
    Loopback,
    /// RFC 1918.
    Private,
    /// `100.64.0.0/10`: behind a carrier's NAT.
    SharedSpace,
    /// Also where clouds, containers and hypervisors keep their own services.
    LinkLocal,
    /// Gives a cloud machine's credentials to whoever asks from it.
    Metadata,
    /// `fc00::/7`, and `fec0::/10` of old.
    UniqueLocal,
    Multicast,
    Broadcast,
    Documentation,
    Benchmark,
    /// Not assigned to anybody, or to protocols.
    Reserved,
    /// IPv6 that a gateway would turn into some IPv4 address: 6to4, Teredo, local NAT64 and the like.
    Transition,
}

impl Range {
    /// The range that keeps `address` off the public internet; `None` for a public address.
    /// An IPv6 address that only wraps an IPv4 address is judged as that one.
    pub fn of(address: IpAddr) -> Option<Range> {
        match address.to_canonical() {
            IpAddr::V4(address) => of_v4(address),
            IpAddr::V6(address) => of_v6(address),
        }
    }

    /// Whether an operator may let networks of this range in. Metadata services never, nor the
    /// link-local networks they are in, nor what is no destination for a call at all.
    pub(crate) fn can_be_allowed(self) -> bool {
        use Range::*;
        matches!(self, Loopback | Private | SharedSpace | UniqueLocal | Documentation | Benchmark)
    }

    /// For metrics: a word of a fixed set.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Range::Unspecified => "unspecified",
            Range::Loopback => "loopback",
            Range::Private => "private",
            Range::SharedSpace => "shared_space",
            Range::LinkLocal => "link_local",
            Range::Metadata => "metadata",
            Range::UniqueLocal => "unique_local",
            Range::Multicast => "multicast",
            Range::Broadcast => "broadcast",
            Range::Documentation => "documentation",
            Range::Benchmark => "benchmark",
            Range::Reserved => "reserved",
            Range::Transition => "transition",
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Range::Unspecified => "an unspecified address",
            Range::Loopback => "a loopback address",
            Range::Private => "a private address",
            Range::SharedSpace => "an address behind a carrier's NAT",
            Range::LinkLocal => "a link-local address",
            Range::Metadata => "the address of a cloud's metadata service",
            Range::UniqueLocal => "a unique local address",
            Range::Multicast => "a multicast address",
            Range::Broadcast => "a broadcast address",
            Range::Documentation => "an address for documentation",
            Range::Benchmark => "an address for benchmarks",
            Range::Reserved => "a reserved address",
            Range::Transition => "an IPv6 address that stands for some IPv4 address",
        })
    }
}

/// Metadata services outside of the link-local networks, which are refused as a whole: Alibaba
/// Cloud, Oracle Cloud, and the host of an Azure machine, which is among public addresses.
const METADATA_V4: &[Ipv4Addr] =
    &[Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];

/// Networks of AWS (`fd00:ec2::/32`) and Google Cloud (`fd20:ce::/32`).
const METADATA_V6: &[[u16; 2]] = &[[0xfd00, 0x0ec2], [0xfd20, 0x00ce]];

fn of_v4(address: Ipv4Addr) -> Option<Range> {
    if METADATA_V4.contains(&address) || address == Ipv4Addr::new(169, 254, 169, 254) {
        return Some(Range::Metadata);
    }
    Some(match address.octets() {
        [0, ..] => Range::Unspecified,
        [127, ..] => Range::Loopback,
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Range::Private,
        [100, 64..=127, ..] => Range::SharedSpace,
        [169, 254, ..] => Range::LinkLocal,
        [192, 0, 2, _] | [198, 51, 100, _] | [203, 0, 113, _] => Range::Documentation,
        [198, 18..=19, ..] => Range::Benchmark,
        // Protocol assignments, and the relays of 6to4.
        [192, 0, 0, _] | [192, 88, 99, _] => Range::Reserved,
        [224..=239, ..] => Range::Multicast,
        [255, 255, 255, 255] => Range::Broadcast,
        [240..=255, ..] => Range::Reserved,
        _ => return None,
    })
}

fn of_v6(address: Ipv6Addr) -> Option<Range> {
    let parts = address.segments();
    if METADATA_V6.iter().any(|network| parts.starts_with(network)) || wraps_link_local_metadata(parts) {
        return Some(Range::Metadata);
    }
    let [.., high, low] = parts;
    let within = Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    Some(match parts {
        [0, 0, 0, 0, 0, 0, 0, 0] => Range::Unspecified,
        [0, 0, 0, 0, 0, 0, 0, 1] => Range::Loopback,
        // NAT64 (RFC 6052), the way to IPv4 from networks that have none: as good as what is within.
        [0x64, 0xff9b, 0, 0, 0, 0, ..] => return of_v4(within),
        // NAT64 by a prefix of the network's own (RFC 8215), 6to4, and IPv4 written into IPv6 as of
        // old: where a packet ends is for gateways that we know nothing of.
        [0x64, 0xff9b, ..] | [0x2002, ..] | [0, 0, 0, 0, 0, 0, ..] | [0, 0, 0, 0, 0xffff, 0, ..] => Range::Transition,
        [0x2001, 0, ..] => Range::Transition, // Teredo
        [0xfe80..=0xfebf, ..] => Range::LinkLocal,
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Range::UniqueLocal,
        [0xff00..=0xffff, ..] => Range::Multicast,
        [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => Range::Documentation,
        [0x2001, 2, 0, ..] => Range::Benchmark,
        [0x2001, 0..=0x1ff, ..] => Range::Reserved, // protocol assignments
        // An interface of ISATAP (RFC 5214): its router sends the rest over IPv4.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => Range::Transition,
        [0x2000..=0x3fff, ..] => return None,
        _ => Range::Reserved, // nothing else is assigned
    })
}

/// `fe80::a9fe:a9fe`: the metadata service of OpenStack.
fn wraps_link_local_metadata(parts: [u16; 8]) -> bool {
    parts == [0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `first..=last` of every special range, and what it is.
    const RANGES: &[(&str, &str, Range)] = &[
        ("0.0.0.0", "0.255.255.255", Range::Unspecified),
        ("10.0.0.0", "10.255.255.255", Range::Private),
        ("100.64.0.0", "100.100.100.199", Range::SharedSpace),
        ("100.100.100.200", "100.100.100.200", Range::Metadata),
        ("100.100.100.201", "100.127.255.255", Range::SharedSpace),
        ("127.0.0.0", "127.255.255.255", Range::Loopback),
        ("168.63.129.16", "168.63.129.16", Range::Metadata),
        ("169.254.0.0", "169.254.169.253", Range::LinkLocal),
        ("169.254.169.254", "169.254.169.254", Range::Metadata),
        ("169.254.169.255", "169.254.255.255", Range::LinkLocal),
        ("172.16.0.0", "172.31.255.255", Range::Private),
        ("192.0.0.0", "192.0.0.191", Range::Reserved),
        ("192.0.0.192", "192.0.0.192", Range::Metadata),
        ("192.0.0.193", "192.0.0.255", Range::Reserved),
        ("192.0.2.0", "192.0.2.255", Range::Documentation),
        ("192.88.99.0", "192.88.99.255", Range::Reserved),
        ("192.168.0.0", "192.168.255.255", Range::Private),
        ("198.18.0.0", "198.19.255.255", Range::Benchmark),
        ("198.51.100.0", "198.51.100.255", Range::Documentation),
        ("203.0.113.0", "203.0.113.255", Range::Documentation),
        ("224.0.0.0", "239.255.255.255", Range::Multicast),
        ("240.0.0.0", "255.255.255.254", Range::Reserved),
        ("255.255.255.255", "255.255.255.255", Range::Broadcast),
        ("::", "::", Range::Unspecified),
        ("::1", "::1", Range::Loopback),
        ("::2", "::ffff:ffff", Range::Transition),
        ("::ffff:0:0:0", "::ffff:0:ffff:ffff", Range::Transition),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", Range::Transition),
        ("100::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Reserved),
        ("2001::", "2001:0:ffff:ffff:ffff:ffff:ffff:ffff", Range::Transition),
        ("2001:2::", "2001:2:0:ffff:ffff:ffff:ffff:ffff", Range::Benchmark),
        ("2001:3::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Reserved),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", Range::Documentation),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Transition),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Documentation),
        ("4000::", "fbff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Reserved),
        ("fc00::", "fd00:ec1:ffff:ffff:ffff:ffff:ffff:ffff", Range::UniqueLocal),
        ("fd00:ec2::", "fd00:ec2:ffff:ffff:ffff:ffff:ffff:ffff", Range::Metadata),
        ("fd20:ce::", "fd20:ce:ffff:ffff:ffff:ffff:ffff:ffff", Range::Metadata),
        ("fd20:cf::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::UniqueLocal),
        ("fe80::", "fe80::a9fe:a9fd", Range::LinkLocal),
        ("fe80::a9fe:a9fe", "fe80::a9fe:a9fe", Range::Metadata),
        ("fe80::a9fe:a9ff", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::LinkLocal),
        ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::UniqueLocal),
        ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", Range::Multicast),
    ];

    #[test]
    fn every_special_range_is_known_from_its_first_to_its_last_address() {
        for (first, last, range) in RANGES {
            for edge in [first, last] {
                assert_eq!(Range::of(edge.parse().unwrap()), Some(*range), "{edge}");
            }
        }
    }

    #[test]
    fn the_neighbours_of_special_ranges_are_public() {
        for address in [
            "1.0.0.0",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "168.63.129.15",
            "168.63.129.17",
            "169.253.255.255",
            "169.255.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "191.255.255.255",
            "192.0.1.0",
            "192.0.3.0",
            "192.88.98.255",
            "192.88.100.0",
            "192.167.255.255",
            "192.169.0.0",
            "198.17.255.255",
            "198.20.0.0",
            "198.51.99.255",
            "198.51.101.0",
            "203.0.112.255",
            "203.0.114.0",
            "223.255.255.255",
            "2000::",
            "2001:200::",
            "2001:db7::",
            "2001:db9::",
            "2003::",
            "3fff:1000::",
            "2606:4700::6810:85e5",
            "2a00:1450:4001::200e",
        ] {
            assert_eq!(Range::of(address.parse().unwrap()), None, "{address}");
        }
    }

    #[test]
    fn wrapped_ipv4_is_as_good_as_what_is_within() {
        for (within, range) in [
            ("127.0.0.1", Some(Range::Loopback)),
            ("10.1.2.3", Some(Range::Private)),
            ("169.254.169.254", Some(Range::Metadata)),
            ("0.0.0.0", Some(Range::Unspecified)),
            ("255.255.255.255", Some(Range::Broadcast)),
            ("8.8.8.8", None),
        ] {
            for wrapped in [format!("::ffff:{within}"), format!("64:ff9b::{within}")] {
                assert_eq!(Range::of(wrapped.parse().unwrap()), range, "{wrapped}");
            }
        }
    }

    #[test]
    fn forms_that_only_gateways_understand_are_refused_whatever_is_within() {
        for address in [
            "::127.0.0.1",
            "::8.8.8.8",
            "::ffff:0:127.0.0.1",
            "64:ff9b:1::127.0.0.1",
            "64:ff9b:0:1::8.8.8.8",
            "2002:7f00:1::",
            "2002:808:808::1",
            "2001:0:7f00:1::",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
            "2a00:1450::5efe:127.0.0.1",
            "2a00:1450::200:5efe:10.0.0.1",
        ] {
            assert_eq!(Range::of(address.parse().unwrap()), Some(Range::Transition), "{address}");
        }
    }
}
