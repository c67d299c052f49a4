//! Every error code and every limit of a request.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::{Value, json};
use storage::logs::watching;
use testkit::api::Api;
use testkit::{Drawing, Federation};

const CREATE: &str =
    "mutation($input: InnovationInput!) { createInnovation(input: $input) { innovation { id } } }";

#[tokio::test]
async fn every_kind_of_failure_has_a_code_of_its_own() {
    let hubs = Federation::of(["a", "b"]).await;
    let api = hubs.api("a");
    let (own, agency) = (hubs.publish("a", "Own").await, hubs.agency("a").await);
    let foreign = hubs.publish("b", "Foreign").await;
    hubs.sync_until_quiet().await;
    let input = json!({"title": "Next", "agency": agency});
    let revise = "mutation($id: ID!, $revision: Long!, $input: InnovationInput!) {
        reviseInnovation(id: $id, revision: $revision, input: $input) { innovation { id } } }";
    let of = |id: &str, revision: u64| json!({"id": id, "revision": revision, "input": input});
    let absent = own.replace(&own[own.len() - 4..], "0000");

    let anyone = async |document: &str, variables: Value| code(&api.ask(document, variables).await);
    let operator = async |document: &str, variables: Value| {
        code(&api.ask_as_operator(document, variables).await)
    };
    assert_eq!(anyone("{ hub", json!({})).await, "400 GRAPHQL_PARSE_FAILED");
    assert_eq!(
        anyone("{ hubb { id } }", json!({})).await,
        "400 GRAPHQL_VALIDATION_FAILED"
    );
    assert_eq!(
        anyone("{ innovations(first: 101) { totalCount } }", json!({})).await,
        "200 BAD_USER_INPUT"
    );
    assert_eq!(
        anyone(
            "query($id: ID!) { node(id: $id) { id } }",
            json!({"id": []})
        )
        .await,
        "400 BAD_USER_INPUT"
    );
    assert_eq!(
        anyone("query A { hub { id } } query B { hub { id } }", json!({})).await,
        "400 OPERATION_RESOLUTION_FAILURE"
    );
    assert_eq!(
        anyone(&nested(40), json!({})).await,
        "400 DOCUMENT_TOO_COMPLEX"
    );
    assert_eq!(
        anyone(CREATE, json!({ "input": input })).await,
        "200 UNAUTHENTICATED"
    );
    assert_eq!(
        anyone(
            r#"{ entries(hub: "hub-z", epoch: 1, from: 0) { checkpoint } }"#,
            json!({})
        )
        .await,
        "200 HUB_UNKNOWN"
    );
    assert_eq!(operator(revise, of(&absent, 1)).await, "200 NOT_FOUND");
    assert_eq!(operator(revise, of(&foreign, 1)).await, "200 FORBIDDEN");
    assert_eq!(operator(revise, of(&own, 7)).await, "200 CONFLICT");

    watching::park(
        &hubs.hub("a").db,
        &hubs.log("a").await,
        Some("set aside by hand"),
    )
    .await
    .unwrap();
    assert_eq!(
        operator(CREATE, json!({ "input": input })).await,
        "200 HUB_READ_ONLY"
    );

    hubs.hub("a").db.close().await.unwrap();
    let answer = api.ask("{ hubs { totalCount } }", json!({})).await;
    assert_eq!(code(&answer), "200 INTERNAL_SERVER_ERROR");
    assert_eq!(
        answer.messages(),
        ["internal error"],
        "causes stay in the hub's log"
    );
}

/// The status and the codes of an answer.
fn code(answer: &testkit::api::Answer) -> String {
    format!("{} {}", answer.status, answer.codes().join(" "))
}

/// A query that nests so deep.
fn nested(depth: usize) -> String {
    let (mut open, mut close) = (String::new(), String::new());
    for _ in 0..depth {
        open.push_str("{ parent ");
        close.push('}');
    }
    format!("{{ agencies {{ nodes {open} {{ id }} {close} }} }}")
}

