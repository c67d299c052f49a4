//! Importing files that came with a request.
//!
//! One file at a time, on the thread beside those that answer: what an import keeps in memory is kept once.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use graphql::{
    FileFormat, ImportFault, ImportOrder, ImportPersonalData, ImportStop, Imported, Importing,
};
use storage::StorageError;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

use super::mapping::RowFault;
use super::rows::{Format, Source};
use super::whole::{Found, Order, whole};
use super::{Personal, Written};
use crate::hub::Hub;

/// What imports the files that a hub is sent.
pub struct SentFiles {
    hub: Hub,
    turn: Arc<Semaphore>,
}

impl SentFiles {
    /// Into this hub.
    pub fn to(hub: &Hub) -> Self {
        Self {
            hub: hub.clone(),
            turn: Arc::new(Semaphore::new(1)),
        }
    }
}

impl Importing for SentFiles {
    fn import(&self, order: ImportOrder) -> BoxFuture<'static, Result<Imported, ImportStop>> {
        let (hub, turn) = (self.hub.clone(), Arc::clone(&self.turn));
        let (aside, stop) = (hub.aside.clone(), CancellationToken::new());
        let order = asked(order, stop.clone());
        let work = async move {
            let turn = order.stop.run_until_cancelled(turn.acquire()).await;
            let Some(_turn) = turn else {
                return Err(ImportStop::Failed("whoever asked is gone".into()));
            };
            let found = whole(&hub, &order, &mut |_| {}).await;
            found.map(|found| shown(&order, found)).map_err(stopped)
        };
        async move {
            // A transaction is done to its end, whether or not the one who asked is still there; the next is not begun.
            let _gone = stop.drop_guard();
            let done = aside.spawn(work).await;
            done.unwrap_or_else(|ended| Err(ImportStop::Failed(ended.into())))
        }
        .boxed()
    }
}

fn asked(order: ImportOrder, stop: CancellationToken) -> Order {
    Order {
        source: Arc::new(Source::Opened(order.file)),
        format: match order.format {
            FileFormat::Csv => Format::Csv,
            FileFormat::JsonLines => Format::JsonLines,
            FileFormat::Xlsx => Format::Xlsx,
        },
        mapping: None,
        audience: None,
        dry_run: order.dry_run,
        skip_bad_rows: order.skip_bad_rows,
        acknowledge_personal_data: order.acknowledge_personal_data,
        refused: None,
        by: Some(order.by),
        stop,
    }
}

fn shown(order: &Order, found: Found) -> Imported {
    let Found { checked, done } = found;
    let is_written = done.is_some() && !order.dry_run;
    let done = done.unwrap_or_default();
    let Written {
        created,
        revised,
        moved,
        unchanged,
        repeated,
        agencies,
        left_out,
    } = done.written;
    let faults = checked.faults.into_iter().chain(done.late);
    Imported {
        is_written,
        rows: checked.rows.into(),
        refused: checked.bad_rows.into(),
        faults: faults.map(fault).collect(),
        created: created.into(),
        revised: revised.into(),
        moved: moved.into(),
        unchanged: unchanged.into(),
        repeated: repeated.into(),
        agencies: agencies.into(),
        left_out: left_out.into(),
        personal_rows: checked.personal_rows.into(),
        personal_data: checked.personal.into_iter().map(personal).collect(),
        suspected_duplicates: checked.duplicates.found.into(),
        ignored_columns: checked.ignored,
    }
}

fn fault(fault: RowFault) -> ImportFault {
    ImportFault {
        line: fault.line.into(),
        column: Some(fault.column).filter(|column| !column.is_empty()),
        reason: fault.reason,
    }
}

fn personal(personal: Personal) -> ImportPersonalData {
    ImportPersonalData {
        line: personal.line.into(),
        looks_like: personal.found.finding.data.to_string(),
        field: personal.found.field,
    }
}

/// Tells what the file did wrong from what went wrong here.
fn stopped(error: anyhow::Error) -> ImportStop {
    let told = format!("{error:#}");
    if error.is::<JoinError>() {
        return ImportStop::Failed(error.into());
    }
    match error.downcast::<StorageError>() {
        Ok(error) => ImportStop::Storage(error, told),
        Err(_) => ImportStop::File(told),
    }
}
