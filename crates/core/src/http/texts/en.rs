//! English.

use super::{
    Chart, Created, Credentials, CredentialsScript, Form, FormScript, Frame, MyLinks, MyLinksScript, Preview, Words,
};
use crate::domain::code::{CodeError, MAX_LENGTH, MIN_LENGTH};
use crate::domain::expiry::ExpiryError;
use crate::domain::host_rules::HostRuleError;
use crate::domain::invisible;
use crate::domain::target::{MAX_BYTES, TargetError};
use crate::http::language::Language;
use crate::http::reason::Reason;

pub(super) static WORDS: Words = Words {
    months: [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    date: |day, month, year| format!("{day} {month} {year}"),
    units: [("year", "years"), ("day", "days"), ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")],
    within: |duration| format!("in {duration}"),
    ago: |duration| format!("{duration} ago"),
    thousands_separator: ',',
};

pub(super) static FRAME: Frame = Frame {
    api: "API",
    about: |name| format!("About {name}"),
    make: "Shorten a link",
    qr_code: "QR code",
    qr_code_of: |url| format!("QR code of {url}"),
    qr_code_lead: |svg, png| format!("For posters, slides and screens. Save it as {svg} or {png}."),
    copy: "Copy",
    copied: "Copied",
};

pub(super) static PREVIEW: Preview = Preview {
    title: |code| format!("Where /{code} leads"),
    heading: "This short link leads to",
    go_to: |host| format!("Go to {host}"),
    short_link: "Short link",
    created: "Created",
    expires: "Expires",
    visits: "Visits",
    last_visit: "Last visit",
    never: "Never",
    none_yet: "No visits yet",
    report: "Report this link",
    host: |unicode, ascii| format!("The host is {unicode} (in ASCII: {ascii})."),
    look_alike: |unicode, ascii, other| {
        let instead = other.map(|other| format!(" It is not {other}.")).unwrap_or_default();
        format!("Careful: some letters in {unicode} look like other letters.{instead} In ASCII it is {ascii}.")
    },
};

pub(super) static CHART: Chart = Chart {
    heading: "Visits by day",
    visits: |count, is_one| format!("{count} {}", if is_one { "visit" } else { "visits" }),
    total: |visits, days, most| match most {
        Some(most) => format!("{visits} in the last {days} days, up to {most} on one day."),
        None => format!("{visits} in the last {days} days."),
    },
    none: |days| format!("No visits in the last {days} days."),
    bots: |count, is_one| format!("Plus {count} {} by bots, not counted.", if is_one { "visit" } else { "visits" }),
    summary: |first, last, busiest, visits| {
        format!("One bar for each day from {first} to {last}. The busiest day was {busiest}, with {visits}.")
    },
    table: "Show as table",
    columns: ["Day (UTC)", "Visits", "Bots"],
};

pub(super) static FORM: Form = Form {
    heading: "Shorten a link",
    lead: "Paste a link and get a short one with a QR code. No account needed.",
    lead_with_credentials: "Paste a link and get a short one with a QR code.",
    url: "Web address",
    shorten: "Shorten",
    alias: "Custom ending",
    optional: "(optional)",
    alias_hint: |min, max| {
        format!("{min} to {max} letters (A–Z), digits, hyphens or underscores; letters or digits at both ends")
    },
    expires: "Expires",
    never: "never",
    the_expiry: "The expiry",
    use_instead: "Use instead:",
    try_instead: |aliases| format!("Try {}.", aliases.join(" or ")),
    my_links: "My links",
    elsewhere: "Shorten from anywhere",
    elsewhere_lead: |bookmark| {
        format!(
            "On a computer, drag {bookmark} to the bookmarks bar: it shortens the page that you are on. Your browser can also \
             add this site to its search engines, and an Android phone can install it as an app, which then appears in the \
             share menu."
        )
    },
    closed: "Signing in is required",
    closed_lead: "This service creates links for people who have an access token. Ask its operator for one. The \
                  <a href=\"./docs\">description of the API</a> says how to use it.",
    script: FormScript {
        shortening: "Shortening…",
        ready: "Your short link is ready.",
        unreachable: "The service cannot be reached. Check your connection, and try again.",
        busy: "The service is busy. Try again in a moment.",
        too_many: "The service gets too many requests. Try again in a minute.",
        first_taken: "The first web address in the pasted text was used.",
        taken: "{} is already taken.",
        free: "{} is available.",
        copied: "Copied.",
        on_date: "on a date…",
        date: "Date and time",
        undone: "The link was withdrawn.",
        not_undone: "The link could not be withdrawn. Try again in a moment.",
    },
};

pub(super) static CREATED: Created = Created {
    heading: "Your link is ready",
    existed: "This link already exists",
    leads_to: |target| format!("It leads to {target}"),
    expires: |within, instant| format!("and expires {within}, on {instant}."),
    never_expires: "and never expires.",
    short_link: "Short link",
    share: "Share",
    undo: "Withdraw",
    preview: "Preview",
    another: "Shorten another",
    manage: "Change or withdraw this link later",
    manage_lead: "You need this management token. Save it now: it won’t be shown again. Anyone who has it can change or \
                  withdraw the link.",
    example: "For example, in a shell:",
};

pub(super) static CREDENTIALS: Credentials = Credentials {
    api_key: "API key",
    api_key_hint: "The operator of this service gives you one. This page forgets it when you leave or reload it.",
    api_key_needs_script: "This page cannot send your API key without JavaScript. Turn on JavaScript, or use the \
                           <a href=\"./docs\">API</a>.",
    account: "This requires an account.",
    sign_in: "Sign in",
    sign_in_needs_script: "This page cannot sign you in without JavaScript. Turn on JavaScript, or send an access token \
                           with the <a href=\"./docs\">API</a>.",
    script: CredentialsScript {
        wrong_key: "This API key is not valid. Check it for typos.",
        no_key: "Enter your API key.",
        weak_key: "This API key does not allow you to create links. Use another key.",
        failed: "Signing in failed. Try again; if it fails again, tell the operator.",
        needs_https: "Signing in needs an encrypted connection. Open this page with https://.",
        needs_storage: "Signing in needs the storage of this browser. Allow this site to store data, and try again.",
        not_started: "This sign-in was not started on this page, or has already ended. Sign in again.",
        cancelled: "You cancelled the sign-in, or you are not allowed to sign in here.",
        attempt_expired: "This sign-in has expired. Sign in again.",
        unreachable: "The sign-in service cannot be reached. Try again in a moment.",
        expired: "Your sign-in has expired. Sign in again.",
        not_allowed: "Your account may not create links. Ask the operator of this service.",
    },
};

pub(super) static MY_LINKS: MyLinks = MyLinks {
    heading: "My links",
    of_browser: "The links that you created in this browser. The list is stored only in this browser.",
    of_key: "The links that belong to your API key.",
    of_account: "The links that belong to your account.",
    closed: "The links that you create belong to your account. The <a href=\"./docs#listLinks\">API</a> lists them.",
    needs_script: "This page needs JavaScript. You can change a link without it: send its management token with the \
                   <a href=\"./docs\">API</a>.",
    search: "Search",
    show_more: "Show more",
    show: "Show my links",
    save_file: "Save the list as a file",
    add_file: "Add a list from a file",
    file_hint: "The file contains the management tokens: whoever has it can change the links.",
    script: MyLinksScript {
        heading: "My links",
        cannot_store: "This browser cannot store the list.",
        unreachable: "The service cannot be reached. Check your connection, and try again.",
        busy: "The service is busy. Try again in a moment.",
        url: "The web address",
        the_expiry: "The expiry",
        changed_meanwhile: "Somebody else has changed {} in the meantime. Try again.",
        no_link: "{} does not exist any more, or it has another token.",
        changed: "Changed. All visitors will see it by {}.",
        copied_text: "Copied {}",
        made: "Created {}.",
        withdrawn: "Withdrawn.",
        never_expires: "Never expires.",
        expired: "Expired {}.",
        expires: "Expires {}.",
        qr_code: "QR code",
        copy: "Copy",
        copied: "Copied",
        visits: "Visits",
        edit: "Edit",
        restore: "Restore",
        withdraw: "Withdraw",
        forget: "Remove from list",
        forget_question: "Remove the link from this list? It will keep working, but you will no longer be able to change it.",
        as_it_is: "unchanged",
        never: "never",
        on_date: "on a date…",
        date: "Date and time",
        leads_to: "Leads to",
        expiry: "Expires",
        save: "Save",
        cancel: "Cancel",
        no_links: "No links yet. A link that you create appears in this list.",
        latest: "the latest {}",
        links: ["link", "links"],
        found: "{} of {}",
        visits_of: "Visits to {}",
        all: "All my links",
        last_visit: "since the link was created. The last one was on {}.",
        no_visits: "No visits yet. Share the link or its QR code, and come back.",
        save_csv: "Save as CSV",
        the_last: "The last",
        days: ["day", "days"],
        no_visits_in: "No visits in the last {}. Choose a longer period.",
        visit: ["visit", "visits"],
        bot: ["bot visit", "bot visits"],
        bots_came: ["{}. Plus {} bot visit, not counted.", "{}. Plus {} bot visits, not counted."],
        bots: "Bots",
        day: "Day",
        day_utc: "Day (UTC)",
        table: "Show as table",
        sites: "Referring sites",
        countries: "Countries",
        devices: "Devices",
        device: ["Phone", "Tablet", "Desktop"],
        other: "Other",
        months: "{} to {}",
        not_in_list: "This link is not in the list of this browser.",
        added: ["link was added.", "links were added."],
        no_list: "This file does not contain a list of links.",
    },
};

/// See [`texts::reason`](super::reason).
pub(super) fn reason(reason: &Reason) -> Option<String> {
    let words = super::words(Language::English);
    Some(match reason {
        Reason::NoTarget | Reason::Target(TargetError::Empty) => "Paste a link first.".to_owned(),
        Reason::Target(error) => match error {
            TargetError::Empty | TargetError::Relative | TargetError::Syntax(_) => {
                "That doesn’t look like a web address. Try something like example.com/page.".to_owned()
            }
            TargetError::TooLong => {
                format!("This web address is longer than {} characters.", words.number(MAX_BYTES as u64))
            }
            TargetError::ControlCharacter { .. } => {
                "This web address contains a line break, a tab or another control character. Remove it.".to_owned()
            }
            TargetError::InvisibleCharacter { character } => {
                format!("This web address contains an invisible character, {}. Remove it.", invisible::name(*character))
            }
            TargetError::Scheme { .. } => "Only web links (http or https) can be shortened.".to_owned(),
            TargetError::Credentials => {
                "Remove the user name and password before the @: anyone with the short link would see them.".to_owned()
            }
            TargetError::LocalName { host } => {
                format!("“{host}” works only on your own network, so the link wouldn’t work for others.")
            }
            TargetError::ReservedName { host } => format!("“{host}” is a reserved name that has no public address."),
            TargetError::SpecialAddress { address } => {
                format!("{address} is a private address that other people can’t reach.")
            }
            TargetError::OwnHost => {
                "This address already belongs to this service. Paste the address that the short link should lead to."
                    .to_owned()
            }
        },
        Reason::Host(HostRuleError::Blocked { host }) => {
            format!("The operator of this service doesn’t allow links to {host}.")
        }
        Reason::Host(HostRuleError::NotAllowed { host, allowed }) => {
            format!("Links may not lead to {host}. They may lead only to {allowed}.")
        }
        Reason::Alias { error, text, .. } => match error {
            CodeError::Length { length } => {
                format!("Use {MIN_LENGTH} to {MAX_LENGTH} characters; “{text}” has {length}.")
            }
            CodeError::Character { character } if character.is_whitespace() => "Spaces aren’t allowed.".to_owned(),
            CodeError::Character { character } => {
                format!("“{character}” isn’t allowed. Use the letters A to Z, digits, - and _.")
            }
            CodeError::Ends => "It must begin and end with a letter or a digit.".to_owned(),
            CodeError::Reserved => format!("“{text}” is reserved. Please pick another."),
        },
        Reason::AliasTaken { alias, .. } => format!("“{alias}” is taken. Please pick another."),
        Reason::Expiry(ExpiryError::OutOfBounds { min, max, .. }) => {
            format!("Choose an expiry between {} and {} from now.", words.duration(*min), words.duration(*max))
        }
        Reason::Expiry(ExpiryError::Past { .. }) => "That time is in the past. Choose a later one.".to_owned(),
        Reason::Expiry(ExpiryError::NeverNotAllowed) => {
            "This service doesn’t allow links that never expire.".to_owned()
        }
        Reason::UnknownLink { segment: Some(segment) } => {
            format!("There is no link at /{segment}. Check for typos: upper and lower case matter.")
        }
        Reason::UnknownLink { segment: None } => {
            "There is no link at this address. Check for typos: upper and lower case matter.".to_owned()
        }
        Reason::Expired { at: Some(at), now } => format!(
            "It expired {}, on {}. Ask the person who sent it to you for a new one.",
            words.ago(now.since(*at)),
            words.instant(*at)
        ),
        Reason::Withdrawn => {
            "Whoever made this link has withdrawn it. Ask the person who sent it to you for a new one.".to_owned()
        }
        Reason::Blocked { contact: None } => {
            "The operator of this service has blocked this link because it was abused.".to_owned()
        }
        Reason::Blocked { contact: Some(contact) } => format!(
            "The operator of this service has blocked this link because it was abused. If you think that this is a \
             mistake, contact {contact}."
        ),
        Reason::Busy => "The service is busy. Try again in a moment.".to_owned(),
        Reason::OperatorRequired => {
            "The service has a fault that its operator must repair. Try again later.".to_owned()
        }
        Reason::Text(_) | Reason::Expired { at: None, .. } | Reason::Internal => return None,
    })
}
