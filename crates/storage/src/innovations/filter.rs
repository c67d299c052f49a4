//! Which innovations are wanted.

use domain::catalog::{AdoptionStatus, Affair, LifecycleStage, RegionCode, Sdg, Vocabulary};
use domain::entry::Sight;
use domain::identity::{HubId, RecordId};

use super::Order;
use crate::hubs::HubRows;
use crate::sql::Clause;

/// Conditions that all must hold. An empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct InnovationFilter {
    /// Only innovations of these hubs.
    pub hubs: Vec<HubId>,
    /// Only innovations of this region and those within it.
    pub region: Option<RegionCode>,
    /// Only innovations of this agency of this hub.
    pub agency: Option<(HubId, RecordId)>,
    /// Only innovations with at least one of these affairs.
    pub affairs: Vec<Affair>,
    /// Only innovations with at least one of these goals.
    pub sdgs: Vec<Sdg>,
    /// Only innovations at one of these stages.
    pub stages: Vec<LifecycleStage>,
    /// Only innovations with one of these adoption statuses.
    pub adoptions: Vec<AdoptionStatus>,
    /// Only innovations of this year or later.
    pub year_from: Option<u16>,
    /// Only innovations of this year or earlier.
    pub year_to: Option<u16>,
    /// Only innovations with all these tags.
    pub tags: Vec<String>,
    /// Only innovations with all these words, or their beginnings, in the title.
    pub title_words: Option<String>,
    /// Only innovations that were last current before this moment, in Unix milliseconds.
    pub current_before: Option<i64>,
    /// Only innovations that may be seen.
    pub sight: Sight,
}

impl InnovationFilter {
    /// All conditions, that of what may be seen among them, for a list in this order.
    pub(super) fn clause(&self, order: Order, hubs: &HubRows) -> Clause {
        // The indexes of provinces, stages and adoption statuses go on by this time; for another order all of a stage would
        // be sorted.
        let mut clause = self.conditions(order == Order::Published && !self.is_narrow(), hubs);
        clause.seen("innovation.audience", self.sight);
        clause
    }

    /// The conditions that were asked for, for counting.
    pub(super) fn counted(&self, hubs: &HubRows) -> Clause {
        self.conditions(!self.is_narrow(), hubs)
    }

    /// Whether a better index than that of a stage or status leads to what is wanted. SQLite, which keeps no statistics,
    /// could not tell which is better.
    const fn is_narrow(&self) -> bool {
        !self.hubs.is_empty() || self.agency.is_some() || !self.tags.is_empty()
    }

    /// The conditions that were asked for; `by_class` says whether a province, stage or status may lead the way.
    fn conditions(&self, by_class: bool, hubs: &HubRows) -> Clause {
        let mut clause = Clause::default();
        self.by_owner(&mut clause, hubs);
        let is_placed = self.by_region(&mut clause, by_class);
        self.by_classification(&mut clause, by_class && !is_placed);
        if let Some(year) = self.year_from {
            let year = clause.bind(i32::from(year));
            clause.and(format!("innovation.year >= {year}"));
        }
        if let Some(year) = self.year_to {
            let year = clause.bind(i32::from(year));
            clause.and(format!("innovation.year <= {year}"));
        }
        if let Some(moment) = self.current_before {
            let moment = clause.bind(moment);
            clause.and(format!("innovation.current_at < {moment}"));
        }
        clause.with_words("innovation.title_folded", self.title_words.as_deref());
        clause
    }

    fn by_owner(&self, clause: &mut Clause, rows: &HubRows) {
        match self.hubs.as_slice() {
            [] => {}
            [hub] => {
                let hub = clause.bind(rows.id(hub));
                clause.and(format!("innovation.hub_id = {hub}"));
            }
            hubs => {
                let marks: Vec<_> = hubs.iter().map(|hub| clause.bind(rows.id(hub))).collect();
                clause.and(format!("innovation.hub_id IN ({})", marks.join(",")));
            }
        }
        if let Some((hub, agency)) = &self.agency {
            let (hub, agency) = (clause.bind(rows.id(hub)), clause.bind(agency.as_uuid()));
            clause.and(format!("innovation.agency = {agency}"));
            clause.and(format!("innovation.hub_id = {hub}"));
        }
    }

    /// The hubs that the conditions name.
    pub(super) fn named(&self) -> impl Iterator<Item = &HubId> {
        let of_agency = self.agency.iter().map(|(hub, _)| hub);
        self.hubs.iter().chain(of_agency)
    }

    /// Says whether there is a region.
    fn by_region(&self, clause: &mut Clause, by_class: bool) -> bool {
        match self.region {
            Some(region) if region.is_province() && by_class => {
                let province = clause.bind(region.to_string());
                clause.and(format!("substr(innovation.region, 1, 2) = {province}"));
            }
            Some(region) => clause.within("innovation.region", region),
            None => {}
        }
        self.region.is_some()
    }

    fn by_classification(&self, clause: &mut Clause, by_class: bool) {
        let affairs = self
            .affairs
            .iter()
            .fold(0, |bits, affair| bits | affair.mask());
        bits(clause, "innovation.affairs", affairs);
        let sdgs = self.sdgs.iter().fold(0, |bits, sdg| bits | sdg.mask());
        bits(clause, "innovation.sdgs", u64::from(sdgs));
        any_of(
            clause,
            "innovation.stage",
            by_class,
            self.stages.iter().map(|stage| stage.code()),
        );
        any_of(
            clause,
            "innovation.adoption",
            by_class,
            self.adoptions.iter().map(|adoption| adoption.code()),
        );
        for tag in &self.tags {
            let tag = clause.bind(tag.as_str());
            clause.and(format!(
                "innovation.key IN (SELECT innovation FROM innovation_tag WHERE tag = {tag})"
            ));
        }
    }
}

fn bits(clause: &mut Clause, column: &str, bits: u64) {
    if bits != 0 {
        let bits = clause.bind(bits.cast_signed());
        clause.and(format!("({column} & {bits}) <> 0"));
    }
}

/// A cast to what the column is anyway hides its index from SQLite; PostgreSQL ignores it and chooses by its statistics.
fn any_of<'a>(
    clause: &mut Clause,
    column: &str,
    by_index: bool,
    codes: impl Iterator<Item = &'a str>,
) {
    let marks: Vec<_> = codes.map(|code| clause.bind(code)).collect();
    match marks.as_slice() {
        [] => {}
        [code] if by_index => clause.and(format!("{column} = {code}")),
        codes => clause.and(format!("CAST({column} AS TEXT) IN ({})", codes.join(","))),
    }
}
