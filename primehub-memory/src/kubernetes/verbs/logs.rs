//! `pods/log`: there are no containers here, so what can be said is which container was meant, and that there is nothing to read.

use serde_json::Value;

use super::Request;
use crate::kubernetes::request::Answer;
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;
use crate::kubernetes::store::Key;

impl ApiServer {
    pub(crate) fn logs(&self, request: &Request) -> Result<Answer, Status> {
        let resource = &request.resource;
        let (kind, name) = (&resource.kind, resource.named()?);
        let Some(pod) = self.store().get(&kind.storage, &Key::new(resource.namespace.as_deref(), name)) else {
            return Err(Status::not_found(&kind.group, &kind.plural, name));
        };
        let pod = pod.value();
        choose_container(&pod, name, request.options.container.as_deref())?;
        if pod.pointer("/spec/nodeName").and_then(Value::as_str).is_none_or(str::is_empty) {
            // A real server has nothing to say of a pod that runs nowhere.
            return Ok(Answer::text(200, ""));
        }
        Err(Status::not_implemented("logs of pods: no containers run"))
    }
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
                message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            Err(Status::bad_request(message))
        }
        Some(wanted) if containers.contains(&wanted) || init.contains(&wanted) => Ok(()),
        Some(wanted) if names("ephemeralContainers").contains(&wanted) => Ok(()),
        Some(wanted) => Err(Status::bad_request(format!("container {wanted} is not valid for pod {name}"))),
    }
}
