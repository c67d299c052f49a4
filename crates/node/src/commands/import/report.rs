//! What `simpul import` tells of what it found and wrote.

use serde_json::{Value, json};

use super::Import;
use crate::cli::Common;
use crate::import::duplicates::{Duplicates, Pair, Place};
use crate::import::mapping::RowFault;
use crate::import::{Checked, Done, Found, Personal, Repetition};
use crate::output;

/// Faults, findings and pairs that are printed; all are counted.
const SHOWN: usize = 50;

/// Tells it, to people or to programs.
pub(super) fn tell(asked: &Import, common: &Common, result: &Found) -> anyhow::Result<()> {
    let (checked, done) = (&result.checked, result.done.as_ref());
    if common.json {
        return output::json(&as_json(asked, checked, done));
    }
    some(&checked.faults, checked.bad_rows, fault_line);
    if checked.personal_rows > 0 && !asked.acknowledge_personal_data {
        output::say("texts for everybody hold what looks like personal data:");
        some(&checked.personal, checked.personal_rows, personal_line);
    }
    if checked.duplicates.found > 0 {
        output::say("these may be the same innovation twice; nothing is done about it:");
        some(
            &checked.duplicates.pairs,
            checked.duplicates.found,
            pair_line,
        );
    }
    tell_left_out(&checked.duplicates);
    if checked.forecast.repeated > 0 {
        output::say("these rows name a record that a row before them named, and are passed over:");
        let repeated = checked.forecast.repeated;
        some(&checked.repetitions, repeated, repetition_line);
    }
    output::say(format!(
        "{} rows read, {} of them bad",
        checked.rows, checked.bad_rows
    ));
    if let Some(file) = asked.refused.as_ref().filter(|_| checked.bad_rows > 0) {
        output::say(format!("the bad rows are in {}", file.display()));
    }
    if !checked.ignored.is_empty() {
        let ignored = checked.ignored.join(", ");
        output::say(format!("columns that are not imported: {ignored}"));
    }
    if let Some(done) = done.filter(|done| done.written.left_out > 0) {
        output::say("these rows were good, and something changed before they were written:");
        some(&done.late, done.written.left_out, fault_line);
    }
    output::say(outcome(asked, checked, done));
    Ok(())
}

/// Tells with what titles were not compared.
fn tell_left_out(duplicates: &Duplicates) {
    let Duplicates {
        left_out,
        held_left_out,
        ..
    } = duplicates;
    if *held_left_out > 0 {
        output::say(format!(
            "{held_left_out} innovations that the hub holds were too many for titles to be compared with them"
        ));
    }
    if *left_out > 0 {
        output::say(format!(
            "{left_out} titles of the file were too many for others to be compared with them"
        ));
    }
}

fn repetition_line(repetition: &Repetition) -> String {
    format!("line {} repeats line {}", repetition.line, repetition.of)
}

/// The first of a list, line by line; a remark if there are more.
fn some<T>(list: &[T], in_all: u64, line: impl Fn(&T) -> String) {
    for item in list.iter().take(SHOWN) {
        output::say(line(item));
    }
    if list.len() > SHOWN || in_all > list.len() as u64 {
        output::say(format!("… and more; --json lists the first {}", list.len()));
    }
}

fn fault_line(fault: &RowFault) -> String {
    let column = if fault.column.is_empty() {
        String::new()
    } else {
        format!(", column {}", fault.column)
    };
    format!("line {}{column}: {}", fault.line, fault.reason)
}

fn personal_line(personal: &Personal) -> String {
    let (line, field) = (personal.line, &personal.found.field);
    let (data, found) = (personal.found.finding.data, &personal.found.finding.found);
    format!("line {line}, {field}: {data} {found:?}")
}

fn pair_line(pair: &Pair) -> String {
    let like = match &pair.like {
        Place::Line(line) => format!("line {line}"),
        Place::Held(record) => format!("record {record}"),
        Place::Elsewhere(hub, record) => format!("record {record} of hub {hub}"),
    };
    let agency = if pair.is_same_agency {
        "the same agency"
    } else {
        "another agency"
    };
    format!(
        "line {}: {:?} is like {like} of {agency}, {} %",
        pair.line, pair.title, pair.alike
    )
}

fn outcome(asked: &Import, checked: &Checked, done: Option<&Done>) -> String {
    let Some(Done { written, .. }) = done else {
        let mend = if checked.bad_rows > 0 && !asked.skip_bad_rows {
            "mend the rows, or say --skip-bad-rows"
        } else {
            "take the personal data out, or say --acknowledge-personal-data"
        };
        return format!("nothing was written; {mend}");
    };
    let repeated = match written.repeated {
        0 => String::new(),
        repeated => format!("; {repeated} rows repeat a record of the file and were passed over"),
    };
    let moved = match written.moved {
        0 => String::new(),
        moved => format!(" ({moved} moves to another stage or adoption)"),
    };
    let what = format!(
        "{} innovations created, {} revised{moved}, {} unchanged; {} agencies registered{repeated}",
        written.created, written.revised, written.unchanged, written.agencies
    );
    if asked.dry_run {
        format!("nothing was written, as asked; it would be: {what}")
    } else {
        what
    }
}

fn as_json(asked: &Import, checked: &Checked, done: Option<&Done>) -> Value {
    let written = done.map(|done| done.written);
    let late = done.map_or(&[][..], |done| done.late.as_slice());
    let fault = |fault: &RowFault| json!({"line": fault.line, "column": fault.column, "reason": fault.reason});
    let personal = |personal: &Personal| {
        json!({
            "line": personal.line, "field": personal.found.field,
            "data": personal.found.finding.data, "found": personal.found.finding.found,
        })
    };
    let pair = |pair: &Pair| {
        let (line, record, hub) = match &pair.like {
            Place::Line(line) => (Some(line), None, None),
            Place::Held(record) => (None, Some(record.to_string()), None),
            Place::Elsewhere(hub, record) => (None, Some(record.to_string()), Some(hub.as_str())),
        };
        json!({
            "line": pair.line, "title": pair.title, "likeLine": line, "likeRecord": record, "likeHub": hub,
            "alikePercent": pair.alike, "isSameAgency": pair.is_same_agency,
        })
    };
    let repetition = |row: &Repetition| json!({"line": row.line, "of": row.of});
    json!({
        "rows": checked.rows,
        "badRows": checked.bad_rows,
        "faults": checked.faults.iter().map(fault).collect::<Vec<_>>(),
        "ignoredColumns": checked.ignored,
        "personalRows": checked.personal_rows,
        "personalData": checked.personal.iter().map(personal).collect::<Vec<_>>(),
        "suspectedDuplicates": checked.duplicates.found,
        "duplicates": checked.duplicates.pairs.iter().map(pair).collect::<Vec<_>>(),
        "notCompared": {"held": checked.duplicates.held_left_out, "rows": checked.duplicates.left_out},
        "repetitions": checked.repetitions.iter().map(repetition).collect::<Vec<_>>(),
        "isDryRun": asked.dry_run,
        "created": written.map(|written| written.created),
        "revised": written.map(|written| written.revised),
        "moved": written.map(|written| written.moved),
        "unchanged": written.map(|written| written.unchanged),
        "repeated": written.map(|written| written.repeated),
        "agencies": written.map(|written| written.agencies),
        "leftOut": written.map(|written| written.left_out),
        "leftOutFaults": late.iter().map(fault).collect::<Vec<_>>(),
    })
}
