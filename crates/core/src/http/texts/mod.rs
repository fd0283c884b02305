//! The texts of the pages, a file for each language.
//!
//! Each language defines the same items: `WORDS`, `FRAME`, `FORM` and so on, which the functions here choose from. The
//! compiler checks that a translation is complete. A text that is a function takes values that are parts of it; a text
//! that says so may contain HTML, and its values are escaped already. `{}` in a text for a script stands for a value.
//!
//! To add a language, copy `en.rs`, add a variant to [`Language`], and let the compiler find the rest.

use serde::Serialize;

use crate::domain::clock::{DAY_SECONDS, Timestamp};
use crate::http::language::Language;
use crate::http::problem::ProblemKind;
use crate::http::reason::Reason;

mod de;
mod en;
mod es;

/// Chooses the item of a language.
macro_rules! choose {
    ($language:expr, $item:ident) => {
        match $language {
            Language::English => &en::$item,
            Language::German => &de::$item,
            Language::Spanish => &es::$item,
        }
    };
}

/// How dates, durations and numbers are written.
#[derive(Debug)]
pub struct Words {
    months: [&'static str; 12],
    /// A date from its day, the name of its month, and its year.
    date: fn(u8, &str, i32) -> String,
    /// Year, day, hour, minute and second: one, and several. In German they are in the dative, as after "in" and "vor".
    units: [(&'static str, &'static str); 5],
    within: fn(&str) -> String,
    ago: fn(&str) -> String,
    thousands_separator: char,
}

/// The texts around every page.
#[derive(Debug)]
pub struct Frame {
    /// The link to the description of the API.
    pub api: &'static str,
    /// The link to the operator's own site, by the name of the service.
    pub about: fn(&str) -> String,
    /// The link to the form, on other pages.
    pub make: &'static str,
    /// The title of the section with the QR code.
    pub qr_code: &'static str,
    /// The alternative text of the QR code, by its short URL.
    pub qr_code_of: fn(&str) -> String,
    /// What QR codes are for, and links that save them. The values are HTML, and so is the result.
    pub qr_code_lead: fn(&str, &str) -> String,
    /// The button that copies, and what it then says.
    pub copy: &'static str,
    /// See [`copy`](Self::copy).
    pub copied: &'static str,
}

/// The texts of a link's preview.
#[derive(Debug)]
pub struct Preview {
    /// The title, by the code.
    pub title: fn(&str) -> String,
    /// The heading.
    pub heading: &'static str,
    /// The button that follows the link, by the host of the target.
    pub go_to: fn(&str) -> String,
    /// The label of the short URL.
    pub short_link: &'static str,
    /// Labels of facts.
    pub created: &'static str,
    /// See [`created`](Self::created).
    pub expires: &'static str,
    /// See [`created`](Self::created).
    pub visits: &'static str,
    /// See [`created`](Self::created).
    pub last_visit: &'static str,
    /// The link has no expiry.
    pub never: &'static str,
    /// There was no visit.
    pub none_yet: &'static str,
    /// The link to where links are reported.
    pub report: &'static str,
    /// A note about an international host: in Unicode and in ASCII. The values are HTML, and so is the result.
    pub host: fn(&str, &str) -> String,
    /// A warning about a host that looks like another: in Unicode, in ASCII, and the other if it is known. The values are
    /// HTML, and so is the result.
    pub look_alike: fn(&str, &str, Option<&str>) -> String,
}

/// The texts of the chart of daily visits.
#[derive(Debug)]
pub struct Chart {
    /// The heading.
    pub heading: &'static str,
    /// A number of visits: the number as text, and whether it is one.
    pub visits: fn(&str, bool) -> String,
    /// The visits of the last days: visits, the number of days, and the most on one day, unless that is all of them.
    pub total: fn(&str, usize, Option<&str>) -> String,
    /// There were none in the last days.
    pub none: fn(usize) -> String,
    /// The requests of bots: the number as text, and whether it is one.
    pub bots: fn(&str, bool) -> String,
    /// What the chart shows: the first day, the last, the busiest, and its visits.
    pub summary: fn(&str, &str, &str, &str) -> String,
    /// The table of the same numbers.
    pub table: &'static str,
    /// Its columns: day, visits, bots.
    pub columns: [&'static str; 3],
}

/// The texts of the form.
#[derive(Debug)]
pub struct Form {
    /// The title and heading.
    pub heading: &'static str,
    /// What the form does, for everybody, and where credentials are needed.
    pub lead: &'static str,
    /// See [`lead`](Self::lead).
    pub lead_with_credentials: &'static str,
    /// The label of the target.
    pub url: &'static str,
    /// The button.
    pub shorten: &'static str,
    /// The label of the alias, and what follows it.
    pub alias: &'static str,
    /// See [`alias`](Self::alias).
    pub optional: &'static str,
    /// What an alias consists of, by its minimum and maximum length.
    pub alias_hint: fn(usize, usize) -> String,
    /// The label of the expiry.
    pub expires: &'static str,
    /// The choice of no expiry.
    pub never: &'static str,
    /// The beginning of a sentence about the expiry that is an API's reason.
    pub the_expiry: &'static str,
    /// Proposed aliases, before buttons.
    pub use_instead: &'static str,
    /// Proposed aliases in a sentence.
    pub try_instead: fn(&[String]) -> String,
    /// The link to the page with the links of a person.
    pub my_links: &'static str,
    /// Ways to shorten from other places: the summary, and what each does. The value is the link to drag, in HTML, and so
    /// is the result.
    pub elsewhere: &'static str,
    /// See [`elsewhere`](Self::elsewhere).
    pub elsewhere_lead: fn(&str) -> String,
    /// The title and heading of the page that cannot sign anybody in, and its text. The latter is HTML.
    pub closed: &'static str,
    /// See [`closed`](Self::closed).
    pub closed_lead: &'static str,
    /// The texts of the script.
    pub script: FormScript,
}

/// The texts of the script of the form, and of the page about a new link.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are those of the script, form.js")]
pub struct FormScript {
    pub shortening: &'static str,
    pub ready: &'static str,
    pub unreachable: &'static str,
    pub busy: &'static str,
    pub too_many: &'static str,
    pub first_taken: &'static str,
    pub taken: &'static str,
    pub free: &'static str,
    pub copied: &'static str,
    pub on_date: &'static str,
    pub date: &'static str,
    pub undone: &'static str,
    pub not_undone: &'static str,
}

/// The texts of the page about a new link.
#[derive(Debug)]
pub struct Created {
    /// The title and heading.
    pub heading: &'static str,
    /// The same of a link that existed.
    pub existed: &'static str,
    /// Where the link leads, as HTML.
    pub leads_to: fn(&str) -> String,
    /// When it expires: a duration such as "in 90 days", and an instant, as HTML.
    pub expires: fn(&str, &str) -> String,
    /// It does not.
    pub never_expires: &'static str,
    /// The label of the short URL.
    pub short_link: &'static str,
    /// Buttons and links.
    pub share: &'static str,
    /// See [`share`](Self::share).
    pub undo: &'static str,
    /// See [`share`](Self::share).
    pub preview: &'static str,
    /// See [`share`](Self::share).
    pub another: &'static str,
    /// The section with the management token.
    pub manage: &'static str,
    /// See [`manage`](Self::manage).
    pub manage_lead: &'static str,
    /// See [`manage`](Self::manage).
    pub example: &'static str,
}

/// The texts of the fields and buttons that get credentials.
#[derive(Debug)]
pub struct Credentials {
    /// The label of the field for an API key, and its hint.
    pub api_key: &'static str,
    /// See [`api_key`](Self::api_key).
    pub api_key_hint: &'static str,
    /// The page needs the script to send an API key, as HTML.
    pub api_key_needs_script: &'static str,
    /// Signing in is needed, and the button.
    pub account: &'static str,
    /// See [`account`](Self::account).
    pub sign_in: &'static str,
    /// The page needs the script to sign in, as HTML.
    pub sign_in_needs_script: &'static str,
    /// The texts of the scripts.
    pub script: CredentialsScript,
}

/// The texts of the scripts that get credentials.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are those of the scripts, key_field.js and sign_in.js")]
pub struct CredentialsScript {
    pub wrong_key: &'static str,
    pub no_key: &'static str,
    pub weak_key: &'static str,
    pub failed: &'static str,
    pub needs_https: &'static str,
    pub needs_storage: &'static str,
    pub not_started: &'static str,
    pub cancelled: &'static str,
    pub attempt_expired: &'static str,
    pub unreachable: &'static str,
    pub expired: &'static str,
    pub not_allowed: &'static str,
}

/// The texts of the page with a person's links.
#[derive(Debug)]
pub struct MyLinks {
    /// The title and heading.
    pub heading: &'static str,
    /// Whose links they are: those of this browser, of an API key, of an account.
    pub of_browser: &'static str,
    /// See [`of_browser`](Self::of_browser).
    pub of_key: &'static str,
    /// See [`of_browser`](Self::of_browser).
    pub of_account: &'static str,
    /// The page cannot sign anybody in, as HTML.
    pub closed: &'static str,
    /// The page needs its script, as HTML.
    pub needs_script: &'static str,
    /// Labels.
    pub search: &'static str,
    /// See [`search`](Self::search).
    pub show_more: &'static str,
    /// See [`search`](Self::search).
    pub show: &'static str,
    /// See [`search`](Self::search).
    pub save_file: &'static str,
    /// See [`search`](Self::search).
    pub add_file: &'static str,
    /// What the file contains.
    pub file_hint: &'static str,
    /// The texts of the script.
    pub script: MyLinksScript,
}

/// One, and several.
pub type Plural = [&'static str; 2];

/// The texts of the script of the page with a person's links.
#[derive(Debug, Serialize)]
#[expect(missing_docs, reason = "the names are those of the script, my_links.js")]
pub struct MyLinksScript {
    pub heading: &'static str,
    pub cannot_store: &'static str,
    pub unreachable: &'static str,
    pub busy: &'static str,
    pub url: &'static str,
    pub the_expiry: &'static str,
    pub changed_meanwhile: &'static str,
    pub no_link: &'static str,
    pub changed: &'static str,
    pub copied_text: &'static str,
    pub made: &'static str,
    pub withdrawn: &'static str,
    pub never_expires: &'static str,
    pub expired: &'static str,
    pub expires: &'static str,
    pub qr_code: &'static str,
    pub copy: &'static str,
    pub copied: &'static str,
    pub visits: &'static str,
    pub edit: &'static str,
    pub restore: &'static str,
    pub withdraw: &'static str,
    pub forget: &'static str,
    pub forget_question: &'static str,
    pub as_it_is: &'static str,
    pub never: &'static str,
    pub on_date: &'static str,
    pub date: &'static str,
    pub leads_to: &'static str,
    pub expiry: &'static str,
    pub save: &'static str,
    pub cancel: &'static str,
    pub no_links: &'static str,
    pub latest: &'static str,
    pub links: Plural,
    pub found: &'static str,
    pub visits_of: &'static str,
    pub all: &'static str,
    pub last_visit: &'static str,
    pub no_visits: &'static str,
    pub save_csv: &'static str,
    pub the_last: &'static str,
    pub days: Plural,
    pub no_visits_in: &'static str,
    pub visit: Plural,
    pub bot: Plural,
    pub bots_came: Plural,
    pub bots: &'static str,
    pub day: &'static str,
    pub day_utc: &'static str,
    pub table: &'static str,
    pub sites: &'static str,
    pub countries: &'static str,
    pub devices: &'static str,
    pub device: [&'static str; 3],
    pub other: &'static str,
    pub months: &'static str,
    pub not_in_list: &'static str,
    pub added: Plural,
    pub no_list: &'static str,
}

/// How dates, durations and numbers are written.
pub fn words(language: Language) -> &'static Words {
    choose!(language, WORDS)
}

/// The texts around every page.
pub fn frame(language: Language) -> &'static Frame {
    choose!(language, FRAME)
}

/// The texts of a link's preview.
pub fn preview(language: Language) -> &'static Preview {
    choose!(language, PREVIEW)
}

/// The texts of the chart of daily visits.
pub fn chart(language: Language) -> &'static Chart {
    choose!(language, CHART)
}

