//! When a peer last said all that it holds of this hub's own logs.

crate::dialect::step!("m0013_answers", ANSWERS);

const ANSWERS: &[&str] = &[
    "ALTER TABLE peer ADD COLUMN last_answer_at BIGINT",
    "UPDATE peer SET last_answer_at = last_success_at",
];
