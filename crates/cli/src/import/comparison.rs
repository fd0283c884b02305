//! `--verify`: whether the old and the new service answer alike at each code of a source.

use std::io;

use serde::Serialize;
use shortlink_core::domain::target::Target;
use shortlink_import::Source;

use super::error::ImportFailure;
use super::head_client::HeadClient;
use super::plan::{Plan, Planner};
use crate::error::CliError;
use crate::export::follower::{Answer, Follower};
use crate::interruption::Interruption;
use crate::output::progress::Progress;
use crate::pace::Pace;

/// How the two services answer at a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    /// They redirect to the same URL, or neither redirects.
    Same,
    /// They redirect to one URL that is spelled in two ways.
    Spelling,
    /// They redirect to different URLs, or only one redirects.
    Differs,
    /// The new service has no such link, and the old one redirects.
    Missing,
    /// The link cannot be imported.
    Refused,
    /// One of them does not answer.
    Unanswered,
}

/// How many codes have each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Agreement {
    same: u64,
    same_but_for_spelling: u64,
    differs: u64,
    missing: u64,
    refused: u64,
    unanswered: u64,
}

/// A code at which the services differ.
#[derive(Serialize)]
struct Line<'a> {
    position: &'a str,
    code: &'a str,
    verdict: Verdict,
    reason: &'a str,
}

/// The new service.
pub(super) enum NewService {
    /// At an address.
    Remote(HeadClient),
    /// The table itself, whose links are followed in this process.
    Table(Follower),
}

impl NewService {
    async fn head(&mut self, code: &str) -> Result<Answer, String> {
        match self {
            Self::Remote(client) => client.head(code).await,
            Self::Table(follower) => Ok(follower.follow(code).await),
        }
    }
}

impl Agreement {
    /// The number of codes at which the services do not agree.
    pub(super) fn disagreements(&self) -> u64 {
        self.differs + self.missing + self.refused + self.unanswered
    }

    fn add(&mut self, verdict: Verdict) {
        *match verdict {
            Verdict::Same => &mut self.same,
            Verdict::Spelling => &mut self.same_but_for_spelling,
            Verdict::Differs => &mut self.differs,
            Verdict::Missing => &mut self.missing,
            Verdict::Refused => &mut self.refused,
            Verdict::Unanswered => &mut self.unanswered,
        } += 1;
    }
}

/// In a form for people.
impl std::fmt::Display for Agreement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { same, same_but_for_spelling, differs, missing, refused, unanswered } = self;
        write!(
            f,
            "{same} same, {same_but_for_spelling} same but for spelling, {differs} differ, {missing} missing, {refused} refused, \
             {unanswered} without an answer"
        )
    }
}

/// A comparison of two services.
pub(super) struct Comparison<'a> {
    pub(super) old: HeadClient,
    pub(super) new: NewService,
    /// Codes a second.
    pub(super) pace: Pace,
    pub(super) planner: &'a Planner,
}

impl Comparison<'_> {
    /// Asks both services for each code of `source`. `print` is called with a line for each code at which they are not the
    /// same, as JSON if `is_json`.
    ///
    /// # Errors
    ///
    /// [`CliError`].
    pub(super) async fn run(
        self,
        source: &mut Source,
        interruption: &Interruption,
        is_json: bool,
        print: impl Fn(&str) -> io::Result<()>,
    ) -> Result<Agreement, CliError> {
        let Self { mut old, mut new, pace, planner } = self;
        let mut agreement = Agreement::default();
        let progress = Progress::new(None, "codes asked for");
        for row in source {
            for plan in planner.plan(row.map_err(ImportFailure::from)?) {
                if interruption.is_requested() {
                    return Err(ImportFailure::Stopped(agreement.same + agreement.disagreements()).into());
                }
                let (position, code, verdict, reason) = match plan {
                    Plan::Refuse(entry) => (
                        entry.position,
                        entry.code.unwrap_or_default(),
                        Verdict::Refused,
                        entry.reason.unwrap_or_default(),
                    ),
                    Plan::Put(planned) => {
                        pace.spend(1.0).await;
                        let code = planned.link.link.code.to_string();
                        let (verdict, reason) = judge(old.head(&code).await, new.head(&code).await);
                        (planned.position, code, verdict, reason)
                    }
                };
                agreement.add(verdict);
                progress.add(1);
                if verdict != Verdict::Same {
                    let line = Line { position: &position, code: &code, verdict, reason: &reason };
                    let line = match is_json {
                        true => serde_json::to_string(&line)?,
                        false => format!("{position}: {code}: {}: {reason}", name(verdict)),
                    };
                    print(&line).map_err(CliError::Output)?;
                }
            }
        }
        Ok(agreement)
    }
}

fn name(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Same => "same",
        Verdict::Spelling => "same but for spelling",
        Verdict::Differs => "differs",
        Verdict::Missing => "missing",
        Verdict::Refused => "refused",
        Verdict::Unanswered => "no answer",
    }
}

fn judge(old: Result<Answer, String>, new: Result<Answer, String>) -> (Verdict, String) {
    let (old, new) = match (old, new) {
        (Err(reason), _) => return (Verdict::Unanswered, format!("the old service: {reason}")),
        (_, Err(reason)) => return (Verdict::Unanswered, format!("the new service: {reason}")),
        (Ok(old), Ok(new)) => (old, new),
    };
    let reason = format!("the old service answers with {old}, the new one with {new}");
    let verdict = match (&old, &new) {
        (Answer::Redirect(old), Answer::Redirect(new)) if old == new => Verdict::Same,
        (Answer::Redirect(old), Answer::Redirect(new)) => {
            let [old, new] = [old, new].map(|url| Target::parse(url, &[]));
            if old.is_ok() && old == new { Verdict::Spelling } else { Verdict::Differs }
        }
        // What is over may be a 404 there and a 410 here.
        (Answer::Status(400..=499), Answer::Status(404 | 410 | 451)) => Verdict::Same,
        (Answer::Redirect(_), Answer::Status(404)) => Verdict::Missing,
        _ => Verdict::Differs,
    };
    (verdict, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_compared_as_browsers_understand_them() {
        let redirect = |url: &str| Ok(Answer::Redirect(url.to_owned()));
        let status = |status| Ok(Answer::Status(status));
        for (old, new, verdict) in [
            (redirect("https://example.com/"), redirect("https://example.com/"), Verdict::Same),
            (redirect("HTTPS://EXAMPLE.com:443"), redirect("https://example.com/"), Verdict::Spelling),
            (redirect("https://example.com/é"), redirect("https://example.com/%C3%A9"), Verdict::Spelling),
            (redirect("https://example.com/a"), redirect("https://example.com/b"), Verdict::Differs),
            (redirect("https://example.com/a"), status(404), Verdict::Missing),
            (redirect("https://example.com/a"), status(410), Verdict::Differs),
            (status(404), status(410), Verdict::Same),
            (status(404), redirect("https://example.com/a"), Verdict::Differs),
            (status(500), status(404), Verdict::Differs),
            (Err("no".to_owned()), status(404), Verdict::Unanswered),
        ] {
            assert_eq!(judge(old.clone(), new.clone()).0, verdict, "{old:?} {new:?}");
        }
    }
}
