//! What there is, of each hub and of the network.

use super::charts::{HubTotals, Totals};
use super::count::{Counts, Scope};
use super::related::Related;
use crate::table::number;

/// The most rows of flows, contests and months.
pub(super) const MOST_ROWS: usize = 1000;

impl Scope<'_> {
    pub(super) fn totals(
        &self,
        counts: &Counts,
        related: &Related,
        activities: &[u32],
        needs: &[u32],
    ) -> (Totals, Vec<HubTotals>) {
        let columns = self.columns;
        let mut network = Totals {
            awards: related.awards.network(),
            ..Totals::default()
        };
        let of_hub = |hub: usize| Totals {
            innovations: counts.hubs[hub],
            replications: related.replications.hubs[hub],
            awards: related.awards.hubs[hub],
            endorsements: related.endorsements[hub],
            threads: related.threads[hub],
            coaching: activities[hub],
            needs: needs[hub],
            ..Totals::default()
        };
        let mut hubs: Vec<Totals> = (0..columns.hubs.len()).map(of_hub).collect();
        let agencies = self.wanted.agencies(columns, self.rank, &counts.agencies);
        for place in agencies.iter() {
            hubs[columns.agencies.row(place).hub as usize].agencies += 1;
        }
        for hub in &hubs {
            network.add(hub);
        }
        let named = hubs.into_iter().enumerate();
        let named = named.filter(|(_, totals)| *totals != Totals::default());
        let mut named: Vec<HubTotals> = named
            .map(|(at, totals)| HubTotals {
                hub: columns.hubs.name(number(at)).clone(),
                totals,
            })
            .collect();
        named.sort_unstable_by(|a, b| a.hub.cmp(&b.hub));
        (network, named)
    }
}

impl Totals {
    /// Adds what a hub holds; awards are counted apart, since several hubs may tell of one.
    fn add(&mut self, hub: &Self) {
        self.innovations += hub.innovations;
        self.agencies += hub.agencies;
        self.replications.claimed += hub.replications.claimed;
        self.replications.done += hub.replications.done;
        self.replications.confirmed += hub.replications.confirmed;
        self.endorsements += hub.endorsements;
        self.coaching += hub.coaching;
        self.threads += hub.threads;
        self.needs += hub.needs;
    }
}
