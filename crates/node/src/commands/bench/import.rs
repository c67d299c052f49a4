//! `simpul bench import`

use std::io::Write as _;
use std::time::Instant;

use anyhow::bail;
use domain::identity::RecordId;
use serde_json::json;
use uuid::Uuid;

use super::nodes::{Where, Workplace, program};
use super::{Figure, figure, sample};

/// Import a JSON Lines file of made-up rows
#[derive(Debug, clap::Args)]
pub(super) struct Import {
    /// How many rows
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    #[command(flatten)]
    place: Where,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<Vec<Figure>> {
        let workplace = Workplace::new(&self.place)?;
        let hub = workplace.create("kl-importer", 0).await?;
        hub.db.close().await?;
        let file = workplace.path("rows.jsonl");
        self.write_rows(&file)?;
        let started = Instant::now();
        let status = program(&hub.config.folder)?
            .arg("import")
            .arg(&file)
            .stdout(std::process::Stdio::null())
            .status()
            .await?;
        let seconds = started.elapsed().as_secs_f64();
        if !status.success() {
            bail!("importing failed with {status}");
        }
        #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^52")]
        let rows = self.rows as f64;
        Ok(vec![
            figure("rows", rows, ""),
            figure("time", seconds, "s"),
            figure("rate", rows / seconds, "rows/s"),
        ])
    }

    fn write_rows(&self, file: &std::path::Path) -> anyhow::Result<()> {
        let mut out = std::io::BufWriter::new(std::fs::File::create(file)?);
        let nobody = RecordId::from(Uuid::nil());
        for number in 0..self.rows {
            let made = sample::innovation(number, nobody);
            let text = |part: Option<String>| part.unwrap_or_default();
            let summary = format!(
                "{} {} {}",
                text(made.summary),
                text(made.background),
                text(made.impact)
            );
            let row = json!({
                "id": format!("SAMPLE-{number}"), "title": made.title, "agency": format!("Contoh Dinas {}", number / 50),
                "agency_type": "CITY", "province_code": "35", "regency_code": "35.78", "unit": made.unit_name,
                "year_initiated": made.started_on, "sector": "HEALTH", "summary_id": summary,
            });
            writeln!(out, "{row}")?;
        }
        Ok(out.flush()?)
    }
}
