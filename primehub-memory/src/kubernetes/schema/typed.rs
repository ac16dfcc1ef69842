//! Objects as the typed decoder of a real server reads them: it refuses values of the wrong type in Go's words, and leaves out what is empty.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::golang::type_name;
use super::{Cursor, Field, NodeId, Shape, Struct, builtin};
use crate::kubernetes::kinds::Kind;
use crate::kubernetes::status::Status;

/// Scalars that Go keeps as pointers: even a zero stands there if it was sent. Names that do so in some types only stand with their type.
const POINTERS: &str = "activeDeadlineSeconds allocateLoadBalancerNodePorts allowPrivilegeEscalation allowVolumeExpansion appProtocol \
    attachRequired automountServiceAccountToken averageUtilization backoffLimit backoffLimitPerIndex blockOwnerDeletion cachingMode capacity \
    collisionCount completionMode completions controller currentAverageUtilization currentCPUUtilizationPercentage \
    currentVolumeAttributesClassName defaultMode deletionGracePeriodSeconds deprecationWarning enableServiceLinks endPort endpointsNamespace \
    errorCode expirationSeconds failedIndexes failedJobsHistoryLimit failurePolicy force fsGroup fsGroupChangePolicy fsGroupPolicy \
    gmsaCredentialSpec gmsaCredentialSpecName gracePeriodSeconds holderIdentity hostProcess hostUsers hostnameOverride immutable \
    ingressClassName initiatorName internalTrafficPolicy ipFamilyPolicy ipMode labelSelectorPath leaseDurationSeconds leaseTransitions \
    limitBytes loadBalancerClass localhostProfile lun managedBy manualSelector matchPolicy maxExpirationSeconds maxFailedIndexes minDomains \
    minReplicas mode mountPropagation nodeAffinityPolicy nodeAllocatableUpdatePeriodSeconds nodeTaintsPolicy optional orphanDependents \
    parallelism parameterNotFoundAction persistentVolumeName podGroupName podInfoOnMount podReplacementPolicy port preemptionPolicy \
    preferredHolder preventPodSchedulingIfMissing privileged procMount progressDeadlineSeconds propagationPolicy readOnlyRootFilesystem ready \
    reclaimPolicy recursiveReadOnly recursiveReadOnlyMounts remainingItemCount requiresRepublish resourceClaimName resourceClaimTemplateName \
    revisionHistoryLimit runAsGroup runAsNonRoot runAsUser runAsUserName runtimeClassName scope seLinuxChangePolicy seLinuxMount selectPolicy \
    sendInitialEvents serviceAccountTokenInSecrets serving setHostnameAsFQDN shareProcessNamespace sinceSeconds stabilizationWindowSeconds \
    started startingDeadlineSeconds stopSignal storageCapacity strategy stream succeededCount succeededIndexes successfulJobsHistoryLimit \
    supplementalGroupsPolicy suspend tailLines targetAverageUtilization targetCPUUtilizationPercentage terminating terminatingReplicas \
    terminationGracePeriodSeconds timeZone tolerationSeconds trafficDistribution ttlSecondsAfterFinished unhealthyPodEvictionPolicy url \
    userNamespaces volumeAttributesClassName volumeBindingMode volumeMode zone \
    AzureDiskVolumeSource.fsType AzureDiskVolumeSource.kind AzureDiskVolumeSource.readOnly CSIVolumeSource.fsType CSIVolumeSource.readOnly \
    ClientIPConfig.timeoutSeconds Container.restartPolicy DeploymentSpec.replicas Endpoint.hostname Endpoint.nodeName EndpointAddress.nodeName \
    EphemeralContainer.restartPolicy HorizontalPodAutoscalerStatus.observedGeneration HostPathVolumeSource.type \
    IngressClassParametersReference.apiGroup IngressClassParametersReference.namespace IngressPortStatus.error LocalVolumeSource.fsType \
    MutatingWebhook.reinvocationPolicy MutatingWebhook.timeoutSeconds NetworkPolicyPort.protocol PersistentVolumeClaimSpec.storageClassName \
    PodDNSConfigOption.value PodFailurePolicyOnExitCodesRequirement.containerName PodSpec.priority PortStatus.error Preconditions.resourceVersion \
    Preconditions.uid ReplicaSetSpec.replicas ReplicationControllerSpec.replicas RollingUpdateStatefulSetStrategy.partition \
    ServiceReference.path StatefulSetSpec.replicas TypedObjectReference.namespace ValidatingWebhook.timeoutSeconds";

