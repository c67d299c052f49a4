//! What stays at the hub: drafts with what was said of them, and the people whom innovations may name; and which records
//! break the rules of their courses.

crate::dialect::step!("m0017_drafts", DRAFTS);

/// `body`, `authors`, `people` and `acknowledged` are JSON. `based_on` is the record's revision in the log that the text is to
/// replace. A `credit` is one line of an innovation's credits as its newest entry has it, `person` whom it stands for, and
/// `due` is 1 while the line must be written anew.
const DRAFTS: &[&str] = &[
    "CREATE TABLE draft (
        record {uuid} NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL,
        state {text} NOT NULL,
        authors TEXT NOT NULL,
        verifier TEXT,
        body TEXT NOT NULL,
        people TEXT NOT NULL,
        acknowledged TEXT NOT NULL,
        based_on BIGINT NOT NULL,
        created BIGINT NOT NULL,
        updated BIGINT NOT NULL)",
    "CREATE INDEX draft_updated ON draft (updated, record)",
    "CREATE INDEX draft_state ON draft (state, updated, record)",
    "CREATE TABLE draft_step (
        record {uuid} NOT NULL,
        nth BIGINT NOT NULL,
        state {text} NOT NULL,
        actor TEXT NOT NULL,
        note TEXT,
        at BIGINT NOT NULL,
        PRIMARY KEY (record, nth)) {rowless}",
    "CREATE TABLE person (
        id {uuid} NOT NULL PRIMARY KEY,
        revision BIGINT NOT NULL,
        name TEXT NOT NULL,
        role TEXT,
        office TEXT NOT NULL,
        contact TEXT,
        consent_text TEXT,
        consent_given TEXT,
        consent_withdrawn TEXT,
        erased INTEGER NOT NULL,
        created BIGINT NOT NULL)",
    "CREATE INDEX person_created ON person (created, id)",
    "CREATE TABLE credit (
        record {uuid} NOT NULL,
        nth INTEGER NOT NULL,
        person {uuid},
        line TEXT NOT NULL,
        due INTEGER NOT NULL,
        PRIMARY KEY (record, nth)) {rowless}",
    "CREATE INDEX credit_person ON credit (person)",
    "CREATE INDEX credit_due ON credit (due, record)",
    "ALTER TABLE item ADD COLUMN flawed INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE item ADD COLUMN leg {text}",
    "CREATE INDEX item_flawed ON item (updated, key) WHERE flawed > 0",
];
