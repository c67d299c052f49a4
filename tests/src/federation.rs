//! Several hubs in one process, each the real one: its own database, its own address, rounds when the test says so (or
//! when the hub says so, if the drawing lets it).
//!
//! A hub called `a` in a test has the id `hub-a`. All keys are pinned everywhere unless the drawing says otherwise.
//! `restoring` puts hubs back.

mod restoring;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use std::time::Duration;

use domain::catalog::latest_day;
use domain::clock::Clock as _;
use domain::entry::EntryDraft;
use domain::identity::{Epoch, LogId};
use domain::log::LogState;
use domain::token;
use node::config::{Config, DatabaseUrl};
use node::hub::{Hub, SOFTWARE};
use node::import::rows::{self, Format, Layout};
use node::import::{self, Importer, Rules};
use node::keys;
use node::serving::{self, Pulling, Running};
use node::system::{SystemClock, SystemEntropy};
use node::tasks;
use outgoing::{Client, Reach};
use serde_json::{Value, json};
use storage::logs::heads::{self, Head};
use storage::logs::{self, verify};
use storage::peers::{self, Peer, RoundResult};
use storage::pins;
use sync::peer::{HttpPeer, Patience};
use sync::round::{Occasion, Puller};
use tokio::net::TcpListener;
use tokio::sync::OnceCell;

use crate::api::{Api, client};
use crate::drawing::{Drawing, DrawnHub};
use crate::records::{self, hub_id};
use crate::site::Site;

/// Settings of hubs that are all on this machine: what they ask is not counted, or the first would have to wait.
pub const HERE: &str = "[http.rates]\nunlimited = [\"127.0.0.0/8\"]\n";
/// Lines of `[sync]` of hubs that pull each other on this machine.
pub const PULL_HERE: &str = "private_networks = [\"127.0.0.0/8\"]\n";
/// Passes over all hubs after which records must have reached everyone.
const MOST_PASSES: usize = 20;

/// Several hubs that know each other.
pub struct Federation {
    members: Vec<Member>,
    client: Client,
}

struct Member {
    name: String,
    hub: Hub,
    api: Api,
    address: SocketAddr,
    running: Mutex<Option<Running>>,
    pulling: Pulling,
    puller: Puller,
    agency: OnceCell<String>,
    site: Site,
}

impl Federation {
    /// Starts hubs that all pull each other.
    pub async fn of<const N: usize>(names: [&str; N]) -> Self {
        Self::build(Drawing::of(names)).await
    }

    /// Starts hubs that pull each other as drawn; see [`Drawing::drawn`].
    pub async fn drawn(text: &str) -> Self {
        Self::build(Drawing::drawn(text)).await
    }

    /// Starts hubs.
    pub async fn build(drawing: Drawing) -> Self {
        let mut members = Vec::with_capacity(drawing.hubs.len());
        for hub in &drawing.hubs {
            members.push(Member::start(hub).await);
        }
        let federation = Self {
            members,
            client: HttpPeer::client(SOFTWARE, Reach::here()).expect("a client can be made"),
        };
        federation.acquaint(&drawing).await;
        federation
    }

    /// Lets hubs wait so long for their peers from now on, and for one log within a round.
    pub fn wait_for_peers(&mut self, patience: Patience, log_time: Duration) {
        let client = HttpPeer::patient_client(SOFTWARE, Reach::here(), patience);
        self.client = client.expect("a client can be made");
        for member in &mut self.members {
            member.puller = member.hub.puller().with_log_time(log_time);
        }
    }

    async fn acquaint(&self, drawing: &Drawing) {
        for (place, member) in self.members.iter().enumerate() {
            for (other_place, other) in self.members.iter().enumerate() {
                if place != other_place && !drawing.strangers.contains(&(place, other_place)) {
                    self.pin(&member.name, &other.name).await;
                }
            }
        }
        for (puller, supplier) in &drawing.pulls {
            let supplier = &self.members[*supplier];
            let puller = &self.members[*puller].name;
            self.add_peer(puller, &supplier.name, supplier.api.url())
                .await;
        }
    }

    /// A token with which one hub asks another.
    pub fn token(&self, from: &str, to: &str) -> String {
        let (from, to) = (self.hub(from), self.hub(to));
        let (network, us, them) = (from.db.network(), from.db.hub(), to.db.hub());
        token::sign(
            network,
            us,
            them,
            SystemClock.now(),
            &from.key,
            &SystemEntropy,
        )
    }

