//! The public contract: `schema.graphql` is what the program serves, everything in it is explained, and the documents
//! that we ship fit it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use domain::catalog::{self, Vocabulary};
use domain::{audit, role};
use serde_json::{Value, json};
use testkit::Federation;

const NONE: [&str; 0] = [];

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

#[test]
fn the_exported_schema_is_up_to_date() {
    let exported = std::fs::read_to_string(repository().join("schema.graphql")).unwrap_or_default();
    assert!(
        exported.trim_end() == graphql::sdl().trim_end(),
        "schema.graphql is stale; renew it with `cargo simpul schema --out schema.graphql`, and tell of the change in CHANGELOG.md"
    );
}

#[test]
fn every_code_is_explained() {
    let text = std::fs::read_to_string(repository().join("docs/api.md")).expect("it is there");
    let before = graphql::guard::ErrorCode::ALL.map(graphql::guard::ErrorCode::as_str);
    let resolved = graphql::Code::ALL.map(graphql::Code::as_str);
    for code in before.into_iter().chain(resolved) {
        assert!(
            text.contains(&format!("`{code}`")),
            "docs/api.md does not explain {code}"
        );
    }
}

/// The types of the schema, as introspection tells them, without those of GraphQL itself.
async fn types() -> Vec<Value> {
    const TYPES: &str = "{ __schema { types { kind name description
        fields(includeDeprecated: true) { name description args(includeDeprecated: true) { name description } }
        inputFields(includeDeprecated: true) { name description }
        enumValues(includeDeprecated: true) { name description } } } }";
    let answer = graphql::without_hub().execute(TYPES).await;
    assert!(answer.errors.is_empty(), "{:?}", answer.errors);
    let mut data = serde_json::to_value(&answer.data).expect("an answer is JSON");
    let Value::Array(mut types) = data["__schema"]["types"].take() else {
        panic!("types are a list");
    };
    types.retain(|kind| !name(kind).starts_with("__"));
    types
}

fn name(thing: &Value) -> &str {
    thing["name"].as_str().expect("everything has a name")
}

fn items<'a>(thing: &'a Value, list: &str) -> impl Iterator<Item = &'a Value> {
    thing[list].as_array().into_iter().flatten()
}

/// What the specification of Apollo Federation brings along, which our documentation need not explain.
const FEDERATION: [&str; 4] = ["_Any", "_Service", "_entities", "_service"];

#[tokio::test]
async fn everything_in_the_schema_is_explained() {
    let mut unexplained = Vec::new();
    let mut check = |path: String, thing: &Value| {
        if thing["description"]
            .as_str()
            .is_none_or(|text| text.trim().is_empty())
        {
            unexplained.push(path);
        }
    };
    for kind in types()
        .await
        .iter()
        .filter(|kind| !FEDERATION.contains(&name(kind)) && !matches!(name(kind), "_Entity" | "ID"))
    {
        check(name(kind).to_owned(), kind);
        for field in items(kind, "fields").filter(|field| !FEDERATION.contains(&name(field))) {
            let path = format!("{}.{}", name(kind), name(field));
            for argument in items(field, "args") {
                check(format!("{path}({})", name(argument)), argument);
            }
            check(path, field);
        }
        for part in items(kind, "inputFields").chain(items(kind, "enumValues")) {
            check(format!("{}.{}", name(kind), name(part)), part);
        }
    }
    assert_eq!(unexplained, NONE);
}

