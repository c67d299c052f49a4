//! The provinces, regencies and cities of Indonesia, compiled into the program.
//!
//! Every node of one version has the same edition; a record may name a code that only another edition has.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::form::{FormCheck, Provenance};

/// A code that is not of the form `33` or `33.72`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not a region's code such as 33 or 33.72")]
pub struct RegionCodeError(String);

/// A region's code in the decrees of the Ministry of Home Affairs ("kode wilayah"): `33` for a province, `33.72` for a
/// regency or city in it. Ordered as in the decree: a province, then its parts. Not the code of Statistics Indonesia,
/// see [`Region::bps_code`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegionCode {
    province: u8,
    part: Option<u8>,
}

impl RegionCode {
    /// Parses a code; whether the region exists, [`Regions::find`] tells.
    pub fn parse(raw: &str) -> Result<Self, RegionCodeError> {
        from_digits(raw.trim().as_bytes()).ok_or_else(|| RegionCodeError(super::form::quoted(raw)))
    }

    /// The code of the province that this region is or lies in.
    #[must_use]
    pub const fn province(self) -> Self {
        Self {
            province: self.province,
            part: None,
        }
    }

    /// The code's numbers: of the province, and of the regency or city in it. Each is below 100.
    pub const fn numbers(self) -> (u8, Option<u8>) {
        (self.province, self.part)
    }

    /// The code of these numbers.
    ///
    /// # Panics
    /// A number is 100 or more.
    pub const fn of_numbers(province: u8, part: Option<u8>) -> Self {
        assert!(province < 100 && (part.is_none() || matches!(part, Some(0..100))));
        Self { province, part }
    }

    /// Whether the code is a province's.
    pub const fn is_province(self) -> bool {
        self.part.is_none()
    }

    /// Whether another region is this one or lies in it.
    pub fn contains(self, other: Self) -> bool {
        self == other || self == other.province()
    }
}

fn from_digits(raw: &[u8]) -> Option<RegionCode> {
    let (province, part) = match *raw {
        [a, b] => (pair(a, b)?, None),
        [a, b, b'.', c, d] => (pair(a, b)?, Some(pair(c, d)?)),
        _ => return None,
    };
    Some(RegionCode { province, part })
}

fn pair(tens: u8, ones: u8) -> Option<u8> {
    let both_digits = tens.is_ascii_digit() && ones.is_ascii_digit();
    both_digits.then(|| (tens - b'0') * 10 + (ones - b'0'))
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.province)?;
        match self.part {
            Some(part) => write!(f, ".{part:02}"),
            None => Ok(()),
        }
    }
}

impl FromStr for RegionCode {
    type Err = RegionCodeError;

    fn from_str(raw: &str) -> Result<Self, RegionCodeError> {
        Self::parse(raw)
    }
}

impl TryFrom<String> for RegionCode {
    type Error = RegionCodeError;

    fn try_from(raw: String) -> Result<Self, RegionCodeError> {
        Self::parse(&raw)
    }
}

impl From<RegionCode> for String {
    fn from(code: RegionCode) -> Self {
        code.to_string()
    }
}

/// What a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegionLevel {
    /// Provinsi.
    Province,
    /// Kabupaten.
    Regency,
    /// Kota.
    City,
}

/// A province, regency or city.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Region {
    /// The code of the Ministry of Home Affairs, the key.
    #[serde(rename = "kemendagri_code")]
    pub code: RegionCode,
    /// What the region is.
    pub level: RegionLevel,
    /// The province of a regency or city.
    #[serde(rename = "parent_code")]
    pub parent: Option<RegionCode>,
    /// The official name, for example "Kabupaten Aceh Selatan".
    pub name: String,
    /// The name without the word for the level, for example "Aceh Selatan"; not unique.
    pub short_name: String,
    /// The code of ISO 3166-2, for provinces only.
    pub iso_3166_2: Option<String>,
    /// The code of Statistics Indonesia (BPS), where it is known. It differs from `code` for 157 regencies and cities
    /// and the six provinces of Papua; never derive one from the other.
    pub bps_code: Option<String>,
    /// The seat of government.
    pub capital: String,
    /// Latitude of the centroid in degrees (WGS 84).
    pub lat: f64,
    /// Longitude of the centroid in degrees (WGS 84).
    pub lng: f64,
    /// Land area in square kilometres.
    pub area_km2: f64,
    /// Inhabitants at the end of 2024.
    pub population_2024: u32,
}

/// All regions of one edition, in the order of their codes.
#[derive(Debug)]
pub struct Regions(Vec<Region>);

static REGIONS: LazyLock<Regions> = LazyLock::new(|| {
    let table = include_str!("../../../../data/regions.csv");
    let rows = csv::Reader::from_reader(table.as_bytes()).into_deserialize();
    Regions(
        rows.collect::<Result<_, _>>()
            .expect("a test reads the same table"),
    )
});

impl Regions {
    /// The decrees whose codes and names these are.
    pub const EDITION: &'static str = "Kepmendagri 300.2.2-2138/2025, 300.2.2-2430/2025";

