//! Searching the records of the data folder, and judging what is found by people's grades.

use std::collections::{BTreeMap, HashMap};

use domain::catalog::{HubProfileDraft, Innovation};
use domain::entry::Sight;
use domain::search::SearchText;
use node::config::Config;
use node::hub::Hub;
use node::import::{self, Importer, Rules, rows};
use node::indexing::follow;
use node::indexing::follower::Follower;
use search::{DocumentId, Request};
use serde::Deserialize;
use storage::bodies::{self, Content};
use storage::innovations;
use tempfile::TempDir;
use time::macros::date;

const INNOVATIONS: &str = include_str!("../../data/innovations.jsonl");
const JUDGED: &str = include_str!("../search/judged.jsonl");
/// Of so many hits the order is judged.
const JUDGED_HITS: usize = 10;

/// A query with the grades of records, by their numbers in the data folder.
#[derive(Clone, Debug, Deserialize)]
pub struct Query {
    /// What is typed.
    pub query: String,
    /// How well records fit, 1 to 3; 0 for those that are not named.
    pub grades: BTreeMap<String, u8>,
}

/// The judged queries.
pub fn queries() -> Vec<Query> {
    let query = |line: &str| serde_json::from_str(line).expect("the judged queries are JSON lines");
    JUDGED.lines().map(query).collect()
}

impl Query {
    /// How well a record fits.
    pub fn grade(&self, id: &str) -> u8 {
        self.grades.get(id).copied().unwrap_or_default()
    }

    /// The normalised discounted cumulative gain of the first ten hits.
    pub fn ndcg(&self, hits: &[(String, String)]) -> f64 {
        let found = hits.iter().map(|(id, _)| self.grade(id));
        let mut best: Vec<u8> = self.grades.values().copied().collect();
        best.sort_unstable_by(|a, b| b.cmp(a));
        gain(found) / gain(best.into_iter())
    }
}

fn gain(grades: impl Iterator<Item = u8>) -> f64 {
    let gains = (2_u32..).zip(grades.take(JUDGED_HITS));
    gains
        .map(|(place, grade)| f64::from((1_u32 << grade) - 1) / f64::from(place).log2())
        .sum()
}

/// The records of the data folder in a hub with an index.
pub struct Catalog {
    follower: Follower,
    /// The number and title of each record.
    known: HashMap<DocumentId, (String, String)>,
    _folder: TempDir,
}

impl Catalog {
    /// Imports the data folder into a fresh hub and indexes it.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut config = Config::parse("[hub]\nnetwork = \"jipp-test\"\nid = \"kl-panrb\"\n")
            .expect("settings parse");
        config.folder = folder.path().to_owned();
        let profile = HubProfileDraft {
            name: "Hub JIPP Kementerian PANRB".to_owned(),
            kind: "MINISTRY".to_owned(),
            status: "ACTIVE".to_owned(),
            ..HubProfileDraft::default()
        };
        let hub = Hub::create(config, &profile)
            .await
            .expect("a hub can be made");
        let rules = Rules::of_data(hub.db.hub(), date!(2026 - 11 - 26));
        let mut importer = Importer::new(&hub, rules.clone())
            .await
            .expect("a hub can be imported into");
        let rows = rows::json_lines(INNOVATIONS.as_bytes());
        for batch in import::batches(rows, rules, 500, |_| true) {
            let batch = batch.expect("the rows can be read");
            importer
                .write(batch)
                .await
                .expect("the rows can be written");
        }
        let mut follower = follow::open(&hub).await.expect("an index can be made");
        follower
            .look_at_all(|_| {})
            .await
            .expect("it can be filled");
        let known = known(&hub).await;
        Self {
            follower,
            known,
            _folder: folder,
        }
    }

    /// The first ten hits: number and title.
    pub fn search(&self, text: &str) -> Vec<(String, String)> {
        let request = Request {
            text: SearchText::parse(text),
            sight: Sight::Public,
            limit: JUDGED_HITS,
            ..Request::default()
        };
        let found = self
            .follower
            .index()
            .search(&request)
            .expect("an index can be searched");
        found
            .hits
            .iter()
            .map(|hit| self.known[&hit.id].clone())
            .collect()
    }
}

async fn known(hub: &Hub) -> HashMap<DocumentId, (String, String)> {
    let outlines = innovations::list_outlines(&hub.db, 0, 10_000)
        .await
        .expect("innovations can be listed");
    let read = bodies::load(&hub.db, outlines.iter().map(|outline| Some(outline.entry))).await;
    let read = read.expect("innovations can be read");
    let named = outlines
        .into_iter()
        .zip(read)
        .filter_map(|(outline, body)| {
            let Content::Innovation(innovation) = &body?.content else {
                return None;
            };
            Some((
                (outline.hub, outline.record),
                (number(innovation), innovation.title.as_str().to_owned()),
            ))
        });
    named.collect()
}

fn number(innovation: &Innovation) -> String {
    let id = innovation.external_ids.first();
    id.map(|id| format!("{}-{}", id.scheme.as_str(), id.value.as_str()))
        .unwrap_or_default()
}
