//! The list of all environment variables: what each means, in a few words, and its default.
//!
//! `config` reads them. This list is what the program `shortlink` shows to people. Tests compare it with what the code reads
//! and with the table of settings in `crates/lambda/README.md`.

/// Where a setting has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the Lambda functions and in the local server.
    Everywhere,
    /// In the Lambda functions only.
    Lambda,
    /// In the local server only.
    LocalServer,
}

/// An environment variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The name of the variable.
    pub variable: &'static str,
    /// The value that it has if it is not set; empty if there is none.
    pub default: &'static str,
    /// The unit of the value; empty if it has none.
    pub unit: &'static str,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// Where it has an effect.
    pub place: Place,
}

const fn setting(
    variable: &'static str,
    default: &'static str,
    unit: &'static str,
    meaning: &'static str,
    place: Place,
) -> Setting {
    Setting { variable, default, unit, meaning, place }
}

use Place::{Everywhere, Lambda, LocalServer};

/// Every setting, in the order of the table.
pub const SETTINGS: &[Setting] = &[
    setting("BASE_URL", "", "", "What short URLs begin with, such as https://sho.rt", Everywhere),
    setting("DOOR", "open", "", "Who may create links: open (anybody) or key (whoever has an API key)", Everywhere),
    setting("SUBJECT_DAILY_LIMIT", "0", "links", "Links that one account may create on a day", Lambda),
    setting("JWT_SCOPE_PREFIX", "shortlink/", "", "What the scopes of access tokens begin with", Lambda),
    setting("SIGN_IN_AUTHORIZE_URL", "", "", "Authorization endpoint at which the page signs people in", Lambda),
    setting("SIGN_IN_TOKEN_URL", "", "", "Token endpoint at which the page signs people in", Lambda),
    setting("SIGN_IN_CLIENT", "", "", "Id of the client with which the page signs people in", Lambda),
    setting("CREATOR", "anonymised", "", "What is kept of who creates a link: off, anonymised or full", Everywhere),
    setting("GRANT_KEY_PARAMETER", "", "", "Parameter of Systems Manager with the key of grants", Everywhere),
    setting("REDIRECT_STATUS", "301", "", "Status of a redirect: 301, 302, 307 or 308", Everywhere),
    setting("CODE_LENGTH", "7", "characters", "Length of a generated code, 3 to 32", Everywhere),
    setting(
        "EXPIRES_IN_DEFAULT",
        "7776000",
        "seconds",
        "Lifetime of a link if none is asked for, or never",
        Everywhere,
    ),
    setting("EXPIRES_IN_MIN", "60", "seconds", "Shortest lifetime of a link", Everywhere),
    setting("EXPIRES_IN_MAX", "315360000", "seconds", "Longest lifetime of a link", Everywhere),
    setting("ALLOW_NEVER", "false", "", "Whether links that never expire may be created", Everywhere),
    setting("PURGE_AFTER", "2592000", "seconds", "Time that an expired link is kept, or never for good", Everywhere),
    setting("EDGE_LOGS", "", "", "Bucket and prefix of CloudFront's logs", Lambda),
    setting("VISITS", "daily", "", "Which visits are counted: off, total or daily", Everywhere),
    setting("PREVIEW", "target", "", "What previews show: target, full (also the visits) or off", Everywhere),
    setting("VISITS_RETENTION", "34560000", "seconds", "Time that the counts of a month are kept", Everywhere),
    setting("VISIT_REGIONS", "", "", "Regions that count visits, the home region first", Everywhere),
    setting(EDGE_KEY, "", "", "Secret that a CDN in front of the service sends", Everywhere),
    setting(
        "EDGE_CACHE_SECONDS",
        "0",
        "seconds",
        "Time for which a CDN may answer with a redirect, 0 to 3600",
        Everywhere,
    ),
    setting("BRAND_NAME", "Shortlink", "", "Name of the service on its pages", Everywhere),
    setting("BRAND_COLOUR", "", "", "Colour of buttons and links, such as #0a5f49", Everywhere),
    setting("BRAND_URL", "", "", "A page about the operator, to which every page links", Everywhere),
    setting("HOME_URL", "", "", "Where / redirects, instead of the page that creates links", Everywhere),
    setting("NOT_FOUND_URL", "", "", "Where a browser is redirected if there is no such link", Everywhere),
    setting("EXPIRED_URL", "", "", "Where a browser is redirected if a link has expired", Everywhere),
    setting("REPORT_URL", "", "", "Where people report abuse", Everywhere),
    setting("LINK_CACHE_SECONDS", "5", "seconds", "Time for which a link is cached, 0 to 60", Everywhere),
    setting("LOG_LEVEL", "info", "", "Lowest severity that is logged: error, warn, info or debug", Everywhere),
    setting("TABLE_NAME", "", "", "DynamoDB table", Lambda),
    setting("ALLOWED_ORIGINS", "*", "", "Web origins that may call the API, separated by commas", Everywhere),
    setting("LOG_FORMAT", "auto", "", "json, text, or auto: text on a terminal, otherwise json", LocalServer),
    setting("PORT", "", "", "Port to listen on, at every address, if --listen is not given", LocalServer),
];

/// The one setting whose value is a secret.
const EDGE_KEY: &str = "EDGE_KEY";

impl Setting {
    /// Whether nobody may see the value.
    pub fn is_secret(&self) -> bool {
        self.variable == EDGE_KEY
    }
}
