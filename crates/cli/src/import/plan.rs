//! What a row of a source becomes here: a link that can be put, or a reason why it cannot.

use shortlink_core::domain::clock::Timestamp;
use shortlink_core::domain::code::{Code, CodeError, MAX_LENGTH};
use shortlink_core::domain::labels::{LabelError, LabelText, Labels, MAX_NOTE_LENGTH, MAX_TAG_LENGTH, MAX_TAGS};
use shortlink_core::domain::labels::{MAX_TITLE_LENGTH, Tags};
use shortlink_core::domain::link::Link;
use shortlink_core::domain::owner::Owner;
use shortlink_core::domain::target::Target;
use shortlink_core::dynamodb::imported_links::ImportedLink;
use shortlink_core::http::routes::{self, Endpoint};
use shortlink_import::{Format, Outcome, Row, SourceLink};

use super::report::{Entry, Fate};

/// How rows become links.
#[derive(Clone, Debug)]
pub(super) struct Planner {
    pub(super) format: Format,
    pub(super) import_id: String,
    /// When the import began: a link that does not say when it was created, was created then.
    pub(super) now: Timestamp,
    /// To whom all links belong, instead of the owners at the source.
    pub(super) owner: Option<Owner>,
    /// Whether names are imported that nobody can choose here.
    pub(super) allows_reserved: bool,
    /// Whether links with a password are imported, which here are links without one.
    pub(super) drops_passwords: bool,
    /// Whether a code whose case does not matter at its source is imported in lower case, too.
    pub(super) adds_lower_case: bool,
    /// How long a link is kept after its end, in seconds; `None`: for good.
    pub(super) purge_after: Option<i64>,
    /// The host of this service, to which no link may lead.
    pub(super) own_host: Option<String>,
}

/// A link that can be put.
#[derive(Clone, Debug)]
pub(super) struct PlannedLink {
    pub(super) position: String,
    pub(super) link: ImportedLink,
    pub(super) not_carried: Vec<String>,
}

/// What a row becomes.
#[derive(Clone, Debug)]
pub(super) enum Plan {
    Put(Box<PlannedLink>),
    Refuse(Entry),
}

impl Planner {
    /// What a row becomes: one link, or two if its code is added in lower case.
    pub(super) fn plan(&self, row: Row) -> Vec<Plan> {
        let Row { position, outcome } = row;
        let source = match outcome {
            Outcome::Link(source) => source,
            Outcome::Unreadable { code, reason } => return vec![refuse(position, code, reason, Vec::new())],
        };
        let lower_case = source.code.to_ascii_lowercase();
        let has_case = source.codes_ignore_case && lower_case != source.code;
        let mut plans = Vec::new();
        if has_case && self.adds_lower_case {
            let source = SourceLink { code: lower_case.clone(), visits: None, ..source.clone() };
            plans.push(self.plan_link(position.clone(), source, Vec::new()));
        }
        let note = (has_case && !self.adds_lower_case)
            .then(|| format!("the spelling {lower_case}: case does not matter at the source, and does here"));
        plans.insert(0, self.plan_link(position, source, note.into_iter().collect()));
        plans
    }

    fn plan_link(&self, position: String, source: SourceLink, mut not_carried: Vec<String>) -> Plan {
        not_carried.extend(source.not_carried.iter().cloned());
        match self.link(&source, &mut not_carried) {
            Ok(link) => Plan::Put(Box::new(PlannedLink { position, link, not_carried })),
            Err(reason) => refuse(position, Some(source.code), reason, not_carried),
        }
    }

