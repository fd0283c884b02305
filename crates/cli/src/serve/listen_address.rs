//! Where the server listens, as people write it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::str::FromStr;

use thiserror::Error;

/// The address to listen on if none is given.
const DEFAULT_PORT: u16 = 3_000;

/// An address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListenAddress(SocketAddr);

/// A text that names no address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("give a port or an address with a port, such as 4310, localhost:4310, 0.0.0.0:4310 or [::1]:4310")]
pub struct ListenAddressError;

impl ListenAddress {
    /// A port at every address of this machine: platforms that set `PORT` send requests from other machines.
    pub fn at_every_address(port: u16) -> Self {
        Self(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
    }

    /// The address and the port.
    pub fn get(self) -> SocketAddr {
        self.0
    }
}

impl Default for ListenAddress {
    fn default() -> Self {
        Self(SocketAddr::from((Ipv4Addr::LOCALHOST, DEFAULT_PORT)))
    }
}

/// A port alone, also after a colon, is one of this machine that others cannot reach. A name is looked up.
impl FromStr for ListenAddress {
    type Err = ListenAddressError;

    fn from_str(text: &str) -> Result<Self, ListenAddressError> {
        if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse::<u16>() {
            return Ok(Self(SocketAddr::from((Ipv4Addr::LOCALHOST, port))));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self(address));
        }
        let (name, port) = text.rsplit_once(':').ok_or(ListenAddressError)?;
        let port = port.parse::<u16>().map_err(|_| ListenAddressError)?;
        let addresses: Vec<_> = (name, port).to_socket_addrs().map_err(|_| ListenAddressError)?.collect();
        // `localhost` is two addresses; clients try both.
        let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        address.copied().map(Self).ok_or(ListenAddressError)
    }
}

/// The addresses at which a browser finds a server that listens on `address`: on this machine and, if the server listens on
/// every address, on the network.
pub fn reachable_at(address: SocketAddr) -> Vec<SocketAddr> {
    if !address.ip().is_unspecified() {
        return vec![address];
    }
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let addresses = std::iter::once(loopback).chain(network_address());
    addresses.map(|ip| SocketAddr::new(ip, address.port())).collect()
}

/// The address of this machine on its network. Connecting a UDP socket sends nothing, but chooses the address from which it
/// would send. The other address is one for documentation, which nobody has.
fn network_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback() && !address.is_unspecified()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_addresses_are_understood() {
        for (text, expected) in [
            ("4310", "127.0.0.1:4310"),
            (":4310", "127.0.0.1:4310"),
            ("localhost:4310", "127.0.0.1:4310"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:4310", "[::1]:4310"),
        ] {
            assert_eq!(text.parse::<ListenAddress>().map(|address| address.get().to_string()), Ok(expected.to_owned()));
        }
        for text in ["", ":", "70000", "localhost", "127.0.0.1", "http://localhost:4310", "localhost:http"] {
            assert_eq!(text.parse::<ListenAddress>(), Err(ListenAddressError), "{text}");
        }
    }

    #[test]
    fn every_address_is_named_by_one_that_a_browser_can_open() {
        let reachable = reachable_at(SocketAddr::from(([0, 0, 0, 0], 80)));
        assert_eq!(reachable[0].to_string(), "127.0.0.1:80");
        assert!(reachable.iter().all(|address| !address.ip().is_unspecified()), "{reachable:?}");
        let one = SocketAddr::from(([127, 0, 0, 9], 80));
        assert_eq!(reachable_at(one), [one]);
    }
}
