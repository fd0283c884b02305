//! Traffic patterns: which links are requested, and how often.

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// The number of links in a mix.
pub(crate) const LINKS: f64 = 1_000_000.0;

/// The Zipf exponent of a mix. Web requests have been found to have 0.64 to 0.83 (Breslau et al., "Web Caching and
/// Zipf-like Distributions", 1999). Links that spread by themselves have a steeper distribution, which comes nearer to
/// the limits.
const EXPONENT: f64 = 1.0;

/// Which links are requested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Always the same link.
    OneLink,
    /// The second most popular link half as often as the most popular, the third a third as often, and so on.
    Mix,
}

/// Links of about the same popularity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LinkGroup {
    /// The number of links.
    pub(crate) links: f64,
    /// The share of the traffic that each of them has.
    pub(crate) share: f64,
}

/// A rate of requests with a pattern.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Redirects a second.
    pub(crate) rate: f64,
    pub(crate) pattern: Pattern,
}

impl Pattern {
    pub(crate) const ALL: [Self; 2] = [Self::OneLink, Self::Mix];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OneLink => "one link",
            Self::Mix => "a mix",
        }
    }

    /// A random source of links.
    pub(crate) fn sampler(self) -> LinkSampler {
        match self {
            Self::OneLink => LinkSampler(None),
            Self::Mix => LinkSampler(Zipf::new(LINKS, EXPONENT).ok()),
        }
    }

    /// The links with their shares of the traffic, the most popular first. From the 200th on, links are grouped.
    pub(crate) fn link_groups(self) -> Vec<LinkGroup> {
        if self == Self::OneLink {
            return vec![LinkGroup { links: 1.0, share: 1.0 }];
        }
        let mut groups = Vec::new();
        let mut first = 1.0;
        while first <= LINKS {
            let links = (first / 100.0_f64).floor().clamp(1.0, LINKS - first + 1.0);
            let middle = first + (links - 1.0) / 2.0;
            groups.push(LinkGroup { links, share: middle.powf(-EXPONENT) });
            first += links;
        }
        let sum: f64 = groups.iter().map(|group| group.links * group.share).sum();
        groups.iter_mut().for_each(|group| group.share /= sum);
        groups
    }
}

/// A random source of links, which are numbered by popularity from 1 on.
pub(crate) struct LinkSampler(Option<Zipf<f64>>);

impl LinkSampler {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is from 1 to LINKS")]
    pub(crate) fn sample(&self, rng: &mut impl Rng) -> u32 {
        self.0.as_ref().map_or(1, |zipf| zipf.sample(rng) as u32)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn group_shares_match_the_samples() {
        let groups = Pattern::Mix.link_groups();
        assert!((groups.iter().map(|group| group.links).sum::<f64>() - LINKS).abs() < 0.5);
        let mut rng = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        let sampler = Pattern::Mix.sampler();
        let samples: Vec<_> = (0..100_000).map(|_| sampler.sample(&mut rng)).collect();
        let first = samples.iter().filter(|link| **link == 1).count() as f64 / 100_000.0;
        let first_ten = samples.iter().filter(|link| **link <= 10).count() as f64 / 100_000.0;
        assert!((first - groups[0].share).abs() < 0.003, "{first}");
        assert!((first_ten - groups[..10].iter().map(|group| group.share).sum::<f64>()).abs() < 0.006, "{first_ten}");
        assert_eq!(Pattern::OneLink.sampler().sample(&mut rng), 1);
    }
}
