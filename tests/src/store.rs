//! A hub's memory without its program: the database, a key, a clock and randomness of the test's.

use domain::catalog::{AgencyDraft, InnovationDraft};
use domain::clock::Clock as _;
use domain::entry::{EntryDraft, Kind, Sight};
use domain::identity::{Epoch, HubId, LogId, NetworkId, RecordId};
use domain::log::{Page, SigningKey, VerifiedPage};
use domain::trust::{Trust, TrustedKey};
use storage::logs::read::{self, PageBounds};
use storage::logs::{self, Issued, Stored, heads, verify};
use storage::{Database, Owner, StorageError};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::clock::TestClock;
use crate::dump::Dump;
use crate::entropy::SeededEntropy;
use crate::records::{self, hub_id, key_of};
use crate::site::{Backend, Site};

/// The network of all tests.
pub const NETWORK: &str = "jipp-test";

/// Pages as long as the protocol allows.
pub const WHOLE_PAGES: u64 = 1000;

/// A hub's memory, with an open log of its own.
#[derive(Debug)]
pub struct Store {
    /// The database.
    pub db: Database,
    /// The hub's key.
    pub key: SigningKey,
    /// The hub's clock.
    pub clock: TestClock,
    /// The hub's own log.
    pub log: LogId,
    entropy: SeededEntropy,
    site: Site,
}

impl Store {
    /// Opens a fresh database for a hub.
    pub async fn fresh(backend: Backend, hub: &str) -> Self {
        let site = backend.site().await;
        let db = open(&site, hub).await.expect("a fresh database opens");
        let (key, clock) = (key_of(&hub_id(hub)), TestClock::default());
        let epoch = Epoch::new(1).expect("1 is an epoch");
        let log = logs::open_own(&db, epoch, &key, &clock).await;
        Self {
            log: log.expect("a log can be opened"),
            entropy: SeededEntropy::new(7),
            db,
            key,
            clock,
            site,
        }
    }

    /// Closes the database and opens it again, with empty memories.
    pub async fn reopened(self) -> Self {
        self.db.close().await.expect("the database closes");
        let hub = self.db.hub().to_string();
        let db = open(&self.site, &hub).await;
        Self {
            db: db.expect("the database opens again"),
            ..self
        }
    }

    /// Opens the same database once more, as another process would.
    pub async fn another_handle(&self) -> Database {
        let db = open(&self.site, self.db.hub().as_str()).await;
        db.expect("the database opens twice")
    }

    /// Where the database lies.
    pub const fn site(&self) -> &Site {
        &self.site
    }

    /// The present moment of the hub's clock.
    pub fn now(&self) -> OffsetDateTime {
        self.clock.now()
    }

    /// Appends entries to the hub's log.
    pub async fn issue(&self, drafts: Vec<EntryDraft>) -> Issued {
        let issued = self.try_issue(drafts).await;
        issued.expect("the log takes the entries")
    }

    /// The same, for drafts that may be refused.
    pub async fn try_issue(&self, drafts: Vec<EntryDraft>) -> Result<Issued, StorageError> {
        logs::issue(&self.db, &self.key, drafts, &self.clock, &self.entropy).await
    }

    /// Issues an agency, a second later.
    pub async fn put_agency(&self, record: RecordId, revision: u64, draft: &AgencyDraft) {
        let at = self.clock.pass(1);
        let entry = records::put(record, revision, Kind::AGENCY, draft, at);
        self.issue(vec![entry]).await;
    }

    /// Issues an innovation, a second later.
    pub async fn put_innovation(&self, record: RecordId, revision: u64, draft: &InnovationDraft) {
        let at = self.clock.pass(1);
        let entry = records::put(record, revision, Kind::INNOVATION, draft, at);
        self.issue(vec![entry]).await;
    }

    /// Takes a record back, a second later.
    pub async fn delete(&self, record: RecordId, revision: u64, kind: &str) {
        let entry = records::delete(record, revision, kind, self.clock.pass(1));
        self.issue(vec![entry]).await;
    }

    /// How many entries of a log are held.
    pub async fn size(&self, log: &LogId) -> u64 {
        let edge = heads::edge(&self.db, log).await;
        edge.expect("the tree can be read").size()
    }

    /// A verified page of another store's log that continues what is held here, at most so many entries.
    pub async fn next_page(&self, supplier: &Self, log: &LogId, entries: u64) -> VerifiedPage {
        let edge = heads::edge(&self.db, log)
            .await
            .expect("the tree can be read");
        let bounds = PageBounds {
            entries,
            bytes: domain::log::MAX_PAGE_BYTES,
        };
        let page = read::page(&supplier.db, log, edge.size(), bounds, Sight::All).await;
        let page = page
            .expect("the page can be read")
            .expect("the log is held");
        let checkpoint = trust_of(&log.hub).open(&page.checkpoint);
        let (entries, proof) = (page.entries, page.proof);
        Page { entries, proof }
            .verify(&edge, checkpoint.expect("the hub signed"))
            .expect("an honest page verifies")
    }

    /// Stores a page.
    pub async fn apply(&self, page: VerifiedPage) -> Result<Stored, StorageError> {
        logs::apply(&self.db, page, None, &self.clock).await
    }

    /// Pulls another store's log to its end, in pages of so many entries.
    pub async fn pull(&self, supplier: &Self, log: &LogId, entries: u64) {
        let target = supplier.size(log).await;
        while self.size(log).await < target {
            let page = self.next_page(supplier, log, entries).await;
            self.apply(page).await.expect("a verified page is stored");
        }
    }

    /// Everything that readers see, as text.
    pub async fn dump(&self) -> Dump {
        Dump::read(self.site.location()).await
    }

    /// Everything that recomputing all logs finds wrong.
    pub async fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for head in heads::list(&self.db).await.expect("heads can be read") {
            faults.extend(faults_of(&self.db, &head.log).await);
        }
        faults
    }
}

/// Everything that recomputing one log finds wrong; its hub has the key of tests.
pub async fn faults_of(db: &Database, log: &LogId) -> Vec<String> {
    let trust = trust_of(&log.hub);
    let open = |text: &str| {
        trust
            .open(text)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let verified = verify::verify(db, log, open, |_| {}).await;
    let verified = verified
        .expect("the log can be read")
        .expect("the log is held");
    verified
        .faults
        .into_iter()
        .map(|fault| format!("{log} {:?}: {}", fault.place, fault.what))
        .collect()
}

/// Trust in the one key of a hub.
pub fn trust_of(hub: &HubId) -> Trust {
    let mut trust = Trust::new(network());
    trust.add(hub.clone(), TrustedKey::always(key_of(hub).public()));
    trust
}

/// The network of all tests.
pub fn network() -> NetworkId {
    NetworkId::parse(NETWORK).expect("the name is well formed")
}

/// Opens a hub's database where it lies.
pub async fn open(site: &Site, hub: &str) -> Result<Database, StorageError> {
    let owner = Owner {
        network: network(),
        hub: hub_id(hub),
    };
    Database::open(site.location(), owner, Uuid::from_u128(1)).await
}
