//! The shapes of answers.

use domain::log::{Frontier, Hash, Page, RawEntry};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Greeting, HeadsPage, PeerError, StatedHead, StatedLeftOut, StatedPage};
use crate::plan::{Introduction, PageLimits};

/// The longest text of a peer that is kept word for word, in bytes.
const MOST_OPAQUE_BYTES: usize = 200;

#[derive(Deserialize)]
pub(super) struct Answer<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    message: String,
    #[serde(default)]
    extensions: Extensions,
}

#[derive(Default, Deserialize)]
struct Extensions {
    #[serde(default)]
    code: String,
}

impl<T> Answer<T> {
    /// The data, or the first error. Data with errors beside it is no whole answer.
    pub(super) fn data(self) -> Result<T, PeerError> {
        if let Some(refusal) = self.errors.into_iter().next() {
            return Err(PeerError::Refused {
                code: shown(&refusal.extensions.code, 64),
                message: shown(&refusal.message, 300),
            });
        }
        self.data
            .ok_or_else(|| PeerError::Malformed("there is no data".to_owned()))
    }
}

/// What a peer says to people, at a bounded length and without what no text column takes.
fn shown(raw: &str, chars: usize) -> String {
    let clean = raw.chars().filter(|c| !c.is_control());
    clean.take(chars).collect()
}

/// What a peer says to itself: it is kept and given back as it is, so only its bounds are checked.
fn opaque(field: &str, raw: String) -> Result<String, PeerError> {
    if raw.len() > MOST_OPAQUE_BYTES || raw.contains(char::is_control) {
        let reason = format!("{field} is longer than {MOST_OPAQUE_BYTES} bytes or not plain text");
        return Err(PeerError::Malformed(reason));
    }
    Ok(raw)
}

fn hash(raw: &str) -> Result<Hash, PeerError> {
    Hash::parse(raw).ok_or_else(|| {
        let shown = shown(raw, 64);
        PeerError::Malformed(format!("{shown:?} is not the base64 of a SHA-256"))
    })
}

#[derive(Deserialize)]
pub(super) struct HubData {
    hub: Hub,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Hub {
    #[serde(rename = "hubId")]
    id: String,
    name: Option<String>,
    node: Node,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    network: String,
    store: Uuid,
    protocol_versions: Vec<u32>,
    heads_token: String,
    limits: Limits,
    #[serde(default)]
    left_out: Vec<LeftOut>,
    #[serde(default)]
    public_keys: Vec<String>,
    now: Option<String>,
}

#[derive(Deserialize)]
struct LeftOut {
    number: u64,
    from: u64,
    before: Vec<String>,
    checkpoint: String,
}

impl TryFrom<LeftOut> for StatedLeftOut {
    type Error = PeerError;

    fn try_from(stated: LeftOut) -> Result<Self, PeerError> {
        let before = stated
            .before
            .iter()
            .map(|raw| hash(raw))
            .collect::<Result<_, _>>()?;
        let before = Frontier::new(stated.from, before).ok_or_else(|| {
            let reason = "what it keeps of our logs begins with more or fewer hashes than its place has bits";
            PeerError::Malformed(reason.to_owned())
        })?;
        Ok(Self {
            number: stated.number,
            before,
            checkpoint: stated.checkpoint,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    entries_per_page: usize,
    bytes_per_page: usize,
}

impl TryFrom<HubData> for Greeting {
    type Error = PeerError;

    fn try_from(data: HubData) -> Result<Self, PeerError> {
        let malformed =
            |error: domain::identity::NameError| PeerError::Malformed(error.to_string());
        let node = data.hub.node;
        Ok(Self {
            introduction: Introduction {
                hub: data.hub.id.parse().map_err(malformed)?,
                network: node.network.parse().map_err(malformed)?,
                protocol_versions: node.protocol_versions,
            },
            store: node.store,
            heads_token: opaque("headsToken", node.heads_token)?,
            limits: PageLimits {
                entries: node.limits.entries_per_page,
                bytes: node.limits.bytes_per_page,
            },
            left_out: node
                .left_out
                .into_iter()
                .map(TryFrom::try_from)
                .collect::<Result<_, _>>()?,
            name: data.hub.name,
            public_keys: node.public_keys,
            now: node
                .now
                .and_then(|now| OffsetDateTime::parse(&now, &Rfc3339).ok()),
        })
    }
}

#[derive(Deserialize)]
pub(super) struct HeadsData {
    heads: Heads,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Heads {
    nodes: Vec<Head>,
    page_info: PageInfo,
}

#[derive(Deserialize)]
struct Head {
    checkpoint: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl TryFrom<HeadsData> for HeadsPage {
    type Error = PeerError;

    fn try_from(data: HeadsData) -> Result<Self, PeerError> {
        let head = |head: Head| StatedHead {
            checkpoint: head.checkpoint,
        };
        let info = data.heads.page_info;
        let cursor = info.end_cursor.map(|raw| opaque("endCursor", raw));
        Ok(Self {
            heads: data.heads.nodes.into_iter().map(head).collect(),
            cursor: cursor.transpose()?,
            has_more: info.has_next_page,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct EntriesData {
    entries: EntryPage,
}

#[derive(Deserialize)]
struct EntryPage {
    entries: Vec<Entry>,
    proof: Vec<String>,
    checkpoint: String,
}

#[derive(Deserialize)]
struct Entry {
    header: String,
    payload: Option<String>,
}

impl TryFrom<EntriesData> for StatedPage {
    type Error = PeerError;

    fn try_from(data: EntriesData) -> Result<Self, PeerError> {
        data.entries.try_into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct LeftOutData {
    left_out_entries: Option<EntryPage>,
}

impl TryFrom<LeftOutData> for StatedPage {
    type Error = PeerError;

    fn try_from(data: LeftOutData) -> Result<Self, PeerError> {
        let gone = || PeerError::Malformed("it gives nothing of what it stated".to_owned());
        data.left_out_entries.ok_or_else(gone)?.try_into()
    }
}

impl TryFrom<EntryPage> for StatedPage {
    type Error = PeerError;

    fn try_from(page: EntryPage) -> Result<Self, PeerError> {
        let entry = |entry: Entry| RawEntry {
            header: entry.header,
            payload: entry.payload,
        };
        Ok(Self {
            page: Page {
                entries: page.entries.into_iter().map(entry).collect(),
                proof: page
                    .proof
                    .iter()
                    .map(|raw| hash(raw))
                    .collect::<Result<_, _>>()?,
            },
            checkpoint: page.checkpoint,
        })
    }
}

#[derive(Deserialize)]
pub(super) struct PayloadsData {
    payloads: Vec<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    index: u64,
    payload: Option<String>,
}

impl From<PayloadsData> for Vec<(u64, String)> {
    fn from(data: PayloadsData) -> Self {
        let held = |found: Payload| Some((found.index, found.payload?));
        data.payloads.into_iter().filter_map(held).collect()
    }
}