/// The texts of the form.
pub fn form(language: Language) -> &'static Form {
    choose!(language, FORM)
}

/// The texts of the page about a new link.
pub fn created(language: Language) -> &'static Created {
    choose!(language, CREATED)
}

/// The texts of the fields and buttons that get credentials.
pub fn credentials(language: Language) -> &'static Credentials {
    choose!(language, CREDENTIALS)
}

/// The texts of the page with a person's links.
pub fn my_links(language: Language) -> &'static MyLinks {
    choose!(language, MY_LINKS)
}

/// The title of a page about a problem.
pub fn problem_title(language: Language, kind: ProblemKind) -> &'static str {
    match language {
        Language::English => kind.title(),
        Language::German => de::problem_title(kind),
        Language::Spanish => es::problem_title(kind),
    }
}

/// What is wrong and what to do, as one or more sentences for the person in front of a page; `None` if only programs meet
/// the problem, or if it is not translated.
pub fn reason(language: Language, reason: &Reason) -> Option<String> {
    match language {
        Language::English => en::reason(reason),
        Language::German => de::reason(reason),
        Language::Spanish => es::reason(reason),
    }
}

impl Words {
    /// An instant in UTC, such as `3 November 2029, 14:00 UTC`.
    pub fn instant(&self, instant: Timestamp) -> String {
        let (hour, minute) = instant.hour_and_minute();
        format!("{}, {hour:02}:{minute:02} UTC", self.date(instant))
    }

