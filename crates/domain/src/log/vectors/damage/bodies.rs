//! What is said of a member, with one thing changed.

/// Bodies that say nothing, made from one that says something of id-13 with a key.
pub(in super::super) fn memberships(good: &str, key: &str) -> Vec<(&'static str, String)> {
    let replaced = |from: &str, to: &str| {
        assert!(good.contains(from), "{good} has no {from}");
        good.replacen(from, to, 1)
    };
    let keys = format!(r#""keys":[{{"key":"{key}"}}]"#);
    let many = |number: usize| {
        let key = format!(r#"{{"key":"{key}"}}"#);
        format!(r#""keys":[{}]"#, vec![key; number].join(","))
    };
    let key_is = |of_it: &str| replaced(&keys, &format!(r#""keys":[{{"key":"{key}",{of_it}}}]"#));
    let name = r#""name":"Hub JIPP Sumatera Barat""#;
    let name_is = |name_then: &str| replaced(name, name_then);
    let endpoint = "https://jipp.example.go.id";
    let five = [endpoint; 5].join(r#"",""#);
    vec![
        ("without a key", replaced(&keys, &many(0))),
        ("without keys", replaced(&format!(",{keys}"), "")),
        ("nine keys", replaced(&keys, &many(9))),
        (
            "keys that are no list",
            replaced(&keys, &format!(r#""keys":"{key}""#)),
        ),
        ("a key without its algorithm", replaced("ed25519:", "")),
        (
            "a key of small order",
            replaced(key, "ed25519:AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ),
        (
            "an entry of keys without a key",
            replaced(&keys, r#""keys":[{"from":0}]"#),
        ),
        ("until before from", key_is(r#""from":600,"until":599"#)),
        ("from below 0", key_is(r#""from":-1"#)),
        ("from that is no whole number", key_is(r#""from":0.5"#)),
        ("from that is a text", key_is(r#""from":"0""#)),
        ("from that is null", key_is(r#""from":null"#)),
        (
            "an epoch of its end without the end",
            key_is(r#""untilEpoch":7"#),
        ),
        (
            "an end in an earlier log than the beginning",
            key_is(r#""fromEpoch":8,"until":9,"untilEpoch":7"#),
        ),
        (
            "until before from in one log",
            key_is(r#""from":600,"fromEpoch":7,"until":599,"untilEpoch":7"#),
        ),
        ("until that is a text", key_is(r#""until":"9""#)),
        ("without a name", replaced(&format!(",{name}"), "")),
        ("a blank name", name_is(r#""name":"  ""#)),
        ("a name of two characters", name_is(r#""name":"Ab""#)),
        (
            "a name of 201 characters",
            name_is(&format!(r#""name":"{}""#, "a".repeat(201))),
        ),
        ("a name with a line feed", name_is(r#""name":"Hub\nJIPP""#)),
        (
            "a name that turns its direction",
            name_is("\"name\":\"Hub \u{202e}PPIJ\""),
        ),
        ("without a hub", replaced(r#""hub":"id-13","#, "")),
        ("a hub that is null", replaced(r#""id-13""#, "null")),
        ("a hub in capital letters", replaced("id-13", "ID-13")),
        ("a hub of one character", replaced("id-13", "i")),
        ("without a status", replaced(r#","status":"ACTIVE""#, "")),
        ("a status that is empty", replaced("ACTIVE", "")),
        ("a status that is a number", replaced(r#""ACTIVE""#, "1")),
        ("five endpoints", replaced(endpoint, &five)),
        (
            "an endpoint without encryption",
            replaced("https:", "http:"),
        ),
        (
            "an endpoint with a query",
            replaced(endpoint, "https://jipp.example.go.id/?a=1"),
        ),
        (
            "a region that is no code",
            replaced(r#""13""#, r#""Sumatera Barat""#),
        ),
        (
            "a key of the body that stands twice",
            replaced(r#"{"hub":"id-13","#, r#"{"hub":"id-35","hub":"id-13","#),
        ),
        ("a list", format!("[{good}]")),
        ("not JSON", "hello".to_owned()),
    ]
}
