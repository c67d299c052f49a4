//! Awards: what an innovation or an agency won ("penghargaan").
//!
//! The owner's hub claims an award; the hub that gave it confirms it by a record of its own. Schemes and tiers change
//! from year to year, so both are texts.

use serde::{Deserialize, Serialize};
use time::Date;

use super::form::{FormCheck, FormErrors, Provenance};
use super::text::Line;
use super::vocabulary::vocabulary;
use crate::identity::{HubId, RecordRef};

vocabulary! {
    /// Whose word an award stands on.
    AwardBasis {
        /// Diklaim: the owner's hub says so.
        Claimed = "CLAIMED",
        /// Dikonfirmasi: the hub that gave it says so.
        Confirmed = "CONFIRMED",
    }
}

/// What is said of an award, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Award, which says what they mean"
)]
pub struct AwardDraft {
    pub innovation: Option<String>,
    pub agency: Option<String>,
    pub scheme: String,
    pub tier: String,
    pub group: Option<String>,
    pub year: i64,
    pub decree: Option<String>,
    pub basis: String,
}

/// Who won an award.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Awarded {
    /// An innovation.
    Innovation(RecordRef),
    /// An agency.
    Agency(RecordRef),
}

impl Awarded {
    /// The record that won, whatever its kind.
    pub const fn record(&self) -> &RecordRef {
        let (Self::Innovation(record) | Self::Agency(record)) = self;
        record
    }
}

/// One award, as one hub says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Award {
    /// Who won it.
    #[serde(flatten)]
    pub awarded: Awarded,
    /// The contest, by its usual name: KIPP, IGA, PKRI, UNPSA, INAGARA, KOVABLIK, KIJB or another.
    pub scheme: Line<2, 60>,
    /// The place in it, for example "Top 45".
    pub tier: Line<1, 60>,
    /// The group of the contest, for example "replikasi".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Line<1, 60>>,
    /// The year.
    pub year: u16,
    /// The decree that names the winners.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decree: Option<Line<2, 200>>,
    /// Whose word this is.
    pub basis: AwardBasis,
}

impl Award {
    /// Parses what was typed at a hub.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds; a claim for another hub's, a confirmation of the hub's own.
    pub fn parse(draft: &AwardDraft, hub: &HubId, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some((hub, today)))
    }

    /// Reads what another hub published. Whether it may say so, [`Self::counts_from`] tells.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &AwardDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &AwardDraft,
        here: Option<(&HubId, Date)>,
    ) -> Result<Self, FormErrors> {
        let innovation = form.optional("innovation", draft.innovation.as_deref(), RecordRef::parse);
        let agency = form.optional("agency", draft.agency.as_deref(), RecordRef::parse);
        if draft.innovation.is_some() == draft.agency.is_some() {
            form.refuse(
                "innovation",
                "give an innovation or an agency, not both and not none",
            );
        }
        let awarded = innovation
            .map(Awarded::Innovation)
            .or(agency.map(Awarded::Agency));
        let scheme = form.required("scheme", &draft.scheme, Line::parse);
        let tier = form.required("tier", &draft.tier, Line::parse);
        let group = form.optional("group", draft.group.as_deref(), Line::parse);
        let year = form.year("year", draft.year);
        if let (Some(year), Some((_, today))) = (year, here)
            && i32::from(year) > today.year()
        {
            form.refuse("year", format_args!("{year} is after today, {today}"));
        }
        let decree = form.optional("decree", draft.decree.as_deref(), Line::parse);
        let basis = form.choice("basis", &draft.basis);
        if let (Some(awarded), Some(basis), Some((hub, _))) = (&awarded, basis, here)
            && !may_say(hub, basis, awarded)
        {
            let reason = match basis {
                AwardBasis::Claimed => "CLAIMED is said by the hub of who won it",
                _ => "CONFIRMED is said by the hub that gave it, not by that of who won it",
            };
            form.refuse("basis", reason);
        }
        form.finish(|| {
            Some(Self {
                awarded: awarded?,
                scheme: scheme?,
                tier: tier?,
                group,
                year: year?,
                decree,
                basis: basis?,
            })
        })
    }

    /// Whether the award counts when this hub says it.
    pub fn counts_from(&self, hub: &HubId) -> bool {
        may_say(hub, self.basis, &self.awarded)
    }

    /// Whether two records speak of the same award.
    pub fn is_same(&self, other: &Self) -> bool {
        let key = |award: &Self| (super::fold(award.scheme.as_str()), award.year);
        self.awarded == other.awarded
            && key(self) == key(other)
            && super::fold(self.tier.as_str()) == super::fold(other.tier.as_str())
    }
}

fn may_say(hub: &HubId, basis: AwardBasis, awarded: &Awarded) -> bool {
    let is_own = awarded.record().hub == *hub;
    match basis {
        AwardBasis::Claimed => is_own,
        AwardBasis::Confirmed => !is_own,
        AwardBasis::Other => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(basis: &str) -> AwardDraft {
        AwardDraft {
            innovation: Some("id-35:0198f2c4-0000-7000-8000-000000000001".to_owned()),
            scheme: "KIPP".to_owned(),
            tier: "Top 45".to_owned(),
            year: 2021,
            basis: basis.to_owned(),
            ..AwardDraft::default()
        }
    }

    #[test]
    fn the_owner_claims_and_another_confirms() {
        let today = time::macros::date!(2026 - 08 - 20);
        let hub = |id: &str| HubId::parse(id).unwrap();
        let parse = |basis, id| Award::parse(&draft(basis), &hub(id), today);
        let claim = parse("CLAIMED", "id-35").unwrap();
        let text = serde_json::to_string(&claim).unwrap();
        assert_eq!(
            serde_json::from_str::<AwardDraft>(&text).unwrap(),
            draft("CLAIMED")
        );
        let confirmed = parse("CONFIRMED", "kl-kemenpanrb").unwrap();
        assert!(claim.is_same(&confirmed));
        for (basis, id) in [("CLAIMED", "id-33"), ("CONFIRMED", "id-35")] {
            assert_eq!(parse(basis, id).unwrap_err().fields()[0].field, "basis");
            assert!(!Award::read(&draft(basis)).unwrap().counts_from(&hub(id)));
        }
        let newer = Award::read(&draft("FROM_2040")).unwrap();
        assert_eq!(newer.basis, AwardBasis::Other);
    }
}
