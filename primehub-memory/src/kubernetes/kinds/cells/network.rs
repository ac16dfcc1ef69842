//! The columns of services and of what leads to them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{count, items, named, shown, texts, word};

pub(super) fn cell(resource: &str, column: &str, object: &Value) -> Value {
    let at = |path: &str| object.pointer(path).unwrap_or(&Value::Null);
    let text = |path: &str| at(path).as_str().unwrap_or_default();
    let or_none = |text: &str| Value::from(if text.is_empty() { "<none>" } else { text });
    match (resource, column) {
        ("services", "Type") => text("/spec/type").into(),
        ("services", "Cluster-IP") => or_none(text("/spec/clusterIPs/0")),
        ("services", "External-IP") => external_address(object).into(),
        ("services", "Port(s)") => or_none(&ports(at("/spec/ports"))),
        ("endpoints", "Endpoints") => endpoints(at("/subsets")).into(),
        ("endpointslices", "AddressType") => text("/addressType").into(),
        ("endpointslices", "Ports") => more(&items(at("/ports")).map(slice_port).collect::<Vec<_>>(), "<unset>").into(),
        ("endpointslices", "Endpoints") => {
            more(&items(at("/endpoints")).flat_map(|one| texts(&one["addresses"])).collect::<Vec<_>>(), "<unset>")
                .into()
        }
        ("ingresses", "Class") => or_none(text("/spec/ingressClassName")),
        ("ingresses", "Hosts") => hosts(at("/spec/rules")).into(),
        ("ingresses", "Address") => balanced(object).into(),
        ("ingresses", "Ports") => (if count(at("/spec/tls")) == 0 { "80" } else { "80, 443" }).into(),
        ("ingressclasses", "Name") => named(object, "ingressclass.kubernetes.io/is-default-class").into(),
        ("ingressclasses", "Controller") => text("/spec/controller").into(),
        ("ingressclasses", "Parameters") => parameters(at("/spec/parameters")).into(),
        ("ipaddresses", "ParentRef") => parent(at("/spec/parentRef")).into(),
        ("servicecidrs", "CIDRs") => texts(at("/spec/cidrs")).collect::<Vec<_>>().join(",").into(),
        _ => "".into(),
    }
}

/// The first three, and how many more there are.
fn more(list: &[String], none: &str) -> String {
    let first = list.get(..3.min(list.len())).unwrap_or_default().join(",");
    match list.len() {
        4.. => format!("{first} + {} more...", list.len() - 3),
        _ if first.is_empty() => none.to_owned(),
        _ => first,
    }
}

/// The addresses of a load balancer.
fn balanced(object: &Value) -> String {
    let entries = items(&object["status"]["loadBalancer"]["ingress"]);
    let addresses =
        entries.map(|entry| if word(entry, "ip").is_empty() { word(entry, "hostname") } else { word(entry, "ip") });
    addresses.filter(|address| !address.is_empty()).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(",")
}

fn external_address(service: &Value) -> String {
    let spec = &service["spec"];
    let given = texts(&spec["externalIPs"]).collect::<Vec<_>>().join(",");
    let none = |text: String, none: &str| if text.is_empty() { none.to_owned() } else { text };
    match word(spec, "type") {
        "ClusterIP" | "NodePort" => none(given, "<none>"),
        "LoadBalancer" => {
            let all = [balanced(service), given].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
            none(all.join(","), "<pending>")
        }
        "ExternalName" => word(spec, "externalName").to_owned(),
        _ => "<unknown>".to_owned(),
    }
}

fn ports(list: &Value) -> String {
    let port = |port: &Value| match port["nodePort"].as_i64() {
        Some(node @ 1..) => format!("{}:{node}/{}", port["port"], word(port, "protocol")),
        _ => format!("{}/{}", port["port"], word(port, "protocol")),
    };
    items(list).map(port).collect::<Vec<_>>().join(",")
}

fn slice_port(port: &Value) -> String {
    match (&port["port"], &port["name"]) {
        (Value::Null, Value::Null) => "*".to_owned(),
        (Value::Null, name) => shown(name, ""),
        (number, _) => number.to_string(),
    }
}

fn endpoints(subsets: &Value) -> String {
    let mut all = Vec::new();
    for subset in items(subsets) {
        let addresses = || items(&subset["addresses"]).map(|address| word(address, "ip"));
        if count(&subset["ports"]) == 0 {
            all.extend(addresses().map(str::to_owned));
        }
        for port in items(&subset["ports"]) {
            let join = |ip: &str| {
                if ip.contains(':') { format!("[{ip}]:{}", port["port"]) } else { format!("{ip}:{}", port["port"]) }
            };
            all.extend(addresses().map(join));
        }
    }
    if count(subsets) == 0 { "<none>".to_owned() } else { more(&all, "") }
}

fn hosts(rules: &Value) -> String {
    let (mut first, mut more) = (Vec::new(), false);
    for rule in items(rules) {
        more |= first.len() == 3;
        if !more && !word(rule, "host").is_empty() {
            first.push(word(rule, "host"));
        }
    }
    match (first.join(","), more) {
        (all, _) if all.is_empty() => "*".to_owned(),
        (all, true) => format!("{all} + {} more...", items(rules).count() - 3),
        (all, false) => all,
    }
}

fn parameters(reference: &Value) -> String {
    if reference.is_null() {
        return "<none>".to_owned();
    }
    let group = reference["apiGroup"].as_str().map_or(String::new(), |group| format!(".{group}"));
    format!("{}{group}/{}", word(reference, "kind"), word(reference, "name"))
}

fn parent(reference: &Value) -> String {
    if reference.is_null() {
        return "<none>".to_owned();
    }
    let group = Some(word(reference, "group"))
        .filter(|group| !group.is_empty())
        .map_or(String::new(), |group| format!(".{group}"));
    let namespace = Some(word(reference, "namespace"))
        .filter(|name| !name.is_empty())
        .map_or(String::new(), |name| format!("/{name}"));
    format!(
        "{}{namespace}/{}",
        format!("{}{group}", word(reference, "resource")).to_lowercase(),
        word(reference, "name")
    )
}
