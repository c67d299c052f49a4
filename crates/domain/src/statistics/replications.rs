//! Counting replications.

use std::cmp::Reverse;
use std::ops::AddAssign;

use super::charts::{Flow, Replicated, ReplicationCount};
use super::count::{Scope, province_of};
use super::rows::{PROVINCES, Replication};
use super::slices::{Slice, Sparse};
use super::totals::MOST_ROWS;
use crate::table::Key;

/// The most innovations in the chart of the most replicated.
const MOST_REPLICATED: usize = 100;

impl AddAssign for ReplicationCount {
    fn add_assign(&mut self, other: Self) {
        self.claimed += other.claimed;
        self.done += other.done;
        self.confirmed += other.confirmed;
    }
}

impl ReplicationCount {
    fn add(&mut self, row: &Replication) {
        self.claimed += u32::from(row.is_live);
        self.done += u32::from(row.is_done);
        self.confirmed += u32::from(row.is_confirmed);
    }

    /// What the most replicated ones are ordered by.
    const fn weight(self) -> (u32, u32, u32) {
        (self.claimed, self.done, self.confirmed)
    }
}

/// Replications as they are counted.
#[derive(Default)]
pub(super) struct Replications {
    /// From one province to another.
    flows: Vec<ReplicationCount>,
    /// By their sources that may be seen.
    of_sources: Vec<(u32, ReplicationCount)>,
    /// By the hubs of their adopters.
    pub(super) hubs: Vec<ReplicationCount>,
}

/// An innovation of which replications are counted.
pub(super) struct Source {
    innovation: u32,
    is_seen: bool,
    /// The province of its agency, as far as it may be seen.
    province: usize,
    count: ReplicationCount,
}

impl Replications {
    pub(super) fn new(hubs: usize) -> Self {
        Self {
            flows: vec![ReplicationCount::default(); PROVINCES * PROVINCES],
            of_sources: Vec::new(),
            hubs: vec![ReplicationCount::default(); hubs],
        }
    }

    /// Counts a replication of a source by an adopter in a province.
    pub(super) fn note(&mut self, from: &mut Source, to: usize, row: &Replication) {
        if row.is_live {
            self.hubs[row.hub as usize].add(row);
            self.flows[from.province * PROVINCES + to].add(row);
            from.count.add(row);
        }
    }

    /// Counts a source when all its replications are counted.
    pub(super) fn note_source(&mut self, source: Source) {
        if source.is_seen && source.count.claimed > 0 {
            self.of_sources.push((source.innovation, source.count));
        }
    }

    /// From one province to another.
    pub(super) fn sliced_flows(&self) -> Sparse<ReplicationCount> {
        Sparse::of(&self.flows)
    }

    /// Adds what was counted of other innovations.
    pub(super) fn add(&mut self, slice: &Slice) {
        slice.flows.add_to(&mut self.flows);
        slice.replications_of_hubs.add_to(&mut self.hubs);
        self.of_sources.extend_from_slice(&slice.replicated);
    }

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
    pub(super) fn province(&self, agency: u32) -> usize {
        let (rank, agency) = self.columns.agencies.at(agency);
        if rank <= self.rank {
            agency.region.province()
        } else {
            0
        }
    }

    /// An innovation as the source of replications.
    pub(super) fn source(&self, innovation: u32) -> Source {
        let (rank, row) = self.columns.innovations.at(innovation);
        let is_seen = rank <= self.rank;
        let province = || self.columns.region_of(innovation, row).province();
        Source {
            innovation,
            is_seen,
            province: if is_seen { province() } else { 0 },
            count: ReplicationCount::default(),
        }
    }

    /// The innovations that are replicated most, the most replicated first.
    pub(super) fn most_replicated(
        &self,
        replications: Replications,
    ) -> Vec<(u32, ReplicationCount)> {
        let mut found = replications.of_sources;
        let weigh = |(_, count): &(u32, ReplicationCount)| Reverse(count.weight());
        // The names of those are looked up only that may be among the first.
        if found.len() > MOST_REPLICATED {
            let nth = MOST_REPLICATED - 1;
            let (_, last, _) = found.select_nth_unstable_by_key(nth, weigh);
            let least = last.1.weight();
            found.retain(|(_, count)| count.weight() >= least);
        }
        let table = &self.columns.innovations;
        let named = found.into_iter().map(|found| (table.key(found.0), found));
        let mut named: Vec<(Key, (u32, ReplicationCount))> = named.collect();
        let order = |(one, (_, count)): &(Key, (u32, ReplicationCount)),
                     (other, other_found): &(Key, (u32, ReplicationCount))| {
            let by_weight = other_found.1.weight().cmp(&count.weight());
            by_weight.then_with(|| self.columns.compare_names(*one, *other))
        };
        if named.len() > MOST_REPLICATED {
            named.select_nth_unstable_by(MOST_REPLICATED, order);
            named.truncate(MOST_REPLICATED);
        }
        named.sort_unstable_by(order);
        named.into_iter().map(|(_, found)| found).collect()
    }

    /// The chart of them.
    pub(super) fn replicated(&self, replications: Replications) -> Vec<Replicated> {
        let found = self.most_replicated(replications).into_iter();
        let table = &self.columns.innovations;
        let replicated = |(place, replications)| Replicated {
            innovation: self.columns.reference(table.key(place)),
            replications,
        };
        found.map(replicated).collect()
    }
}
