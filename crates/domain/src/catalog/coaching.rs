//! Coaching: what a hub does so that innovations are made, grow and stay ("kegiatan pembinaan", Permen PANRB 91/2021).

use serde::{Deserialize, Serialize};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime};

use super::form::{FormCheck, FormErrors, Provenance, quoted};
use super::history::{Course, History, StepDraft};
use super::region::{RegionCode, check_region};
use super::text::{Line, Title, Words};
use super::vocabulary::{LifecycleStage, vocabulary};
use crate::identity::{RecordId, RecordRef};

vocabulary! {
    /// What sort of coaching an activity is.
    CoachingKind {
        /// Diskusi kelompok terpumpun (FGD).
        FocusGroup = "FGD",
        /// Lokakarya.
        Workshop = "WORKSHOP",
        /// Coaching clinic.
        Clinic = "CLINIC",
        /// Pendampingan.
        Mentoring = "MENTORING",
        /// Forum, for example that of replications (FRIPP).
        Forum = "FORUM",
        /// Kunjungan.
        Visit = "VISIT",
        /// Pemutakhiran data.
        DataRefresh = "DATA_REFRESH",
        /// Kompetisi.
        Competition = "COMPETITION",
    }
    choosable {
        /// Lainnya.
        Other
    }
}

vocabulary! {
    /// How people take part.
    CoachingMode {
        /// Tatap muka.
        Onsite = "ONSITE",
        /// Daring.
        Online = "ONLINE",
        /// Hibrida.
        Hybrid = "HYBRID",
    }
}

vocabulary! {
    /// How far an activity is.
    CoachingState {
        /// Direncanakan.
        Planned = "PLANNED",
        /// Berlangsung.
        Ongoing = "ONGOING",
        /// Selesai.
        Done = "DONE",
        /// Batal.
        Cancelled = "CANCELLED",
    }
}

impl Course for CoachingState {
    fn may_begin(self) -> bool {
        matches!(self, Self::Planned | Self::Done)
    }

    fn may_follow(self, before: Self) -> bool {
        match self {
            Self::Ongoing => before == Self::Planned,
            Self::Done => matches!(before, Self::Planned | Self::Ongoing),
            Self::Cancelled => matches!(before, Self::Planned | Self::Ongoing),
            Self::Planned | Self::Other => false,
        }
    }

    fn needs_reason(self, _before: Self) -> bool {
        self == Self::Cancelled
    }
}

/// What is said of an activity, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(
    missing_docs,
    reason = "the fields are those of CoachingActivity, which says what they mean"
)]
pub struct CoachingActivityDraft {
    pub title: String,
    pub kind: String,
    pub phases: Vec<String>,
    pub starts_at: String,
    pub ends_at: Option<String>,
    pub mode: String,
    pub place: Option<String>,
    pub region: Option<String>,
    pub host: Option<String>,
    pub agencies: Vec<String>,
    pub innovations: Vec<String>,
    pub participant_count: Option<i64>,
    pub outcome: Option<String>,
    pub steps: Vec<StepDraft>,
}

/// One activity of a hub. Who took part is a number; lists of names never leave the hub.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CoachingActivity {
    /// Its title.
    pub title: Title,
    /// What sort of coaching it is.
    pub kind: CoachingKind,
    /// Which stages it serves, at least one.
    pub phases: Vec<LifecycleStage>,
    /// When it begins.
    #[serde(serialize_with = "time::serde::rfc3339::serialize")]
    pub starts_at: OffsetDateTime,
    /// When it ends.
    #[serde(
        serialize_with = "time::serde::rfc3339::option::serialize",
        skip_serializing_if = "Option::is_none"
    )]
    pub ends_at: Option<OffsetDateTime>,
    /// How people take part.
    pub mode: CoachingMode,
    /// Where: the name of a house or an address on the web.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<Line<2, 300>>,
    /// In which region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<RegionCode>,
    /// The agency that holds it, of the same hub; the hub itself when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<RecordId>,
    /// The agencies that it is for, of any hub, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub agencies: Vec<RecordRef>,
    /// The innovations that it is about, of any hub, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub innovations: Vec<RecordRef>,
    /// How many people took part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub participant_count: Option<u64>,
    /// What came of it, 200 words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Words<200>>,
    /// How far it is.
    pub steps: History<CoachingState>,
}

impl CoachingActivity {
    const MOST_AGENCIES: usize = 100;
    const MOST_INNOVATIONS: usize = 100;
    const MOST_PARTICIPANTS: u64 = 1_000_000;

