//! `shortlink demo`: a server in memory with sample links and visits, so that one can see the pages with something on them.

use clap::Args;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};
use shortlink_core::domain::clock::{Clock, DAY_SECONDS, Timestamp};
use shortlink_core::domain::code::Code;
use shortlink_core::domain::code_generator::CodeGenerator;
use shortlink_core::domain::expiry::RequestedExpiry;
use shortlink_core::domain::labels::{LabelText, Labels};
use shortlink_core::domain::link::{Link, NewLink};
use shortlink_core::domain::target::Target;
use shortlink_core::domain::visit::{Visitor, month_of};
use shortlink_core::visits::recorder::{VisitRecorder, VisitTracking};

use crate::error::CliError;
use crate::serve::ListenAddress;
use crate::storage::Storage;

/// The options of `shortlink demo`.
#[derive(Debug, Args)]
pub struct DemoOptions {
    /// Where to listen: a port of this machine, or an address and a port; port 0 picks a free port [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR:PORT")]
    pub listen: Option<ListenAddress>,
}

/// For how many days there are visits.
const DAYS: i64 = 365;

/// How long the counts of a month are kept after its end, in seconds: longer than a demo lasts.
const RETENTION: i64 = 2 * DAYS * DAY_SECONDS;

/// How the visits of a link change over the year.
#[derive(Clone, Copy)]
enum Course {
    /// The same all year.
    Steady,
    /// More and more.
    Growing,
    /// Many at first, then ever fewer.
    Fading,
    /// Few but for two weeks, which begin so many days ago.
    Campaign(i64),
}

/// A sample link.
struct Sample {
    code: &'static str,
    target: &'static str,
    title: &'static str,
    /// How many days ago it was created.
    age: i64,
    /// In how many days it expires; negative: it has expired.
    expires_in: Option<i64>,
    /// Visits on a usual day.
    visits: u32,
    course: Course,
    /// How visits on a day at a weekend compare with the others, in percent.
    weekend: u32,
}

const fn sample(
    code: &'static str,
    target: &'static str,
    title: &'static str,
    age: i64,
    visits: u32,
    course: Course,
    weekend: u32,
) -> Sample {
    Sample { code, target, title, age, expires_in: None, visits, course, weekend }
}

const SAMPLES: &[Sample] = &[
    sample("spring-sale", "https://example.com/shop/spring", "Spring sale", DAYS, 6, Course::Campaign(230), 140),
    sample("newsletter", "https://example.com/news?utm_source=mail", "Newsletter", DAYS, 24, Course::Growing, 60),
    sample("opening-hours", "https://example.com/visit-us", "Opening hours", DAYS, 15, Course::Steady, 180),
    sample("talk-2026", "https://example.org/slides/talk.pdf", "Slides of the talk", 300, 40, Course::Fading, 40),
    sample("lunch-menu", "https://example.com/menu", "Lunch menu (QR code on the tables)", 280, 30, Course::Steady, 20),
    sample("survey", "https://example.net/forms/survey", "Customer survey", 200, 4, Course::Campaign(60), 80),
    sample("android-app", "https://example.com/app/android", "App for Android", 350, 18, Course::Growing, 120),
    sample("ios-app", "https://example.com/app/ios", "App for iOS", 350, 22, Course::Growing, 120),
    sample("job-offer", "https://example.com/jobs/42", "Job offer", 90, 9, Course::Fading, 30),
    sample("holiday-card", "https://example.com/cards/2026", "Holiday card", 20, 12, Course::Fading, 150),
    Sample {
        expires_in: Some(-10),
        ..sample("old-flyer", "https://example.com/flyer", "Flyer, which has expired", 120, 7, Course::Steady, 90)
    },
    Sample {
        expires_in: Some(30),
        ..sample("team-wiki", "https://example.org/wiki/welcome", "Wiki of the team", DAYS, 11, Course::Steady, 10)
    },
];

/// Where visits come from, each with its share in percent; the rest comes from nowhere.
const REFERRERS: &[(&str, u32)] =
    &[("www.example.org", 22), ("search.example.net", 19), ("social.example.com", 14), ("mail.example.com", 8)];
const COUNTRIES: &[(&str, u32)] = &[("DE", 34), ("FR", 17), ("US", 14), ("GB", 9), ("IN", 8), ("BR", 6), ("JP", 5)];
const DEVICES: &[(&str, u32)] = &[("phone", 55), ("desktop", 38), ("tablet", 7)];

