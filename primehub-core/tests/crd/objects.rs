//! Which objects the types read, and what they keep of them.

use primehub_core::crd::ph_deployment::PhDeploymentPhase;
use primehub_core::crd::{
    Announcement, Dataset, Image, ImageSpec, ImageSpecJob, InstanceType, License, PhAppTemplate, PhApplication,
    PhDeployment, PhJob, PhSchedule,
};
use rstest::rstest;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Reads an object and writes it again.
fn again<K: DeserializeOwned + Serialize>(object: Value) -> Result<Value, String> {
    let object: K = serde_json::from_value(object).map_err(|error| error.to_string())?;
    Ok(serde_json::to_value(object).unwrap())
}

fn round_trip(kind: &str, object: Value) -> Result<Value, String> {
    match kind {
        "InstanceType" => again::<InstanceType>(object),
        "Image" => again::<Image>(object),
        "Dataset" => again::<Dataset>(object),
        "ImageSpec" => again::<ImageSpec>(object),
        "ImageSpecJob" => again::<ImageSpecJob>(object),
        "PhJob" => again::<PhJob>(object),
        "PhSchedule" => again::<PhSchedule>(object),
        "PhDeployment" => again::<PhDeployment>(object),
        "PhApplication" => again::<PhApplication>(object),
        "PhAppTemplate" => again::<PhAppTemplate>(object),
        "License" => again::<License>(object),
        "Announcement" => again::<Announcement>(object),
        _ => panic!("no such kind: {kind}"),
    }
}

fn object(kind: &str, spec: &Value, status: &Value) -> Value {
    let mut object = json!({
        "apiVersion": "primehub.io/v1alpha1", "kind": kind, "metadata": {"name": "a", "namespace": "hub"}, "spec": spec,
    });
    if !status.is_null() {
        object["status"] = status.clone();
    }
    object
}

fn job() -> Value {
    json!({"displayName": "", "command": "true", "image": "i", "instanceType": "t", "groupId": "g", "groupName": "", "userId": "u"})
}

fn full_job() -> Value {
    json!({
        "displayName": "j", "command": "a\nb", "image": "i", "instanceType": "t", "groupId": "g", "groupName": "research", "userId": "u",
        "userName": "ada", "activeDeadlineSeconds": 9_000_000_000_i64, "cancel": true, "requeueLimit": -1, "ttlSecondsAfterFinished": 5,
    })
}

fn deployment() -> Value {
    json!({"displayName": "d", "groupId": "g", "groupName": "research", "userId": "u", "userName": "ada", "predictors": [
        {"name": "predictor1", "replicas": 1, "modelImage": "m", "instanceType": "t"},
    ]})
}

fn full_deployment() -> Value {
    json!({
        "displayName": "d", "groupId": "g", "groupName": "research", "userId": "u", "userName": "ada", "description": "", "stop": false,
        "updateMessage": "more", "endpoint": {"accessType": "private", "clients": [{"name": "c", "token": "$apr1$x"}]},
        "env": [
            {"name": "A"}, {"name": "B", "value": "b"},
            {"name": "C", "valueFrom": {"secretKeyRef": {"key": "k", "name": "s", "optional": true}}},
            {"name": "D", "valueFrom": {"configMapKeyRef": {"key": "k"}}},
            {"name": "E", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name", "apiVersion": "v1"}}},
            {"name": "F", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "containerName": "main", "divisor": "1m"}}},
            {"name": "G", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": 1}}},
        ],
        "predictors": [{
            "name": "predictor1", "replicas": 2, "modelImage": "m", "instanceType": "t", "modelURI": "phfs:///m", "imagePullSecret": "s",
            "metadata": {"a": "b"},
        }],
    })
}

fn pod() -> Value {
    json!({"spec": {"containers": [{"name": "main"}]}})
}

/// Fields of tomorrow, fields that the original knew, and `null`s.
fn full_pod() -> Value {
    json!({"spec": {
        "containers": [{"name": "main", "image": "i", "env": [{"name": "A", "value": null, "required": true}], "ports": [{"containerPort": 80}]}],
        "volumes": [{"name": "v", "emptyDir": {"sizeLimit": 1}}], "fieldOfTomorrow": {"a": [1, null]}, "nodeSelector": null,
    }})
}

