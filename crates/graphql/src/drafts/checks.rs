//! What a draft lacks before others may read it.

use async_graphql::Context;
use domain::catalog::{
    self, Facts, FieldError, FormCheck, FormErrors, Innovation, Path, PersonalDataInField,
    Provenance, Submission, personal_data_in,
};
use domain::entry::Audience;
use storage::drafts::Draft;
use time::Date;

use crate::ApiError;
use crate::agencies::require;
use crate::context::ContextExt as _;
use crate::innovations::unit;

/// What was found.
pub(super) struct Checked {
    /// All that is missing or wrong.
    pub(super) faults: Vec<FieldError>,
    /// The innovation, if nothing is.
    pub(super) innovation: Option<Innovation>,
}

/// Looks for all that is missing or wrong.
pub(super) async fn check(ctx: &Context<'_>, draft: &Draft) -> Result<Checked, ApiError> {
    let today = ctx.latest_day();
    let innovation = match Innovation::parse_submission(&draft.text, today) {
        Ok(innovation) => innovation,
        Err(errors) => {
            let faults = errors.fields().to_vec();
            return Ok(Checked {
                faults,
                innovation: None,
            });
        }
    };
    let named = match require(ctx, "agency", innovation.agency, &Audience::Public).await {
        Ok(()) => unit::named(ctx, innovation).await,
        Err(error) => Err(error),
    };
    match named {
        Ok(innovation) => Ok(Checked {
            faults: Vec::new(),
            innovation: Some(innovation),
        }),
        Err(ApiError::Invalid { field, reason }) => Ok(Checked {
            faults: vec![FieldError {
                field: field.to_owned(),
                reason,
            }],
            innovation: None,
        }),
        Err(other) => Err(other),
    }
}

impl Checked {
    /// The innovation, or all that is wrong.
    pub(super) fn whole(self) -> Result<Innovation, ApiError> {
        match self.innovation {
            Some(innovation) => Ok(innovation),
            None => Err(form_errors(&self.faults).into()),
        }
    }
}

fn form_errors(faults: &[FieldError]) -> FormErrors {
    let mut form = FormCheck::new(Provenance::Typed);
    for fault in faults {
        form.refuse(&fault.field, &fault.reason);
    }
    let refused: Result<(), FormErrors> = form.finish(|| Some(()));
    refused.expect_err("without an innovation there are faults")
}

/// What deserves a second look. Of the next text of an innovation, publishing itself asks for what its moves need.
pub(super) fn warnings(draft: &Draft, today: Date) -> Vec<FieldError> {
    let text = &draft.text;
    let mut warnings = catalog::Innovation::long_sections(text);
    warnings.extend(Submission::empty_sections(text));
    if let (0, Ok(innovation)) = (draft.based_on, Innovation::parse(text, today)) {
        let facts = Facts {
            innovation: &innovation,
            path: &Path::default(),
            evidence: &[],
            today,
        };
        warnings.extend(facts.lacks());
    }
    warnings
}

/// What looks like personal data and was not acknowledged.
pub(super) fn personal_data(draft: &Draft) -> Vec<PersonalDataInField> {
    let body = serde_json::to_value(&draft.text).expect("drafts are plain text and numbers");
    personal_data_in(&body, &draft.acknowledged)
}
