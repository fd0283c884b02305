//! What people see of the write side: the form at `GET /`, and the answers to it.
//!
//! It works without JavaScript: the form posts to `/shorten`, and a browser that asks for HTML gets a page for an answer,
//! whether the link was made or not. The script fetches the very same page and shows it in place.

use http::{HeaderValue, StatusCode};
use shortlink_core::code;
use shortlink_core::expiry::ExpiryPolicy;
use shortlink_core::link::Link;
use shortlink_core::page::{Inline, Page, Text};
use shortlink_core::problem::Problem;
use shortlink_core::reply::Reply;
use shortlink_core::request::BaseUrl;

use crate::body::{Fields, Value};

const TITLE: &str = "Shortlink: make a long link short";

static SCRIPT: Inline = Inline::new(include_str!("page.js"));

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The lives that the form offers, seconds, as far as the operator allows them, besides the default and perhaps `never`.
const LIVES: &[i64] = &[HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/// What somebody entered into the form, to be shown again if there is a mistake in it.
#[derive(Clone, Debug, Default)]
pub struct Entered {
    url: String,
    alias: String,
    expires_in: String,
}

/// What is wrong with the form, by place.
#[derive(Default)]
struct Wrong {
    url: Option<String>,
    alias: Option<String>,
    expires_in: Option<String>,
    /// What concerns no field, or none that the form has.
    whole: String,
}

impl Entered {
    /// The fields that the form has.
    pub fn of(fields: &Fields) -> Self {
        let mut entered = Self::default();
        for (name, value) in &fields.0 {
            let Value::Text(text) = value else { continue };
            match name.as_str() {
                "url" | "long_url" => entered.url.clone_from(text),
                "alias" => entered.alias.clone_from(text),
                "expires_in" => entered.expires_in.clone_from(text),
                _ => {}
            }
        }
        entered
    }
}

impl Wrong {
    fn of(problem: &Problem) -> Self {
        // A problem's sentence begins with the name of its field; here it has the name that stands beside it.
        let about = |called: &str| {
            let sentence = problem.field.and_then(|field| problem.detail.strip_prefix(field));
            Some(sentence.map_or_else(|| problem.detail.clone(), |rest| format!("{called}{rest}")))
        };
        match problem.field {
            Some("url") => Self { url: about("The address"), ..Self::default() },
            Some("alias") => Self { alias: about("The alias"), ..Self::default() },
            Some("expires_in") => Self { expires_in: about("The expiry"), ..Self::default() },
            _ => Self { whole: problem.detail.clone(), ..Self::default() },
        }
    }
}

/// The page at `GET /`.
pub fn form(policy: &ExpiryPolicy, cache_control: HeaderValue) -> Reply {
    let main = form_html(&Entered::default(), &Wrong::default(), policy);
    Page { title: TITLE, main: &main, script: Some(&SCRIPT), listed: true }.reply(StatusCode::OK, cache_control)
}

/// The form again, as it was filled in, with what is wrong beside the field concerned.
pub fn refused(problem: &Problem, entered: &Entered, policy: &ExpiryPolicy) -> Reply {
    let title = format!("{} - Shortlink", problem.kind.title());
    let main = form_html(entered, &Wrong::of(problem), policy);
    let page = Page { title: &title, main: &main, script: Some(&SCRIPT), listed: false };
    let mut reply = page.reply(problem.kind.status(), HeaderValue::from_static("no-store"));
    problem.set_retry_after(&mut reply);
    reply
}

/// The page of a link that was made (or found again).
pub fn made(status: StatusCode, link: &Link, base_url: &BaseUrl) -> Reply {
    let (_, host, _) = link.target.around_host();
    let until = link.expires_at.map_or_else(
        || "and never expires".to_owned(),
        |instant| format!("until <time datetime=\"{instant}\">{}</time>", instant.in_words()),
    );
    let main = format!(
        include_str!("made.html"),
        target = Text(link.target.as_str()),
        host = Text(host),
        until = until,
        short_url = Text(&base_url.join(link.code.as_str())),
        code = link.code,
    );
    let page = Page { title: "Your link is ready - Shortlink", main: &main, script: Some(&SCRIPT), listed: false };
    page.reply(status, HeaderValue::from_static("no-store"))
}

fn form_html(entered: &Entered, wrong: &Wrong, policy: &ExpiryPolicy) -> String {
    // Who comes to paste, and who has a mistake to mend, should not have to look for the place.
    let is_right = wrong.alias.is_none() && wrong.expires_in.is_none();
    format!(
        include_str!("form.html"),
        alert = Text(&wrong.whole),
        url = Text(&entered.url),
        url_state = state("url", "", wrong.url.as_deref(), is_right),
        url_wrong = complaint("url", wrong.url.as_deref()),
        alias = Text(&entered.alias),
        alias_state = state("alias", "alias-hint", wrong.alias.as_deref(), wrong.alias.is_some()),
        alias_wrong = complaint("alias", wrong.alias.as_deref()),
        min_length = code::MIN_LENGTH,
        max_length = code::MAX_LENGTH,
        expires_in_state = state("expires_in", "", wrong.expires_in.as_deref(), wrong.expires_in.is_some()),
        expires_in_wrong = complaint("expires_in", wrong.expires_in.as_deref()),
        choices = choices(policy, &entered.expires_in),
    )
}

/// The attributes that say what describes a field, whether it is wrong, and whether one starts there.
fn state(name: &str, hint: &str, wrong: Option<&str>, focus: bool) -> String {
    let focus = if focus { " autofocus" } else { "" };
    match (wrong, hint) {
        (Some(_), hint) => {
            let described_by = format!("{name}-wrong {hint}");
            format!(" aria-invalid=\"true\" aria-describedby=\"{}\"{focus}", described_by.trim_end())
        }
        (None, "") => focus.to_owned(),
        (None, hint) => format!(" aria-describedby=\"{hint}\"{focus}"),
    }
}

fn complaint(name: &str, wrong: Option<&str>) -> String {
    wrong.map_or_else(String::new, |wrong| format!("<p class=\"wrong\" id=\"{name}-wrong\">{}</p>\n", Text(wrong)))
}

/// The lives to choose from, shortest first; the empty one is the default.
fn choices(policy: &ExpiryPolicy, chosen: &str) -> String {
    let mut lives: Vec<i64> = LIVES.iter().copied().filter(|life| (policy.min..=policy.max).contains(life)).collect();
    lives.extend(policy.default);
    lives.sort_unstable();
    lives.dedup();
    let mut choices: Vec<(String, String)> = lives
        .into_iter()
        .map(|life| {
            let value = if Some(life) == policy.default { String::new() } else { life.to_string() };
            (value, format!("after {}", in_words(life)))
        })
        .collect();
    if policy.default.is_none() {
        choices.push((String::new(), "never".to_owned()));
    } else if policy.never {
        choices.push(("never".to_owned(), "never".to_owned()));
    }
    // An empty field is not in `Fields`, so that "" stands for the default here, too.
    let option = |(value, label): &(String, String)| {
        let selected = if value == chosen { " selected" } else { "" };
        format!("<option value=\"{value}\"{selected}>{label}</option>\n")
    };
    choices.iter().map(option).collect()
}

/// A life in the largest unit that needs no fraction.
fn in_words(seconds: i64) -> String {
    let units = [(365 * DAY, "year"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second")];
    let (unit, name) = units.into_iter().find(|(unit, _)| seconds % unit == 0).unwrap_or((1, "second"));
    match seconds / unit {
        1 => format!("1 {name}"),
        count => format!("{count} {name}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy() -> ExpiryPolicy {
        ExpiryPolicy { default: Some(90 * DAY), min: 60, max: 3_650 * DAY, never: false, purge_after: 0 }
    }

    fn labels(policy: &ExpiryPolicy) -> String {
        let choices = choices(policy, "");
        let labels = choices.lines().map(|line| line.split(['>', '<']).nth(2).expect("a label"));
        labels.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn the_script_cannot_end_its_element() {
        assert!(!include_str!("page.js").contains("</") && !include_str!("page.js").contains("<!--"));
    }

    #[test]
    fn the_form_offers_what_the_operator_allows() {
        let usual = "after 1 hour, after 1 day, after 7 days, after 30 days, after 90 days, after 1 year";
        assert_eq!(labels(&policy()), usual);
        assert_eq!(labels(&ExpiryPolicy { never: true, ..policy() }), format!("{usual}, never"));
        assert_eq!(labels(&ExpiryPolicy { never: true, default: None, ..policy() }), format!("{usual}, never"));
        let brief = ExpiryPolicy { default: Some(90), max: 7_200, ..policy() };
        assert_eq!(labels(&brief), "after 90 seconds, after 1 hour");
    }

    #[test]
    fn the_default_is_chosen_unless_something_else_was() {
        assert!(choices(&policy(), "").contains("<option value=\"\" selected>after 90 days</option>"));
        assert!(choices(&policy(), "3600").contains("<option value=\"3600\" selected>after 1 hour</option>"));
    }
}
