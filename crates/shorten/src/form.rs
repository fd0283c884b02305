//! The page at `GET /`: the form that creates links, and the same form with errors.
//!
//! Behind the open door it works without JavaScript: the form posts to `/shorten`, and a browser, which prefers HTML, gets a page as the
//! response. The script fetches the same page and shows it in place. Behind the other doors another script gets the
//! credentials, since a form cannot send a header.
//!
//! The form does not send `reuse`. Anybody who sends the same URL with `reuse` gets the same link, so such a link has no
//! management token, and whoever made it here could neither change nor withdraw it.

use http::{HeaderValue, StatusCode};
use shortlink_core::domain::code;
use shortlink_core::domain::expiry::ExpiryPolicy;
use shortlink_core::domain::permissions::Scope;
use shortlink_core::http::brand::Brand;
use shortlink_core::http::html::{CredentialsScript, EscapedHtml, HERE, InlineAsset, Page, PageScript, script_data};
use shortlink_core::http::language::Language;
use shortlink_core::http::problem::Problem;
use shortlink_core::http::request::Request;
use shortlink_core::http::response::Response;
use shortlink_core::http::texts;
use url::form_urlencoded;

use crate::body::{Fields, Value};
use crate::config::{Config, Door, SignIn};
use crate::{FIVE_MINUTES, Shorten};

/// The script of the form, and of the page that follows it.
static FORM_SCRIPT: InlineAsset =
    InlineAsset::new(concat!(include_str!("../../core/src/http/local_time.js"), include_str!("form.js")));

/// See [`FORM_SCRIPT`].
pub(crate) static SCRIPT: PageScript = PageScript { asset: &FORM_SCRIPT, sends: true };

/// The script that sends an API key.
static KEY_FIELD_SCRIPT: InlineAsset = InlineAsset::new(include_str!("key_field.js"));

/// The script that signs a person in.
static SIGN_IN_SCRIPT: InlineAsset = InlineAsset::new(include_str!("sign_in.js"));

/// The scope that a person who signs in gets: to create links, and to manage their own.
const SIGN_IN_SCOPE: Scope = Scope::Own;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The lifetimes that the form offers in addition to the default and `never`, in seconds. Those that the operator does
/// not allow are left out.
const EXPIRY_CHOICES: &[i64] = &[HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];

/// The values that were entered into the form, to be shown again beside an error.
#[derive(Clone, Debug, Default)]
pub struct FormValues {
    url: String,
    alias: String,
    expires_in: String,
    expires_at: String,
}

/// The errors of a form, by field.
#[derive(Default)]
struct FormErrors {
    url: Option<String>,
    alias: Option<String>,
    expires_in: Option<String>,
    /// Aliases that would be accepted.
    aliases: Vec<String>,
    /// An error that concerns no field, or a field that the form does not have.
    general: String,
}

impl FormValues {
    /// The target that a query string proposes, as in `/?url=https%3A%2F%2Fexample.com%2F`: a bookmark or the share menu of a
    /// phone opens the form with it.
    pub(crate) fn from_query(query: Option<&str>) -> Self {
        let parameters = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let proposed =
            |name: &str| parameters.clone().find(|(other, _)| other == name).map(|(_, value)| value.into_owned());
        // Phones share a page's address as a text, sometimes within others.
        let text = proposed("text").unwrap_or_default();
        let within = text.split_whitespace().find(|word| word.starts_with("https://") || word.starts_with("http://"));
        let shared = within.unwrap_or(&text).to_owned();
        Self { url: proposed("url").filter(|url| !url.is_empty()).unwrap_or(shared), ..Self::default() }
    }

    /// The values of those fields that the form has.
    pub fn from_fields(fields: &Fields) -> Self {
        let mut values = Self::default();
        for (name, value) in &fields.0 {
            let Value::Text(text) = value else { continue };
            match name.as_str() {
                "url" | "long_url" => values.url.clone_from(text),
                "alias" => values.alias.clone_from(text),
                "expires_in" => values.expires_in.clone_from(text),
                "expires_at" => values.expires_at.clone_from(text),
                _ => {}
            }
        }
        values
    }
}

