//! Every role and every mutation of the schema: nothing can be done that no action of the table of roles stands for.

use std::collections::BTreeMap;

use domain::catalog::Vocabulary as _;
use domain::role::{Action, Permit, Role};
use serde_json::{Value, json};
use testkit::Federation;
use testkit::api::{Answer, Api};
use testkit::form::Form;

use super::{code, signed_in};

/// What is needed for each mutation.
fn needed() -> BTreeMap<&'static str, Need> {
    use Action as A;
    let of_roles = [
        (A::PublishAtOnce, "createInnovation reviseInnovation"),
        (
            A::Review,
            "withdrawInnovation returnDraft verifyDraft publishDraft withdrawDraft",
        ),
        (
            A::WriteDrafts,
            "draftInnovation saveDraft submitDraft noteDraft discardDraft",
        ),
        (
            A::Document,
            "addBudget addEvidence confirmCurrent recordTransition",
        ),
        (
            A::Replicate,
            "answerReplication declareInterest updateReplication",
        ),
        (A::Import, "importInnovations"),
        (A::WriteNeeds, "addNeed updateNeed"),
        // What else is needed depends on the record's kind.
        (
            A::Discuss,
            "openThread updateThread writePost withdrawRecord",
        ),
        (A::Moderate, "hideHere showHere"),
        (
            A::WritePeople,
            "addPerson erasePerson recordConsent revisePerson withdrawConsent",
        ),
        (A::KeepAgencies, "registerAgency registerServiceUnit"),
        (A::Coach, "addCoachingActivity updateCoachingActivity"),
        (A::Honour, "addAssessment addAward endorse settleAssessment"),
        (
            A::ManageAccounts,
            "addAccount changeAccount inviteAccount resetSecondFactors unlockAccount signAccountOut",
        ),
    ];
    let of_roles = of_roles.into_iter().flat_map(|(action, names)| {
        names
            .split(' ')
            .map(move |name| (name, Need::Action(action)))
    });
    let own = "addPasskey beginPasskey beginTotp changePassword confirmTotp createToken endOtherSessions endSession removePasskey \
        removeTotp renamePasskey renewRecoveryCodes revokeToken signOut";
    let own = own.split(' ').map(|name| (name, Need::Account));
    let nothing = "acceptInvitation beginPasskeySignIn signIn signInWithPasskey"
        .split(' ')
        .map(|name| (name, Need::Nothing));
    of_roles.chain(own).chain(nothing).collect()
}

#[derive(Clone, Copy, Debug)]
enum Need {
    Action(Action),
    /// It is about one's own account.
    Account,
    Nothing,
}

/// The mutations of the schema, each as a document with the least that must be given.
async fn mutations(hubs: &Federation) -> BTreeMap<String, String> {
    let kind = "kind name ofType { kind name ofType { kind name ofType { kind name } } }";
    let document = format!(
        "{{ __schema {{ mutationType {{ fields {{ name type {{ {kind} }} args {{ name defaultValue type {{ {kind} }} }} }} }}
            types {{ name kind enumValues {{ name }} fields {{ name }}
                inputFields {{ name defaultValue type {{ {kind} }} }} }} }} }}"
    );
    let read = hubs.api("a").query(&document, json!({})).await;
    let schema = &read["__schema"];
    let types = schema["types"].as_array().unwrap();
    let types: BTreeMap<&str, &Value> = types
        .iter()
        .map(|kind| (kind["name"].as_str().unwrap(), kind))
        .collect();
    let fields = schema["mutationType"]["fields"].as_array().unwrap();
    let document = |field: &Value| {
        let name = field["name"].as_str().unwrap().to_owned();
        let given = least(&types, &field["args"]);
        let given = if given.is_empty() {
            String::new()
        } else {
            format!("({given})")
        };
        let mut answered = &field["type"];
        while answered["ofType"].is_object() {
            answered = &answered["ofType"];
        }
        let selected = match answered["kind"].as_str() {
            Some("SCALAR" | "ENUM") => "",
            _ => " { __typename }",
        };
        let declared = if given.contains("$file") {
            "($file: Upload!)"
        } else {
            ""
        };
        let text = format!("mutation{declared} {{ {name}{given}{selected} }}");
        (name, text)
    };
    fields.iter().map(document).collect()
}

