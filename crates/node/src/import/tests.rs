//! Files of every format, good and bad, and the mappings that come with the program.

mod streaming;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Format as CellFormat, Workbook};
use serde_json::json;
use tempfile::TempDir;
use time::macros::date;

use super::check::{Checker, check_columns, judged};
use super::duplicates::Duplicates;
use super::held::{Agencies, Held};
use super::refused::Refused;
use super::rows::{Format, Layout};
use super::*;

fn rules(mapping: Mapping) -> Rules {
    Rules {
        mapping,
        hub: HubId::parse("id-33").unwrap(),
        today: date!(2026 - 08 - 20),
        audience: None,
    }
}

fn mappings(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../data/mappings")
        .join(file)
}

fn named(mapping: &str) -> Mapping {
    let text = std::fs::read_to_string(mappings(mapping)).unwrap();
    Mapping::parse(&text).unwrap_or_else(|error| panic!("{mapping}: {error:#}"))
}

/// Checks a file as a hub does that holds nothing.
fn check(
    mut rows: Rows,
    rules: &Rules,
    duplicates: Duplicates,
    refused: Option<Refused>,
) -> anyhow::Result<Checked> {
    check_columns(&rows, rules)?;
    let mut checker = Checker::new(rules, Agencies::new(), duplicates, refused);
    while let Some(batch) = judged(&mut rows, rules)? {
        checker.take(batch, &Held::default())?;
    }
    checker.finish(&rows)
}

fn look(file: &Path, mapping: Mapping) -> Checked {
    let rules = rules(mapping);
    let format = Format::of(file).unwrap();
    let rows = rows::open(file, format, &rules.mapping.layout).unwrap();
    check(rows, &rules, Duplicates::default(), None).unwrap()
}

fn good(file: &Path, mapping: Mapping) -> Vec<CheckedRow> {
    let rules = rules(mapping);
    let format = Format::of(file).unwrap();
    let rows = rows::open(file, format, &rules.mapping.layout).unwrap();
    let batches = batches(rows, rules, 1000, |_| true);
    batches.flat_map(Result::unwrap).collect()
}

fn told(checked: &Checked) -> Vec<String> {
    let fault = |fault: &RowFault| format!("{} {}: {}", fault.line, fault.column, fault.reason);
    checked.faults.iter().map(fault).collect()
}

