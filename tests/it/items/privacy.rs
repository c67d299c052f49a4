//! Personal data in texts for everybody: told, and published only when somebody says that it is meant so.

use serde_json::{Value, json};
use testkit::Federation;

use super::try_write;

const NIK: &str = "3578014501900002";

/// Each mutation with a text for everybody, and the field in which a number stands.
fn texts(own: &str, other: &str, agency: &str) -> Vec<(&'static str, Value, &'static str)> {
    let said = |text: &str| format!("{text} Hubungi {NIK}.");
    vec![
        (
            "createInnovation",
            json!({"title": "Antrean", "agency": agency, "summary": said("Ringkas.")}),
            "summary",
        ),
        (
            "registerAgency",
            json!({"name": said("Dinas."), "kind": "OTHER"}),
            "name",
        ),
        (
            "endorse",
            json!({"innovation": other, "statement": said("Baik."), "on": "2025-01-01"}),
            "statement",
        ),
        (
            "openThread",
            json!({"kind": "QUESTION", "title": said("Siapa?")}),
            "title",
        ),
        (
            "addNeed",
            json!({"agency": agency, "statement": said("Perlu.")}),
            "statement",
        ),
        (
            "addCoachingActivity",
            json!({"title": "Klinik", "kind": "CLINIC", "phases": ["CREATION"], "startsAt": "2025-01-01T00:00:00Z", "mode": "ONLINE",
                "step": {"state": "PLANNED", "on": "2025-01-01"}, "place": said("Rumah.")}),
            "place",
        ),
        (
            "addAward",
            json!({"innovation": own, "scheme": "KIPP", "tier": "Top 45", "year": 2021, "decree": said("SK."), "basis": "CLAIMED"}),
            "decree",
        ),
        (
            "recordTransition",
            json!({"innovation": own, "axis": "ADOPTION", "to": "APPLIED", "on": "2025-01-01", "decidedBy": "Kepala", "reason": said("Siap.")}),
            "reason",
        ),
    ]
}

#[tokio::test]
async fn personal_data_for_everybody_must_be_acknowledged() {
    let hubs = Federation::of(["a", "b"]).await;
    let (own, other) = (
        hubs.publish("a", "Sendiri").await,
        hubs.publish("b", "Lain").await,
    );
    let agency = hubs.agency("a").await;
    hubs.sync_until_quiet().await;
    for (mutation, input, field) in texts(&own, &other, &agency) {
        let read = if mutation == "createInnovation" {
            "{ innovation { id } }"
        } else {
            "{ id }"
        };
        let size = hubs.size("a", "a").await;
        let told = try_write(&hubs, "a", mutation, json!({ "input": input }), read).await;
        assert_eq!(told.codes(), ["PERSONAL_DATA"], "{mutation}: {}", told.body);
        assert_eq!(hubs.size("a", "a").await, size, "{mutation} wrote nothing");
        let found = &told.body["errors"][0]["extensions"]["fields"][0];
        assert_eq!(found["field"], field, "{mutation}: {}", told.body);
        let wrong = json!({"input": input, "acknowledge": ["elsewhere"]});
        let told = try_write(&hubs, "a", mutation, wrong, read).await;
        assert_eq!(
            told.codes(),
            ["PERSONAL_DATA"],
            "{mutation}: another acknowledgement is none"
        );
        let meant = json!({"input": input, "acknowledge": [found["acknowledgement"]]});
        try_write(&hubs, "a", mutation, meant, read).await.data();
    }
    let hidden = json!({"subject": own, "kind": "SOP", "title": format!("Surat {NIK}")});
    try_write(
        &hubs,
        "a",
        "addEvidence",
        json!({ "input": hidden }),
        "{ id }",
    )
    .await
    .data();
}
