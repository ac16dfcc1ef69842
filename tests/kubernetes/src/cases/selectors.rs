//! Label and field selectors.

use serde_json::{Value, json};

use super::Done;
use super::common::{config_map, pod, secrets};
use crate::case::cases;
use crate::check::{names, same};
use crate::cluster::path;
use crate::{Answer, Cluster, Failure};

cases! { "selectors":
    labels_are_selected_in_many_ways,
    a_missing_label_is_unequal,
    malformed_label_selectors_are_refused,
    names_are_selected,
    malformed_field_selectors_are_refused,
    secrets_are_selected_by_type,
    pods_are_selected_by_their_fields,
    namespaces_are_selected_by_phase,
    events_are_selected_by_what_they_are_about,
    custom_resources_are_selected_by_declared_fields,
    both_selectors_have_to_match,
}

async fn select(cluster: &Cluster, path: &str, option: &str, selector: &str) -> Result<Answer, Failure> {
    cluster.read(path).query(option, selector).send().await
}

async fn labels_are_selected_in_many_ways(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 5).await?;
    for (selector, expected) in [
        ("n=1", "s1"),
        ("n==1", "s1"),
        ("n in (1,2)", "s1 s2"),
        ("n in (1, 1)", "s1"),
        ("n notin (1)", "s0 s2 s3 s4"),
        ("n!=3,n!=4", "s0 s1 s2"),
        ("n", "s0 s1 s2 s3 s4"),
        ("!n", ""),
        ("n>2", "s3 s4"),
        ("n<1", "s0"),
        (" n = 1 ", "s1"),
        ("n=", ""),
        ("n in ()", ""),
        ("n in (1,3),n>1", "s3"),
        ("example.com/x", ""),
        ("", "s0 s1 s2 s3 s4"),
    ] {
        let list = select(&cluster, &secrets, "labelSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    Ok(())
}

async fn a_missing_label_is_unequal(cluster: Cluster) -> Done {
    let leases = path("coordination.k8s.io/v1", &cluster.namespace().await?, "leases");
    for (name, labels) in [("a", json!({})), ("b", json!({"x": "1"})), ("c", json!({"x": ""}))] {
        let body = json!({
            "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": name, "labels": labels},
        });
        cluster.create(&leases, &body).await?.expect(201)?;
    }
    for (selector, expected) in [
        ("x!=1", "a c"),
        ("x notin (1)", "a c"),
        ("!x", "a"),
        ("x=", "c"),
        ("x", "b c"),
        ("x>0", "b"),
        ("x in (,1)", "b c"),
    ] {
        let list = select(&cluster, &leases, "labelSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    Ok(())
}

async fn malformed_label_selectors_are_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let key = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
    for (selector, message) in [
        ("a==b==c", "found '==', expected: ',' or 'end of string'".to_owned()),
        ("n===1", "unable to parse requirement: found '=', expected: identifier".to_owned()),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'".to_owned()),
        ("=", "found '=', expected: !, identifier, or 'end of string'".to_owned()),
        ("(", "found '(', expected: !, identifier, or 'end of string'".to_owned()),
        (",", "found ',', expected: !, identifier, or 'end of string'".to_owned()),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt".to_owned()),
        ("a=b c", "found 'c', expected: ',' or 'end of string'".to_owned()),
        ("n=1,", "found '', expected: identifier after ','".to_owned()),
        (
            "n>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"
                .to_owned(),
        ),
        ("a/b/c=d", format!("unable to parse requirement: <nil>: Invalid value: \"a/b/c\": {key}")),
    ] {
        let answer = select(&cluster, &secrets, "labelSelector", selector).await?;
        answer.refused(400, "BadRequest", &message, Value::Null)?;
        let answer = cluster.read(&secrets).query("watch", "true").query("labelSelector", selector).send().await?;
        answer.refused(400, "BadRequest", &message, Value::Null)?;
    }
    Ok(())
}

async fn names_are_selected(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let secrets = secrets(&cluster, 3).await?;
    for (selector, expected) in [
        ("metadata.name=s1".to_owned(), "s1"),
        ("metadata.name==s1".to_owned(), "s1"),
        ("metadata.name!=s1".to_owned(), "s0 s2"),
        ("metadata.name=s1,metadata.name=s2".to_owned(), ""),
        ("metadata.name!=s1,metadata.name!=s2".to_owned(), "s0"),
        ("metadata.name=".to_owned(), ""),
        ("metadata.name=s1,".to_owned(), "s1"),
        (format!("metadata.namespace={namespace}"), ""),
        (format!("metadata.namespace!={namespace}"), "s0 s1 s2"),
    ] {
        let list = select(&cluster, &secrets, "fieldSelector", &selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    Ok(())
}

async fn malformed_field_selectors_are_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    for (selector, message) in [
        ("abc", "invalid selector: 'abc'; can't understand 'abc'"),
        (
            "metadata.name in (s1)",
            "invalid selector: 'metadata.name in (s1)'; can't understand 'metadata.name in (s1)'",
        ),
        ("spec.foo=1", "field label not supported: spec.foo"),
        ("metadata.labels.n=1", "field label not supported: metadata.labels.n"),
        ("metadata.uid=1", "field label not supported: metadata.uid"),
    ] {
        let answer = select(&cluster, &secrets, "fieldSelector", selector).await?;
        answer.refused(400, "BadRequest", message, Value::Null)?;
    }
    Ok(())
}

async fn secrets_are_selected_by_type(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let body = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "type": "example.com/t"});
    cluster.create(&secrets, &body).await?.expect(201)?;
    for (selector, expected) in [("type=Opaque", "s0"), ("type=example.com/t", "t"), ("type!=Opaque", "t")] {
        let list = select(&cluster, &secrets, "fieldSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    Ok(())
}

async fn pods_are_selected_by_their_fields(cluster: Cluster) -> Done {
    let pods = path("v1", &cluster.namespace().await?, "pods");
    let mut never = pod("never");
    never["spec"]["restartPolicy"] = json!("Never");
    never["spec"]["serviceAccountName"] = json!("robot");
    never["spec"]["schedulerName"] = json!("nobody");
    for body in [pod("always"), never] {
        cluster.create(&pods, &body).await?.expect(201)?;
    }
    for (selector, expected) in [
        ("status.phase=Pending", "always never"),
        ("status.phase!=Pending", ""),
        ("spec.restartPolicy=Never", "never"),
        ("spec.serviceAccountName=robot", "never"),
        ("spec.schedulerName=nobody", "never"),
        ("spec.nodeName=", "always never"),
        ("spec.nodeName=n", ""),
        ("spec.hostNetwork=false", "always never"),
        ("status.podIP=", "always never"),
        ("spec.restartPolicy=Never,status.phase=Running", ""),
    ] {
        let list = select(&cluster, &pods, "fieldSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    let answer = select(&cluster, &pods, "fieldSelector", "spec.priority=0").await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.priority", Value::Null)
}

async fn namespaces_are_selected_by_phase(cluster: Cluster) -> Done {
    let name = cluster.namespace().await?;
    for (phase, expected) in [("Active", vec![name.as_str()]), ("Terminating", vec![])] {
        let selector = format!("status.phase={phase},metadata.name={name}");
        let list = select(&cluster, "/api/v1/namespaces", "fieldSelector", &selector).await?.expect(200)?;
        same!(names(&list), expected);
    }
    Ok(())
}

async fn events_are_selected_by_what_they_are_about(cluster: Cluster) -> Done {
    let namespace = cluster.namespace().await?;
    let events = path("v1", &namespace, "events");
    for (name, about, kind) in [("a", "x", "Normal"), ("b", "y", "Warning")] {
        let body = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": name}, "type": kind, "reason": "Tested",
            "involvedObject": {"kind": "ConfigMap", "namespace": namespace, "name": about, "uid": format!("u{about}")},
        });
        cluster.create(&events, &body).await?.expect(201)?;
    }
    let all = format!(
        "involvedObject.name=x,involvedObject.namespace={namespace},involvedObject.kind=ConfigMap,involvedObject.uid=ux"
    );
    for (selector, expected) in [(all.as_str(), "a"), ("type=Warning", "b"), ("reason=Tested", "a b"), ("reason=x", "")]
    {
        let list = select(&cluster, &events, "fieldSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    Ok(())
}

async fn custom_resources_are_selected_by_declared_fields(cluster: Cluster) -> Done {
    let spec = json!({"type": "object", "properties": {"color": {"type": "string"}, "size": {"type": "integer"}}});
    let version = json!({
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}},
        "selectableFields": [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.size"}],
    });
    let widget = cluster.define(&version).await?;
    let widgets = widget.widgets(&cluster.namespace().await?);
    for (name, spec) in [("a", json!({"color": "red", "size": 1})), ("b", json!({"color": "blue"})), ("c", json!({}))] {
        cluster.create(&widgets, &widget.widget(name, &spec)).await?.expect(201)?;
    }
    for (selector, expected) in [
        ("spec.color=red", "a"),
        ("spec.size=1", "a"),
        ("spec.color!=red", "b c"),
        ("spec.color=", "c"),
        ("metadata.name=b", "b"),
    ] {
        let list = select(&cluster, &widgets, "fieldSelector", selector).await?.expect(200)?;
        same!(names(&list).join(" "), expected, "what {selector:?} selects");
    }
    let answer = select(&cluster, &widgets, "fieldSelector", "spec.other=1").await?;
    answer.refused(400, "BadRequest", "field label not supported: spec.other", Value::Null)
}

async fn both_selectors_have_to_match(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    let call = cluster.read(&secrets).query("labelSelector", "n>0").query("fieldSelector", "metadata.name!=s1");
    same!(names(&call.send().await?.expect(200)?), ["s2"]);
    let maps = path("v1", &cluster.namespace().await?, "configmaps");
    cluster.create(&maps, &config_map("x")).await?.expect(201)?;
    let call = cluster.read(&maps).query("labelSelector", "a=b").query("fieldSelector", "metadata.name=x");
    same!(names(&call.send().await?.expect(200)?), Vec::<&str>::new());
    Ok(())
}