    /// Pins a hub's key at another.
    pub async fn pin(&self, at: &str, hub: &str) {
        let (db, hub) = (&self.hub(at).db, self.hub(hub));
        let pinned = pins::add(db, hub.db.hub(), &hub.key.public(), SystemClock.now(), None).await;
        pinned.expect("a key can be pinned");
    }

    /// Lets one hub pull another at an address, instead of where it pulled it before.
    pub async fn add_peer(&self, puller: &str, supplier: &str, url: &str) {
        let (db, id) = (&self.hub(puller).db, hub_id(&format!("hub-{supplier}")));
        let removed = peers::remove(db, id.as_str(), None).await;
        removed.expect("a peer can be removed");
        let added = peers::add(db, url, &id, SystemClock.now(), None).await;
        added.expect("a peer can be added");
    }

    fn member(&self, name: &str) -> &Member {
        let found = self.members.iter().find(|member| member.name == name);
        found.unwrap_or_else(|| panic!("there is no hub {name}"))
    }

    /// A hub.
    pub fn hub(&self, name: &str) -> &Hub {
        &self.member(name).hub
    }

    /// A client of a hub's API.
    pub fn api(&self, name: &str) -> &Api {
        &self.member(name).api
    }

    /// Where a hub's database lies.
    pub fn site(&self, name: &str) -> &Site {
        &self.member(name).site
    }

    /// Writes a hub's settings beside its database, so that the real program can be run on it.
    pub fn settings(&self, name: &str) -> String {
        let hub = self.hub(name);
        let file = self.site(name).folder().join(node::config::FILE);
        let text = format!(
            "[hub]\nnetwork = \"{}\"\nid = \"{}\"\n[database]\nurl = \"{}\"\n",
            hub.db.network(),
            hub.db.hub(),
            self.site(name).url()
        );
        std::fs::write(&file, text).expect("the settings can be written");
        file.display().to_string()
    }

    /// A hub's own log.
    pub async fn log(&self, name: &str) -> LogId {
        self.hub(name).own_log().await.expect("the hub has a log")
    }

    /// Publishes an innovation through the public API and gives its global id.
    pub async fn publish(&self, name: &str, title: &str) -> String {
        let input = json!({"title": title, "agency": self.agency(name).await});
        let data = self.write(name, CREATE, json!({ "input": input })).await;
        text(&data["createInnovation"]["innovation"]["id"])
    }

    /// Gives an innovation a new title and says which revision it is at now.
    pub async fn revise(&self, name: &str, id: &str, revision: u64, title: &str) -> u64 {
        let input = json!({"title": title, "agency": self.agency(name).await});
        let variables = json!({"id": id, "revision": revision, "input": input});
        let data = self.write(name, REVISE, variables).await;
        let revision = data["reviseInnovation"]["innovation"]["revision"].as_u64();
        revision.expect("a revision is a number")
    }

    /// Takes an innovation back.
    pub async fn withdraw(&self, name: &str, id: &str, revision: u64) {
        let variables = json!({"id": id, "revision": revision});
        self.write(name, WITHDRAW, variables).await;
    }

    /// The global id of the one agency whose innovations tests publish.
    pub async fn agency(&self, name: &str) -> String {
        let register = async || {
            let input = json!({"name": format!("Dinas {name} {name}"), "kind": "DEPARTMENT", "region": "13.76"});
            let data = self.write(name, REGISTER, json!({ "input": input })).await;
            text(&data["registerAgency"]["id"])
        };
        self.member(name).agency.get_or_init(register).await.clone()
    }

    async fn write(&self, name: &str, document: &str, variables: Value) -> Value {
        self.api(name).mutate(document, variables).await
    }

    /// Appends entries to a hub's log without going through its API.
    pub async fn issue(&self, name: &str, drafts: Vec<EntryDraft>) {
        let issued = self.hub(name).issue(drafts).await;
        issued.expect("the log takes the entries");
    }

    /// Brings the real records of the data folder into a hub's log, as `simpul import` does.
    pub async fn import(&self, name: &str) {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/innovations.jsonl");
        let rules = Rules::of_data(self.hub(name).db.hub(), latest_day(SystemClock.now()));
        let mut importer = Importer::new(self.hub(name), rules.clone())
            .await
            .expect("agencies can be read");
        let rows = rows::open(&file, Format::JsonLines, &Layout::default());
        let rows = rows.expect("the data folder is there");
        for batch in import::batches(rows, rules, 1000, |_| true) {
            let written = importer.write(batch.expect("the file can be read")).await;
            written.expect("the log takes the rows");
        }
    }

