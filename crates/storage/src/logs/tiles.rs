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
    let text = "SELECT hashes FROM tile WHERE log_id = $1 AND level = $2 AND place = $3";
    load_into(db, text, log_id, wanted, &mut tiles).await?;
    Ok(tiles)
}

/// Puts the tiles that are kept with a stretch that was cut over those of its log.
pub(super) async fn load_kept(
    db: &impl ConnectionTrait,
    left_out: i64,
    wanted: impl IntoIterator<Item = TileId>,
    tiles: &mut Tiles,
) -> Result<(), StorageError> {
    let text = "SELECT hashes FROM left_out_tile WHERE left_out = $1 AND level = $2 AND place = $3";
    load_into(db, text, left_out, wanted, tiles).await
}

async fn load_into(
    db: &impl ConnectionTrait,
    text: &str,
    owner: i64,
    wanted: impl IntoIterator<Item = TileId>,
    tiles: &mut Tiles,
) -> Result<(), StorageError> {
    for tile in wanted.into_iter().collect::<BTreeSet<_>>() {
        let values = vec![
            owner.into(),
            i32::from(tile.level).into(),
            sql::signed(tile.index).into(),
        ];
        for row in sql::rows(db, text, values).await? {
            tiles.insert(tile, parse(&row.try_get_by_index::<Vec<u8>>(0)?));
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
