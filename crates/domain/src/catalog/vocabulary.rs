//! The closed vocabularies of the network: short lists of terms that every hub means alike.
//!
//! A code is written into payloads for good, so it is never renamed or given a new meaning; a list may grow.

use std::fmt::Debug;

/// A code that is not a term of its vocabulary.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{given} is not one of {}", known.join(", "))]
pub struct UnknownCode {
    given: String,
    known: Vec<&'static str>,
}

/// A closed list of terms, each with a code in `SCREAMING_SNAKE` case.
pub trait Vocabulary: Copy + Debug + Eq + 'static {
    /// Every term that people may choose, in the order of its source.
    const ALL: &'static [Self];

    /// Where a code lands that another hub's newer version knows and this one does not.
    const OTHER: Self;

    /// The vocabulary's name in the public schema.
    const NAME: &'static str;

    /// What the vocabulary is about, as its comment says it.
    const ABOUT: &'static str;

    /// What the term means, as its comment says it.
    fn about(self) -> &'static str;

    /// The code that stands for the term in payloads and in the public schema.
    fn code(self) -> &'static str;

    /// Finds a term that people may choose.
    fn find(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|term| term.code() == code)
    }

    /// Parses what was typed here.
    fn parse(code: &str) -> Result<Self, UnknownCode> {
        Self::find(code).ok_or_else(|| UnknownCode {
            given: super::form::quoted(code),
            known: Self::ALL.iter().map(|term| term.code()).collect(),
        })
    }

    /// Reads what another hub published: an unknown code becomes [`Self::OTHER`].
    fn read(code: &str) -> Self {
        Self::find(code).unwrap_or(Self::OTHER)
    }
}

