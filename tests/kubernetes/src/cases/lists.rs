//! Lists: pages, tokens and versions.

use http::Method;
use serde_json::{Value, json};

use super::Done;
use super::common::{secret, secrets};
use crate::case::cases;
use crate::check::{check, names, same, text, version};
use crate::cluster::path;
use crate::{Answer, Cluster, Failure};

cases! { "lists":
    a_list_is_ordered_by_name,
    pages_fit_together,
    pages_fit_together_across_namespaces,
    a_later_page_may_have_another_size,
    pages_show_the_state_of_the_first,
    a_selector_hides_how_many_remain,
    a_page_may_be_the_last_exactly,
    a_limit_is_a_number,
    a_foreign_token_is_refused,
    a_token_goes_without_a_version,
    a_token_goes_without_a_match,
    a_match_needs_a_version,
    a_match_is_exact_or_not_older,
    a_bad_version_is_refused,
    an_exact_list_shows_the_past,
    a_list_is_not_older_than_asked,
    a_version_with_a_limit_is_exact,
    version_zero_ignores_the_limit,
    a_future_version_takes_too_long,
    a_list_has_no_initial_events,
}

/// Lists with these options.
async fn list(cluster: &Cluster, path: &str, options: &[(&str, &str)]) -> Result<Answer, Failure> {
    let call = options.iter().fold(cluster.read(path), |call, (key, value)| call.query(key, *value));
    call.send().await
}

fn token(list: &Value) -> String {
    text(list, "/metadata/continue").to_owned()
}

async fn a_list_is_ordered_by_name(cluster: Cluster) -> Done {
    let secrets = path("v1", &cluster.namespace().await?, "secrets");
    for name in ["b", "a-b", "a.b", "a", "a1", "10", "9"] {
        cluster.create(&secrets, &secret(name, "1")).await?.expect(201)?;
    }
    let list = cluster.get(&secrets).await?.expect(200)?;
    same!(names(&list), ["10", "9", "a", "a-b", "a.b", "a1", "b"]);
    same!(list["metadata"], json!({"resourceVersion": version(&list)}));
    Ok(())
}

async fn pages_fit_together(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 5).await?;
    let first = list(&cluster, &secrets, &[("limit", "2")]).await?.expect(200)?;
    same!((names(&first), &first["metadata"]["remainingItemCount"]), (vec!["s0", "s1"], &json!(3)));
    let second = list(&cluster, &secrets, &[("limit", "2"), ("continue", &token(&first))]).await?.expect(200)?;
    same!((names(&second), &second["metadata"]["remainingItemCount"]), (vec!["s2", "s3"], &json!(1)));
    let third = list(&cluster, &secrets, &[("limit", "2"), ("continue", &token(&second))]).await?.expect(200)?;
    same!(names(&third), ["s4"]);
    same!(third["metadata"], json!({"resourceVersion": version(&first)}));
    same!(version(&second), version(&first));
    Ok(())
}

async fn pages_fit_together_across_namespaces(cluster: Cluster) -> Done {
    let mark = cluster.unique("mark");
    let mut namespaces = [cluster.namespace().await?, cluster.namespace().await?];
    namespaces.sort();
    for namespace in &namespaces {
        for name in ["a", "b"] {
            cluster.create(path("v1", namespace, "secrets"), &secret(name, &mark)).await?.expect(201)?;
        }
    }
    let selector = format!("n={mark}");
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let mut options = vec![("limit", "1"), ("labelSelector", selector.as_str())];
        if !next.is_empty() {
            options.push(("continue", &next));
        }
        let page = list(&cluster, "/api/v1/secrets", &options).await?.expect(200)?;
        for item in page["items"].as_array().into_iter().flatten() {
            found.push(format!("{}/{}", text(item, "/metadata/namespace"), text(item, "/metadata/name")));
        }
        next = token(&page);
        if next.is_empty() {
            break;
        }
    }
    let expected = namespaces.iter().flat_map(|namespace| ["a", "b"].map(|name| format!("{namespace}/{name}")));
    same!(found, expected.collect::<Vec<_>>());
    Ok(())
}

async fn a_later_page_may_have_another_size(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 5).await?;
    let first = list(&cluster, &secrets, &[("limit", "1")]).await?.expect(200)?;
    let rest = list(&cluster, &secrets, &[("continue", &token(&first))]).await?.expect(200)?;
    same!(names(&rest), ["s1", "s2", "s3", "s4"]);
    same!(token(&rest), "");
    Ok(())
}

