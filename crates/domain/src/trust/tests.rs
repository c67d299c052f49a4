//! Which key is believed at which place, and what outranks what.

use super::*;
use crate::log::{Hash, SigningKey};

fn checkpoint(network: &str, size: u64, key: &SigningKey) -> String {
    let log = LogId {
        network: NetworkId::parse(network).unwrap(),
        hub: HubId::parse("id-13").unwrap(),
        epoch: Epoch::new(7).unwrap(),
    };
    let root = Hash::of_leaf(b"root");
    Checkpoint { log, size, root }.sign(key).text().to_owned()
}

#[test]
fn only_a_key_that_counts_at_the_size_is_believed() {
    let [first, second, other] = [1, 2, 3].map(|seed| SigningKey::from_seed(&[seed; 32]));
    let hub = HubId::parse("id-13").unwrap();
    let mut trust = Trust::new(NetworkId::parse("jipp").unwrap());
    trust.add(
        hub.clone(),
        TrustedKey {
            until: Some(10),
            ..TrustedKey::always(first.public())
        },
    );
    trust.add(
        hub,
        TrustedKey {
            from: 11,
            ..TrustedKey::always(second.public())
        },
    );

    assert_eq!(
        trust.open(&checkpoint("jipp", 10, &first)).unwrap().size(),
        10
    );
    assert_eq!(
        trust.open(&checkpoint("jipp", 11, &second)).unwrap().size(),
        11
    );
    for (size, key) in [(11, &first), (10, &second)] {
        let error = trust.open(&checkpoint("jipp", size, key)).unwrap_err();
        assert!(matches!(error, TrustError::Stranger { .. }), "{error}");
    }
    for (size, key) in [(10, &other), (11, &other)] {
        let error = trust.open(&checkpoint("jipp", size, key)).unwrap_err();
        assert!(matches!(
            error,
            TrustError::Checkpoint(CheckpointError::NotSigned { .. })
        ));
    }
    let elsewhere = trust.open(&checkpoint("other", 10, &first)).unwrap_err();
    assert!(matches!(elsewhere, TrustError::Network { .. }));
}

#[test]
fn a_hub_without_a_key_is_a_stranger_and_a_changed_note_is_refused() {
    let key = SigningKey::from_seed(&[1; 32]);
    let text = checkpoint("jipp", 10, &key);
    let mut trust = Trust::new(NetworkId::parse("jipp").unwrap());
    assert!(matches!(
        trust.open(&text),
        Err(TrustError::Stranger { size: 10, .. })
    ));
    trust.add(
        HubId::parse("id-13").unwrap(),
        TrustedKey::always(key.public()),
    );
    assert!(trust.open(&text).is_ok());
    for changed in [
        text.replace("\n10\n", "\n11\n"),
        text.replace("\n10\n", "\n010\n"),
        text.replace("/7", "/8"),
    ] {
        assert!(trust.open(&changed).is_err(), "{changed}");
    }
    let cosigned = format!("{text}\u{2014} witness AAAA\n");
    assert_eq!(trust.open(&cosigned).unwrap().text(), cosigned);
}

#[test]
fn what_a_key_signed_beyond_its_end_is_not_shown() {
    let [stolen, fresh] = [1, 2].map(|seed| SigningKey::from_seed(&[seed; 32]));
    let hub = HubId::parse("id-13").unwrap();
    let check = |until: u64, epoch: Option<u64>, size: u64, bound: Option<u64>| {
        let mut trust = Trust::new(NetworkId::parse("jipp").unwrap());
        let closed = TrustedKey {
            until: Some(until),
            until_epoch: epoch.map(|epoch| Epoch::new(epoch).unwrap()),
            ..TrustedKey::always(stolen.public())
        };
        trust.add(hub.clone(), closed);
        trust.add(hub.clone(), TrustedKey::always(fresh.public()));
        let found = trust.bound(&checkpoint("jipp", size, &stolen));
        assert_eq!(found, bound, "{until} of {epoch:?} at {size}");
        assert_eq!(trust.bound(&checkpoint("jipp", size, &fresh)), None);
    };
    check(10, None, 10, None);
    check(10, None, 11, Some(10));
    check(10, Some(7), 12, Some(10));
    check(10, Some(8), 12, None);
    check(10, Some(6), 12, Some(0));
    let nobody = Trust::new(NetworkId::parse("jipp").unwrap());
    assert_eq!(nobody.bound(&checkpoint("jipp", 9, &stolen)), None);
}