impl FormErrors {
    fn from_problem(problem: &Problem, request_id: &str, language: Language) -> Self {
        let texts = texts::form(language);
        // What only programs send has only the API's words, which continue a sentence.
        let error = |label: &str| {
            let reason = texts::reason(language, problem.reason());
            Some(reason.unwrap_or_else(|| format!("{label} {}.", problem.reason())))
        };
        match problem.field() {
            Some("url") => Self { url: error(texts.url), ..Self::default() },
            Some("alias") => {
                Self { alias: error(texts.alias), aliases: problem.suggestions().to_vec(), ..Self::default() }
            }
            Some("expires_in" | "expires_at") => Self { expires_in: error(texts.the_expiry), ..Self::default() },
            _ => Self { general: problem.detail_on_page(language, request_id), ..Self::default() },
        }
    }
}

/// The page at `GET /`, with the values that were proposed.
pub(crate) fn empty_form(shorten: &Shorten, request: &Request, values: &FormValues) -> Response {
    let (config, language) = (&shorten.config, Language::of(request));
    if config.door == Door::Jwt && config.sign_in.is_none() {
        return closed_page(&config.brand, language);
    }
    let base = shorten.base_url(request).join("");
    let elsewhere = elsewhere_html(&base, config, texts::form(language));
    let main = form_html(values, &FormErrors::default(), config, language, &elsewhere);
    let is_indexed = config.door == Door::Open;
    let title = texts::form(language).heading;
    let page =
        Page { title, main: &main, script: Some(SCRIPT), is_indexed, home: HERE, brand: &config.brand, language };
    // The address contains a code after signing in, so that no cache should keep the page.
    let cache_control = if config.door == Door::Jwt { HeaderValue::from_static("no-store") } else { FIVE_MINUTES };
    respond(&page, StatusCode::OK, cache_control, config)
}

/// The page at `GET /` if it can sign nobody in.
fn closed_page(brand: &Brand, language: Language) -> Response {
    let texts = texts::form(language);
    let main = format!(include_str!("closed.html"), heading = texts.closed, lead = texts.closed_lead);
    let page = Page { title: texts.closed, main: &main, script: None, is_indexed: false, home: HERE, brand, language };
    page.response(StatusCode::OK, FIVE_MINUTES)
}

/// The form with the values that were entered, and the error beside its field.
pub(crate) fn form_with_errors(
    problem: &Problem,
    request_id: &str,
    values: &FormValues,
    config: &Config,
    language: Language,
) -> Response {
    let title = texts::problem_title(language, problem.kind());
    let errors = FormErrors::from_problem(problem, request_id, language);
    let main = form_html(values, &errors, config, language, "");
    let brand = &config.brand;
    let page = Page { title, main: &main, script: Some(SCRIPT), is_indexed: false, home: HERE, brand, language };
    respond(&page, problem.kind().status(), HeaderValue::from_static("no-store"), config)
}

/// Ways to shorten from other places. They need the script, which shows them.
fn elsewhere_html(base: &str, config: &Config, texts: &texts::Form) -> String {
    // The bookmark works without the page, so its URL is absolute.
    let url = format!("javascript:location.href='{base}?url='+encodeURIComponent(location.href)");
    let bookmark = format!("<a href=\"{}\">{}</a>", EscapedHtml(&url), EscapedHtml(&config.brand.name));
    format!(include_str!("elsewhere.html"), summary = texts.elsewhere, lead = (texts.elsewhere_lead)(&bookmark))
}

/// The page as a response, with the script that gets the credentials for the door.
pub(crate) fn respond(page: &Page<'_>, status: StatusCode, cache_control: HeaderValue, config: &Config) -> Response {
    let origin = config.sign_in.as_ref().map(|sign_in| sign_in.token_url.origin().ascii_serialization());
    let credentials = match config.door {
        Door::Open => None,
        Door::Key => Some(CredentialsScript { script: &KEY_FIELD_SCRIPT, origin: None }),
        Door::Jwt => Some(CredentialsScript { script: &SIGN_IN_SCRIPT, origin: origin.as_deref() }),
    };
    page.response_with_credentials(status, cache_control, credentials)
}

