//! The vocabularies of the catalog as they stand in the public schema. A test holds that each term's name is its code.

use async_graphql::Enum;
use domain::catalog;
use domain::entry::Audience;

/// Who may see a record. That it was written, when, and for whom is told to everybody by its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum RecordAudience {
    /// The hubs of the network, and their operators.
    Network,
    /// Everybody.
    Public,
}

impl From<RecordAudience> for Audience {
    fn from(audience: RecordAudience) -> Self {
        match audience {
            RecordAudience::Network => Self::Network,
            RecordAudience::Public => Self::Public,
        }
    }
}

impl From<&Audience> for RecordAudience {
    fn from(audience: &Audience) -> Self {
        match audience {
            Audience::Public => Self::Public,
            // Nobody but its origin holds what is for an audience of a newer version.
            Audience::Network | Audience::Other(_) => Self::Network,
        }
    }
}

/// Which coaching an innovation needs next ("pembinaan", PermenPANRB 91/2021). Another axis than `AdoptionStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::LifecycleStage")]
pub(crate) enum LifecycleStage {
    /// Penciptaan: ideas are gathered and put into practice.
    Creation,
    /// Pengembangan: quality is raised, the innovation spreads, replication included.
    Development,
    /// Pelembagaan: rules, budget and staff make it permanent.
    Institutionalization,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// How far an innovation is in use ("tahapan", PP 38/2017; the end is ours).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::AdoptionStatus")]
pub(crate) enum AdoptionStatus {
    /// Inisiatif: an idea with a plan.
    Initiative,
    /// Uji coba: tried in a limited place or time.
    Trial,
    /// Penerapan: in regular use.
    Applied,
    /// Dihentikan: no longer in use.
    Discontinued,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// What an innovation renews ("bentuk", PP 38/2017 art. 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::Form")]
pub(crate) enum Form {
    /// Tata kelola: how government itself works.
    Governance,
    /// Pelayanan publik: what people receive.
    PublicService,
    /// Bentuk lainnya: anything else within a region's authority.
    Other,
}

/// The type of an innovation in the directory of the national institute of administration ("jenis inovasi", LAN).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::InnovationKind")]
pub(crate) enum InnovationKind {
    /// Inovasi proses: a better course of the internal work.
    Process,
    /// Inovasi metode: a new way to do a thing.
    Method,
    /// Inovasi produk: a new product or service.
    Product,
    /// Inovasi konseptual: a new way to see a problem.
    Concept,
    /// Inovasi teknologi: new tools.
    Technology,
    /// Inovasi struktur organisasi: a new shape of the organisation.
    Organization,
    /// Inovasi hubungan: a new relation to others.
    Relationship,
    /// Inovasi pengembangan sumber daya manusia: people learn or are led in a new way.
    HumanResources,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// Whose idea an innovation was ("inisiator", PP 38/2017 art. 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::Initiator")]
pub(crate) enum Initiator {
    /// Kepala daerah.
    RegionalHead,
    /// Anggota DPRD.
    Council,
    /// Perangkat daerah.
    Department,
    /// Aparatur sipil negara.
    CivilServant,
    /// Anggota masyarakat.
    Community,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// Whether an innovation goes on ("keberlanjutan"), as asked once a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::Sustained")]
pub(crate) enum Sustained {
    /// Berlanjut.
    Yes,
    /// Berlanjut dengan pengembangan.
    YesWithDevelopment,
    /// Tidak berlanjut.
    No,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// What sort of body an agency is ("jenis instansi").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::AgencyKind")]
pub(crate) enum AgencyKind {
    /// Pemerintah provinsi.
    #[graphql(name = "PROVINCE_GOV")]
    ProvinceGovernment,
    /// Pemerintah kabupaten.
    #[graphql(name = "REGENCY_GOV")]
    RegencyGovernment,
    /// Pemerintah kota.
    #[graphql(name = "CITY_GOV")]
    CityGovernment,
    /// Perangkat daerah: a department of a regional government.
    Department,
    /// Kementerian.
    Ministry,
    /// Lembaga: a national body that is not a ministry.
    NationalAgency,
    /// Badan usaha milik negara (BUMN).
    StateEnterprise,
    /// Badan usaha milik daerah (BUMD).
    RegionalEnterprise,
    /// Perguruan tinggi.
    University,
    /// Pemerintah desa.
    Village,
    /// Lainnya.
    Other,
}

/// For whom a hub runs the network ("Hub JIPP").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::HubKind")]
pub(crate) enum HubKind {
    /// Provinsi.
    Province,
    /// Kabupaten.
    Regency,
    /// Kota.
    City,
    /// Kementerian.
    Ministry,
    /// Lembaga.
    Agency,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// A hub's standing in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::HubStatus")]
pub(crate) enum HubStatus {
    /// Calon: not yet named by decree.
    Candidate,
    /// Aktif.
    Active,
    /// Ditangguhkan.
    Suspended,
    /// Berakhir: its records stay readable.
    Retired,
    /// A term that only a newer version of the sender knows.
    Other,
}

/// An affair of regional government ("urusan pemerintahan", UU 23/2014 art. 12), or one of the functions that
/// support them all ("fungsi penunjang", PP 18/2016).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "catalog::Affair")]
pub(crate) enum Affair {
    /// Pendidikan.
    Education,
    /// Kesehatan.
    Health,
    /// Pekerjaan umum dan penataan ruang.
    PublicWorks,
    /// Perumahan rakyat dan kawasan permukiman.
    Housing,
    /// Ketenteraman, ketertiban umum, dan pelindungan masyarakat.
    PublicOrder,
    /// Sosial.
    Social,
    /// Tenaga kerja.
    Labour,
    /// Pemberdayaan perempuan dan pelindungan anak.
    WomenAndChildren,
    /// Pangan.
    Food,
    /// Pertanahan.
    Land,
    /// Lingkungan hidup.
    Environment,
    /// Administrasi kependudukan dan pencatatan sipil.
    CivilRegistration,
    /// Pemberdayaan masyarakat dan desa.
    CommunityAndVillage,
    /// Pengendalian penduduk dan keluarga berencana.
    FamilyPlanning,
    /// Perhubungan.
    Transport,
    /// Komunikasi dan informatika.
    Communication,
    /// Koperasi, usaha kecil, dan menengah.
    Cooperatives,
    /// Penanaman modal.
    Investment,
    /// Kepemudaan dan olahraga.
    YouthAndSport,
    /// Statistik.
    Statistics,
    /// Persandian.
    Cryptography,
    /// Kebudayaan.
    Culture,
    /// Perpustakaan.
    Library,
    /// Kearsipan.
    Archives,
    /// Kelautan dan perikanan.
    MarineAndFisheries,
    /// Pariwisata.
    Tourism,
    /// Pertanian.
    Agriculture,
    /// Kehutanan.
    Forestry,
    /// Energi dan sumber daya mineral.
    Energy,
    /// Perdagangan.
    Trade,
    /// Perindustrian.
    Industry,
    /// Transmigrasi.
    Transmigration,
    /// Perencanaan.
    Planning,
    /// Keuangan.
    Finance,
    /// Kepegawaian serta pendidikan dan pelatihan.
    Personnel,
    /// Penelitian dan pengembangan.
    Research,
    /// A term that only a newer version of the sender knows.
    Other,
}
