//! Tables of what is decided.

use super::*;

const QUOTA: Quota = Quota {
    entries: 100,
    bytes: 1000,
};

fn hash(root: &str) -> Hash {
    Hash::of(root.as_bytes())
}

/// What is done about `held`, such as `ours 5 proved 3 there bb accepted 4 cc at dd forked known weighs us`, when a peer states
/// `size root`. All parts but the first are optional.
#[track_caller]
fn check(held: &str, theirs: &str, expected: Step) {
    let words: Vec<_> = held.split(' ').collect();
    let after = |word: &str| {
        let at = words.iter().position(|found| *found == word);
        at.map(|at| words[at + 1])
    };
    let number = |word: &str| after(word).map(|text| text.parse::<u64>().unwrap());
    let is = |word: &str| words.contains(&word);
    let owner = if is("ours") {
        Owner::Ours
    } else {
        Owner::Theirs
    };
    let size = number("ours").or_else(|| number("theirs")).unwrap();
    let accepted = number("accepted").map(|size| {
        let at = words.iter().position(|word| *word == "accepted").unwrap();
        let root = hash(words[at + 2]);
        (Accepted { size, root }, after("at").map(hash))
    });
    let view = View {
        owner,
        size,
        proved_size: number("proved").unwrap_or(size),
        bytes: number("bytes").unwrap_or_default(),
        is_forked: is("forked"),
        ours_there: after("there").map(hash),
        accepted,
        is_known_branch: is("known"),
        weight: match after("weighs") {
            Some("us") => Weight::Ours,
            Some("them") => Weight::Theirs,
            Some("neither") => Weight::Neither,
            _ => Weight::Equal,
        },
    };
    let (size, root) = theirs.split_once(' ').unwrap();
    let stated = Extent {
        size: size.parse().unwrap(),
        root: hash(root),
    };
    assert_eq!(
        step(&view, &stated, QUOTA),
        expected,
        "{held} against {theirs}"
    );
}

#[test]
fn a_longer_log_is_pulled_and_a_different_one_frozen() {
    check("theirs 3", "5 bb", Step::Pull);
    check("theirs 0", "5 bb", Step::Pull);
    check("theirs 5 there bb", "5 bb", Step::Nothing);
    check("theirs 9 there bb", "5 bb", Step::Nothing);
    check("theirs 9 proved 4 there bb", "5 bb", Step::Adopt);
    check("theirs 5 there xx", "5 bb", Step::Freeze);
    check("theirs 9 there xx", "5 bb", Step::Freeze);
    // What is held beyond the newest checkpoint cannot be shown against anybody, so it gives way to what is proved.
    check("theirs 9 proved 4 there xx", "5 bb", Step::Part);
    check("theirs 9 proved 4 forked there xx", "5 bb", Step::Nothing);
    check("theirs 9 forked there xx", "5 bb", Step::Nothing);
    check("theirs 3 forked", "5 bb", Step::Nothing);
}

#[test]
fn what_a_closed_key_alone_vouches_for_freezes_nothing() {
    check("theirs 5 there xx weighs us", "5 bb", Step::Outweigh);
    check("theirs 5 there xx weighs neither", "5 bb", Step::Outweigh);
    check("theirs 5 there xx weighs them", "5 bb", Step::Part);
    check(
        "theirs 5 forked there xx weighs them",
        "5 bb",
        Step::Nothing,
    );
    check("theirs 9 proved 4 there xx weighs us", "5 bb", Step::Part);
    check(
        "theirs 7 accepted 5 aa at xx there xx weighs us",
        "5 aa",
        Step::Part,
    );
    // An older copy of what was written with a key that is closed now may be all that is left of it.
    check("ours 5 there xx weighs us", "5 bb", Step::Branch);
    check("ours 5 there xx weighs neither", "5 bb", Step::Branch);
    check("ours 5 there xx weighs us known", "5 bb", Step::Nothing);
    check("theirs 3 weighs neither", "5 bb", Step::Pull);
}

#[test]
fn where_two_histories_part_says_which_one_gives_way() {
    let check = |place, has_next, weight, expected| {
        assert_eq!(parting(place, 5, has_next, weight), expected);
    };
    check(4, false, Weight::Equal, Parting::Fork);
    check(4, false, Weight::Ours, Parting::Outweighed);
    check(4, false, Weight::Neither, Parting::Outweighed);
    check(4, false, Weight::Theirs, Parting::Outweighing);
    for weight in [Weight::Equal, Weight::Ours, Weight::Theirs] {
        check(5, false, weight, Parting::Tail);
        check(4, true, weight, Parting::Closed);
        check(5, true, weight, Parting::Closed);
    }
}

