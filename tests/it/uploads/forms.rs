//! Forms that are not as the specification says, and forms that mean harm: each is refused with a status, a code and a sentence.

use reqwest::Body;
use serde_json::{Value, json};
use testkit::api::{Answer, Api};
use testkit::form::{BOUNDARY, Form, content_type};
use testkit::{Drawing, Federation};

use super::{TWO_ROWS, importing, map};
use crate::accounts::{Browser, PASSWORD, add};

/// Bounds that are quickly reached.
const SMALL: &str = "[graphql.uploads]\nfile_bytes = 200000\ntotal_bytes = 400000\noperations_bytes = 2000\nfiles = 3\nplaces = 4\n\
    place_depth = 4\npart_headers = 5\npart_header_bytes = 600\n";
const PREFLIGHT: [(&str, &str); 1] = [("graphql-preflight", "1")];

async fn small() -> Federation {
    Federation::build(Drawing::of(["a"]).configured("a", SMALL)).await
}

fn form() -> Form {
    Form::asking(&importing(""), &map())
}

async fn sent(api: &Api, body: impl Into<Body>) -> Answer {
    let token = Some(api.operator());
    api.send_body(token, &content_type(), &PREFLIGHT, body)
        .await
}

#[track_caller]
fn check(answer: &Answer, status: u16, code: &str, told: &str) {
    assert_eq!(
        (answer.status, answer.codes()),
        (status, vec![code]),
        "{}",
        answer.body
    );
    assert!(
        answer.messages()[0].contains(told),
        "{told:?}: {}",
        answer.body
    );
}

#[tokio::test]
async fn a_page_of_another_site_cannot_send_one() {
    let hubs = small().await;
    let api = hubs.api("a");
    let token = Some(api.operator());
    let whole = || form().file("0", TWO_ROWS.concat()).end();
    let bare: [&[(&str, &str)]; 3] = [&[], &[("graphql-preflight", "")], &[("x-other", "1")]];
    for headers in bare {
        let refused = api
            .send_body(token, &content_type(), headers, whole())
            .await;
        check(&refused, 400, "BAD_REQUEST", "GraphQL-Preflight");
    }
    for name in [
        "GraphQL-Preflight",
        "Apollo-Require-Preflight",
        "X-Apollo-Operation-Name",
    ] {
        let answer = api
            .send_body(token, &content_type(), &[(name, "true")], whole())
            .await;
        assert_eq!(answer.codes(), [""; 0], "{name}: {}", answer.body);
    }
    // The cookie of a session counts for the hub's own pages only, whatever headers come with it.
    let (_, invitation) = add(&hubs, "a", "siti", json!([{"role": "CURATOR"}])).await;
    let mut browser = Browser::at(&hubs, "a");
    browser.accept(&invitation, PASSWORD).await.data();
    let cookie = browser.cookie().to_owned();
    for (origin, status) in [("https://evil.example", 403), (api.url(), 200)] {
        let headers = [
            ("graphql-preflight", "1"),
            ("cookie", &*cookie),
            ("origin", origin),
        ];
        let answer = api
            .send_body(None, &content_type(), &headers, whole())
            .await;
        assert_eq!(answer.status, status, "{origin}: {}", answer.body);
    }
}