    /// The titles that a hub shows, in their order, through the public API.
    pub async fn titles(&self, name: &str) -> Vec<String> {
        let mut titles = Vec::new();
        let mut after = Value::Null;
        loop {
            let data = self
                .api(name)
                .query(TITLES, json!({ "after": after }))
                .await;
            let page = &data["innovations"];
            let nodes = page["nodes"].as_array().expect("nodes are a list");
            titles.extend(nodes.iter().map(|node| text(&node["title"])));
            if page["pageInfo"]["hasNextPage"] == false {
                return titles;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }

    /// What a hub holds of every log.
    pub async fn heads(&self, name: &str) -> Vec<Head> {
        let heads = heads::list(&self.hub(name).db).await;
        heads.expect("heads can be read")
    }

    /// How a hub stands with another's log; `Empty` for one it never heard of.
    pub async fn state(&self, holder: &str, of: &str) -> LogState {
        self.head(holder, of)
            .await
            .map_or(LogState::Empty, |head| head.state)
    }

    /// How many entries a hub holds of another's log.
    pub async fn size(&self, holder: &str, of: &str) -> u64 {
        self.head(holder, of).await.map_or(0, |head| head.size)
    }

    /// What a hub holds of another's log.
    pub async fn head(&self, holder: &str, of: &str) -> Option<Head> {
        let id = hub_id(&format!("hub-{of}"));
        let mut heads = self.heads(holder).await.into_iter();
        heads.find(|head| head.log.hub == id)
    }

    /// Everything that recomputing all of a hub's logs finds wrong.
    pub async fn verify(&self, name: &str) -> Vec<String> {
        let hub = self.hub(name);
        let trust = hub.trust().await.expect("pins can be read");
        let open = |text: &str| {
            trust
                .open_held(text)
                .map(drop)
                .map_err(|error| error.to_string())
        };
        let mut faults = Vec::new();
        for head in self.heads(name).await {
            let verified = verify::verify(&hub.db, &head.log, open, |_| {}).await;
            let verified = verified
                .expect("the log can be read")
                .expect("the log is held");
            let fault =
                |fault: verify::Fault| format!("{} {:?}: {}", head.log, fault.place, fault.what);
            faults.extend(verified.faults.into_iter().map(fault));
        }
        faults
    }

    /// A hub's note of one that it pulls.
    pub async fn peer(&self, puller: &str, supplier: &str) -> Peer {
        let id = hub_id(&format!("hub-{supplier}"));
        let listed = peers::list(&self.hub(puller).db)
            .await
            .expect("peers can be read");
        let found = listed.into_iter().find(|peer| peer.hub == id);
        found.unwrap_or_else(|| panic!("{puller} does not pull {supplier}"))
    }

    /// Lets one hub pull another once, because it is its turn.
    pub async fn round(&self, puller: &str, supplier: &str) -> RoundResult {
        let peer = self.peer(puller, supplier).await;
        self.pull(self.member(puller), &peer, Occasion::Turn).await
    }

    /// Lets one hub pull another once, as after a hint.
    pub async fn hinted_round(&self, puller: &str, supplier: &str) -> RoundResult {
        let peer = self.peer(puller, supplier).await;
        self.pull(self.member(puller), &peer, Occasion::Hint).await
    }

    async fn pull(&self, member: &Member, peer: &Peer, occasion: Occasion) -> RoundResult {
        let remote = member.hub.remote(self.client.clone(), peer);
        let remote = remote.expect("the address is a URL");
        let result = member
            .puller
            .run(peer, &remote, occasion, None, &|_| {})
            .await;
        result.expect("a round can be noted")
    }

    /// Lets every hub pull all its peers again and again, until nothing changes any more. A hub that is away does not pull.
    pub async fn sync_until_quiet(&self) {
        for _ in 0..MOST_PASSES {
            let before = self.positions().await;
            for member in self.members.iter().filter(|member| member.is_there()) {
                let listed = peers::list(&member.hub.db)
                    .await
                    .expect("peers can be read");
                for peer in listed {
                    self.pull(member, &peer, Occasion::Turn).await;
                }
                member.heal().await;
                member.follow().await;
            }
            if self.positions().await == before {
                return;
            }
        }
        panic!("records still move after {MOST_PASSES} passes over all hubs");
    }

    async fn positions(&self) -> Vec<u64> {
        let mut positions = Vec::with_capacity(self.members.len());
        for member in &self.members {
            let position = member.hub.db.refresh().await;
            positions.push(position.expect("the database answers"));
        }
        positions
    }

    /// Stops a hub's server.
    pub async fn take_offline(&self, name: &str) {
        let running = self.member(name).running().take();
        let running = running.expect("the hub is there");
        running.stop().await.expect("the hub stops");
    }

    /// Starts a hub's server where it was.
    pub async fn bring_back(&self, name: &str) {
        let member = self.member(name);
        let listener = TcpListener::bind(member.address).await;
        let listener = listener.expect("the port is still free");
        *member.running() = Some(serve(&member.hub, member.pulling, listener));
    }
}

const REGISTER: &str = "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }";
const CREATE: &str =
    "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";
const REVISE: &str = "mutation($id: ID!, $revision: Long!, $input: InnovationInput!) {
    reviseInnovation(id: $id, revision: $revision, input: $input) { innovation { revision } } }";
const WITHDRAW: &str = "mutation($id: ID!, $revision: Long!) { withdrawInnovation(id: $id, revision: $revision, reason: WITHDRAWN) }";
const TITLES: &str = "query($after: String) {
    innovations(first: 100, after: $after, orderBy: TITLE_ASC) { nodes { title } pageInfo { hasNextPage endCursor } } }";