    /// The regions that were compiled in, read on first use.
    pub fn get() -> &'static Self {
        &REGIONS
    }

    /// Finds a region by its code.
    pub fn find(&self, code: RegionCode) -> Option<&Region> {
        let at = self.0.binary_search_by_key(&code, |region| region.code);
        at.ok().map(|at| &self.0[at])
    }

    /// The regencies and cities of a province; none for a regency or city.
    pub fn children(&self, code: RegionCode) -> &[Region] {
        if !code.is_province() {
            return &[];
        }
        let first = self.0.partition_point(|region| region.code <= code);
        let beyond = self
            .0
            .partition_point(|region| region.code.province() <= code);
        &self.0[first..beyond]
    }

    /// The regions that a region lies in, the nearest first; today that is its province or nothing.
    pub fn ancestors(&self, code: RegionCode) -> impl Iterator<Item = &Region> {
        let parent_of = |code| self.find(code)?.parent.and_then(|parent| self.find(parent));
        std::iter::successors(parent_of(code), move |region| parent_of(region.code))
    }

    /// All regions in the order of their codes.
    pub fn iter(&self) -> std::slice::Iter<'_, Region> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Regions {
    type Item = &'a Region;
    type IntoIter = std::slice::Iter<'a, Region>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Takes a region's code that may be left out. One that is typed here must exist; one that was received may be of
/// another edition.
pub(crate) fn check_region(
    form: &mut FormCheck,
    field: &str,
    raw: Option<&str>,
) -> Option<RegionCode> {
    let code = form.optional(field, raw, RegionCode::parse)?;
    let is_known = form.provenance() == Provenance::Received || Regions::get().find(code).is_some();
    if !is_known {
        form.refuse(
            field,
            format_args!("{code} is no region of the edition {}", Regions::EDITION),
        );
    }
    Some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(raw: &str) -> RegionCode {
        raw.parse().unwrap()
    }

    fn region(raw: &str) -> &'static Region {
        Regions::get().find(code(raw)).unwrap()
    }

    #[test]
    fn a_code_reads_back() {
        for good in ["11", "33.72", "00", "99.09"] {
            assert_eq!(code(good).to_string(), good);
        }
        for bad in [
            "", "1", "111", "33.", "33.7", "33-72", "33.723", "a1", "33.b2", "33.72.01", "٣٣",
        ] {
            assert!(RegionCode::parse(bad).is_err(), "{bad}");
        }
        let error = RegionCode::parse("3372").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""3372" is not a region's code such as 33 or 33.72"#
        );
    }

    #[test]
    fn a_province_contains_itself_and_its_parts() {
        assert!(code("33").contains(code("33")));
        assert!(code("33").contains(code("33.72")));
        assert!(code("33.72").contains(code("33.72")));
        assert!(!code("33.72").contains(code("33")));
        assert!(!code("33").contains(code("34.71")));
    }

    #[test]
    fn the_table_is_whole_and_in_order() {
        let regions = Regions::get();
        let count = |level| {
            regions
                .iter()
                .filter(|region| region.level == level)
                .count()
        };
        assert_eq!(count(RegionLevel::Province), 38);
        assert_eq!(count(RegionLevel::Regency), 416);
        assert_eq!(count(RegionLevel::City), 98);
        assert!(regions.0.is_sorted_by(|a, b| a.code < b.code));
        for region in regions {
            let province = Some(region.code.province()).filter(|_| !region.code.is_province());
            assert_eq!(region.parent, province, "{}", region.name);
            assert_eq!(
                region.level == RegionLevel::Province,
                region.code.is_province()
            );
            assert!(
                region
                    .parent
                    .is_none_or(|parent| regions.find(parent).is_some())
            );
        }
    }

    #[test]
    fn known_regions_are_found() {
        let payakumbuh = region("13.76");
        assert_eq!(payakumbuh.name, "Kota Payakumbuh");
        assert_eq!(payakumbuh.short_name, "Payakumbuh");
        assert_eq!(payakumbuh.level, RegionLevel::City);
        assert_eq!(payakumbuh.iso_3166_2, None);
        assert_eq!(region("35").iso_3166_2.as_deref(), Some("ID-JI"));
        assert_eq!(region("51.03").capital, "Mangupura, Kec. Meng");
        assert_eq!(region("92").bps_code.as_deref(), Some("91"));
        assert_eq!(Regions::get().find(code("99")), None);
    }

    #[test]
    fn a_region_knows_what_lies_in_it_and_around_it() {
        let regions = Regions::get();
        let children = |raw: &str| regions.children(code(raw)).iter();
        assert_eq!(
            children("34")
                .map(|region| region.code.to_string())
                .collect::<Vec<_>>(),
            ["34.01", "34.02", "34.03", "34.04", "34.71"]
        );
        assert_eq!(children("34.01").count(), 0);
        assert_eq!(children("99").count(), 0);
        let all: usize = (11..=99)
            .map(|province| children(&province.to_string()).count())
            .sum();
        assert_eq!(all, 416 + 98);

        let ancestors = |raw| {
            regions
                .ancestors(code(raw))
                .map(|region| region.name.as_str())
        };
        assert_eq!(ancestors("13.76").collect::<Vec<_>>(), ["Sumatera Barat"]);
        assert_eq!(ancestors("13").count(), 0);
        assert_eq!(ancestors("99.01").count(), 0);
    }
}
