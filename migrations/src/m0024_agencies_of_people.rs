//! To which agency a person belongs, so that those who write for it read and note them.

use crate::dialect;

/// Who was known before belongs to no agency: curators and operators read of them, as before.
const AGENCIES: &[&str] = &[
    "ALTER TABLE person ADD COLUMN agency {uuid}",
    "CREATE INDEX person_agency ON person (agency, created, id)",
];

dialect::step!("m0024_agencies_of_people", AGENCIES);
