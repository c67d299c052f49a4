//! Who publishes through the public API.

use std::net::SocketAddr;
use std::time::Instant;

use anyhow::bail;
use domain::identity::RecordId;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use uuid::Uuid;

use super::{load, sample};
use crate::hub::Hub;

const REGISTER: &str = "mutation($input:AgencyInput!){registerAgency(input:$input){id}}";
const CREATE: &str =
    "mutation($input:InnovationInput!){createInnovation(input:$input){innovation{id}}}";

/// Writes as the hub's operator, one record after the other.
pub(super) struct Writer {
    address: SocketAddr,
    stream: TcpStream,
    buffer: Vec<u8>,
    token: String,
    agency: Value,
    /// How many entries it appended.
    pub(super) written: u64,
}

impl Writer {
    /// A writer at a hub that serves.
    pub(super) async fn new(hub: &Hub) -> anyhow::Result<Self> {
        let address = hub.config.http.listen;
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let file = hub.config.path(&hub.config.hub.token_file);
        let mut writer = Self {
            address,
            stream,
            buffer: Vec::new(),
            token: std::fs::read_to_string(file)?.trim().to_owned(),
            agency: Value::Null,
            written: 0,
        };
        let input = json!({"name": "Contoh Dinas", "kind": "DEPARTMENT"});
        writer.agency = writer.mutate(REGISTER, input).await?["registerAgency"]["id"].take();
        Ok(writer)
    }

    /// Publishes one innovation, a word beside its title, and gives the time of the answer.
    pub(super) async fn write(&mut self, number: u64, word: &str) -> anyhow::Result<Instant> {
        let made = sample::innovation(number, RecordId::from(Uuid::nil()));
        let input = json!({
            "title": format!("{} {word}", made.title), "agency": self.agency, "unitName": made.unit_name,
            "summary": made.summary, "background": made.background, "impact": made.impact, "tags": made.tags,
            "affairs": made.affairs,
        });
        self.mutate(CREATE, input).await?;
        Ok(Instant::now())
    }

    async fn mutate(&mut self, document: &str, input: Value) -> anyhow::Result<Value> {
        let body = json!({"query": document, "variables": {"input": input}}).to_string();
        let viewer = load::Viewer::Operator(&self.token);
        let (stream, buffer) = (&mut self.stream, &mut self.buffer);
        let start = load::ask(stream, self.address, viewer, &body, buffer).await?;
        let mut answer: Value = serde_json::from_slice(&self.buffer[start..])?;
        if answer.get("errors").is_some() {
            bail!("writing failed: {answer}");
        }
        self.written += 1;
        Ok(answer["data"].take())
    }
}