#[tokio::test]
async fn parts_come_in_their_order_and_each_is_named_once() {
    let hubs = small().await;
    let api = hubs.api("a");
    let (operations, rows) = (importing("").to_string(), TWO_ROWS.concat());
    let (empty, order) = (Form::default, "operations and the part map");
    let files = "{\"0\": [\"variables.file\"]}";
    let cases = [
        (empty().part("map", files).part("operations", &operations).file("0", &rows), order),
        (empty().part("operations", &operations).file("0", &rows).part("map", files), order),
        (empty().file("0", &rows), order),
        (empty().part("operations", &operations), order),
        (form(), "the form has no such part"),
        (form().file("1", &rows), "does not name the part 1"),
        (form().file("0", &rows).file("1", &rows), "does not name the part 1"),
        (form().file("0", &rows).file("0", &rows), "the part 0 twice"),
        (form().part("map", files), "does not name the part map"),
        (form().part("operations", &operations), "does not name the part operations"),
        (form().raw("Content-Disposition: form-data\r\n", &rows), "has no name"),
        (form().raw("Content-Disposition: form-data; name=\"\"\r\n", &rows), "has no name"),
        (form().raw("Content-Type: text/csv\r\n", &rows), "Content-Disposition"),
        (form().raw("Content-Disposition: attachment; name=\"0\"\r\n", &rows), "Content-Disposition"),
        (
            form().raw(
                "Content-Disposition: form-data; name=\"0\"\r\nContent-Disposition: form-data; name=\"1\"\r\n",
                &rows,
            ),
            "does not name the part 1",
        ),
        (empty().part("operations", "{").part("map", files).file("0", &rows), "not JSON"),
        (empty().part("operations", "[]").part("map", files).file("0", &rows), "batches"),
        (empty().part("operations", &operations).part("map", "[]").file("0", &rows), "the part map must be"),
        (
            empty()
                .part("operations", &operations)
                .part("map", "{\"0\": [\"variables.file\"], \"0\": []}")
                .file("0", &rows),
            "a name twice",
        ),
    ];
    for (form, told) in cases {
        check(&sent(api, form.end()).await, 400, "BAD_REQUEST", told);
    }
    let encoded =
        "Content-Disposition: form-data; name=\"0\"\r\nContent-Transfer-Encoding: base64\r\n";
    let encoded = sent(api, form().raw(encoded, "YQ==").end()).await;
    check(
        &encoded,
        415,
        "UNSUPPORTED_MEDIA_TYPE",
        "Content-Transfer-Encoding",
    );
    let headers = [("graphql-preflight", "1"), ("content-encoding", "gzip")];
    let zipped = form().file("0", &rows).end();
    let zipped = api
        .send_body(Some(api.operator()), &content_type(), &headers, zipped)
        .await;
    check(&zipped, 415, "UNSUPPORTED_MEDIA_TYPE", "compressed");
    let headers = [("graphql-preflight", "1"), ("accept", "text/event-stream")];
    let events = api
        .http()
        .post(format!("{}/graphql", api.url()))
        .bearer_auth(api.operator());
    let events = events
        .header("content-type", content_type())
        .body(form().file("0", &rows).end());
    let events = headers.iter().fold(events, |request, (name, value)| {
        request.header(*name, *value)
    });
    assert_eq!(events.send().await.unwrap().status(), 406);
    assert_eq!(
        hubs.titles("a").await,
        [""; 0],
        "nothing of all that was done"
    );
    // A preamble and an epilogue are passed over (RFC 2046, section 5.1.1).
    let mut padded = b"This is a form.\r\n".to_vec();
    padded.extend(form().file("0", &rows).end());
    padded.extend(b"That was it.");
    assert_eq!(
        sent(api, padded).await.data()["importInnovations"]["created"],
        2
    );
}

/// A mutation of which one variable is an Upload, with another beside it.
fn beside(declared: &str, variables: Value) -> Value {
    let document = format!(
        "mutation($file: Upload! {declared}) {{ importInnovations(file: $file, format: CSV, dryRun: true) {{ rows }} }}"
    );
    let mut all = json!({"file": null});
    all.as_object_mut()
        .unwrap()
        .extend(variables.as_object().unwrap().clone());
    json!({"query": document, "variables": all})
}

