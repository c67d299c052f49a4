//! Every mutation of the schema, done: each is told of exactly once, with who, what and with what.

use std::collections::BTreeSet;

use domain::audit::{Action, Outcome};
use serde_json::{Value, json};
use testkit::{Drawing, Federation};

use super::{end, events_after};
use crate::accounts::factors::{App, BEGIN, CONFIRM, REMOVE};
use crate::accounts::passkeys::{self, Device};
use crate::accounts::{Browser, PASSWORD, add};
use crate::items::kinds::{goes_on, told_of};
use crate::items::write;
use crate::uploads::{TWO_ROWS, send};

/// Mutations that ask somebody to show something, and change nothing.
const QUESTIONS: [&str; 2] = ["beginPasskey", "beginPasskeySignIn"];
/// Passkeys need an address.
const PUBLIC: &str = "[http]\npublic_url = \"http://localhost:{port}\"\n";

/// Which mutations were done and told of so far.
struct Ledger<'a> {
    hubs: &'a Federation,
    done: BTreeSet<String>,
    after: u64,
}

impl Ledger<'_> {
    /// Does something at hub a as its operator.
    async fn operator(&mut self, mutation: &str, arguments: Value, read: &str) -> Value {
        self.after = end(self.hubs, "a").await;
        let written = write(self.hubs, "a", mutation, arguments, read).await;
        self.told(mutation, "operator").await;
        written
    }

    /// Does something in a browser.
    async fn browser(
        &mut self,
        browser: &mut Browser,
        mutation: &str,
        document: &str,
        variables: Value,
    ) -> Value {
        self.after = end(self.hubs, "a").await;
        let done = browser.ask(document, variables).await.data();
        self.told(mutation, "account:siti").await;
        done[mutation].clone()
    }

    async fn told(&mut self, mutation: &str, actor: &str) {
        let told = events_after(self.hubs, "a", self.after).await;
        let done: Vec<_> = told
            .into_iter()
            .filter(|listed| listed.event.outcome == Outcome::Done)
            .collect();
        assert_eq!(done.len(), 1, "{mutation} is told of once: {done:?}");
        let (event, address) = (&done[0].event, &done[0].address);
        assert_eq!(
            Some(event.action),
            Action::of_mutation(mutation),
            "{mutation}"
        );
        assert_eq!(event.actor, actor, "{mutation}");
        assert_eq!(address.as_deref(), Some("127.0.0.1"), "{mutation}");
        let object = event.object.as_deref().unwrap_or_default();
        assert!(object.contains(':'), "{mutation}: {event:?}");
        self.done.insert(mutation.to_owned());
    }
}

async fn mutations(hubs: &Federation) -> BTreeSet<String> {
    let document = "{ __schema { mutationType { fields { name } } } }";
    let read = hubs.api("a").query(document, json!({})).await;
    let fields = read["__schema"]["mutationType"]["fields"]
        .as_array()
        .unwrap();
    let name = |field: &Value| field["name"].as_str().unwrap().to_owned();
    fields.iter().map(name).collect()
}

#[tokio::test]
async fn every_mutation_is_an_action_of_the_audit() {
    let hubs = Federation::of(["a"]).await;
    for mutation in mutations(&hubs).await {
        assert!(
            Action::of_mutation(&mutation).is_some(),
            "{mutation} stands in domain::audit::Action"
        );
    }
}

#[tokio::test]
async fn every_mutation_is_told_of_once() {
    let drawing = Drawing::of(["a", "b"]).configured("a", PUBLIC);
    every(Federation::build(drawing).await).await;
}

#[tokio::test]
async fn every_mutation_is_told_of_once_on_postgres() {
    let drawing = Drawing::of(["a", "b"]).on_postgres("a");
    every(Federation::build(drawing.configured("a", PUBLIC)).await).await;
}

