//! Dates of workbooks, ids, and files that are long.

use std::fmt::Write as _;

use super::*;

#[test]
fn a_cell_that_is_a_date_is_read_whatever_the_forms() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.xlsx");
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let day = CellFormat::new().set_num_format("dd mmm yyyy");
    for (column, name) in (0_u16..).zip(["Judul", "Instansi", "Waktu", "Uji"]) {
        sheet.write(0, column, name).unwrap();
    }
    for (row, title) in (1_u32..).zip(["Satu", "Dua", "Tiga"]) {
        sheet.write(row, 0, title).unwrap();
        sheet.write(row, 1, "Dinas").unwrap();
    }
    sheet.write_number_with_format(1, 2, 44_321, &day).unwrap();
    sheet
        .write_number_with_format(1, 3, 44_321.75, &day)
        .unwrap();
    sheet.write(2, 2, "5/4/2021").unwrap();
    sheet.write(3, 2, "2021-05-04").unwrap();
    book.save(&file).unwrap();
    let mapping = r#"
        constants = { stage = "CREATION", adoption = "TRIAL", "agency.kind" = "OTHER" }
        [columns]
        title = "Judul"
        "agency.name" = "Instansi"
        implementedOn = { column = "Waktu", dates = ["DD/MM/YYYY", "YYYY-DD-MM"] }
        trialOn = { column = "Uji", dates = ["MM/YYYY"] }
    "#;
    let mapping = Mapping::parse(mapping).unwrap();
    assert_eq!(told(&look(&file, mapping.clone())), [""; 0]);
    let dates = |row: &CheckedRow| {
        let innovation = row.innovation.clone();
        (innovation.implemented_on.unwrap(), innovation.trial_on)
    };
    let read: Vec<_> = good(&file, mapping).iter().map(dates).collect();
    let text = |text: &str| text.to_owned();
    assert_eq!(
        read,
        [
            (text("2021-05-05"), Some(text("2021-05-05"))),
            (text("2021-04-05"), None),
            (text("2021-04-05"), None),
        ]
    );
}

#[test]
fn a_long_file_goes_through_in_batches_and_tells_what_was_not_compared() {
    const ROWS: usize = 20_000;
    let mut text = "id,title,agency\n".to_owned();
    for row in 0..ROWS {
        // One row in a hundred repeats the number of the first of its hundred.
        let number = if row % 100 == 99 { row - 99 } else { row };
        let dinas = row / 50;
        writeln!(
            text,
            "LAN-{number},Inovasi nomor a{row} b{row},Dinas {dinas}"
        )
        .unwrap();
    }
    text.push_str("LAN-1000000,D,Dinas\n");
    let (_folder, path) = file("rows.csv", text);
    let rules = rules(Mapping::of_data());
    let mut rows = rows::open(&path, Format::Csv, &Layout::default()).unwrap();
    let titles = Duplicates::of_at_most(5000);
    let mut checker = Checker::new(&rules, Agencies::new(), titles, None);
    let mut batches = 0;
    while let Some(batch) = judged(&mut rows, &rules).unwrap() {
        assert!(batch.len() <= BATCH);
        batches += 1;
        checker.take(batch, &Held::default()).unwrap();
    }
    let checked = checker.finish(&rows).unwrap();
    assert_eq!(batches, ROWS / BATCH + 1);
    assert_eq!((checked.rows, checked.bad_rows), (20_001, 1));
    let said = checked.forecast;
    assert_eq!(
        (said.created, said.repeated, said.agencies),
        (19_800, 200, 400)
    );
    let first = checked.repetitions[0];
    assert_eq!(
        (checked.repetitions.len(), first.line, first.of),
        (200, 101, 2)
    );
    assert_eq!(checked.duplicates.left_out, 14_800);
}

#[test]
fn an_id_names_a_record_of_this_hub_only() {
    let row = |id: &str| {
        json!({"id": id, "title": "Satu", "agency": {"name": "Dinas", "kind": "OTHER"}, "stage": "CREATION", "adoption": "TRIAL"}).to_string()
    };
    let record = "0198f2c4-0000-7000-8000-000000000001";
    let ids = [
        format!("Innovation:id-33:{record}"),
        format!("Innovation:id-31:{record}"),
        "33".to_owned(),
    ];
    let (_folder, file) = file("rows.jsonl", ids.map(|id| row(&id)).join("\n"));
    let checked = look(&file, Mapping::standard());
    assert_eq!(
        told(&checked),
        [
            "2 id: the record belongs to hub id-31, which alone can change it; take the id out to import the row as one of id-33",
            "3 id: \"33\" is not an innovation's id such as Innovation:id-13:0198f2c4-…",
        ]
    );
    let rows = good(&file, Mapping::standard());
    assert_eq!(rows[0].record.unwrap().to_string(), record);
}
