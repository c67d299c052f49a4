//! Files that come with requests. Here what they are for, and that nothing else becomes one; `forms`: forms that are not as the
//! specification says, and that mean harm; `ends`: what is left of a file, and of a connection.

mod ends;
mod forms;

use serde_json::{Value, json};
use testkit::Federation;
use testkit::api::{Answer, Api};
use testkit::form::Form;
use testkit::program::Program;

use crate::accounts::signed_in;

const COLUMNS: &str = "title,agency.name,agency.kind,stage,adoption,externalIds\n";

/// A file of two rows: its columns, and a row each.
pub(crate) const TWO_ROWS: [&str; 3] = [
    COLUMNS,
    "Antrean Puskesmas,Dinas Kesehatan,DEPARTMENT,CREATION,TRIAL,LAN:1\n",
    "Bank Sampah,Dinas Lingkungan,DEPARTMENT,CREATION,TRIAL,LAN:2\n",
];

const IMPORTED: &str = "{ isWritten rows refused created revised moved unchanged repeated agencies leftOut personalRows
    suspectedDuplicates ignoredColumns faults { line column reason } personalData { line field looksLike } }";

/// What asks to import a file, with these arguments beside it.
pub(crate) fn importing(arguments: &str) -> Value {
    let document = format!(
        "mutation($file: Upload!) {{ importInnovations(file: $file, format: CSV {arguments}) {IMPORTED} }}"
    );
    json!({"query": document, "variables": {"file": null}})
}

pub(crate) fn map() -> Value {
    json!({"0": ["variables.file"]})
}

/// Sends a CSV file to be imported.
pub(crate) async fn send(api: &Api, token: Option<&str>, file: &str, arguments: &str) -> Answer {
    let form = Form::asking(&importing(arguments), &map());
    api.send_form(token, form.file("0", file)).await
}

async fn imported(api: &Api, token: &str, file: &str, arguments: &str) -> Value {
    let mut data = send(api, Some(token), file, arguments).await.data();
    data["importInnovations"].take()
}