#[tokio::test]
async fn the_terms_of_every_vocabulary_are_its_codes() {
    fn codes<V: Vocabulary>() -> BTreeSet<String> {
        let terms = V::ALL.iter().copied().chain([V::OTHER]);
        terms.map(|term| term.code().to_owned()).collect()
    }
    macro_rules! vocabularies {
        ($($name:ident)+) => { BTreeMap::from([$((stringify!($name), codes::<catalog::$name>())),+]) };
    }
    let mut vocabularies = vocabularies!(
        AdoptionStatus Affair AgencyKind AnswerState AssessmentState AwardBasis CoachingKind CoachingMode
        CoachingState EvidenceKind Form HubKind HubStatus Initiator InnovationKind LifecycleStage
        MatchReason MemberStatus NeedState ProgressState PublicationState ReplicationConflict ReplicationScope ReplicationSide ReplicationStanding
        ReplicationState ServiceUnitKind Sustained ThreadKind ThreadState TransitionAxis TransitionFlaw
    );
    vocabularies.insert("AuditAction", codes::<audit::Action>());
    vocabularies.insert("AuditOutcome", codes::<audit::Outcome>());
    vocabularies.insert("Role", codes::<role::Role>());
    vocabularies.insert("TokenScope", codes::<role::TokenScope>());
    let own = BTreeSet::from([
        "FileFormat",
        "HubStanding",
        "InnovationOrder",
        "LogState",
        "Mode",
        "PulledBy",
        "RecordAudience",
        "RegionLevel",
        "SignInMeans",
        "WithdrawalReason",
    ]);
    let mut seen = BTreeSet::new();
    for kind in types()
        .await
        .iter()
        .filter(|kind| kind["kind"] == "ENUM" && !own.contains(name(kind)))
    {
        let terms: BTreeSet<String> = items(kind, "enumValues")
            .map(|value| name(value).to_owned())
            .collect();
        assert_eq!(Some(&terms), vocabularies.get(name(kind)), "{}", name(kind));
        seen.insert(name(kind).to_owned());
    }
    assert_eq!(
        seen.len(),
        vocabularies.len(),
        "every vocabulary is in the schema"
    );
}

#[tokio::test]
async fn what_a_puller_asks_fits_the_schema() {
    let hubs = Federation::of(["a"]).await;
    let log = hubs.log("a").await;
    let variables = json!({
        "after": null, "hub": log.hub, "epoch": log.epoch, "from": 0, "first": 200, "hubs": [log.hub], "maxBytes": 4096, "indexes": [0], "own": log.hub, "number": 1,
    });
    let is_subscription = |document: &&str| document.starts_with("subscription");
    let (followed, asked): (Vec<&str>, Vec<&str>) =
        sync::documents::ALL.into_iter().partition(is_subscription);
    for document in followed {
        let mut events = hubs.api("a").subscribe(document).await;
        hubs.publish("a", "Something new").await;
        let told = events.next().await["headsChanged"].take();
        assert_eq!(
            (&told["hub"], &told["epoch"]),
            (&json!(log.hub), &json!(log.epoch))
        );
    }
    for document in asked {
        let used = |(name, _): &(&String, &Value)| document.contains(&format!("${name}:"));
        let used: serde_json::Map<_, _> = variables
            .as_object()
            .expect("they are")
            .iter()
            .filter(used)
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let data = hubs.api("a").query(document, Value::Object(used)).await;
        assert!(
            data.as_object().is_some_and(|fields| fields.len() == 1),
            "{document}: {data}"
        );
    }
}

#[tokio::test]
async fn the_example_queries_of_graphiql_run() {
    let hubs = Federation::of(["a"]).await;
    let id = hubs.publish("a", "SITARANG").await;
    let folder = repository().join("web/graphiql/examples");
    let mut examples = 0;
    for entry in std::fs::read_dir(folder).expect("the examples are there") {
        let document =
            std::fs::read_to_string(entry.expect("it can be listed").path()).expect("it is text");
        examples += 1;
        if document.contains("subscription ") {
            let mut events = hubs.api("a").subscribe(&document).await;
            hubs.publish("a", "Something new").await;
            assert_eq!(events.next().await["headsChanged"]["hub"], "hub-a");
        } else {
            let data = hubs
                .api("a")
                .query(&document, json!({ "record": id }))
                .await;
            let empty = data
                .as_object()
                .into_iter()
                .flatten()
                .find(|(_, value)| value.is_null());
            assert_eq!(empty, None, "{document}");
        }
    }
    assert!(examples >= 5, "{examples} examples");
}