fn full_service() -> Value {
    json!({"spec": {
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": "http", "fieldOfTomorrow": 1.5}], "type": "ClusterIP", "fieldOfTomorrow": {},
    }})
}

fn application() -> Value {
    json!({"displayName": "a", "groupName": "g", "instanceType": "t", "scope": "group", "podTemplate": pod(), "svcTemplate": {"spec": {}}})
}

#[rstest]
#[case("InstanceType", json!({"limits.cpu": 1, "limits.memory": "2G"}), json!(null))]
#[case("InstanceType", json!({
    "displayName": "d", "description": "", "limits.cpu": 0.5, "limits.memory": "2.5G", "requests.cpu": 1, "requests.memory": "1G",
    "limits.gpu": 2, "gpuResourceName": "amd.com/gpu", "limits.nvidia.com/gpu": 1, "nodeSelector": {"gpu": "v100", "cool": 123, "no": null},
    "tolerations": [{"operator": "Exists", "key": null, "effect": "NoSchedule", "fieldOfTomorrow": []}, {}],
}), json!(null))]
#[case("InstanceType", json!({"limits.cpu": -1e300, "limits.memory": ""}), json!(null))]
#[case("Image", json!({}), json!(null))]
#[case("Image", json!({
    "displayName": "d", "description": "", "type": "both", "url": "u", "urlForGpu": "g", "pullSecret": "", "groupName": "research",
    "imageSpec": {
        "baseImage": "b", "pullSecret": "s", "packages": {"apt": [""], "conda": [], "pip": ["einops==0.7.0"]},
        "updateTime": "2024-05-01T10:00:00.000Z", "cancel": false,
    },
}), json!({"jobCondition": {"image": "i", "jobName": "j", "phase": "Succeeded"}}))]
#[case("Image", json!({"type": "of tomorrow", "imageSpec": {"baseImage": ""}}), json!({"jobCondition": {"image": "", "jobName": "", "phase": ""}}))]
#[case("Dataset", json!({}), json!(null))]
#[case("Dataset", json!({
    "displayName": "d", "description": "", "type": "git", "url": "u#main", "volumeName": "hostpath:/x", "gitsync": {"secret": "s"},
    "variables": {"a": 1, "b": null, "c": {"d": []}}, "pv": {"provisioning": "manual"}, "nfs": {"server": "s", "path": "/p"},
    "hostPath": {"path": "/h"}, "enableUploadServer": "true",
}), json!(null))]
#[case("Dataset", json!({"type": "hostPath", "enableUploadServer": "false", "pv": {}, "gitsync": {}, "variables": {}}), json!(null))]
#[case("ImageSpec", json!({"baseImage": "b", "packages": {}}), json!(null))]
#[case("ImageSpec", json!({
    "baseImage": "b", "packages": {"pip": []}, "pullSecret": "s", "updateTime": "2024-05-01t12:00:00+02:00",
}), json!({"image": "i", "jobName": "j", "phase": "of tomorrow"}))]
#[case("ImageSpecJob", json!({"baseImage": "b", "packages": {}, "pushSecret": "p", "targetImage": "t"}), json!(null))]
#[case("ImageSpecJob", json!({
    "baseImage": "b", "packages": {"apt": ["jq"]}, "pushSecret": "p", "targetImage": "t", "pullSecret": "s", "repoPrefix": "r",
    "updateTime": "2024-05-01T10:00:00Z",
}), json!({"phase": "Running", "podName": "p", "startTime": "2024-05-01T10:00:00Z", "finishTime": "2024-05-01T10:00:01Z"}))]
#[case("PhJob", job(), json!(null))]
#[case("PhJob", full_job(), json!({"phase": "Preparing"}))]
#[case("PhJob", job(), json!({
    "phase": "Unknown", "podName": "p", "reason": "r", "message": "m", "requeued": 1, "startTime": "2024-05-01T10:00:00Z",
    "finishTime": "2024-05-01T10:00:01Z",
}))]
#[case("PhSchedule", json!({"recurrence": {"type": "inactive"}, "jobTemplate": {}}), json!(null))]
#[case("PhSchedule", json!({
    "recurrence": {"type": "custom", "cron": "0 4 * * *"},
    "jobTemplate": {"metadata": {"labels": {"phjob.primehub.io/scheduledBy": "s"}, "annotations": null, "x": 1}, "spec": full_job()},
}), json!({"invalid": false, "message": "", "nextRunTime": "2024-05-01T10:00:00Z"}))]
#[case("PhSchedule", json!({"recurrence": {"type": "weekly", "cron": ""}, "jobTemplate": {"spec": job()}}), json!({}))]
#[case("PhDeployment", deployment(), json!(null))]
#[case("PhDeployment", full_deployment(), json!({
    "phase": "of tomorrow", "message": "m", "replicas": 2, "availableReplicas": 0, "endpoint": "https://e",
    "history": [{"time": "2024-05-01T10:00:00Z", "spec": deployment()}, {"time": "2024-05-01T09:00:00Z", "spec": full_deployment()}],
}))]
#[case("PhApplication", application(), json!(null))]
#[case("PhApplication", json!({
    "displayName": "a", "groupName": "g", "instanceType": "t", "scope": "of tomorrow", "stop": true, "httpPort": 5000, "rewrite": true,
    "appRoot": "", "podTemplate": full_pod(), "svcTemplate": full_service(),
}), json!({"phase": "Ready", "message": "m", "serviceName": "app-a"}))]
#[case("PhAppTemplate", json!({"name": "n", "template": {"spec": {"podTemplate": pod(), "svcTemplate": {"spec": {}}}}}), json!(null))]
#[case("PhAppTemplate", json!({
    "name": "n", "description": "d", "version": "1", "docLink": "https://d", "icon": "data:x",
    "defaultEnvs": [{"name": "A"}, {"name": "B", "description": "b", "defaultValue": "", "optional": true}],
    "template": {"spec": {"podTemplate": full_pod(), "svcTemplate": full_service(), "httpPort": 80, "rewrite": false, "appRoot": "/r"}},
}), json!(null))]
#[case("License", json!({"signed_license": "a.b"}), json!(null))]
#[case("License", json!({"signed_license": ""}), json!({
    "licensed_to": "x", "started_at": "2024-01-01", "expired_at": "", "expired": "unexpired", "platform_type": "enterprise", "reason": "r",
    "max_user": -1, "max_group": 0, "max_node": 1, "max_model_deploy": 2,
}))]
#[case("Announcement", json!({}), json!(null))]
#[case("Announcement", json!({"content": "<b>x</b>", "expiryDate": 1_700_000_000, "sendEmail": false, "status": "draft"}), json!(null))]
fn what_may_be_stored_is_read_and_written_unchanged(#[case] kind: &str, #[case] spec: Value, #[case] status: Value) {
    let object = object(kind, &spec, &status);
    assert_eq!(round_trip(kind, object.clone()), Ok(object));
}

