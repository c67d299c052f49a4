//! Awards, assessments and endorsements.

use domain::catalog::{
    Assessment, AssessmentDraft, Award, AwardBasis, AwardDraft, Endorsement, EndorsementDraft,
    StepDraft, Vocabulary as _,
};
use domain::entry::{Audience, Kind};
use time::Date;

use super::desk::{Desk, labelled, named};

/// Contests and their tiers.
const CONTESTS: [(&str, &[&str]); 6] = [
    ("KIPP", &["Top 99", "Top 45", "Top 30", "Finalis"]),
    ("IGA", &["Sangat inovatif", "Terinovatif"]),
    ("PKRI", &["Keberlanjutan", "Replikasi"]),
    ("KOVABLIK", &["Top 45", "Top 30", "Top 10"]),
    ("KIJB", &["Top 40", "Top 20"]),
    ("INAGARA", &["Penerima"]),
];

/// Writes an award: claimed by this hub for its own, confirmed for another hub's.
pub(super) fn award(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let subject = desk.subject();
    let basis = match subject.number {
        Some(_) => AwardBasis::Claimed,
        None => AwardBasis::Confirmed,
    };
    let (scheme, tiers) = desk.dice.pick(&CONTESTS);
    let draft = AwardDraft {
        innovation: Some(subject.place.to_string()),
        scheme: named(scheme),
        tier: desk.dice.pick(tiers).to_owned(),
        group: desk.dice.chance(40).then(|| "umum".to_owned()),
        year: year(desk, subject.since),
        basis: basis.code().to_owned(),
        ..AwardDraft::default()
    };
    let today = desk.today();
    let said = Award::parse(&draft, &desk.samples.setting.hub, today)?;
    desk.say(Kind::AWARD, Audience::Public, &said)?;
    Ok(())
}

/// Writes an assessment of one of the hub's own.
pub(super) fn assessment(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let subject = desk.own_subject();
    let (whole, part) = (desk.dice.between(12, 110), desk.dice.below(100));
    let class = match whole {
        65.. => "sangat inovatif",
        40.. => "inovatif",
        _ => "kurang inovatif",
    };
    let states: &[&str] = if desk.dice.chance(70) {
        &["SELF", "VERIFIED"]
    } else {
        &["SELF"]
    };
    let days = desk.days(subject.since, states.len());
    let step = |(state, day): (&&str, Date)| StepDraft {
        state: (*state).to_owned(),
        on: day.to_string(),
        reason: None,
    };
    let steps: Vec<_> = states.iter().zip(days).map(step).collect();
    let draft = AssessmentDraft {
        innovation: Some(subject.place.to_string()),
        instrument: "CONTOH_IGA_SID".to_owned(),
        year: year(desk, subject.since),
        steps,
        total: format!("{whole}.{part:02}"),
        class: Some(class.to_owned()),
        hub: None,
    };
    let said = Assessment::parse(&draft, desk.today())?;
    desk.say(Kind::ASSESSMENT, Audience::Public, &said)?;
    Ok(())
}

/// Writes an endorsement of another hub's innovation; none where no other hub is known, for no hub endorses its own.
pub(super) fn endorsement(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let Some(subject) = desk.foreign() else {
        return Ok(());
    };
    let draft = EndorsementDraft {
        innovation: subject.place.to_string(),
        statement: labelled(&subject.story.line("dukungan", &mut desk.dice)),
        on: desk.days(subject.since, 1)[0].to_string(),
    };
    let today = desk.today();
    let said = Endorsement::parse(&draft, &desk.samples.setting.hub, today)?;
    desk.say(Kind::ENDORSEMENT, Audience::Public, &said)?;
    Ok(())
}

fn year(desk: &mut Desk<'_>, since: Date) -> i64 {
    let day = desk.days(since, 1)[0];
    day.year().into()
}
