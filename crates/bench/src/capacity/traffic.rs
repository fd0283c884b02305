//! Who follows what: arrivals, and the links that they follow.

use rand::Rng;
use rand_distr::{Distribution, Zipf};

/// How many links are followed in a mix.
pub(crate) const LINKS: f64 = 1_000_000.0;

/// The exponent of a mix. Web requests have been found to have 0.64 to 0.83 (Breslau et al., "Web Caching and Zipf-like
/// Distributions", 1999); links that spread by themselves are steeper, and steeper is nearer to the limits.
const EXPONENT: f64 = 1.0;

/// Which links are followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Always the same one.
    OneLink,
    /// The second most popular half as often as the most popular, the third a third, and so on.
    Mix,
}

/// Links of about the same share of the traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rank {
    /// How many they are.
    pub(crate) links: f64,
    /// What share each of them has.
    pub(crate) share: f64,
}

/// A rate of a pattern.
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

    /// Draws links, by their rank.
    pub(crate) fn draws(self) -> Draws {
        match self {
            Self::OneLink => Draws(None),
            Self::Mix => Draws(Zipf::new(LINKS, EXPONENT).ok()),
        }
    }

    /// The links' shares, the most popular first. Links far down are taken a hundred or more at a time.
    pub(crate) fn ranks(self) -> Vec<Rank> {
        if self == Self::OneLink {
            return vec![Rank { links: 1.0, share: 1.0 }];
        }
        let mut ranks = Vec::new();
        let mut first = 1.0;
        while first <= LINKS {
            let links = (first / 100.0_f64).floor().clamp(1.0, LINKS - first + 1.0);
            let middle = first + (links - 1.0) / 2.0;
            ranks.push(Rank { links, share: middle.powf(-EXPONENT) });
            first += links;
        }
        let sum: f64 = ranks.iter().map(|rank| rank.links * rank.share).sum();
        ranks.iter_mut().for_each(|rank| rank.share /= sum);
        ranks
    }
}

/// A source of links.
pub(crate) struct Draws(Option<Zipf<f64>>);

impl Draws {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank is from 1 to LINKS")]
    pub(crate) fn next(&self, rng: &mut impl Rng) -> u32 {
        self.0.as_ref().map_or(1, |zipf| zipf.sample(rng) as u32)
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_shares_of_the_ranks_are_those_of_what_is_drawn() {
        let ranks = Pattern::Mix.ranks();
        assert!((ranks.iter().map(|rank| rank.links).sum::<f64>() - LINKS).abs() < 0.5);
        let mut rng = rand::rngs::Xoshiro256PlusPlus::seed_from_u64(1);
        let draws = Pattern::Mix.draws();
        let drawn: Vec<_> = (0..100_000).map(|_| draws.next(&mut rng)).collect();
        let first = drawn.iter().filter(|link| **link == 1).count() as f64 / 100_000.0;
        let first_ten = drawn.iter().filter(|link| **link <= 10).count() as f64 / 100_000.0;
        assert!((first - ranks[0].share).abs() < 0.003, "{first}");
        assert!((first_ten - ranks[..10].iter().map(|rank| rank.share).sum::<f64>()).abs() < 0.006, "{first_ten}");
        assert_eq!(Pattern::OneLink.draws().next(&mut rng), 1);
    }
}
