//! `simpul bench catalog`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use domain::catalog::{Affair, Regions, Vocabulary as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::nodes::{Serving, Where, Workplace};
use super::{Figure, figure, load};
use crate::commands::seed::fill;
use crate::seed::Plan;

const PAGE: &str = "query($after:String){innovations(first:20,after:$after){edges{cursor node{id title stage adoption year publishedAt agency{id name} hub{id name} replicationCounts{claimed done confirmed}}} pageInfo{hasNextPage endCursor}}}";
const RECORD: &str = "query($id:ID!){innovation(id:$id){id title summary stage adoption year agency{id name} hub{id name} replications(first:5){id progress{state standing}} awards(first:5){scheme tier year} endorsements(first:5){statement on}}}";
const STATISTICS: &str = "query($filter:StatisticsFilterInput){statistics(filter:$filter){asOf{position at behind{hubId since}} innovations totals{innovations agencies replications{claimed done confirmed} endorsements awards coachingActivities threads needs} perHub{hubId totals{innovations}} perYear{year stage innovations} perRegion{provinces{regionCode innovations} regencies{regionCode innovations}} perSdg{sdg innovations} perAffair{affair innovations} stages{lifecycle{stage innovations} adoption{status innovations} moves{axis from to stays medianDays}} replicationFlows(first:100){fromCode toCode replications{claimed done confirmed}} mostReplicated(first:10){source{id} replications{claimed done confirmed}} needs{open unmatched perAffair{affair open innovations} perSdg{sdg open innovations}} awards{scheme year claimed confirmed} coaching{agenciesReached months{month activities planned agenciesReached}} stale{before innovations perHub{hubId innovations}} sync{inSync logs{hub lagEntries behindSince} peers{hub lastSuccessAt entries failures}}}}";
const WALK: &str = "query($after:String){innovations(first:100,after:$after){edges{cursor node{id}} pageInfo{hasNextPage endCursor}}}";
/// How many different requests are asked again and again.
const REPEATED: usize = 200;
/// The seed of the made-up records.
const SEED: u64 = 4;

/// Reading a full catalog: pages with replication counts, records with three relations, all statistics; first with another
/// variable in each request, then the same again and again. The load generator shares the machine
#[derive(Debug, clap::Args)]
pub(super) struct Catalog {
    /// How many innovations the hub holds
    #[arg(long, default_value_t = 100_000)]
    records: u64,
    /// How many records belong to each, on average
    #[arg(long, default_value_t = 4)]
    related: u64,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long to ask
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    #[command(flatten)]
    place: Where,
}

impl Catalog {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let hub = workplace.create("kl-catalog", 0).await?;
        let started = Instant::now();
        let plan = Plan {
            innovations: self.records,
            related: self.related,
            seed: SEED,
            until: Plan::UNTIL,
        };
        fill(&hub, plan).await?;
        let filled = started.elapsed();
        hub.db.close().await?;
        let address = hub.config.http.listen;
        let serving = Serving::start(&hub.config.folder, address).await?;
        let (cursors, ids) = walk(address).await?;
        let (before, _) = serving.memory();
        let started = Instant::now();
        ask_once(address, &body(STATISTICS, json!({}))).await?;
        let first = started.elapsed();
        let (after, _) = serving.memory();
        let mut figures = vec![
            figure("filling the hub", filled.as_secs_f64(), "s"),
            figure("first statistics", millis(first), "ms"),
            figure("memory for statistics", after - before, "MB"),
        ];
        let pages = spread(&cursors, |after| body(PAGE, json!({ "after": after })));
        let records = spread(&ids, |id| body(RECORD, json!({ "id": id })));
        let statistics = filters().map(|filter| body(STATISTICS, json!({ "filter": filter })));
        for (names, bodies) in [
            (NAMES[0], pages),
            (NAMES[1], records),
            (NAMES[2], statistics.collect()),
        ] {
            let repeated: Vec<String> = bodies.iter().take(REPEATED).cloned().collect();
            let different = self.measure(address, Arc::new(bodies)).await?;
            let repeated = self.measure(address, Arc::new(repeated)).await?;
            for (names, measured) in names.into_iter().zip([different, repeated]) {
                let [rate, p50, p99] = names;
                figures.push(figure(rate, measured.requests_per_second, "requests/s"));
                figures.push(figure(p50, millis(measured.p50), "ms"));
                figures.push(figure(p99, millis(measured.p99), "ms"));
            }
        }
        figures.push(figure("peak memory", serving.memory().1, "MB"));
        Ok(figures)
    }

    async fn measure(
        &self,
        address: SocketAddr,
        bodies: Arc<Vec<String>>,
    ) -> anyhow::Result<load::Measured> {
        // Begun at the other end, so that what is measured is not asked for the second time.
        let warm_up = Arc::new(bodies.iter().rev().take(10_000).cloned().collect());
        let warm = Duration::from_secs(1);
        load::generate(address, warm_up, self.connections, warm).await?;
        let time = Duration::from_secs(self.seconds);
        load::generate(address, bodies, self.connections, time).await
    }
}

/// The names of rate, p50 and p99: of different requests and of repeated ones.
type Names = [[&'static str; 3]; 2];

const NAMES: [Names; 3] = [
    [
        ["pages of 20 with replication counts", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        ["records with three relations", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
    [
        ["all thirteen statistics", "– p50", "– p99"],
        ["– repeated", "– – p50", "– – p99"],
    ],
];

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn body(query: &str, variables: Value) -> String {
    json!({"query": query, "variables": variables}).to_string()
}

/// A request for each value, neighbours far from one another.
fn spread(values: &[String], request: impl Fn(&str) -> String) -> Vec<String> {
    const STRIDE: usize = 7919;
    let many = values.len();
    let places = (0..many).map(|nth| nth * STRIDE % many);
    places.map(|place| request(&values[place])).collect()
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

/// Walks through the list and gives the cursor and the id of each innovation.
async fn walk(address: SocketAddr) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let (mut cursors, mut ids) = (Vec::new(), Vec::new());
    let mut after = Value::Null;
    loop {
        let answer = ask_once(address, &body(WALK, json!({ "after": after }))).await?;
        let list = &answer["data"]["innovations"];
        for edge in list["edges"].as_array().context("there is no list")? {
            cursors.extend(edge["cursor"].as_str().map(str::to_owned));
            ids.extend(edge["node"]["id"].as_str().map(str::to_owned));
        }
        if list["pageInfo"]["hasNextPage"] != true {
            return Ok((cursors, ids));
        }
        after = list["pageInfo"]["endCursor"].clone();
    }
}

async fn ask_once(address: SocketAddr, body: &str) -> anyhow::Result<Value> {
    let mut stream = TcpStream::connect(address).await?;
    let mut buffer = Vec::new();
    let anyone = load::Viewer::Anyone;
    let start = load::ask(&mut stream, address, anyone, body, &mut buffer).await?;
    let answer: Value = serde_json::from_slice(&buffer[start..])?;
    anyhow::ensure!(answer["errors"].is_null(), "an answer has errors: {answer}");
    Ok(answer)
}
