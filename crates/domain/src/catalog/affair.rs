//! The affairs of government that an innovation serves.

use serde::Serialize;

use super::form::FormCheck;
use super::vocabulary::vocabulary;

/// Declares the affairs by their groups: bit, term, code, Indonesian and English name of each.
macro_rules! affairs {
    ($($group:ident {
        $($bit:literal $term:ident $code:literal $name_id:literal $name_en:literal;)+
    })+) => {
        vocabulary! {
            /// An affair of regional government ("urusan pemerintahan", UU 23/2014 art. 12), or one of the functions
            /// that support them all ("fungsi penunjang", PP 18/2016).
            Affair {
                $($(#[doc = concat!($name_id, ": ", $name_en, ".")] $term = $code,)+)+
            }
        }

        const fn facts(affair: Affair) -> Facts {
            match affair {
                $($(Affair::$term => Facts {
                    bit: $bit,
                    group: AffairGroup::$group,
                    name_id: $name_id,
                    name_en: $name_en,
                },)+)+
                Affair::Other => Facts {
                    bit: 62,
                    group: AffairGroup::Unknown,
                    name_id: "Lainnya",
                    name_en: "Other",
                },
            }
        }
    };
}

// Databases keep the bits, so a bit is never given to another affair, not even when an affair falls away; a new one
// takes the next free bit below 62. Bit 62 is that of unknown affairs, bit 63 stays free as the sign of a column.
affairs! {
    Basic {
        0 Education "EDUCATION" "Pendidikan" "Education";
        1 Health "HEALTH" "Kesehatan" "Health";
        2 PublicWorks "PUBLIC_WORKS" "Pekerjaan umum dan penataan ruang" "Public works and spatial planning";
        3 Housing "HOUSING" "Perumahan rakyat dan kawasan permukiman" "Housing and settlements";
        4 PublicOrder "PUBLIC_ORDER" "Ketenteraman, ketertiban umum, dan pelindungan masyarakat" "Public order and civil protection";
        5 Social "SOCIAL" "Sosial" "Social affairs";
    }
    Mandatory {
        6 Labour "LABOUR" "Tenaga kerja" "Labour";
        7 WomenAndChildren "WOMEN_AND_CHILDREN" "Pemberdayaan perempuan dan pelindungan anak" "Women's empowerment and child protection";
        8 Food "FOOD" "Pangan" "Food";
        9 Land "LAND" "Pertanahan" "Land";
        10 Environment "ENVIRONMENT" "Lingkungan hidup" "Environment";
        11 CivilRegistration "CIVIL_REGISTRATION" "Administrasi kependudukan dan pencatatan sipil" "Population administration and civil registration";
        12 CommunityAndVillage "COMMUNITY_AND_VILLAGE" "Pemberdayaan masyarakat dan desa" "Community and village empowerment";
        13 FamilyPlanning "FAMILY_PLANNING" "Pengendalian penduduk dan keluarga berencana" "Population control and family planning";
        14 Transport "TRANSPORT" "Perhubungan" "Transport";
        15 Communication "COMMUNICATION" "Komunikasi dan informatika" "Communication and informatics";
        16 Cooperatives "COOPERATIVES" "Koperasi, usaha kecil, dan menengah" "Cooperatives, small and medium enterprises";
        17 Investment "INVESTMENT" "Penanaman modal" "Investment";
        18 YouthAndSport "YOUTH_AND_SPORT" "Kepemudaan dan olahraga" "Youth and sport";
        19 Statistics "STATISTICS" "Statistik" "Statistics";
        20 Cryptography "CRYPTOGRAPHY" "Persandian" "Cryptography";
        21 Culture "CULTURE" "Kebudayaan" "Culture";
        22 Library "LIBRARY" "Perpustakaan" "Libraries";
        23 Archives "ARCHIVES" "Kearsipan" "Archives";
    }
    Optional {
        24 MarineAndFisheries "MARINE_AND_FISHERIES" "Kelautan dan perikanan" "Marine affairs and fisheries";
        25 Tourism "TOURISM" "Pariwisata" "Tourism";
        26 Agriculture "AGRICULTURE" "Pertanian" "Agriculture";
        27 Forestry "FORESTRY" "Kehutanan" "Forestry";
        28 Energy "ENERGY" "Energi dan sumber daya mineral" "Energy and mineral resources";
        29 Trade "TRADE" "Perdagangan" "Trade";
        30 Industry "INDUSTRY" "Perindustrian" "Industry";
        31 Transmigration "TRANSMIGRATION" "Transmigrasi" "Transmigration";
    }
    Supporting {
        32 Planning "PLANNING" "Perencanaan" "Planning";
        33 Finance "FINANCE" "Keuangan" "Finance";
        34 Personnel "PERSONNEL" "Kepegawaian serta pendidikan dan pelatihan" "Personnel, education and training of civil servants";
        35 Research "RESEARCH" "Penelitian dan pengembangan" "Research and development";
    }
}

struct Facts {
    bit: u8,
    group: AffairGroup,
    name_id: &'static str,
    name_en: &'static str,
}

/// Why a government has an affair (UU 23/2014 art. 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AffairGroup {
    /// Urusan wajib yang berkaitan dengan pelayanan dasar: owed to everyone.
    Basic,
    /// Urusan wajib lainnya: every region has them.
    Mandatory,
    /// Urusan pilihan: regions have them as their resources suggest.
    Optional,
    /// Fungsi penunjang: they serve the other affairs.
    Supporting,
    /// Of a newer version's affair, not known here.
    Unknown,
}

impl Affair {
    /// The affair's name in Indonesian.
    pub fn name_id(self) -> &'static str {
        facts(self).name_id
    }

    /// The affair's name in English.
    pub fn name_en(self) -> &'static str {
        facts(self).name_en
    }

    /// Why governments have the affair.
    pub fn group(self) -> AffairGroup {
        facts(self).group
    }

    /// The affair's bit in a mask such as [`Affairs::bits`].
    pub fn mask(self) -> u64 {
        1 << facts(self).bit
    }
}

