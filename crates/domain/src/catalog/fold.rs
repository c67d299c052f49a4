//! One spelling for comparing, so that texts of many hands find each other.

/// Brings a text to the form that search and title order compare: lower case, Latin letters without their marks,
/// words separated by single spaces, nothing else.
///
/// An apostrophe inside a word falls away, since Indonesian spells both Jum'at and Jumat, Qur'an and Quran; every other
/// character that is neither letter nor digit separates words. Folding twice changes nothing.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let mut space_due = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match role(c) {
            Role::Silent => {}
            Role::Apostrophe if chars.peek().is_some_and(|c| c.is_alphanumeric()) => {}
            Role::Apostrophe | Role::Separator => space_due = true,
            Role::Letter => {
                if space_due && !folded.is_empty() {
                    folded.push(' ');
                }
                space_due = false;
                push_folded(&mut folded, c);
            }
        }
    }
    folded
}

/// What a character is to the words around it.
pub(crate) enum Role {
    Letter,
    Separator,
    Apostrophe,
    Silent,
}

pub(crate) fn role(c: char) -> Role {
    if c.is_ascii() {
        return match c {
            '\'' | '`' => Role::Apostrophe,
            _ if c.is_ascii_alphanumeric() => Role::Letter,
            _ => Role::Separator,
        };
    }
    match c {
        '’' | '‘' => Role::Apostrophe,
        // Soft hyphen, zero-width characters, byte order mark, and the hamza and ain of transliterated Arabic.
        '\u{AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}' | '\u{FEFF}' | 'ʻ' | 'ʼ' | 'ʾ' | 'ʿ' => {
            Role::Silent
        }
        _ if is_combining(c) => Role::Silent,
        _ if c.is_alphanumeric() => Role::Letter,
        _ => Role::Separator,
    }
}

const fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

pub(crate) fn push_folded(folded: &mut String, c: char) {
    if c.is_ascii() {
        folded.push(c.to_ascii_lowercase());
        return;
    }
    for c in c.to_lowercase().filter(|&c| !is_combining(c)) {
        match without_mark(c) {
            Some(plain) => folded.push_str(plain),
            None => folded.push(c),
        }
    }
}

/// The plain letters for a lower-case Latin letter with a mark: Latin-1, Latin Extended-A, and the dotted and
/// Vietnamese letters of Latin Extended Additional, which also write transliterated Arabic.
fn without_mark(c: char) -> Option<&'static str> {
    Some(match c {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ'..='ặ' => "a",
        'æ' => "ae",
        'ḃ'..='ḇ' => "b",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' | 'ḋ'..='ḓ' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ'..='ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ḡ' => "g",
        'ĥ' | 'ħ' | 'ḣ'..='ḫ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ỉ' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' | 'ḱ'..='ḵ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' | 'ḷ'..='ḽ' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŋ' | 'ṅ'..='ṋ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ọ'..='ợ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' | 'ṙ'..='ṟ' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ṡ'..='ṩ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' | 'ṫ'..='ṱ' => "t",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ụ'..='ự' => "u",
        'ŵ' | 'ẁ'..='ẉ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ỳ'..='ỹ' => "y",
        'ź' | 'ż' | 'ž' | 'ẑ'..='ẕ' => "z",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_meet() {
        let check = |raw: &str, expected: &str| assert_eq!(fold(raw), expected, "{raw:?}");
        check("", "");
        check(" -- ", "");
        check("SITARANG", "sitarang");
        check("  e-KTP  (2.0) ", "e ktp 2 0");
        check("“Jempol” – Pelanduk…", "jempol pelanduk");
        check("Jum'at, Jum’at, Jumat", "jumat jumat jumat");
        check("'SIAP'-nya dari Ma‘arif", "siap nya dari maarif");
        check("Café CAFE\u{301} Šárka Ærø", "cafe cafe sarka aero");
        check("ḥadīṡ Qurʾān ÿ ß", "hadis quran y ss");
        check("Đường Nguyễn", "duong nguyen");
        check("İstanbul ıl", "istanbul il");
        check("zero\u{200B}width so\u{AD}ft", "zerowidth soft");
        check("ΑΘΗΝΑ ١٢٣ ꦗꦮ", "αθηνα ١٢٣ ꦗꦮ");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in "\\PC*") {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once.clone());
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
        }
    }
}
