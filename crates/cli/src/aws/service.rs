//! The AWS services that are called without an SDK, and their endpoints.

use aws_config::SdkConfig;
use url::Url;

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// CloudFormation.
    CloudFormation,
    /// Lambda.
    Lambda,
    /// CloudWatch Logs.
    Logs,
    /// Simple Notification Service.
    Sns,
}

impl Service {
    /// The name in the host of its endpoint, in IAM actions and in signatures.
    pub fn name(self) -> &'static str {
        match self {
            Self::CloudFormation => "cloudformation",
            Self::Lambda => "lambda",
            Self::Logs => "logs",
            Self::Sns => "sns",
        }
    }

    /// The endpoint in `region`: the one that the configuration names, such as an emulator's, or that of AWS. The SDK's
    /// variables of single services are respected, too.
    pub(super) fn endpoint(self, config: &SdkConfig, region: &str) -> Option<Url> {
        let variable = format!("AWS_ENDPOINT_URL_{}", self.variable());
        let configured = std::env::var(variable).ok().filter(|url| !url.is_empty());
        let configured = configured.or_else(|| config.endpoint_url().map(str::to_owned));
        let domain = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        Url::parse(&configured.unwrap_or_else(|| format!("https://{}.{region}.{domain}", self.name()))).ok()
    }

    /// What the SDK's variable with its endpoint ends with.
    fn variable(self) -> &'static str {
        match self {
            Self::CloudFormation => "CLOUDFORMATION",
            Self::Lambda => "LAMBDA",
            Self::Logs => "CLOUDWATCH_LOGS",
            Self::Sns => "SNS",
        }
    }
}