#[tokio::test]
async fn a_curator_imports_what_the_command_would() {
    let hubs = Federation::of(["a"]).await;
    let api = hubs.api("a");
    let mut curator = signed_in(&hubs, "a", "kurator", json!([{"role": "CURATOR"}])).await;
    let token = curator.token("WRITE").await;
    let file = TWO_ROWS.concat();
    let size = hubs.size("a", "a").await;

    let dry = imported(api, &token, &file, "dryRun: true").await;
    assert_eq!(dry["isWritten"], false);
    assert_eq!((&dry["rows"], &dry["created"]), (&json!(2), &json!(2)));
    assert_eq!(hubs.size("a", "a").await, size, "a dry run writes nothing");
    assert_eq!(hubs.titles("a").await, [""; 0]);

    let done = imported(api, &token, &file, "").await;
    let expected = json!({"isWritten": true, "rows": 2, "refused": 0, "created": 2, "revised": 0, "moved": 0, "unchanged": 0,
        "repeated": 0, "agencies": 2, "leftOut": 0, "personalRows": 0, "suspectedDuplicates": 0, "ignoredColumns": [],
        "faults": [], "personalData": []});
    assert_eq!(done, expected);
    assert_eq!(hubs.titles("a").await.len(), 2);
    let size = hubs.size("a", "a").await;
    assert_eq!(imported(api, &token, &file, "").await["unchanged"], 2);
    assert_eq!(hubs.size("a", "a").await, size);
    let revised = file.replace("Bank Sampah", "Bank Sampah Digital");
    let revised = imported(api, &token, &revised, "").await;
    assert_eq!(
        (&revised["revised"], &revised["unchanged"]),
        (&json!(1), &json!(1))
    );

    let bad = [&file, "X,Dinas,DEPARTMENT,BESOK,TRIAL,LAN:3\n"].concat();
    let size = hubs.size("a", "a").await;
    let told = imported(api, &token, &bad, "").await;
    assert_eq!(
        (&told["isWritten"], &told["refused"]),
        (&json!(false), &json!(1))
    );
    let faults = told["faults"].as_array().unwrap();
    assert!(
        faults
            .iter()
            .any(|fault| fault["line"] == 4 && fault["column"] == "stage"),
        "{told}"
    );
    assert_eq!(hubs.size("a", "a").await, size, "nothing of it is written");
    let more = bad
        .replace("Bank Sampah", "Bank Sampah Dua")
        .replace("LAN:2", "LAN:9");
    let skipped = imported(api, &token, &more, "skipBadRows: true").await;
    assert_eq!(
        (&skipped["created"], &skipped["refused"]),
        (&json!(1), &json!(1))
    );

    let personal = [
        COLUMNS,
        "Hubungi 0812-3456-7890,Dinas,DEPARTMENT,CREATION,TRIAL,LAN:4\n",
    ]
    .concat();
    let asked = imported(api, &token, &personal, "").await;
    assert_eq!(
        (&asked["isWritten"], &asked["personalRows"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(asked["personalData"][0]["line"], 2);
    assert!(!asked.to_string().contains("0812"), "{asked}");
    let meant = imported(api, &token, &personal, "acknowledgePersonalData: true").await;
    assert_eq!(meant["created"], 1);

    let no_table = send(api, Some(&token), "", "").await;
    assert_eq!(no_table.codes(), ["BAD_USER_INPUT"], "{}", no_table.body);
    for format in ["XLSX", "JSON_LINES"] {
        let operations = importing("").to_string().replace("CSV", format);
        let operations = serde_json::from_str(&operations).unwrap();
        let form = Form::asking(&operations, &map()).file("0", "bukan itu");
        let told = api.send_form(Some(&token), form).await;
        let refused = &told.body["data"]["importInnovations"]["refused"];
        let is_refused = told.codes() == ["BAD_USER_INPUT"] || *refused == 1;
        assert!(is_refused, "{format}: {}", told.body);
    }
}

#[tokio::test]
async fn nobody_else_imports() {
    let hubs = Federation::of(["a"]).await;
    let api = hubs.api("a");
    let agency = hubs.agency("a").await;
    let size = hubs.size("a", "a").await;
    let file = TWO_ROWS.concat();
    for (name, roles) in [
        ("pembaca", json!([{"role": "READER"}])),
        (
            "penulis",
            json!([{"role": "CONTRIBUTOR", "agency": agency}]),
        ),
        ("pembina", json!([{"role": "STEWARD"}])),
    ] {
        let token = signed_in(&hubs, "a", name, roles)
            .await
            .token("WRITE")
            .await;
        let refused = send(api, Some(&token), &file, "").await;
        assert_eq!(refused.codes(), ["FORBIDDEN"], "{name}");
    }
    let mut curator = signed_in(&hubs, "a", "kurator", json!([{"role": "CURATOR"}])).await;
    let reading = curator.token("READ").await;
    let refused = send(api, Some(&reading), &file, "").await;
    assert_eq!(refused.codes(), ["FORBIDDEN"], "the token only reads");
    assert_eq!(
        send(api, None, &file, "").await.codes(),
        ["UNAUTHENTICATED"]
    );
    let hub = send(api, Some("simpul_t_bukan"), &file, "").await;
    assert_eq!((hub.status, hub.codes()), (401, vec!["UNAUTHENTICATED"]));
    assert_eq!(hubs.size("a", "a").await, size);
}

/// Values that other servers take for a file.
const PRETENDED: [&str; 4] = [
    "#__graphql_file__:0",
    "#__graphql_file__:x",
    "#__graphql_file__:18446744073709551616",
    "0",
];

#[tokio::test]
async fn nothing_that_a_client_writes_is_a_file() {
    let hubs = Federation::of(["a"]).await;
    let api = hubs.api("a");
    let operator = Some(api.operator());
    let mut pretended: Vec<Value> = PRETENDED.iter().map(|text| json!(text)).collect();
    pretended.extend([
        json!(0),
        json!([0, 0, 0, 0, 0, 0, 0, 0]),
        json!({"0": 0}),
        json!(true),
    ]);
    for value in pretended {
        let mut operations = importing("");
        operations["variables"]["file"] = value.clone();
        let answer = api.send(operator, &operations).await;
        assert_eq!(
            answer.codes(),
            ["BAD_USER_INPUT"],
            "{value}: {}",
            answer.body
        );

        let literal = value.to_string().replace("\"0\":", "a:");
        let text = operations["query"].as_str().unwrap();
        let default = text.replace("Upload!", &format!("Upload = {literal}"));
        let written = text
            .replace("($file: Upload!)", "")
            .replace("$file", &literal);
        for document in [written, default] {
            let answer = api.send(operator, &json!({"query": document})).await;
            let codes = answer.codes();
            let is_refused = matches!(codes[..], ["BAD_USER_INPUT" | "GRAPHQL_VALIDATION_FAILED"]);
            assert!(is_refused, "{document}: {}", answer.body);
            by_get(api, &document, &json!({})).await;
        }
        by_get(api, text, &operations["variables"]).await;

        // Beside a real file, in its place: there null stands, and nothing else.
        let form = Form::asking(&operations, &map()).file("0", TWO_ROWS.concat());
        let answer = api.send_form(operator, form).await;
        assert_eq!(
            (answer.status, answer.codes()),
            (400, vec!["BAD_REQUEST"]),
            "{value}"
        );
        // Nor does it become one because a file came.
        let form = Form::asking(&operations, &json!({}));
        let answer = api.send_form(operator, form).await;
        assert_eq!(answer.codes(), ["BAD_USER_INPUT"], "{value}");
    }
    let token = format!("Bearer {}", api.operator());
    for text in PRETENDED {
        let mut socket = api.open_socket(json!({"Authorization": token})).await;
        assert_eq!(socket.answered().await.unwrap()["type"], "connection_ack");
        let document = importing("")["query"].as_str().unwrap().to_owned();
        let document = document
            .replace("($file: Upload!)", "")
            .replace("$file", &json!(text).to_string());
        socket.ask(&document).await;
        let told = socket.answered().await.expect("the socket stays open");
        assert_eq!(told["type"], "error", "{told}");
        let code = &told["payload"][0]["extensions"]["code"];
        assert_eq!(code, "GRAPHQL_VALIDATION_FAILED", "{told}");
    }
    assert_eq!(hubs.titles("a").await, [""; 0]);
}

async fn by_get(api: &Api, document: &str, variables: &Value) {
    let variables = variables.to_string();
    let asked = [("query", document), ("variables", &variables)];
    let url = reqwest::Url::parse_with_params(&format!("{}/graphql", api.url()), asked).unwrap();
    let request = api.http().get(url).bearer_auth(api.operator());
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: Value = answer.json().await.unwrap();
    let code = &body["errors"][0]["extensions"]["code"];
    let known = [
        "BAD_USER_INPUT",
        "GRAPHQL_VALIDATION_FAILED",
        "METHOD_NOT_ALLOWED",
    ];
    assert!(
        status < 500 && known.contains(&code.as_str().unwrap_or_default()),
        "{document}: {body}"
    );
}

/// The example of docs/api.md, as it stands there.
#[tokio::test]
async fn the_example_of_the_documents_works() {
    let page = include_str!("../../docs/api.md");
    let example = page
        .split("```sh\n")
        .find(|text| text.contains("importInnovations"));
    let example = example.and_then(|text| text.split("```").next()).unwrap();
    let program = Program::new();
    program.init("id-13").await;
    let serving = program.serve().await;
    std::fs::write(program.folder().join("innovations.csv"), TWO_ROWS.concat()).unwrap();
    let example = example.replace("http://127.0.0.1:8013", &serving.url);
    let script = format!("TOKEN=$(cat operator.token)\n{example}");
    let mut shell = tokio::process::Command::new("sh");
    let ran = shell.args(["-ec", &script]).current_dir(program.folder());
    let ran = ran.output().await.unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    let told: Value = serde_json::from_str(&told).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!(told["data"]["importInnovations"]["created"], 2, "{told}");
    serving.stop().await;
}