/// An object without something that is required.
fn without(mut spec: Value, path: &str) -> Value {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let removed = spec.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
    assert!(removed.is_some(), "{path} was there");
    spec
}

/// An object with something else in it.
fn with(mut spec: Value, key: &str, value: Value) -> Value {
    spec[key] = value;
    spec
}

#[rstest]
#[case("InstanceType", json!({"limits.memory": "2G"}), json!(null), "limits.cpu")]
#[case("InstanceType", json!({"limits.cpu": 1}), json!(null), "limits.memory")]
#[case("InstanceType", json!({"limits.cpu": "1", "limits.memory": "2G"}), json!(null), "expected a JSON number")]
#[case("InstanceType", json!({"limits": {"cpu": 1, "memory": "2G"}}), json!(null), "limits.cpu")]
#[case("InstanceType", json!({"limits.cpu": 1, "limits.memory": "2G", "limits.gpu": 1.5}), json!(null), "floating point `1.5`")]
#[case("InstanceType", json!({"limits.cpu": 1, "limits.memory": "2G", "tolerations": [null]}), json!(null), "null")]
#[case("InstanceType", json!({"limits.cpu": 1, "limits.memory": "2G", "nodeSelector": []}), json!(null), "a map")]
#[case("Image", json!({"imageSpec": {}}), json!(null), "baseImage")]
#[case("Image", json!({"imageSpec": {"baseImage": "b", "packages": {"apt": ""}}}), json!(null), "a sequence")]
#[case("Image", json!({"imageSpec": {"baseImage": "b", "cancel": "true"}}), json!(null), "a boolean")]
#[case("Image", json!({}), json!({}), "jobCondition")]
#[case("Image", json!({}), json!({"jobCondition": {"image": "", "jobName": ""}}), "phase")]
#[case("Dataset", json!({"type": "s3"}), json!(null), "unknown variant `s3`")]
#[case("Dataset", json!({"type": "hostpath"}), json!(null), "unknown variant `hostpath`")]
#[case("Dataset", json!({"type": "pv\n"}), json!(null), "unknown variant `pv\n`")]
#[case("Dataset", json!({"pv": {"provisioning": ""}}), json!(null), "unknown variant ``")]
#[case("Dataset", json!({"nfs": {"server": "s"}}), json!(null), "path")]
#[case("Dataset", json!({"nfs": {"path": "/p"}}), json!(null), "server")]
#[case("Dataset", json!({"hostPath": {}}), json!(null), "path")]
#[case("Dataset", json!({"enableUploadServer": true}), json!(null), "invalid type")]
#[case("Dataset", json!({"enableUploadServer": "True"}), json!(null), "unknown variant `True`")]
#[case("ImageSpec", json!({"baseImage": "b"}), json!(null), "packages")]
#[case("ImageSpec", json!({"packages": {}}), json!(null), "baseImage")]
#[case("ImageSpec", json!({"baseImage": "b", "packages": {}}), json!({"image": "i", "phase": "p"}), "jobName")]
#[case("ImageSpecJob", json!({"baseImage": "b", "packages": {}, "targetImage": "t"}), json!(null), "pushSecret")]
#[case("ImageSpecJob", json!({"baseImage": "b", "packages": {}, "pushSecret": "p"}), json!(null), "targetImage")]
#[case("ImageSpecJob", json!({"baseImage": "b", "packages": {}, "pushSecret": "p", "targetImage": "t"}), json!({"phase": "p"}), "podName")]
#[case("PhJob", without(job(), "/command"), json!(null), "command")]
#[case("PhJob", without(job(), "/displayName"), json!(null), "displayName")]
#[case("PhJob", without(job(), "/groupId"), json!(null), "groupId")]
#[case("PhJob", without(job(), "/groupName"), json!(null), "groupName")]
#[case("PhJob", without(job(), "/image"), json!(null), "image")]
#[case("PhJob", without(job(), "/instanceType"), json!(null), "instanceType")]
#[case("PhJob", without(job(), "/userId"), json!(null), "userId")]
#[case("PhJob", with(job(), "requeueLimit", json!(2_147_483_648_i64)), json!(null), "i32")]
#[case("PhJob", job(), json!({}), "phase")]
#[case("PhJob", job(), json!({"phase": "running"}), "unknown variant `running`")]
#[case("PhSchedule", json!({"jobTemplate": {}}), json!(null), "recurrence")]
#[case("PhSchedule", json!({"recurrence": {"type": "daily"}}), json!(null), "jobTemplate")]
#[case("PhSchedule", json!({"recurrence": {"cron": "* * * * *"}, "jobTemplate": {}}), json!(null), "type")]
#[case("PhSchedule", json!({"recurrence": {"type": "hourly"}, "jobTemplate": {}}), json!(null), "unknown variant `hourly`")]
#[case("PhSchedule", json!({"recurrence": {"type": "daily"}, "jobTemplate": {"spec": without(job(), "/image")}}), json!(null), "image")]
#[case("PhDeployment", without(deployment(), "/predictors"), json!(null), "predictors")]
#[case("PhDeployment", without(deployment(), "/userName"), json!(null), "userName")]
#[case("PhDeployment", without(deployment(), "/predictors/0/replicas"), json!(null), "replicas")]
#[case("PhDeployment", with(deployment(), "endpoint", json!({})), json!(null), "accessType")]
#[case("PhDeployment", with(deployment(), "endpoint", json!({"accessType": "private", "clients": [{"name": "c"}]})), json!(null), "token")]
#[case("PhDeployment", with(deployment(), "env", json!([{"value": "v"}])), json!(null), "name")]
#[case("PhDeployment", with(deployment(), "env", json!([{"name": "A", "valueFrom": {"fieldRef": {}}}])), json!(null), "fieldPath")]
#[case("PhDeployment", deployment(), json!({"message": "m"}), "phase")]
#[case("PhDeployment", deployment(), json!({"phase": "Deployed", "history": [{"spec": deployment()}]}), "time")]
#[case("PhApplication", without(application(), "/podTemplate"), json!(null), "podTemplate")]
#[case("PhApplication", without(application(), "/svcTemplate/spec"), json!(null), "spec")]
#[case("PhApplication", without(application(), "/podTemplate/spec/containers"), json!(null), "containers")]
#[case("PhApplication", with(application(), "podTemplate", json!({"spec": {"containers": [{"image": "i"}]}})), json!(null), "name")]
#[case("PhApplication", with(application(), "svcTemplate", json!({"spec": {"ports": [{"targetPort": 1}]}})), json!(null), "port")]
#[case("PhApplication", without(application(), "/scope"), json!(null), "scope")]
#[case("PhApplication", application(), json!({}), "phase")]
#[case("PhAppTemplate", json!({"template": {"spec": {"podTemplate": pod(), "svcTemplate": {"spec": {}}}}}), json!(null), "name")]
#[case("PhAppTemplate", json!({"name": "n", "template": {}}), json!(null), "spec")]
#[case("PhAppTemplate", json!({"name": "n", "template": {"spec": {"podTemplate": pod()}}}), json!(null), "svcTemplate")]
#[case("License", json!({}), json!(null), "signed_license")]
#[case("License", json!({"signed_license": ""}), json!({"max_user": "1"}), "invalid type")]
#[case("Announcement", json!({"status": "hidden"}), json!(null), "unknown variant `hidden`")]
#[case("Announcement", json!({"expiryDate": "2024-05-01"}), json!(null), "invalid type")]
fn what_the_schema_refuses_is_refused(
    #[case] kind: &str,
    #[case] spec: Value,
    #[case] status: Value,
    #[case] because: &str,
) {
    let refusal = round_trip(kind, object(kind, &spec, &status)).unwrap_err();
    assert!(refusal.contains(because), "{refusal}");
}

