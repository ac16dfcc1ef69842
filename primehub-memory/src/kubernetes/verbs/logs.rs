//! `pods/log`: there are no containers here, so what can be said is which container was meant, and that there is nothing to read.

use serde_json::{Value, json};

use super::Request;
use crate::kubernetes::request::{Answer, Options};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::{Cause, Causes, Status};
use crate::kubernetes::store::Key;

impl ApiServer {
    pub(crate) fn logs(&self, request: &Request) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        check_options(&request.options, name)?;
        let Some(pod) = self.store().get(&kind.storage, &Key::new(resource.namespace.as_deref(), name)) else {
            return Err(Status::not_found(&kind.group, &kind.plural, name));
        };
        let pod = pod.value();
        choose_container(&pod, name, request.options.container.as_deref())?;
        if pod.pointer("/spec/nodeName").and_then(Value::as_str).is_none_or(str::is_empty) {
            // A real server has nothing to say of a pod that runs nowhere.
            return Ok(Answer::text(204, ""));
        }
        Err(Status::not_implemented("logs of pods: no containers run"))
    }
}

/// Checks how much of a log is wanted.
fn check_options(options: &Options, pod: &str) -> Result<(), Status> {
    let mut causes = Causes::new();
    let above = [
        ("tailLines", options.tail_lines, 0, "must be greater than or equal to 0"),
        ("limitBytes", options.limit_bytes, 1, "must be greater than 0"),
    ];
    let too_small = |(field, value, least, why): (&str, Option<i64>, i64, &str)| {
        value.filter(|value| *value < least).map(|value| Cause::invalid(field, &json!(value), why))
    };
    causes.extend(above.into_iter().filter_map(too_small));
    if options.since_seconds.is_some() && options.since_time.is_some() {
        let why = "at most one of `sinceTime` or `sinceSeconds` may be specified";
        causes.push(Cause::forbidden("[]", why));
    } else {
        causes.extend(too_small(("sinceSeconds", options.since_seconds, 1, "must be greater than 0")));
    }
    if causes.is_empty() { Ok(()) } else { Err(Status::invalid("", "PodLogOptions", pod, causes)) }
}

fn choose_container(pod: &Value, name: &str, wanted: Option<&str>) -> Result<(), Status> {
    let names = |field: &str| -> Vec<&str> {
        let list = pod["spec"][field].as_array().into_iter().flatten();
        list.filter_map(|container| container["name"].as_str()).collect()
    };
    let (containers, init) = (names("containers"), names("initContainers"));
    match wanted {
        None if containers.len() == 1 => Ok(()),
        None => {
            let mut message =
                format!("a container name must be specified for pod {name}, choose one of: [{}]", containers.join(" "));
            if !init.is_empty() {
                message = format!("{message} or one of the init containers: [{}]", init.join(" "));
            }
            Err(Status::bad_request(message))
        }
        Some(wanted) if containers.contains(&wanted) || init.contains(&wanted) => Ok(()),
        Some(wanted) if names("ephemeralContainers").contains(&wanted) => Ok(()),
        Some(wanted) => Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}"))),
    }
}
