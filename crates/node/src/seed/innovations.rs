//! The innovations of samples.

use domain::catalog::{
    AdoptionStatus, Affair, BeneficiariesDraft, ExternalIdDraft, Form, Initiator, Innovation,
    InnovationDraft, InnovationKind, LifecycleStage, PointDraft, SAMPLE_SCHEME, SAMPLE_TAG,
    SustainedDraft, Vocabulary as _, sample_id,
};
use domain::entry::{Audience, Kind};
use domain::identity::RecordId;
use time::{Date, Duration, OffsetDateTime};

use super::Samples;
use super::desk::{Desk, bits, labelled};
use super::dice::Dice;
use super::words::Story;

/// What other records need to know of an innovation; it follows from its number, so nothing of it is kept.
#[derive(Clone, Debug)]
pub(super) struct Core {
    /// Its number among the samples of the seed.
    pub(super) number: u64,
    /// Its record.
    pub(super) record: RecordId,
    /// Its agency, by number.
    pub(super) agency: usize,
    /// What it is about.
    pub(super) story: Story,
    /// When it was written.
    pub(super) at: OffsetDateTime,
    /// When it was begun.
    pub(super) started: Date,
    /// When the trial began, if it did.
    pub(super) trial: Option<Date>,
    /// When regular use began, if it did.
    pub(super) implemented: Option<Date>,
    /// Which coaching it needs.
    pub(super) stage: LifecycleStage,
    /// How far it is in use.
    pub(super) adoption: AdoptionStatus,
    /// The choices that are left.
    dice: Dice,
}

impl Core {
    /// The innovation with a number.
    pub(super) fn of(samples: &Samples, number: u64) -> Self {
        let mut dice = samples.dice("innovation", number);
        let at = samples.plan.moment(number + 1);
        let agency = dice.place(samples.agencies.len());
        let home = &samples.agencies[agency];
        let story = Story::of(home.theme, &home.region.name, &mut dice);
        let adoption = dice.weigh(&[
            (8, AdoptionStatus::Initiative),
            (17, AdoptionStatus::Trial),
            (70, AdoptionStatus::Applied),
            (5, AdoptionStatus::Discontinued),
        ]);
        let days = |days: u64| Duration::days(days.cast_signed());
        let started = at.date() - days(dice.between(700, 3600));
        let (to_trial, to_use) = (dice.between(20, 250), dice.between(40, 400));
        let trial = (adoption != AdoptionStatus::Initiative).then(|| started + days(to_trial));
        let is_used = matches!(
            adoption,
            AdoptionStatus::Applied | AdoptionStatus::Discontinued
        );
        let implemented = trial.filter(|_| is_used).map(|trial| trial + days(to_use));
        let bits = bits(&samples.plan, &samples.setting, "innovation", number);
        let mut core = Self {
            number,
            record: sample_id(at, bits),
            agency,
            story,
            at,
            started,
            trial,
            implemented,
            stage: LifecycleStage::Creation,
            adoption,
            dice,
        };
        core.stage = core.choose_stage();
        core
    }

    fn choose_stage(&mut self) -> LifecycleStage {
        let may_be_permanent = self.adoption == AdoptionStatus::Applied
            && self
                .permanent_from()
                .is_some_and(|day| day < self.at.date());
        match self.adoption {
            AdoptionStatus::Applied if may_be_permanent && self.dice.chance(40) => {
                LifecycleStage::Institutionalization
            }
            AdoptionStatus::Applied if self.dice.chance(80) => LifecycleStage::Development,
            AdoptionStatus::Trial if self.dice.chance(50) => LifecycleStage::Development,
            _ => LifecycleStage::Creation,
        }
    }

    /// The first day on which it may become permanent: after a year of use.
    pub(super) fn permanent_from(&self) -> Option<Date> {
        Some(self.implemented? + Duration::days(370))
    }

    /// Since when it can be told of.
    pub(super) fn since(&self) -> Date {
        self.implemented.or(self.trial).unwrap_or(self.started)
    }
}

