//! The Sustainable Development Goals that an innovation serves.

use std::fmt;

use serde::{Serialize, Serializer};

use super::form::FormCheck;

/// A number that is not a goal's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a goal from 1 to 17")]
pub struct SdgError(i64);

/// One Sustainable Development Goal, 1 to 17 (United Nations resolution A/RES/70/1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sdg(u8);

impl Sdg {
    /// Takes a goal's number.
    pub fn parse(number: i64) -> Result<Self, SdgError> {
        let goal = u8::try_from(number)
            .ok()
            .filter(|goal| (1..=17).contains(goal));
        goal.map(Self).ok_or(SdgError(number))
    }

    /// The goal's number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// The goal's bit in a mask such as [`Sdgs::bits`]: bit 1 for goal 1, bit 17 for goal 17.
    pub const fn mask(self) -> u32 {
        1 << self.0
    }
}

impl fmt::Display for Sdg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Sdgs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Sdg::number))
    }
}

/// A set of goals; empty where the source says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sdgs(u32);

impl Sdgs {
    /// The most goals of one innovation: all.
    pub const MOST: usize = 17;

    /// Takes the numbers of a draft in any order, without repeats.
    pub(super) fn check(form: &mut FormCheck, raw: &[i64]) -> Self {
        let goals = form.list("sdgs", raw, Self::MOST, |form, &number| {
            form.take("", Sdg::parse(number))
        });
        form.distinct("sdgs", &goals);
        goals.into_iter().collect()
    }

    /// The set as a mask, each goal at its [`Sdg::mask`].
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The goals in ascending order.
    pub fn iter(self) -> impl Iterator<Item = Sdg> {
        (1..=17)
            .map(Sdg)
            .filter(move |goal| self.0 & goal.mask() != 0)
    }

    /// Whether the source says nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Sdg> for Sdgs {
    fn from_iter<I: IntoIterator<Item = Sdg>>(goals: I) -> Self {
        Self(goals.into_iter().fold(0, |bits, goal| bits | goal.mask()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Provenance;

    fn check(raw: &[i64], expected: Result<u32, &str>) {
        let mut form = FormCheck::new(Provenance::Typed);
        let goals = Sdgs::check(&mut form, raw);
        let bits = form
            .finish(|| Some(goals.bits()))
            .map_err(|errors| errors.to_string());
        assert_eq!(bits, expected.map_err(str::to_owned), "{raw:?}");
    }

    #[test]
    fn goals_are_1_to_17_without_repeats() {
        check(&[], Ok(0));
        check(&[17, 1], Ok(1 << 17 | 1 << 1));
        check(&(1..=17).collect::<Vec<_>>(), Ok((1 << 18) - 2));
        check(&[0], Err("sdgs[0]: 0 is not a goal from 1 to 17"));
        check(
            &[1, 18, -1],
            Err("sdgs[1]: 18 is not a goal from 1 to 17; sdgs[2]: -1 is not a goal from 1 to 17"),
        );
        check(&[257], Err("sdgs[0]: 257 is not a goal from 1 to 17"));
        check(&[3, 4, 3], Err("sdgs: repeats 3"));
        check(&[1; 18], Err("sdgs: has 18 items; 17 are allowed"));
    }

    #[test]
    fn goals_come_in_ascending_order() {
        let goals: Sdgs = [16, 1, 17]
            .into_iter()
            .map(|goal| Sdg::parse(goal).unwrap())
            .collect();
        assert_eq!(
            goals.iter().map(Sdg::number).collect::<Vec<_>>(),
            [1, 16, 17]
        );
        assert!(!goals.is_empty() && Sdgs::default().is_empty());
    }
}
