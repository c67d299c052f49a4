//! Which of several processes on one database does what.

crate::dialect::step!("m0008_lease", LEASE);

/// `holder` and `asker` are processes; a lease that was given back has no holder. `fence` grows whenever the holder
/// changes. `lapses_at` is in Unix milliseconds by the database's clock.
const LEASE: &[&str] = &["CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY,
        holder {uuid},
        asker {uuid},
        fence BIGINT NOT NULL,
        lapses_at BIGINT NOT NULL) {rowless}"];
