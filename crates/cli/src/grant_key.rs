//! `shortlink grant-key`: creates and replaces the key that signs grants. The key itself is never printed.

use std::io;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use shorten::grant::key::{GrantKey, GrantKeys};
use shorten::grant::key_source::KeySource;
use shorten::grant::parameter::Parameter;
use shortlink_core::config::Environment;
use shortlink_core::dynamodb::client::{self, ConnectionOptions};

use crate::error::CliError;

/// The options of `shortlink grant-key`.
#[derive(Debug, Args)]
pub struct GrantKeyOptions {
    #[command(subcommand)]
    command: GrantKeyCommand,
}

#[derive(Debug, Subcommand)]
enum GrantKeyCommand {
    /// Create the key
    #[command(after_help = "Example:\n  shortlink grant-key create --grant-key-parameter /shortlink/grant-key")]
    Create {
        /// Where the key is kept
        #[command(flatten)]
        location: KeyLocation,
    },
    #[command(after_help = "Example:\n  shortlink grant-key replace --grant-key-parameter /shortlink/grant-key")]
    /// Replace the key: the grants that it has signed are accepted until it is replaced once more
    Replace {
        /// Where the key is kept
        #[command(flatten)]
        location: KeyLocation,
    },
}

/// The options that say where the grant key is kept.
#[derive(Debug, Args)]
pub struct KeyLocation {
    /// The key is in this parameter of AWS Systems Manager Parameter Store [default: the environment variable
    /// GRANT_KEY_PARAMETER]
    #[arg(long, value_name = "NAME", conflicts_with = "grant_key_file")]
    grant_key_parameter: Option<String>,

    /// The key is in this file, which only its owner may read
    #[arg(long, value_name = "PATH")]
    grant_key_file: Option<PathBuf>,

    /// Use this profile of the AWS CLI for the parameter [default: AWS_PROFILE]
    #[arg(long, value_name = "NAME", conflicts_with = "grant_key_file")]
    profile: Option<String>,

    /// Use this AWS region for the parameter [default: AWS_REGION, or that of the profile]
    #[arg(long, value_name = "NAME", conflicts_with = "grant_key_file")]
    region: Option<String>,
}

impl KeyLocation {
    /// Where the key is kept.
    ///
    /// # Errors
    ///
    /// [`CliError::NoGrantKey`].
    pub async fn source(&self) -> Result<KeySource, CliError> {
        if let Some(path) = &self.grant_key_file {
            return Ok(KeySource::File(path.clone()));
        }
        let name = self.grant_key_parameter.clone().or_else(|| Environment::process().text("GRANT_KEY_PARAMETER"));
        let (profile, region) = (self.profile.clone(), self.region.clone());
        let options = ConnectionOptions { profile, region, is_patient: true, ..ConnectionOptions::default() };
        let config = client::connect(&options).await;
        Ok(KeySource::Parameter(Box::new(Parameter::new(name.ok_or(CliError::NoGrantKey)?, config))))
    }
}

/// A parameter that is reached with the credentials and the region of the user.
pub(crate) async fn parameter(name: String) -> KeySource {
    KeySource::Parameter(Box::new(Parameter::new(name, client::sdk_config().await)))
}

/// Runs a subcommand. `print` is called with each line for the user.
///
/// # Errors
///
/// [`CliError`].
pub async fn grant_key(options: GrantKeyOptions, print: impl Fn(&str) -> io::Result<()>) -> Result<(), CliError> {
    let key = GrantKey::random(&mut UnwrapErr(SysRng));
    let done = match options.command {
        GrantKeyCommand::Create { location } => {
            location.source().await?.create(&GrantKeys::new(key)).await?;
            "The grant key is created."
        }
        GrantKeyCommand::Replace { location } => {
            let source = location.source().await?;
            let keys = source.read().await?;
            source.replace(&keys.replaced_by(key)).await?;
            "The grant key is replaced. Grants of the key before are accepted until you replace it once more."
        }
    };
    print(done).map_err(CliError::Output)
}
