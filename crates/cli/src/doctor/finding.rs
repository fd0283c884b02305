//! The checks, and what they find.

use std::collections::BTreeSet;
use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use crate::storage::StorageOptions;

/// A check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The last deployment has succeeded
    StackStatus,
    /// The stack is not older than this program
    Version,
    /// Not anybody may create links
    OpenDoor,
    /// BaseUrl and DomainName agree, and begin with https
    BaseUrl,
    /// The functions have the settings of the stack
    FunctionSettings,
    /// Logs expire as the stack says
    LogRetention,
    /// Somebody receives the alarms
    AlarmMail,
    /// Lambda allows the account more than ten requests at a time
    Concurrency,
    /// The table deletes what may be purged
    Ttl,
    /// The table can be restored to any second
    PointInTimeRecovery,
    /// The table cannot be deleted by mistake
    DeletionProtection,
    /// The table has the index of links by owner
    Index,
}

/// Something that is off, or could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check.
    pub check: Check,
    /// Whether the check could be made. If not, nobody knows whether something is off.
    pub is_checked: bool,
    /// What is off, in a sentence.
    pub problem: String,
    /// The command that mends it.
    pub remedy: Option<String>,
}

/// What the checks have found so far.
#[derive(Debug)]
pub struct Findings {
    ignored: Vec<Check>,
    /// What every command of the AWS CLI ends with.
    options: String,
    made: BTreeSet<Check>,
    found: Vec<Finding>,
}

impl Findings {
    /// Nothing yet. `ignored` checks find nothing.
    pub(super) fn new(ignored: Vec<Check>, storage: &StorageOptions) -> Self {
        let mut options = String::new();
        for (name, value) in
            [("profile", &storage.profile), ("region", &storage.region), ("endpoint-url", &storage.endpoint_url)]
        {
            if let Some(value) = value {
                options.push_str(&format!(" --{name} {value}"));
            }
        }
        Self { ignored, options, made: BTreeSet::new(), found: Vec::new() }
    }

    /// Makes a check, unless it is ignored. Returns whether to look.
    pub(super) fn begin(&mut self, check: Check) -> bool {
        let is_wanted = !self.ignored.contains(&check);
        if is_wanted {
            self.made.insert(check);
        }
        is_wanted
    }

    /// Something is off. `remedy` mends it; a command of the AWS CLI gets the profile and the region.
    pub(super) fn off(&mut self, check: Check, problem: impl Into<String>, remedy: impl Into<String>) {
        let mut remedy = remedy.into();
        if remedy.starts_with("aws ") {
            remedy.push_str(&self.options);
        }
        self.found.push(Finding { check, is_checked: true, problem: problem.into(), remedy: Some(remedy) });
    }

    /// The check could not be made.
    pub(super) fn unknown(&mut self, check: Check, reason: impl fmt::Display) {
        let problem = format!("this could not be checked: {reason}");
        self.found.push(Finding { check, is_checked: false, problem, remedy: None });
    }

    /// How many checks were made, and what they have found.
    pub(super) fn into_parts(self) -> (usize, Vec<Finding>) {
        (self.made.len(), self.found)
    }
}

/// As on the command line.
impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map(clap::builder::PossibleValue::get_name).unwrap_or_default())
    }
}