/// What is known of built-in types beside the graph itself.
struct Knowledge {
    names: HashMap<NodeId, Arc<str>>,
    pointers: std::collections::HashSet<&'static str>,
}

static KNOWLEDGE: LazyLock<Knowledge> = LazyLock::new(|| Knowledge {
    names: builtin::types().names.iter().map(|(name, id)| (*id, Arc::clone(name))).collect(),
    pointers: POINTERS.split_whitespace().collect(),
});

/// Checks the types of a built-in object's fields, or of a custom object's metadata, and brings them into the form in which they are kept.
///
/// # Errors
///
/// 400 in the words of the real decoder.
pub(crate) fn check(kind: &Kind, object: &mut Value) -> Result<(), Status> {
    normalize(kind, object).map_err(|why| {
        Status::bad_request(format!(
            "{} in version {:?} cannot be handled as a {}: {why}",
            kind.kind, kind.version, kind.kind
        ))
    })
}

/// The same, with the mere reason.
pub(crate) fn normalize(kind: &Kind, object: &mut Value) -> Result<(), String> {
    let mut walker = Walker { path: Vec::new(), owner: "" };
    if !kind.custom {
        return walker.node(kind.schema.root(), kind.schema.root, object);
    }
    let types = builtin::types();
    let Some(&id) = types.names.get("meta.v1.ObjectMeta") else { return Ok(()) };
    match object.get_mut("metadata") {
        Some(metadata) if !metadata.is_null() => walker.node(types.at(id), id, metadata),
        _ => Ok(()),
    }
}

/// The same for an object of the built-in type `name`, such as `policy.v1.Eviction`.
pub(crate) fn normalize_as(name: &str, object: &mut Value) -> Result<(), String> {
    let types = builtin::types();
    let Some(&id) = types.names.get(name) else { return Ok(()) };
    Walker { path: Vec::new(), owner: "" }.node(types.at(id), id, object)
}

/// Walks an object, with the fields that lead to where it stands, and the type that has the last of them.
struct Walker<'a> {
    path: Vec<&'a str>,
    owner: &'a str,
}

/// The last part of a type's name: `PodSpec`.
fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

