//! The tree's tiles in the database.

use std::collections::BTreeSet;

use domain::log::{Hash, TileId, Tiles, TreeEdge};
use sea_orm::{ConnectionTrait, Value};

use crate::bulk::Insert;
use crate::{StorageError, sql};

const TILES: Insert<4> = Insert {
    table: "tile",
    columns: ["log_id", "level", "place", "hashes"],
    conflict: "ON CONFLICT (log_id, level, place) DO UPDATE SET hashes = excluded.hashes",
};

/// The most tiles of one statement.
const AT_ONCE: usize = 8;

/// Reads the right edge of a log's tree at this size.
pub(super) async fn edge(
    db: &impl ConnectionTrait,
    log_id: i64,
    size: u64,
) -> Result<TreeEdge, StorageError> {
    let tiles = load(db, log_id, TreeEdge::tiles(size)).await?;
    TreeEdge::read(size, &tiles).ok_or_else(|| {
        StorageError::corrupt(
            "tile",
            format!("log {log_id}"),
            "a tile is missing or short",
        )
    })
}

/// Reads some tiles; what is not there is left out.
pub(super) async fn load(
    db: &impl ConnectionTrait,
    log_id: i64,
    wanted: impl IntoIterator<Item = TileId>,
) -> Result<Tiles, StorageError> {
    let mut tiles = Tiles::default();
    load_into(db, ("tile", "log_id", log_id), wanted, &mut tiles).await?;
    Ok(tiles)
}

/// Puts the tiles that are kept with a stretch that was cut over those of its log.
pub(super) async fn load_kept(
    db: &impl ConnectionTrait,
    left_out: i64,
    wanted: impl IntoIterator<Item = TileId>,
    tiles: &mut Tiles,
) -> Result<(), StorageError> {
    load_into(db, ("left_out_tile", "left_out", left_out), wanted, tiles).await
}

/// Reads tiles of a table that are of one owner, several in a statement.
async fn load_into(
    db: &impl ConnectionTrait,
    (table, of_owner, owner): (&str, &str, i64),
    wanted: impl IntoIterator<Item = TileId>,
    tiles: &mut Tiles,
) -> Result<(), StorageError> {
    let wanted: Vec<TileId> = wanted
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    for some in wanted.chunks(AT_ONCE) {
        let mut values: Vec<Value> = vec![owner.into()];
        let mut places = Vec::with_capacity(some.len());
        for tile in some {
            places.push(format!(
                "(level = ${} AND place = ${})",
                values.len() + 1,
                values.len() + 2
            ));
            values.push(i32::from(tile.level).into());
            values.push(sql::signed(tile.index).into());
        }
        let places = places.join(" OR ");
        let text = format!(
            "SELECT level, place, hashes FROM {table} WHERE {of_owner} = $1 AND ({places})"
        );
        for row in sql::rows(db, &text, values).await? {
            let level = u8::try_from(row.try_get_by_index::<i32>(0)?).unwrap_or(u8::MAX);
            let index = sql::unsigned(row.try_get_by_index(1)?);
            let hashes: Vec<u8> = row.try_get_by_index(2)?;
            tiles.insert(TileId { level, index }, parse(&hashes));
        }
    }
    Ok(())
}

/// Writes tiles whole, over their shorter selves.
pub(super) async fn write(
    db: &impl ConnectionTrait,
    log_id: i64,
    tiles: &[(TileId, Vec<Hash>)],
) -> Result<(), StorageError> {
    let row = |(tile, hashes): &(TileId, Vec<Hash>)| -> [Value; 4] {
        let bytes: Vec<u8> = hashes.iter().flat_map(Hash::as_bytes).copied().collect();
        let place = sql::signed(tile.index);
        [
            log_id.into(),
            i32::from(tile.level).into(),
            place.into(),
            bytes.into(),
        ]
    };
    Ok(TILES.all(db, tiles.iter().map(row).collect()).await?)
}

fn parse(bytes: &[u8]) -> Vec<Hash> {
    let (hashes, _) = bytes.as_chunks::<{ Hash::LEN }>();
    hashes.iter().copied().map(Hash::from).collect()
}
