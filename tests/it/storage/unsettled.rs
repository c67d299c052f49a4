//! What a hub's next log supersedes while it is not known yet how much of the logs before counts: it is kept for the hub, which
//! may have lost it, until that is known.

use domain::entry::Kind;
use domain::log::{MAX_PAGE_BYTES, TreeEdge};
use serde_json::Value;
use storage::logs::fill::fill;
use storage::logs::read::PageBounds;
use storage::logs::{cutting, heads, left_out};
use testkit::forge::Forge;
use testkit::records::{innovation, record};
use testkit::{Backend, Store};

use super::NONE;

on_both_databases! {
    what_is_superseded_before_an_opening_is_readable_is_kept,
    what_a_third_log_supersedes_before_the_second_is_held_is_kept,
    what_is_superseded_in_another_history_is_kept_until_that_is_cut,
    what_counts_after_all_is_kept_no_more,
    what_came_meanwhile_is_kept_too,
    a_long_log_is_not_copied_as_a_whole,
}

fn said(title: &str) -> Value {
    serde_json::to_value(innovation(title, record(9))).unwrap()
}

/// Says a title of the record with a number.
fn say(log: &mut Forge, number: u128, revision: u64, title: &str) {
    log.put(
        record(number),
        revision,
        Kind::INNOVATION,
        &said(title),
        |_| {},
    );
}

/// Begins a log with an opening that accepts so much of another.
fn begin(epoch: u64, previous: &Forge, accepted: &TreeEdge) -> Forge {
    previous.reopened(epoch, record(100 + u128::from(epoch)), accepted)
}

/// A hub's first log with two revisions of a record and another record, and its tree when it had its first entry.
fn first_log() -> (Forge, TreeEdge) {
    let mut log = Forge::of("hub-o");
    say(&mut log, 1, 1, "Known");
    let known = log.grown();
    say(&mut log, 1, 2, "Forgotten");
    say(&mut log, 2, 1, "Other");
    (log, known)
}

async fn holder(backend: Backend, log: &mut Forge) -> Store {
    let holder = Store::fresh(backend, "hub-p").await;
    holder.apply(log.page()).await.unwrap();
    holder
}

/// The extents that are kept of a hub's logs, the newest first.
async fn extents(holder: &Store, log: &Forge) -> Vec<(i64, i64)> {
    let kept = left_out::list(&holder.db, &log.log().hub).await.unwrap();
    kept.iter().map(|kept| (kept.start, kept.size)).collect()
}

/// Asserts that from a place on one stretch is kept, with these titles, `None` for a payload that is not there.
async fn assert_kept(holder: &Store, log: &Forge, start: u64, titles: &[Option<&str>]) {
    assert_eq!(holder.faults().await, NONE);
    let hub = &log.log().hub;
    let kept = left_out::list(&holder.db, hub).await.unwrap();
    let starts: Vec<_> = kept.iter().map(|kept| kept.start).collect();
    assert_eq!(starts, [i64::try_from(start).unwrap()]);
    let bounds = PageBounds {
        entries: 10,
        bytes: MAX_PAGE_BYTES,
    };
    let page = left_out::page(&holder.db, hub, kept[0].id, start, bounds).await;
    let entries = page.unwrap().expect("the stretch is kept").entries;
    assert_eq!(entries.len(), titles.len());
    for (entry, title) in entries.iter().zip(titles) {
        let payload = entry.payload.as_deref();
        let is_it = payload
            .zip(*title)
            .is_some_and(|(payload, title)| payload.contains(title));
        assert!(
            is_it || payload.is_none() && title.is_none(),
            "{payload:?}, not {title:?}"
        );
    }
}

/// A supplier withholds the opening's payload, and gives what comes after.
async fn what_is_superseded_before_an_opening_is_readable_is_kept(backend: Backend) {
    let (mut old, known) = first_log();
    let holder = holder(backend, &mut old).await;
    let mut next = begin(2, &old, &known);
    let opening = next.without_payload().unwrap();
    say(&mut next, 1, 2, "Anew");
    holder.apply(next.page()).await.unwrap();
    say(&mut next, 2, 1, "Anew, too");
    holder.apply(next.page()).await.unwrap();
    assert_kept(&holder, &old, 1, &[Some("Forgotten"), Some("Other")]).await;

    let filled = fill(&holder.db, next.log(), vec![(0, opening)]).await;
    assert_eq!(filled.unwrap().filled, 1);
    assert_eq!(holder.size(old.log()).await, 1);
    assert_kept(&holder, &old, 1, &[Some("Forgotten"), Some("Other")]).await;
}

async fn what_a_third_log_supersedes_before_the_second_is_held_is_kept(backend: Backend) {
    let (mut old, known) = first_log();
    let holder = holder(backend, &mut old).await;
    let mut second = begin(2, &old, &known);
    let mut third = begin(3, &second, &second.grown());
    say(&mut third, 1, 2, "Anew");
    holder.apply(third.page()).await.unwrap();
    holder.apply(second.page()).await.unwrap();
    assert_kept(&holder, &old, 1, &[Some("Forgotten"), Some("Other")]).await;
}