    /// The link of a row. The error is the reason why it cannot be one.
    fn link(&self, source: &SourceLink, not_carried: &mut Vec<String>) -> Result<ImportedLink, String> {
        let code = self.code(&source.code)?;
        if source.has_password && !self.drops_passwords {
            return Err("it has a password at the source, and here whoever has the short URL could follow it; \
                        --without-passwords imports it"
                .to_owned());
        }
        let own_hosts: Vec<_> = self.own_host.as_deref().into_iter().collect();
        let target = Target::parse(&source.target, &own_hosts).map_err(|error| format!("the target {error}"))?;
        let instant = |seconds: Option<i64>, name: &str| match seconds.map(Timestamp::from_unix) {
            Some(None) => Err(format!("{name} is not within the years 0 to 9999")),
            Some(instant) => Ok(instant),
            None => Ok(None),
        };
        let created_at = instant(source.created_at, "its creation")?.unwrap_or(self.now);
        let expires_at = instant(source.expires_at, "its end")?;
        let withdrawn_at = source.withdrawn.then_some(self.now);
        let link = Link { withdrawn_at, ..Link::new(code, target, created_at, expires_at) };
        if source.has_password {
            not_carried.push("the password: here whoever has the short URL can follow it".to_owned());
        }
        let purge_at = link.end_of_grace_period(self.purge_after, self.now);
        Ok(ImportedLink {
            link: Link { purge_at, ..link },
            owner: self.owner_of(source, not_carried),
            labels: labels(source, not_carried),
            visits: source.visits,
            imported_from: [Some(self.format.name()), source.domain.as_deref()]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
            import_id: self.import_id.clone(),
        })
    }

    fn code(&self, text: &str) -> Result<Code, String> {
        let code = Code::parse(text).map_err(|error| match error {
            CodeError::Length { length } => {
                format!("the code has {length} characters; at most {MAX_LENGTH} can be followed")
            }
            error => format!("the code {error}"),
        })?;
        if routes::find("GET", &format!("/{text}")).route.endpoint != Endpoint::Link {
            return Err("the code is the path of a page of this service, so the link could not be followed".to_owned());
        }
        if !self.allows_reserved && Code::parse_alias(text) == Err(CodeError::Reserved) {
            return Err("the code is a name that is reserved here; --allow-reserved imports it".to_owned());
        }
        Ok(code)
    }

    fn owner_of(&self, source: &SourceLink, not_carried: &mut Vec<String>) -> Option<Owner> {
        let text = source.owner.as_deref();
        if let Some(owner) = &self.owner {
            return Some(owner.clone());
        }
        let owner = text.and_then(|text| Owner::parse(text).ok());
        if let Some(text) = text.filter(|_| owner.is_none()) {
            not_carried.push(format!("the owner {text:?}, which is not 1 to 255 visible ASCII characters without #"));
        }
        owner
    }
}

fn refuse(position: String, code: Option<String>, reason: String, not_carried: Vec<String>) -> Plan {
    Plan::Refuse(Entry { position, code, outcome: Fate::Refused, reason: Some(reason), not_carried })
}

