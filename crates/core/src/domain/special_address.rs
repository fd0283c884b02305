//! IP addresses that are not public.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether an address is special: loopback, private or otherwise not public. `tests/corpora` has IANA's registries of
/// special-purpose addresses, and a test checks each row.
pub fn is_special(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_special_v4(address),
        IpAddr::V6(address) => is_special_v6(address),
    }
}

/// Whether an address is in IANA's IPv4 Special-Purpose Address Registry, multicast, reserved or Azure's own.
/// (`Ipv4Addr::is_global` is nearly the same and is not stable.) The rows that are globally reachable are included: they
/// are services of the network itself, such as sinks for DNS, and no websites.
fn is_special_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    address.is_private()                             // 10/8, 172.16/12, 192.168/16
        || address.is_loopback()                     // 127/8
        || address.is_link_local()                   // 169.254/16, including cloud metadata services
        || address.is_multicast()                    // 224/4
        || address.is_documentation()                // 192.0.2/24, 198.51.100/24, 203.0.113/24
        || a == 0                                    // "this network", RFC 791
        || a >= 240                                  // reserved, RFC 1112, and broadcast
        || (a == 100 && (b & 0xc0) == 64)            // shared address space, RFC 6598
        || (a == 198 && (b & 0xfe) == 18)            // benchmarking, RFC 2544
        || (a == 192 && b == 0 && c == 0)            // IETF protocol assignments, RFC 6890
        || (a == 192 && b == 88 && c == 99)          // 6to4 relay anycast, RFC 7526
        || (a == 192 && b == 31 && c == 196)         // AS112, RFC 7535
        || (a == 192 && b == 52 && c == 193)         // AMT relay anycast, RFC 7450
        || (a == 192 && b == 175 && c == 48)         // AS112, RFC 7534
        || [a, b, c, d] == [168, 63, 129, 16] // Azure's WireServer: public by its number only
}

/// Whether an address is not global unicast. Only 2000::/3 is allocated; loopback, IPv4-mapped (`::ffff:a.b.c.d`) and
/// IPv4-compatible addresses, NAT64 (`64:ff9b::/96`, `64:ff9b:1::/48`), unique local, link-local and multicast addresses are
/// outside it. Within it, IANA's IPv6 Special-Purpose Address Registry excludes some ranges, and ISATAP embeds an IPv4
/// address in any of them.
fn is_special_v6(address: Ipv6Addr) -> bool {
    let [first, second, third, _, fifth, sixth, ..] = address.segments();
    (first & 0xe000) != 0x2000
        || (first == 0x2001 && second < 0x0200)                          // IETF protocol assignments, including Teredo
        || (first == 0x2001 && second == 0x0db8)                         // documentation, RFC 3849
        || first == 0x2002                                               // 6to4, which embeds an IPv4 address, RFC 3056
        || (first == 0x2620 && second == 0x004f && third == 0x8000)      // AS112, RFC 7534
        || (first == 0x3fff && second < 0x1000)                          // documentation, RFC 9637
        || ((fifth & 0xfdff) == 0 && sixth == 0x5efe) // ISATAP, RFC 5214
}
