//! CloudFront in front: how many redirects it answers itself.
//!
//! Each of its caches asks for a link at most once in the time that it keeps it. A link that comes `n` times in that
//! time, at one cache, is asked for with one of `1 + n` visits.

use std::collections::HashMap;

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand_distr::{Distribution, Exp1};

use crate::capacity::traffic::Load;

/// Assumed: caches that ask the API, each for a part of the world. CloudFront has hundreds of small ones before some
/// dozen regional ones; visitors are taken to be spread over these evenly.
const CACHES: f64 = 13.0;

/// How long a cache keeps a redirect, seconds: the `MinTTL` that the operator chooses.
pub(crate) const KEPT: f64 = 60.0;

/// On paper.
pub(crate) fn answered(load: Load) -> f64 {
    let visits = visits(load);
    let answered = |share: f64| 1.0 - 1.0 / (1.0 + visits * share);
    load.pattern.ranks().iter().map(|rank| rank.links * rank.share * answered(rank.share)).sum()
}

/// One cache, simulated; a unit of time is what it keeps a redirect for.
pub(crate) fn simulate(load: Load, seed: u64) -> f64 {
    let rate = visits(load);
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let draws = load.pattern.draws();
    let mut kept_until: HashMap<u32, f64> = HashMap::new();
    let (mut now, mut counted, mut answered) = (0.0, 0.0, 0.0);
    // One unit to fill it, and then as long as there is something to count.
    let end = 2.0 + 20_000.0 / rate;
    while now < end {
        let gap: f64 = Exp1.sample(&mut rng);
        now += gap / rate;
        let kept = kept_until.entry(draws.next(&mut rng)).or_insert(0.0);
        let is_kept = now < *kept;
        if !is_kept {
            *kept = now + 1.0;
        }
        if now >= 1.0 {
            counted += 1.0;
            answered += if is_kept { 1.0 } else { 0.0 };
        }
    }
    answered / counted
}

/// How often a cache is visited in the time that it keeps a redirect.
fn visits(load: Load) -> f64 {
    load.rate / CACHES * KEPT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::traffic::Pattern;

    #[test]
    fn what_is_simulated_is_what_is_on_paper() {
        for rate in [1.0, 100.0, 10_000.0] {
            for pattern in Pattern::ALL {
                let load = Load { rate, pattern };
                let (paper, simulated) = (answered(load), simulate(load, 7));
                assert!((paper - simulated).abs() < 0.02, "{load:?}: {paper} and {simulated}");
            }
        }
    }
}
