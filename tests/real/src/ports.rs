//! Ports that nobody else uses.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

use serde::{Deserialize, Serialize};

/// The ports of one instance.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Ports {
    /// Where realms are served.
    pub(crate) http: u16,
    /// Where health is served.
    pub(crate) management: u16,
}

impl Ports {
    /// Asks the system for free ports of the loopback interface. They are free when this returns; somebody may still be quicker than the
    /// server that is meant to have them.
    pub(crate) fn free() -> io::Result<Self> {
        // Both are held before either is let go, so that they differ.
        let (http, management) =
            (TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?, TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?);
        Ok(Self { http: http.local_addr()?.port(), management: management.local_addr()?.port() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_had() {
        let ports = Ports::free().unwrap();
        assert_ne!(ports.http, ports.management);
        for port in [ports.http, ports.management] {
            TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        }
    }
}
