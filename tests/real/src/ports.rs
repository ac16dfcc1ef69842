//! Ports that nobody else uses.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// Asks the system for free ports of the loopback interface. They are free when this returns; somebody may still be quicker than the
/// server that is meant to have them.
pub(crate) fn free<const N: usize>() -> io::Result<[u16; N]> {
    // All are held before any is let go, so that they differ.
    let held = (0..N).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).collect::<io::Result<Vec<_>>>()?;
    let mut ports = [0; N];
    for (port, listener) in ports.iter_mut().zip(&held) {
        *port = listener.local_addr()?.port();
    }
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_can_be_had() {
        let ports = free::<3>().unwrap();
        let _held = ports.map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap());
    }
}
