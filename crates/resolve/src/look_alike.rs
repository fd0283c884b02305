//! Hosts that look like others: an international name whose letters people take for those of another name.
//!
//! Two of the tests of Unicode Technical Standard 39 are made, for each label of the name: whether its letters are of
//! several scripts, and whether all of them look like letters of the Latin alphabet, as in `xn--80ak6aa92e.com`. The
//! second one has a table of its own with the scripts of Europe. That of `unicode-security` has all scripts, and would
//! make the function 5 % larger and slower to start.

use unicode_security::mixed_script::AugmentedScriptSet;

/// Letters of the Latin, Greek, Cyrillic and Armenian scripts, each followed by the letter or digit that it looks like.
const LOOK_ALIKES: &str = "\
    þpȣ8ıiƍgƒfƽsƿpȷjɑaɡgɣyɩiɪiɯwʄfʋuʏyαaγyιiνvοoρpσoυuϭoϳjϸpаaб6гrеe\
    оoрpсcуyхxшwѕsіiјjѡwѵvүyһhҽeӏlԁdԛqԝwաwգqզqհhյjոnռnսuցgւiքfօo\
";

/// An international host, as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InternationalHost {
    /// The host in Unicode.
    pub(crate) unicode: String,
    /// Whether it looks like another host.
    pub(crate) is_look_alike: bool,
    /// The host in ASCII that it looks like, if there is one.
    pub(crate) looks_like: Option<String>,
}

impl InternationalHost {
    /// Reads a host in ASCII, without a port. Returns `None` if it is the same in Unicode.
    pub(crate) fn of(host: &str) -> Option<Self> {
        let (unicode, validity) = idna::domain_to_unicode(host);
        if validity.is_err() || unicode.is_ascii() {
            return None;
        }
        let imitated: Vec<_> = unicode.split('.').map(imitated).collect();
        let is_mixed = unicode.split('.').any(has_several_scripts);
        // In a country whose domain is not Latin, nobody takes the name for a Latin one.
        let is_below_latin = unicode.rsplit('.').next().is_some_and(str::is_ascii);
        let is_imitation = is_below_latin
            && imitated.iter().zip(unicode.split('.')).any(|(imitated, label)| imitated.is_some() && !label.is_ascii());
        let looks_like = imitated.into_iter().collect::<Option<Vec<_>>>().map(|labels| labels.join("."));
        let is_look_alike = is_mixed || is_imitation;
        Some(Self { unicode, is_look_alike, looks_like: looks_like.filter(|_| is_look_alike) })
    }
}

/// The label in ASCII that a label looks like, if all of its letters do.
fn imitated(label: &str) -> Option<String> {
    let imitated = |letter: char| {
        let mut letters = LOOK_ALIKES.chars().skip_while(|other| letter.is_ascii() || *other != letter);
        if letter.is_ascii() { Some(letter) } else { letters.nth(1) }
    };
    label.chars().map(imitated).collect()
}

/// Whether a label has letters of several scripts. Chinese, Japanese and Korean names may contain Latin letters (the level
/// "highly restrictive" of the standard).
fn has_several_scripts(label: &str) -> bool {
    if !AugmentedScriptSet::for_str(label).is_empty() {
        return false;
    }
    let rest: String = label.chars().filter(|letter| !letter.is_ascii()).collect();
    let scripts = AugmentedScriptSet::for_str(&rest);
    !(scripts.hanb || scripts.jpan || scripts.kore)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(unicode: &str) -> Option<(bool, Option<String>)> {
        let host = idna::domain_to_ascii(unicode).unwrap_or_else(|_| panic!("{unicode}"));
        InternationalHost::of(&host).map(|host| {
            assert_eq!(host.unicode, unicode);
            (host.is_look_alike, host.looks_like)
        })
    }

    #[test]
    fn imitations_are_look_alikes() {
        for (host, imitated) in [
            ("аррӏе.com", "apple.com"),
            ("www.аррӏе.com", "www.apple.com"),
            ("раураӏ.example", "paypal.example"),
            ("gооgle.com", "google.com"),
            ("ехаmрӏе.co.uk", "example.co.uk"),
            ("paypaı.com", "paypai.com"),
            ("ոο.com", "no.com"),
        ] {
            assert_eq!(of(host), Some((true, Some(imitated.to_owned()))), "{host}");
        }
    }

    #[test]
    fn mixtures_of_scripts_are_look_alikes() {
        for host in ["bаnk-süd.example", "приветworld.example", "αбв.example"] {
            assert_eq!(of(host).map(|(is_look_alike, _)| is_look_alike), Some(true), "{host}");
        }
    }

    #[test]
    fn names_of_one_language_are_no_look_alikes() {
        for host in [
            "bücher.example",
            "café.fr",
            "łódź.pl",
            "пример.example",
            "пример.рф",
            "хор.рф",
            "παράδειγμα.gr",
            "日本語tokyo.jp",
            "東京タワー.jp",
            "한국어abc.kr",
            "例え.テスト",
            "עברית.example",
            "مثال.example",
            "ไทย.example",
            "straße.de",
        ] {
            assert_eq!(of(host), Some((false, None)), "{host}");
        }
        for host in ["example.com", "xn--a", "8.8.8.8", "[2606:4700::1111]", "", "a_b.example"] {
            assert_eq!(InternationalHost::of(host), None, "{host}");
        }
    }

    /// The table has the letters of the four scripts that the standard's table has.
    #[test]
    fn look_alikes_are_those_of_the_standard() {
        let letters: Vec<_> = LOOK_ALIKES.chars().collect();
        assert!(letters.len() > 100);
        for pair in letters.chunks(2) {
            let [letter, looks_like] = pair else { panic!("no pair: {pair:?}") };
            let skeleton: String = unicode_security::confusable_detection::skeleton(&letter.to_string()).collect();
            assert_eq!(skeleton, looks_like.to_string(), "{letter}");
        }
        let is_in_table = |letter: &char| letters.chunks(2).any(|pair| pair.first() == Some(letter));
        for letter in ('\u{80}'..'\u{590}').filter(|letter| letter.is_lowercase()) {
            let skeleton: String = unicode_security::confusable_detection::skeleton(&letter.to_string()).collect();
            let is_valid = idna::domain_to_ascii(&format!("a{letter}.example"))
                .is_ok_and(|host| idna::domain_to_unicode(&host).0 == format!("a{letter}.example"));
            if is_valid && skeleton.len() == 1 && skeleton.chars().all(char::is_alphanumeric) {
                assert!(is_in_table(&letter), "{letter} looks like {skeleton}");
            }
        }
    }
}
