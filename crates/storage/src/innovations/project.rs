//! Writing the rows of innovations.

use domain::catalog::{Innovation, Vocabulary, fold};
use sea_orm::DatabaseTransaction;

use crate::StorageError;
use crate::agencies::{self, Regions};
use crate::bulk::Insert;
use crate::logs::millis;
use crate::projection::Row;

const INNOVATIONS: Insert<16> = Insert {
    table: "innovation",
    columns: [
        "key",
        "hub_id",
        "record",
        "entry",
        "agency",
        "region",
        "title_folded",
        "stage",
        "adoption",
        "year",
        "affairs",
        "sdgs",
        "published",
        "updated",
        "audience",
        "current_at",
    ],
    conflict: "",
};
const TAGS: Insert<2> = Insert {
    table: "innovation_tag",
    columns: ["tag", "innovation"],
    conflict: "ON CONFLICT DO NOTHING",
};
const EXTERNAL_IDS: Insert<3> = Insert {
    table: "external_id",
    columns: ["scheme", "value", "innovation"],
    conflict: "ON CONFLICT DO NOTHING",
};

/// The region of an innovation's agency, if whoever sees the innovation may see the agency.
fn region_of(regions: &Regions, row: &Row<'_, Innovation>) -> Option<String> {
    let (region, audience) = regions.get(&row.content.agency)?;
    (*audience <= row.change.header.audience.rank().into()).then(|| region.clone())
}

/// Writes innovations; their agencies are written already, if they are here.
pub(crate) async fn project(
    tx: &DatabaseTransaction,
    hub_id: i64,
    rows: &[Row<'_, Innovation>],
) -> Result<(), StorageError> {
    if rows.is_empty() {
        return Ok(());
    }
    let regions = agencies::regions(tx, hub_id, rows.iter().map(|row| row.content.agency)).await?;
    let values = rows.iter().map(|row| {
        let innovation = &row.content;
        let class = &innovation.classification;
        [
            row.change.key.into(),
            row.hub_id.into(),
            row.change.header.record.as_uuid().into(),
            row.change.entry.into(),
            innovation.agency.as_uuid().into(),
            region_of(&regions, row).into(),
            fold(innovation.title.as_str()).into(),
            innovation.stage.code().into(),
            innovation.adoption.code().into(),
            innovation.year().map(i32::from).into(),
            class.affairs.bits().cast_signed().into(),
            i64::from(class.sdgs.bits()).into(),
            millis(row.change.published).into(),
            millis(row.change.header.at).into(),
            i32::from(row.change.header.audience.rank()).into(),
            millis(row.change.header.at).into(),
        ]
    });
    INNOVATIONS.all(tx, values.collect()).await?;
    let tags = rows.iter().flat_map(|row| {
        let tags = row.content.classification.tags.iter();
        tags.map(|tag| [tag.as_str().into(), row.change.key.into()])
    });
    TAGS.all(tx, tags.collect()).await?;
    let ids = rows.iter().flat_map(|row| {
        let ids = row.content.external_ids.iter();
        ids.map(|id| {
            [
                id.scheme.as_str().into(),
                id.value.as_str().into(),
                row.change.key.into(),
            ]
        })
    });
    Ok(EXTERNAL_IDS.all(tx, ids.collect()).await?)
}
