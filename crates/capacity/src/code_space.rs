//! How often a generated code is taken, and how long codes must be.
//!
//! There are `36^L` codes of `L` characters. Once `n` links exist, a generated code is taken with probability
//! `p = n / 36^L`. The conditional put then fails, and another code is generated, so that a link takes `1 / (1 - p)`
//! puts. After five attempts, which all fail with probability `p^5`, codes get one character longer, and hardly any of
//! those is taken. However full the code space is, two links never get the same code, because the put is conditional.
//!
//! The simulation fills a space of three characters to the same share with the code generator of `shorten`, and counts.

use std::collections::HashSet;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use shortlink_core::domain::code::{ALPHABET, Code};
use shortlink_core::domain::code_generator::CodeGenerator;

use crate::settings::ATTEMPTS_PER_LENGTH;

/// The codes of one length, of which some are taken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CodeSpace {
    pub(crate) links: f64,
    pub(crate) length: i32,
}

/// What the creation of a link takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Creation {
    /// The share of links whose first code is taken.
    pub(crate) first_taken: f64,
    /// Puts for each link, on average.
    pub(crate) puts: f64,
    /// The share of links that get a longer code.
    pub(crate) longer: f64,
}

impl CodeSpace {
    /// The share of codes that are taken.
    pub(crate) fn taken(self) -> f64 {
        self.links / (ALPHABET.len() as f64).powi(self.length)
    }

    /// Applies the formulae.
    pub(crate) fn estimate(self) -> Creation {
        let taken = self.taken();
        let all_taken = taken.powi(ATTEMPTS_PER_LENGTH);
        Creation { first_taken: taken, puts: (1.0 - all_taken) / (1.0 - taken) + all_taken, longer: all_taken }
    }

    /// Simulates the creation of links in a space of three characters of which the same share is taken.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 36^3")]
    pub(crate) fn simulate(self, seed: u64) -> Creation {
        const LENGTH: usize = 3;
        const LINKS: u32 = 100_000;
        const ATTEMPTS: usize = ATTEMPTS_PER_LENGTH as usize;
        let codes = CodeGenerator::new(LENGTH, Xoshiro256PlusPlus::seed_from_u64(seed));
        let wanted = (self.taken() * (ALPHABET.len() as f64).powi(3)).round() as usize;
        let mut taken: HashSet<Code> = HashSet::with_capacity(wanted);
        while taken.len() < wanted {
            taken.extend(codes.candidates().take(ATTEMPTS).find(|code| !taken.contains(code)));
        }
        let (mut first_taken, mut puts, mut longer) = (0, 0, 0);
        for _ in 0..LINKS {
            let collisions = codes.candidates().take_while(|code| taken.contains(code)).count();
            first_taken += u32::from(collisions > 0);
            puts += collisions + 1;
            longer += u32::from(collisions >= ATTEMPTS);
        }
        let share = |count: u32| f64::from(count) / f64::from(LINKS);
        Creation { first_taken: share(first_taken), puts: puts as f64 / f64::from(LINKS), longer: share(longer) }
    }
}

/// The shortest length at which at most one of a hundred first codes is taken.
pub(crate) fn required_length(links: f64) -> i32 {
    (3..).find(|length| CodeSpace { links, length: *length }.taken() <= 0.01).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simulation_confirms_the_estimate() {
        for share in [0.001, 0.15, 0.6] {
            let space = CodeSpace { links: share * 36_f64.powi(7), length: 7 };
            let (estimated, simulated) = (space.estimate(), space.simulate(7));
            assert!((estimated.first_taken - simulated.first_taken).abs() < 0.005, "{share}: {simulated:?}");
            assert!((estimated.puts - simulated.puts).abs() < 0.02, "{share}: {simulated:?}");
            assert!((estimated.longer - simulated.longer).abs() < 0.003, "{share}: {simulated:?}");
        }
    }

    #[test]
    fn billion_links_need_eight_characters() {
        assert_eq!([1e6, 1e9, 1e11].map(required_length), [6, 8, 9]);
    }
}