async fn every(hubs: Federation) {
    let mut ledger = Ledger {
        hubs: &hubs,
        done: BTreeSet::new(),
        after: 0,
    };
    accounts(&mut ledger).await;
    files(&mut ledger).await;
    items(&mut ledger).await;
    drafts(&mut ledger).await;
    people(&mut ledger).await;
    let all = mutations(&hubs).await;
    let mut left: Vec<_> = all.difference(&ledger.done).collect();
    left.retain(|mutation| !QUESTIONS.contains(&mutation.as_str()));
    assert!(left.is_empty(), "not done in this test: {left:?}");
    let db = &hubs.hub("a").db;
    let whole = storage::audit::verify(db, None).await.unwrap();
    assert!(whole.is_ok(), "{whole:?}");
}

async fn accounts(ledger: &mut Ledger<'_>) {
    let hubs = ledger.hubs;
    ledger.after = end(hubs, "a").await;
    let (id, invitation) = add(hubs, "a", "siti", json!([{"role": "CURATOR"}])).await;
    ledger.told("addAccount", "operator").await;
    let mut browser = Browser::at(hubs, "a");
    ledger.after = end(hubs, "a").await;
    browser.accept(&invitation, PASSWORD).await.data();
    ledger.told("acceptInvitation", "account:siti").await;
    let made = "mutation { createToken(name: \"uji\") { token { id } } }";
    let made = ledger
        .browser(&mut browser, "createToken", made, json!({}))
        .await;
    let token = made["token"]["id"].clone();
    let revoke = "mutation($id: ID!) { revokeToken(id: $id) }";
    let arguments = json!({ "id": token });
    ledger
        .browser(&mut browser, "revokeToken", revoke, arguments)
        .await;
    let mut other = Browser::at(hubs, "a");
    ledger.after = end(hubs, "a").await;
    other.sign_in("siti", PASSWORD).await.data();
    ledger.told("signIn", "account:siti").await;
    let sessions = "{ viewer { account { sessions { id isCurrent } } } }";
    let sessions = browser.ask(sessions, json!({})).await.data();
    let sessions = sessions["viewer"]["account"]["sessions"]
        .as_array()
        .unwrap()
        .clone();
    let there = sessions
        .iter()
        .find(|session| session["isCurrent"] == false);
    let ended = "mutation($id: ID!) { endSession(id: $id) }";
    let arguments = json!({ "id": there.unwrap()["id"] });
    ledger
        .browser(&mut browser, "endSession", ended, arguments)
        .await;
    let ended = "mutation { endOtherSessions }";
    ledger
        .browser(&mut browser, "endOtherSessions", ended, json!({}))
        .await;
    devices(ledger, &mut browser).await;
    app(ledger, &mut browser).await;
    let change = "mutation($current: String!, $password: String!) {
        changePassword(current: $current, password: $password) { name } }";
    let arguments = json!({"current": PASSWORD, "password": "gajah terbang ke bulan"});
    ledger
        .browser(&mut browser, "changePassword", change, arguments)
        .await;
    ledger
        .browser(&mut browser, "signOut", "mutation { signOut }", json!({}))
        .await;
    let one = json!({ "id": id });
    ledger
        .operator("resetSecondFactors", one.clone(), "{ id }")
        .await;
    ledger.operator("signAccountOut", one.clone(), "").await;
    ledger
        .operator("unlockAccount", one.clone(), "{ id }")
        .await;
    ledger.operator("inviteAccount", one, "{ expiresAt }").await;
    let change =
        json!({"id": id, "revision": 1, "roles": [{"role": "READER"}], "display": "Nama Lain"});
    ledger.operator("changeAccount", change, "{ id }").await;
    let told = events_after(hubs, "a", ledger.after).await;
    let (before, after) = (told[0].event.before.clone(), told[0].event.after.clone());
    assert_eq!(before, Some(json!({"roles": ["CURATOR"]})));
    assert_eq!(
        after,
        Some(json!({"roles": ["READER"], "display": "changed"}))
    );
}