#[tokio::test]
async fn requests_that_are_no_graphql_are_told_so() {
    let hubs = Federation::of(["a"]).await;
    let api = hubs.api("a");
    let url = format!("{}/graphql", api.url());
    let json_type = "application/json";
    let query = r#"{"query":"{ hub { id } }"}"#;
    let post = |content_type: &str, accept: &str, body: String| {
        api.http()
            .post(&url)
            .header(CONTENT_TYPE, content_type)
            .header(ACCEPT, accept)
            .body(body)
    };
    let get = |query: &str| {
        let url = reqwest::Url::parse_with_params(&url, [("query", query)]);
        let url = url.expect("the address is a URL");
        api.http().get(url).header(ACCEPT, json_type)
    };
    let persisted =
        json!({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "00"}}}).to_string();
    for (request, expected) in [
        (
            post(json_type, json_type, "[1".to_owned()),
            "400 BAD_REQUEST",
        ),
        (
            post(json_type, json_type, "{}".to_owned()),
            "400 BAD_REQUEST",
        ),
        (
            post("text/plain", json_type, query.to_owned()),
            "415 UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            post(json_type, "image/png", query.to_owned()),
            "406 NOT_ACCEPTABLE",
        ),
        (
            post(
                json_type,
                json_type,
                format!("{}{query}", " ".repeat(256 * 1024)),
            ),
            "413 TOO_LARGE",
        ),
        (
            post(json_type, json_type, persisted),
            "400 PERSISTED_QUERY_NOT_SUPPORTED",
        ),
        (api.http().delete(&url), "405 METHOD_NOT_ALLOWED"),
        (
            get("mutation { withdrawInnovation(id: \"x\", revision: 1, reason: ERROR) }"),
            "405 METHOD_NOT_ALLOWED",
        ),
        (
            get("subscription { headsChanged { size } }"),
            "400 BAD_REQUEST",
        ),
    ] {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        let code = body["errors"][0]["extensions"]["code"]
            .as_str()
            .unwrap_or_default();
        assert_eq!(format!("{status} {code}"), expected, "{body}");
        assert!(body.get("data").is_none(), "{body}");
    }
}

