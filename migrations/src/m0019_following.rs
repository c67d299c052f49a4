//! What the last commits changed for readers, for whatever is derived from the store and follows it.

crate::dialect::step!("m0019_following", FOLLOWING);

/// One row for each commit, in a ring of slots so that the table does not grow: `slot` is the position modulo the
/// number of slots. Of scope 1, `first` and `until` are keys of entries; of scope 2, `first` is a hub's row.
const FOLLOWING: &[&str] = &["CREATE TABLE commit_change (
        slot {key},
        position BIGINT NOT NULL,
        scope INTEGER NOT NULL,
        first BIGINT NOT NULL,
        until BIGINT NOT NULL)"];