async fn devices(ledger: &mut Ledger<'_>, browser: &mut Browser) {
    let origin = ledger.hubs.api("a").url().replace("127.0.0.1", "localhost");
    let mut device = Device::at(&origin, 1);
    let (question, options) = browser.asked_for_new().await;
    let arguments = json!({"id": question, "answer": device.create(&options)});
    let added = ledger
        .browser(browser, "addPasskey", passkeys::ADD, arguments)
        .await;
    let (question, options) = browser.asked(None).await;
    let arguments = json!({"id": question, "answer": device.get(&options)});
    ledger
        .browser(browser, "signInWithPasskey", passkeys::SIGN_IN, arguments)
        .await;
    let one = json!({ "id": added["id"] });
    let rename = "mutation($id: ID!) { renamePasskey(id: $id, name: \"Kunci\") }";
    ledger
        .browser(browser, "renamePasskey", rename, one.clone())
        .await;
    let remove = "mutation($id: ID!) { removePasskey(id: $id) }";
    ledger.browser(browser, "removePasskey", remove, one).await;
}

async fn app(ledger: &mut Ledger<'_>, browser: &mut Browser) {
    let password = json!({ "password": PASSWORD });
    let begun = ledger.browser(browser, "beginTotp", BEGIN, password).await;
    let app = App::told(begun["secret"].as_str().unwrap());
    let code = json!({"code": app.code(0)});
    let confirmed = ledger.browser(browser, "confirmTotp", CONFIRM, code).await;
    let paper = |number: usize| confirmed["codes"][number].clone();
    let renew = "mutation($password: String!, $code: String!) {
        renewRecoveryCodes(password: $password, code: $code) { codes } }";
    let both = json!({"password": PASSWORD, "code": paper(0)});
    let renewed = ledger
        .browser(browser, "renewRecoveryCodes", renew, both)
        .await;
    let both = json!({"password": PASSWORD, "code": renewed["codes"][0]});
    ledger.browser(browser, "removeTotp", REMOVE, both).await;
}

async fn files(ledger: &mut Ledger<'_>) {
    let api = ledger.hubs.api("a");
    ledger.after = end(ledger.hubs, "a").await;
    let imported = send(api, Some(api.operator()), &TWO_ROWS.concat(), "").await;
    assert_eq!(imported.data()["importInnovations"]["created"], 2);
    ledger.told("importInnovations", "operator").await;
}

async fn items(ledger: &mut Ledger<'_>) {
    let hubs = ledger.hubs;
    let input = json!({"name": "Dinas Lain", "kind": "DEPARTMENT"});
    let agency = ledger
        .operator("registerAgency", json!({ "input": input }), "{ id }")
        .await;
    let agency = agency["id"].as_str().unwrap().to_owned();
    let input = json!({"title": "Antrean", "agency": agency});
    let read = "{ innovation { id } }";
    let own = ledger
        .operator("createInnovation", json!({ "input": input }), read)
        .await;
    let own = own["innovation"]["id"].as_str().unwrap().to_owned();
    let arguments = json!({"id": own, "revision": 1, "input": input});
    ledger.operator("reviseInnovation", arguments, read).await;
    let other = hubs.publish("b", "Sumber").await;
    hubs.sync_until_quiet().await;
    let mut ids = std::collections::BTreeMap::new();
    for (kind, mutation, input, _) in told_of(&own, &other, &agency) {
        let written = ledger
            .operator(mutation, json!({ "input": input }), "{ id }")
            .await;
        ids.insert(kind, written["id"].as_str().unwrap().to_owned());
    }
    ledger
        .operator("confirmCurrent", json!({ "innovation": own }), "{ id }")
        .await;
    let post = json!({"thread": ids["Thread"], "body": "Bisa.", "byOffice": "Dinas"});
    let post = ledger
        .operator("writePost", json!({ "input": post }), "{ id }")
        .await;
    let post = post["id"].as_str().unwrap().to_owned();
    for (kind, mutation, mut arguments, _, _) in goes_on(&post, &other) {
        arguments["id"] = ids[kind].clone().into();
        arguments["revision"] = 1.into();
        ledger.operator(mutation, arguments, "{ id }").await;
    }
    let hide = json!({"id": post, "reason": "Iklan."});
    ledger.operator("hideHere", hide, "{ reason }").await;
    ledger.operator("showHere", json!({ "id": post }), "").await;
    answers(ledger, &own).await;
    let withdraw = json!({"id": ids["Need"], "revision": 2});
    ledger.operator("withdrawRecord", withdraw, "").await;
    ledger
        .operator("withdrawInnovation", json!({"id": own, "revision": 3}), "")
        .await;
}