fn form_html(values: &FormValues, errors: &FormErrors, config: &Config, language: Language, elsewhere: &str) -> String {
    let texts = texts::form(language);
    let (url, alias, expires_in) = (errors.url.as_deref(), errors.alias.as_deref(), errors.expires_in.as_deref());
    // The focus is on the field with an error, or else on the first one.
    let focuses_url = alias.is_none() && expires_in.is_none();
    let sign_in = config.sign_in.as_ref().filter(|_| config.door == Door::Jwt);
    let sign_in_html = |sign_in| sign_in_html(sign_in, &config.jwt_scope_prefix, language);
    format!(
        include_str!("form.html"),
        heading = texts.heading,
        lead = if config.door == Door::Open { texts.lead } else { texts.lead_with_credentials },
        sign_in = sign_in.map_or_else(String::new, sign_in_html),
        form_attributes = if sign_in.is_some() { " hidden" } else { "" },
        key_field = if config.door == Door::Key { key_field_html(language) } else { String::new() },
        alert = EscapedHtml(&errors.general),
        url_label = texts.url,
        url = EscapedHtml(&values.url),
        url_attributes = field_attributes("url", "", url, focuses_url),
        url_error = error_html("url", url, ""),
        shorten = texts.shorten,
        alias_label = texts.alias,
        optional = texts.optional,
        alias = EscapedHtml(&values.alias),
        alias_attributes = field_attributes("alias", "alias-hint", alias, alias.is_some()),
        alias_error = error_html("alias", alias, &proposal_html(&errors.aliases, texts)),
        suggestions = suggestions_html(&errors.aliases, texts),
        alias_hint = (texts.alias_hint)(code::MIN_LENGTH, code::MAX_LENGTH),
        expires = texts.expires,
        expires_at = EscapedHtml(&values.expires_at),
        expires_in_attributes = field_attributes("expires_in", "", expires_in, expires_in.is_some()),
        expires_in_error = error_html("expires_in", expires_in, ""),
        choices = expiry_options(&config.expiry, &values.expires_in, language),
        my_links = texts.my_links,
        elsewhere = elsewhere,
        texts = script_data("texts", &texts.script),
    )
}

/// The field for an API key.
pub(crate) fn key_field_html(language: Language) -> String {
    let texts = texts::credentials(language);
    format!(
        include_str!("key_field.html"),
        label = texts.api_key,
        hint = texts.api_key_hint,
        needs_script = texts.api_key_needs_script,
        texts = script_data("credentials-texts", &texts.script),
    )
}

/// What the script needs to sign a person in.
pub(crate) fn sign_in_html(sign_in: &SignIn, scope_prefix: &str, language: Language) -> String {
    let texts = texts::credentials(language);
    format!(
        include_str!("sign_in.html"),
        authorize_url = EscapedHtml(sign_in.authorize_url.as_str()),
        token_url = EscapedHtml(sign_in.token_url.as_str()),
        client = EscapedHtml(&sign_in.client),
        scope = EscapedHtml(&format!("{scope_prefix}{}", SIGN_IN_SCOPE.as_str())),
        account = texts.account,
        sign_in = texts.sign_in,
        needs_script = texts.sign_in_needs_script,
        texts = script_data("credentials-texts", &texts.script),
    )
}

/// The attributes that describe a field, mark it as invalid, and focus it.
fn field_attributes(name: &str, hint_id: &str, error: Option<&str>, has_focus: bool) -> String {
    let focus = if has_focus { " autofocus" } else { "" };
    match (error, hint_id) {
        (Some(_), hint_id) => {
            let described_by = format!("{name}-error {hint_id}");
            format!(" aria-invalid=\"true\" aria-describedby=\"{}\"{focus}", described_by.trim_end())
        }
        (None, "") => focus.to_owned(),
        (None, hint_id) => format!(" aria-describedby=\"{hint_id}\"{focus}"),
    }
}

/// The error of a field, if it has one. `proposal` is HTML that follows it.
fn error_html(name: &str, error: Option<&str>, proposal: &str) -> String {
    error.map_or_else(String::new, |error| {
        format!("<p class=\"error\" id=\"{name}-error\">{}{proposal}</p>\n", EscapedHtml(error))
    })
}

