//! `simpul seed`: made-up records are kept from real ones.

use serde_json::json;
use testkit::program::Program;

#[tokio::test]
async fn samples_are_made_once_and_not_among_real_records() {
    let hub = Program::new();
    hub.init("kl-a").await;
    let sow = ["seed", "--innovations", "30", "--seed", "5"];
    let written = hub.well(&[&sow[..], &["--json"]].concat()).await.json();
    assert_eq!(written["written"]["innovation"], 30);
    assert!(
        written["written"]["replication"].as_u64().unwrap() > 5,
        "{written}"
    );

    let again = hub.run(&sow).await;
    assert_eq!(again.code, Some(1));
    let why = "the samples of seed 5 are here already; take another --seed";
    assert!(again.stderr.contains(why), "{}", again.stderr);
    let other = [
        "seed",
        "--innovations",
        "2",
        "--seed",
        "6",
        "--related",
        "0",
        "--json",
    ];
    let expected = json!({"written": {"agency": 3, "innovation": 2}});
    assert_eq!(hub.well(&other).await.json(), expected);

    let file = hub.folder().join("rows.csv");
    std::fs::write(&file, "title,agency\nInovasi Sungguhan,Dinas Satu\n").unwrap();
    hub.well(&["import", file.to_str().unwrap()]).await;
    let third = ["seed", "--innovations", "2", "--seed", "7"];
    let refused = hub.run(&third).await;
    assert_eq!(refused.code, Some(1));
    for why in [
        "holds 2 records that are no samples",
        "--among-real-records",
    ] {
        assert!(refused.stderr.contains(why), "{}", refused.stderr);
    }
    hub.well(&[&third[..], &["--among-real-records"]].concat())
        .await;
    hub.well(&["verify"]).await;
}

/// Each request of the benchmark is answered, whatever the schema becomes: an answer with errors ends it.
#[tokio::test]
async fn what_the_catalogs_benchmark_asks_is_answered() {
    let hub = Program::new();
    let small = ["--records", "1000", "--connections", "1", "--seconds", "0"];
    let more = ["--writes", "20", "--pull", "--json"];
    let asked = [&["bench", "catalog"][..], &small, &more].concat();
    let figures = hub.well(&asked).await.json();
    for row in [
        "pages of 20 with replication counts",
        "records with three relations, repeated",
        "rare word, province, affair, facets, under writes",
        "common word, facets",
        "all thirteen statistics, under a pull",
        "found by searching after a write",
        "writes meanwhile",
    ] {
        assert!(figures[row].as_f64() > Some(0.0), "{row}: {figures}");
    }
}
