//! What lists show of an innovation, read without the rest.

use std::borrow::Cow;

use serde::Deserialize;

use super::Innovation;
use crate::catalog::date::PartialDate;
use crate::catalog::text::Title;
use crate::catalog::vocabulary::{AdoptionStatus, LifecycleStage, Vocabulary as _};
use crate::identity::RecordId;

/// The few facts of an innovation that lists show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gist {
    /// The title.
    pub title: Title,
    /// The agency that owns it, of the same hub.
    pub agency: RecordId,
    /// Which coaching it needs next.
    pub stage: LifecycleStage,
    /// How far it is in use.
    pub adoption: AdoptionStatus,
    /// The year by which it is counted.
    pub year: Option<u16>,
}

impl From<&Innovation> for Gist {
    fn from(innovation: &Innovation) -> Self {
        Self {
            title: innovation.title.clone(),
            agency: innovation.agency,
            stage: innovation.stage,
            adoption: innovation.adoption,
            year: innovation.year(),
        }
    }
}

/// Those of the fields of an `InnovationDraft` that are looked at.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Few<'a> {
    #[serde(borrow)]
    title: Cow<'a, str>,
    #[serde(borrow)]
    agency: Cow<'a, str>,
    #[serde(borrow)]
    stage: Cow<'a, str>,
    #[serde(borrow)]
    adoption: Cow<'a, str>,
    #[serde(borrow)]
    started_on: Option<Cow<'a, str>>,
    #[serde(borrow)]
    implemented_on: Option<Cow<'a, str>>,
}

impl Gist {
    /// Reads it out of the body of a payload that [`Innovation::read`] can read; what else the body says is passed over
    /// unread.
    pub fn read(body: &str) -> Option<Self> {
        let few: Few<'_> = serde_json::from_str(body).ok()?;
        let said = |date: &Cow<'_, str>| !date.trim().is_empty();
        let date = few.implemented_on.filter(said);
        let date = date.or(few.started_on.filter(said));
        Some(Self {
            title: Title::parse(&few.title).ok()?,
            agency: RecordId::parse(&few.agency).ok()?,
            stage: LifecycleStage::read(&few.stage),
            adoption: AdoptionStatus::read(&few.adoption),
            year: date.and_then(|date| Some(PartialDate::parse(&date).ok()?.year())),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::catalog::InnovationDraft;

    fn date() -> impl Strategy<Value = Option<String>> {
        prop_oneof![
            Just(None),
            Just(Some("  ".to_owned())),
            Just(Some("2019".to_owned())),
            Just(Some("2021-05".to_owned())),
            Just(Some(" 2020-02-29 ".to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn it_is_what_the_whole_tells(
            title in "[ -~]{0,3}[A-Za-z'\"\\\\ é]{3,30}[\\n\\t ]{0,2}",
            (stage, adoption) in ("(CREATION|DEVELOPMENT|MUSEUM)", "(TRIAL|APPLIED|)"),
            (started_on, implemented_on) in (date(), date()),
        ) {
            let draft = InnovationDraft {
                title,
                agency: "0198f2c4-0000-7000-8000-000000000001".to_owned(),
                stage,
                adoption,
                started_on,
                implemented_on,
                summary: Some("Ringkas \"sekali\".\n".to_owned()),
                tags: vec!["desa".to_owned()],
                ..InnovationDraft::default()
            };
            let mut body = serde_json::to_value(&draft).unwrap();
            body["later"] = serde_json::json!({"title": ["x"], "stage": 1});
            if let Ok(innovation) = Innovation::read(&draft) {
                prop_assert_eq!(Gist::read(&body.to_string()), Some(Gist::from(&innovation)));
            }
        }
    }

    #[test]
    fn what_is_no_innovation_has_none() {
        for body in ["", "{}", "[]", r#"{"title": "Antrean", "agency": "x"}"#] {
            assert_eq!(Gist::read(body), None, "{body}");
        }
    }
}