/// Writes the innovation of the desk.
pub(super) fn write(desk: &mut Desk<'_>) -> anyhow::Result<()> {
    let mut core = desk.core.clone();
    let dice = &mut core.dice;
    let home = desk.agency(core.agency);
    let (acronym, name) = (core.story.acronym(dice), core.story.name());
    let draft = InnovationDraft {
        title: labelled(&format!("{acronym}: {name} {}", home.region.name)),
        acronym_of: Some(name),
        agency: home.record.to_string(),
        unit_name: dice
            .chance(60)
            .then(|| unit(home.theme.affair, home.region.short_name.as_str(), dice)),
        external_ids: vec![ExternalIdDraft {
            scheme: SAMPLE_SCHEME.to_owned(),
            value: format!(
                "{}-{}-{}",
                desk.samples.setting.hub, desk.samples.plan.seed, core.number
            ),
        }],
        kind: dice
            .chance(60)
            .then(|| dice.pick(InnovationKind::ALL).code().to_owned()),
        form: Some(
            dice.weigh(&[
                (25, Form::Governance),
                (65, Form::PublicService),
                (10, Form::Other),
            ])
            .code()
            .to_owned(),
        ),
        is_digital: Some(dice.chance(45)),
        initiator: dice
            .chance(80)
            .then(|| dice.pick(Initiator::ALL).code().to_owned()),
        affairs: affairs(home.theme.affair, dice),
        sdgs: sdgs(&home.theme.sdgs, dice),
        tags: vec![SAMPLE_TAG.to_owned(), core.story.thing().to_owned()],
        started_on: Some(core.started.to_string()),
        trial_on: core.trial.map(|day| day.to_string()),
        implemented_on: core.implemented.map(|day| day.to_string()),
        stage: core.stage.code().to_owned(),
        adoption: core.adoption.code().to_owned(),
        beneficiaries: dice.chance(50).then(|| BeneficiariesDraft {
            count: dice.between(40, 90_000).cast_signed(),
            unit: Some("warga".to_owned()),
            period: Some("per tahun".to_owned()),
        }),
        sustained: dice.chance(25).then(|| SustainedDraft {
            answer: dice.pick(&["YES", "YES_WITH_DEVELOPMENT", "NO"]).to_owned(),
            reason: None,
        }),
        point: Some(PointDraft {
            lat: near(home.region.lat, (-11.4, 6.4), dice),
            lng: near(home.region.lng, (94.6, 141.4), dice),
        }),
        ..InnovationDraft::default()
    };
    let draft = told(draft, &core.story, core.stage, &mut core.dice);
    let innovation = Innovation::parse(&draft, core.at.date())?;
    let body = InnovationDraft::from(&innovation);
    desk.say_as(core.record, Kind::INNOVATION, Audience::Public, &body)
}

/// Puts the texts in: those that its stage needs, and others by chance.
fn told(
    draft: InnovationDraft,
    story: &Story,
    stage: LifecycleStage,
    dice: &mut Dice,
) -> InnovationDraft {
    let is_grown = stage != LifecycleStage::Creation;
    let is_permanent = stage == LifecycleStage::Institutionalization;
    let mut tell = |list: &str, sentences: usize, needed: bool, percent: u64| {
        (needed || dice.chance(percent)).then(|| story.tell(list, sentences, dice))
    };
    InnovationDraft {
        summary: tell("ringkasan", 3, true, 100),
        background: tell("latar", 3, is_grown, 70),
        novelty: tell("kebaruan", 2, is_grown, 40),
        implementation: tell("pelaksanaan", 3, is_grown, 40),
        impact: tell("dampak", 2, false, 60),
        resources: tell("sumber_daya", 2, false, 20),
        sustainability: tell("keberlanjutan", 2, is_permanent, 20),
        replication_potential: tell("potensi", 2, false, 25),
        preconditions: tell("syarat", 1, false, 20).into_iter().collect(),
        ..draft
    }
}

fn affairs(main: Affair, dice: &mut Dice) -> Vec<String> {
    let mut affairs = vec![main];
    for _ in 0..dice.weigh(&[(65, 0), (25, 1), (10, 2)]) {
        let crossing = dice.pick(Affair::ALL);
        if !affairs.contains(&crossing) {
            affairs.push(crossing);
        }
    }
    affairs
        .iter()
        .map(|affair| affair.code().to_owned())
        .collect()
}

fn sdgs(of_theme: &[i64], dice: &mut Dice) -> Vec<i64> {
    let mut sdgs = vec![dice.pick(of_theme)];
    if dice.chance(40) {
        let other = dice.between(1, 17).cast_signed();
        if !sdgs.contains(&other) {
            sdgs.push(other);
        }
    }
    sdgs
}

/// A place within about 15 km, in steps of about 10 m.
fn near(degrees: f64, (least, most): (f64, f64), dice: &mut Dice) -> f64 {
    let steps = i32::try_from(dice.below(2801)).unwrap_or_default() - 1400;
    let moved = (degrees * 10_000.0).round() + f64::from(steps);
    (moved / 10_000.0).clamp(least, most)
}

fn unit(affair: Affair, region: &str, dice: &mut Dice) -> String {
    let kind = match affair {
        Affair::Health => dice.pick(&["Puskesmas", "RSUD", "Puskesmas Pembantu"]),
        Affair::Education => dice.pick(&["SD Negeri", "SMP Negeri", "PAUD Terpadu"]),
        _ => dice.pick(&["UPT Wilayah", "Kecamatan", "Bidang Pelayanan", "Kelurahan"]),
    };
    format!("{kind} {region} {} ({SAMPLE_TAG})", dice.between(1, 30))
}