impl<'a> Walker<'a> {
    fn node(&mut self, schema: Cursor<'a>, id: NodeId, value: &mut Value) -> Result<(), String> {
        match (schema.shape(), &mut *value) {
            (Shape::Struct(object), Value::Object(fields)) => {
                let name = KNOWLEDGE.names.get(&id).map_or("", |name| short(name));
                self.fields(schema, object, name, fields)
            }
            (Shape::Map(item), Value::Object(fields)) => {
                let item = *item;
                fields.values_mut().try_for_each(|value| self.entry(schema.at(item), item, value))
            }
            (Shape::List { item, .. }, Value::Array(items)) => {
                let item = *item;
                items.iter_mut().try_for_each(|value| self.entry(schema.at(item), item, value))
            }
            (Shape::Any, _)
            | (Shape::String | Shape::IntOrString, Value::String(_))
            | (Shape::Boolean, Value::Bool(_))
            | (Shape::Double, Value::Number(_)) => Ok(()),
            (Shape::Int32 | Shape::IntOrString | Shape::Int64, Value::Number(number))
                if fits(schema.shape(), number) =>
            {
                Ok(())
            }
            (Shape::Bytes, Value::String(text)) => match illegal_base64(text) {
                None => Ok(()),
                Some(at) => Err(format!("illegal base64 data at input byte {at}")),
            },
            (Shape::Time { micro }, Value::String(text)) => match time(text, *micro) {
                Some(text) => {
                    *value = Value::String(text);
                    Ok(())
                }
                None => Err(unparsable(text, *micro)),
            },
            (Shape::Quantity, Value::String(_) | Value::Number(_)) => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                match quantity(&text) {
                    Some(text) => {
                        *value = Value::String(text);
                        Ok(())
                    }
                    None => Err(NO_QUANTITY.to_owned()),
                }
            }
            (Shape::Quantity, _) => Err(NO_QUANTITY.to_owned()),
            _ => Err(self.mismatch(schema, id, value)),
        }
    }

    /// An entry of a map or a list: `null` is the zero value there.
    fn entry(&mut self, schema: Cursor<'a>, id: NodeId, value: &mut Value) -> Result<(), String> {
        if value.is_null() && !matches!(schema.shape(), Shape::Any) {
            *value = zero(schema.shape()).unwrap_or_else(|| json!({}));
        }
        self.node(schema, id, value)
    }

    fn fields(
        &mut self,
        schema: Cursor<'a>,
        object: &'a Struct,
        name: &'a str,
        fields: &mut Map<String, Value>,
    ) -> Result<(), String> {
        let outer = std::mem::replace(&mut self.owner, name);
        let mut gone = Vec::new();
        let embedded: Vec<_> = object.fields.values().filter(|field| field.inline).map(|field| field.node).collect();
        for (key, value) in fields.iter_mut() {
            let Some((name, field)) = object.fields.get_key_value(key.as_str()).filter(|(_, field)| !field.inline)
            else {
                continue;
            };
            if value.is_null() && field.default.as_ref() == Some(&json!({})) {
                *value = json!({});
            }
            if !value.is_null() {
                let depth = self.path.len();
                self.path.extend(embedding(schema, &embedded, name));
                self.path.push(name);
                self.node(schema.at(field.node), field.node, value)?;
                self.path.truncate(depth);
            }
            if value.is_null() || (!field.required && self.is_left_out(name, field, value)) {
                gone.push(key.clone());
            }
        }
        for key in gone {
            fields.remove(&key);
        }
        for (name, field) in object.fields.iter().filter(|(_, field)| field.required && !field.inline) {
            if !fields.contains_key(&**name)
                && let Some(zero) = zero(schema.at(field.node).shape())
            {
                fields.insert(name.to_string(), zero);
            }
        }
        self.owner = outer;
        Ok(())
    }

    /// Whether Go leaves out this value of an optional field.
    fn is_left_out(&self, name: &str, field: &Field, value: &Value) -> bool {
        // An empty list of managed fields is a request.
        let empty = match value {
            Value::Array(items) => return items.is_empty() && name != "managedFields",
            Value::Object(fields) => {
                let shape = builtin::types().at(field.node).shape();
                return fields.is_empty() && matches!(shape, Shape::Map(_));
            }
            Value::String(text) => text.is_empty(),
            Value::Bool(flag) => !flag,
            Value::Number(number) => number.as_i64() == Some(0),
            Value::Null => true,
        };
        let scalar = matches!(
            builtin::types().at(field.node).shape(),
            Shape::String | Shape::Boolean | Shape::Int32 | Shape::Int64 | Shape::Bytes
        );
        let pointers = &KNOWLEDGE.pointers;
        empty && scalar && !pointers.contains(name) && !pointers.contains(format!("{}.{name}", self.owner).as_str())
    }

    fn mismatch(&self, schema: Cursor<'_>, id: NodeId, value: &Value) -> String {
        let (found, wanted) = match (value, schema.shape()) {
            (Value::Number(number), Shape::Int32 | Shape::Int64 | Shape::IntOrString) => {
                (format!("number {number}"), go_type(schema, id))
            }
            _ => (type_name(value).to_owned(), go_type(schema, id)),
        };
        if self.path.is_empty() {
            return format!("json: cannot unmarshal {found} into Go value of type {wanted}");
        }
        let (owner, path) = (self.owner, self.path.join("."));
        format!("json: cannot unmarshal {found} into Go struct field {owner}.{path} of type {wanted}")
    }
}

