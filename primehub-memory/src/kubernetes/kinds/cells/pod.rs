//! The columns of pods.

use jiff::Timestamp;
use serde_json::Value;

use super::{condition, items, since, time, word};

pub(super) fn cell(column: &str, pod: &Value, now: Timestamp) -> Value {
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { text.to_owned() };
    match column {
        "Ready" => {
            let state = State::read(pod);
            format!("{}/{}", state.ready, state.containers)
        }
        "Status" => State::read(pod).reason,
        "Restarts" => match State::read(pod) {
            State { restarts, restarted: Some(when), .. } if restarts > 0 => {
                format!("{restarts} ({} ago)", since(&Value::from(when.to_string()), now))
            }
            State { restarts, .. } => restarts.to_string(),
        },
        "IP" => or_none(word(&pod["status"]["podIPs"][0], "ip")),
        "Node" => or_none(word(&pod["spec"], "nodeName")),
        "Nominated Node" => or_none(word(&pod["status"], "nominatedNodeName")),
        "Readiness Gates" => {
            let gates: Vec<_> = items(&pod["spec"]["readinessGates"]).map(|gate| word(gate, "conditionType")).collect();
            let open = gates.iter().filter(|gate| condition(pod, gate) == "True").count();
            if gates.is_empty() { "<none>".to_owned() } else { format!("{open}/{}", gates.len()) }
        }
        _ => String::new(),
    }
    .into()
}

/// What a pod is doing, as one looks at its containers.
struct State {
    reason: String,
    restarts: i64,
    restarted: Option<Timestamp>,
    ready: usize,
    containers: usize,
}

/// Restarts and the time of the last one.
#[derive(Clone, Copy, Default)]
struct Restarts(i64, Option<Timestamp>);

impl Restarts {
    fn add(&mut self, container: &Value) {
        self.0 += container["restartCount"].as_i64().unwrap_or(0);
        self.1 = self.1.max(time(&container["lastState"]["terminated"]["finishedAt"]));
    }
}

impl State {
    fn read(pod: &Value) -> Self {
        let (spec, status) = (&pod["spec"], &pod["status"]);
        let sidecar = |name: &str| {
            items(&spec["initContainers"])
                .any(|container| container["name"] == name && container["restartPolicy"] == "Always")
        };
        let mut reason = Some(word(status, "reason"))
            .filter(|reason| !reason.is_empty())
            .unwrap_or(word(status, "phase"))
            .to_owned();
        let gated = |condition: &Value| condition["type"] == "PodScheduled" && condition["reason"] == "SchedulingGated";
        if items(&status["conditions"]).any(gated) {
            "SchedulingGated".clone_into(&mut reason);
        }
        let sidecars = items(&spec["initContainers"]).filter(|container| sidecar(word(container, "name"))).count();
        let containers = items(&spec["containers"]).count() + sidecars;
        let (mut all, mut beside, mut ready, mut initializing) = (Restarts::default(), Restarts::default(), 0, false);
        let total = items(&spec["initContainers"]).count();
        for (index, container) in items(&status["initContainerStatuses"]).enumerate() {
            all.add(container);
            let sidecar = sidecar(word(container, "name"));
            if sidecar {
                beside.add(container);
            }
            let (ended, waiting) = (&container["state"]["terminated"], word(&container["state"]["waiting"], "reason"));
            if !ended.is_null() && code(ended) == 0 {
                continue;
            }
            if sidecar && container["started"] == true {
                ready += usize::from(container["ready"] == true);
                continue;
            }
            reason = match (ended.is_null(), waiting) {
                (false, _) => format!("Init:{}", end(ended)),
                (true, "" | "PodInitializing") => format!("Init:{index}/{total}"),
                (true, waiting) => format!("Init:{waiting}"),
            };
            initializing = true;
            break;
        }
        let mut restarts = all;
        if !initializing || condition(pod, "Initialized") == "True" {
            restarts = beside;
            let (mut running, mut failure) = (false, None);
            for container in items(&status["containerStatuses"]).collect::<Vec<_>>().into_iter().rev() {
                restarts.add(container);
                let (ended, waiting) =
                    (&container["state"]["terminated"], word(&container["state"]["waiting"], "reason"));
                if !waiting.is_empty() {
                    waiting.clone_into(&mut reason);
                } else if !ended.is_null() {
                    reason = end(ended);
                    if code(ended) != 0 {
                        failure = Some(reason.clone());
                    }
                } else if container["ready"] == true && !container["state"]["running"].is_null() {
                    running = true;
                    ready += 1;
                }
            }
            if reason == "Completed" {
                reason = match (running && condition(pod, "Ready") == "True", failure, running) {
                    (true, ..) => "Running".to_owned(),
                    (_, Some(failure), _) => failure,
                    (.., true) => "NotReady".to_owned(),
                    _ => reason,
                };
            }
        }
        if !pod["metadata"]["deletionTimestamp"].is_null() {
            if status["reason"] == "NodeLost" {
                "Unknown".clone_into(&mut reason);
            } else if !matches!(word(status, "phase"), "Succeeded" | "Failed") {
                "Terminating".clone_into(&mut reason);
            }
        }
        Self { reason, restarts: restarts.0, restarted: restarts.1, ready, containers }
    }
}

fn code(ended: &Value) -> i64 {
    ended["exitCode"].as_i64().unwrap_or(0)
}

/// Why a container has ended.
fn end(ended: &Value) -> String {
    match (word(ended, "reason"), ended["signal"].as_i64().unwrap_or(0)) {
        ("", 0) => format!("ExitCode:{}", code(ended)),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}