#[tokio::test]
async fn the_limits_of_lists_are_held_and_told() {
    let hubs = Federation::of(["a"]).await;
    let over = "101 is not a number from 0 to 100";
    for list in ["innovations", "agencies", "hubs"] {
        let first = |count: &str| format!("{{ {list}(first: {count}) {{ totalCount }} }}");
        check_limit(&hubs, &first("100"), &first("101"), over).await;
        check_limit(
            &hubs,
            &first("0"),
            &first("-1"),
            "-1 is not a number from 0 to 100",
        )
        .await;
    }
    let last = |count: &str| format!("{{ innovations(last: {count}) {{ totalCount }} }}");
    check_limit(&hubs, &last("100"), &last("101"), over).await;
    check_limit(
        &hubs,
        &last("1"),
        &last("1, first: 1"),
        "give first or last, not both",
    )
    .await;
    let filter = |filter: &str| format!("{{ innovations(filter: {{{filter}}}) {{ totalCount }} }}");
    let tags = |count| filter(&format!("tags: [{}]", list_of(count, r#""air""#)));
    check_limit(&hubs, &tags(50), &tags(51), "has 51 values; 50 are allowed").await;
    let words = |count| filter(&format!("titleWords: \"{}\"", "a".repeat(count)));
    check_limit(
        &hubs,
        &words(200),
        &words(201),
        "has 201 characters; 200 are allowed",
    )
    .await;
    let ids = |count| {
        format!(
            "{{ nodes(ids: [{}]) {{ id }} }}",
            list_of(count, r#""Region:13""#)
        )
    };
    check_limit(&hubs, &ids(100), &ids(101), "has 101 ids; 100 are allowed").await;
}

#[tokio::test]
async fn the_limits_of_pulling_are_held_and_told() {
    let hubs = Federation::of(["a"]).await;
    let heads = |arguments: &str| format!("{{ heads({arguments}) {{ nodes {{ size }} }} }}");
    check_limit(
        &hubs,
        &heads("first: 500"),
        &heads("first: 501"),
        "501 is not a number from 1 to 500",
    )
    .await;
    check_limit(
        &hubs,
        &heads("first: 1"),
        &heads("first: 0"),
        "0 is not a number from 1 to 500",
    )
    .await;
    let after = |position: &str| heads(&format!("after: \"{position}\""));
    let why = "is not a cursor of this node's heads";
    check_limit(
        &hubs,
        &after("9223372036854775807"),
        &after("9223372036854775808"),
        why,
    )
    .await;
    check_limit(&hubs, &after("0"), &after("-1"), why).await;

    let log = format!(r#"hub: "hub-a", epoch: {}"#, hubs.log("a").await.epoch);
    let entries = |arguments: &str| format!("{{ entries({log}, {arguments}) {{ checkpoint }} }}");
    let first = |count: &str| entries(&format!("from: 0, first: {count}"));
    check_limit(
        &hubs,
        &first("1000"),
        &first("1001"),
        "1001 is not a number from 1 to 1000",
    )
    .await;
    let bytes = |count: &str| entries(&format!("from: 0, maxBytes: {count}"));
    check_limit(
        &hubs,
        &bytes("4194304"),
        &bytes("4194305"),
        "4194305 is not a number from 1 to 4194304",
    )
    .await;
    let from = |place: &str| entries(&format!("from: {place}"));
    let why = "9007199254740992 is not a whole number from 0 to 2^53 - 1";
    check_limit(
        &hubs,
        &from("9007199254740991"),
        &from("9007199254740992"),
        why,
    )
    .await;
    let payloads = |count| {
        format!(
            "{{ payloads({log}, indexes: [{}]) {{ index }} }}",
            list_of(count, "0")
        )
    };
    check_limit(
        &hubs,
        &payloads(200),
        &payloads(201),
        "has 201 indexes; 200 are allowed",
    )
    .await;
}

fn list_of(count: usize, item: &str) -> String {
    vec![item; count].join(",")
}

/// One of two queries is allowed, the other just not, and why is told.
async fn check_limit(hubs: &Federation, allowed: &str, refused: &str, why: &str) {
    hubs.api("a").query(allowed, json!({})).await;
    let answer = hubs.api("a").ask(refused, json!({})).await;
    assert_eq!(
        answer.codes(),
        ["BAD_USER_INPUT"],
        "{refused}: {}",
        answer.body
    );
    assert!(
        answer.messages()[0].contains(why),
        "{:?} has no {why}",
        answer.messages()
    );
}

#[tokio::test]
async fn what_costs_too_much_is_refused_before_it_runs() {
    let hubs = Federation::of(["a"]).await;
    let statements = hubs.hub("a").db.statements();
    let refused = async |document: String, why: &str| {
        let answer = hubs.api("a").ask(&document, json!({})).await;
        assert_eq!(
            (answer.status, answer.codes()),
            (400, vec!["DOCUMENT_TOO_COMPLEX"]),
            "{}",
            answer.body
        );
        assert!(
            answer.messages()[0].contains(why),
            "{:?} has no {why}",
            answer.messages()
        );
    };
    refused(nested(20), "fields more than 15 inside one another").await;
    let fields = "id title summary background novelty impact resources year stage adoption kind form website nri unitName";
    let wide = (0..20)
        .map(|alias| format!("p{alias}: innovations(first: 100) {{ nodes {{ {fields} }} }}"));
    let wide = format!("{{ {} }}", wide.collect::<Vec<_>>().join(" "));
    refused(wide, "costs more than the 20000 allowed").await;
    let many = (0..60).map(|alias| format!("a{alias}: hub {{ id }}"));
    refused(
        format!("{{ {} }}", many.collect::<Vec<_>>().join(" ")),
        "at most",
    )
    .await;
    assert_eq!(hubs.hub("a").db.statements(), statements);

    // A client's own introspection and a full page with its relations stay far below.
    let page = "{ innovations(first: 100) { totalCount edges { cursor node { id title summary agency { id name parent { name } } hub { id name } region { name } } } } }";
    hubs.api("a").query(page, json!({})).await;
    assert_eq!(
        introspect(hubs.api("a")).await["__schema"]["queryType"]["name"],
        "Query"
    );
}

/// The introspection that GraphiQL and code generators send.
async fn introspect(api: &Api) -> Value {
    const OF: &str = "kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } } } } } } }";
    let document = format!(
        "query IntrospectionQuery {{ __schema {{ description queryType {{ name kind }} mutationType {{ name kind }}
            subscriptionType {{ name kind }} types {{ ...FullType }}
            directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
        fragment FullType on __Type {{ kind name description specifiedByURL isOneOf
            fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }} type {{ ...TypeRef }} isDeprecated deprecationReason }}
            inputFields(includeDeprecated: true) {{ ...InputValue }} interfaces {{ ...TypeRef }}
            enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }} possibleTypes {{ ...TypeRef }} }}
        fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }}
        fragment TypeRef on __Type {{ {OF} }}"
    );
    api.query(&document, json!({})).await
}

#[tokio::test]
async fn a_body_limit_of_the_settings_is_held() {
    let hubs = Federation::build(Drawing::of(["a"])).await;
    assert_eq!(hubs.hub("a").config.http.max_body_bytes.get(), 256 * 1024);
    let query = |bytes: usize| json!({"query": "{ hub { id } }", "variables": {}, "extensions": {"padding": "x".repeat(bytes)}});
    let overhead = query(0).to_string().len();
    assert_eq!(
        hubs.api("a")
            .send(None, &query(256 * 1024 - overhead))
            .await
            .status,
        200
    );
    let answer = hubs
        .api("a")
        .send(None, &query(256 * 1024 - overhead + 1))
        .await;
    assert_eq!((answer.status, answer.codes()), (413, vec!["TOO_LARGE"]));
    assert!(answer.messages()[0].contains("262144"));
}