/// The affairs of one innovation: the main one first, then those it crosses; none where the source says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Affairs(Vec<Affair>);

impl Affairs {
    /// The most affairs of one innovation: 1 main and 4 crossing.
    pub const MOST: usize = 5;

    /// Takes the codes of a draft. Several codes that only a newer version knows become one [`Affair::Other`].
    pub(super) fn check(form: &mut FormCheck, raw: &[String]) -> Self {
        let mut affairs = form.list("affairs", raw, Self::MOST, |form, code| {
            form.choice("", code)
        });
        let mut known_others = 0;
        affairs.retain(|&affair| {
            known_others += usize::from(affair == Affair::Other);
            affair != Affair::Other || known_others == 1
        });
        form.distinct("affairs", &affairs);
        Self(affairs)
    }

    /// The affair that the innovation serves above all.
    pub fn main(&self) -> Option<Affair> {
        self.0.first().copied()
    }

    /// Whether there is no affair.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All affairs, the main one first.
    pub fn as_slice(&self) -> &[Affair] {
        &self.0
    }

    /// All affairs as a mask, each at its [`Affair::mask`]; below 2⁶³.
    pub fn bits(&self) -> u64 {
        self.0.iter().fold(0, |bits, affair| bits | affair.mask())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{FormErrors, Provenance, Vocabulary};

    fn affairs(provenance: Provenance, codes: &[&str]) -> Result<Affairs, FormErrors> {
        let raw: Vec<_> = codes.iter().copied().map(str::to_owned).collect();
        let mut form = FormCheck::new(provenance);
        let affairs = Affairs::check(&mut form, &raw);
        form.finish(|| Some(affairs))
    }

    #[test]
    fn the_law_lists_6_and_18_and_8_affairs() {
        let count = |group| {
            Affair::ALL
                .iter()
                .filter(|affair| affair.group() == group)
                .count()
        };
        assert_eq!(count(AffairGroup::Basic), 6);
        assert_eq!(count(AffairGroup::Mandatory), 18);
        assert_eq!(count(AffairGroup::Optional), 8);
        assert_eq!(count(AffairGroup::Supporting), 4);
        assert_eq!(Affair::ALL.len(), 36);
    }

    #[test]
    fn codes_never_change() {
        let codes: Vec<_> = Affair::ALL.iter().map(|affair| affair.code()).collect();
        assert_eq!(
            codes.join(" "),
            "EDUCATION HEALTH PUBLIC_WORKS HOUSING PUBLIC_ORDER SOCIAL LABOUR WOMEN_AND_CHILDREN \
             FOOD LAND ENVIRONMENT CIVIL_REGISTRATION COMMUNITY_AND_VILLAGE FAMILY_PLANNING \
             TRANSPORT COMMUNICATION COOPERATIVES INVESTMENT YOUTH_AND_SPORT STATISTICS \
             CRYPTOGRAPHY CULTURE LIBRARY ARCHIVES MARINE_AND_FISHERIES TOURISM AGRICULTURE \
             FORESTRY ENERGY TRADE INDUSTRY TRANSMIGRATION PLANNING FINANCE PERSONNEL RESEARCH"
        );
        assert_eq!(Affair::Archives.name_id(), "Kearsipan");
        assert_eq!(Affair::Archives.name_en(), "Archives");
    }

    #[test]
    fn bits_never_change() {
        for (bit, affair) in Affair::ALL.iter().enumerate() {
            assert_eq!(affair.mask(), 1 << bit, "{affair}");
        }
        assert_eq!(Affair::Other.mask(), 1 << 62);
        assert_eq!(Affair::Library.mask(), 1 << 22);
        assert_eq!(Affair::Research.mask(), 1 << 35);
    }

    #[test]
    fn the_first_affair_is_the_main_one() {
        let affairs = affairs(Provenance::Typed, &["LIBRARY", "HEALTH"]).unwrap();
        assert_eq!(affairs.main(), Some(Affair::Library));
        assert_eq!(affairs.as_slice(), [Affair::Library, Affair::Health]);
        assert_eq!(affairs.bits(), 1 << 22 | 1 << 1);
        assert_eq!(Affairs::default().main(), None);
        assert_eq!(Affairs::default().bits(), 0);
    }

    #[test]
    fn repeats_and_long_lists_are_refused() {
        let check = |codes: &[&str], expected: Option<&str>| {
            for provenance in [Provenance::Typed, Provenance::Received] {
                let errors = affairs(provenance, codes)
                    .err()
                    .map(|errors| errors.to_string());
                assert_eq!(errors.as_deref(), expected, "{codes:?}");
            }
        };
        check(&["FOOD", "LAND", "TRADE", "HEALTH", "SOCIAL"], None);
        check(
            &["FOOD", "LAND", "TRADE", "HEALTH", "SOCIAL", "ENERGY"],
            Some("affairs: has 6 items; 5 are allowed"),
        );
        check(&["FOOD", "LAND", "FOOD"], Some("affairs: repeats FOOD"));
        check(&["FOOD", ""], Some("affairs[1]: is required"));
    }

    #[test]
    fn affairs_of_a_newer_version_become_one_other() {
        let codes = ["SPACE", "FOOD", "DEEP_SEA"];
        let received = affairs(Provenance::Received, &codes).unwrap();
        assert_eq!(received.as_slice(), [Affair::Other, Affair::Food]);
        let typed = affairs(Provenance::Typed, &codes).unwrap_err();
        let fields: Vec<_> = typed
            .fields()
            .iter()
            .map(|error| error.field.as_str())
            .collect();
        assert_eq!(fields, ["affairs[0]", "affairs[2]"]);
    }
}
