//! The regions of Indonesia.

use async_graphql::{Enum, ID, Object};
use domain::catalog::{self, Regions};

use crate::ids::GlobalId;
use crate::scalars::RegionCode;

#[derive(Clone, Copy)]
pub(crate) struct Region(pub(crate) &'static catalog::Region);

/// What sort of region it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::RegionLevel")]
pub(crate) enum RegionLevel {
    /// Provinsi.
    Province,
    /// Kabupaten.
    Regency,
    /// Kota.
    City,
}

impl Region {
    pub(crate) fn find(code: catalog::RegionCode) -> Option<Self> {
        Regions::get().find(code).map(Self)
    }
}

/// A province, regency or city of Indonesia ("wilayah"), from the reference data compiled into the program. Every node of
/// one version has the same edition.
#[Object(serial)]
impl Region {
    /// The region's global id.
    pub(crate) async fn id(&self) -> ID {
        GlobalId::Region(self.0.code).to_id()
    }

    /// The code of the Ministry of Home Affairs ("kode Kemendagri").
    async fn code(&self) -> RegionCode {
        RegionCode(self.0.code)
    }

    /// Whether it is a province, a regency or a city.
    async fn level(&self) -> RegionLevel {
        self.0.level.into()
    }

    /// The full name, for example "Kabupaten Banyumas".
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// The name without "Kabupaten" or "Kota".
    async fn short_name(&self) -> &str {
        &self.0.short_name
    }

    /// The province's code in ISO 3166-2.
    #[graphql(name = "iso31662")]
    async fn iso_3166_2(&self) -> Option<&str> {
        self.0.iso_3166_2.as_deref()
    }

    /// The code of Statistics Indonesia ("kode BPS"), which often differs from the Kemendagri code.
    async fn bps_code(&self) -> Option<&str> {
        self.0.bps_code.as_deref()
    }

    /// The seat of its government.
    async fn capital(&self) -> &str {
        &self.0.capital
    }

    /// Land area in square kilometres.
    async fn area_km2(&self) -> f64 {
        self.0.area_km2
    }

    /// Inhabitants at the end of 2024.
    async fn population2024(&self) -> u32 {
        self.0.population_2024
    }

    /// The centroid's degrees north (WGS 84).
    async fn lat(&self) -> f64 {
        self.0.lat
    }

    /// The centroid's degrees east (WGS 84).
    async fn lng(&self) -> f64 {
        self.0.lng
    }

    /// The province that a regency or city lies in.
    async fn parent(&self) -> Option<Region> {
        Regions::get().ancestors(self.0.code).next().map(Region)
    }

    /// The regencies and cities of a province.
    async fn children(&self) -> Vec<Region> {
        Regions::get()
            .children(self.0.code)
            .iter()
            .map(Region)
            .collect()
    }
}