/// Whether a number is a whole one of the type's width.
fn fits(shape: &Shape, number: &serde_json::Number) -> bool {
    number.as_i64().is_some_and(|number| matches!(shape, Shape::Int64) || i32::try_from(number).is_ok())
}

/// The embedded type whose field stands in the parent in JSON; it has a name in Go, and messages tell it.
fn embedding<'a>(schema: Cursor<'a>, embedded: &[NodeId], name: &str) -> Option<&'a str> {
    let holder = embedded.iter().find(|id| schema.at(**id).field(name).is_some())?;
    KNOWLEDGE.names.get(holder).map(|name| short(name))
}

/// A type as Go writes it: `map[string]string`, `[]v1.Container`.
fn go_type(schema: Cursor<'_>, id: NodeId) -> String {
    match schema.shape() {
        Shape::Any => "interface {}".to_owned(),
        Shape::String | Shape::Time { .. } => "string".to_owned(),
        Shape::Boolean => "bool".to_owned(),
        Shape::Int32 | Shape::IntOrString => "int32".to_owned(),
        Shape::Int64 => "int64".to_owned(),
        Shape::Double => "float64".to_owned(),
        Shape::Bytes => "[]uint8".to_owned(),
        Shape::Quantity => "resource.Quantity".to_owned(),
        Shape::Struct(_) => {
            let name = KNOWLEDGE.names.get(&id).map_or("", |name| name);
            let mut parts: Vec<_> = name.rsplitn(3, '.').take(2).collect();
            parts.reverse();
            parts.join(".")
        }
        Shape::Map(item) => format!("map[string]{}", go_type(schema.at(*item), *item)),
        Shape::List { item, .. } => format!("[]{}", go_type(schema.at(*item), *item)),
    }
}

/// The value of a required field that is not there. `None` for objects: a pointer to nothing, or filled by its default.
fn zero(shape: &Shape) -> Option<Value> {
    Some(match shape {
        Shape::String => json!(""),
        Shape::Boolean => json!(false),
        Shape::Int32 | Shape::Int64 | Shape::IntOrString => json!(0),
        Shape::Double => json!(0.0),
        Shape::Quantity => json!("0"),
        Shape::List { .. } | Shape::Map(_) | Shape::Bytes | Shape::Time { .. } => Value::Null,
        Shape::Any | Shape::Struct(_) => return None,
    })
}

/// Where a text is no base64 any more.
fn illegal_base64(text: &str) -> Option<usize> {
    let text: String = text.chars().filter(|character| !matches!(character, '\r' | '\n')).collect();
    match STANDARD.decode(&text) {
        Ok(_) => None,
        Err(base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _)) => Some(at),
        Err(_) => Some(text.len() / 4 * 4),
    }
}

/// A time in UTC with whole seconds, or with six digits of a second.
fn time(text: &str, micro: bool) -> Option<String> {
    let strict = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
    let time: jiff::Timestamp = text.parse().ok().filter(|_| strict)?;
    Some(time.strftime(if micro { "%Y-%m-%dT%H:%M:%S.%6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" }).to_string())
}

/// What Go says of a text that is no time: which part of the layout does not fit what is left of it.
fn unparsable(text: &str, micro: bool) -> String {
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    let parts = ["2006", "-", "01", "-", "02", "T", "15", ":", "04", ":", "05"];
    let mut rest = text;
    for part in parts {
        let fits = rest.get(..part.len()).is_some_and(|head| {
            if part.as_bytes()[0].is_ascii_digit() {
                head.bytes().all(|byte| byte.is_ascii_digit())
            } else {
                head == part
            }
        });
        if !fits {
            return format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as {part:?}");
        }
        rest = rest.get(part.len()..).unwrap_or_default();
    }
    format!("parsing time {text:?} as {layout:?}: cannot parse {rest:?} as \"Z07:00\"")
}

