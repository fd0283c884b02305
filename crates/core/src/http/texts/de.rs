//! German.

use super::{
    Chart, Created, Credentials, CredentialsScript, Form, FormScript, Frame, MyLinks, MyLinksScript, Preview, Words,
};
use crate::domain::code::{CodeError, MAX_LENGTH, MIN_LENGTH};
use crate::domain::expiry::ExpiryError;
use crate::domain::host_rules::HostRuleError;
use crate::domain::target::{MAX_BYTES, TargetError};
use crate::http::language::Language;
use crate::http::problem::ProblemKind;
use crate::http::reason::Reason;

pub(super) static WORDS: Words = Words {
    months: [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
    date: |day, month, year| format!("{day}. {month} {year}"),
    units: [
        ("Jahr", "Jahren"),
        ("Tag", "Tagen"),
        ("Stunde", "Stunden"),
        ("Minute", "Minuten"),
        ("Sekunde", "Sekunden"),
    ],
    within: |duration| format!("in {duration}"),
    ago: |duration| format!("vor {duration}"),
    thousands_separator: '.',
};

pub(super) static FRAME: Frame = Frame {
    api: "API",
    about: |name| format!("Über {name}"),
    make: "Link kürzen",
    qr_code: "QR-Code",
    qr_code_of: |url| format!("QR-Code von {url}"),
    qr_code_lead: |svg, png| format!("Für Plakate, Folien und Bildschirme. Speichern Sie ihn als {svg} oder {png}."),
    copy: "Kopieren",
    copied: "Kopiert",
};

pub(super) static PREVIEW: Preview = Preview {
    title: |code| format!("Wohin /{code} führt"),
    heading: "Dieser Kurzlink führt zu",
    go_to: |host| format!("Weiter zu {host}"),
    short_link: "Kurzlink",
    created: "Erstellt",
    expires: "Läuft ab",
    visits: "Aufrufe",
    last_visit: "Letzter Aufruf",
    never: "Nie",
    none_yet: "Noch keine Aufrufe",
    report: "Diesen Link melden",
    host: |unicode, ascii| format!("Der Host ist {unicode} (in ASCII: {ascii})."),
    look_alike: |unicode, ascii, other| {
        let instead = other.map(|other| format!(" Das ist nicht {other}.")).unwrap_or_default();
        format!(
            "Vorsicht: Einige Buchstaben in {unicode} sehen anderen zum Verwechseln ähnlich.{instead} In ASCII: {ascii}."
        )
    },
};

pub(super) static CHART: Chart = Chart {
    heading: "Aufrufe nach Tagen",
    visits: |count, is_one| format!("{count} {}", if is_one { "Aufruf" } else { "Aufrufe" }),
    total: |visits, days, most| match most {
        Some(most) => format!("{visits} in den letzten {days} Tagen, an einem Tag bis zu {most}."),
        None => format!("{visits} in den letzten {days} Tagen."),
    },
    none: |days| format!("Keine Aufrufe in den letzten {days} Tagen."),
    bots: |count, is_one| {
        format!("Dazu {count} {} durch Bots, nicht mitgezählt.", if is_one { "Aufruf" } else { "Aufrufe" })
    },
    summary: |first, last, busiest, visits| {
        format!("Ein Balken pro Tag vom {first} bis zum {last}. Der stärkste Tag war der {busiest}: {visits}.")
    },
    table: "Als Tabelle zeigen",
    columns: ["Tag (UTC)", "Aufrufe", "Bots"],
};

pub(super) static FORM: Form = Form {
    heading: "Link kürzen",
    lead: "Fügen Sie einen Link ein, und Sie bekommen einen kurzen mit QR-Code. Ganz ohne Konto.",
    lead_with_credentials: "Fügen Sie einen Link ein, und Sie bekommen einen kurzen mit QR-Code.",
    url: "Webadresse",
    shorten: "Kürzen",
    alias: "Eigene Endung",
    optional: "(optional)",
    alias_hint: |min, max| {
        format!(
            "{min} bis {max} Buchstaben (A–Z), Ziffern, Binde- oder Unterstriche; am Anfang und Ende Buchstabe oder Ziffer"
        )
    },
    expires: "Läuft ab",
    never: "nie",
    the_expiry: "Das Ablaufdatum",
    use_instead: "Stattdessen:",
    try_instead: |aliases| format!("Wie wäre es mit {}?", aliases.join(" oder ")),
    my_links: "Meine Links",
    elsewhere: "Von überall kürzen",
    elsewhere_lead: |bookmark| {
        format!(
            "Ziehen Sie {bookmark} am Computer in die Lesezeichenleiste: Das Lesezeichen kürzt die Seite, auf der Sie gerade sind. Ihr \
             Browser kann diese Seite auch als Suchmaschine aufnehmen, und ein Android-Smartphone kann sie als App \
             installieren, die dann im Teilen-Menü erscheint."
        )
    },
    closed: "Anmeldung erforderlich",
    closed_lead: "Dieser Dienst erstellt Links für Personen mit einem Zugriffstoken. Den Token bekommen Sie vom Betreiber. \
                  Die <a href=\"./docs\">Beschreibung der API</a> (englisch) sagt, wie man ihn benutzt.",
    script: FormScript {
        shortening: "Wird gekürzt …",
        ready: "Ihr Kurzlink ist fertig.",
        unreachable: "Der Dienst ist nicht erreichbar. Prüfen Sie Ihre Verbindung, und versuchen Sie es noch einmal.",
        busy: "Der Dienst ist ausgelastet. Versuchen Sie es gleich noch einmal.",
        too_many: "Der Dienst bekommt zu viele Anfragen. Versuchen Sie es in einer Minute noch einmal.",
        first_taken: "Aus dem eingefügten Text wurde die erste Webadresse übernommen.",
        taken: "{} ist schon vergeben.",
        free: "{} ist noch frei.",
        copied: "Kopiert.",
        on_date: "an einem bestimmten Tag …",
        date: "Datum und Uhrzeit",
        undone: "Der Link wurde zurückgezogen.",
        not_undone: "Der Link konnte nicht zurückgezogen werden. Versuchen Sie es gleich noch einmal.",
    },
};

pub(super) static CREATED: Created = Created {
    heading: "Ihr Link ist fertig",
    existed: "Diesen Link gibt es schon",
    leads_to: |target| format!("Er führt zu {target}"),
    expires: |within, instant| format!("und läuft {within} ab, am {instant}."),
    never_expires: "und läuft nie ab.",
    short_link: "Kurzlink",
    share: "Teilen",
    undo: "Zurückziehen",
    preview: "Vorschau",
    another: "Noch einen kürzen",
    manage: "Diesen Link später ändern oder zurückziehen",
    manage_lead: "Dazu brauchen Sie diesen Verwaltungstoken. Speichern Sie ihn jetzt: Er wird nicht noch einmal gezeigt. Wer \
                  ihn hat, kann den Link ändern oder zurückziehen.",
    example: "Zum Beispiel in einer Shell:",
};

pub(super) static CREDENTIALS: Credentials = Credentials {
    api_key: "API-Schlüssel",
    api_key_hint: "Sie bekommen ihn vom Betreiber dieses Dienstes. Diese Seite vergisst ihn, wenn Sie sie verlassen oder neu \
                   laden.",
    api_key_needs_script: "Ohne JavaScript kann diese Seite Ihren API-Schlüssel nicht senden. Schalten Sie JavaScript ein, \
                           oder verwenden Sie die <a href=\"./docs\">API</a>.",
    account: "Dazu ist ein Konto nötig.",
    sign_in: "Anmelden",
    sign_in_needs_script: "Ohne JavaScript kann diese Seite Sie nicht anmelden. Schalten Sie JavaScript ein, oder senden Sie \
                           einen Zugriffstoken mit der <a href=\"./docs\">API</a>.",
    script: CredentialsScript {
        wrong_key: "Dieser API-Schlüssel ist nicht gültig. Prüfen Sie ihn auf Tippfehler.",
        no_key: "Geben Sie Ihren API-Schlüssel ein.",
        weak_key: "Mit diesem API-Schlüssel dürfen Sie keine Links erstellen. Nehmen Sie einen anderen.",
        failed: "Die Anmeldung ist gescheitert. Versuchen Sie es noch einmal; wenn es wieder scheitert, informieren Sie den Betreiber.",
        needs_https: "Die Anmeldung braucht eine verschlüsselte Verbindung. Öffnen Sie diese Seite mit https://.",
        needs_storage: "Zum Anmelden muss diese Seite Daten im Browser speichern können. Erlauben Sie das, und versuchen Sie es noch einmal.",
        not_started: "Diese Anmeldung wurde nicht auf dieser Seite begonnen oder ist schon beendet. Melden Sie sich neu an.",
        cancelled: "Sie haben die Anmeldung abgebrochen oder dürfen sich hier nicht anmelden.",
        attempt_expired: "Diese Anmeldung ist abgelaufen. Melden Sie sich neu an.",
        unreachable: "Der Anmeldedienst ist nicht erreichbar. Versuchen Sie es gleich noch einmal.",
        expired: "Ihre Anmeldung ist abgelaufen. Melden Sie sich neu an.",
        not_allowed: "Mit Ihrem Konto dürfen Sie keine Links erstellen. Fragen Sie den Betreiber dieses Dienstes.",
    },
};

pub(super) static MY_LINKS: MyLinks = MyLinks {
    heading: "Meine Links",
    of_browser: "Die Links, die mit diesem Browser erstellt wurden. Die Liste liegt nur in diesem Browser.",
    of_key: "Die Links, die zu Ihrem API-Schlüssel gehören.",
    of_account: "Die Links, die zu Ihrem Konto gehören.",
    closed: "Die Links, die Sie erstellen, gehören zu Ihrem Konto. Die <a href=\"./docs#listLinks\">API</a> listet sie auf.",
    needs_script: "Diese Seite braucht JavaScript. Einen Link können Sie auch ohne JavaScript ändern: Senden Sie seinen Verwaltungstoken \
                   mit der <a href=\"./docs\">API</a>.",
    search: "Suche",
    show_more: "Mehr zeigen",
    show: "Meine Links zeigen",
    save_file: "Liste als Datei speichern",
    add_file: "Liste aus Datei hinzufügen",
    file_hint: "Die Datei enthält die Verwaltungstoken: Wer sie hat, kann die Links ändern.",
    script: MyLinksScript {
        heading: "Meine Links",
        cannot_store: "Dieser Browser kann die Liste nicht speichern.",
        unreachable: "Der Dienst ist nicht erreichbar. Prüfen Sie Ihre Verbindung, und versuchen Sie es noch einmal.",
        busy: "Der Dienst ist ausgelastet. Versuchen Sie es gleich noch einmal.",
        url: "Die Webadresse",
        the_expiry: "Das Ablaufdatum",
        changed_meanwhile: "{} wurde inzwischen von jemand anderem geändert. Versuchen Sie es noch einmal.",
        no_link: "{} gibt es nicht mehr, oder der Token ist ein anderer.",
        changed: "Geändert. Spätestens um {} sehen es alle Besucher.",
        copied_text: "{} kopiert",
        made: "Erstellt am {}.",
        withdrawn: "Zurückgezogen.",
        never_expires: "Läuft nie ab.",
        expired: "Abgelaufen am {}.",
        expires: "Läuft ab am {}.",
        qr_code: "QR-Code",
        copy: "Kopieren",
        copied: "Kopiert",
        visits: "Aufrufe",
        edit: "Ändern",
        restore: "Wiederherstellen",
        withdraw: "Zurückziehen",
        forget: "Aus Liste entfernen",
        forget_question: "Den Link aus dieser Liste entfernen? Er funktioniert weiter, aber Sie können ihn dann nicht mehr ändern.",
        as_it_is: "wie bisher",
        never: "nie",
        on_date: "an einem bestimmten Tag …",
        date: "Datum und Uhrzeit",
        leads_to: "Führt zu",
        expiry: "Läuft ab",
        save: "Speichern",
        cancel: "Abbrechen",
        no_links: "Noch keine Links. Ein Link, den Sie erstellen, erscheint in dieser Liste.",
        latest: "die neuesten {}",
        links: ["Link", "Links"],
        found: "{} von {}",
        visits_of: "Aufrufe von {}",
        all: "Alle meine Links",
        last_visit: "seit der Link erstellt wurde. Zuletzt am {}.",
        no_visits: "Noch keine Aufrufe. Teilen Sie den Link oder seinen QR-Code, und kommen Sie wieder.",
        save_csv: "Als CSV speichern",
        the_last: "Die letzten",
        days: ["Tag", "Tage"],
        no_visits_in: "Keine Aufrufe in diesem Zeitraum ({}). Wählen Sie einen längeren.",
        visit: ["Aufruf", "Aufrufe"],
        bot: ["Bot-Aufruf", "Bot-Aufrufe"],
        bots_came: [
            "{}. Dazu {} Aufruf durch Bots, nicht mitgezählt.",
            "{}. Dazu {} Aufrufe durch Bots, nicht mitgezählt.",
        ],
        bots: "Bots",
        day: "Tag",
        day_utc: "Tag (UTC)",
        table: "Als Tabelle zeigen",
        sites: "Verweisende Websites",
        countries: "Länder",
        devices: "Geräte",
        device: ["Smartphone", "Tablet", "Computer"],
        other: "Andere",
        months: "{} bis {}",
        not_in_list: "Dieser Link ist nicht in der Liste dieses Browsers.",
        added: ["Link wurde hinzugefügt.", "Links wurden hinzugefügt."],
        no_list: "Diese Datei enthält keine Linkliste.",
    },
};

/// See [`texts::problem_title`](super::problem_title).
pub(super) fn problem_title(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::InvalidUrl => "Diese Adresse lässt sich nicht kürzen",
        ProblemKind::InvalidAlias => "Diese Endung ist nicht möglich",
        ProblemKind::InvalidExpiry => "Dieses Ablaufdatum ist nicht möglich",
        ProblemKind::Unauthorized => "Zugangsdaten fehlen oder sind falsch",
        ProblemKind::Forbidden => "Diese Zugangsdaten erlauben das nicht",
        ProblemKind::HostBlocked => "Dieser Host ist gesperrt",
        ProblemKind::HostNotAllowed => "Links zu diesem Host sind nicht erlaubt",
        ProblemKind::NotFound => "Link nicht gefunden",
        ProblemKind::AliasTaken => "Diese Endung ist vergeben",
        ProblemKind::Gone => "Dieser Link ist abgelaufen",
        ProblemKind::Withdrawn => "Dieser Link wurde zurückgezogen",
        ProblemKind::Blocked => "Dieser Link wurde gesperrt",
        ProblemKind::LimitReached => "Heute wurden zu viele Links erstellt",
        ProblemKind::Internal => "Etwas ist schiefgegangen",
        ProblemKind::Unavailable => "Vorübergehend nicht verfügbar",
        other => other.title(),
    }
}