    /// A date in UTC, such as `3 November 2029`.
    pub fn date(&self, instant: Timestamp) -> String {
        let (day, month, year) = instant.day_month_year();
        let month = self.months.get(usize::from(month).wrapping_sub(1)).copied().unwrap_or_default();
        (self.date)(day, month, year)
    }

    /// A duration in one unit if it is a whole number of them below a hundred, and otherwise in the two largest units,
    /// rounded down, such as `1 day 3 hours` for 100,000 seconds. A year has 365 days.
    pub fn duration(&self, seconds: i64) -> String {
        let units = || UNITS.into_iter().zip(self.units);
        let is_whole = |unit: i64| seconds % unit == 0 && (1..100).contains(&(seconds / unit));
        if let Some((unit, names)) = units().find(|(unit, _)| is_whole(*unit)) {
            return counted(seconds / unit, names);
        }
        let mut rest = seconds.max(0);
        let parts = units().skip_while(|(unit, _)| seconds < *unit).take(2).filter_map(|(unit, names)| {
            let count = rest / unit;
            rest %= unit;
            (count > 0).then(|| counted(count, names))
        });
        parts.collect::<Vec<_>>().join(" ")
    }

    /// A time to come, roughly, such as `in 90 days`.
    pub fn within(&self, seconds: i64) -> String {
        (self.within)(&self.rough_duration(seconds))
    }