fn text(value: &Value) -> String {
    value
        .as_str()
        .expect("the answer has a text there")
        .to_owned()
}

impl Member {
    async fn start(drawn: &DrawnHub) -> Self {
        let site = drawn.backend.site().await;
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a port is free");
        let address = listener.local_addr().expect("the socket is bound");
        let hub = open_hub(drawn, &site, address.port()).await;
        let token = std::fs::read_to_string(hub.config.path(&hub.config.hub.token_file));
        let token = token.expect("the token was written");
        Self {
            name: drawn.name.clone(),
            api: Api::new(client(), &format!("http://{address}"), token.trim()),
            address,
            running: Mutex::new(Some(serve(&hub, drawn.pulling, listener))),
            pulling: drawn.pulling,
            puller: hub.puller(),
            hub,
            agency: OnceCell::new(),
            site,
        }
    }

    /// Ends a halt if it can be ended, as a running hub does again and again.
    async fn heal(&self) {
        let healed = tasks::healing::heal(&self.hub, &self.hub.healer()).await;
        let _is_well: bool = healed.expect("healing goes on");
    }

    /// Says its answers for whom their replications are by now, as a running hub does again and again.
    async fn follow(&self) {
        let settled = tasks::answers::settle_all(&self.hub).await;
        let _answers: u64 = settled.expect("answers can be written anew");
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_there(&self) -> bool {
        self.running().is_some()
    }
}

fn serve(hub: &Hub, pulling: Pulling, listener: TcpListener) -> Running {
    serving::start_at(hub, listener, pulling).expect("the hub starts")
}

async fn open_hub(drawn: &DrawnHub, site: &Site, port: u16) -> Hub {
    let DrawnHub {
        name,
        network,
        settings,
        ..
    } = drawn;
    let settings = settings.replace("{port}", &port.to_string());
    let text = format!(
        "[hub]\nnetwork = \"{network}\"\nid = \"hub-{name}\"\n\n{HERE}\n[sync]\n{PULL_HERE}{settings}"
    );
    let mut config = Config::parse(&text).expect("the settings are right");
    site.folder().clone_into(&mut config.folder);
    config.database.url = DatabaseUrl::parse(&site.url()).expect("the address is right");
    config.search.enabled = drawn.is_searching;
    if drawn.asks_database {
        config.database.records_in_memory = Some(0);
    }
    if !drawn.is_silent {
        let profile = records::profile(&format!("Hub {name} {name}"));
        return Hub::create(config, &profile)
            .await
            .expect("the hub is made");
    }
    let file = |path| config.path(path);
    keys::create_key(&file(&config.hub.key_file), None, &SystemEntropy)
        .expect("the key is written");
    keys::create_token(&file(&config.hub.token_file), &SystemEntropy)
        .expect("the token is written");
    let hub = Hub::open(config).await.expect("the hub opens");
    let epoch = Epoch::new(1).expect("1 is an epoch");
    let opened = logs::open_own(&hub.db, epoch, &hub.key, &SystemClock).await;
    opened.expect("a log can be opened");
    hub
}