const NO_QUANTITY: &str = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// A quantity in its canonical form: the greatest suffix with which it is a whole number, of the family in which it was written.
fn quantity(text: &str) -> Option<String> {
    const ONE: i128 = 1_000_000_000;
    const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let end = digits.find(|character: char| !character.is_ascii_digit() && character != '.').unwrap_or(digits.len());
    let (number, suffix) = digits.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') || number.len() > 30 {
        return None;
    }
    // In billionths, rounded up, which is as exact as quantities are.
    let mut mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let mut exponent = 9 - i32::try_from(fraction.len()).ok()?;
    let exponential =
        suffix.get(1..).filter(|_| suffix.starts_with(['e', 'E'])).and_then(|digits| digits.parse::<i32>().ok());
    let binary = BINARY.iter().skip(1).position(|known| *known == suffix);
    if let Some(power) = binary {
        mantissa = mantissa.checked_mul(1024_i128.checked_pow(u32::try_from(power + 1).ok()?)?)?;
    } else if let Some(power) = exponential {
        exponent += power;
    } else {
        let place = DECIMAL.iter().position(|known| *known == suffix)?;
        exponent += 3 * i32::try_from(place).ok()? - 9;
    }
    let scale = 10_i128.checked_pow(exponent.unsigned_abs().min(38));
    let billionths = if exponent >= 0 {
        mantissa.checked_mul(scale?)?
    } else {
        scale.map_or(i128::from(mantissa > 0), |scale| mantissa.div_euclid(scale) + i128::from(mantissa % scale > 0))
    };
    let sign = if negative && billionths > 0 { "-" } else { "" };
    if billionths == 0 {
        return Some("0".to_owned());
    }
    if binary.is_some() && billionths % ONE == 0 && billionths / ONE >= 1024 {
        let mut units = billionths / ONE;
        let mut at = 0;
        while units % 1024 == 0 && at + 1 < BINARY.len() {
            units /= 1024;
            at += 1;
        }
        return Some(format!("{sign}{units}{}", BINARY.get(at)?));
    }
    let (mut units, mut at) = (billionths, 0);
    while units % 1000 == 0 && at + 1 < DECIMAL.len() {
        units /= 1000;
        at += 1;
    }
    match (exponential, 3 * i32::try_from(at).ok()? - 9) {
        (Some(_), 0) | (None, _) => Some(format!("{sign}{units}{}", DECIMAL.get(at)?)),
        (Some(_), power) => Some(format!("{sign}{units}e{power}")),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kubernetes::kinds::builtin;

    fn check(name: &str, object: Value) -> Result<Value, String> {
        let kind = builtin().into_iter().find(|kind| &*kind.kind == name).unwrap();
        let mut object = object;
        super::normalize(&kind, &mut object).map(|()| object)
    }

    fn pod_with(container: Value) -> Value {
        json!({"spec": {"template": {"spec": {"containers": [container]}}}})
    }

    #[rstest]
    #[case("ConfigMap", json!({"data": {"a": 1}}), "json: cannot unmarshal number into Go struct field ConfigMap.data of type string")]
    #[case("ConfigMap", json!({"data": []}), "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string")]
    #[case("ConfigMap", json!({"metadata": {"name": 5}}), "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string")]
    #[case("ConfigMap", json!({"metadata": 5}), "json: cannot unmarshal number into Go struct field ConfigMap.metadata of type v1.ObjectMeta")]
    #[case("ConfigMap", json!({"binaryData": {"a": "!!"}}), "illegal base64 data at input byte 0")]
    #[case("ConfigMap", json!({"binaryData": {"a": 5}}), "json: cannot unmarshal number into Go struct field ConfigMap.binaryData of type []uint8")]
    #[case("ConfigMap", json!({"metadata": {"creationTimestamp": "x"}}), "parsing time \"x\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"x\" as \"2006\"")]
    #[case("ConfigMap", json!({"metadata": {"generation": 1.5}}), "json: cannot unmarshal number 1.5 into Go struct field ObjectMeta.metadata.generation of type int64")]
    #[case("ConfigMap", json!({"metadata": {"ownerReferences": [5]}}), "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.ownerReferences of type v1.OwnerReference")]
    #[case("Deployment", pod_with(json!({"image": 5})), "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string")]
    #[case("Deployment", pod_with(json!({"ports": [{"containerPort": 99_999_999_999_i64}]})), "json: cannot unmarshal number 99999999999 into Go struct field ContainerPort.spec.template.spec.containers.ports.containerPort of type int32")]
    #[case("Deployment", pod_with(json!({"ports": {}})), "json: cannot unmarshal object into Go struct field Container.spec.template.spec.containers.ports of type []v1.ContainerPort")]
    #[case("Deployment", pod_with(json!({"livenessProbe": {"httpGet": {"port": 1.5}}})), "json: cannot unmarshal number 1.5 into Go struct field HTTPGetAction.spec.template.spec.containers.livenessProbe.ProbeHandler.httpGet.port of type int32")]
    #[case("Deployment", pod_with(json!({"resources": {"limits": {"cpu": true}}})), NO_QUANTITY)]
    #[case("Deployment", json!({"spec": {"replicas": 1.0}}), "json: cannot unmarshal number 1.0 into Go struct field DeploymentSpec.spec.replicas of type int32")]
    fn values_of_the_wrong_type(#[case] kind: &str, #[case] object: Value, #[case] expected: &str) {
        assert_eq!(check(kind, object).unwrap_err(), expected);
    }

    #[rstest]
    #[case("ConfigMap", json!({"data": {"a": null}, "immutable": false, "metadata": {"labels": {}, "annotations": null, "generateName": ""}}),
        json!({"data": {"a": ""}, "immutable": false, "metadata": {}}))]
    #[case("ConfigMap", json!({"data": {}, "metadata": {"managedFields": []}}), json!({"metadata": {"managedFields": []}}))]
    #[case("ConfigMap", json!({"metadata": {"creationTimestamp": "2026-01-02T03:04:05.678+01:00"}}), json!({"metadata": {"creationTimestamp": "2026-01-02T02:04:05Z"}}))]
    #[case("PersistentVolumeClaim", json!({"spec": {"storageClassName": "", "volumeName": "", "resources": {"requests": {"storage": "1024Mi"}}}}),
        json!({"spec": {"storageClassName": "", "resources": {"requests": {"storage": "1Gi"}}}}))]
    #[case("Deployment", json!({"spec": {"replicas": 0, "paused": false, "template": {"spec": {"containers": [{"name": "c", "env": [{"name": "e", "value": ""}], "args": [], "stdin": false, "command": null}], "hostNetwork": false, "volumes": [{"name": "v", "emptyDir": {}, "configMap": null}]}}}}),
        json!({"spec": {"replicas": 0, "template": {"spec": {"containers": [{"name": "c", "env": [{"name": "e"}]}], "volumes": [{"name": "v", "emptyDir": {}}]}}}}))]
    #[case("Deployment", json!({"spec": {"template": {"spec": {}}}}), json!({"spec": {"template": {"spec": {"containers": null}}}}))]
    fn what_is_empty_is_left_out(#[case] kind: &str, #[case] object: Value, #[case] expected: Value) {
        assert_eq!(check(kind, object).unwrap(), expected);
    }

    #[rstest]
    #[case("0.5", "500m")]
    #[case("1.50", "1500m")]
    #[case("1024Mi", "1Gi")]
    #[case("1e3", "1e3")]
    #[case("1000k", "1M")]
    #[case("1073741824", "1073741824")]
    #[case("100000000", "100M")]
    #[case("0.0001", "100u")]
    #[case("0.5Gi", "512Mi")]
    #[case("-1", "-1")]
    #[case("0", "0")]
    #[case("0Mi", "0")]
    #[case("0.0000000001", "1n")]
    #[case("12E", "12E")]
    #[case("512Ki", "512Ki")]
    #[case("0.5Ki", "512")]
    fn quantities(#[case] text: &str, #[case] canonical: &str) {
        assert_eq!(quantity(text).as_deref(), Some(canonical));
    }

    #[rstest]
    #[case("abc")]
    #[case("")]
    #[case("1.2.3")]
    #[case("1Zi")]
    #[case(".")]
    #[case("1 Gi")]
    fn no_quantities(#[case] text: &str) {
        assert_eq!(quantity(text), None);
    }
}