/// Hub b takes over what is hub a's, which answers.
async fn answers(ledger: &mut Ledger<'_>, own: &str) {
    let hubs = ledger.hubs;
    hubs.sync_until_quiet().await;
    let adopter = hubs.agency("b").await;
    let input = json!({"source": own, "adopter": adopter, "scope": "PARTIAL", "on": "2025-04-01"});
    let replication = write(
        hubs,
        "b",
        "declareInterest",
        json!({ "input": input }),
        "{ id }",
    )
    .await;
    hubs.sync_until_quiet().await;
    let input = json!({"step": {"state": "VERIFIED", "on": "2025-04-02"}});
    let arguments = json!({"replication": replication["id"], "input": input});
    ledger
        .operator("answerReplication", arguments, "{ id }")
        .await;
}

async fn drafts(ledger: &mut Ledger<'_>) {
    const READ: &str = "{ id revision innovationId }";
    let agency = ledger.hubs.agency("a").await;
    let whole = json!({"title": "Antrean", "agency": agency, "affairs": ["HEALTH"], "sdgs": [3],
        "summary": "Ringkas.", "background": "Latar.", "novelty": "Baru.", "implementation": "Cara.", "impact": "Dampak."});
    let (author, office) = ("Dinas Satu", "Bagian Organisasi");
    let begun = json!({"by": author, "input": whole});
    let mut draft = ledger.operator("draftInnovation", begun, READ).await;
    for (mutation, by, more) in [
        ("saveDraft", author, json!({ "input": whole })),
        ("submitDraft", author, json!({})),
        ("returnDraft", office, json!({"note": "Kurang."})),
        ("saveDraft", author, json!({ "input": whole })),
        ("submitDraft", author, json!({})),
        ("verifyDraft", office, json!({})),
        ("publishDraft", office, json!({})),
    ] {
        let mut arguments = json!({"id": draft["id"], "revision": draft["revision"], "by": by});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        draft = ledger.operator(mutation, arguments, READ).await;
    }
    let note = json!({"id": draft["id"], "by": office, "note": "Bagus."});
    ledger.operator("noteDraft", note, READ).await;
    let withdraw =
        json!({"id": draft["id"], "revision": draft["revision"], "by": office, "reason": "Ganda."});
    ledger.operator("withdrawDraft", withdraw, READ).await;
    let begun = json!({"by": author, "input": whole});
    let draft = ledger.operator("draftInnovation", begun, READ).await;
    let discard = json!({"id": draft["id"], "revision": draft["revision"], "by": author});
    ledger.operator("discardDraft", discard, "").await;
}

async fn people(ledger: &mut Ledger<'_>) {
    const READ: &str = "{ id revision }";
    let known = json!({"name": "Siti Rahma", "office": "Puskesmas Bambu", "role": "Bidan", "contact": "pesan ke kantor"});
    let mut person = ledger
        .operator("addPerson", json!({ "input": known }), READ)
        .await;
    for (mutation, more) in [
        ("revisePerson", json!({ "input": known })),
        (
            "recordConsent",
            json!({"textVersion": "2026-1", "givenOn": "2026-01-05"}),
        ),
        ("withdrawConsent", json!({})),
        ("erasePerson", json!({})),
    ] {
        let mut arguments = json!({"id": person["id"], "revision": person["revision"]});
        for (name, value) in more.as_object().unwrap() {
            arguments[name] = value.clone();
        }
        let read = if mutation == "erasePerson" { "" } else { READ };
        person = ledger.operator(mutation, arguments, read).await;
        let told = events_after(ledger.hubs, "a", 0).await;
        assert!(!format!("{told:?}").contains("Rahma"), "no person is named");
    }
}
