//! Reading the cookbook: each section is a question, what it is for, a query, and its variables.

use std::collections::BTreeSet;

use serde_json::Value;

/// What a section says whose query only the operator may ask.
const NEEDS_TOKEN: &str = "Needs the operator's token.";

/// A section of the cookbook.
#[derive(Debug)]
pub(super) struct Recipe {
    /// The question, in Indonesian and in English.
    pub(super) heading: String,
    /// Whether only the operator may ask it.
    pub(super) needs_token: bool,
    /// The query.
    pub(super) query: String,
    /// Its variables, with blanks in them.
    pub(super) variables: Value,
}

/// Reads all sections, or says what is wrong with one.
pub(super) fn read(text: &str) -> Result<Vec<Recipe>, String> {
    let sections = split(text)?;
    let numbered = (1..).zip(sections);
    numbered
        .map(|(number, section)| section.check(number))
        .collect()
}

/// The blanks that the table at the head explains: lines that begin with a cell such as `<innovation>`.
pub(super) fn explained_blanks(text: &str) -> BTreeSet<String> {
    let cell = |line: &str| {
        let (blank, _) = line.strip_prefix("| `<")?.split_once(">`")?;
        Some(blank.to_owned())
    };
    text.lines().filter_map(cell).collect()
}

/// The name of a blank, if a text is one.
pub(super) fn blank(text: &str) -> Option<&str> {
    text.strip_prefix('<')?.strip_suffix('>')
}

struct Section<'a> {
    heading: &'a str,
    prose: String,
    /// The fences' languages, and what is in them.
    fences: Vec<(&'a str, String)>,
}

fn split(text: &str) -> Result<Vec<Section<'_>>, String> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in text.lines() {
        match (open.take(), line.strip_prefix("```")) {
            (Some((language, content)), None) => {
                open = Some((language, format!("{content}{line}\n")));
            }
            (Some(fence), Some("")) => {
                let section = sections.last_mut();
                let section = section.ok_or("a fence stands before the first heading")?;
                section.fences.push(fence);
            }
            (Some(_), Some(_)) => {
                return Err(format!("{line} stands in a fence that is not closed"));
            }
            (None, Some(language)) => open = Some((language, String::new())),
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    sections.push(Section::headed(heading));
                } else if let Some(section) = sections.last_mut() {
                    section.prose += line;
                    section.prose.push(' ');
                }
            }
        }
    }
    open.map_or(Ok(sections), |_| Err("a fence is not closed".to_owned()))
}

impl<'a> Section<'a> {
    const fn headed(heading: &'a str) -> Self {
        Self {
            heading,
            prose: String::new(),
            fences: Vec::new(),
        }
    }

    fn check(self, number: usize) -> Result<Recipe, String> {
        let heading = self.heading.to_owned();
        let wrong = |what: &str| Err(format!("{heading}: {what}"));
        let question = heading.strip_prefix(&format!("{number}. "));
        if !question.is_some_and(|question| question.contains(" / ")) {
            return wrong(&format!("is not headed \"{number}. Indonesian / English\""));
        }
        if self.prose.trim().is_empty() {
            return wrong("does not say what it is for");
        }
        let languages: Vec<_> = self.fences.iter().map(|(language, _)| *language).collect();
        if !matches!(languages[..], ["graphql"] | ["graphql", "json"]) {
            return wrong(&format!("has the fences {languages:?}"));
        }
        let variables = self.fences.get(1).map_or("{}", |(_, json)| json);
        let variables = match serde_json::from_str(variables) {
            Ok(variables) => variables,
            Err(error) => return wrong(&format!("its variables are no JSON: {error}")),
        };
        Ok(Recipe {
            needs_token: self.prose.contains(NEEDS_TOKEN),
            query: self.fences[0].1.clone(),
            variables,
            heading,
        })
    }
}

#[test]
fn a_section_that_is_not_whole_is_told() {
    let refused = |text: &str| read(text).expect_err(text);
    let whole = "## 1. Apa? / What?\nSatu.\n\n```graphql\n{ a }\n```\n\n```json\n{}\n```\n";
    assert_eq!(read(whole).map(|recipes| recipes.len()), Ok(1));
    for (change, into, why) in [
        ("```json", "```graphql", "[\"graphql\", \"graphql\"]"),
        ("```graphql\n{ a }\n```\n", "", "[\"json\"]"),
        ("{ a }\n```\n", "{ a }\n", "not closed"),
        ("{}\n```\n", "{}\n", "not closed"),
        ("{}", "{", "no JSON"),
        ("Satu.", "", "what it is for"),
        ("1. ", "2. ", "is not headed"),
        (" / What?", "", "is not headed"),
        ("## 1. Apa? / What?", "", "before the first heading"),
    ] {
        let told = refused(&whole.replace(change, into));
        assert!(told.contains(why), "{change}: {told}");
    }
}