/// Creates the sample links with their visits. Returns lines that say what there is to see at `base`. They are the same each
/// time, but for the day of today.
///
/// # Errors
///
/// [`CliError::Store`].
pub(crate) async fn fill(storage: &Storage, base: &str) -> Result<Vec<String>, CliError> {
    let now = Clock::system().now();
    let mut links = Vec::new();
    let mut lines = vec!["Open one of these pages:".to_owned(), format!("  {base}/  creates links")];
    for sample in SAMPLES {
        let Some((link, token)) = create(storage, sample, now).await? else { continue };
        let Sample { code, title, .. } = sample;
        lines.push(format!("  {base}/{code}+  {title}"));
        if links.is_empty() {
            let from = link.created_at.date();
            let url = format!("{base}/links/{code}/visits?from={from}");
            lines.push(format!("  curl -H 'Authorization: Bearer {token}' {url}"));
        }
        links.push((sample, link));
    }
    record_visits(&storage.visit_recorder(VisitTracking::Daily, RETENTION), &links, now).await;
    Ok(lines)
}

/// Creates a link. Returns it with its management token.
async fn create(storage: &Storage, sample: &Sample, now: Timestamp) -> Result<Option<(Link, String)>, CliError> {
    let in_days = |days: i64| now.plus(days * DAY_SECONDS);
    let (Ok(alias), Ok(target)) = (Code::parse_alias(sample.code), Target::parse(sample.target, &[])) else {
        return Ok(None);
    };
    let new_link = NewLink {
        alias: Some(alias),
        target,
        requested_expiry: RequestedExpiry::Never,
        created_at: in_days(-sample.age).unwrap_or(now),
        expires_at: sample.expires_in.and_then(in_days),
        purge_after: None,
        owner: None,
        creator: None,
        has_token: true,
        labels: Labels { title: LabelText::parse_title(sample.title).unwrap_or_default(), ..Labels::default() },
    };
    let codes = CodeGenerator::from_os_rng(sample.code.len());
    let created = storage.store().create(&new_link, &codes).await.map_err(CliError::Demo)?;
    Ok(created.token.map(|token| (created.link, token.as_str().to_owned())))
}

/// Records the visits of a year. Those of a month are written together, as a month has an item of its own.
async fn record_visits(recorder: &VisitRecorder, links: &[(&Sample, Link)], now: Timestamp) {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut last: Option<Timestamp> = None;
    for days_ago in (0..DAYS).rev() {
        let Some(day) = now.plus(-days_ago * DAY_SECONDS) else { continue };
        let is_same_month = |last: Timestamp| month_of(&last.date()) == month_of(&day.date());
        if let Some(last) = last.filter(|last| !is_same_month(*last)) {
            recorder.flush_all(last).await;
        }
        last = Some(day);
        for (sample, link) in links.iter().filter(|(_, link)| link.created_at <= day && link.is_live(day)) {
            let usual = sample.on_day(days_ago, day);
            // Days differ from each other.
            let visits = usual * rng.random_range(60..150) / 100;
            for _ in 0..visits + visits / 8 {
                recorder.record(link, &visitor(&mut rng), day);
            }
        }
    }
    recorder.flush_all(now).await;
}

impl Sample {
    /// About how many visits there are on a day.
    fn on_day(&self, days_ago: i64, day: Timestamp) -> u32 {
        let age = u32::try_from((self.age - days_ago).max(0)).unwrap_or_default();
        let by_course = match self.course {
            Course::Steady => self.visits,
            Course::Growing => self.visits * (20 + age) / 200,
            Course::Fading => self.visits * 20 / (20 + age),
            Course::Campaign(begin) if (begin - 14..=begin).contains(&days_ago) => self.visits * 12,
            Course::Campaign(_) => self.visits / 2,
        };
        // The epoch was a Thursday.
        let is_weekend = matches!((day.unix().div_euclid(DAY_SECONDS) + 4).rem_euclid(7), 0 | 6);
        if is_weekend { by_course * self.weekend / 100 } else { by_course }
    }
}

fn visitor(rng: &mut Xoshiro256PlusPlus) -> Visitor {
    let mut pick = |shares: &[(&'static str, u32)]| {
        let mut number = rng.random_range(0..100);
        shares.iter().find_map(|(name, share)| {
            let is_it = number < *share;
            number = number.saturating_sub(*share);
            is_it.then_some(*name)
        })
    };
    Visitor {
        referrer: pick(REFERRERS).map(str::to_owned),
        country: pick(COUNTRIES).map(str::to_owned),
        device: pick(DEVICES).unwrap_or("desktop"),
        is_bot: rng.random_range(0..9) == 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_can_be_created() {
        for sample in SAMPLES {
            assert!(Code::parse_alias(sample.code).is_ok(), "{}", sample.code);
            assert!(Target::parse(sample.target, &[]).is_ok(), "{}", sample.target);
        }
        assert_eq!(SAMPLES.len(), 12);
    }
}
