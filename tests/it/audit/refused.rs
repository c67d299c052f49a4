//! What was not done: signing in, what somebody may not, what could not be; and who may read of all that.

use domain::audit::{Action, Outcome};
use serde_json::{Value, json};
use storage::audit::Listed;
use testkit::Federation;
use testkit::patience::eventually;

use super::{end, events_after};
use crate::accounts::{Browser, PASSWORD, add, code, signed_in};

/// The events that were not done, once there are so many.
async fn refused(hubs: &Federation, after: u64, least: usize) -> Vec<Listed> {
    eventually("what was refused is told", async || {
        let mut told = events_after(hubs, "a", after).await;
        told.retain(|listed| listed.event.outcome != Outcome::Done);
        (told.len() >= least).then_some(told)
    })
    .await
}

fn said(listed: &Listed) -> (Action, Outcome, &str, Option<&str>, Option<&str>) {
    let event = &listed.event;
    let (object, code) = (event.object.as_deref(), event.code.as_deref());
    (event.action, event.outcome, &event.actor, object, code)
}

#[tokio::test]
async fn signing_in_is_told_whatever_comes_of_it_and_nothing_that_was_typed() {
    let hubs = Federation::of(["a"]).await;
    let (id, invitation) = add(&hubs, "a", "siti", json!([])).await;
    let mut browser = Browser::at(&hubs, "a");
    browser.accept(&invitation, PASSWORD).await.data();
    let mut browser = Browser::at(&hubs, "a");
    let after = end(&hubs, "a").await;
    for _ in 0..8 {
        browser.sign_in("siti", "bukan kata sandinya").await;
    }
    // A password that was typed where the name belongs.
    browser.sign_in("kuda-nil-rahasia", "siti").await;
    browser.accept(&invitation, "gajah terbang ke bulan").await;
    let told = refused(&hubs, after, 3).await;
    let total: u64 = told.iter().map(|listed| listed.event.times).sum();
    assert_eq!(total, 10, "{told:?}");
    let of_siti = told.iter().find(|it| it.event.object.is_some()).unwrap();
    assert_eq!(
        said(of_siti),
        (
            Action::SignIn,
            Outcome::Refused,
            "anyone",
            Some("account:siti"),
            Some("UNAUTHENTICATED")
        )
    );
    assert_eq!(of_siti.address.as_deref(), Some("127.0.0.1"));
    let text = format!("{told:?}");
    for secret in ["rahasia", "sandinya", "gajah", &invitation] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let unlock = "mutation($id: ID!) { unlockAccount(id: $id) { id } }";
    hubs.api("a").mutate(unlock, json!({ "id": id })).await;
    let after = end(&hubs, "a").await;
    browser.sign_in("siti", PASSWORD).await.data();
    let done = events_after(&hubs, "a", after).await;
    assert_eq!(
        said(&done[0]),
        (
            Action::SignIn,
            Outcome::Done,
            "account:siti",
            Some("account:siti"),
            None
        )
    );
}

#[tokio::test]
async fn what_somebody_may_not_is_told_with_who_they_are() {
    let hubs = Federation::of(["a"]).await;
    let innovation = hubs.publish("a", "Antrean").await;
    let mut browser = signed_in(&hubs, "a", "siti", json!([{"role": "READER"}])).await;
    let token = browser.token("MANAGE").await;
    let after = end(&hubs, "a").await;
    let withdraw = "mutation($id: ID!) { withdrawInnovation(id: $id, revision: 1) }";
    let body = json!({"query": withdraw, "variables": {"id": innovation}});
    let answer = hubs.api("a").send(Some(&token), &body).await;
    assert_eq!(code(&answer), "FORBIDDEN");
    let body = json!({"query": "query Q { x: auditEvents { nodes { at } } ...F } fragment F on Query { accounts { nodes { name } } }"});
    let answer = hubs.api("a").send(Some(&token), &body).await;
    assert_eq!(code(&answer), "FORBIDDEN");
    let answer = hubs
        .api("a")
        .ask(withdraw, json!({"id": "kata sandi saya"}))
        .await;
    assert_eq!(code(&answer), "UNAUTHENTICATED");
    let revise = json!({"query": withdraw, "variables": {"id": innovation}});
    let wrong = hubs.api("a").send(Some("simpul_t_salah"), &revise).await;
    assert_eq!(wrong.status, 401);
    let late = "mutation($id: ID!) { withdrawInnovation(id: $id, revision: 7) }";
    let late = hubs
        .api("a")
        .ask_as_operator(late, json!({ "id": innovation }))
        .await;
    assert_eq!(code(&late), "CONFLICT");

    let told = refused(&hubs, after, 6).await;
    let said: Vec<_> = told.iter().map(said).collect();
    let record = innovation.rsplit(':').next().unwrap();
    let object = format!("innovation:{record}");
    let (object, refused) = (Some(object.as_str()), Outcome::Refused);
    for expected in [
        (
            Action::WithdrawInnovation,
            refused,
            "account:siti",
            object,
            Some("FORBIDDEN"),
        ),
        (
            Action::Read,
            refused,
            "account:siti",
            Some("field:auditEvents"),
            Some("FORBIDDEN"),
        ),
        (
            Action::Read,
            refused,
            "account:siti",
            Some("field:accounts"),
            Some("FORBIDDEN"),
        ),
        (
            Action::WithdrawInnovation,
            refused,
            "anyone",
            None,
            Some("UNAUTHENTICATED"),
        ),
        (
            Action::ShowCredentials,
            refused,
            "anyone",
            None,
            Some("UNAUTHENTICATED"),
        ),
        (
            Action::WithdrawInnovation,
            Outcome::Failed,
            "operator",
            object,
            Some("CONFLICT"),
        ),
    ] {
        assert!(said.contains(&expected), "{expected:?} in {said:?}");
    }
    let by_token = told.iter().filter(|listed| listed.event.token.is_some());
    assert_eq!(
        by_token.count(),
        3,
        "the token is named by which it was asked"
    );
}

