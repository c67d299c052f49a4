//! Who pulls whom: a ring, so that nobody is alone, and chords across it until each hub has its peers.

use std::collections::BTreeSet;

/// Pairs of puller and supplier among so many hubs, each hub with so many peers or one less. Who pulls is pulled.
pub fn pairs(hubs: usize, peers: usize, chance: &mut fastrand::Rng) -> Vec<(usize, usize)> {
    let most = peers.min(hubs.saturating_sub(1));
    let mut chosen: BTreeSet<(usize, usize)> = BTreeSet::new();
    let mut degree = vec![0; hubs];
    let mut join = |one: usize, two: usize, degree: &mut Vec<usize>| {
        let is_new = one != two && chosen.insert((one.min(two), one.max(two)));
        if is_new {
            degree[one] += 1;
            degree[two] += 1;
        }
    };
    for hub in 0..hubs {
        join(hub, (hub + 1) % hubs, &mut degree);
    }
    // Some draws hit pairs that are there; the last few hubs may find no partner any more.
    for _ in 0..hubs * peers * 50 {
        let (one, two) = (chance.usize(0..hubs), chance.usize(0..hubs));
        if degree[one] < most && degree[two] < most {
            join(one, two, &mut degree);
        }
    }
    let both_ways = |(one, two)| [(one, two), (two, one)];
    chosen.into_iter().flat_map(both_ways).collect()
}
