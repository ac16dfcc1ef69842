//! Acting as somebody else, for callers who may: `kubectl --as`.

use http::HeaderMap;

use super::{AUTHENTICATED, Access, Attributes, Caller};
use crate::kubernetes::server::ApiServer;
use crate::kubernetes::status::Status;

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";

/// The caller that the headers name, or `caller` if they name none.
///
/// # Errors
///
/// 403 if `caller` may not act as that one, 500 for a group without a user, 501 for what callers do not have here.
pub(super) fn act_as(server: &ApiServer, caller: Caller, headers: &HeaderMap) -> Result<Caller, Status> {
    let all = |name: &str| -> Vec<String> {
        headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::to_owned).collect()
    };
    if headers.keys().any(|name| name.as_str().starts_with(EXTRA)) {
        return Err(Status::not_implemented("impersonation with extra attributes"));
    }
    let (user, groups, uid) = (all(USER).pop().unwrap_or_default(), all(GROUP), all(UID).pop().unwrap_or_default());
    if user.is_empty() {
        if groups.is_empty() && uid.is_empty() {
            return Ok(caller);
        }
        return Err(Status::internal(format_args!("requested {groups:?} without impersonating a user")));
    }
    let may = |group: &str, resource: &str, namespace: Option<&str>, name: &str| {
        let wanted = Attributes::Resource {
            verb: "impersonate".to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            namespace: namespace.map(str::to_owned),
            name: Some(name.to_owned()),
        };
        Access::authorize(server, &caller, &wanted)
    };
    let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    match account {
        Some((namespace, name)) => may("", "serviceaccounts", Some(namespace), name)?,
        None => may("", "users", None, &user)?,
    }
    groups.iter().try_for_each(|group| may("", "groups", None, group))?;
    if !uid.is_empty() {
        may("authentication.k8s.io", "uids", None, &uid)?;
    }
    let mut all = groups;
    if let Some((namespace, _)) = account.filter(|_| all.is_empty()) {
        all.extend(["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]);
    }
    if !all.iter().any(|group| group == AUTHENTICATED) {
        all.push(AUTHENTICATED.to_owned());
    }
    Ok(Caller { user, uid, groups: all })
}
