//! Words that stand in nearly every text and say nothing of it, in Indonesian and English. The lists are our own.

/// Indonesian, in order.
const INDONESIAN: &[&str] = &[
    "ada",
    "adalah",
    "agar",
    "akan",
    "akibat",
    "antara",
    "apa",
    "apabila",
    "atas",
    "atau",
    "bagaimana",
    "bagi",
    "bahwa",
    "beberapa",
    "belum",
    "berbagai",
    "berupa",
    "bisa",
    "boleh",
    "bukan",
    "dalam",
    "dan",
    "dapat",
    "dari",
    "daripada",
    "demi",
    "dengan",
    "di",
    "dia",
    "guna",
    "hal",
    "hanya",
    "harus",
    "hingga",
    "ia",
    "ialah",
    "ini",
    "itu",
    "jadi",
    "jika",
    "juga",
    "kami",
    "karena",
    "ke",
    "kepada",
    "ketika",
    "kita",
    "lagi",
    "lain",
    "lainnya",
    "lebih",
    "maka",
    "mampu",
    "masih",
    "maupun",
    "melalui",
    "mereka",
    "merupakan",
    "namun",
    "nya",
    "oleh",
    "pada",
    "para",
    "per",
    "perlu",
    "pun",
    "saat",
    "saja",
    "sampai",
    "sangat",
    "sebagai",
    "sebelum",
    "secara",
    "sedang",
    "sehingga",
    "sejak",
    "selain",
    "selama",
    "seluruh",
    "semua",
    "seperti",
    "sering",
    "serta",
    "setelah",
    "setiap",
    "suatu",
    "sudah",
    "supaya",
    "tanpa",
    "tapi",
    "telah",
    "tentang",
    "terhadap",
    "tersebut",
    "tetapi",
    "tiap",
    "tidak",
    "untuk",
    "yaitu",
    "yakni",
    "yang",
];

/// English, in order. "as", "be", "do" and "no" are left out: they are beginnings and names here as often.
const ENGLISH: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "at", "because", "been",
    "before", "being", "between", "both", "but", "by", "can", "could", "did", "does", "during",
    "each", "for", "from", "had", "has", "have", "having", "he", "her", "his", "how", "i", "if",
    "in", "into", "is", "it", "its", "more", "most", "not", "of", "on", "or", "other", "our",
    "over", "she", "should", "so", "some", "such", "than", "that", "the", "their", "them", "then",
    "there", "these", "they", "this", "those", "through", "to", "under", "until", "very", "was",
    "we", "were", "what", "when", "where", "which", "while", "who", "why", "will", "with", "would",
    "you", "your",
];

/// Whether a folded word says nothing of the text in which it stands.
pub fn is_stop_word(word: &str) -> bool {
    INDONESIAN.binary_search(&word).is_ok() || ENGLISH.binary_search(&word).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::fold;

    #[test]
    fn the_lists_are_in_order_and_folded() {
        for list in [INDONESIAN, ENGLISH] {
            assert!(list.is_sorted());
            assert!(list.iter().all(|word| fold(word) == *word));
        }
    }

    #[test]
    fn names_and_subjects_are_no_stop_words() {
        assert!(["yang", "dengan", "the"].into_iter().all(is_stop_word));
        let words = ["si", "pelayanan", "desa", "service", "e", "do", "kami1"];
        assert!(!words.into_iter().any(is_stop_word));
    }
}