#[tokio::test]
async fn a_file_goes_where_an_upload_is_and_nowhere_else() {
    let hubs = small().await;
    let api = hubs.api("a");
    let rows = TWO_ROWS.concat();
    let at = |operations: &Value, places: Value| {
        Form::asking(operations, &json!({ "0": places }))
            .file("0", &rows)
            .end()
    };

    let twice = "mutation($a: Upload!, $b: Upload!) {
        one: importInnovations(file: $a, format: CSV, dryRun: true) { rows }
        two: importInnovations(file: $b, format: CSV, dryRun: true) { rows } }";
    let twice = json!({"query": twice, "variables": {"a": null, "b": null}});
    let both = sent(api, at(&twice, json!(["variables.a", "variables.b"])))
        .await
        .data();
    assert_eq!(
        (&both["one"]["rows"], &both["two"]["rows"]),
        (&json!(2), &json!(2))
    );
    let map = json!({"x": ["variables.b"], "y": ["variables.a"]});
    let other = Form::asking(&twice, &map)
        .file("y", &rows)
        .file("x", TWO_ROWS[..2].concat());
    let other = sent(api, other.end()).await.data();
    assert_eq!(
        (&other["one"]["rows"], &other["two"]["rows"]),
        (&json!(2), &json!(1)),
        "in any order"
    );

    let elsewhere = [
        // Declared as something else, and not declared at all.
        (
            "mutation($file: String) { signIn(name: \"x\", password: \"x\", code: $file) { name } }",
            "found a file",
        ),
        (
            "mutation($file: ID!) { revokeToken(id: $file) }",
            "found a file",
        ),
        (
            "mutation($file: AgencyInput!) { registerAgency(input: $file) { id } }",
            "found a file",
        ),
        ("mutation { signOut }", "declares no such variable"),
    ];
    for (document, told) in elsewhere {
        let operations = json!({"query": document, "variables": {"file": null}});
        let refused = sent(api, at(&operations, json!(["variables.file"]))).await;
        check(&refused, 400, "BAD_USER_INPUT", told);
    }
    let input = json!({"query": "mutation($input: AgencyInput!) { registerAgency(input: $input) { id } }",
        "variables": {"input": {"name": null, "kind": "OTHER"}}});
    let refused = sent(api, at(&input, json!(["variables.input.name"]))).await;
    check(&refused, 400, "BAD_USER_INPUT", "variable $input.name");
    for place in [
        "variables.file.0",
        "variables.other",
        "variables",
        "query",
        "operationName",
        "extensions.a",
        "0.variables.file",
        "",
        "variables.__proto__",
        "constructor.prototype",
    ] {
        let refused = sent(api, at(&importing(""), json!([place]))).await;
        check(&refused, 400, "BAD_REQUEST", "leads to no null");
    }
    let refused = sent(
        api,
        at(&importing(""), json!(["variables.file", "variables.file"])),
    )
    .await;
    check(&refused, 400, "BAD_REQUEST", "leads to no null");
    let refused = sent(
        api,
        at(
            &beside("", json!({"more": null})),
            json!(["variables.file", "variables.more"]),
        ),
    )
    .await;
    check(&refused, 400, "BAD_USER_INPUT", "declares no such variable");
}

#[tokio::test]
async fn files_come_with_mutations_and_a_form_without_files_is_a_request() {
    let hubs = small().await;
    let api = hubs.api("a");
    let query = json!({"query": "query($file: String) { hub { name } node(id: $file) { id } }", "variables": {"file": null}});
    let form = Form::asking(&query, &json!({"0": ["variables.file"]}));
    let refused = sent(api, form.file("0", TWO_ROWS.concat()).end()).await;
    assert_eq!(
        refused.status, 400,
        "files come with mutations: {}",
        refused.body
    );
    let subscription = json!({"query": "subscription { headsChanged { size } }"});
    let refused = sent(api, Form::asking(&subscription, &json!({})).end()).await;
    assert_eq!(
        (refused.status, refused.codes()),
        (400, vec!["BAD_REQUEST"])
    );
    let plain = json!({"query": "{ hub { name } }"});
    let plain = sent(api, Form::asking(&plain, &json!({})).end()).await;
    assert!(
        plain.data()["hub"]["name"].is_string(),
        "a form without files is a request"
    );
}