/// The aliases in a sentence, for whoever does not have the script, which shows buttons.
fn proposal_html(aliases: &[String], texts: &texts::Form) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    format!("<noscript> {}</noscript>", EscapedHtml(&(texts.try_instead)(aliases)))
}

/// Buttons that fill in an alias. They need the script, which shows them.
fn suggestions_html(aliases: &[String], texts: &texts::Form) -> String {
    if aliases.is_empty() {
        return String::new();
    }
    let button = |alias: &String| format!(" <button type=\"button\" class=\"chip\">{}</button>", EscapedHtml(alias));
    let buttons: String = aliases.iter().map(button).collect();
    format!("<p class=\"hint\" id=\"suggestions\" hidden>{}{buttons}</p>\n", texts.use_instead)
}

/// The options of the list of expiries, shortest first. The default has the empty value.
fn expiry_options(policy: &ExpiryPolicy, chosen: &str, language: Language) -> String {
    let (words, never) = (texts::words(language), texts::form(language).never);
    let is_allowed = |seconds: &i64| (policy.min..=policy.max).contains(seconds);
    let mut lifetimes: Vec<i64> = EXPIRY_CHOICES.iter().copied().filter(is_allowed).collect();
    lifetimes.extend(policy.default);
    lifetimes.sort_unstable();
    lifetimes.dedup();
    let mut options: Vec<(String, String)> = lifetimes
        .into_iter()
        .map(|seconds| {
            let value = if Some(seconds) == policy.default { String::new() } else { seconds.to_string() };
            (value, words.within_exactly(seconds))
        })
        .collect();
    if policy.default.is_none() {
        options.push((String::new(), never.to_owned()));
    } else if policy.allow_never {
        options.push(("never".to_owned(), never.to_owned()));
    }
    // `Fields` omits empty fields, so "" stands for the default here, too.
    let option = |(value, label): &(String, String)| {
        let selected = if value == chosen { " selected" } else { "" };
        format!("<option value=\"{value}\"{selected}>{label}</option>\n")
    };
    options.iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRIPTS: [&str; 5] = [
        include_str!("../../core/src/http/local_time.js"),
        include_str!("form.js"),
        include_str!("key_field.js"),
        include_str!("sign_in.js"),
        include_str!("my_links.js"),
    ];

    fn policy() -> ExpiryPolicy {
        ExpiryPolicy { default: Some(90 * DAY), min: 60, max: 3_650 * DAY, allow_never: false, purge_after: None }
    }

    fn labels(policy: &ExpiryPolicy) -> String {
        let options = expiry_options(policy, "", Language::English);
        let labels = options.lines().map(|line| line.split(['>', '<']).nth(2).expect("a label"));
        labels.collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn scripts_cannot_close_their_element() {
        for script in SCRIPTS {
            assert!(!script.contains("</") && !script.contains("<!--"));
        }
    }

    /// Lines lose their indentation, and those that begin with `//` are left out.
    #[test]
    fn no_string_of_a_script_continues_on_another_line() {
        for line in SCRIPTS.iter().flat_map(|script| script.lines()) {
            assert!(line.matches('`').count() % 2 == 0 && !line.ends_with('\\') && !line.contains("/*"), "{line}");
        }
    }

    #[test]
    fn the_form_offers_what_the_operator_allows() {
        let usual = "in 1 hour, in 1 day, in 7 days, in 30 days, in 90 days, in 1 year";
        assert_eq!(labels(&policy()), usual);
        assert_eq!(labels(&ExpiryPolicy { allow_never: true, ..policy() }), format!("{usual}, never"));
        assert_eq!(labels(&ExpiryPolicy { allow_never: true, default: None, ..policy() }), format!("{usual}, never"));
        let brief = ExpiryPolicy { default: Some(90), max: 7_200, ..policy() };
        assert_eq!(labels(&brief), "in 90 seconds, in 1 hour");
    }

    #[test]
    fn the_chosen_expiry_is_selected_and_otherwise_the_default() {
        assert!(
            expiry_options(&policy(), "", Language::English)
                .contains("<option value=\"\" selected>in 90 days</option>")
        );
        assert!(
            expiry_options(&policy(), "3600", Language::English)
                .contains("<option value=\"3600\" selected>in 1 hour</option>")
        );
    }
}
