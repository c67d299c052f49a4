//! Answers and what is said of them.

use super::super::Verdict;
use super::*;

fn check(finding: &Finding, verdict: Verdict, words: &str) {
    assert_eq!(finding.verdict, verdict, "{finding:?}");
    assert!(finding.says.contains(words), "{finding:?} has no {words}");
}

#[test]
fn clocks_may_be_a_minute_apart() {
    let hub = |name: &str| name.parse::<HubId>().unwrap();
    let told = |seconds: i64| {
        vec![
            (hub("b1"), Duration::seconds(seconds)),
            (hub("b2"), Duration::ZERO),
        ]
    };
    check(&clock(0, &[]), Verdict::Ok, "compared with nobody");
    check(&clock(2, &[]), Verdict::Warning, "compared with nobody");
    check(&clock(2, &told(0)), Verdict::Ok, "within 1 s");
    check(&clock(2, &told(60)), Verdict::Ok, "within 60 s");
    check(
        &clock(2, &told(61)),
        Verdict::Fault,
        "it is 61 s behind that of b1",
    );
    check(
        &clock(2, &told(-7200)),
        Verdict::Fault,
        "it is 2 h ahead of that of b1",
    );
}

#[test]
fn a_disk_with_less_than_a_gibibyte_is_told() {
    let (file, folder) = (Location::Sqlite("a.db".into()), Path::new("here"));
    check(
        &disk(&file, folder, Ok(1 << 30)),
        Verdict::Ok,
        "1.00 GiB are free at here",
    );
    check(
        &disk(&file, folder, Ok((1 << 30) - 1)),
        Verdict::Warning,
        "make room",
    );
    let server = Location::Postgres("postgres://x".to_owned());
    check(
        &disk(&server, folder, Ok(1 << 40)),
        Verdict::Ok,
        "disk of the PostgreSQL server",
    );
    check(
        &disk(&file, folder, Err(anyhow::anyhow!("gone"))),
        Verdict::Fault,
        "gone",
    );
}

#[test]
fn databases_that_forget_commits_are_faults() {
    let of = |settings, pending: &[&str]| {
        let pending = pending.iter().map(|step| (*step).to_owned()).collect();
        database(&Checkup { pending, settings })
    };
    let sqlite = |journal_mode: &str, synchronous, faults: &[&str]| Settings::Sqlite {
        journal_mode: journal_mode.to_owned(),
        synchronous,
        faults: faults.iter().map(|fault| (*fault).to_owned()).collect(),
    };
    let postgres = |version, synchronous_commit: &str, fsync: &str| Settings::Postgres {
        version,
        synchronous_commit: synchronous_commit.to_owned(),
        fsync: fsync.to_owned(),
    };
    let well = |findings: &[Finding]| {
        findings
            .iter()
            .all(|finding| finding.verdict == Verdict::Ok)
    };
    assert!(well(&of(sqlite("wal", 2, &[]), &[])));
    check(
        &of(sqlite("delete", 2, &[]), &[])[0],
        Verdict::Fault,
        "journal_mode is delete",
    );
    check(
        &of(sqlite("wal", 1, &[]), &[])[1],
        Verdict::Fault,
        "below 2",
    );
    check(
        &of(sqlite("wal", 2, &["row 1 missing"]), &[])[2],
        Verdict::Fault,
        "row 1 missing",
    );
    check(
        &of(sqlite("wal", 2, &[]), &["m9"])[3],
        Verdict::Warning,
        "m9 is not yet taken",
    );
    assert!(well(&of(postgres(130_000, "on", "on"), &[])));
    check(
        &of(postgres(120_022, "on", "on"), &[])[0],
        Verdict::Fault,
        "PostgreSQL is 12.22; update it",
    );
    check(
        &of(postgres(160_004, "off", "on"), &[])[1],
        Verdict::Fault,
        "synchronous_commit = off",
    );
    check(
        &of(postgres(160_004, "on", "off"), &[])[1],
        Verdict::Fault,
        "fsync = off",
    );
}

#[test]
fn pages_that_are_not_built_in_are_no_fault() {
    check(&pages(web::Status::Built), Verdict::Ok, "built in");
    let missing = web::Status::Missing {
        reason: "no Node.js",
    };
    check(&pages(missing), Verdict::Warning, "no Node.js");
}
