//! A hub, another that pulls it, somebody who asks and somebody who writes.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::api::{self, Api};
use crate::fleet;
use crate::program::{Program, Serving};

/// Requests that the usual client makes in a second.
const PACE: u32 = 50;
/// Pause between two records that are written.
const WRITING: Duration = Duration::from_millis(500);
/// What the usual client asks, by turns.
const ASKED: [&str; 4] = [
    "{ innovations(first: 20) { totalCount nodes { id title year } pageInfo { endCursor } } }",
    "{ searchInnovations(text: \"air\", first: 10) { totalCount nodes { title } } }",
    "{ hub { name } agencies(first: 10) { nodes { name } } }",
    "{ innovations(first: 5, orderBy: TITLE_ASC) { nodes { title summary } } }",
];

/// Two hubs that run.
#[derive(Debug)]
pub struct Scene {
    first: Serving,
    second: Serving,
    agency: Value,
    api: Api,
    other: Api,
    _folders: [Program; 2],
}

/// What was measured.
#[derive(Debug, Default)]
pub struct Measured {
    times: Vec<Duration>,
    /// Answers with errors, and none.
    pub failures: u64,
    /// The longest that a record took to the other hub, in seconds.
    pub lag: f64,
    /// The most memory of the hub, in MiB.
    pub memory: u64,
}

impl Measured {
    /// A percentile of what answers took, in milliseconds.
    pub fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable();
        let place = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times
            .get(place)
            .map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }

    /// How many answers there were.
    pub const fn answers(&self) -> usize {
        self.times.len()
    }
}

impl Scene {
    /// Makes the hubs, fills the first and lets the second pull it.
    pub async fn set(records: u32) -> Self {
        let binary = fleet::binary().expect("the program is there");
        let folders = [Program::of(binary.clone()), Program::of(binary)];
        for (folder, hub) in folders.iter().zip(["id-13", "id-35"]) {
            folder.init(hub).await;
        }
        let innovations = records.to_string();
        let seed = [
            "seed",
            "--innovations",
            &innovations,
            "--related",
            "0",
            "--seed",
            "5",
        ];
        folders[0].well(&seed).await;
        let first = folders[0].serve().await;
        let fingerprint = folders[0].run(&["key", "show", "--json"]).await.json();
        let fingerprint = fingerprint["fingerprint"].as_str().expect("a key has one");
        folders[1]
            .well(&["peer", "add", &first.url, "--fingerprint", fingerprint])
            .await;
        let second = folders[1].serve().await;
        let api = |folder: &Program, serving: &Serving| {
            let token = std::fs::read_to_string(folder.folder().join("operator.token"));
            Api::new(
                api::client(),
                &serving.url,
                token.expect("it is there").trim(),
            )
        };
        let (here, there) = (api(&folders[0], &first), api(&folders[1], &second));
        let register =
            "mutation { registerAgency(input: {name: \"Dinas Uji\", kind: DEPARTMENT}) { id } }";
        let agency = here.mutate(register, json!({})).await["registerAgency"]["id"].clone();
        let scene = Self {
            first,
            second,
            agency,
            api: here,
            other: there,
            _folders: folders,
        };
        while scene.behind().await > 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        scene
    }

    /// Where the hub answers.
    pub fn url(&self) -> &str {
        &self.first.url
    }

    /// Memory that the hub takes, in MiB.
    pub fn memory(&self) -> u64 {
        self.first.memory()
    }

    /// Asks at a steady pace and writes for so long.
    pub async fn measure(&self, time: Duration) -> Measured {
        let until = Instant::now() + time;
        let ((times, failures, memory), lag) = tokio::join!(self.ask(until), self.write(until));
        Measured {
            times,
            failures,
            lag,
            memory,
        }
    }

    async fn ask(&self, until: Instant) -> (Vec<Duration>, u64, u64) {
        let (mut times, mut failures, mut memory) = (Vec::new(), 0, 0);
        let mut pace = tokio::time::interval(Duration::from_secs(1) / PACE);
        let mut asked = ASKED.iter().cycle();
        while Instant::now() < until {
            pace.tick().await;
            let Some(query) = asked.next() else { break };
            let begun = Instant::now();
            let answer = self.api.try_send(None, &json!({ "query": query })).await;
            times.push(begun.elapsed());
            failures += u64::from(answer.is_none_or(|answer| !answer.codes().is_empty()));
            if times.len() % 50 == 0 {
                memory = memory.max(self.memory());
            }
        }
        (times, failures, memory)
    }

    /// Writes records one by one, and gives the longest that one took to the other hub, in seconds.
    async fn write(&self, until: Instant) -> f64 {
        let mut longest = 0.0_f64;
        let mutation = "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
        while Instant::now() < until {
            let input = json!({"title": "Ditulis di tengah serangan", "agency": self.agency});
            self.api.mutate(mutation, json!({ "input": input })).await;
            let begun = Instant::now();
            while self.behind().await > 0 && Instant::now() < until + Duration::from_secs(60) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            longest = longest.max(begun.elapsed().as_secs_f64());
            tokio::time::sleep(WRITING).await;
        }
        longest
    }

    /// Entries that the other hub does not have yet.
    async fn behind(&self) -> u64 {
        let sizes = "{ heads(hubs: [\"id-13\"], first: 1) { nodes { size } } }";
        let size = async |api: &Api| {
            let told = api.ask_as_operator(sizes, json!({})).await.data();
            told["heads"]["nodes"][0]["size"]
                .as_u64()
                .unwrap_or_default()
        };
        let here = size(&self.api).await;
        here.saturating_sub(size(&self.other).await)
    }

    /// Stops both.
    pub async fn end(self) {
        self.first.stop().await;
        self.second.stop().await;
    }
}
