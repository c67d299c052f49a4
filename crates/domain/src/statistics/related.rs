//! Counting what belongs to innovations, in one pass over their dossiers.

use super::awards::Awards;
use super::charts::{Chart, Charts};
use super::columns::{Columns, Contests};
use super::count::{Counts, Scope};
use super::dossiers::{Item, What};
use super::moves::Stays;
use super::replications::Replications;
use super::rows::RegionNumber;
use super::slices::{Slice, Sparse};
use crate::bits::Bits;
use crate::table::number;

/// What was counted.
pub(super) struct Related {
    pub(super) stays: Stays,
    pub(super) replications: Replications,
    pub(super) awards: Awards,
    /// By hub.
    pub(super) endorsements: Vec<u32>,
    /// By hub.
    pub(super) threads: Vec<u32>,
    /// The places of the activities that may count.
    pub(super) activities: Bits,
}

impl Related {
    /// Nothing yet, with room for what the charts ask for.
    pub(super) fn of(columns: &Columns, charts: Charts) -> Self {
        let hubs = columns.hubs.len();
        let replications = || Replications::new(hubs);
        let awards = || Awards::new(&columns.contests, hubs);
        Self {
            stays: Stays::default(),
            replications: (charts.count_replications())
                .then(replications)
                .unwrap_or_default(),
            awards: charts.count_awards().then(awards).unwrap_or_default(),
            endorsements: vec![0; hubs],
            threads: vec![0; hubs],
            activities: Bits::default(),
        }
    }

    /// Adds what was counted of other innovations.
    pub(super) fn add(&mut self, contests: &Contests, slice: &Slice) {
        self.stays.add(slice);
        self.replications.add(slice);
        self.awards.add(contests, slice);
        slice.endorsements.add_to(&mut self.endorsements);
        slice.threads.add_to(&mut self.threads);
        for place in &slice.activities {
            self.activities.insert(*place);
        }
    }
}

impl Scope<'_> {
    /// Makes small what was counted.
    pub(super) fn slice(&self, counts: &Counts, mut related: Related) -> Slice {
        Slice {
            counts: counts.slice(),
            stays: related.stays.slice(),
            flows: related.replications.sliced_flows(),
            replications_of_hubs: Sparse::of(&related.replications.hubs),
            contests: (related.awards.told())
                .map(|(number, contest)| (number, *contest))
                .collect(),
            awards: related.awards.network(),
            awards_of_hubs: Sparse::of(&related.awards.hubs),
            endorsements: Sparse::of(&related.endorsements),
            threads: Sparse::of(&related.threads),
            activities: related.activities.iter().collect(),
            replicated: self.most_replicated(related.replications),
        }
    }

    /// Counts what the charts ask for.
    pub(super) fn related(&self, charts: Charts) -> Related {
        let mut related = Related::of(self.columns, charts);
        if !charts.count_related() {
            return related;
        }
        let dossiers = &self.columns.dossiers;
        dossiers.each(self.subjects(), |innovation, dossier| {
            self.note_dossier(innovation, dossier, charts, &mut related);
        });
        for item in dossiers.others() {
            if item.rank <= self.rank {
                self.note_other(item, charts, &mut related);
            }
        }
        // Activities that need not be about a wanted innovation are not found by innovations.
        if charts.count_coaching() && !self.wanted.asks_of_innovations() {
            related.activities = Bits::all(number(self.columns.coaching.len()));
        }
        related
    }

    /// The innovations of which something may count: those that are wanted, or if nothing is asked all that anybody names,
    /// also those that are not here.
    fn subjects(&self) -> impl Iterator<Item = u32> {
        let all = 0..number(self.columns.innovations.len());
        let all = self.wanted.is_open().then_some(all);
        let wanted = (!self.wanted.is_open()).then(|| self.innovations.iter());
        all.into_iter()
            .flatten()
            .chain(wanted.into_iter().flatten())
    }

    fn note_dossier(
        &self,
        innovation: u32,
        dossier: &[Item],
        charts: Charts,
        related: &mut Related,
    ) {
        let is_transition = |item: &Item| matches!(item.what, What::Transition(_));
        let transitions = dossier.iter().take_while(|item| is_transition(item));
        let (transitions, rest) = dossier.split_at(transitions.count());
        if charts.has(Chart::Stages) {
            related.stays.note(transitions, self.rank);
        }
        let mut source = None;
        for item in rest.iter().filter(|item| item.rank <= self.rank) {
            match item.what {
                What::Replication(row) if charts.count_replications() => {
                    let from = source.get_or_insert_with(|| self.source(innovation));
                    let to = self.province(row.adopter);
                    related.replications.note(from, to, &row);
                }
                What::Award(row) if charts.count_awards() => {
                    related.awards.note(&self.columns.contests, &row);
                }
                What::Endorsement { hub } => related.endorsements[hub as usize] += 1,
                What::Thread { hub } => related.threads[hub as usize] += 1,
                What::Activity if charts.count_coaching() => {
                    related.activities.insert(item.place);
                }
                _ => {}
            }
        }
        if let Some(source) = source {
            related.replications.note_source(source);
        }
    }

    /// Counts a record that is about no innovation.
    fn note_other(&self, item: &Item, charts: Charts, related: &mut Related) {
        match item.what {
            What::Award(row) if charts.count_awards() && self.wants_award(item.place) => {
                related.awards.note(&self.columns.contests, &row);
            }
            What::Thread { hub } if self.wants_hub_alone(hub) => {
                related.threads[hub as usize] += 1;
            }
            _ => {}
        }
    }

    /// Whether a record of a hub counts that is about nothing else.
    fn wants_hub_alone(&self, hub: u32) -> bool {
        let asks_more = || {
            self.wanted.asks_of_innovations()
                || self.wanted.names_agency()
                || !self.wanted.region(RegionNumber::default())
        };
        self.wanted.is_open() || (!asks_more() && self.wanted.hub(hub))
    }

    /// Whether an award that an agency won counts.
    fn wants_award(&self, place: u32) -> bool {
        if self.wanted.is_open() {
            return true;
        }
        let Some(winner) = self.columns.awards.row(place).agency() else {
            return false;
        };
        let (rank, agency) = self.columns.agencies.at(winner);
        !self.wanted.asks_of_innovations()
            && rank <= self.rank
            && self.wanted.hub(agency.hub)
            && self.wanted.agency(winner)
            && self.wanted.region(agency.region)
    }
}