/// A file in a folder of its own.
fn file(name: &str, text: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

#[test]
fn each_mapping_takes_all_of_its_example() {
    let check = |mapping: &str, example: &str, rows: u64, ignored: &[&str]| {
        let checked = look(&mappings(example), named(mapping));
        assert_eq!(told(&checked), [""; 0], "{mapping}");
        assert_eq!((checked.rows, checked.bad_rows), (rows, 0), "{mapping}");
        assert_eq!(checked.ignored, ignored, "{mapping}");
        assert_eq!(checked.personal, [], "{mapping}");
    };
    check("jippnas.toml", "jippnas-example.csv", 3, &["suka"]);
    check("iga.toml", "iga-example.csv", 2, &["Kematangan"]);
    check("lan.toml", "lan-example.jsonl", 2, &["dilihat"]);
    let awards = [
        "award_scheme",
        "award_tier",
        "award_year",
        "note",
        "source_precision",
    ];
    for data in ["../innovations.csv", "../innovations.jsonl"] {
        let checked = look(&mappings(data), named("data.toml"));
        assert_eq!(
            (checked.rows, checked.ignored.as_slice()),
            (419, &awards.map(str::to_owned)[..])
        );
    }
}

#[test]
fn the_examples_say_what_their_files_say() {
    let jippnas = good(&mappings("jippnas-example.csv"), named("jippnas.toml"));
    let first = &jippnas[0];
    assert_eq!(first.external_id(), Some(("JIPPNAS", "900001")));
    assert_eq!(
        first.innovation.implemented_on.as_deref(),
        Some("2021-08-17")
    );
    assert_eq!(
        (
            first.innovation.sdgs.as_slice(),
            first.innovation.adoption.as_str()
        ),
        (&[3, 10][..], "APPLIED")
    );
    assert_eq!(first.agency.kind, "CITY_GOV");
    assert_eq!(
        jippnas[1].innovation.implemented_on.as_deref(),
        Some("2019")
    );
    assert_eq!(jippnas[2].innovation.adoption, "TRIAL");

    let iga = good(&mappings("iga-example.csv"), named("iga.toml"));
    let first = &iga[0].innovation;
    assert_eq!(first.affairs, ["ENVIRONMENT", "COMMUNICATION"]);
    let point = first.point.unwrap();
    assert_eq!(
        (point.lat.to_string(), point.lng.to_string()),
        ("-7.2575".to_owned(), "112.7521".to_owned())
    );
    assert_eq!(
        (
            first.is_digital,
            first.trial_on.as_deref(),
            first.implemented_on.as_deref()
        ),
        (Some(true), Some("2022-02-01"), Some("2022-08-17"))
    );

    let lan = good(&mappings("lan-example.jsonl"), named("lan.toml"));
    assert_eq!(
        lan[0].innovation.preconditions,
        ["Balai desa", "Guru yang bersedia"]
    );
    assert_eq!(
        lan[0].innovation.sources[0].title,
        "LAN, direktori inovasi administrasi negara"
    );
    assert_eq!(
        (lan[0].external_id(), lan[1].innovation.adoption.as_str()),
        (Some(("LAN", "9001")), "INITIATIVE")
    );
}

#[test]
fn the_data_folders_files_mean_what_they_did() {
    let rows = good(&mappings("../innovations.jsonl"), Mapping::of_data());
    let find = |number: &str| {
        rows.iter()
            .find(|row| row.external_id() == Some(("LAN", number)))
            .unwrap()
    };
    let row = find("048");
    assert_eq!(row.agency.name, "Pemerintah Kabupaten Kulon Progo");
    assert_eq!(
        (row.agency.kind.as_str(), row.agency.region.as_deref()),
        ("REGENCY_GOV", Some("34.01"))
    );
    let innovation = &row.innovation;
    assert_eq!(
        (
            innovation.affairs.as_slice(),
            innovation.adoption.as_str(),
            innovation.stage.as_str()
        ),
        (&["HEALTH".to_owned()][..], "APPLIED", "CREATION")
    );
    assert_eq!(
        innovation.sources[0].url.as_deref(),
        Some("https://github.com/edison8301/inovasi-lan")
    );
    let tags: BTreeSet<_> = rows.iter().flat_map(|row| &row.innovation.tags).collect();
    assert_eq!(
        tags.into_iter().collect::<Vec<_>>(),
        ["ekonomi", "tata kelola"]
    );
    let crossing = rows
        .iter()
        .filter(|row| row.innovation.affairs == ["TOURISM", "CULTURE"]);
    assert!(crossing.count() > 0);
}

#[test]
fn faults_name_line_column_and_reason() {
    let text = "id,title,agency,agency_type,province_code,sector,year_implemented,audience\n\
        LAN-1,Satu,Dinas,CITY,33,HEALTH,2012,public\n\
        LAN2,Du,Dinas,CITY,33,MAGIC,2012/13,semua\n\
        LAN-3,Tiga,Dinas\n\
        LAN-4,\"Empat\nbaris\",Dinas,CITY,99,,,\n";
    let (_folder, file) = file("rows.csv", text);
    let checked = look(&file, Mapping::of_data());
    assert_eq!(
        told(&checked),
        [
            "3 sector: \"MAGIC\" is not among the values that the mapping names",
            "3 audience: \"semua\" is not an audience; say public (everybody) or network (hubs of the network)",
            "3 id: \"LAN2\" is not of the form SCHEME-NUMBER, such as LAN-047",
            "3 title: has 2 characters; 3 to 200 are allowed",
            "3 year_implemented: \"2012/13\" is not a date such as 2012, 2012-05 or 2012-05-04",
            "4 : the row has 3 cells, and there are 8 columns",
            "5 regency_code or province_code: 99 is no region of the edition Kepmendagri 300.2.2-2138/2025, 300.2.2-2430/2025",
            "5 title: contains the character U+000A, which is not allowed here",
        ]
    );
    assert_eq!((checked.rows, checked.bad_rows), (4, 3));
}

#[test]
fn refused_rows_can_be_mended_and_come_again() {
    let text = "judul;instansi;jenis\nSatu;Dinas;CITY\n=2;Dinas;CITY\nTiga;Dinas\n";
    let mapping = "[columns]\ntitle = \"judul\"\n\"agency.name\" = \"instansi\"\n[constants]\nstage = \"CREATION\"\nadoption = \"TRIAL\"\n\"agency.kind\" = \"OTHER\"";
    let mapping = Mapping::parse(mapping).unwrap();
    let (folder, file) = file("rows.csv", text);
    let refused = folder.path().join("refused.csv");
    let rules = rules(mapping.clone());
    let rows = rows::open(&file, Format::Csv, &Layout::default()).unwrap();
    let keeping = Refused::new(&refused, rows.header());
    let checked = check(rows, &rules, Duplicates::default(), Some(keeping)).unwrap();
    assert_eq!((checked.rows, checked.bad_rows), (3, 2));
    let kept = std::fs::read_to_string(&refused).unwrap();
    assert_eq!(
        kept,
        "simpul.fault,judul,instansi,jenis\n\
         judul: has 2 characters; 3 to 200 are allowed,=2,Dinas,CITY\n\
         \"the row has 2 cells, and there are 3 columns\",Tiga,Dinas\n"
    );
    std::fs::write(
        &refused,
        kept.replace("=2", "Dua")
            .replace("Tiga,Dinas", "Tiga,Dinas,CITY"),
    )
    .unwrap();
    let mended = look(&refused, mapping);
    assert_eq!(
        (mended.rows, mended.bad_rows, mended.ignored),
        (2, 0, vec!["jenis".to_owned()])
    );

    let lines = folder.path().join("rows.jsonl");
    std::fs::write(&lines, "{\"title\": \"Satu\", \"agency\": \"Dinas\"}\n{\"title\": \"D\", \"agency\": \"Dinas\"}\n{oops\n").unwrap();
    let refused = folder.path().join("refused.jsonl");
    let rows = rows::open(&lines, Format::JsonLines, &Layout::default()).unwrap();
    let keeping = Refused::new(&refused, rows.header());
    let data = super::Rules {
        mapping: Mapping::of_data(),
        ..rules
    };
    let checked = check(rows, &data, Duplicates::default(), Some(keeping)).unwrap();
    assert_eq!((checked.rows, checked.bad_rows), (3, 2));
    let kept = std::fs::read_to_string(&refused).unwrap();
    assert_eq!(kept, "{\"title\": \"D\", \"agency\": \"Dinas\"}\n{oops\n");
}

#[test]
fn a_workbook_gives_the_rows_of_a_sheet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.xlsx");
    let mut book = Workbook::new();
    book.add_worksheet()
        .set_name("Catatan")
        .unwrap()
        .write(0, 0, "bukan ini")
        .unwrap();
    let sheet = book.add_worksheet().set_name("Data").unwrap();
    let day = CellFormat::new().set_num_format("dd/mm/yyyy");
    for (column, name) in ["Judul", "Instansi", "Kode", "SDG", "Mulai", "Digital", ""]
        .into_iter()
        .enumerate()
    {
        sheet
            .write(2, u16::try_from(column).unwrap(), name)
            .unwrap();
    }
    sheet.write(3, 0, "'=Satu").unwrap();
    sheet.write(3, 1, "Dinas").unwrap();
    sheet.write_number(3, 2, 33.72).unwrap();
    sheet.write_number(3, 3, 4).unwrap();
    sheet.write_number_with_format(3, 4, 44_425, &day).unwrap();
    sheet.write_boolean(3, 5, true).unwrap();
    sheet.write(5, 0, "D").unwrap();
    sheet.write(5, 1, "Dinas").unwrap();
    book.save(&file).unwrap();

    let mapping = r#"
        source = { sheet = "Data", header_row = 3 }
        [constants]
        stage = "CREATION"
        adoption = "TRIAL"
        "agency.kind" = "CITY_GOV"
        [columns]
        title = "Judul"
        "agency.name" = "Instansi"
        "agency.region" = "Kode"
        sdgs = "SDG"
        startedOn = "Mulai"
        isDigital = "Digital"
    "#;
    let mapping = Mapping::parse(mapping).unwrap();
    let checked = look(&file, mapping.clone());
    assert_eq!(
        told(&checked),
        ["6 Judul: has 1 characters; 3 to 200 are allowed"]
    );
    let rows = good(&file, mapping);
    let row = &rows[0];
    assert_eq!((row.line, row.innovation.title.as_str()), (4, "=Satu"));
    assert_eq!(
        (row.agency.region.as_deref(), row.innovation.sdgs.as_slice()),
        (Some("33.72"), &[4][..])
    );
    assert_eq!(
        (
            row.innovation.started_on.as_deref(),
            row.innovation.is_digital
        ),
        (Some("2021-08-17"), Some(true))
    );

    let wrong = Layout {
        sheet: Some("Lain".to_owned()),
        ..Layout::default()
    };
    let error = rows::open(&file, Format::Xlsx, &wrong).err().unwrap();
    assert!(
        format!("{error:#}").contains("there is no sheet \"Lain\"; there are Catatan, Data"),
        "{error:#}"
    );
    let broken = folder.path().join("broken.xlsx");
    std::fs::write(&broken, "no workbook").unwrap();
    let error = rows::open(&broken, Format::Xlsx, &Layout::default())
        .err()
        .unwrap();
    assert!(
        format!("{error:#}").contains("it is not a workbook"),
        "{error:#}"
    );
}

