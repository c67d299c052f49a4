//! What is said of members, and which keys may sign because of it.

use super::super::file::{Asked, File, MemberReading, MembershipText, PinText, TrustCase};
use super::{Case, Check, SEEDS, case, damage, key_of};

const AUTHORITY: &str = "kl-kemendagri";

pub(super) fn file() -> File {
    let mut cases = readings();
    cases.extend(trusting());
    super::file(
        "Bodies of memberships, and which keys may sign for which hub",
        cases,
    )
}

/// The public key of one of the known seeds.
fn key(number: usize) -> String {
    key_of(SEEDS[number]).public().to_string()
}

/// A membership with these keys, each with what follows its text.
fn body(hub: &str, keys: &[(usize, &str)], status: &str) -> String {
    let keys = keys
        .iter()
        .map(|(number, sizes)| format!(r#"{{"key":"{}"{sizes}}}"#, key(*number)));
    let keys = keys.collect::<Vec<_>>().join(",");
    format!(
        r#"{{"hub":"{hub}","name":"Hub JIPP Sumatera Barat","region":"13","endpoints":["https://jipp.example.go.id"],"keys":[{keys}],"status":"{status}"}}"#
    )
}

fn readings() -> Vec<Case> {
    let one = |sizes| body("id-13", &[(0, sizes)], "ACTIVE");
    let good = one("");
    let key_of_eight: Vec<_> = (0..8).map(|number| (number % SEEDS.len(), "")).collect();
    let said = [
        ("one key that counts everywhere", good.clone()),
        ("a key from a size on", one(r#","from":600"#)),
        ("a key up to a size", one(r#","until":606"#)),
        ("a key for one size", one(r#","from":7,"until":7"#)),
        ("until that is null", one(r#","until":null"#)),
        (
            "a key up to a size of one log",
            one(r#","from":700,"fromEpoch":6,"until":606,"untilEpoch":7"#),
        ),
        (
            "two keys whose sizes overlap",
            body(
                "id-13",
                &[(0, r#","from":0,"until":606"#), (1, r#","from":600"#)],
                "ACTIVE",
            ),
        ),
        ("eight keys", body("id-13", &key_of_eight, "ACTIVE")),
        ("suspended", body("id-13", &[(0, "")], "SUSPENDED")),
        ("revoked", body("id-13", &[(0, "")], "REVOKED")),
        (
            "a status of a newer version",
            body("id-13", &[(0, "")], "ON_PROBATION"),
        ),
        (
            "a status in small letters",
            body("id-13", &[(0, "")], "active"),
        ),
        (
            "nothing but what is required",
            good.replace(
                r#""region":"13","endpoints":["https://jipp.example.go.id"],"#,
                "",
            ),
        ),
        (
            "with what a newer version says",
            one(r#","use":"log""#).replace("{\"hub\"", "{\"since\":2026,\"hub\""),
        ),
    ];
    let reading = |name: &str, body: String, is_read: bool| {
        let reads = MemberReading::of(&body);
        assert_eq!(reads.is_some(), is_read, "{name}: {body}");
        case(name, Check::Membership(MembershipText { body, reads }))
    };
    let refused = damage::memberships(&good, &key(0)).into_iter();
    let mut cases: Vec<_> = said.map(|(name, body)| reading(name, body, true)).into();
    cases.extend(refused.map(|(name, body)| reading(name, body, false)));
    cases
}

/// A case in which the authority has said nothing and nobody is pinned or denied.
fn nobody() -> TrustCase {
    TrustCase {
        authority: Some(AUTHORITY.to_owned()),
        memberships: Vec::new(),
        pins: Vec::new(),
        denied: Vec::new(),
        asked: Vec::new(),
    }
}

fn members(said: &[String]) -> TrustCase {
    TrustCase {
        memberships: said.to_vec(),
        ..nobody()
    }
}

impl TrustCase {
    fn pinned(mut self, hub: &str, number: usize) -> Self {
        let hub = hub.to_owned();
        self.pins.push(PinText {
            hub,
            key: key(number),
        });
        self
    }

    fn denied(mut self, hub: &str) -> Self {
        self.denied.push(hub.to_owned());
        self
    }

    /// May these keys sign at these sizes of the hub's log of epoch 7?
    fn asks(self, hub: &str, answers: &[(u64, usize, bool)]) -> Self {
        self.asks_in(7, hub, answers)
    }

    fn asks_in(mut self, epoch: u64, hub: &str, answers: &[(u64, usize, bool)]) -> Self {
        let asked = answers.iter().map(|&(size, number, may_sign)| Asked {
            hub: hub.to_owned(),
            epoch,
            size,
            key: key(number),
            may_sign,
        });
        self.asked.extend(asked);
        self
    }
}

type Named = (&'static str, TrustCase);

fn trusting() -> Vec<Case> {
    let cases = [pins(), memberships(), last_words(), the_authority()];
    let trusting = |(name, of): Named| case(name, Check::Trust(of));
    cases.concat().into_iter().map(trusting).collect()
}

fn active(hub: &str, keys: &[(usize, &str)]) -> String {
    body(hub, keys, "ACTIVE")
}

fn pins() -> Vec<Named> {
    let alone = TrustCase {
        authority: None,
        ..nobody()
    };
    vec![
        (
            "nobody vouches for the hub",
            nobody().asks("id-13", &[(0, 0, false), (5, 0, false)]),
        ),
        (
            "pinned, without an authority",
            alone
                .pinned("id-13", 0)
                .asks("id-13", &[(0, 0, true), (1 << 40, 0, true), (5, 1, false)])
                .asks("id-35", &[(5, 0, false)]),
        ),
        (
            "a hub of which the authority says nothing is pinned",
            members(&[active("id-35", &[(2, "")])])
                .pinned("id-13", 0)
                .asks("id-13", &[(5, 0, true)]),
        ),
        (
            "a pinned hub that is denied here, beside one that is not",
            nobody()
                .pinned("id-13", 0)
                .pinned("id-35", 2)
                .denied("id-13")
                .asks("id-13", &[(5, 0, false)])
                .asks("id-35", &[(5, 2, true)]),
        ),
    ]
}

fn memberships() -> Vec<Named> {
    let changing = active("id-13", &[(0, r#","until":606"#), (1, r#","from":600"#)]);
    let stands = |status| members(&[body("id-13", &[(0, "")], status)]).pinned("id-13", 0);
    vec![
        (
            "a member that changes its key",
            members(&[changing]).asks(
                "id-13",
                &[
                    (0, 0, true),
                    (606, 0, true),
                    (607, 0, false),
                    (599, 1, false),
                    (600, 1, true),
                    (1 << 40, 1, true),
                    (603, 2, false),
                ],
            ),
        ),
        (
            "a key that ends in one log, and one that begins there",
            members(&[active(
                "id-13",
                &[
                    (0, r#","until":606,"untilEpoch":7"#),
                    (1, r#","from":600,"fromEpoch":7"#),
                ],
            )])
            .asks_in(6, "id-13", &[(900, 0, true), (900, 1, false)])
            .asks_in(
                7,
                "id-13",
                &[
                    (606, 0, true),
                    (607, 0, false),
                    (599, 1, false),
                    (600, 1, true),
                ],
            )
            .asks_in(8, "id-13", &[(1, 0, false), (1, 1, true)]),
        ),
        (
            "a pin does not outlive what the membership says of the key",
            members(&[active("id-13", &[(0, r#","until":9"#)])])
                .pinned("id-13", 0)
                .pinned("id-13", 1)
                .asks("id-13", &[(9, 0, true), (10, 0, false), (5, 1, false)]),
        ),
        (
            "suspended and pinned",
            stands("SUSPENDED").asks("id-13", &[(5, 0, false)]),
        ),
        (
            "revoked and pinned",
            stands("REVOKED").asks("id-13", &[(5, 0, false)]),
        ),
        (
            "of a status of a newer version and pinned",
            stands("ON_PROBATION").asks("id-13", &[(5, 0, false)]),
        ),
        (
            "a member that is denied here",
            members(&[active("id-13", &[(0, "")])])
                .denied("id-13")
                .asks("id-13", &[(5, 0, false)]),
        ),
    ]
}

fn last_words() -> Vec<Named> {
    let first = active("id-13", &[(0, "")]);
    let last = active("id-13", &[(1, "")]);
    let between = active("id-35", &[(2, "")]);
    vec![
        (
            "of several records that name one hub the last counts",
            members(&[first.clone(), between.clone(), last.clone()])
                .asks("id-13", &[(5, 0, false), (5, 1, true)])
                .asks("id-35", &[(5, 2, true), (5, 1, false)]),
        ),
        (
            "the other way round",
            members(&[last.clone(), between, first.clone()])
                .asks("id-13", &[(5, 0, true), (5, 1, false)]),
        ),
        (
            "the last record revokes",
            members(&[first.clone(), body("id-13", &[(0, "")], "REVOKED")])
                .asks("id-13", &[(5, 0, false)]),
        ),
        (
            "the last record breaks a rule, so it says nothing",
            members(&[first.clone(), body("id-13", &[], "REVOKED")]).asks("id-13", &[(5, 0, true)]),
        ),
    ]
}

fn the_authority() -> Vec<Named> {
    let first = active("id-13", &[(0, "")]);
    let last = active("id-13", &[(1, "")]);
    vec![
        (
            "the authority, pinned, without a membership of its own",
            nobody()
                .pinned(AUTHORITY, 0)
                .asks(AUTHORITY, &[(5, 0, true), (5, 1, false)]),
        ),
        (
            "the authority's pin counts beside its own membership",
            members(&[active(AUTHORITY, &[(1, r#","from":600"#)])])
                .pinned(AUTHORITY, 0)
                .asks(
                    AUTHORITY,
                    &[(700, 0, true), (700, 1, true), (599, 1, false)],
                ),
        ),
        (
            "the authority that says of itself that it is suspended",
            members(&[body(AUTHORITY, &[(0, "")], "SUSPENDED"), first])
                .pinned(AUTHORITY, 0)
                .asks(AUTHORITY, &[(5, 0, true)])
                .asks("id-13", &[(5, 0, true)]),
        ),
        (
            "a pinned hub of which the authority says something that cannot be read",
            members(&[r#"{"hub":"id-13","name":"","keys":[],"status":"ACTIVE"}"#.to_owned()])
                .pinned("id-13", 0)
                .asks("id-13", &[(5, 0, false)]),
        ),
        (
            "the authority that is denied here",
            members(&[last])
                .pinned(AUTHORITY, 0)
                .denied(AUTHORITY)
                .asks(AUTHORITY, &[(5, 0, false)])
                .asks("id-13", &[(5, 1, true)]),
        ),
    ]
}