/// The arguments or fields that must be given, with the least values.
fn least(types: &BTreeMap<&str, &Value>, inputs: &Value) -> String {
    let inputs = inputs.as_array().into_iter().flatten();
    let must =
        |input: &&Value| input["type"]["kind"] == "NON_NULL" && input["defaultValue"].is_null();
    let pair = |input: &Value| {
        let value = least_value(types, &input["type"]["ofType"]);
        format!("{}: {value}", input["name"].as_str().unwrap())
    };
    inputs.filter(must).map(pair).collect::<Vec<_>>().join(", ")
}

fn least_value(types: &BTreeMap<&str, &Value>, kind: &Value) -> String {
    let name = kind["name"].as_str().unwrap_or_default();
    match (kind["kind"].as_str().unwrap(), name) {
        ("LIST", _) => "[]".to_owned(),
        ("ENUM", name) => types[name]["enumValues"][0]["name"]
            .as_str()
            .unwrap()
            .to_owned(),
        ("INPUT_OBJECT", name) => format!("{{{}}}", least(types, &types[name]["inputFields"])),
        (_, "Int" | "Long") => "1".to_owned(),
        (_, "Boolean") => "true".to_owned(),
        (_, "PartialDate") => "\"2026\"".to_owned(),
        (_, "DateTime") => "\"2026-01-01T00:00:00Z\"".to_owned(),
        (_, "RegionCode") => "\"13\"".to_owned(),
        (_, "Upload") => "$file".to_owned(),
        _ => "\"x\"".to_owned(),
    }
}

/// Asks one of them, with a file if it takes one.
async fn ask(api: &Api, token: Option<&str>, document: &str) -> Answer {
    if document.contains("$file") {
        let operations = json!({"query": document, "variables": {"file": null}});
        let form = Form::asking(&operations, &json!({"0": ["variables.file"]}));
        return api.send_form(token, form.file("0", "bukan tabel")).await;
    }
    api.send(token, &json!({ "query": document })).await
}

#[tokio::test]
async fn every_mutation_asks_for_the_action_that_stands_for_it() {
    let hubs = Federation::of(["a"]).await;
    let (mutations, needed) = (mutations(&hubs).await, needed());
    let known: Vec<&str> = needed.keys().copied().collect();
    let found: Vec<&str> = mutations.keys().map(String::as_str).collect();
    assert_eq!(
        found, known,
        "each mutation stands in the table above, and nothing else"
    );
    let agency = hubs.agency("a").await;

    let api = hubs.api("a");
    for (name, document) in &mutations {
        let answered = code(&ask(api, None, document).await);
        match needed[name.as_str()] {
            Need::Nothing => assert!(
                matches!(&*answered, "BAD_USER_INPUT" | "UNAUTHENTICATED"),
                "{name}: {answered}"
            ),
            Need::Action(_) | Need::Account => assert_eq!(answered, "UNAUTHENTICATED", "{name}"),
        }
    }
    let mut counted = 0;
    for role in Role::ALL {
        let agency = (*role == Role::Contributor).then_some(&agency);
        let roles = json!([{"role": role.code(), "agency": agency}]);
        let name = role.code().to_lowercase();
        let token = signed_in(&hubs, "a", &name, roles)
            .await
            .token("MANAGE")
            .await;
        for (name, document) in &mutations {
            let Need::Action(action) = needed[name.as_str()] else {
                continue;
            };
            let answered = ask(api, Some(&token), document).await;
            let is_refused = code(&answered) == "FORBIDDEN";
            let may = action.permit(*role) > Permit::No;
            assert_eq!(!is_refused, may, "{role} {name}: {}", answered.body);
            counted += usize::from(is_refused);
        }
    }
    assert!(counted > 80, "{counted}");
}

#[test]
fn the_documents_show_the_table_that_decides() {
    let page = include_str!("../../../docs/roles.md");
    assert!(
        page.contains(&Action::table()),
        "docs/roles.md should have\n{}",
        Action::table()
    );
}
