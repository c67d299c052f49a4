//! The rows of the columns: what is kept of each kind of record.

use super::facts::{ReplicationFact, TransitionFact};
use crate::catalog::{Move, ProgressState, RegionCode, ReplicationStanding};

/// A region as a number: province and part, 0 for no region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RegionNumber(pub(super) u16);

impl RegionNumber {
    /// One above the largest number.
    pub(super) const END: usize = 1 + 100 * 101;

    pub(super) fn of(region: Option<RegionCode>) -> Self {
        let number = |code: RegionCode| {
            let (province, part) = code.numbers();
            1 + u16::from(province) * 101 + part.map_or(0, |part| 1 + u16::from(part))
        };
        Self(region.map_or(0, number))
    }

    /// The least and the largest number of a region and those within it.
    pub(super) fn within(region: RegionCode) -> (Self, Self) {
        let first = Self::of(Some(region));
        // Those of a province follow it.
        let rest = if region.is_province() { 100 } else { 0 };
        (first, Self(first.0 + rest))
    }

    /// The code; nothing for no region.
    pub(super) fn code(self) -> Option<RegionCode> {
        let number = self.0.checked_sub(1)?;
        let (province, part) = (number / 101, number % 101);
        let small = |number: u16| u8::try_from(number).expect("it was made of two digits");
        Some(RegionCode::of_numbers(
            small(province),
            part.checked_sub(1).map(small),
        ))
    }

    /// The number of the province in which the region is or lies; 0 for no region.
    pub(super) fn province(self) -> usize {
        match self.0.checked_sub(1) {
            Some(number) => 1 + usize::from(number / 101),
            None => 0,
        }
    }
}

/// The place of nothing.
pub(super) const NONE: u32 = u32::MAX;

/// The axes of transitions.
pub(super) const LIFECYCLE: u8 = 0;
pub(super) const ADOPTION: u8 = 1;

/// One above the largest number of a province.
pub(super) const PROVINCES: usize = 101;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Agency {
    pub(super) hub: u32,
    pub(super) region: RegionNumber,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Innovation {
    pub(super) affairs: u64,
    pub(super) current: i64,
    pub(super) agency: u32,
    pub(super) sdgs: u32,
    pub(super) hub: u32,
    /// 0 for none.
    pub(super) year: u16,
    pub(super) stage: u8,
    pub(super) adoption: u8,
}

/// An adopter's word; the innovation is that of its dossier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replication {
    pub(super) adopter: u32,
    pub(super) hub: u32,
    /// Not refused and not given up.
    pub(super) is_live: bool,
    pub(super) is_done: bool,
    pub(super) is_confirmed: bool,
}

impl Replication {
    pub(super) fn of(said: &ReplicationFact, adopter: u32, hub: u32) -> Self {
        let (state, is_confirmed) = (said.state, said.standing == ReplicationStanding::Confirmed);
        let is_done = state == ProgressState::Done;
        Self {
            adopter,
            hub,
            is_live: !matches!(state, ProgressState::Refused | ProgressState::Cancelled),
            is_done,
            is_confirmed: is_done && is_confirmed,
        }
    }
}

/// A move of the innovation of its dossier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Transition {
    /// The transition whose place this takes; [`NONE`] for none.
    pub(super) corrects: u32,
    pub(super) axis: u8,
    pub(super) to: u8,
    /// Days since the epoch of the calendar of the first day that its date may mean.
    pub(super) day: i32,
    /// Orders dates that are not equally exact, as [`crate::catalog::PartialDate::sort_key`] does.
    pub(super) order: u32,
}

impl Transition {
    pub(super) fn of(said: &TransitionFact, corrects: u32) -> Self {
        let (axis, to) = match said.step {
            Move::Lifecycle(_, to) => (LIFECYCLE, to as u8),
            Move::Adoption(_, to) => (ADOPTION, to as u8),
            Move::Unknown => (2, 0),
        };
        let (year, month, day) = said.on.sort_key();
        Self {
            corrects,
            axis,
            to,
            day: said.on.first_day().to_julian_day(),
            order: u32::from(year) << 16 | u32::from(month) << 8 | u32::from(day),
        }
    }
}

/// An award of the innovation of its dossier, or of an agency.
#[derive(Clone, Copy, Debug)]
pub(super) struct Award {
    /// The number of the award itself, the same for everybody who tells of it.
    pub(super) number: u32,
    /// The number of the contest as this record writes it.
    pub(super) telling: u32,
    pub(super) hub: u32,
    pub(super) is_confirmed: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Coaching {
    /// Months since year 0.
    pub(super) month: u32,
    pub(super) hub: u32,
    pub(super) region: RegionNumber,
    pub(super) is_planned: bool,
    pub(super) is_cancelled: bool,
    /// The places of agencies, then those of innovations.
    pub(super) taking_part: Box<[u32]>,
    pub(super) agencies: u8,
}

impl Coaching {
    pub(super) fn agencies(&self) -> &[u32] {
        &self.taking_part[..self.agencies.into()]
    }

    pub(super) fn innovations(&self) -> &[u32] {
        &self.taking_part[self.agencies.into()..]
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Need {
    pub(super) affairs: u64,
    pub(super) sdgs: u32,
    pub(super) agency: u32,
    pub(super) hub: u32,
    pub(super) region: RegionNumber,
    pub(super) is_open: bool,
}

/// The place of the innovation that a record is about; [`NONE`] if it is about something else or nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct About(u32);

impl Default for About {
    fn default() -> Self {
        Self(NONE)
    }
}

impl About {
    pub(super) fn of(innovation: Option<u32>) -> Self {
        Self(innovation.unwrap_or(NONE))
    }

    pub(super) fn innovation(self) -> Option<u32> {
        (self.0 != NONE).then_some(self.0)
    }
}

/// Who won an award, by place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Winner {
    #[default]
    Nobody,
    Innovation(u32),
    Agency(u32),
}

impl Winner {
    pub(super) fn innovation(self) -> Option<u32> {
        match self {
            Self::Innovation(place) => Some(place),
            Self::Agency(_) | Self::Nobody => None,
        }
    }

    pub(super) fn agency(self) -> Option<u32> {
        match self {
            Self::Agency(place) => Some(place),
            Self::Innovation(_) | Self::Nobody => None,
        }
    }
}

/// A record that counts by the fact of another.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Word {
    #[default]
    Nothing,
    OfInnovation(u32),
    OfReplication(u32),
}
