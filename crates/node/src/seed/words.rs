//! The words of made-up records: lists and themes from the texts beside this file, and stories that fill sentences.

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::catalog::{Affair, Vocabulary as _};

use super::dice::Dice;

/// What innovations of one affair of government are about.
#[derive(Debug)]
pub(super) struct Theme {
    /// The affair.
    pub(super) affair: Affair,
    /// The goals that it serves above all.
    pub(super) sdgs: Vec<i64>,
    /// The office that has it.
    pub(super) office: &'static str,
    things: Vec<&'static str>,
    troubles: Vec<&'static str>,
    results: Vec<&'static str>,
}

static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    let lines = include_str!("affairs.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .map(|line| theme(line).expect("a test reads the same lines"))
        .collect()
});

static LISTS: LazyLock<HashMap<&'static str, Vec<&'static str>>> = LazyLock::new(|| {
    let mut lists: HashMap<_, Vec<_>> = HashMap::new();
    let mut name = "";
    for line in include_str!("words.txt").lines() {
        if let Some(next) = line.strip_prefix("== ") {
            name = next;
        } else if !line.is_empty() && !line.starts_with('#') {
            lists.entry(name).or_default().push(line);
        }
    }
    lists
});

fn theme(line: &'static str) -> Option<Theme> {
    let mut parts = line.split(" | ");
    let affair = Affair::find(parts.next()?)?;
    let sdgs = parts
        .next()?
        .split(' ')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .ok()?;
    let office = parts.next()?;
    let mut list = || Some(parts.next()?.split("; ").collect());
    Some(Theme {
        affair,
        sdgs,
        office,
        things: list()?,
        troubles: list()?,
        results: list()?,
    })
}

/// The themes, one for each affair.
pub(super) fn themes() -> &'static [Theme] {
    &THEMES
}

/// The theme of an affair; of another one if it has none.
pub(super) fn theme_of(affair: Option<Affair>) -> &'static Theme {
    let themes = themes();
    let found = themes.iter().find(|theme| Some(theme.affair) == affair);
    found.unwrap_or(&themes[0])
}

/// The items of a list of `words.txt`.
pub(super) fn list(name: &str) -> &'static [&'static str] {
    LISTS.get(name).map_or(&[], Vec::as_slice)
}

/// What one innovation is about: it fills the sentences of the lists.
#[derive(Clone, Debug)]
pub(super) struct Story {
    thing: &'static str,
    trouble: &'static str,
    result: &'static str,
    form: &'static str,
    quality: &'static str,
    partner: &'static str,
    region: String,
    office: &'static str,
}

impl Story {
    /// Makes up a story of a theme.
    pub(super) fn of(theme: &'static Theme, region: &str, dice: &mut Dice) -> Self {
        Self {
            thing: dice.pick(&theme.things),
            trouble: dice.pick(&theme.troubles),
            result: dice.pick(&theme.results),
            form: dice.pick(list("bentuk")),
            quality: dice.pick(list("sifat")),
            partner: dice.pick(list("mitra")),
            region: region.to_owned(),
            office: theme.office,
        }
    }

    /// What it is called, without its acronym.
    pub(super) fn name(&self) -> String {
        let words = format!("{} {} {}", self.form, self.thing, self.quality);
        words.split(' ').map(capital).collect::<Vec<_>>().join(" ")
    }

    /// An acronym of the name, as offices make them: the beginnings of its words.
    pub(super) fn acronym(&self, dice: &mut Dice) -> String {
        let mut acronym = String::new();
        for word in self.name().split(' ').filter(|word| word.len() > 3) {
            let most = usize::try_from(dice.between(1, 3)).unwrap_or(1);
            acronym.extend(word.chars().take(most));
        }
        acronym.to_uppercase()
    }

