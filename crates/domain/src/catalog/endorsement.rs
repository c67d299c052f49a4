//! Endorsements: a hub vouches for another hub's innovation ("dukungan, rekomendasi").

use serde::{Deserialize, Serialize};
use time::Date;

use super::date::PartialDate;
use super::form::{FormCheck, FormErrors, Provenance};
use super::text::Words;
use crate::identity::{HubId, RecordRef};

/// What is said in an endorsement, unchecked: the JSON body of its payload.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    missing_docs,
    reason = "the fields are those of Endorsement, which says what they mean"
)]
pub struct EndorsementDraft {
    pub innovation: String,
    pub statement: String,
    pub on: String,
}

/// A hub's word for an innovation of another hub. Of several by one hub the newest counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Endorsement {
    /// The innovation, of another hub.
    pub innovation: RecordRef,
    /// Why it is endorsed, 100 words.
    pub statement: Words<100>,
    /// When.
    pub on: PartialDate,
}

impl Endorsement {
    /// Parses what was typed at a hub.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds, and an innovation of the hub itself.
    pub fn parse(draft: &EndorsementDraft, hub: &HubId, today: Date) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Typed), draft, Some((hub, today)))
    }

    /// Reads what another hub published. Whether it speaks for itself, [`Self::counts_from`] tells.
    ///
    /// # Errors
    /// All fields that are missing or out of bounds.
    pub fn read(draft: &EndorsementDraft) -> Result<Self, FormErrors> {
        Self::check(FormCheck::new(Provenance::Received), draft, None)
    }

    /// Whether the endorsement counts when this hub says it: no hub endorses its own.
    pub fn counts_from(&self, hub: &HubId) -> bool {
        self.innovation.hub != *hub
    }

    fn check(
        mut form: FormCheck,
        draft: &EndorsementDraft,
        here: Option<(&HubId, Date)>,
    ) -> Result<Self, FormErrors> {
        let innovation = form.required("innovation", &draft.innovation, RecordRef::parse);
        if let (Some(innovation), Some((hub, _))) = (&innovation, here)
            && innovation.hub == *hub
        {
            form.refuse(
                "innovation",
                format_args!("is of {hub}, and no hub endorses its own"),
            );
        }
        let statement = form.required("statement", &draft.statement, Words::parse);
        let on = form.day("on", &draft.on, here.map(|(_, today)| today));
        form.finish(|| {
            Some(Self {
                innovation: innovation?,
                statement: statement?,
                on: on?,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hub_endorses_its_own() {
        let draft = EndorsementDraft {
            innovation: "id-35:0198f2c4-0000-7000-8000-000000000001".to_owned(),
            statement: "Mudah ditiru.".to_owned(),
            on: "2025".to_owned(),
        };
        let hub = |id: &str| HubId::parse(id).unwrap();
        let today = time::macros::date!(2026 - 08 - 20);
        let endorsement = Endorsement::parse(&draft, &hub("id-33"), today).unwrap();
        let text = serde_json::to_string(&endorsement).unwrap();
        assert_eq!(
            serde_json::from_str::<EndorsementDraft>(&text).unwrap(),
            draft
        );
        let own = Endorsement::parse(&draft, &hub("id-35"), today).unwrap_err();
        assert_eq!(
            own.to_string(),
            "innovation: is of id-35, and no hub endorses its own"
        );
        let received = Endorsement::read(&draft).unwrap();
        assert!(received.counts_from(&hub("id-33")) && !received.counts_from(&hub("id-35")));
    }
}
