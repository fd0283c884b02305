//! The regions that count visits, if the table is in several.
//!
//! A global table copies whole items, and of two that were written in different regions the later one stays. So each region
//! counts in items of its own, and whoever reads the visits of a link adds them up.

/// The regions that count visits, the home region first. Without any there is one region, which has no name here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VisitRegions {
    /// All but the home region.
    others: Vec<String>,
    /// The region of this process; `None`: the home region.
    own: Option<String>,
}

impl VisitRegions {
    /// Parses a list such as `eu-central-1,us-east-1`. `own` is the region of this process.
    ///
    /// Returns `None` if the list names something else than regions, one of them twice, or not `own`.
    pub fn parse(list: &str, own: &str) -> Option<Self> {
        let is_name = |name: &&str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let names: Vec<_> = list.split(',').map(str::trim).collect();
        let is_unique = |(index, name): (usize, &&str)| !names.iter().take(index).any(|other| other == name);
        let is_valid = names.iter().all(is_name) && names.iter().enumerate().all(is_unique) && names.contains(&own);
        let (home, others) = names.split_first().filter(|_| is_valid)?;
        Some(Self {
            others: others.iter().map(|name| (*name).to_owned()).collect(),
            own: (own != *home).then(|| own.to_owned()),
        })
    }

    /// The region of this process, as keys name it; `None`: the home region.
    pub fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// All regions, as keys name them.
    pub fn all(&self) -> impl Iterator<Item = Option<&str>> {
        std::iter::once(None).chain(self.others.iter().map(|name| Some(name.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_region_has_no_name_in_keys() {
        let regions = VisitRegions::parse("eu-central-1, us-east-1", "us-east-1").expect("regions");
        assert_eq!(regions.own(), Some("us-east-1"));
        assert_eq!(regions.all().collect::<Vec<_>>(), [None, Some("us-east-1")]);
        let home = VisitRegions::parse("eu-central-1,us-east-1", "eu-central-1").expect("regions");
        assert_eq!((home.own(), home.all().count()), (None, 2));
        assert_eq!(VisitRegions::default().all().collect::<Vec<_>>(), [None]);
    }

    #[test]
    fn lists_that_could_lose_visits_are_rejected() {
        for (list, own) in [
            ("", "eu-central-1"),
            ("us-east-1", "eu-central-1"),
            ("us-east-1,", "us-east-1"),
            ("us-east-1,us-east-1", "us-east-1"),
            ("us-east-1,a#b", "us-east-1"),
            ("us-east-1,a@b", "us-east-1"),
        ] {
            assert_eq!(VisitRegions::parse(list, own), None, "{list}");
        }
    }
}
