//! How well searching orders what it finds: `cargo run -p tests --bin judged`.
//!
//! Queries over the records of the data folder were judged by reading the records: 3 is what was looked for, 2 is about it,
//! 1 touches it, and what is not named is 0. Printed is the normalised discounted cumulative gain of the first ten hits
//! (nDCG@10) of each query, with gains of 2^grade - 1, and the mean.

#![expect(clippy::print_stdout, reason = "this is a program")]

use clap::Parser;
use testkit::judged::{self, Query};

/// Measures the order of search results
#[derive(Parser)]
struct Judged {
    /// Print the hits of queries below this, with their grades
    #[arg(long, default_value_t = 0.0)]
    below: f64,
}

#[tokio::main]
async fn main() {
    let wishes = Judged::parse();
    let catalog = judged::Catalog::open().await;
    let mut sum = 0.0;
    let queries = judged::queries();
    for query in &queries {
        let hits = catalog.search(&query.query);
        let gain = query.ndcg(&hits);
        sum += gain;
        println!("{gain:.3}  {}", query.query);
        if gain < wishes.below {
            tell(query, &hits);
        }
    }
    println!(
        "{:.4}  mean of {} queries",
        sum / f64::from(u32::try_from(queries.len()).unwrap_or(1)),
        queries.len()
    );
}

fn tell(query: &Query, hits: &[(String, String)]) {
    for (id, title) in hits {
        println!("         {} {id} {title}", query.grade(id));
    }
    for (id, grade) in &query.grades {
        if !hits.iter().any(|(hit, _)| hit == id) {
            println!("         {grade} {id} is not among them");
        }
    }
}
