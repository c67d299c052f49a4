//! Coaching, questions with their answers, and needs.

use domain::catalog::{
    CoachingActivity, CoachingActivityDraft, CoachingKind, CoachingMode, LifecycleStage, Need,
    NeedDraft, Post, PostDraft, StepDraft, Thread, ThreadDraft, Vocabulary as _,
};
use domain::entry::{Audience, Kind};
use time::Date;

use super::desk::{Desk, labelled, named};
use super::words::{list, theme_of};

fn step(state: &str, on: Date) -> StepDraft {
    StepDraft {
        state: state.to_owned(),
        on: on.to_string(),
        reason: None,
    }
}

/// Writes an activity for some agencies, about one innovation.
pub(super) fn coaching(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let subject = desk.subject();
    let kinds = [
        CoachingKind::Workshop,
        CoachingKind::Clinic,
        CoachingKind::Mentoring,
        CoachingKind::Forum,
        CoachingKind::FocusGroup,
    ];
    let nth = desk.dice.place(kinds.len());
    let title = subject.story.fill(list("kegiatan")[nth], &mut desk.dice);
    let days = desk.days(subject.since, 2);
    let is_done = desk.dice.chance(85);
    let mut agencies = Vec::new();
    for _ in 0..desk.dice.between(1, 4) {
        let chosen = desk.dice.place(desk.samples.agencies.len());
        let agency = desk.own(desk.agency(chosen).record).to_string();
        if !agencies.contains(&agency) {
            agencies.push(agency);
        }
    }
    let home = desk.agency(desk.core.agency);
    let mode = desk.dice.pick(CoachingMode::ALL);
    let mut steps = vec![step("PLANNED", days[0])];
    if is_done {
        steps.push(step("DONE", days[1]));
    }
    let draft = CoachingActivityDraft {
        title: labelled(&title),
        kind: kinds[nth].code().to_owned(),
        phases: vec![desk.dice.pick(LifecycleStage::ALL).code().to_owned()],
        starts_at: format!("{}T01:00:00Z", days[1]),
        ends_at: Some(format!("{}T05:00:00Z", days[1])),
        mode: mode.code().to_owned(),
        place: (mode != CoachingMode::Online).then(|| named(home.theme.office)),
        region: Some(home.region.code.to_string()),
        host: Some(home.record.to_string()),
        agencies,
        innovations: vec![subject.place.to_string()],
        participant_count: is_done.then(|| desk.dice.between(8, 240).cast_signed()),
        outcome: is_done.then(|| subject.story.line("kebutuhan", &mut desk.dice)),
        steps,
    };
    let said = CoachingActivity::parse(&draft, desk.today())?;
    desk.say(Kind::COACHING, Audience::Public, &said)?;
    Ok(())
}

/// Writes a question about an innovation, and mostly its answer.
pub(super) fn thread(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let subject = desk.subject();
    let is_answered = desk.dice.chance(70);
    let days = desk.days(subject.since, 2);
    let (thread, post) = (desk.id(), desk.id());
    let mut steps = vec![step("OPEN", days[0])];
    if is_answered {
        steps.push(step("ANSWERED", days[1]));
    }
    let draft = ThreadDraft {
        kind: "QUESTION".to_owned(),
        subject: Some(subject.place.to_string()),
        title: labelled(&subject.story.line("pertanyaan", &mut desk.dice)),
        steps,
        accepted_post: is_answered.then(|| desk.own(post).to_string()),
    };
    let said = Thread::parse(&draft, desk.today())?;
    desk.say_as(thread, Kind::THREAD, Audience::Public, &said)?;
    if is_answered {
        let office = subject.agency.unwrap_or(desk.core.agency);
        let draft = PostDraft {
            thread: desk.own(thread).to_string(),
            body: labelled(&subject.story.tell("jawab", 2, &mut desk.dice)),
            by_office: named(desk.agency(office).theme.office),
        };
        desk.say_as(post, Kind::POST, Audience::Public, &Post::parse(&draft)?)?;
    }
    Ok(())
}

/// Writes a need of an agency, and sometimes what it found.
pub(super) fn need(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let subject = desk.subject();
    let chosen = desk.another_agency(&subject);
    let home = desk.agency(chosen);
    let theme = theme_of(Some(home.theme.affair));
    let days = desk.days(subject.since, 2);
    let mut steps = vec![step("OPEN", days[0])];
    let end = desk
        .dice
        .weigh(&[(60, None), (28, Some("MATCHED")), (12, Some("CLOSED"))]);
    steps.extend(end.map(|state| step(state, days[1])));
    let draft = NeedDraft {
        agency: home.record.to_string(),
        statement: labelled(&subject.story.line("kebutuhan", &mut desk.dice)),
        affairs: vec![theme.affair.code().to_owned()],
        sdgs: theme.sdgs.iter().copied().take(1).collect(),
        region: Some(home.region.code.to_string()),
        innovation: (end == Some("MATCHED")).then(|| subject.place.to_string()),
        steps,
    };
    let said = Need::parse(&draft, desk.today())?;
    desk.say(Kind::NEED, Audience::Public, &said)?;
    Ok(())
}
