//! Which targets are refused, wherever they are written.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::json;

use crate::support::app::{NOW, TestApp, send};

/// A block of addresses: the first and the last one, as numbers.
#[derive(Clone, Copy, Debug)]
struct Block {
    is_v6: bool,
    first: u128,
    last: u128,
}

impl Block {
    fn parse(text: &str) -> Self {
        let (address, length) = text.split_once('/').expect("a prefix length");
        let (is_v6, first, bits) = match address.parse().expect("an address") {
            IpAddr::V4(address) => (false, u128::from(u32::from(address)), 32),
            IpAddr::V6(address) => (true, u128::from(address), 128),
        };
        let free = bits - length.parse::<u32>().expect("a number");
        Self { is_v6, first, last: first | 1_u128.checked_shl(free).map_or(u128::MAX, |size| size - 1) }
    }

    fn contains(self, other: Self) -> bool {
        self.is_v6 == other.is_v6 && (self.first..=self.last).contains(&other.first)
    }

    /// The block of one address.
    fn at(self, number: u128) -> Self {
        Self { first: number, last: number, ..self }
    }

    /// The first address as the host of a URL.
    fn host(self) -> String {
        match self.is_v6 {
            true => format!("[{}]", Ipv6Addr::from(self.first)),
            false => Ipv4Addr::from(u32::try_from(self.first).expect("32 bits")).to_string(),
        }
    }
}

fn registries() -> Vec<(Block, &'static str)> {
    let rows = include_str!("corpora/special_addresses.txt").lines().filter(|line| !line.starts_with('#'));
    let blocks: Vec<_> = rows.map(|row| (Block::parse(row.split(' ').next().expect("a block")), row)).collect();
    assert_eq!(blocks.len(), 55);
    blocks
}

async fn status(app: &TestApp, host: &str) -> u16 {
    send(app.create_link(&json!({"url": format!("http://{host}/")}))).await.status
}

/// The addresses next to each block are allowed unless they are in another block, or outside the allocated IPv6
/// addresses, so a block is not refused because all addresses are.
#[tokio::test]
async fn special_purpose_addresses_are_refused() {
    let app = TestApp::start().await;
    let blocks = registries();
    let allocated = Block::parse("2000::/3");
    for (block, row) in &blocks {
        for number in [block.first, block.first + (block.last - block.first) / 2, block.last] {
            assert_eq!(status(&app, &block.at(number).host()).await, 400, "{row}");
        }
        let neighbours = [block.first.checked_sub(1), block.last.checked_add(1)];
        let limit = if block.is_v6 { u128::MAX } else { u32::MAX.into() };
        for neighbour in neighbours.into_iter().flatten().filter(|number| *number <= limit).map(|n| block.at(n)) {
            let is_special = blocks.iter().any(|(other, _)| other.contains(neighbour))
                || (neighbour.is_v6 && !allocated.contains(neighbour));
            let expected = if is_special { 400 } else { 201 };
            assert_eq!(status(&app, &neighbour.host()).await, expected, "{} beside {row}", neighbour.host());
        }
    }
}

#[tokio::test]
async fn addresses_within_addresses_are_refused() {
    let app = TestApp::start().await;
    for address in [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(169, 254, 169, 254)] {
        let number = u32::from(address);
        let (high, low) = (number >> 16, number & 0xffff);
        for (kind, host) in [
            ("mapped", format!("::ffff:{high:x}:{low:x}")),
            ("compatible", format!("::{high:x}:{low:x}")),
            ("translated", format!("::ffff:0:{high:x}:{low:x}")),
            ("NAT64", format!("64:ff9b::{high:x}:{low:x}")),
            ("NAT64, local", format!("64:ff9b:1::{high:x}:{low:x}")),
            ("6to4", format!("2002:{high:x}:{low:x}::1")),
            ("Teredo", format!("2001:0:808:808:0:ffff:{:x}:{:x}", !number >> 16, !number & 0xffff)),
            ("ISATAP", format!("2606:4700::5efe:{high:x}:{low:x}")),
            ("ISATAP, global", format!("2606:4700::200:5efe:{high:x}:{low:x}")),
        ] {
            assert_eq!(status(&app, &format!("[{host}]")).await, 400, "{kind}: {host}");
        }
    }
    assert_eq!(status(&app, "168.63.129.16").await, 400, "Azure's metadata");
    assert_eq!(status(&app, "[2606:4700::1:5efe:a00:1]").await, 201, "no ISATAP");
}

/// Rows that another tool has written, or a version of this service that accepted more.
#[tokio::test]
async fn foreign_row_never_becomes_a_bad_location() {
    let app = TestApp::start().await;
    for (n, target) in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//example.com/",
        "/example",
        "example.com",
        "ftp://example.com/",
        "file:///etc/passwd",
        "HTTPS://example.com/",
        " https://example.com/",
        "https://example.com/\r\nSet-Cookie: a=b",
        "https://example.com/\n",
        "https://example.com/ b",
        "https://bücher.example/",
        "https:example.com",
        "",
    ]
    .into_iter()
    .enumerate()
    {
        let code = format!("row{n}");
        app.put_item(json!({"shortCode": code, "originalUrl": target, "createdAt": NOW})).await;
        for path in [format!("/{code}"), format!("/{code}+")] {
            let response = send(app.get(&path)).await;
            assert_eq!((response.status, response.header("location")), (500, ""), "{target:?}: {response}");
            assert!(!response.body.contains("example"), "{response}");
        }
    }
}
