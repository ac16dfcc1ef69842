//! The program, serving the Kubernetes API alone.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::running::{PROGRAM, Place, text};

/// A running program, which ends with the value.
pub(super) struct Program {
    child: Child,
    client: Client,
}

impl Program {
    /// Starts it and returns once it serves.
    pub(super) async fn start(place: &Place) -> Self {
        let (data, configuration) = (place.data(), place.path("configuration"));
        let log = File::options().create(true).append(true).open(place.path("log")).unwrap();
        let mut command = Command::new(PROGRAM);
        command.args(["up", "--kube-only", "--data-dir", text(&data), "--config-dir", text(&configuration)]);
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut greeting = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut greeting).unwrap();
        let log = || std::fs::read_to_string(place.path("log")).unwrap();
        assert!(greeting.contains("A Kubernetes API is running"), "{greeting}{}", log());

        let kubeconfig = Kubeconfig::read_from(configuration.join("kubeconfig")).unwrap();
        let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
        // A write that was tried twice would not be known to have happened once.
        config.default_retry = false;
        Self { child, client: Client::try_from(config).unwrap() }
    }

    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Ends it without a warning.
    pub(super) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
