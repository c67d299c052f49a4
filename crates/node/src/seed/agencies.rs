//! The agencies of samples.

use std::collections::HashSet;

use domain::catalog::{self, AgencyDraft, Region, SAMPLE_TAG, sample_id};
use domain::entry::{Audience, EntryDraft, Kind};
use domain::identity::RecordId;
use time::OffsetDateTime;

use super::desk::{self, bits};
use super::dice::Dice;
use super::words::{Theme, themes};
use super::{Plan, Setting};

/// An agency of samples.
#[derive(Debug)]
pub(super) struct Agency {
    /// Its record.
    pub(super) record: RecordId,
    /// What it does.
    pub(super) theme: &'static Theme,
    /// Where.
    pub(super) region: &'static Region,
    name: String,
    at: OffsetDateTime,
}

impl Agency {
    /// What the log says of it.
    pub(super) fn draft(&self) -> anyhow::Result<EntryDraft> {
        let draft = AgencyDraft {
            name: self.name.clone(),
            kind: "DEPARTMENT".to_owned(),
            region: Some(self.region.code.to_string()),
            ..AgencyDraft::default()
        };
        let body = AgencyDraft::from(&catalog::Agency::parse(&draft)?);
        desk::draft(self.record, Kind::AGENCY, Audience::Public, self.at, &body)
    }
}

/// The agencies of a plan: departments of regions, more of them where more people live.
pub(super) fn found(plan: &Plan, setting: &Setting) -> Vec<Agency> {
    let mut names = HashSet::new();
    let found = (0..plan.agencies()).map(|number| {
        let mut dice = Dice::of(plan.seed, "agency", number);
        let themes = themes();
        let theme = &themes[dice.place(themes.len())];
        let region = populous(&setting.regions, &mut dice);
        let mut name = format!("{} {} ({SAMPLE_TAG})", theme.office, region.name);
        if !names.insert(name.clone()) {
            name = format!("{} {} {number} ({SAMPLE_TAG})", theme.office, region.name);
        }
        let at = plan.moment(0);
        Agency {
            record: sample_id(at, bits(plan, setting, "agency", number)),
            theme,
            region,
            name,
            at,
        }
    });
    found.collect()
}

/// The more populous of two regions, most of the time.
fn populous(regions: &[&'static Region], dice: &mut Dice) -> &'static Region {
    let (one, other) = (dice.pick(regions), dice.pick(regions));
    let is_more = one.population_2024 >= other.population_2024;
    if is_more == dice.chance(85) {
        one
    } else {
        other
    }
}
