//! Custom resources of a case's own.

use serde_json::{Value, json};

use crate::{Cluster, Failure};

/// A defined custom resource, of kind `Widget` in a group of its own.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The group, which nothing else has.
    pub group: String,
    /// Path of the definition.
    pub path: String,
}

impl Definition {
    /// Path of the widgets in a namespace.
    #[must_use]
    pub fn widgets(&self, namespace: &str) -> String {
        format!("/apis/{}/v1/namespaces/{namespace}/widgets", self.group)
    }

    /// What widgets have as `apiVersion`.
    #[must_use]
    pub fn api_version(&self) -> String {
        format!("{}/v1", self.group)
    }

    /// `widgets.` and the group.
    #[must_use]
    pub fn resource(&self) -> String {
        format!("widgets.{}", self.group)
    }

    /// `Widget.` and the group.
    #[must_use]
    pub fn kind(&self) -> String {
        format!("Widget.{}", self.group)
    }

    /// A widget with the spec.
    #[must_use]
    pub fn widget(&self, name: &str, spec: &Value) -> Value {
        json!({"apiVersion": self.api_version(), "kind": "Widget", "metadata": {"name": name}, "spec": spec})
    }
}

impl Cluster {
    /// Defines a namespaced custom resource with one version, `v1`, and waits until it is served. What is given becomes part of that version:
    /// `schema` (required), `subresources`, `additionalPrinterColumns`, `selectableFields`. It ends with the case.
    ///
    /// # Errors
    /// When the definition is refused or not served.
    pub async fn define(&self, version: &Value) -> Result<Definition, Failure> {
        let group = format!("{}.example.com", self.unique("g"));
        let mut of_version = json!({"name": "v1", "served": true, "storage": true});
        if let (Some(whole), Some(given)) = (of_version.as_object_mut(), version.as_object()) {
            whole.extend(given.clone());
        }
        let body = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": format!("widgets.{group}")},
            "spec": {
                "group": group, "scope": "Namespaced", "versions": [of_version],
                "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            },
        });
        let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        self.create(definitions, &body).await?.expect(201)?;
        let definition = Definition { path: format!("{definitions}/widgets.{group}"), group };
        self.delete_afterwards(&definition.path);
        let list = definition.widgets("default");
        self.eventually("the custom resource is served", || async {
            Ok((self.get(&list).await?.code == 200).then_some(()))
        })
        .await?;
        Ok(definition)
    }

    /// Defines widgets whose `spec` and `status` may be anything.
    ///
    /// # Errors
    /// When the definition is refused or not served.
    pub async fn define_free(&self) -> Result<Definition, Failure> {
        let free = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        let properties = json!({"spec": free, "status": free});
        self.define(&json!({"schema": {"openAPIV3Schema": {"type": "object", "properties": properties}}})).await
    }
}
