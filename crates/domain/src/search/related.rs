//! Words that mean the same or nearly so: short forms that everybody in public service uses, and the English for what
//! records say in Indonesian. A small list of our own; it grows with what people look for in vain.

/// Groups of folded words; several words in one place stand for each other as a whole.
const GROUPS: &[&[&str]] = &[
    &["aduan", "pengaduan", "keluhan", "complaint", "complaints"],
    &["agriculture", "pertanian", "farming"],
    &["akta", "akte"],
    &["anak", "child", "children"],
    &["apbd", "anggaran"],
    &["app", "aplikasi", "application"],
    &["archive", "arsip", "kearsipan"],
    &["birth", "kelahiran"],
    &["bumdes", "badan usaha milik desa"],
    &["bumil", "ibu hamil", "pregnant", "pregnancy"],
    &["business", "usaha", "bisnis"],
    &["city", "kota"],
    &["damkar", "pemadam kebakaran", "fire"],
    &["death", "kematian"],
    &["disability", "disabilitas", "difabel"],
    &["disaster", "bencana"],
    &["disdukcapil", "dukcapil", "kependudukan pencatatan sipil"],
    &["doctor", "dokter"],
    &["education", "pendidikan"],
    &["elderly", "lansia", "lanjut usia"],
    &["emergency", "darurat"],
    &["employment", "labour", "ketenagakerjaan", "tenaga kerja"],
    &["environment", "lingkungan"],
    &["family", "keluarga"],
    &["farmer", "farmers", "petani"],
    &["fish", "ikan"],
    &["fisheries", "perikanan"],
    &["fishermen", "nelayan"],
    &["flood", "banjir"],
    &["food", "pangan"],
    &["forest", "hutan"],
    &["garbage", "waste", "sampah"],
    &["gepeng", "gelandangan pengemis"],
    &["health", "kesehatan"],
    &["hospital", "rumah sakit", "rsud", "rs"],
    &["house", "housing", "rumah"],
    &["innovation", "inovasi"],
    &["insurance", "asuransi"],
    &["investment", "investasi", "penanaman modal"],
    &["kia", "kartu identitas anak"],
    &["kk", "kartu keluarga"],
    &["ktp", "kartu tanda penduduk"],
    &["land", "tanah", "pertanahan"],
    &["library", "perpustakaan"],
    &[
        "licence",
        "license",
        "licensing",
        "permit",
        "permits",
        "izin",
        "perizinan",
        "ijin",
        "perijinan",
    ],
    &["market", "pasar"],
    &["maternal", "ibu", "mother", "mothers"],
    &["nutrition", "gizi"],
    &["odgj", "gangguan jiwa", "mental"],
    &["paud", "pendidikan anak usia dini"],
    &["passport", "paspor"],
    &["patient", "patients", "pasien"],
    &["payment", "pembayaran"],
    &["police", "polisi", "kepolisian"],
    &["poor", "poverty", "miskin", "kemiskinan"],
    &["posyandu", "pos pelayanan terpadu"],
    &["prison", "lapas", "pemasyarakatan"],
    &["puskesmas", "pusat kesehatan masyarakat"],
    &["road", "jalan"],
    &["sanitation", "sanitasi"],
    &["school", "schools", "sekolah"],
    &["service", "services", "layanan", "pelayanan"],
    &["sim", "surat izin mengemudi"],
    &["small business", "umkm", "ukm", "usaha mikro kecil"],
    &["stray dog", "rabies"],
    &["student", "students", "siswa"],
    &["tax", "taxes", "pajak"],
    &["tb", "tbc", "tuberculosis", "tuberkulosis"],
    &["teacher", "teachers", "guru"],
    &["tourism", "wisata", "pariwisata"],
    &["training", "pelatihan"],
    &["transport", "transportasi", "angkutan"],
    &["vaccine", "vaksin", "vaksinasi", "imunisasi"],
    &["village", "villages", "desa"],
    &["violence", "kekerasan"],
    &["water", "air"],
    &["women", "woman", "perempuan", "wanita"],
    &["youth", "pemuda"],
];

/// What also stands for a folded word, each as the words that must stand together.
pub fn related_words(word: &str) -> impl Iterator<Item = &'static str> {
    let groups = GROUPS.iter().filter(move |group| group.contains(&word));
    groups.flat_map(move |group| group.iter().copied().filter(move |other| *other != word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fold;

    #[test]
    fn the_groups_are_folded_and_no_word_is_in_two() {
        let mut all: Vec<&str> = GROUPS
            .iter()
            .flat_map(|group| group.iter().copied())
            .collect();
        assert!(all.iter().all(|word| fold(word) == *word));
        all.sort_unstable();
        let twice: Vec<_> = all.windows(2).filter(|pair| pair[0] == pair[1]).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }

    #[test]
    fn both_languages_find_each_other() {
        let check = |word: &str, expected: &[&str]| {
            let found: Vec<_> = related_words(word).collect();
            assert_eq!(found, expected, "{word}");
        };
        check("health", &["kesehatan"]);
        check("kesehatan", &["health"]);
        check("rsud", &["hospital", "rumah sakit", "rs"]);
        check("sitarang", &[]);
    }
}