#[tokio::test]
async fn operators_read_it_page_by_page_and_nobody_else() {
    let hubs = Federation::of(["a"]).await;
    for name in ["siti", "budi", "rina"] {
        add(&hubs, "a", name, json!([])).await;
    }
    let document = "query($first: Int, $after: String, $filter: AuditEventFilter) {
        auditEvents(first: $first, after: $after, filter: $filter) {
            nodes { sequence actor action object outcome address after hash } pageInfo { hasNextPage endCursor } }
        auditHead { sequence hash removedUpTo } }";
    let ask = async |variables: Value| {
        hubs.api("a")
            .ask_as_operator(document, variables)
            .await
            .data()
    };
    let filter = json!({"action": ["ADD_ACCOUNT"], "outcome": "DONE", "actor": "operator"});
    let page = ask(json!({"first": 2, "filter": filter})).await;
    let events = &page["auditEvents"];
    let objects = |events: &Value| {
        let nodes = events["nodes"].as_array().unwrap().iter();
        nodes
            .map(|node| node["object"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(objects(events), ["account:rina", "account:budi"]);
    assert_eq!(
        events["nodes"][0]["hash"], page["auditHead"]["hash"],
        "it is the newest"
    );
    assert_eq!(events["pageInfo"]["hasNextPage"], true);
    let more = json!({"after": events["pageInfo"]["endCursor"], "filter": filter});
    assert_eq!(objects(&ask(more).await["auditEvents"]), ["account:siti"]);
    let one = json!({"filter": {"object": "account:budi"}});
    assert_eq!(objects(&ask(one).await["auditEvents"]), ["account:budi"]);
    let many = json!({"first": 101});
    let many = hubs.api("a").ask_as_operator(document, many).await;
    assert_eq!(code(&many), "BAD_USER_INPUT");

    let both = ["{ auditEvents { nodes { at } } }", "{ auditHead { hash } }"];
    for document in both {
        let anyone = hubs.api("a").ask(document, json!({})).await;
        assert_eq!(code(&anyone), "UNAUTHENTICATED");
    }
    for role in ["READER", "CURATOR", "STEWARD", "OPERATOR"] {
        let name = role.to_lowercase();
        let roles = json!([{ "role": role }]);
        let mut browser = signed_in(&hubs, "a", &name, roles).await;
        for document in both {
            let answer = browser.ask(document, json!({})).await;
            let may = code(&answer).is_empty();
            assert_eq!(may, role == "OPERATOR", "{role}: {}", answer.body);
        }
        let (write, manage) = (browser.token("WRITE").await, browser.token("MANAGE").await);
        for (token, reaches) in [(write, false), (manage, role == "OPERATOR")] {
            let body = json!({ "query": both[0] });
            let answer = hubs.api("a").send(Some(&token), &body).await;
            assert_eq!(code(&answer).is_empty(), reaches, "{role}");
        }
    }
}

#[tokio::test]
async fn a_flood_of_requests_writes_little() {
    let hubs = Federation::of(["a"]).await;
    let after = end(&hubs, "a").await;
    let withdraw =
        json!({"query": "mutation { a: signOut b: signOut c: signOut endOtherSessions }"});
    let flood = (0..20).map(|_| async {
        for _ in 0..50 {
            hubs.api("a").send(None, &withdraw).await;
        }
    });
    futures_util::future::join_all(flood).await;
    let told = eventually("all is counted", async || {
        let told = events_after(&hubs, "a", after).await;
        let total: u64 = told.iter().map(|listed| listed.event.times).sum();
        (total == 4000).then_some(told)
    })
    .await;
    assert!(told.len() < 40, "{}", told.len());
}
