//! Spellings of URLs: which are called and which are not, by the text alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use outbound::{Http, Policy, Range, Refused, URL_MAX};
use proptest::prelude::*;
use stagedoor_core::Network;

use crate::spellings::{ACCEPTED, REFUSED};

fn policy() -> Policy {
    Policy::strict("test")
}

fn with_http() -> Policy {
    Policy { http: Http::Allowed, ..policy() }
}

#[test]
fn each_spelling_is_refused_for_its_reason() {
    let mut wrong = Vec::new();
    for (reason, urls) in REFUSED {
        for url in *urls {
            match policy().check(url) {
                Err(refused) if refused.label() == *reason => {}
                other => wrong.push(format!("{url:?}: {other:?}, not {reason}")),
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    let count: usize = REFUSED.iter().map(|(_, urls)| urls.len()).sum();
    assert!(count >= 150, "{count}");
}

#[test]
fn plain_addresses_of_the_public_internet_are_accepted() {
    for (url, shown) in ACCEPTED {
        let destination = policy().check(url).unwrap_or_else(|refused| panic!("{url}: {refused:?}"));
        assert_eq!(destination.to_string(), *shown, "{url}");
        assert_eq!(format!("{destination:?}"), *shown, "no path, no query: {url}");
    }
    assert!(ACCEPTED.len() >= 30);
}

#[test]
fn http_is_called_where_the_policy_says_so() {
    for (https, _) in ACCEPTED {
        let http = format!("http{}", &https["https".len()..]);
        assert_eq!(policy().check(&http), Err(Refused::Scheme));
        assert!(with_http().check(&http).is_ok(), "{http}");
    }
    for (reason, urls) in REFUSED.iter().filter(|(reason, _)| !["scheme", "malformed"].contains(reason)) {
        for url in urls.iter().filter(|url| !url.ends_with("://example.com:0/")) {
            let http = format!("http{}", &url["https".len()..]);
            assert_eq!(with_http().check(&http).map_err(Refused::label), Err(*reason), "{http}");
        }
    }
}

#[test]
fn long_urls_are_refused_unread() {
    let long = format!("https://example.com/{}", "a".repeat(URL_MAX));
    assert_eq!(policy().check(&long[..URL_MAX]).map(|d| d.to_string()), Ok("https://example.com".into()));
    assert_eq!(policy().check(&long[..=URL_MAX]), Err(Refused::TooLong));
}

#[test]
fn an_operator_lets_networks_in_but_never_metadata_services() {
    let network = |text: &str| text.parse::<Network>().unwrap();
    let policy = Policy {
        allow_networks: ["127.8.0.0/16", "10.0.0.0/8", "fd12::/16", "100.64.0.0/10"].map(network).to_vec(),
        ..policy()
    };
    for url in [
        "https://127.8.0.1/",
        "https://10.1.2.3/",
        "https://[fd12::1]/",
        "https://[::ffff:10.1.2.3]/",
        "https://receiver/",
        "https://receiver.internal/",
        "https://localhost/",
    ] {
        assert!(policy.check(url).is_ok(), "{url}");
    }
    for (url, range) in [
        ("https://127.9.0.1/", Range::Loopback),
        ("https://192.168.0.1/", Range::Private),
        ("https://[fd13::1]/", Range::UniqueLocal),
        ("https://[64:ff9b::10.1.2.3]/", Range::Private),
        ("https://[2002:a01:203::]/", Range::Transition),
        ("https://100.100.100.200/", Range::Metadata),
        ("https://169.254.169.254/", Range::Metadata),
    ] {
        assert_eq!(policy.check(url), Err(Refused::Address(range)), "{url}");
    }
    assert_eq!(policy.check("https://0x0a.1.2.3/"), Err(Refused::HostSpelling));
}

/// Special addresses, drawn evenly from ranges of very different sizes.
fn special() -> impl Strategy<Value = IpAddr> {
    let v4 = |first: [u8; 4], bits: u32| {
        let fixed = u32::from(Ipv4Addr::from(first));
        any::<u32>().prop_map(move |drawn| Ipv4Addr::from(fixed | drawn.checked_shr(bits).unwrap_or(0)))
    };
    let v4 = prop_oneof![
        v4([127, 0, 0, 0], 8),
        v4([10, 0, 0, 0], 8),
        v4([172, 16, 0, 0], 12),
        v4([192, 168, 0, 0], 16),
        v4([169, 254, 0, 0], 16),
        v4([100, 64, 0, 0], 10),
        v4([0, 0, 0, 0], 8),
        v4([198, 18, 0, 0], 15),
        v4([192, 0, 2, 0], 24),
        v4([224, 0, 0, 0], 3),
        v4([169, 254, 169, 254], 32),
        v4([168, 63, 129, 16], 32),
    ];
    let v6 = |first: u16, bits: u32| {
        any::<u128>()
            .prop_map(move |drawn| Ipv6Addr::from(u128::from(first) << 112 | drawn.checked_shr(bits).unwrap_or(0)))
    };
    let v6 = prop_oneof![
        v6(0xfc00, 7),
        v6(0xfe80, 10),
        v6(0xff00, 8),
        v6(0x2002, 16),
        Just(Ipv6Addr::LOCALHOST),
        Just(Ipv6Addr::UNSPECIFIED)
    ];
    prop_oneof![v4.prop_map(IpAddr::V4), v6.prop_map(IpAddr::V6)]
}

/// One of the many ways to write the address so that a URL parser reads it.
fn spelled(address: IpAddr, choice: [u8; 8]) -> String {
    match address {
        IpAddr::V4(address) => {
            let wrap = |prefix: &str| format!("[{prefix}{address}]");
            match choice[0] % 7 {
                0 => wrap("::ffff:"),
                1 => wrap("64:ff9b::"),
                2 => wrap("64:ff9b:1::"),
                3 => wrap("::"),
                4 => format!("[2002:{:x}:{:x}::]", u32::from(address) >> 16, u32::from(address) & 0xffff),
                _ => spelled_v4(address, choice),
            }
        }
        IpAddr::V6(address) => {
            let full = address.segments().map(|part| format!("{part:04x}")).join(":");
            let text = match choice[0] % 3 {
                0 => address.to_string(),
                1 => full.to_uppercase(),
                _ => format!("{}:{}", &full[..29], Ipv4Addr::from(u128::from(address) as u32)),
            };
            format!("[{text}]")
        }
    }
}

/// One to four parts, each decimal, octal or hexadecimal, in ASCII, full width or percent-encoded.
fn spelled_v4(address: Ipv4Addr, choice: [u8; 8]) -> String {
    let [a, b, c, d] = address.octets().map(u64::from);
    let parts = match choice[1] % 4 {
        0 => vec![u64::from(u32::from(address))],
        1 => vec![a, b << 16 | c << 8 | d],
        2 => vec![a, b, c << 8 | d],
        _ => vec![a, b, c, d],
    };
    let written = parts.iter().zip(&choice[2..]).map(|(part, choice)| match choice % 6 {
        0 | 1 => part.to_string(),
        2 => format!("0{part:o}"),
        3 => format!("0x{part:x}"),
        4 => format!("0X{part:08X}"),
        _ => format!("000{part:o}"),
    });
    let text = written.collect::<Vec<_>>().join(if choice[6].is_multiple_of(5) { "。" } else { "." });
    let dot = if choice[6].is_multiple_of(7) { "." } else { "" };
    let digit = |c: char| char::from_u32(c as u32 - '0' as u32 + '０' as u32).expect("full-width digits");
    let text: String = match choice[7] % 4 {
        0 => text.chars().map(|c| if c.is_ascii_digit() { digit(c) } else { c }).collect(),
        1 => text.chars().map(|c| if c == '1' { "%31".into() } else { c.to_string() }).collect(),
        _ => text,
    };
    format!("{text}{dot}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_spelling_of_a_special_address_is_called(address in special(), choice: [u8; 8], port in prop_oneof![Just(""), Just(":443"), Just(":8443")]) {
        let url = format!("https://{}{port}/", spelled(address, choice));
        // The spelling is one that a browser would follow to a special address.
        if let Ok(read) = url::Url::parse(&url) {
            let there = match read.host().expect("it has a host") {
                url::Host::Ipv4(there) => IpAddr::V4(there),
                url::Host::Ipv6(there) => IpAddr::V6(there),
                url::Host::Domain(name) => panic!("{url} became the name {name}"),
            };
            prop_assert!(Range::of(there).is_some(), "{url} leads to {there}");
        }
        prop_assert!(policy().check(&url).is_err(), "{url}");
    }

    #[test]
    fn what_is_called_is_what_was_typed(text in "https://[0-9a-zäß.:\\[\\]%@/\\\\x。①-]{0,24}") {
        if let Ok(destination) = policy().check(&text) {
            let host = destination.host().to_string();
            let typed = text["https://".len()..].split(['/', '?', '#']).next().unwrap();
            let read = url::Url::parse(&text).unwrap();
            prop_assert_eq!(&host, read.host_str().unwrap());
            prop_assert!(!typed.contains(['@', '%', '。', '①', '\\']), "{}", text);
            if let Ok(address) = host.parse::<Ipv4Addr>() {
                prop_assert_eq!(typed.split(':').next().unwrap(), address.to_string());
                prop_assert_eq!(Range::of(address.into()), None);
            }
        }
    }

    #[test]
    fn no_text_makes_the_check_panic(text in ".{0,60}") {
        let _ = policy().check(&text);
        let _ = policy().check(&format!("https://{text}"));
    }
}
