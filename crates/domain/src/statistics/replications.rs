//! Counting replications.

use std::cmp::Reverse;

use super::charts::{Flow, Replicated, ReplicationCount};
use super::count::{Scope, province_of};
use super::flows::MOST_ROWS;
use super::rows::{PROVINCES, Replication};

/// The most innovations in the chart of the most replicated.
const MOST_REPLICATED: usize = 100;

impl ReplicationCount {
    fn add(&mut self, row: &Replication) {
        self.claimed += u32::from(row.is_live);
        self.done += u32::from(row.is_done);
        self.confirmed += u32::from(row.is_confirmed);
    }

    const fn weight(self) -> (u32, u32, u32) {
        (self.claimed, self.done, self.confirmed)
    }
}

/// Replications, counted in one pass.
#[derive(Default)]
pub(super) struct Replications {
    /// From one province to another.
    flows: Vec<ReplicationCount>,
    /// By their sources that may be seen.
    of_sources: Vec<(u32, ReplicationCount)>,
    /// By the hubs of their adopters.
    pub(super) hubs: Vec<ReplicationCount>,
}

impl Replications {
    pub(super) fn flows(&self) -> Vec<Flow> {
        let flow = |(at, count): (usize, &ReplicationCount)| Flow {
            from: province_of(at / PROVINCES),
            to: province_of(at % PROVINCES),
            replications: *count,
        };
        let flows = self.flows.iter().enumerate();
        let mut flows: Vec<Flow> = flows
            .filter(|(_, count)| count.claimed > 0)
            .map(flow)
            .collect();
        flows.sort_by_key(|flow| (Reverse(flow.replications.weight()), flow.from, flow.to));
        flows.truncate(MOST_ROWS);
        flows
    }
}

impl Scope<'_> {
    /// The province of an agency, as far as it may be seen.
    fn province(&self, agency: u32) -> usize {
        let agencies = &self.columns.agencies;
        if agencies.rank(agency) <= self.rank {
            agencies.row(agency).region.province()
        } else {
            0
        }
    }

    pub(super) fn replications(&self) -> Replications {
        let columns = self.columns;
        let sources = &columns.innovations;
        let mut flows = vec![ReplicationCount::default(); PROVINCES * PROVINCES];
        let mut hubs = vec![ReplicationCount::default(); columns.hubs.len()];
        let mut of_sources: Vec<(u32, ReplicationCount)> = Vec::new();
        for row in self.rows(
            &columns.replications,
            columns.of_innovations.replications.as_ref(),
        ) {
            if !row.is_live || !self.counts(row.source) {
                continue;
            }
            hubs[row.hub as usize].add(row);
            let is_seen = sources.rank(row.source) <= self.rank;
            let from = if is_seen {
                columns
                    .region_of(row.source, sources.row(row.source))
                    .province()
            } else {
                0
            };
            flows[from * PROVINCES + self.province(row.adopter)].add(row);
            if !is_seen {
                continue;
            }
            match of_sources.last_mut() {
                Some((source, count)) if *source == row.source => count.add(row),
                _ => {
                    let mut count = ReplicationCount::default();
                    count.add(row);
                    of_sources.push((row.source, count));
                }
            }
        }
        Replications {
            flows,
            of_sources,
            hubs,
        }
    }

    pub(super) fn most_replicated(&self, replications: Replications) -> Vec<Replicated> {
        let mut found = replications.of_sources;
        let table = &self.columns.innovations;
        let name = |place: u32| {
            let key = table.key(place);
            (self.columns.hubs.name(key.hub), key.record)
        };
        // Names are looked up where as many are equal only.
        let order = |one: &(u32, ReplicationCount), other: &(u32, ReplicationCount)| {
            let by_weight = other.1.weight().cmp(&one.1.weight());
            by_weight.then_with(|| name(one.0).cmp(&name(other.0)))
        };
        if found.len() > MOST_REPLICATED {
            found.select_nth_unstable_by(MOST_REPLICATED, order);
            found.truncate(MOST_REPLICATED);
        }
        found.sort_unstable_by(order);
        let replicated = |(place, replications)| Replicated {
            innovation: self.columns.reference(table.key(place)),
            replications,
        };
        found.into_iter().map(replicated).collect()
    }
}