    /// A time to come, as exactly as [`duration`](Self::duration) says it.
    pub fn within_exactly(&self, seconds: i64) -> String {
        (self.within)(&self.duration(seconds))
    }

    /// A time that is over, roughly, such as `5 days ago`.
    pub fn ago(&self, seconds: i64) -> String {
        (self.ago)(&self.rough_duration(seconds))
    }

    /// A number with its digits in groups of three.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::new();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push(self.thousands_separator);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// The nearest whole number of the largest unit of which there are at least two, or nearly one; of seconds, at least
    /// one.
    fn rough_duration(&self, seconds: i64) -> String {
        let seconds = seconds.max(1);
        let mut units = UNITS.into_iter().zip(self.units);
        let is_nearly_one = |unit: i64| (seconds - unit).abs() <= unit / 20;
        let is_large_enough = |(unit, _): &(i64, _)| seconds >= 2 * unit || is_nearly_one(*unit);
        let (unit, names) = units.find(is_large_enough).unwrap_or((1, self.units[4]));
        counted((seconds + unit / 2) / unit, names)
    }
}

/// The units of [`Words::units`], in seconds.
const UNITS: [i64; 5] = [365 * DAY_SECONDS, DAY_SECONDS, 3_600, 60, 1];

fn counted(count: i64, (one, several): (&str, &str)) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        for (seconds, expected) in [
            (1, "1 second"),
            (60, "1 minute"),
            (90, "90 seconds"),
            (5_400, "90 minutes"),
            (86_400, "1 day"),
            (100_000, "1 day 3 hours"),
            (90_061, "1 day 1 hour"),
            (7_776_000, "90 days"),
            (31_536_000, "1 year"),
            (315_360_000, "10 years"),
            (40_000_000, "1 year 97 days"),
        ] {
            assert_eq!(words(Language::English).duration(seconds), expected, "{seconds}");
        }
        assert_eq!(words(Language::German).within_exactly(86_400), "in 1 Tag");
        assert_eq!(words(Language::German).within_exactly(7_776_000), "in 90 Tagen");
    }

    #[test]
    fn times_from_now_are_rounded() {
        let words = words(Language::English);
        for (seconds, expected) in [
            (-5, "1 second"),
            (59, "1 minute"),
            (119, "119 seconds"),
            (86_399, "1 day"),
            (100_000, "28 hours"),
            (7_199, "120 minutes"),
            (7_775_999, "90 days"),
            (172_799, "48 hours"),
            (2 * 31_536_000, "2 years"),
        ] {
            assert_eq!(words.within(seconds), format!("in {expected}"));
            assert_eq!(words.ago(seconds), format!("{expected} ago"));
        }
    }

    #[test]
    fn dates_and_numbers_are_those_of_the_language() {
        let instant = Timestamp::parse("2029-03-03T14:00:59Z").expect("RFC 3339");
        for (language, date, number) in [
            (Language::English, "3 March 2029, 14:00 UTC", "1,234,567"),
            (Language::German, "3. März 2029, 14:00 UTC", "1.234.567"),
            (Language::Spanish, "3 de marzo de 2029, 14:00 UTC", "1.234.567"),
        ] {
            assert_eq!(words(language).instant(instant), date);
            assert_eq!(words(language).number(1_234_567), number);
        }
        assert_eq!(words(Language::English).number(999), "999");
    }
}
