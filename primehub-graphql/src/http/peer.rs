//! Where a request comes from, through the proxies that are believed.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::{HeaderMap, HeaderName, HeaderValue};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// A range of addresses: `10.0.0.0/8`, `fd00::/8`, or a single address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Network {
    address: u128,
    mask: u128,
}

/// Why a text is not a [`Network`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is not an IP address or network")]
pub struct InvalidNetwork(String);

impl Network {
    /// Whether `address` lies in the range. An IPv4 address is the same inside IPv6.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) & self.mask == self.address
    }
}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidNetwork(text.to_owned());
        let (address, length) = text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
        let address: IpAddr = address.parse().map_err(|_| invalid())?;
        // All addresses are held as IPv6: an IPv4 one has 96 bits before it.
        let before = if address.is_ipv4() { 96 } else { 0 };
        let length: u32 = length.map_or(Ok(128 - before), str::parse).map_err(|_| invalid())?;
        let host_bits = 128_u32.checked_sub(before + length).ok_or_else(invalid)?;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Ok(Self { address: bits(address) & mask, mask })
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// The client's address: the connection's, or, behind trusted proxies, the last one in `X-Forwarded-For` that is none of them. The port is
/// zero if it is not known. An IPv4 address is written as such, also where the connection has it inside IPv6.
pub(super) fn client(connection: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> SocketAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = canonical(connection);
    let values: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(HeaderValue::as_bytes).collect();
    // As bytes: a hop that is no text must not make those before it look like the last ones.
    for hop in values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
        if !is_trusted(client.ip()) {
            break;
        }
        let Some(hop) = str::from_utf8(hop).ok().and_then(|hop| forwarded(hop.trim())) else { break };
        client = canonical(hop);
    }
    client
}

/// An address as proxies write it: most alone, some with the port.
fn forwarded(text: &str) -> Option<SocketAddr> {
    text.parse().map(|address| SocketAddr::new(address, 0)).or_else(|_| text.parse()).ok()
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::inside("10.0.0.0/8", "10.1.2.3", true)]
    #[case::outside("10.0.0.0/8", "11.1.2.3", false)]
    #[case::mapped("10.0.0.0/8", "::ffff:10.1.2.3", true)]
    #[case::single("192.0.2.1", "192.0.2.1", true)]
    #[case::single_other("192.0.2.1", "192.0.2.2", false)]
    #[case::version_6("fd00::/8", "fd12::1", true)]
    #[case::everything("::/0", "192.0.2.1", true)]
    fn networks_contain_addresses(#[case] network: Network, #[case] address: IpAddr, #[case] inside: bool) {
        assert_eq!(network.contains(address), inside);
    }

    #[rstest]
    #[case::name("proxy")]
    #[case::too_long("10.0.0.0/33")]
    #[case::too_long_6("fd00::/129")]
    #[case::no_length("10.0.0.0/")]
    fn other_texts_are_no_networks(#[case] text: &str) {
        assert_eq!(text.parse::<Network>(), Err(InvalidNetwork(text.to_owned())));
    }

    #[rstest]
    #[case::direct("192.0.2.9:1", None, "192.0.2.9:1")]
    #[case::not_believed("192.0.2.9:1", Some("198.51.100.1"), "192.0.2.9:1")]
    #[case::one_proxy("10.0.0.1:1", Some("198.51.100.1"), "198.51.100.1:0")]
    #[case::invented_by_the_client("10.0.0.1:1", Some("203.0.113.7, 198.51.100.1"), "198.51.100.1:0")]
    #[case::two_proxies("10.0.0.1:1", Some("198.51.100.1, 10.0.0.2"), "198.51.100.1:0")]
    #[case::nonsense("10.0.0.1:1", Some("unknown"), "10.0.0.1:1")]
    #[case::port("10.0.0.1:1", Some("198.51.100.1:2"), "198.51.100.1:2")]
    #[case::version_6("10.0.0.1:1", Some("2001:db8::1"), "[2001:db8::1]:0")]
    #[case::version_6_port("10.0.0.1:1", Some("[2001:db8::1]:2"), "[2001:db8::1]:2")]
    #[case::mapped("[::ffff:10.0.0.1]:1", Some("::ffff:198.51.100.1"), "198.51.100.1:0")]
    #[case::mapped_direct("[::ffff:192.0.2.9]:1", None, "192.0.2.9:1")]
    fn only_trusted_proxies_are_believed(
        #[case] connection: SocketAddr,
        #[case] forwarded: Option<&'static str>,
        #[case] expected: SocketAddr,
    ) {
        let headers = forwarded.map(|text| (FORWARDED_FOR, HeaderValue::from_static(text))).into_iter().collect();
        assert_eq!(client(connection, &headers, &["10.0.0.0/8".parse().unwrap()]), expected);
    }

    #[rstest]
    #[case::hidden_in_the_line_of_the_proxy(b"203.0.113.7|\xff, 198.51.100.1", "198.51.100.1:0")]
    #[case::last(b"203.0.113.7|\xff", "10.0.0.1:1")]
    #[case::lines_in_their_order(b"203.0.113.7|198.51.100.1, 10.0.0.2|10.0.0.3", "198.51.100.1:0")]
    fn what_is_no_text_hides_nothing(#[case] lines: &[u8], #[case] expected: SocketAddr) {
        let lines =
            lines.split(|byte| *byte == b'|').map(|line| (FORWARDED_FOR, HeaderValue::from_bytes(line).unwrap()));
        let connection = "10.0.0.1:1".parse().unwrap();
        assert_eq!(client(connection, &lines.collect(), &["10.0.0.0/8".parse().unwrap()]), expected);
    }
}