/// What is held is of another history than the one that counts. Where they part, a later round finds out.
async fn what_is_superseded_in_another_history_is_kept_until_that_is_cut(backend: Backend) {
    let (mut old, _) = first_log();
    let holder = holder(backend, &mut old).await;
    let mut other = Forge::of("hub-o");
    say(&mut other, 1, 1, "Known");
    say(&mut other, 3, 1, "Of the history that counts");
    let mut next = begin(2, &old, &other.grown());
    say(&mut next, 2, 1, "Anew");
    holder.apply(next.page()).await.unwrap();
    say(&mut next, 1, 2, "Anew, too");
    holder.apply(next.page()).await.unwrap();

    let held = heads::edge(&holder.db, old.log()).await.unwrap();
    let cut = cutting::cut(&holder.db, old.log(), &held, 1, holder.now()).await;
    assert_eq!(cut.unwrap(), 2);
    assert_kept(&holder, &old, 1, &[Some("Forgotten"), Some("Other")]).await;
    let mut other = Forge::of("hub-o");
    say(&mut other, 1, 1, "Known");
    other.page();
    say(&mut other, 3, 1, "Of the history that counts");
    holder.apply(other.page()).await.unwrap();
    assert_kept(&holder, &old, 1, &[Some("Forgotten"), Some("Other")]).await;
}

async fn what_counts_after_all_is_kept_no_more(backend: Backend) {
    let (old, known) = first_log();
    for accepted in [old.grown(), known] {
        let (mut old, _) = first_log();
        let holder = holder(backend, &mut old).await;
        let mut next = begin(2, &old, &accepted);
        let opening = next.without_payload().unwrap();
        say(&mut next, 1, 3, "Anew");
        holder.apply(next.page()).await.unwrap();
        assert_eq!(extents(&holder, &old).await, [(1, 3)]);
        fill(&holder.db, next.log(), vec![(0, opening)])
            .await
            .unwrap();
        let expected = if accepted.size() == 3 {
            vec![]
        } else {
            vec![(1, 3)]
        };
        assert_eq!(extents(&holder, &old).await, expected);
    }

    // It holds less than counts, and comes to it later.
    let mut short = Forge::of("hub-o");
    say(&mut short, 1, 1, "Known");
    let holder = self::holder(backend, &mut short).await;
    say(&mut short, 1, 2, "Counts");
    let mut next = begin(2, &short, &short.grown());
    say(&mut next, 1, 3, "Anew");
    holder.apply(next.page()).await.unwrap();
    assert_eq!(extents(&holder, &short).await, [(0, 1)]);
    holder.apply(short.page()).await.unwrap();
    assert_eq!(extents(&holder, &short).await, []);
    assert_eq!(holder.faults().await, NONE);
}

async fn what_came_meanwhile_is_kept_too(backend: Backend) {
    let mut old = Forge::of("hub-o");
    say(&mut old, 1, 1, "Known");
    let known = old.grown();
    say(&mut old, 2, 1, "Came later");
    let late = old.without_payload().unwrap();
    say(&mut old, 1, 2, "Forgotten");
    say(&mut old, 3, 1, "Deleted");
    let holder = holder(backend, &mut old).await;
    let mut next = begin(2, &old, &known);
    let opening = next.without_payload().unwrap();
    say(&mut next, 1, 2, "Anew");
    holder.apply(next.page()).await.unwrap();
    assert_kept(&holder, &old, 2, &[Some("Forgotten"), Some("Deleted")]).await;
    fill(&holder.db, old.log(), vec![(1, late)]).await.unwrap();
    say(&mut next, 2, 1, "Anew, too");
    next.delete(record(3), 2, Kind::INNOVATION);
    holder.apply(next.page()).await.unwrap();
    fill(&holder.db, next.log(), vec![(0, opening)])
        .await
        .unwrap();
    let titles = [Some("Came later"), Some("Forgotten"), None];
    assert_kept(&holder, &old, 1, &titles).await;
}

async fn a_long_log_is_not_copied_as_a_whole(backend: Backend) {
    let mut old = Forge::of("hub-o");
    say(&mut old, 1, 1, "First");
    let holder = Store::fresh(backend, "hub-p").await;
    for number in 1..=10_009 {
        old.delete(record(1000 + number), 1, "strange");
        if number % 900 == 0 || number == 10_009 {
            holder.apply(old.page()).await.unwrap();
        }
    }
    let mut next = begin(2, &old, &old.grown());
    next.without_payload();
    say(&mut next, 1, 2, "Anew");
    holder.apply(next.page()).await.unwrap();
    assert_eq!(extents(&holder, &old).await, [(10, 10_010)]);
}
