//! Needs: what an agency looks for ("kebutuhan"), and which innovations may help.

use serde::{Deserialize, Serialize};
use time::Date;

use super::affair::Affairs;
use super::form::{FormCheck, FormErrors, Provenance};
use super::history::{Course, History, StepDraft};
use super::innovation::Innovation;
use super::region::{RegionCode, check_region};
use super::sdg::Sdgs;
use super::text::Words;
use super::vocabulary::{AdoptionStatus, LifecycleStage, vocabulary};
use crate::identity::{RecordId, RecordRef};

vocabulary! {
    /// How far a need is.
    NeedState {
        /// Terbuka.
        Open = "OPEN",
        /// Bertemu: an innovation was chosen.
        Matched = "MATCHED",
        /// Ditutup.
        Closed = "CLOSED",
    }
}

impl Course for NeedState {
    fn may_begin(self) -> bool {
        self == Self::Open
    }

    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Open => matches!(before, Self::Matched | Self::Closed),
            Self::Matched => before == Self::Open,
            Self::Closed => matches!(before, Self::Open | Self::Matched),
            Self::Other => false,
        }
    }
}

/// What is said of a need, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Need, which says what they mean"
)]
pub struct NeedDraft {
    pub agency: String,
    pub statement: String,
    pub affairs: Vec<String>,
    pub sdgs: Vec<i64>,
    pub region: Option<String>,
    pub steps: Vec<StepDraft>,
    pub innovation: Option<String>,
}

/// What an agency looks for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Need {
    /// The agency, of the hub that says so.
    pub agency: RecordId,
    /// What it looks for, 150 words.
    pub statement: Words<150>,
    /// The affairs that it concerns.
    #[serde(skip_serializing_if = "Affairs::is_empty")]
    pub affairs: Affairs,
    /// The goals that it serves.
    #[serde(skip_serializing_if = "has_no_goal")]
    pub sdgs: Sdgs,
    /// Where it is felt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionCode>,
    /// How far it is.
    pub steps: History<NeedState>,
    /// The innovation that was chosen, of any hub.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub innovation: Option<RecordRef>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn has_no_goal(sdgs: &Sdgs) -> bool {
    sdgs.is_empty()
}

impl Need {
    /// Parses what was typed here.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &NeedDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &NeedDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &NeedDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let agency = form.required("agency", &draft.agency, RecordId::parse);
        let statement = form.required("statement", &draft.statement, Words::parse);
        let affairs = Affairs::check(&mut form, &draft.affairs);
        let sdgs = Sdgs::check(&mut form, &draft.sdgs);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        let steps: Option<History<NeedState>> =
            History::check(&mut form, "steps", &draft.steps, today);
        let innovation = form.optional("innovation", draft.innovation.as_deref(), RecordRef::parse);
        let is_matched = |steps: &History<_>| steps.state() == NeedState::Matched;
        if form.is_typed() && steps.as_ref().is_some_and(is_matched) && innovation.is_none() {
            form.refuse("innovation", "is required when the need is MATCHED");
        }
        form.finish(|| {
            Some(Self {
                agency: agency?,
                statement: statement?,
                affairs,
                sdgs,
                region,
                steps: steps?,
                innovation,
            })
        })
    }
}

vocabulary! {
    /// Why an innovation may help with a need.
    MatchReason {
        /// It serves the affair that the need names first.
        MainAffair = "MAIN_AFFAIR",
        /// It serves another affair of the need.
        Affair = "AFFAIR",
        /// It serves a goal of the need.
        Sdg = "SDG",
        /// Its words are those of the need.
        Words = "WORDS",
        /// It is in use in the same province.
        SameProvince = "SAME_PROVINCE",
        /// It is in regular use.
        Applied = "APPLIED",
        /// It is permanent where it came from.
        Institutionalized = "INSTITUTIONALIZED",
        /// It was replicated before.
        Replicated = "REPLICATED",
    }
}

/// An innovation that may help with a need.
#[derive(Clone, Copy, Debug)]
pub struct MatchCandidate<'a> {
    /// The innovation.
    pub innovation: &'a Innovation,
    /// The region of its agency.
    pub region: Option<RegionCode>,
    /// How many replications of it are done.
    pub replications: u64,
    /// Whether the need's words find it.
    pub shares_words: bool,
}

/// How well an innovation fits a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeedMatch {
    /// The sum of the reasons' weights; more is better.
    pub score: u32,
    /// Why, the weightiest reason first.
    pub reasons: Vec<MatchReason>,
}

impl MatchReason {
    const fn weight(self) -> u32 {
        match self {
            Self::MainAffair => 40,
            Self::Words => 30,
            Self::Affair => 20,
            Self::Sdg => 10,
            Self::Replicated => 8,
            Self::Applied => 5,
            Self::Institutionalized => 4,
            Self::SameProvince => 3,
            Self::Other => 0,
        }
    }