/// The labels of a row, as far as they can be labels here.
fn labels(source: &SourceLink, not_carried: &mut Vec<String>) -> Labels {
    let mut text = |name: &str, text: &Option<String>, parse: Parse, max: usize| {
        let text = text.as_deref()?;
        match parse(text) {
            Ok(parsed) => parsed,
            Err(_) => {
                not_carried
                    .push(format!("the {name} as it is: without control characters, it was cut at {max} characters"));
                parse(&plain(text, max)).ok().flatten()
            }
        }
    };
    let title = text("title", &source.title, LabelText::parse_title, MAX_TITLE_LENGTH);
    let note = text("note", &source.note, LabelText::parse_note, MAX_NOTE_LENGTH);
    let mut tags = Vec::new();
    for text in &source.tags {
        let tag = tag(text);
        if tag.is_empty() || tags.len() == MAX_TAGS {
            not_carried.push(format!("the tag {text:?}"));
            continue;
        }
        if tag != *text {
            not_carried.push(format!("the spelling of the tag {text:?}, which is {tag:?} here"));
        }
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    let tags = Tags::parse(tags.iter().map(String::as_str)).unwrap_or_default();
    Labels { title, tags, note }
}

type Parse = fn(&str) -> Result<Option<LabelText>, LabelError>;

/// A text without the characters that a label cannot have, with at most `max` characters.
fn plain(text: &str, max: usize) -> String {
    let is_allowed = |c: char| LabelText::parse_note(&format!("a{c}a")).is_ok();
    let text: String = text.chars().map(|c| if is_allowed(c) { c } else { ' ' }).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(max).collect()
}

/// The tag that says the same as a text; empty if there is none.
fn tag(text: &str) -> String {
    let words = text.split_whitespace().map(|word| {
        let word = word.chars().flat_map(char::to_lowercase);
        word.filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')).collect::<String>()
    });
    let tag = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
    tag.chars().take(MAX_TAG_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planner() -> Planner {
        Planner {
            format: Format::Csv,
            import_id: "0123456789abcdef".to_owned(),
            now: Timestamp::from_unix(2_000_000_000).expect("in range"),
            owner: None,
            allows_reserved: false,
            drops_passwords: false,
            adds_lower_case: false,
            purge_after: Some(100),
            own_host: Some("sho.rt".to_owned()),
        }
    }

    fn source(code: &str) -> SourceLink {
        SourceLink { code: code.to_owned(), target: "https://example.com/".to_owned(), ..SourceLink::default() }
    }

    fn plan(planner: &Planner, source: SourceLink) -> Vec<Plan> {
        planner.plan(Row { position: "line 1".to_owned(), outcome: Outcome::Link(source) })
    }

    fn reason(planner: &Planner, source: SourceLink) -> Option<String> {
        match plan(planner, source).remove(0) {
            Plan::Put(_) => None,
            Plan::Refuse(entry) => entry.reason,
        }
    }

    #[test]
    fn codes_that_can_be_followed_are_imported() {
        let planner = planner();
        for code in ["1", "ab", "-x", "UPPER", &"a".repeat(64)] {
            assert_eq!(reason(&planner, source(code)), None, "{code}");
        }
        for (code, expected) in [
            ("a/b", "the code contains '/'"),
            ("é", "the code contains 'é'"),
            ("about", "--allow-reserved imports it"),
            ("docs", "the path of a page"),
        ] {
            let reason = reason(&planner, source(code)).expect("a reason");
            assert!(reason.contains(expected), "{reason}");
        }
        let allowing = Planner { allows_reserved: true, ..planner };
        assert_eq!(reason(&allowing, source("about")), None);
        assert!(reason(&allowing, source("docs")).is_some(), "it could not be followed");
        let own = SourceLink { target: "https://sho.rt/x".to_owned(), ..source("x") };
        assert!(reason(&allowing, own).is_some_and(|reason| reason.contains("points to this service")));
    }

    #[test]
    fn links_that_ended_long_ago_are_kept_for_the_grace_period() {
        let ended = SourceLink { expires_at: Some(1_000), created_at: Some(500), ..source("x") };
        let Plan::Put(planned) = plan(&planner(), ended).remove(0) else { panic!("a link") };
        let link = planned.link.link;
        let unix = |instant: Option<Timestamp>| instant.map(Timestamp::unix);
        assert_eq!(
            (link.created_at.unix(), unix(link.expires_at), unix(link.purge_at)),
            (500, Some(1_000), Some(2_000_000_100))
        );
    }

    #[test]
    fn labels_are_fitted_and_the_report_says_so() {
        let labelled = SourceLink {
            title: Some(format!("a\u{7}b{}", "c".repeat(300))),
            tags: vec!["Spring Sale".to_owned(), "ok".to_owned(), "日本".to_owned()],
            owner: Some("a b".to_owned()),
            ..source("x")
        };
        let Plan::Put(planned) = plan(&planner(), labelled).remove(0) else { panic!("a link") };
        let labels = planned.link.labels;
        let title = labels.title.expect("a title");
        assert!(title.as_str().starts_with("a bccc") && title.as_str().chars().count() == 200);
        assert_eq!(labels.tags.iter().collect::<Vec<_>>(), ["ok", "spring-sale"]);
        assert_eq!(planned.link.owner, None);
        assert_eq!(planned.not_carried.len(), 4, "{:?}", planned.not_carried);
    }

    #[test]
    fn lower_case_twin_is_the_operators_choice() {
        let folding = SourceLink { codes_ignore_case: true, visits: Some(5), ..source("Sale") };
        let Plan::Put(planned) = plan(&planner(), folding.clone()).remove(0) else { panic!("a link") };
        assert!(planned.not_carried[0].contains("the spelling sale"), "{:?}", planned.not_carried);
        let adding = Planner { adds_lower_case: true, ..planner() };
        let codes: Vec<_> = plan(&adding, folding)
            .into_iter()
            .map(|plan| match plan {
                Plan::Put(planned) => (planned.link.link.code.to_string(), planned.link.visits),
                Plan::Refuse(entry) => panic!("{entry:?}"),
            })
            .collect();
        assert_eq!(codes, [("Sale".to_owned(), Some(5)), ("sale".to_owned(), None)]);
    }
}
