//! Who can reach the deployment, and whether what they send is safe on the way.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use primehub_graphql::{LOOPBACK_HOSTS, Network};

use super::public_url::PublicUrl;
use crate::command_line::ExposureOptions;

/// Where to listen and what people call it. Passwords, cookies and tokens leave the machine only over TLS.
#[derive(Debug)]
pub(super) struct Exposure {
    listen: IpAddr,
    public_url: Option<PublicUrl>,
    tls: Option<(PathBuf, PathBuf)>,
    trusted_proxies: Vec<Network>,
}

/// Why options do not go together. Messages say what to do.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum ExposureError {
    #[error(
        "--listen {0} lets other machines in, and their passwords and tokens would travel in clear: speak TLS with --tls-cert and \
         --tls-key, or name the proxy that does so in front of this process with --trusted-proxy"
    )]
    InClear(IpAddr),
    #[error(
        "--listen {0} means every address of this machine: say with --public-url which one people use, such as https://primehub.example"
    )]
    NoAddress(IpAddr),
    #[error(
        "people use the address of the proxy: say with --public-url which one it is, such as https://primehub.example"
    )]
    NoAddressOfProxy,
    #[error(
        "--public-url {0} would send cookies and tokens in clear: it must begin with https:// (http:// is for localhost alone)"
    )]
    PublicInClear(PublicUrl),
    #[error("--public-url {0} must begin with https://, since --tls-cert makes this process speak nothing else")]
    NotHttps(PublicUrl),
    #[error(
        "nothing speaks TLS for --public-url {0}: do it here with --tls-cert and --tls-key, or name the proxy that does with --trusted-proxy"
    )]
    NobodySpeaksTls(PublicUrl),
}

impl Exposure {
    /// Takes options that go together.
    pub(super) fn decide(options: ExposureOptions) -> Result<Self, ExposureError> {
        let ExposureOptions { listen, public_url, tls_cert, tls_key, trusted_proxies } = options;
        let exposure = Self { listen, public_url, tls: tls_cert.zip(tls_key), trusted_proxies };
        exposure.check()?;
        Ok(exposure)
    }

    fn check(&self) -> Result<(), ExposureError> {
        let (local, tls, proxy) = (is_loopback(self.listen), self.tls.is_some(), !self.trusted_proxies.is_empty());
        if !local && !tls && !proxy {
            return Err(ExposureError::InClear(self.listen));
        }
        match &self.public_url {
            None if !local && !tls => Err(ExposureError::NoAddressOfProxy),
            None if self.listen.is_unspecified() => Err(ExposureError::NoAddress(self.listen)),
            Some(url) if url.is_https() && !tls && !proxy => Err(ExposureError::NobodySpeaksTls(url.clone())),
            Some(url) if !url.is_https() && tls => Err(ExposureError::NotHttps(url.clone())),
            Some(url) if !url.is_https() && !url.is_loopback() => Err(ExposureError::PublicInClear(url.clone())),
            _ => Ok(()),
        }
    }

    /// The address to listen on.
    pub(super) fn listen(&self) -> IpAddr {
        self.listen
    }

    /// The files of the certificate and of its key.
    pub(super) fn tls(&self) -> Option<(&Path, &Path)> {
        self.tls.as_ref().map(|(certificates, key)| (certificates.as_path(), key.as_path()))
    }

    /// The proxies that are believed.
    pub(super) fn trusted_proxies(&self) -> &[Network] {
        &self.trusted_proxies
    }

    /// What people put before every path, once it is known where the process listens.
    pub(super) fn base(&self, local: SocketAddr) -> String {
        match &self.public_url {
            Some(url) => url.to_string(),
            // Without the port that goes without saying: browsers leave it away as well.
            None if self.tls.is_some() => format!("https://{local}").trim_end_matches(":443").to_owned(),
            None => format!("http://{local}").trim_end_matches(":80").to_owned(),
        }
    }

    /// The host names that requests may be for.
    pub(super) fn host_names(&self) -> Vec<String> {
        let mut names: Vec<String> = LOOPBACK_HOSTS.map(str::to_owned).into();
        // Nobody calls a machine by the address that means all of its addresses.
        names.extend((!self.listen.is_unspecified()).then(|| host_of(self.listen)));
        names.extend(self.public_url.as_ref().map(|url| url.host().to_owned()));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether only the trusted proxies may connect: nobody else speaks TLS.
    pub(super) fn is_proxied_only(&self) -> bool {
        self.tls.is_none() && !self.trusted_proxies.is_empty()
    }

    /// Whether browsers should be told to come over TLS only. Not for this machine's own names, which other programs share.
    pub(super) fn is_secure_site(&self) -> bool {
        match &self.public_url {
            Some(url) => url.is_https() && !url.is_loopback(),
            None => self.tls.is_some() && !is_loopback(self.listen),
        }
    }

    /// Whether nobody but this machine is meant to reach it.
    pub(super) fn is_private(&self) -> bool {
        is_loopback(self.listen) && self.public_url.as_ref().is_none_or(PublicUrl::is_loopback)
    }
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// An address as it is written where a host name may stand.
fn host_of(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests;
