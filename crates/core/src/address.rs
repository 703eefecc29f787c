//! Network addresses as values: whom a limit per address counts as one.

// Rust's own `core`: an address is a value, and to know one is no I/O.
use ::core::net::IpAddr;

/// The number by which limits know an address: of IPv4 the address itself, written as IPv6 or not;
/// of IPv6 its /64 network, which a subscriber is given whole and can wander through.
pub fn subscriber(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address) & !u128::from(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_number() {
        let number = |text: &str| subscriber(text.parse().unwrap());
        assert_eq!(number("2001:db8:1:2::1"), number("2001:db8:1:2:ffff::9"));
        assert_ne!(number("2001:db8:1:2::1"), number("2001:db8:1:3::1"));
        assert_eq!(number("::ffff:192.0.2.1"), number("192.0.2.1"));
        assert_ne!(number("192.0.2.1"), number("192.0.2.2"));
    }
}
