//! Who created a link, as far as the operator keeps it: what helps to find the source of abuse.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The maximum length of a User-Agent that is kept, in bytes.
pub const MAX_USER_AGENT_BYTES: usize = 256;

/// What is kept of a creator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CreatorPolicy {
    /// Nothing.
    Off,
    /// The User-Agent, the trace id, and the network of the address: the first 24 bits of an IPv4 address, or the first 48
    /// of an IPv6 address, which are those of a provider's customer.
    #[default]
    Anonymised,
    /// The same, with the whole address.
    Full,
}

/// What is known of the client that created a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creator {
    /// The name of its program, at most [`MAX_USER_AGENT_BYTES`] long.
    pub user_agent: Option<String>,
    /// Its address, or the network of the address, such as `203.0.113.0/24`.
    pub address: Option<String>,
    /// The id of the request in AWS X-Ray.
    pub trace_id: Option<String>,
}

impl CreatorPolicy {
    /// What is kept of an address.
    pub fn address(self, address: IpAddr) -> Option<String> {
        match (self, address.to_canonical()) {
            (Self::Off, _) => None,
            (Self::Full, address) => Some(address.to_string()),
            (Self::Anonymised, IpAddr::V4(address)) => {
                let [a, b, c, _] = address.octets();
                Some(format!("{}/24", Ipv4Addr::new(a, b, c, 0)))
            }
            (Self::Anonymised, IpAddr::V6(address)) => {
                let [a, b, c, ..] = address.segments();
                Some(format!("{}/48", Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
            }
        }
    }
}

/// The beginning of a User-Agent, without control characters.
pub fn user_agent(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let mut kept = String::new();
    for character in text.chars().filter(|character| !character.is_control()) {
        if kept.len() + character.len_utf8() > MAX_USER_AGENT_BYTES {
            break;
        }
        kept.push(character);
    }
    (!kept.is_empty()).then_some(kept)
}

/// The trace id in the header `X-Amzn-Trace-Id`, such as `1-67891233-abcdef012345678912345678`.
pub fn trace_id(header: &str) -> Option<&str> {
    let id = header.split(';').find_map(|field| field.trim().strip_prefix("Root="))?;
    let lengths = [1, 8, 24];
    let is_hex = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    (id.split('-').map(str::len).eq(lengths) && id.split('-').all(is_hex)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_anonymised() {
        let kept = |policy: CreatorPolicy, address: &str| policy.address(address.parse().expect("an address"));
        for (address, network, full) in [
            ("203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
            ("::ffff:203.0.113.77", "203.0.113.0/24", "203.0.113.77"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48", "2001:db8:1:2:3:4:5:6"),
        ] {
            assert_eq!(kept(CreatorPolicy::Off, address), None);
            assert_eq!(kept(CreatorPolicy::Anonymised, address).as_deref(), Some(network));
            assert_eq!(kept(CreatorPolicy::Full, address).as_deref(), Some(full));
        }
    }

    #[test]
    fn user_agents_are_bounded() {
        assert_eq!(user_agent(b"curl/8\t1").as_deref(), Some("curl/81"));
        assert_eq!(user_agent("é".repeat(200).as_bytes()).map(|text| text.len()), Some(256));
        assert_eq!(user_agent(b"\xff").as_deref(), Some("\u{fffd}"));
        assert_eq!(user_agent(b""), None);
    }

    #[test]
    fn trace_ids_have_one_form() {
        let id = "1-6b4d4a80-0123456789abcdef01234567";
        for header in [format!("Root={id}"), format!("Self=1-0-0;Root={id};Sampled=1")] {
            assert_eq!(trace_id(&header), Some(id));
        }
        for header in ["", "Root=", "Root=1-6b4d4a80", "Root=1-6b4d4a80-0123456789abcdef0123456<", "Parent=1"] {
            assert_eq!(trace_id(header), None, "{header}");
        }
    }
}