#[tokio::test]
async fn bounds_hold_for_files_parts_headers_and_paths() {
    let hubs = small().await;
    let api = hubs.api("a");
    let rows = TWO_ROWS.concat();
    let too_large = |answer: &Answer, told| check(answer, 413, "TOO_LARGE", told);
    let file = form().file("0", vec![b'x'; 200_001]).end();
    too_large(
        &sent(api, file).await,
        "the file 0 is larger than the 200000",
    );
    let total = form()
        .file("0", vec![b'x'; 200_000])
        .file("1", vec![b'x'; 200_000])
        .end();
    too_large(&sent(api, total).await, "larger than the 400000");
    let long = importing(&" ".repeat(2_000));
    too_large(
        &sent(api, Form::asking(&long, &map()).file("0", &rows).end()).await,
        "the part operations",
    );
    let names: serde_json::Map<_, _> = (0..200)
        .map(|n| (n.to_string(), json!(["variables.file"])))
        .collect();
    let long = Form::asking(&importing(""), &names.into()).end();
    too_large(&sent(api, long).await, "the part map is larger");
    let four: serde_json::Map<_, _> = (0..4)
        .map(|n| (n.to_string(), json!([format!("variables.{n}")])))
        .collect();
    too_large(
        &sent(api, Form::asking(&importing(""), &four.into()).end()).await,
        "4 files; 3 are allowed",
    );
    let five =
        json!({"0": ["variables.a", "variables.b", "variables.c", "variables.d", "variables.e"]});
    too_large(
        &sent(api, Form::asking(&importing(""), &five).end()).await,
        "5 paths in its map; 4",
    );
    let deep = json!({"0": [format!("variables.file{}", ".0".repeat(300))]});
    too_large(
        &sent(api, Form::asking(&importing(""), &deep).end()).await,
        "302 steps in a path of its map; 4",
    );
    let many = (0..1_000).fold(form(), |form, n| form.part(&n.to_string(), ""));
    check(
        &sent(api, many.end()).await,
        400,
        "BAD_REQUEST",
        "does not name the part 1",
    );

    let named = "Content-Disposition: form-data; name=\"0\"\r\n";
    let headers = |count: usize| {
        let lines: Vec<_> = (0..count).map(|n| format!("X-{n}: 1\r\n")).collect();
        lines.concat()
    };
    too_large(
        &sent(
            api,
            form().raw(&(named.to_owned() + &headers(5)), &rows).end(),
        )
        .await,
        "6 headers in one part; 5",
    );
    let hundred = sent(
        api,
        form().raw(&(named.to_owned() + &headers(100)), &rows).end(),
    )
    .await;
    check(&hundred, 400, "BAD_REQUEST", "or too many");
    let long = |bytes: usize| format!("{named}X-Long: {}\r\n", "x".repeat(bytes));
    too_large(
        &sent(api, form().raw(&long(600), &rows).end()).await,
        "bytes of headers in one part; 600",
    );
    // A header of 1 MB, and one that never ends: it is given up long before its end.
    too_large(
        &sent(api, form().raw(&long(300_000), &rows).end()).await,
        "headers of a part",
    );
    let name = format!(
        "Content-Disposition: form-data; name=\"{}\"\r\n",
        "0".repeat(300_000)
    );
    too_large(
        &sent(api, form().raw(&name, &rows).end()).await,
        "headers of a part",
    );
    let few = form().raw(&(named.to_owned() + &headers(4)), &rows);
    assert_eq!(
        sent(api, few.end()).await.codes(),
        [""; 0],
        "what is within the bounds is taken"
    );
}

#[tokio::test]
async fn boundaries_are_what_the_header_says() {
    let hubs = small().await;
    let api = hubs.api("a");
    let token = Some(api.operator());
    let rows = TWO_ROWS.concat();
    let whole = || form().file("0", &rows).end();
    let long = format!("multipart/form-data; boundary={}", "a".repeat(71));
    let twice = format!("multipart/form-data; boundary={BOUNDARY}; boundary=b");
    for wrong in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"\"",
        "multipart/form-data; boundary=\"a b\"",
        "multipart/form-data; boundary=a*b",
        &long,
        &twice,
    ] {
        let refused = api.send_body(token, wrong, &PREFLIGHT, whole()).await;
        check(&refused, 400, "BAD_REQUEST", "one boundary");
    }
    let other = api
        .send_body(
            token,
            "multipart/form-data; boundary=other",
            &PREFLIGHT,
            whole(),
        )
        .await;
    check(&other, 400, "BAD_REQUEST", "boundary is another");
    let mixed = api
        .send_body(token, "multipart/mixed; boundary=a", &PREFLIGHT, whole())
        .await;
    check(&mixed, 415, "UNSUPPORTED_MEDIA_TYPE", "multipart/form-data");
    let quoted = format!("Multipart/Form-Data; charset=utf-8; BOUNDARY=\"{BOUNDARY}\"");
    let quoted = api.send_body(token, &quoted, &PREFLIGHT, whole()).await;
    assert_eq!(quoted.codes(), [""; 0], "{}", quoted.body);

    let open = form().file("0", &rows).begun();
    check(
        &sent(api, open).await,
        400,
        "BAD_REQUEST",
        "before its last boundary",
    );
    let mut cut = form().file("0", &rows).end();
    cut.truncate(cut.len() - 5);
    check(
        &sent(api, cut).await,
        400,
        "BAD_REQUEST",
        "before its last boundary",
    );
    check(
        &sent(api, "").await,
        400,
        "BAD_REQUEST",
        "before its last boundary",
    );
    let newlines = String::from_utf8(whole()).unwrap().replace("\r\n", "\n");
    assert_eq!(sent(api, newlines).await.status, 400);
    // The file holds what looks like boundaries; it ends at the whole one only.
    let inner = format!(
        "{rows}\"A--{BOUNDARY}--\n--{}\r\n--x\",Dinas,DEPARTMENT,CREATION,TRIAL,LAN:7\n",
        &BOUNDARY[1..]
    );
    let answer = sent(api, form().file("0", &inner).end()).await.data();
    assert_eq!(answer["importInnovations"]["rows"], 3, "{answer}");
}
