//! How some innovations came to where they are: transitions, and the evidence for them.

use domain::catalog::{
    AdoptionStatus, Evidence, EvidenceDraft, EvidenceKind, LifecycleStage, Transition,
    TransitionAxis, TransitionDraft, Vocabulary as _,
};
use domain::entry::{Audience, Kind};
use domain::identity::RecordId;
use time::Date;

use super::desk::{Desk, labelled, named};
use super::words::Story;

/// Of how many innovations in a hundred the course is told.
const TOLD: u64 = 12;

/// Tells the course of the desk's innovation, for some of them.
pub(super) fn write(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    if desk.samples.plan.related == 0 || !desk.dice.chance(TOLD) {
        return Ok(());
    }
    adoption(desk)?;
    lifecycle(desk)
}

fn adoption(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    use AdoptionStatus as A;
    let (adoption, trial, implemented) =
        (desk.core.adoption, desk.core.trial, desk.core.implemented);
    let axis = TransitionAxis::Adoption;
    if let Some(day) = trial {
        step(
            desk,
            axis,
            (A::Initiative.code(), A::Trial.code()),
            day,
            &[],
        )?;
    }
    if let Some(day) = implemented {
        step(desk, axis, (A::Trial.code(), A::Applied.code()), day, &[])?;
        if adoption == A::Discontinued {
            let end = desk.days(day, 1)[0];
            step(
                desk,
                axis,
                (A::Applied.code(), A::Discontinued.code()),
                end,
                &[],
            )?;
        }
    }
    Ok(())
}

fn lifecycle(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    use {EvidenceKind as E, LifecycleStage as L};
    let (stage, since) = (desk.core.stage, desk.core.since());
    if stage == L::Creation {
        return Ok(());
    }
    let (record, story) = (desk.core.record, desk.core.story.clone());
    let axis = TransitionAxis::Lifecycle;
    let report = evidence(desk, record, E::Statistics, &story, since)?;
    step(
        desk,
        axis,
        (L::Creation.code(), L::Development.code()),
        since,
        &[report],
    )?;
    if let Some(from) = desk
        .core
        .permanent_from()
        .filter(|_| stage == L::Institutionalization)
    {
        let day = desk.days(from, 1)[0];
        let decree = evidence(desk, record, E::Decree, &story, day)?;
        let sop = evidence(desk, record, E::Sop, &story, day)?;
        let codes = (L::Development.code(), L::Institutionalization.code());
        step(desk, axis, codes, day, &[decree, sop])?;
    }
    Ok(())
}

fn step(
    desk: &mut Desk<'_>,
    axis: TransitionAxis,
    (from, to): (&str, &str),
    on: Date,
    evidence: &[RecordId],
) -> anyhow::Result<()> {
    let is_end = to == AdoptionStatus::Discontinued.code();
    let draft = TransitionDraft {
        innovation: desk.core.record.to_string(),
        axis: axis.code().to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        on: on.to_string(),
        decided_by: named("Tim inovasi"),
        reason: is_end.then(|| "Layanan digabung dengan layanan lain.".to_owned()),
        evidence: evidence.iter().map(ToString::to_string).collect(),
        corrects: None,
    };
    let said = Transition::parse(&draft, desk.today())?;
    desk.say(Kind::TRANSITION, Audience::Public, &said)?;
    Ok(())
}

/// Writes evidence for a record of this hub; it is for the network, as evidence is unless it is opened.
pub(super) fn evidence(
    desk: &mut Desk<'_>,
    subject: RecordId,
    kind: EvidenceKind,
    story: &Story,
    date: Date,
) -> anyhow::Result<RecordId> {
    let title = match kind {
        EvidenceKind::Agreement => format!("Kesepakatan replikasi {}", story.thing()),
        _ => story.line("bukti", &mut desk.dice),
    };
    let draft = EvidenceDraft {
        subject: subject.to_string(),
        kind: kind.code().to_owned(),
        title: labelled(&title),
        date: Some(date.to_string()),
        media_type: Some("application/pdf".to_owned()),
        bytes: Some(desk.dice.between(40_000, 900_000).cast_signed()),
        ..EvidenceDraft::default()
    };
    let said = Evidence::parse(&draft, desk.today())?;
    desk.say(Kind::EVIDENCE, Audience::Network, &said)
}