#[rstest]
#[case("InstanceType")]
#[case("Image")]
#[case("Dataset")]
#[case("ImageSpec")]
#[case("ImageSpecJob")]
#[case("PhJob")]
#[case("PhSchedule")]
#[case("PhDeployment")]
#[case("PhApplication")]
#[case("PhAppTemplate")]
#[case("License")]
#[case("Announcement")]
fn without_spec_it_is_nothing(#[case] kind: &str) {
    let refusal = round_trip(kind, without(object(kind, &json!({}), &json!(null)), "/spec")).unwrap_err();
    assert!(refusal.contains("missing field `spec`"), "{refusal}");
}

/// As the API server does when such an object is written.
#[test]
fn null_is_absent_and_unknown_keys_are_dropped() {
    let read =
        round_trip("Image", object("Image", &json!({"groupName": null, "url": "u", "colour": "red"}), &json!(null)));
    assert_eq!(read, Ok(object("Image", &json!({"url": "u"}), &json!(null))));
}

#[test]
fn phases_are_told_from_what_is_not_known() {
    let phase = |text: &str| PhDeploymentPhase::from(text.to_owned());
    assert_eq!(phase("Stopped"), PhDeploymentPhase::Stopped);
    assert_eq!(phase("stopped"), PhDeploymentPhase::Other("stopped".to_owned()));
    assert_eq!(phase("stopped").to_string(), "stopped");
}

#[rstest]
#[case(json!(0.1), Some("0.1"))]
#[case(json!(2), Some("2"))]
#[case(json!(1e300), None)]
fn cores_are_exact(#[case] cores: Value, #[case] exact: Option<&str>) {
    let spec = json!({"limits.cpu": cores, "requests.cpu": cores, "limits.memory": "1G"});
    let instance_type: InstanceType = serde_json::from_value(object("InstanceType", &spec, &json!(null))).unwrap();
    let exact = exact.map(|text| text.parse().unwrap());
    assert_eq!(instance_type.spec.cpu_limit().ok(), exact);
    assert_eq!(instance_type.spec.cpu_request().ok().flatten(), exact);
}
