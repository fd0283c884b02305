//! The grant key as a parameter of AWS Systems Manager Parameter Store, a `SecureString`. Every call to it is here.

use std::fmt;
use std::sync::OnceLock;

use aws_sdk_ssm::Client;
use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use aws_sdk_ssm::operation::put_parameter::PutParameterError;
use aws_sdk_ssm::types::ParameterType;
use shortlink_core::dynamodb::client::SdkConfig;
use shortlink_core::dynamodb::error::error_chain;

use crate::grant::key::GrantKeys;
use crate::grant::key_source::KeySourceError;

/// The IAM actions that reading the parameter needs. A test compares them with the role of `shorten`.
pub const READ: &[&str] = &["ssm:GetParameter"];

/// A parameter. Clones share the client, which is built when it is first needed: most stacks have no grants.
#[derive(Clone)]
pub struct Parameter {
    name: String,
    config: SdkConfig,
    client: OnceLock<Client>,
}

impl Parameter {
    /// The parameter with this name.
    pub fn new(name: impl Into<String>, config: SdkConfig) -> Self {
        Self { name: name.into(), config, client: OnceLock::new() }
    }

    /// Reads the keys.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`], whose message does not contain the value.
    pub(super) async fn read(&self) -> Result<GrantKeys, KeySourceError> {
        let read = self.client().get_parameter().name(&self.name).with_decryption(true).send().await;
        let output = read.map_err(|error| match error.as_service_error() {
            Some(GetParameterError::ParameterNotFound(_)) => KeySourceError::Missing(self.to_string()),
            _ => self.unavailable(&error),
        })?;
        let parameter = output.parameter.unwrap_or_else(|| aws_sdk_ssm::types::Parameter::builder().build());
        // A `String` would show the key to whoever may list the parameters.
        if parameter.r#type != Some(ParameterType::SecureString) {
            return Err(KeySourceError::NotSecret(self.to_string()));
        }
        GrantKeys::parse(&parameter.value.unwrap_or_default())
            .map_err(|error| KeySourceError::Invalid(self.to_string(), error))
    }

    /// Writes the keys, encrypted with the account's AWS managed key. An existing parameter is replaced only if
    /// `replace` says so.
    ///
    /// # Errors
    ///
    /// [`KeySourceError`].
    pub(super) async fn write(&self, keys: &GrantKeys, replace: bool) -> Result<(), KeySourceError> {
        let put = self.client().put_parameter().name(&self.name).r#type(ParameterType::SecureString);
        let written = put.value(keys.to_text()).overwrite(replace).send().await;
        written.map(drop).map_err(|error| match error.as_service_error() {
            Some(PutParameterError::ParameterAlreadyExists(_)) => KeySourceError::Exists(self.to_string()),
            _ => self.unavailable(&error),
        })
    }

    fn client(&self) -> &Client {
        self.client.get_or_init(|| Client::new(&self.config))
    }

    fn unavailable<E, R>(&self, error: &SdkError<E, R>) -> KeySourceError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: fmt::Debug,
    {
        let reason = match error {
            SdkError::ServiceError(service) => {
                let (code, message) = (service.err().code(), service.err().message());
                format!("{}: {}", code.unwrap_or("an error without a code"), message.unwrap_or("no message"))
            }
            // `Debug` would print the response's body.
            other => error_chain(other),
        };
        KeySourceError::Unavailable(self.to_string(), reason)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the parameter {}", self.name)
    }
}

impl fmt::Debug for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parameter").field("name", &self.name).finish_non_exhaustive()
    }
}
