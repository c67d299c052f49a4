//! What is asked of a full catalog: as many different requests of each kind as there are records, or nearly.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Context as _;
use domain::catalog::{Affair, Regions, Vocabulary as _};
use serde_json::{Value, json};

use super::ask_once;

const PAGE: &str = "query($after:String){innovations(first:20,after:$after){edges{cursor node{id title stage adoption year publishedAt agency{id name} hub{id name} replicationCounts{claimed done confirmed}}} pageInfo{hasNextPage endCursor}}}";
const RECORD: &str = "query($id:ID!){innovation(id:$id){id title summary stage adoption year agency{id name} hub{id name} replications(first:5){id progress{state standing}} awards(first:5){scheme tier year} endorsements(first:5){statement on}}}";
const SEARCH: &str = "query($text:String!,$after:String,$filter:InnovationFilterInput){searchInnovations(text:$text,first:20,after:$after,filter:$filter){totalCount didYouMean asOf{position at} edges{cursor score snippets{field parts{text isMatch}} node{id title stage adoption year agency{id name} hub{id name}}} pageInfo{hasNextPage endCursor} facets{hubs{hubId count} provinces{regionCode count} affairs{affair count} sdgs{sdg count} stages{stage count} adoptions{adoption count} years{year count} awards{scheme count}}}}";
const STATISTICS: &str = "query($filter:StatisticsFilterInput){statistics(filter:$filter){asOf{position at behind{hubId since}} innovations totals{innovations agencies replications{claimed done confirmed} endorsements awards coachingActivities threads needs} perHub{hubId totals{innovations}} perYear{year stage innovations} perRegion{provinces{regionCode innovations} regencies{regionCode innovations}} perSdg{sdg innovations} perAffair{affair innovations} stages{lifecycle{stage innovations} adoption{status innovations} moves{axis from to stays medianDays}} replicationFlows(first:100){fromCode toCode replications{claimed done confirmed}} mostReplicated(first:10){source{id} replications{claimed done confirmed}} needs{open unmatched perAffair{affair open innovations} perSdg{sdg open innovations}} awards{scheme year claimed confirmed} coaching{agenciesReached months{month activities planned agenciesReached}} stale{before innovations perHub{hubId innovations}} sync{inSync logs{hub lagEntries behindSince} peers{hub lastSuccessAt entries failures}}}}";
const TITLES: &str =
    "query($text:String!){searchInnovations(text:$text,first:1){edges{node{title}}}}";
const LOGS: &str = "{replicationStatus{logs{hub size}}}";
const WALK: &str = "query($after:String){innovations(first:100,after:$after){edges{cursor node{id title affairs agency{region{code}}}} pageInfo{hasNextPage endCursor}}}";

/// A word that at most one in so many records has is rare.
const RARE_IN: usize = 500;
/// A word that at least one in so many records has is common.
const COMMON_IN: usize = 20;
/// How many years each search may begin with, and end with.
const YEARS: u16 = 60;

/// What requests are made of.
pub(super) struct Record {
    cursor: String,
    id: String,
    words: Vec<String>,
    affair: Option<String>,
    province: Option<String>,
}

impl Record {
    fn read(edge: &Value) -> Option<Self> {
        let node = &edge["node"];
        let title = node["title"].as_str()?.to_lowercase();
        let words = title.split(|c: char| !c.is_alphanumeric());
        let region = node["agency"]["region"]["code"].as_str();
        Some(Self {
            cursor: edge["cursor"].as_str()?.to_owned(),
            id: node["id"].as_str()?.to_owned(),
            words: words
                .filter(|word| word.len() >= 4)
                .map(str::to_owned)
                .collect(),
            affair: node["affairs"][0].as_str().map(str::to_owned),
            province: region.and_then(|code| code.get(..2)).map(str::to_owned),
        })
    }
}

/// Walks through the list.
pub(super) async fn walk(address: SocketAddr) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    let mut after = Value::Null;
    loop {
        let answer = ask_once(address, &body(WALK, json!({ "after": after }))).await?;
        let list = &answer["data"]["innovations"];
        let edges = list["edges"].as_array().context("there is no list")?;
        records.extend(edges.iter().filter_map(Record::read));
        if list["pageInfo"]["hasNextPage"] != true {
            return Ok(records);
        }
        after = list["pageInfo"]["endCursor"].clone();
    }
}

/// Pages of twenty, newest first, from each record on.
pub(super) fn pages(records: &[Record]) -> Vec<String> {
    spread(records)
        .map(|record| body(PAGE, json!({ "after": record.cursor })))
        .collect()
}