/// Declares a vocabulary: its terms with their codes, and the term where unknown codes land, which people may choose
/// only if it is marked `choosable`. What the comments say is told to readers of the public schema too.
macro_rules! vocabulary {
    (
        $(#[doc = $about:expr])*
        $name:ident {
            $($(#[doc = $doc:expr])* $term:ident = $code:literal,)+
        }
        $(choosable { $(#[doc = $other_doc:expr])* $other:ident })?
    ) => {
        $(#[doc = $about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[doc = $doc])* $term,)+
            $($(#[doc = $other_doc])*)?
            /// Here also lands what another hub's newer version knows and this one does not.
            Other,
        }

        impl $crate::catalog::vocabulary::Vocabulary for $name {
            const ALL: &'static [Self] = &[$(Self::$term,)+ $(Self::$other)?];
            const OTHER: Self = Self::Other;
            const NAME: &'static str = stringify!($name);
            const ABOUT: &'static str = concat!($($about, "\n"),*);

            fn code(self) -> &'static str {
                match self {
                    $(Self::$term => $code,)+
                    Self::Other => "OTHER",
                }
            }

            fn about(self) -> &'static str {
                match self {
                    $(Self::$term => concat!($($doc, "\n"),*),)+
                    Self::Other => concat!(
                        $($($other_doc, "\n",)*)?
                        " A term that only a newer version of the sender knows."
                    ),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str($crate::catalog::vocabulary::Vocabulary::code(*self))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str($crate::catalog::vocabulary::Vocabulary::code(*self))
            }
        }
    };
}
pub(crate) use vocabulary;

vocabulary! {
    /// Which coaching an innovation needs next ("pembinaan", Permen PANRB 91/2021). Another axis than [`AdoptionStatus`].
    LifecycleStage {
        /// Penciptaan: ideas are gathered and put into practice.
        Creation = "CREATION",
        /// Pengembangan: quality is raised, the innovation spreads, replication included.
        Development = "DEVELOPMENT",
        /// Pelembagaan: rules, budget and staff make it permanent.
        Institutionalization = "INSTITUTIONALIZATION",
    }
}

vocabulary! {
    /// How far an innovation is in use ("tahapan", PP 38/2017; the end is ours).
    AdoptionStatus {
        /// Inisiatif: an idea with a plan.
        Initiative = "INITIATIVE",
        /// Uji coba: tried in a limited place or time.
        Trial = "TRIAL",
        /// Penerapan: in regular use.
        Applied = "APPLIED",
        /// Dihentikan: no longer in use.
        Discontinued = "DISCONTINUED",
    }
}

vocabulary! {
    /// What an innovation renews ("bentuk", PP 38/2017 art. 5).
    Form {
        /// Tata kelola: how government itself works.
        Governance = "GOVERNANCE",
        /// Pelayanan publik: what people receive.
        PublicService = "PUBLIC_SERVICE",
    }
    choosable {
        /// Bentuk lainnya: anything else within a region's authority.
        Other
    }
}

vocabulary! {
    /// The type of an innovation in the directory of the national institute of administration ("jenis inovasi", LAN).
    InnovationKind {
        /// Inovasi proses: a better course of the internal work.
        Process = "PROCESS",
        /// Inovasi metode: a new way to do a thing.
        Method = "METHOD",
        /// Inovasi produk: a new product or service.
        Product = "PRODUCT",
        /// Inovasi konseptual: a new way to see a problem.
        Concept = "CONCEPT",
        /// Inovasi teknologi: new tools.
        Technology = "TECHNOLOGY",
        /// Inovasi struktur organisasi: a new shape of the organisation.
        Organization = "ORGANIZATION",
        /// Inovasi hubungan: a new relation to others.
        Relationship = "RELATIONSHIP",
        /// Inovasi pengembangan sumber daya manusia: people learn or are led in a new way.
        HumanResources = "HUMAN_RESOURCES",
    }
}

vocabulary! {
    /// Whose idea an innovation was ("inisiator", PP 38/2017 art. 7).
    Initiator {
        /// Kepala daerah.
        RegionalHead = "REGIONAL_HEAD",
        /// Anggota DPRD.
        Council = "COUNCIL",
        /// Perangkat daerah.
        Department = "DEPARTMENT",
        /// Aparatur sipil negara.
        CivilServant = "CIVIL_SERVANT",
        /// Anggota masyarakat.
        Community = "COMMUNITY",
    }
}

vocabulary! {
    /// Whether an innovation goes on ("keberlanjutan"), as asked once a year.
    Sustained {
        /// Berlanjut.
        Yes = "YES",
        /// Berlanjut dengan pengembangan.
        YesWithDevelopment = "YES_WITH_DEVELOPMENT",
        /// Tidak berlanjut.
        No = "NO",
    }
}

vocabulary! {
    /// What sort of body an agency is ("jenis instansi").
    AgencyKind {
        /// Pemerintah provinsi.
        ProvinceGovernment = "PROVINCE_GOV",
        /// Pemerintah kabupaten.
        RegencyGovernment = "REGENCY_GOV",
        /// Pemerintah kota.
        CityGovernment = "CITY_GOV",
        /// Perangkat daerah: a department of a regional government.
        Department = "DEPARTMENT",
        /// Kementerian.
        Ministry = "MINISTRY",
        /// Lembaga: a national body that is not a ministry.
        NationalAgency = "NATIONAL_AGENCY",
        /// Badan usaha milik negara (BUMN).
        StateEnterprise = "STATE_ENTERPRISE",
        /// Badan usaha milik daerah (BUMD).
        RegionalEnterprise = "REGIONAL_ENTERPRISE",
        /// Perguruan tinggi.
        University = "UNIVERSITY",
        /// Pemerintah desa.
        Village = "VILLAGE",
    }
    choosable {
        /// Lainnya.
        Other
    }
}

vocabulary! {
    /// For whom a hub runs the network ("Hub JIPP").
    HubKind {
        /// Provinsi.
        Province = "PROVINCE",
        /// Kabupaten.
        Regency = "REGENCY",
        /// Kota.
        City = "CITY",
        /// Kementerian.
        Ministry = "MINISTRY",
        /// Lembaga.
        Agency = "AGENCY",
    }
}

vocabulary! {
    /// A hub's standing in the network.
    HubStatus {
        /// Calon: not yet named by decree.
        Candidate = "CANDIDATE",
        /// Aktif.
        Active = "ACTIVE",
        /// Ditangguhkan.
        Suspended = "SUSPENDED",
        /// Berakhir: its records stay readable.
        Retired = "RETIRED",
    }
}

vocabulary! {
    /// Where a member stands, as the network's authority says.
    MemberStatus {
        /// Its log is followed.
        Active = "ACTIVE",
        /// Its log is not followed for the time being.
        Suspended = "SUSPENDED",
        /// Its log is not followed any more.
        Revoked = "REVOKED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<V: Vocabulary>(codes: &[&str], other_is_choosable: bool) {
        let all: Vec<_> = V::ALL.iter().map(|term| term.code()).collect();
        assert_eq!(all, codes);
        for &term in V::ALL {
            assert_eq!(V::parse(term.code()), Ok(term));
            assert_eq!(V::read(term.code()), term);
        }
        assert_eq!(V::parse("OTHER").is_ok(), other_is_choosable);
        assert!(V::parse("FROM_2040").is_err());
        assert!(V::parse(&codes[0].to_lowercase()).is_err());
        assert_eq!(V::read("FROM_2040"), V::OTHER);
        assert_eq!(V::OTHER.code(), "OTHER");
    }

    #[test]
    fn codes_never_change() {
        check::<LifecycleStage>(&["CREATION", "DEVELOPMENT", "INSTITUTIONALIZATION"], false);
        check::<AdoptionStatus>(&["INITIATIVE", "TRIAL", "APPLIED", "DISCONTINUED"], false);
        check::<Form>(&["GOVERNANCE", "PUBLIC_SERVICE", "OTHER"], true);
        check::<Sustained>(&["YES", "YES_WITH_DEVELOPMENT", "NO"], false);
        check::<HubKind>(
            &["PROVINCE", "REGENCY", "CITY", "MINISTRY", "AGENCY"],
            false,
        );
        check::<HubStatus>(&["CANDIDATE", "ACTIVE", "SUSPENDED", "RETIRED"], false);
        check::<MemberStatus>(&["ACTIVE", "SUSPENDED", "REVOKED"], false);
        check::<Initiator>(
            &[
                "REGIONAL_HEAD",
                "COUNCIL",
                "DEPARTMENT",
                "CIVIL_SERVANT",
                "COMMUNITY",
            ],
            false,
        );
    }

    #[test]
    fn codes_of_the_longer_lists_never_change() {
        check::<InnovationKind>(
            &[
                "PROCESS",
                "METHOD",
                "PRODUCT",
                "CONCEPT",
                "TECHNOLOGY",
                "ORGANIZATION",
                "RELATIONSHIP",
                "HUMAN_RESOURCES",
            ],
            false,
        );
        check::<AgencyKind>(
            &[
                "PROVINCE_GOV",
                "REGENCY_GOV",
                "CITY_GOV",
                "DEPARTMENT",
                "MINISTRY",
                "NATIONAL_AGENCY",
                "STATE_ENTERPRISE",
                "REGIONAL_ENTERPRISE",
                "UNIVERSITY",
                "VILLAGE",
                "OTHER",
            ],
            true,
        );
    }

    #[test]
    fn an_unknown_code_is_answered_with_the_known_ones() {
        let error = LifecycleStage::parse("BIRTH").unwrap_err();
        assert_eq!(
            error.to_string(),
            r#""BIRTH" is not one of CREATION, DEVELOPMENT, INSTITUTIONALIZATION"#
        );
    }
}
