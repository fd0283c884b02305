//! Codes that are taken: how often one is drawn, and how long codes must be.
//!
//! Of `49^L` codes of `L` characters, `n` links have taken a part `p = n / 49^L`. A draw meets one of them with chance
//! `p`, a put finds that out, and another code is drawn: a link takes `1 / (1 - p)` puts. After five draws the codes are
//! one character longer, where next to none are taken: that happens with chance `p^5`. Two links never get one code,
//! however full it is: the put is conditional.
//!
//! The simulation lets `shorten`'s own source of codes fill a space of three characters as far, and counts.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use shortlink_core::code::{ALPHABET, Code};
use shortlink_core::store::CodeSource;

/// A code space that some links have filled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Space {
    pub(crate) links: f64,
    pub(crate) length: i32,
}

/// What making a link takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Draws {
    /// The share of links whose first code is taken.
    pub(crate) second: f64,
    /// Puts, on average.
    pub(crate) puts: f64,
    /// The share of links whose code comes out longer.
    pub(crate) longer: f64,
}

impl Space {
    /// The part that is taken.
    pub(crate) fn taken(self) -> f64 {
        self.links / (ALPHABET.len() as f64).powi(self.length)
    }

    /// On paper.
    pub(crate) fn draws(self) -> Draws {
        let taken = self.taken();
        Draws { second: taken, puts: (1.0 - taken.powi(5)) / (1.0 - taken) + taken.powi(5), longer: taken.powi(5) }
    }

    /// The same part of a space of three characters, simulated.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of 49^3")]
    pub(crate) fn simulate(self, seed: u64) -> Draws {
        const LENGTH: usize = 3;
        const MADE: u32 = 100_000;
        let codes = CodeSource::new(LENGTH, Xoshiro256PlusPlus::seed_from_u64(seed));
        let full = (self.taken() * (ALPHABET.len() as f64).powi(3)).round() as usize;
        let mut taken: HashSet<Code> = HashSet::with_capacity(full);
        while taken.len() < full {
            taken.extend(codes.draws().take(5).find(|code| !taken.contains(code)));
        }
        let (mut second, mut puts, mut longer) = (0, 0, 0);
        for _ in 0..MADE {
            let met = codes.draws().take_while(|code| taken.contains(code)).count();
            second += u32::from(met > 0);
            puts += met + 1;
            longer += u32::from(met >= 5);
        }
        let of_made = |count: u32| f64::from(count) / f64::from(MADE);
        Draws { second: of_made(second), puts: puts as f64 / f64::from(MADE), longer: of_made(longer) }
    }
}

/// The shortest codes of which at most one link in a hundred needs a second draw.
pub(crate) fn needed_length(links: f64) -> i32 {
    (3..).find(|length| Space { links, length: *length }.taken() <= 0.01).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_simulated_is_what_is_on_paper() {
        for part in [0.001, 0.15, 0.6] {
            let space = Space { links: part * 49_f64.powi(7), length: 7 };
            let (paper, simulated) = (space.draws(), space.simulate(7));
            assert!((paper.second - simulated.second).abs() < 0.005, "{part}: {simulated:?}");
            assert!((paper.puts - simulated.puts).abs() < 0.02, "{part}: {simulated:?}");
            assert!((paper.longer - simulated.longer).abs() < 0.003, "{part}: {simulated:?}");
        }
    }

    #[test]
    fn seven_characters_do_for_a_billion_links_and_eight_for_a_hundred() {
        assert_eq!([1e6, 1e9, 1e11].map(needed_length), [5, 7, 8]);
    }
}
