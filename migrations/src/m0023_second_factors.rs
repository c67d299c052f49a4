//! What accounts show beside a password or instead of one: codes of an app, codes on paper, passkeys, and accounts of other
//! systems. They stay at this hub.

use crate::dialect;

/// `account_totp.secret` is kept as it is, since codes are computed from it (docs/decisions/0029). `confirmed` is 0 until a code of
/// it was given; `step` is the last one whose code was taken. Of codes on paper only hashes are kept. `account_answer` has
/// what other systems answered and was taken. `means` of a session says how it
/// was begun; those that are there already were begun with a password.
const FACTORS: &[&str] = &[
    "CREATE TABLE account_totp (
        account {uuid} NOT NULL PRIMARY KEY,
        secret {blob} NOT NULL,
        confirmed INTEGER NOT NULL DEFAULT 0,
        step BIGINT NOT NULL DEFAULT 0,
        created BIGINT NOT NULL)",
    "CREATE TABLE account_recovery (
        account {uuid} NOT NULL,
        hash {blob} NOT NULL,
        PRIMARY KEY (account, hash)) {rowless}",
    "CREATE TABLE account_passkey (
        id {uuid} NOT NULL PRIMARY KEY,
        account {uuid} NOT NULL,
        credential {blob} NOT NULL UNIQUE,
        passkey TEXT NOT NULL,
        name TEXT NOT NULL,
        created BIGINT NOT NULL,
        seen BIGINT)",
    "CREATE INDEX account_passkey_account ON account_passkey (account, created)",
    "CREATE TABLE account_identity (
        issuer {text} NOT NULL,
        subject {text} NOT NULL,
        account {uuid} NOT NULL,
        created BIGINT NOT NULL,
        seen BIGINT,
        PRIMARY KEY (issuer, subject)) {rowless}",
    "CREATE INDEX account_identity_account ON account_identity (account)",
    "CREATE TABLE account_answer (
        hash {blob} NOT NULL PRIMARY KEY,
        expires BIGINT NOT NULL)",
    "CREATE INDEX account_answer_expires ON account_answer (expires)",
    "ALTER TABLE account_session ADD COLUMN means {text} NOT NULL DEFAULT 'PASSWORD'",
];

dialect::step!("m0023_second_factors", FACTORS);