#[test]
fn a_log_over_its_quota_is_parked() {
    check("theirs 3", "101 bb", Step::Park);
    check("theirs 3 bytes 1000", "5 bb", Step::Park);
}

#[test]
fn our_own_log_comes_back_and_other_histories_of_it_are_fetched() {
    check("ours 3", "5 bb", Step::Recover);
    check("ours 3 bytes 1000", "101 bb", Step::Recover);
    check("ours 5 there xx", "5 bb", Step::Branch);
    check("ours 5 there xx known", "5 bb", Step::Nothing);
    check("ours 5 there bb", "5 bb", Step::Nothing);
    check("ours 5 accepted 5 aa at aa", "7 bb", Step::Branch);
    check("ours 5 accepted 5 aa at aa known", "7 bb", Step::Nothing);
    check("ours 3 accepted 5 aa", "5 aa", Step::Pull);
    check("ours 3 accepted 5 aa", "4 bb", Step::Approach);
    check("ours 3 accepted 5 aa", "6 bb", Step::Branch);
    check("ours 3 accepted 5 aa", "5 bb", Step::Branch);
    check("ours 3 accepted 5 aa known", "5 bb", Step::Nothing);
    check("ours 5 accepted 5 aa at xx", "7 bb", Step::Branch);
    check("ours 7 accepted 5 aa at xx there xx", "5 aa", Step::Part);
}

#[test]
fn a_log_that_its_hub_closed_is_brought_to_what_counts() {
    check("theirs 3 accepted 5 aa", "5 aa", Step::Pull);
    check("theirs 3 accepted 5 aa", "4 bb", Step::Pull);
    check("theirs 3 accepted 5 aa", "6 bb", Step::Nothing);
    check("theirs 7 accepted 5 aa at xx there xx", "5 aa", Step::Part);
    check(
        "theirs 7 forked accepted 5 aa at xx there xx",
        "5 aa",
        Step::Part,
    );
    check(
        "theirs 5 accepted 5 aa at aa there xx",
        "4 bb",
        Step::Nothing,
    );
    check("theirs 5 accepted 5 aa at aa", "7 bb", Step::Nothing);
    check(
        "theirs 5 proved 0 accepted 5 aa at aa there aa",
        "5 aa",
        Step::Adopt,
    );
    check("theirs 3 accepted 5 aa there xx", "2 bb", Step::Nothing);
}

#[test]
fn a_page_is_short_that_ends_for_no_reason() {
    let mib = LEAST_PAGE_BYTES;
    let check = |stated: (usize, usize), asked, page: (usize, usize), ends: (u64, u64)| {
        let (entries, bytes) = stated;
        let limits = PageLimits { entries, bytes };
        is_short(asked, limits, page.0, page.1, ends.0, ends.1)
    };
    let usual = (1000, 4 * mib);
    assert!(check(usual, 1000, (1, 500), (1, 2)));
    assert!(check(usual, 1000, (999, mib - 1), (999, 5000)));
    assert!(!check(usual, 1000, (1000, 500), (1000, 5000)), "as asked");
    assert!(!check(usual, 1000, (4, mib), (4, 5000)), "full");
    assert!(!check(usual, 1000, (4, 500), (5000, 5000)), "the log's end");
    assert!(!check(usual, 1, (1, 500), (1, 5000)), "as asked");
    assert!(!check((8, 4 * mib), 1000, (8, 500), (8, 5000)), "as stated");
    assert!(check((8, 4 * mib), 1000, (7, 500), (7, 5000)));
    assert!(!check((1000, 400), 1000, (4, 500), (4, 5000)), "as stated");
    assert!(check((1000, 400), 1000, (4, 399), (4, 5000)));
}

#[test]
fn halving_finds_the_last_place_that_is_proved() {
    for held in 0..40_u64 {
        // Entries are proved as long as all before them are shared.
        for shared in 0..held {
            let (mut probe, mut last, mut asked) = (Probe::of(held), None, 0);
            while let Some(place) = probe.next() {
                asked += 1;
                probe = if place <= shared {
                    last = last.max(Some(place));
                    probe.proved(place)
                } else {
                    probe.refused(place)
                };
            }
            assert_eq!(last, Some(shared), "of {held}");
            assert!(asked <= 6, "{asked} of {held}");
        }
    }
    assert!(!is_fork(Some("a"), "a") && is_fork(Some("a"), "b") && !is_fork(None, "b"));
}

