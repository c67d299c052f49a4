//! Made-up records for measuring: plausible in length and words, clearly labelled, the same for the same seed.

use domain::catalog::{AgencyDraft, ExternalIdDraft, InnovationDraft};
use domain::clock::Clock as _;
use domain::entry::{Audience, Change, EntryDraft, Kind};
use domain::identity::RecordId;

use crate::hub::Hub;
use crate::output;
use crate::system::{SystemClock, SystemEntropy};

const WORDS: [&str; 48] = [
    "layanan",
    "masyarakat",
    "kesehatan",
    "pendidikan",
    "desa",
    "kota",
    "digital",
    "terpadu",
    "cepat",
    "warga",
    "sistem",
    "informasi",
    "data",
    "izin",
    "usaha",
    "anak",
    "ibu",
    "sekolah",
    "puskesmas",
    "petani",
    "nelayan",
    "air",
    "bersih",
    "sampah",
    "lingkungan",
    "jalan",
    "irigasi",
    "pasar",
    "pajak",
    "keluarga",
    "bencana",
    "wisata",
    "budaya",
    "perpustakaan",
    "arsip",
    "pegawai",
    "inovasi",
    "kolaborasi",
    "pelatihan",
    "pendamping",
    "mandiri",
    "inklusif",
    "transparan",
    "aduan",
    "antrian",
    "kartu",
    "posyandu",
    "stunting",
];
const AFFAIRS: [&str; 6] = [
    "HEALTH",
    "EDUCATION",
    "SOCIAL",
    "TRANSPORT",
    "AGRICULTURE",
    "ENVIRONMENT",
];
const STAGES: [&str; 3] = ["CREATION", "DEVELOPMENT", "INSTITUTIONALIZATION"];
/// Innovations that share an agency.
const PER_AGENCY: u64 = 50;
const BATCH: u64 = 1000;

/// A generator of pseudo-random numbers (xorshift64*), good enough to choose words.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let spread = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(spread).unwrap_or_default() % sides
    }

    fn words(&mut self, count: usize) -> String {
        let words: Vec<&str> = (0..count).map(|_| WORDS[self.roll(WORDS.len())]).collect();
        words.join(" ")
    }
}

/// One made-up innovation of about 1.2 KB of JSON, 1.5 KB with its header.
pub(super) fn innovation(number: u64, agency: RecordId) -> InnovationDraft {
    let mut dice = Dice(number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let year = 2010 + dice.roll(16);
    InnovationDraft {
        title: format!("Contoh {number} {}", dice.words(4)),
        agency: agency.to_string(),
        unit_name: Some(format!("Dinas {}", dice.words(2))),
        external_ids: vec![ExternalIdDraft {
            scheme: "SAMPLE".to_owned(),
            value: number.to_string(),
        }],
        affairs: vec![AFFAIRS[dice.roll(AFFAIRS.len())].to_owned()],
        sdgs: vec![i64::try_from(1 + dice.roll(17)).unwrap_or(1)],
        tags: vec![WORDS[dice.roll(WORDS.len())].to_owned()],
        summary: Some(dice.words(30)),
        background: Some(dice.words(30)),
        impact: Some(dice.words(28)),
        started_on: Some(year.to_string()),
        stage: STAGES[dice.roll(STAGES.len())].to_owned(),
        adoption: "TRIAL".to_owned(),
        ..InnovationDraft::default()
    }
}

/// Writes made-up innovations and their agencies into a hub's log.
pub(super) async fn fill(hub: &Hub, innovations: u64) -> anyhow::Result<()> {
    let bar = output::bar(innovations, "making");
    let mut agency = None;
    for first in (0..innovations).step_by(1000) {
        let mut drafts = Vec::new();
        for number in first..innovations.min(first + BATCH) {
            let owner = match agency {
                Some(owner) if number % PER_AGENCY != 0 => owner,
                _ => {
                    let record = RecordId::generate(SystemClock.now(), &SystemEntropy);
                    drafts.push(draft(
                        record,
                        Kind::AGENCY,
                        serde_json::to_string(&sample_agency(number))?,
                    )?);
                    record
                }
            };
            agency = Some(owner);
            let record = RecordId::generate(SystemClock.now(), &SystemEntropy);
            drafts.push(draft(
                record,
                Kind::INNOVATION,
                serde_json::to_string(&innovation(number, owner))?,
            )?);
        }
        bar.inc(drafts.len() as u64);
        hub.issue(drafts).await?;
    }
    bar.finish_and_clear();
    Ok(())
}

fn sample_agency(number: u64) -> AgencyDraft {
    AgencyDraft {
        name: format!("Contoh Dinas {}", number / PER_AGENCY),
        kind: "DEPARTMENT".to_owned(),
        region: Some("35.78".to_owned()),
        ..AgencyDraft::default()
    }
}

pub(super) fn draft(record: RecordId, kind: &str, body: String) -> anyhow::Result<EntryDraft> {
    let at = SystemClock.now();
    Ok(EntryDraft {
        record,
        revision: 1,
        kind: Kind::parse(kind)?,
        audience: Audience::Public,
        at,
        change: Change::Put(body),
    })
}