async fn pages_show_the_state_of_the_first(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 4).await?;
    let first = list(&cluster, &secrets, &[("limit", "2")]).await?.expect(200)?;
    cluster.create(&secrets, &secret("s25", "1")).await?.expect(201)?;
    cluster.delete(format!("{secrets}/s3")).await?.expect(200)?;
    let second = list(&cluster, &secrets, &[("limit", "5"), ("continue", &token(&first))]).await?.expect(200)?;
    same!((names(&second), version(&second)), (vec!["s2", "s3"], version(&first)));
    same!(names(&cluster.get(&secrets).await?.expect(200)?), ["s0", "s1", "s2", "s25"]);
    Ok(())
}

async fn a_selector_hides_how_many_remain(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 5).await?;
    for selector in [("labelSelector", "n in (1,3,4)"), ("fieldSelector", "metadata.name!=s0,metadata.name!=s2")] {
        let first = list(&cluster, &secrets, &[("limit", "2"), selector]).await?.expect(200)?;
        same!((names(&first), first["metadata"].get("remainingItemCount")), (vec!["s1", "s3"], None));
        let options = [("limit", "2"), selector, ("continue", &token(&first))];
        let second = list(&cluster, &secrets, &options).await?.expect(200)?;
        same!((names(&second), token(&second)), (vec!["s4"], String::new()));
    }
    Ok(())
}

async fn a_page_may_be_the_last_exactly(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let page = list(&cluster, &secrets, &[("limit", "2")]).await?.expect(200)?;
    same!((names(&page), token(&page)), (vec!["s0", "s1"], String::new()));
    same!(page["metadata"].get("remainingItemCount"), None);
    Ok(())
}

async fn a_limit_is_a_number(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    for limit in ["0", "-1"] {
        same!(names(&list(&cluster, &secrets, &[("limit", limit)]).await?.expect(200)?), ["s0", "s1"]);
    }
    for limit in ["abc", "", "1.5"] {
        let message = format!("strconv.ParseInt: parsing {limit:?}: invalid syntax");
        list(&cluster, &secrets, &[("limit", limit)]).await?.refused(400, "BadRequest", message, Value::Null)?;
    }
    Ok(())
}

async fn a_foreign_token_is_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    for token in ["abc", "!", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJ4In0", "eyJ2Ijoib3RoZXIifQ"] {
        let answer = list(&cluster, &secrets, &[("continue", token)]).await?;
        same!((answer.code, text(&answer.json, "/reason")), (400, "BadRequest"), "the answer to {token}");
        // What is wrong with it is said in the server's own words.
        let message = text(&answer.json, "/message");
        check!(message.starts_with("invalid continue token: continue key is not valid: "), "{message}");
    }
    Ok(())
}

async fn a_token_goes_without_a_version(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let first = list(&cluster, &secrets, &[("limit", "1")]).await?.expect(200)?;
    let options = [("continue", token(&first)), ("resourceVersion", version(&first))];
    let options = options.each_ref().map(|(key, value)| (*key, value.as_str()));
    let message = "specifying resource version is not allowed when using continue";
    list(&cluster, &secrets, &options).await?.refused(400, "BadRequest", message, Value::Null)?;
    // Zero is as good as none.
    let options = [options[0], ("resourceVersion", "0")];
    same!(names(&list(&cluster, &secrets, &options).await?.expect(200)?), ["s1"]);
    Ok(())
}

async fn invalid_list(cluster: &Cluster, options: &[(&str, &str)], causes: &[(&str, &str, &str)]) -> Done {
    let secrets = path("v1", "default", "secrets");
    list(cluster, &secrets, options).await?.invalid("ListOptions.meta.k8s.io", "", causes)
}

const MATCH: &str = "resourceVersionMatch";

async fn a_token_goes_without_a_match(cluster: Cluster) -> Done {
    let causes = [
        (
            "FieldValueForbidden",
            "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
            MATCH,
        ),
        ("FieldValueForbidden", "Forbidden: resourceVersionMatch is forbidden when continue is provided", MATCH),
    ];
    invalid_list(&cluster, &[(MATCH, "Exact"), ("continue", "abc")], &causes).await
}

async fn a_match_needs_a_version(cluster: Cluster) -> Done {
    let message = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided";
    for kind in ["Exact", "NotOlderThan"] {
        invalid_list(&cluster, &[(MATCH, kind)], &[("FieldValueForbidden", message, MATCH)]).await?;
    }
    Ok(())
}

async fn a_match_is_exact_or_not_older(cluster: Cluster) -> Done {
    let message = "Unsupported value: \"Foo\": supported values: \"Exact\", \"NotOlderThan\", \"\"";
    let cause = ("FieldValueNotSupported", message, MATCH);
    invalid_list(&cluster, &[(MATCH, "Foo"), ("resourceVersion", "1")], &[cause]).await?;
    let cause = (
        "FieldValueForbidden",
        "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        MATCH,
    );
    invalid_list(&cluster, &[(MATCH, "Exact"), ("resourceVersion", "0")], &[cause]).await
}