#[test]
fn what_a_key_without_an_end_vouches_for_outweighs_what_others_do() {
    let [closed, before, open, also] = [1, 2, 3, 4].map(key);
    let hub = HubId::parse("id-13").unwrap();
    let until = |key: &SigningKey, epoch| TrustedKey {
        until: Some(10),
        until_epoch: Some(Epoch::new(epoch).unwrap()),
        ..TrustedKey::always(key.public())
    };
    let network = || Trust::new(NetworkId::parse("jipp").unwrap());
    let weigh = |trust: &Trust, ours: &SigningKey, theirs: &SigningKey| {
        let theirs = trust.open(&checkpoint("jipp", 5, theirs)).unwrap();
        trust.weigh(theirs.log(), &checkpoint("jipp", 6, ours), theirs.text())
    };
    let mut trust = network();
    for key in [until(&closed, 7), until(&before, 7)] {
        trust.add(hub.clone(), key);
    }
    assert_eq!(
        weigh(&trust, &closed, &before),
        Weight::Equal,
        "none is open"
    );
    for key in [&open, &also] {
        trust.add(hub.clone(), TrustedKey::always(key.public()));
    }
    for (ours, theirs, expected) in [
        (&open, &open, Weight::Equal),
        (&open, &also, Weight::Equal),
        (&open, &closed, Weight::Ours),
        (&closed, &open, Weight::Theirs),
        (&closed, &closed, Weight::Neither),
        (&closed, &before, Weight::Neither),
    ] {
        assert_eq!(weigh(&trust, ours, theirs), expected);
    }
    let theirs = trust.open(&checkpoint("jipp", 5, &open)).unwrap();
    assert_eq!(
        trust.weigh(theirs.log(), "", theirs.text()),
        Weight::Theirs,
        "nothing is proved here"
    );

    // In the log before the one in which it ends, a key has no end.
    let mut trust = network();
    trust.add(hub.clone(), until(&closed, 8));
    trust.add(hub, TrustedKey::always(open.public()));
    assert_eq!(weigh(&trust, &open, &closed), Weight::Equal);
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn member(hub: &str, seed: u8, status: &str) -> Membership {
    let draft = MembershipDraft {
        hub: hub.to_owned(),
        name: format!("Hub {hub}"),
        keys: vec![MemberKeyDraft {
            key: key(seed).public().to_string(),
            until: Some(100),
            ..MemberKeyDraft::default()
        }],
        status: status.to_owned(),
        ..MembershipDraft::default()
    };
    Membership::parse(&draft).unwrap()
}

fn pin(hub: &str, seed: u8) -> (HubId, TrustedKey) {
    let hub = HubId::parse(hub).unwrap();
    (hub, TrustedKey::always(key(seed).public()))
}

/// What becomes of a checkpoint of id-13, signed by key 1 at a size.
#[track_caller]
fn check(sources: TrustSources, size: u64, expected: Result<(), &str>) {
    let trust = Trust::from_sources(NetworkId::parse("jipp").unwrap(), sources);
    let opened = trust.open(&checkpoint("jipp", size, &key(1)));
    let told = opened.map(drop).map_err(|error| error.to_string());
    match (told, expected) {
        (Ok(()), Ok(())) => {}
        (Err(told), Err(expected)) => assert!(told.contains(expected), "{told}"),
        (told, expected) => panic!("{told:?}, not {expected:?}"),
    }
}

#[test]
fn membership_outranks_pins_and_denial_outranks_both() {
    let none = TrustSources::default();
    check(none.clone(), 5, Err("no trusted key"));
    let pinned = TrustSources {
        pins: vec![pin("id-13", 1)],
        ..none.clone()
    };
    check(pinned.clone(), 500, Ok(()));
    let authority = HubId::parse("kl-panrb").ok();
    let followed = TrustSources {
        authority,
        is_word_whole: true,
        ..none.clone()
    };
    let admitted = TrustSources {
        members: vec![member("id-13", 1, "ACTIVE")],
        ..followed.clone()
    };
    check(admitted.clone(), 100, Ok(()));
    check(admitted.clone(), 101, Err("no trusted key"));
    // The pin does not outlive what the authority says of the key.
    let both = TrustSources {
        pins: vec![pin("id-13", 1)],
        ..admitted.clone()
    };
    check(both.clone(), 101, Err("no trusted key"));
    for (status, expected) in [("SUSPENDED", "suspended"), ("REVOKED", "revoked")] {
        let closed = TrustSources {
            members: vec![member("id-13", 1, status)],
            pins: vec![pin("id-13", 1)],
            ..none.clone()
        };
        check(closed, 5, Err(expected));
    }
    let pins = vec![pin("id-13", 1)];
    let unnamed = TrustSources { pins, ..followed };
    check(unnamed.clone(), 500, Ok(()));
    // Somebody withholds what the authority says, perhaps of this very hub.
    let is_word_whole = false;
    check(
        TrustSources {
            is_word_whole,
            ..unnamed.clone()
        },
        5,
        Err("no trusted key"),
    );
    let named = BTreeSet::from([HubId::parse("id-13").unwrap()]);
    check(TrustSources { named, ..unnamed }, 5, Err("no trusted key"));
    let denied = BTreeSet::from([HubId::parse("id-13").unwrap()]);
    check(TrustSources { denied, ..both }, 5, Err("denied"));
}

#[test]
fn the_authoritys_own_pin_stays_beside_its_membership() {
    let sources = TrustSources {
        authority: Some(HubId::parse("id-13").unwrap()),
        members: vec![member("id-13", 2, "SUSPENDED")],
        pins: vec![pin("id-13", 1)],
        ..TrustSources::default()
    };
    check(sources, 500, Ok(()));
}

#[test]
fn what_is_held_of_a_closed_hub_can_still_be_verified() {
    let sources = TrustSources {
        members: vec![member("id-13", 1, "REVOKED")],
        ..TrustSources::default()
    };
    let trust = Trust::from_sources(NetworkId::parse("jipp").unwrap(), sources);
    let text = checkpoint("jipp", 5, &key(1));
    assert!(trust.open(&text).is_err());
    assert!(trust.open_held(&text).is_ok());
    assert!(trust.open_held(&checkpoint("jipp", 101, &key(1))).is_err());
}

/// Every key with these bounds.
fn keys() -> Vec<TrustedKey> {
    let key = SigningKey::from_seed(&[1; 32]).public();
    let epochs =
        [None, Some(1), Some(2)].map(|epoch| epoch.map(|number| Epoch::new(number).unwrap()));
    let mut keys = Vec::new();
    for from in [0, 2, 3] {
        for until in [None, Some(1), Some(3)] {
            for from_epoch in epochs {
                for until_epoch in epochs
                    .into_iter()
                    .filter(|epoch| epoch.is_none() || until.is_some())
                {
                    keys.push(TrustedKey {
                        key,
                        from,
                        from_epoch,
                        until,
                        until_epoch,
                    });
                }
            }
        }
    }
    keys
}

#[test]
fn a_key_is_within_another_if_that_counts_wherever_it_does() {
    let epochs: Vec<_> = (0..5).map(|number| Epoch::new(number).unwrap()).collect();
    let places = || {
        epochs
            .iter()
            .flat_map(|epoch| (0..6).map(move |size| (*epoch, size)))
    };
    let keys = keys();
    assert_eq!(keys.len(), 63);
    for one in &keys {
        for other in &keys {
            let looked_at =
                |(epoch, size)| !one.counts_at(epoch, size) || other.counts_at(epoch, size);
            let expected = places().all(looked_at);
            assert_eq!(one.is_within(other), expected, "{one:?} within {other:?}");
        }
    }
}