    /// Parses what was typed here; no step may be after `today`, the activity itself may.
    ///
    /// # Errors
    /// All fields that are missing, out of bounds or not in their vocabulary.
    pub fn parse(draft: &CoachingActivityDraft, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some(today))
    }

    /// Reads what another hub published.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &CoachingActivityDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    fn check(
        mut form: FormCheck,
        draft: &CoachingActivityDraft,
        today: Option<Date>,
    ) -> Result<Self, FormErrors> {
        let title = form.required("title", &draft.title, Title::parse);
        let kind = form.choice("kind", &draft.kind);
        let phases = phases(&mut form, &draft.phases);
        let starts_at = form.required("startsAt", &draft.starts_at, moment);
        let ends_at = form.optional("endsAt", draft.ends_at.as_deref(), moment);
        if let (Some(start), Some(end)) = (starts_at, ends_at)
            && end < start
        {
            form.refuse("endsAt", "is before startsAt");
        }
        let mode = form.choice("mode", &draft.mode);
        let place = form.optional("place", draft.place.as_deref(), Line::parse);
        let region = check_region(&mut form, "region", draft.region.as_deref());
        let host = form.optional("host", draft.host.as_deref(), RecordId::parse);
        let agencies = form.references("agencies", &draft.agencies, Self::MOST_AGENCIES);
        let innovations =
            form.references("innovations", &draft.innovations, Self::MOST_INNOVATIONS);
        let participant_count = form.number(
            "participantCount",
            draft.participant_count,
            0..=Self::MOST_PARTICIPANTS,
        );
        let outcome = form.prose("outcome", draft.outcome.as_deref());
        let steps = History::check(&mut form, "steps", &draft.steps, today);
        form.finish(|| {
            Some(Self {
                title: title?,
                kind: kind?,
                phases,
                starts_at: starts_at?,
                ends_at,
                mode: mode?,
                place,
                region,
                host,
                agencies,
                innovations,
                participant_count,
                outcome,
                steps: steps?,
            })
        })
    }
}

fn phases(form: &mut FormCheck, raw: &[String]) -> Vec<LifecycleStage> {
    if raw.is_empty() {
        form.refuse("phases", "is required");
    }
    let most = 3;
    let mut phases: Vec<LifecycleStage> =
        form.list("phases", raw, most, |form, code| form.choice("", code));
    if form.is_typed() {
        form.distinct("phases", &phases);
    }
    phases.dedup();
    phases
}

/// A moment that is no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a time such as 2026-08-20T09:00:00+07:00 (RFC 3339)")]
struct MomentError(String);

fn moment(raw: &str) -> Result<OffsetDateTime, MomentError> {
    OffsetDateTime::parse(raw.trim(), &Rfc3339).map_err(|_| MomentError(quoted(raw)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"title":"Klinik replikasi","kind":"CLINIC","phases":["DEVELOPMENT"],
        "startsAt":"2026-09-01T09:00:00+07:00","endsAt":"2026-09-01T16:00:00+07:00","mode":"HYBRID","place":"Aula Bappeda",
        "region":"33.74","host":"0198f2c4-0000-7000-8000-000000000003","agencies":["id-33:0198f2c4-0000-7000-8000-000000000001"],
        "innovations":["id-35:0198f2c4-0000-7000-8000-000000000002"],"participantCount":40,
        "steps":[{"state":"PLANNED","on":"2026-08-01"}]}"#;

    fn faults(change: impl FnOnce(&mut CoachingActivityDraft)) -> String {
        let mut draft: CoachingActivityDraft = serde_json::from_str(BODY).unwrap();
        change(&mut draft);
        let today = time::macros::date!(2026 - 08 - 20);
        let errors = CoachingActivity::parse(&draft, today).err();
        errors.map(|errors| errors.to_string()).unwrap_or_default()
    }

    #[test]
    fn an_activity_reads_back_from_its_text() {
        let draft: CoachingActivityDraft = serde_json::from_str(BODY).unwrap();
        let activity = CoachingActivity::read(&draft).unwrap();
        let text = serde_json::to_string(&activity).unwrap();
        assert_eq!(
            serde_json::from_str::<CoachingActivityDraft>(&text).unwrap(),
            draft
        );
        assert_eq!(faults(|_| {}), "");
    }

    #[test]
    fn an_activity_ends_after_it_begins_and_serves_a_stage() {
        assert_eq!(
            faults(|draft| draft.ends_at = Some("2026-08-31T09:00:00Z".to_owned())),
            "endsAt: is before startsAt"
        );
        assert_eq!(faults(|draft| draft.phases.clear()), "phases: is required");
        assert_eq!(
            faults(|draft| draft.starts_at = "besok".to_owned()),
            "startsAt: \"besok\" is not a time such as 2026-08-20T09:00:00+07:00 (RFC 3339)"
        );
    }
}
