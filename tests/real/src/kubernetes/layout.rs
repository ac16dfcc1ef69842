//! What the program consists of, and which servers it is.

use crate::layout::fingerprint;

/// The version of Kubernetes that tests run against.
pub const VERSION: &str = "1.36.3";

/// The annotation of a pod that says how long it runs before it ends by itself, such as `0s` or `2m`. A pod without it runs until it is deleted.
pub const FINISH_AFTER: &str = "primehub.io/finish-after";

/// The annotation of a pod that says with which exit code its containers end. Without it they succeed.
pub const FINISH_WITH: &str = "primehub.io/finish-with";

/// The program's own files. Everything else it is built from is named by them.
pub(super) const SOURCES: [(&str, &str); 4] = [
    ("go.mod", include_str!("../../control-plane/go.mod")),
    ("go.sum", include_str!("../../control-plane/go.sum")),
    ("main.go", include_str!("../../control-plane/main.go")),
    ("kwok.go", include_str!("../../control-plane/kwok.go")),
];

/// What is left out costs time and space: names for debuggers, paths of this machine.
const FLAGS: [&str; 5] = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-gcflags=all=-dwarf=false", "-ldflags"];

/// The arguments of `go` that build it.
pub(super) fn build_arguments() -> Vec<String> {
    let mut parts = VERSION.split('.');
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let set = |name: &str, value: &str| format!("-X k8s.io/component-base/version.{name}={value}");
    let linked = [
        "-s -w".to_owned(),
        // Without these, clients and checks of versions would see 0.0.0.
        set("gitVersion", &format!("v{VERSION}")),
        set("gitMajor", major),
        set("gitMinor", minor),
    ];
    ["build"].into_iter().chain(FLAGS).map(str::to_owned).chain([linked.join(" ")]).collect()
}

/// The name of a program: programs of other content or built by another Go stand beside it, so that two checkouts do not take each other's away.
pub(super) fn program_name(go: &str) -> String {
    let arguments = build_arguments();
    let sources = SOURCES.iter().flat_map(|(name, text)| [*name, *text]);
    let content = fingerprint(sources.chain(arguments.iter().map(String::as_str)).chain([go]));
    format!("kubernetes-{VERSION}-{content:08x}")
}

/// A server of the control plane. In the order in which they are started; they are ended in the opposite one.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Component {
    Etcd,
    ApiServer,
    ControllerManager,
    Scheduler,
    Kwok,
}

impl Component {
    /// The program's first argument.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "apiserver",
            Self::ControllerManager => "controller-manager",
            Self::Scheduler => "scheduler",
            Self::Kwok => "kwok",
        }
    }

    /// Whether it is there before the API answers; the others are its clients and give up when it does not answer for long.
    pub(crate) fn is_of_the_api(self) -> bool {
        self <= Self::ApiServer
    }
}

/// How much of a cluster there is.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Servers {
    /// The API and its store: objects are kept, and nobody acts on them.
    Api,
    /// Also the controllers: namespaces are emptied, dependents deleted, deployments get pods, which stay pending.
    Controllers,
    /// Also the scheduler and machines that pretend: a `Node` becomes ready, and pods on it run for as long as their annotations say.
    #[default]
    All,
}

impl Servers {
    pub(crate) fn components(self) -> &'static [Component] {
        use Component::{ApiServer, ControllerManager, Etcd, Kwok, Scheduler};
        match self {
            Self::Api => &[Etcd, ApiServer],
            Self::Controllers => &[Etcd, ApiServer, ControllerManager],
            Self::All => &[Etcd, ApiServer, ControllerManager, Scheduler, Kwok],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_named_by_what_it_is_made_of() {
        assert_eq!(program_name("go1.26.8"), program_name("go1.26.8"));
        assert_ne!(program_name("go1.26.8"), program_name("go1.26.9"));
        assert!(program_name("go1.26.8").starts_with("kubernetes-1.36.3-"));
    }

    #[test]
    fn the_module_is_of_the_version_that_the_program_claims() {
        let module = SOURCES[0].1;
        assert!(module.contains(&format!("k8s.io/kubernetes v{VERSION}\n")), "{module}");
        let arguments = build_arguments();
        assert_eq!(arguments.first().unwrap(), "build");
        let linked = arguments.last().unwrap();
        assert!(linked.contains(".gitVersion=v1.36.3 ") && linked.ends_with(".gitMinor=36"), "{linked}");
    }

    #[test]
    fn the_api_is_first_and_parts_are_started_in_order() {
        for servers in [Servers::Api, Servers::Controllers, Servers::All] {
            assert!(servers.components().is_sorted());
            assert_eq!(servers.components().iter().filter(|component| component.is_of_the_api()).count(), 2);
        }
    }
}
