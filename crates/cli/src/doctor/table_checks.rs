//! The checks of a table. A table that was restored from a backup fails three of them: DynamoDB restores neither TTL, nor
//! point-in-time recovery, nor deletion protection.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{IndexStatus, PointInTimeRecoveryStatus, TableDescription, TimeToLiveStatus};
use shortlink_core::dynamodb::items::{attribute, index};

use super::finding::{Check, Findings};
use crate::aws_fault;
use crate::error::CliError;
use crate::table::TableError;

/// Checks a table.
///
/// # Errors
///
/// There is no such table, or DynamoDB cannot be reached.
pub(super) async fn check(client: &Client, table: &str, findings: &mut Findings) -> Result<(), CliError> {
    let about_table = [Check::DeletionProtection, Check::Index].map(|check| (check, findings.begin(check)));
    match or_reason("DescribeTable", table, client.describe_table().table_name(table).send().await)? {
        Ok(described) => check_description(table, &described.table.unwrap_or_else(empty), about_table, findings),
        Err(reason) => {
            for (check, _) in about_table.into_iter().filter(|(_, is_wanted)| *is_wanted) {
                findings.unknown(check, &reason);
            }
        }
    }
    if findings.begin(Check::Ttl) {
        let described = client.describe_time_to_live().table_name(table).send().await;
        match or_reason("DescribeTimeToLive", table, described)? {
            Ok(described) => {
                let ttl = described.time_to_live_description;
                let enabled = |status: &TimeToLiveStatus| {
                    matches!(status, TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling)
                };
                let is_enabled = ttl.as_ref().and_then(|ttl| ttl.time_to_live_status()).is_some_and(enabled);
                let name = ttl.as_ref().and_then(|ttl| ttl.attribute_name()).unwrap_or_default();
                if !is_enabled || name != attribute::PURGE_AT {
                    findings.off(
                        Check::Ttl,
                        format!(
                            "the table {table} does not delete the links whose time in {} has passed",
                            attribute::PURGE_AT
                        ),
                        format!(
                            "aws dynamodb update-time-to-live --table-name {table} --time-to-live-specification \
                             Enabled=true,AttributeName={}",
                            attribute::PURGE_AT
                        ),
                    );
                }
            }
            Err(reason) => findings.unknown(Check::Ttl, reason),
        }
    }
    if findings.begin(Check::PointInTimeRecovery) {
        let described = client.describe_continuous_backups().table_name(table).send().await;
        match or_reason("DescribeContinuousBackups", table, described)? {
            Ok(described) => {
                let backups = described.continuous_backups_description;
                let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description);
                let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status);
                if status != Some(PointInTimeRecoveryStatus::Enabled) {
                    findings.off(
                        Check::PointInTimeRecovery,
                        format!("the table {table} has no point-in-time recovery, so lost links cannot be restored"),
                        format!(
                            "aws dynamodb update-continuous-backups --table-name {table} \
                             --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
                        ),
                    );
                }
            }
            Err(reason) => findings.unknown(Check::PointInTimeRecovery, reason),
        }
    }
    Ok(())
}

fn check_description(table: &str, description: &TableDescription, wanted: [(Check, bool); 2], findings: &mut Findings) {
    for (check, _) in wanted.into_iter().filter(|(_, is_wanted)| *is_wanted) {
        if check == Check::DeletionProtection && description.deletion_protection_enabled() != Some(true) {
            findings.off(
                check,
                format!("the table {table} can be deleted by mistake"),
                format!("aws dynamodb update-table --table-name {table} --deletion-protection-enabled"),
            );
        }
        let found = description.global_secondary_indexes().iter();
        let found = found.clone().find(|found| found.index_name() == Some(index::BY_OWNER));
        let status = found.and_then(|found| found.index_status());
        // An emulator may not say.
        let is_active = found.is_some() && status.is_none_or(|status| *status == IndexStatus::Active);
        if check == Check::Index && !is_active {
            let problem = match status {
                None => format!(
                    "the table {table} has no index {}, so the links of an owner cannot be listed",
                    index::BY_OWNER
                ),
                Some(status) => format!("the index {} of the table {table} is {status}", index::BY_OWNER),
            };
            findings.off(check, problem, "add it, or wait: crates/lambda/README.md, \"Updates\", has the command");
        }
    }
}

/// The description of nothing, from which everything is missing.
fn empty() -> TableDescription {
    TableDescription::builder().build()
}

/// The response, or why there is none.
///
/// # Errors
///
/// There is no such table, or DynamoDB cannot be reached.
fn or_reason<T, E, R>(
    operation: &str,
    table: &str,
    result: Result<T, SdkError<E, R>>,
) -> Result<Result<T, String>, TableError>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let error = match result {
        Ok(response) => return Ok(Ok(response)),
        Err(error) => error,
    };
    match error.as_service_error().and_then(ProvideErrorMetadata::code) {
        Some("ResourceNotFoundException" | "TableNotFoundException") => {
            Err(TableError::Missing { table: table.to_owned() })
        }
        Some(code) if code.starts_with("AccessDenied") => {
            Ok(Err(format!("your credentials do not allow dynamodb:{operation}")))
        }
        Some(code) => {
            let message = error.as_service_error().and_then(ProvideErrorMetadata::message).unwrap_or_default();
            Ok(Err(format!("dynamodb has answered with {code}: {message}")))
        }
        None => Err(TableError::Unusable { table: table.to_owned(), reason: aws_fault::describe(&error) }),
    }
}
