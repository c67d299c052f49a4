//! Rows of JSON Lines files.
//!
//! Objects within the row become columns with a point in their names, lists of texts and numbers become lists. Two sorts of
//! objects may stand in a list: `{"scheme": …, "value": …}` and `{"title": …, "url": …}`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;

use serde_json::{Map, Value};

use super::{BadRow, Cell, Raw, ReadRow, Row, Rows, read_line};
use crate::import::cells::{MOST_CELL_BYTES, source_text};
use crate::import::mapping::RowFault;

/// Reads JSON Lines from anywhere.
pub fn json_lines(mut source: impl BufRead + Send + 'static) -> Rows {
    let mut line = 0;
    let mut has_failed = false;
    let rows = std::iter::from_fn(move || {
        if has_failed {
            return None;
        }
        loop {
            line += 1;
            match read_line(&mut source, line) {
                Ok(None) => return None,
                Ok(Some(text)) if text.iter().all(u8::is_ascii_whitespace) => {}
                Ok(Some(text)) => return Some(Ok(row(line, &text))),
                Err(error) => {
                    has_failed = true;
                    return Some(Err(error));
                }
            }
        }
    });
    Rows::of(Vec::new(), rows)
}

fn row(line: u64, text: &[u8]) -> ReadRow {
    let raw = Raw::Line(String::from_utf8_lossy(text).trim_end().to_owned());
    let read = serde_json::from_slice::<Map<String, Value>>(text)
        .map_err(|error| (String::new(), format!("is not a JSON object: {error}")));
    let mut cells = BTreeMap::new();
    let read = read.and_then(|object| flatten(String::new(), object, &mut cells));
    match read {
        Ok(()) => Ok(Row {
            line,
            cells,
            dates: BTreeSet::new(),
            raw,
        }),
        Err((column, reason)) => Err(BadRow {
            fault: RowFault {
                line,
                column,
                reason,
            },
            raw,
        }),
    }
}

fn flatten(
    prefix: String,
    object: Map<String, Value>,
    cells: &mut BTreeMap<String, Option<Cell>>,
) -> Result<(), (String, String)> {
    for (name, value) in object {
        let column = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Value::Object(object) if prefix.is_empty() => flatten(column, object, cells)?,
            Value::Array(items) => {
                let items = items.into_iter().map(item).collect::<Option<Vec<_>>>();
                let items = items.ok_or_else(|| {
                    let reason = "holds more than a list of texts and numbers".to_owned();
                    (column.clone(), reason)
                })?;
                put(column, Cell::List(items), cells)?;
            }
            Value::Object(_) => {
                let reason = "is an object within an object".to_owned();
                return Err((column, reason));
            }
            plain => match scalar(&plain) {
                Some(text) => put(column, Cell::Text(text), cells)?,
                None => drop(cells.insert(column, None)),
            },
        }
    }
    Ok(())
}

fn put(
    column: String,
    cell: Cell,
    cells: &mut BTreeMap<String, Option<Cell>>,
) -> Result<(), (String, String)> {
    let (bytes, is_empty) = match &cell {
        Cell::Text(text) => (text.len(), text.trim().is_empty()),
        Cell::List(items) => (items.iter().map(String::len).sum(), items.is_empty()),
    };
    if bytes > MOST_CELL_BYTES {
        let reason = format!("has {bytes} bytes; {MOST_CELL_BYTES} are allowed");
        return Err((column, reason));
    }
    cells.insert(column, (!is_empty).then_some(cell));
    Ok(())
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn item(value: Value) -> Option<String> {
    let Value::Object(object) = &value else {
        return scalar(&value);
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    match (text("scheme"), text("title")) {
        (Some(scheme), None) => Some(format!("{scheme}:{}", text("value")?)),
        (None, Some(title)) => Some(source_text(title, text("url"))),
        _ => None,
    }
}
