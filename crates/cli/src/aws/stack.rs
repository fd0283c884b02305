//! A deployed CloudFormation stack, as `template.yaml` declares it.

use std::collections::BTreeMap;

use aws_config::SdkConfig;
use shortlink_core::config::Environment;

use crate::aws::service::Service;
use crate::aws::signed_request::{AwsError, LocalName as _, query};

/// The version of CloudFormation's API.
const API_VERSION: &str = "2010-05-15";

/// A deployed stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its status, such as `UPDATE_COMPLETE`.
    pub status: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
}

impl Stack {
    /// Reads the stack with this name.
    ///
    /// # Errors
    ///
    /// [`AwsError`], also if there is no such stack.
    pub async fn describe(config: &SdkConfig, name: &str) -> Result<Self, AwsError> {
        let service = Service::CloudFormation;
        let xml = query(config, service, "DescribeStacks", API_VERSION, &[("StackName", name)]).await?;
        Self::parse(name, &xml).ok_or_else(|| AwsError::Failed {
            service: service.name(),
            code: "a response without the stack".to_owned(),
            message: name.to_owned(),
        })
    }

    /// The id of the resource of the stack with this logical id; `None` if it has none.
    ///
    /// # Errors
    ///
    /// [`AwsError`].
    pub async fn resource(&self, config: &SdkConfig, logical_id: &str) -> Result<Option<String>, AwsError> {
        let parameters = [("StackName", self.name.as_str()), ("LogicalResourceId", logical_id)];
        let service = Service::CloudFormation;
        match query(config, service, "DescribeStackResources", API_VERSION, &parameters).await {
            Ok(xml) => Ok(texts(&xml, "PhysicalResourceId").into_iter().next()),
            // The stack has no such resource, because of a condition.
            Err(AwsError::Failed { code, .. }) if code == "ValidationError" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A setting of the functions: the parameter whose name is that of the variable, such as `PurgeAfter` for
    /// `PURGE_AFTER`.
    pub fn setting(&self, variable: &str) -> Option<String> {
        if variable == "BASE_URL" {
            return self.outputs.get("ShortUrlBase").cloned();
        }
        let words = variable.split('_').map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            format!("{first}{}", rest.to_ascii_lowercase())
        });
        self.parameters.get(&words.collect::<String>()).cloned()
    }

    /// Calls `read` with the settings of the functions.
    pub fn with_settings<T>(&self, read: impl FnOnce(&Environment<'_>) -> T) -> T {
        let lookup = |variable: &str| self.setting(variable);
        read(&Environment::new(&lookup))
    }

    fn parse(name: &str, xml: &str) -> Option<Self> {
        let document = roxmltree::Document::parse(xml).ok()?;
        let stacks = document.descendants().find(|node| node.has_tag_name_without_namespace("Stacks"))?;
        let stack = stacks.children().find(|node| node.has_tag_name_without_namespace("member"))?;
        let child = |node: roxmltree::Node<'_, '_>, name: &str| {
            let found = node.children().find(|child| child.has_tag_name_without_namespace(name))?;
            Some(found.text().unwrap_or_default().to_owned())
        };
        let pairs = |list: &str, key: &str, value: &str| {
            let list = stack.children().find(|node| node.has_tag_name_without_namespace(list));
            let members = list.into_iter().flat_map(|list| list.children());
            members.filter_map(|member| Some((child(member, key)?, child(member, value)?))).collect()
        };
        Some(Self {
            name: name.to_owned(),
            status: child(stack, "StackStatus").unwrap_or_default(),
            outputs: pairs("Outputs", "OutputKey", "OutputValue"),
            parameters: pairs("Parameters", "ParameterKey", "ParameterValue"),
        })
    }
}

/// The texts of all elements with this name.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let Ok(document) = roxmltree::Document::parse(xml) else { return Vec::new() };
    let named = document.descendants().filter(|node| node.has_tag_name_without_namespace(name));
    named.map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESPONSE: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
      <DescribeStacksResult><Stacks><member>
        <StackName>links</StackName><StackStatus>UPDATE_COMPLETE</StackStatus>
        <Parameters>
          <member><ParameterKey>PurgeAfter</ParameterKey><ParameterValue>never</ParameterValue></member>
          <member><ParameterKey>HomeUrl</ParameterKey><ParameterValue/></member>
        </Parameters>
        <Outputs>
          <member><OutputKey>TableName</OutputKey><OutputValue>links-Table&amp;1</OutputValue></member>
          <member><OutputKey>ShortUrlBase</OutputKey><OutputValue>https://sho.rt</OutputValue></member>
        </Outputs>
      </member></Stacks></DescribeStacksResult></DescribeStacksResponse>"#;

    #[test]
    fn a_stack_is_read() {
        let stack = Stack::parse("links", RESPONSE).expect("a stack");
        assert_eq!(stack.status, "UPDATE_COMPLETE");
        assert_eq!(stack.outputs.get("TableName").map(String::as_str), Some("links-Table&1"));
        assert_eq!(stack.setting("PURGE_AFTER").as_deref(), Some("never"));
        assert_eq!(stack.setting("HOME_URL").as_deref(), Some(""));
        assert_eq!(stack.setting("BASE_URL").as_deref(), Some("https://sho.rt"));
        assert_eq!(stack.setting("CODE_LENGTH"), None);
        assert_eq!(Stack::parse("links", "<a/>"), None);
    }
}