#[test]
fn rows_and_cells_have_bounds() {
    let head = "title,agency\n";
    let long = format!(
        "{head}Satu,{}\nDua,Dinas\n",
        "a".repeat(rows::MOST_ROW_BYTES / 4)
    );
    let (_folder, path) = file("rows.csv", long);
    let checked = look(&path, Mapping::of_data());
    assert_eq!(
        told(&checked),
        ["2 agency: has 262144 bytes; 65536 are allowed"]
    );
    assert_eq!((checked.rows, checked.bad_rows), (2, 1));

    // A quotation mark that is never closed makes the rest of the file one row.
    let open = format!("{head}Satu,\"{}", "Dinas\n".repeat(rows::MOST_ROW_BYTES));
    let (_folder, path) = file("rows.csv", open);
    let rows = rows::open(&path, Format::Csv, &Layout::default()).unwrap();
    let error = check(
        rows,
        &rules(Mapping::of_data()),
        Duplicates::default(),
        None,
    )
    .err()
    .unwrap();
    assert!(
        error
            .to_string()
            .contains("a row has more than 1048576 bytes"),
        "{error:#}"
    );

    let (_folder, path) = file(
        "rows.csv",
        [head.as_bytes(), b"Satu,Din\xE9s\nDua,Dinas\n"].concat(),
    );
    let checked = look(&path, Mapping::of_data());
    assert_eq!(
        told(&checked),
        ["2 agency: is not UTF-8; save the file as \"CSV UTF-8\""]
    );

    let (_folder, path) = file(
        "rows.jsonl",
        format!("{{\"title\": \"{}", "a".repeat(rows::MOST_ROW_BYTES)),
    );
    let rows = rows::open(&path, Format::JsonLines, &Layout::default()).unwrap();
    assert!(
        check(
            rows,
            &rules(Mapping::of_data()),
            Duplicates::default(),
            None
        )
        .is_err()
    );
}