    /// Whether the reason is about what is needed; the others only say how well proven or how near an innovation is.
    const fn is_about_the_need(self) -> bool {
        matches!(
            self,
            Self::MainAffair | Self::Affair | Self::Sdg | Self::Words
        )
    }
}

impl Need {
    /// Judges an innovation; nothing if it has nothing to do with the need, or is no longer in use.
    pub fn judge(&self, candidate: MatchCandidate<'_>) -> Option<NeedMatch> {
        let innovation = candidate.innovation;
        if innovation.adoption == AdoptionStatus::Discontinued {
            return None;
        }
        let affairs = innovation.classification.affairs.bits();
        let main = self.affairs.main().map_or(0, super::Affair::mask);
        let same_province = |here: RegionCode| {
            candidate
                .region
                .is_some_and(|there| there.province() == here.province())
        };
        let found = [
            (affairs & main != 0, MatchReason::MainAffair),
            (candidate.shares_words, MatchReason::Words),
            (
                affairs & self.affairs.bits() & !main != 0,
                MatchReason::Affair,
            ),
            (
                innovation.classification.sdgs.bits() & self.sdgs.bits() != 0,
                MatchReason::Sdg,
            ),
            (candidate.replications > 0, MatchReason::Replicated),
            (
                innovation.adoption == AdoptionStatus::Applied,
                MatchReason::Applied,
            ),
            (
                innovation.stage == LifecycleStage::Institutionalization,
                MatchReason::Institutionalized,
            ),
            (
                self.region.is_some_and(same_province),
                MatchReason::SameProvince,
            ),
        ];
        let reasons: Vec<_> = found
            .into_iter()
            .filter(|(is_so, _)| *is_so)
            .map(|(_, reason)| reason)
            .collect();
        let is_relevant = reasons.iter().any(|reason| reason.is_about_the_need());
        is_relevant.then(|| NeedMatch {
            score: reasons.iter().map(|reason| reason.weight()).sum(),
            reasons,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::InnovationDraft;

    fn need(affairs: &[&str], sdgs: &[i64], region: Option<&str>) -> Need {
        let draft = NeedDraft {
            agency: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
            statement: "Antrean puskesmas yang lebih pendek.".to_owned(),
            affairs: affairs.iter().copied().map(str::to_owned).collect(),
            sdgs: sdgs.to_vec(),
            region: region.map(str::to_owned),
            steps: vec![StepDraft {
                state: "OPEN".to_owned(),
                on: "2026-08".to_owned(),
                reason: None,
            }],
            innovation: None,
        };
        let need = Need::parse(&draft, time::macros::date!(2026 - 08 - 20)).unwrap();
        let text = serde_json::to_string(&need).unwrap();
        assert_eq!(serde_json::from_str::<NeedDraft>(&text).unwrap(), draft);
        need
    }

    fn innovation(affairs: &[&str], sdgs: &[i64], stage: &str, adoption: &str) -> Innovation {
        let draft = InnovationDraft {
            title: "Antrean daring".to_owned(),
            agency: "0198f2c4-0000-7000-8000-000000000002".to_owned(),
            affairs: affairs.iter().copied().map(str::to_owned).collect(),
            sdgs: sdgs.to_vec(),
            stage: stage.to_owned(),
            adoption: adoption.to_owned(),
            ..InnovationDraft::default()
        };
        Innovation::read(&draft).unwrap()
    }

    #[test]
    fn a_match_says_why() {
        use MatchReason as R;
        let need = need(&["HEALTH", "COMMUNICATION"], &[3], Some("33.74"));
        let check =
            |innovation: &Innovation, region: &str, replications, shares_words, expected: &[R]| {
                let candidate = MatchCandidate {
                    innovation,
                    region: Some(RegionCode::parse(region).unwrap()),
                    replications,
                    shares_words,
                };
                let found = need.judge(candidate);
                let reasons = found
                    .as_ref()
                    .map(|found| found.reasons.clone())
                    .unwrap_or_default();
                assert_eq!(reasons, expected);
                let score: u32 = expected.iter().map(|reason| reason.weight()).sum();
                assert_eq!(found.map_or(0, |found| found.score), score);
            };
        let plain = innovation(&["HEALTH"], &[], "CREATION", "TRIAL");
        check(&plain, "35", 0, false, &[R::MainAffair]);
        let all = innovation(
            &["COMMUNICATION", "HEALTH"],
            &[3],
            "INSTITUTIONALIZATION",
            "APPLIED",
        );
        check(
            &all,
            "33",
            2,
            true,
            &[
                R::MainAffair,
                R::Words,
                R::Affair,
                R::Sdg,
                R::Replicated,
                R::Applied,
                R::Institutionalized,
                R::SameProvince,
            ],
        );
        let far = innovation(&["TOURISM"], &[8], "INSTITUTIONALIZATION", "APPLIED");
        check(&far, "33", 9, false, &[]);
        let gone = innovation(&["HEALTH"], &[3], "DEVELOPMENT", "DISCONTINUED");
        check(&gone, "33", 0, true, &[]);
    }
}