async fn a_bad_version_is_refused(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    for version in ["abc", "-1"] {
        let message = format!(
            "invalid resource version: resourceVersion: Invalid value: {version:?}: strconv.ParseUint: parsing {version:?}: invalid syntax"
        );
        let answer = list(&cluster, &secrets, &[("resourceVersion", version)]).await?;
        answer.refused(400, "BadRequest", message, Value::Null)?;
    }
    Ok(())
}

async fn an_exact_list_shows_the_past(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let before = cluster.get(&secrets).await?.expect(200)?;
    cluster.create(&secrets, &secret("s2", "2")).await?.expect(201)?;
    cluster.delete(format!("{secrets}/s0")).await?.expect(200)?;
    let options = [("resourceVersion", version(&before)), (MATCH, "Exact".to_owned())];
    let options = options.each_ref().map(|(key, value)| (*key, value.as_str()));
    same!(list(&cluster, &secrets, &options).await?.expect(200)?, before);
    Ok(())
}

async fn a_list_is_not_older_than_asked(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    let made = cluster.create(&secrets, &secret("s1", "1")).await?.expect(201)?;
    for options in [vec![], vec![(MATCH, "NotOlderThan")]] {
        let version = version(&made);
        let options = [options, vec![("resourceVersion", version.as_str())]].concat();
        let fresh = list(&cluster, &secrets, &options).await?.expect(200)?;
        same!(names(&fresh), ["s0", "s1"]);
        check!(self::version(&fresh).parse::<u64>().ok() >= version.parse::<u64>().ok());
    }
    same!(names(&list(&cluster, &secrets, &[("resourceVersion", "1")]).await?.expect(200)?), ["s0", "s1"]);
    let read = cluster.read(format!("{secrets}/s1")).query("resourceVersion", version(&made)).send().await?;
    same!(read.expect(200)?, made);
    Ok(())
}

async fn a_version_with_a_limit_is_exact(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 2).await?;
    let before = cluster.get(&secrets).await?.expect(200)?;
    cluster.create(&secrets, &secret("a", "1")).await?.expect(201)?;
    let page =
        list(&cluster, &secrets, &[("resourceVersion", &version(&before)), ("limit", "1")]).await?.expect(200)?;
    same!((names(&page), version(&page)), (vec!["s0"], version(&before)));
    Ok(())
}

async fn version_zero_ignores_the_limit(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 3).await?;
    // The cache behind it may lag a moment.
    let whole = || async {
        let page = list(&cluster, &secrets, &[("resourceVersion", "0"), ("limit", "1")]).await?.expect(200)?;
        Ok((names(&page).len() == 3 && token(&page).is_empty()).then_some(()))
    };
    cluster.eventually("the whole list", whole).await
}

async fn a_future_version_takes_too_long(cluster: Cluster) -> Done {
    let secrets = secrets(&cluster, 1).await?;
    for path in [secrets.clone(), format!("{secrets}/s0")] {
        let answer = list(&cluster, &path, &[("resourceVersion", "99999999")]).await?;
        too_large(&answer)?;
    }
    let options = [("resourceVersion", "99999999"), (MATCH, "NotOlderThan")];
    too_large(&list(&cluster, &secrets, &options).await?)?;
    let exact = [("resourceVersion", "99999999"), (MATCH, "Exact")];
    too_large(&list(&cluster, &secrets, &exact).await?)
}

fn too_large(answer: &Answer) -> Done {
    let message = text(&answer.json, "/message");
    let start = "Timeout: Too large resource version: 99999999, current: ";
    check!(message.strip_prefix(start).is_some_and(|current| current.parse::<u64>().is_ok()), "{message}");
    let details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    answer.refused(504, "Timeout", message, details)?;
    same!(answer.header("Retry-After"), "1");
    Ok(())
}

async fn a_list_has_no_initial_events(cluster: Cluster) -> Done {
    let message = "Forbidden: sendInitialEvents is forbidden for list";
    let cause = ("FieldValueForbidden", message, "sendInitialEvents");
    invalid_list(&cluster, &[("sendInitialEvents", "true")], &[cause]).await?;
    let maps = path("v1", "default", "secrets");
    let answer = cluster.call(Method::GET, maps).query("sendInitialEvents", "false").send().await?;
    answer.invalid("ListOptions.meta.k8s.io", "", &[cause])
}