#[test]
fn personal_data_and_likely_duplicates_are_found() {
    let row = |number: u32, title: &str, summary: &str, audience: &str| {
        json!({"id": format!("LAN-{number}"), "title": title, "agency": "Dinas", "summary_id": summary, "audience": audience}).to_string()
    };
    let lines = [
        row(
            1,
            "Antrean Daring Puskesmas",
            "Hubungi 0812-3456-7890.",
            "public",
        ),
        row(
            2,
            "Antrean Daring Puskesmas",
            "Hubungi 0812-3456-7890.",
            "network",
        ),
        row(3, "Perahu Pustaka", "Tulis ke a@contoh.go.id", ""),
    ];
    let (_folder, file) = file("rows.jsonl", lines.join("\n"));
    let checked = look(&file, Mapping::of_data());
    let found: Vec<_> = checked
        .personal
        .iter()
        .map(|found| {
            format!(
                "{} {} {}",
                found.line, found.found.field, found.found.finding.data
            )
        })
        .collect();
    assert_eq!(found, ["1 summary PHONE", "3 summary EMAIL"]);
    assert_eq!(checked.personal_rows, 2);
    let pairs: Vec<_> = checked
        .duplicates
        .pairs
        .iter()
        .map(|pair| (pair.line, pair.like.clone(), pair.alike))
        .collect();
    assert_eq!(pairs, [(2, duplicates::Place::Line(1), 100)]);
}

#[test]
fn a_mapping_that_is_wrong_says_where() {
    let check = |text: &str, expected: &str| {
        let error = Mapping::parse(text).err().map(|error| format!("{error:#}"));
        let error = error.unwrap_or_default();
        assert!(error.contains(expected), "{text}: {error}");
    };
    check(
        "[columns]\njudul = \"a\"",
        "columns: \"judul\" is not a field; the fields are id, audience, title",
    );
    check("[columns]\ntitle = { colum = \"a\" }", "columns");
    check(
        "[columns]\ntitle = \"a\"\n[constants]\ntitle = \"b\"",
        "title is among the columns and among the constants",
    );
    check(
        "[columns]\nstartedOn = { column = \"a\", dates = [\"D/M/Y\"] }",
        "is not made of YYYY, MM, MMMM, DD",
    );
    check(
        "[columns]\nkind = { column = \"a\", values = { \"Proses\" = \"PROCESS\", \"PROSES\" = \"METHOD\" } }",
        "is there twice",
    );
    check("titel = 3", "unknown field `titel`");
    let mapping = Mapping::parse("[columns]\ntitle = { column = [\"a\", \"b\"] }").unwrap();
    let error = mapping
        .check_columns(&["c".to_owned()])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("no column `a` or `b` for the title; its columns are: c"),
        "{error}"
    );
}