    /// The thing that it is about.
    pub(super) fn thing(&self) -> &'static str {
        self.thing
    }

    /// One sentence of a list.
    pub(super) fn line(&self, of: &str, dice: &mut Dice) -> String {
        let template = dice.pick(list(of));
        self.fill(template, dice)
    }

    /// Some sentences of a list, none twice.
    pub(super) fn tell(&self, of: &str, sentences: usize, dice: &mut Dice) -> String {
        let from = list(of);
        let first = dice.place(from.len());
        let told = (0..sentences.min(from.len())).map(|nth| from[(first + nth) % from.len()]);
        let told: Vec<_> = told.map(|sentence| self.fill(sentence, dice)).collect();
        told.join(" ")
    }

    /// Fills a sentence.
    pub(super) fn fill(&self, template: &str, dice: &mut Dice) -> String {
        let mut text = String::with_capacity(template.len() * 2);
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            text.push_str(before);
            let (name, after) = after.split_once('}').unwrap_or((after, ""));
            match name {
                "benda" => text.push_str(self.thing),
                "masalah" => text.push_str(self.trouble),
                "hasil" => text.push_str(self.result),
                "bentuk" => text.push_str(&self.form.to_lowercase()),
                "sifat" => text.push_str(self.quality),
                "mitra" => text.push_str(self.partner),
                "wilayah" => text.push_str(&self.region),
                "kantor" => text.push_str(self.office),
                "angka" => text.push_str(&dice.between(2, 12).to_string()),
                "persen" => text.push_str(&dice.between(11, 78).to_string()),
                "bulan" => text.push_str(&dice.between(2, 18).to_string()),
                _ => {}
            }
            rest = after;
        }
        text.push_str(rest);
        capital(&text)
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string());
    first.unwrap_or_default() + letters.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST_NAMES: [&str; 24] = [
        "bentuk",
        "sifat",
        "mitra",
        "ringkasan",
        "latar",
        "kebaruan",
        "pelaksanaan",
        "dampak",
        "sumber_daya",
        "keberlanjutan",
        "potensi",
        "syarat",
        "inspirasi",
        "proses",
        "pembeda",
        "kendala",
        "capaian",
        "jawaban",
        "dukungan",
        "pertanyaan",
        "jawab",
        "kebutuhan",
        "kegiatan",
        "bukti",
    ];

    #[test]
    fn every_affair_has_its_theme() {
        let affairs: Vec<_> = themes().iter().map(|theme| theme.affair).collect();
        assert_eq!(affairs, Affair::ALL);
        for theme in themes() {
            for (list, least) in [
                (&theme.things, 3),
                (&theme.troubles, 2),
                (&theme.results, 2),
            ] {
                assert!(list.len() >= least, "{}: {list:?}", theme.affair);
                assert!(
                    list.iter()
                        .all(|item| item.trim() == *item && !item.is_empty())
                );
            }
            assert!(theme.sdgs.iter().all(|goal| (1..=17).contains(goal)));
        }
    }

    #[test]
    fn every_sentence_is_filled_whole() {
        let mut dice = Dice::of(1, "sentences", 0);
        let story = Story::of(&themes()[1], "Kabupaten Banjar", &mut dice);
        for name in LIST_NAMES {
            assert!(list(name).len() >= 3, "{name} is short or missing");
            for template in list(name) {
                let places = template.matches('{').count();
                let filled = story.fill(template, &mut dice);
                assert!(!filled.contains(['{', '}']), "{filled}");
                assert!(filled.len() >= template.len() - 9 * places, "{filled}");
                assert!(!filled.contains("  "), "a word is missing in {filled:?}");
            }
        }
    }

    #[test]
    fn what_is_told_repeats_no_sentence() {
        let mut dice = Dice::of(1, "told", 0);
        let story = Story::of(&themes()[1], "Kabupaten Banjar", &mut dice);
        let told = story.tell("latar", 4, &mut dice);
        let mut sentences: Vec<_> = told.split(". ").collect();
        assert!(sentences.len() >= 4, "{told}");
        sentences.sort_unstable();
        let count = sentences.len();
        sentences.dedup();
        assert_eq!(sentences.len(), count, "{told}");
    }
}
