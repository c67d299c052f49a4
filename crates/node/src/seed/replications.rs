//! Replications, with their evidence and the sources' answers.

use domain::catalog::{
    AnswerState, EvidenceKind, Replication, ReplicationAnswer, ReplicationAnswerDraft,
    ReplicationDraft, ReplicationScope, ReplicationState, StepDraft, Vocabulary as _,
};
use domain::entry::{Audience, Kind};
use domain::identity::RecordId;
use time::Date;

use super::desk::{Desk, Subject, labelled};
use super::history::evidence;
use super::innovations::Core;

/// Writes a replication, what proves it, and mostly the source's answer.
pub(super) fn write(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    use ReplicationState as R;
    let subject = desk.subject();
    let state = desk.dice.weigh(&[
        (14, R::Interested),
        (10, R::Agreed),
        (8, R::Planned),
        (16, R::Ongoing),
        (44, R::Done),
        (8, R::Cancelled),
    ]);
    let steps = steps(desk, state, subject.since);
    let is_done = state == R::Done;
    let (adopter, adapted) = adopter(desk, &subject, is_done);
    let story = &subject.story;
    let dice = &mut desk.dice;
    let draft = ReplicationDraft {
        source: subject.place.to_string(),
        adopter: desk.samples.agencies[adopter].record.to_string(),
        adapted_innovation: adapted.map(|record| record.to_string()),
        scope: dice.pick(ReplicationScope::ALL).code().to_owned(),
        inspiration: Some(labelled(&story.line("inspirasi", dice))),
        process: (state != R::Interested).then(|| story.line("proses", dice)),
        difference: dice.chance(50).then(|| story.line("pembeda", dice)),
        adaptation_notes: None,
        obstacles: dice.chance(40).then(|| story.line("kendala", dice)),
        outcome: is_done.then(|| story.line("capaian", dice)),
        planned_on: None,
        steps,
    };
    let said = Replication::parse(&draft, desk.today())?;
    let audience = said.audience();
    let record = desk.say(Kind::REPLICATION, audience.clone(), &said)?;
    let first = said.steps.steps()[0].on.first_day();
    if said.steps.reached(R::Agreed).is_some() {
        evidence(desk, record, EvidenceKind::Agreement, story, first)?;
    }
    if is_done {
        evidence(
            desk,
            record,
            EvidenceKind::MonitoringReport,
            story,
            desk.today(),
        )?;
    }
    if subject.number.is_some() && desk.dice.chance(75) {
        answer(desk, record, state, first, audience, &subject)?;
    }
    Ok(())
}

/// The course to a state.
fn steps(desk: &mut Desk<'_>, state: ReplicationState, since: Date) -> Vec<StepDraft> {
    use ReplicationState as R;
    let course: &[R] = match state {
        R::Agreed => &[R::Interested, R::Agreed],
        R::Planned => &[R::Interested, R::Agreed, R::Planned],
        R::Ongoing => &[R::Interested, R::Agreed, R::Ongoing],
        R::Done => &[R::Interested, R::Agreed, R::Planned, R::Ongoing, R::Done],
        R::Cancelled => &[R::Interested, R::Agreed, R::Cancelled],
        R::Interested | R::Other => &[R::Interested],
    };
    let codes: Vec<_> = course.iter().map(|state| state.code()).collect();
    course_of(desk, &codes, since, R::Cancelled.code())
}

/// Steps through states on days in order; one of them has a reason.
fn course_of(
    desk: &mut Desk<'_>,
    states: &[&str],
    since: Date,
    with_reason: &str,
) -> Vec<StepDraft> {
    let days = desk.days(since, states.len());
    let step = |(state, day): (&&str, Date)| StepDraft {
        state: (*state).to_owned(),
        on: day.to_string(),
        reason: (*state == with_reason).then(|| "Anggaran dialihkan ke kebutuhan lain.".to_owned()),
    };
    states.iter().zip(days).map(step).collect()
}

/// Who takes it over, and sometimes what came of it: a later innovation of this hub, so that no lineage runs in a ring.
fn adopter(desk: &mut Desk<'_>, subject: &Subject, is_done: bool) -> (usize, Option<RecordId>) {
    let this = desk.core.number;
    let first = subject.number.map_or(0, |number| number + 1);
    if is_done && first <= this && desk.dice.chance(15) {
        let number = desk.dice.between(first, this);
        let core = Core::of(desk.samples, number);
        if Some(core.agency) != subject.agency {
            return (core.agency, Some(core.record));
        }
    }
    (desk.another_agency(subject), None)
}

fn answer(
    desk: &mut Desk<'_>,
    replication: RecordId,
    state: ReplicationState,
    since: Date,
    audience: Audience,
    subject: &Subject,
) -> anyhow::Result<()> {
    use {AnswerState as A, ReplicationState as R};
    let course: &[A] = match state {
        R::Interested if desk.dice.chance(15) => &[A::Refused],
        R::Interested => &[A::Verified],
        R::Done if desk.dice.chance(8) => &[A::Verified, A::Agreed, A::Disputed],
        R::Done if desk.dice.chance(80) => &[A::Verified, A::Agreed, A::Confirmed],
        _ => &[A::Verified, A::Agreed],
    };
    let codes: Vec<_> = course.iter().map(|state| state.code()).collect();
    let with_reason = course
        .iter()
        .find(|state| matches!(state, A::Refused | A::Disputed));
    let with_reason = with_reason.map_or("", |state| state.code());
    let note = subject.story.line("jawaban", &mut desk.dice);
    let draft = ReplicationAnswerDraft {
        replication: desk.own(replication).to_string(),
        steps: course_of(desk, &codes, since, with_reason),
        note: Some(labelled(&note)),
    };
    let said = ReplicationAnswer::parse(&draft, desk.today())?;
    desk.say(Kind::REPLICATION_ANSWER, audience, &said)?;
    Ok(())
}