/// See [`texts::reason`](super::reason).
pub(super) fn reason(reason: &Reason) -> Option<String> {
    let words = super::words(Language::German);
    Some(match reason {
        Reason::NoTarget | Reason::Target(TargetError::Empty) => "Fügen Sie zuerst einen Link ein.".to_owned(),
        Reason::Target(error) => match error {
            TargetError::Empty | TargetError::Relative | TargetError::Syntax(_) => {
                "Das sieht nicht nach einer Webadresse aus. Eine wäre zum Beispiel example.com/seite.".to_owned()
            }
            TargetError::TooLong => {
                format!("Diese Webadresse ist länger als {} Zeichen.", words.number(MAX_BYTES as u64))
            }
            TargetError::ControlCharacter { .. } => {
                "Diese Webadresse enthält einen Zeilenumbruch, Tabulator oder ein anderes Steuerzeichen. Entfernen Sie es."
                    .to_owned()
            }
            TargetError::InvisibleCharacter { character } => format!(
                "Diese Webadresse enthält ein unsichtbares Zeichen, U+{:04X}. Entfernen Sie es.",
                u32::from(*character)
            ),
            TargetError::Scheme { .. } => "Nur Weblinks (http oder https) lassen sich kürzen.".to_owned(),
            TargetError::Credentials => {
                "Entfernen Sie Benutzername und Passwort vor dem @: Jeder mit dem Kurzlink würde sie sehen.".to_owned()
            }
            TargetError::LocalName { host } => {
                format!("„{host}“ gibt es nur in Ihrem eigenen Netz; für andere würde der Link nicht funktionieren.")
            }
            TargetError::ReservedName { host } => {
                format!("„{host}“ ist ein reservierter Name ohne öffentliche Adresse.")
            }
            TargetError::SpecialAddress { address } => {
                format!("{address} ist eine private Adresse, die andere nicht erreichen.")
            }
            TargetError::OwnHost => {
                "Diese Adresse gehört schon zu diesem Dienst. Fügen Sie die Adresse ein, zu der der Kurzlink führen soll.".to_owned()
            }
        },
        Reason::Host(HostRuleError::Blocked { host }) => {
            format!("Der Betreiber dieses Dienstes erlaubt keine Links zu {host}.")
        }
        Reason::Host(HostRuleError::NotAllowed { host, allowed }) => {
            format!("Links dürfen nicht zu {host} führen, sondern nur zu diesen Hosts: {allowed}.")
        }
        Reason::Alias { error, text, .. } => match error {
            CodeError::Length { length } => {
                format!("Nehmen Sie {MIN_LENGTH} bis {MAX_LENGTH} Zeichen; „{text}“ hat {length}.")
            }
            CodeError::Character { character } if character.is_whitespace() => {
                "Leerzeichen sind nicht erlaubt.".to_owned()
            }
            CodeError::Character { character } => {
                format!("„{character}“ ist nicht erlaubt. Nehmen Sie die Buchstaben A bis Z, Ziffern, - und _.")
            }
            CodeError::Ends => "Am Anfang und am Ende muss ein Buchstabe oder eine Ziffer stehen.".to_owned(),
            CodeError::Reserved => format!("„{text}“ ist reserviert. Bitte wählen Sie etwas anderes."),
        },
        Reason::AliasTaken { alias, .. } => format!("„{alias}“ ist vergeben. Bitte wählen Sie etwas anderes."),
        Reason::Expiry(ExpiryError::OutOfBounds { min, max, .. }) => format!(
            "Wählen Sie ein Ablaufdatum, das zwischen {} und {} in der Zukunft liegt.",
            words.duration(*min),
            words.duration(*max)
        ),
        Reason::Expiry(ExpiryError::Past { .. }) => {
            "Dieser Zeitpunkt liegt in der Vergangenheit. Wählen Sie einen späteren.".to_owned()
        }
        Reason::Expiry(ExpiryError::NeverNotAllowed) => {
            "Dieser Dienst erlaubt keine Links, die nie ablaufen.".to_owned()
        }
        Reason::UnknownLink { segment: Some(segment) } => format!(
            "Unter /{segment} gibt es keinen Link. Prüfen Sie die Adresse auf Tippfehler: Groß- und Kleinschreibung wird \
             unterschieden."
        ),
        Reason::UnknownLink { segment: None } => {
            "Unter dieser Adresse gibt es keinen Link. Prüfen Sie sie auf Tippfehler: Groß- und Kleinschreibung wird unterschieden."
                .to_owned()
        }
        Reason::Expired { at: Some(at), now } => format!(
            "Er ist {} abgelaufen, am {}. Bitten Sie die Person, von der Sie ihn haben, um einen neuen.",
            words.ago(now.since(*at)),
            words.instant(*at)
        ),
        Reason::Withdrawn => "Wer diesen Link erstellt hat, hat ihn zurückgezogen. Bitten Sie die Person, von der Sie ihn \
                              haben, um einen neuen."
            .to_owned(),
        Reason::Blocked { contact: None } => {
            "Der Betreiber dieses Dienstes hat diesen Link gesperrt, weil er missbraucht wurde.".to_owned()
        }
        Reason::Blocked { contact: Some(contact) } => format!(
            "Der Betreiber dieses Dienstes hat diesen Link gesperrt, weil er missbraucht wurde. Wenn Sie das für einen Irrtum \
             halten, wenden Sie sich an {contact}."
        ),
        Reason::Busy => "Der Dienst ist ausgelastet. Versuchen Sie es gleich noch einmal.".to_owned(),
        Reason::OperatorRequired => {
            "Der Dienst hat eine Störung, die sein Betreiber beheben muss. Versuchen Sie es später noch einmal.".to_owned()
        }
        Reason::Text(_) | Reason::Expired { at: None, .. } | Reason::Internal => return None,
    })
}