#[test]
fn pauses_stay_within_their_bounds() {
    let interval = Duration::from_secs(60);
    assert_eq!(pause(interval, 0, 0.0), Duration::from_secs(48));
    assert_eq!(pause(interval, 0, 1.0), Duration::from_secs(72));
    assert_eq!(pause(interval, 1, 1.0), Duration::from_secs(2));
    assert_eq!(pause(interval, 3, 0.5), Duration::from_secs(4));
    assert_eq!(pause(interval, 1, 0.0), Duration::from_millis(200));
    assert_eq!(pause(interval, u64::MAX, 1.0), Duration::from_secs(300));
    assert!(least_pause(0, 1) < least_pause(1, 1));
    assert_eq!(least_pause(0, 0), least_pause(1, 1));
    assert_eq!(least_pause(1, 0), least_pause(u64::MAX, 9));
}

#[test]
fn only_a_subscription_that_was_held_begins_the_count_anew() {
    let check = |before: u64, held: u64, expected: u64| {
        assert_eq!(losses(before, Duration::from_secs(held)), expected);
    };
    check(0, 0, 1);
    check(3, 0, 4);
    check(3, 59, 4);
    check(3, 60, 1);
}

#[test]
fn what_is_held_and_proved_is_no_news() {
    assert!(is_news(LogState::Proved, 4, 5));
    assert!(!is_news(LogState::Proved, 5, 5));
    assert!(!is_news(LogState::Proved, 6, 5));
    assert!(is_news(LogState::Incomplete, 5, 5));
    assert!(is_news(LogState::Empty, 0, 0));
}

#[test]
fn a_later_log_of_our_own_may_be_the_open_one_unless_it_lies_far_ahead() {
    let check = |newest: Option<u64>, stated: u64, expected: bool| {
        let epoch = |number| Epoch::new(number).unwrap();
        let found = may_be_open(newest.map(epoch), epoch(stated));
        assert_eq!(found, expected, "{newest:?} {stated}");
    };
    check(Some(7), 7, true);
    check(Some(7), 9, true);
    check(Some(7), 5, false);
    check(None, 7, false);
    check(Some(7), 1 << 33, false);
    check(Some(1 << 33), 1 << 33, true);
}

#[test]
fn a_history_lacks_what_its_newest_revisions_lack() {
    let entry = |number: u128, revision: u64, payload: Option<&str>, operation: &str| {
        let record = RecordId::from(uuid::Uuid::from_u128(number));
        let header_text = format!(
            r#"{{"v":1,"record":"{record}","revision":{revision},"kind":"innovation","audience":"public","at":"2026-02-03T04:05:06Z",{operation}}}"#
        );
        VerifiedEntry {
            header: domain::entry::Header::parse(&header_text),
            header_text,
            payload: payload.map(str::to_owned),
        }
    };
    let put = format!(r#""op":"put","payload":"{}","size":1"#, hash("x"));
    let delete = r#""op":"delete","reason":"error""#;
    let check = |entries: &[VerifiedEntry], expected: usize| {
        let mut lacking = BTreeSet::new();
        for entry in entries.chunks(1) {
            note_lacking(&mut lacking, entry);
        }
        assert_eq!(lacking.len(), expected, "{entries:?}");
    };
    check(&[entry(1, 1, Some("x"), &put)], 0);
    check(&[entry(1, 1, None, &put)], 1);
    check(&[entry(1, 1, None, &put), entry(1, 2, Some("x"), &put)], 0);
    check(&[entry(1, 1, None, &put), entry(2, 1, Some("x"), &put)], 1);
    check(&[entry(1, 1, Some("x"), &put), entry(1, 2, None, &put)], 1);
    check(&[entry(1, 1, None, &put), entry(1, 2, None, delete)], 0);
}

#[test]
fn what_was_given_of_a_history_is_noted_by_giver() {
    let extent = Extent {
        size: 5,
        root: hash("aa"),
    };
    let [one, other] = ["hub-1", "hub-2"].map(|hub| HubId::parse(hub).unwrap());
    let noted = [
        extent,
        extent.given(Given::Whole),
        extent.given(Given::ByLog(&one)),
        extent.given(Given::BesideLog {
            peer: &one,
            from: 0,
        }),
        extent.given(Given::BesideLog {
            peer: &one,
            from: 1,
        }),
        extent.given(Given::ByLog(&other)),
    ];
    for (place, some) in noted.iter().enumerate() {
        assert!(!noted[..place].contains(some), "{place}");
    }
}