/// Each record with three relations.
pub(super) fn records(records: &[Record]) -> Vec<String> {
    spread(records)
        .map(|record| body(RECORD, json!({ "id": record.id })))
        .collect()
}

/// For each record the rarest word of its title, its province and its affair, if that word is rare.
pub(super) fn rare_words(records: &[Record]) -> Vec<String> {
    let frequencies = frequencies(records);
    let rarest = |record: &'_ Record| {
        let word = record
            .words
            .iter()
            .min_by_key(|word| frequencies[word.as_str()])?;
        (frequencies[word.as_str()] * RARE_IN <= records.len()).then(|| word.clone())
    };
    let request = |record: &Record| {
        let filter =
            json!({"region": record.province.as_ref()?, "affairs": [record.affair.as_ref()?]});
        Some(body(
            SEARCH,
            json!({"text": rarest(record)?, "filter": filter}),
        ))
    };
    spread(records).filter_map(request).collect()
}

/// Common words of titles, each under other conditions on the year, which let all innovations through: so each request
/// differs.
pub(super) fn common_words(records: &[Record]) -> Vec<String> {
    let frequencies = frequencies(records);
    let is_common = |frequency: usize| frequency * COMMON_IN >= records.len();
    let mut words: Vec<&str> = frequencies
        .into_iter()
        .filter(|(_, frequency)| is_common(*frequency))
        .map(|(word, _)| word)
        .collect();
    words.sort_unstable();
    let years = (0..YEARS).flat_map(|from| (0..YEARS).map(move |to| (1901 + from, 2101 + to)));
    let request = |(from, to): (u16, u16), word: &str| {
        let filter = json!({"yearFrom": from, "yearTo": to});
        body(SEARCH, json!({"text": word, "filter": filter}))
    };
    years
        .flat_map(|years| words.iter().map(move |word| request(years, word)))
        .collect()
}

fn frequencies(records: &[Record]) -> HashMap<&str, usize> {
    let mut frequencies = HashMap::new();
    for record in records {
        for word in &record.words {
            *frequencies.entry(word.as_str()).or_default() += 1;
        }
    }
    frequencies
}

/// Any search.
pub(super) fn any_search() -> String {
    body(SEARCH, json!({"text": "layanan"}))
}

/// The title that a word finds first.
pub(super) fn title(word: &str) -> String {
    body(TITLES, json!({ "text": word }))
}

/// How much is held of each log, also while it is pulled.
pub(super) fn logs() -> String {
    body(LOGS, json!({}))
}

/// All statistics of everything.
pub(super) fn all_statistics() -> String {
    body(STATISTICS, json!({}))
}

/// All statistics, filtered.
pub(super) fn statistics() -> Vec<String> {
    filters()
        .map(|filter| body(STATISTICS, json!({ "filter": filter })))
        .collect()
}

fn body(query: &str, variables: Value) -> String {
    json!({"query": query, "variables": variables}).to_string()
}

/// All records, neighbours far from one another.
fn spread(records: &[Record]) -> impl Iterator<Item = &Record> {
    const STRIDE: usize = 7919;
    let many = records.len();
    (0..many).map(move |nth| &records[nth * STRIDE % many])
}

/// Filters as dashboards have them, each another one: by province and year, by affairs and years, by goal, stage and years.
fn filters() -> impl Iterator<Item = Value> {
    let provinces = Regions::get()
        .iter()
        .filter(|region| region.parent.is_none());
    let provinces: Vec<String> = provinces.map(|region| region.code.to_string()).collect();
    let affairs = Affair::ALL;
    let stages = ["CREATION", "DEVELOPMENT", "INSTITUTIONALIZATION"];
    (0..30_000_usize).map(move |nth| {
        let (kind, nth) = (nth % 3, nth / 3);
        let (from, until) = (2010 + nth % 13, 2023 + nth / 13 % 5);
        let nth = nth / (13 * 5);
        match kind {
            0 => json!({"region": provinces[nth % provinces.len()], "yearFrom": from, "yearTo": until,
                "adoptions": if nth < provinces.len() { json!([]) } else { json!(["APPLIED", "TRIAL"]) }}),
            1 => {
                let (one, other) = (nth % affairs.len(), (nth + 1 + nth / affairs.len()) % affairs.len());
                json!({"affairs": [affairs[one].code(), affairs[other].code()], "yearFrom": from, "yearTo": until})
            }
            _ => json!({"sdgs": [1 + nth % 17], "stages": [stages[nth / 17 % 3], stages[(nth / 17 + nth / 51) % 3]],
                "yearFrom": from, "yearTo": until}),
        }
    })
}
