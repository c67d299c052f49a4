//! Records that break the rules of their courses: kept as they came, and listed.

use std::sync::Arc;

use async_graphql::{Context, Object, SimpleObject};
use futures_util::future::try_join_all;
use storage::bodies::Item;
use storage::items;
use storage::logs::EntryKey;

use super::{Shown, progress, replications};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::node::Node;
use crate::paging::{PageArgs, PageInfo};

/// A page of records that break the rules of their courses, the last written first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct FlawedRecordConnection {
    /// The records with their cursors.
    edges: Vec<FlawedRecordEdge>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// A record that breaks the rules of its course.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct FlawedRecordEdge {
    /// The record's place in the list.
    cursor: String,
    /// The record, as its hub said it.
    node: Node,
    /// What is wrong with it.
    faults: Vec<String>,
}

/// What can be asked of records that break the rules.
#[derive(Default)]
pub(crate) struct FlawedQuery;

/// What can be asked of records that break the rules.
#[Object(serial)]
impl FlawedQuery {
    /// Records that break the rules of their courses, the last written first: transitions, replications and the answers to them,
    /// assessments, coaching, discussions, needs. No form here takes such a step; another hub did, or what made it right was taken
    /// back. They are kept and passed on as they came. Among them are moves that do not fit to those beside them, and moves and
    /// replications without the evidence that they need, as far as whoever asks may see it.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn flawed_records(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<FlawedRecordConnection, ApiError> {
        let request = PageArgs::forward(first, after).parse(read_cursor)?;
        let sight = ctx.sight().await?;
        let read = items::list_flawed(ctx.db(), sight, request.after, request.limit()).await?;
        let (page, page_info) = request.finish(read, write_cursor);
        let cursors: Vec<_> = page.iter().map(write_cursor).collect();
        let places = page.into_iter().map(|(_, place)| place).collect();
        let shown = Shown::read_all(ctx.db(), places).await?;
        let edges = cursors.into_iter().zip(shown);
        let edges = edges.map(|(cursor, shown)| edge(ctx, cursor, shown));
        let edges = try_join_all(edges).await?.into_iter().flatten().collect();
        Ok(FlawedRecordConnection { edges, page_info })
    }
}

async fn edge(
    ctx: &Context<'_>,
    cursor: String,
    shown: Option<Arc<Shown>>,
) -> Result<Option<FlawedRecordEdge>, ApiError> {
    let Some(shown) = shown else {
        return Ok(None);
    };
    let mut faults = shown.item().faults();
    faults.extend(match shown.item() {
        Item::Transition(said) => progress::faults_of(ctx, &shown, said).await?,
        Item::Replication(said) => replications::faults_of(ctx, &shown, said).await?,
        _ => Vec::new(),
    });
    let node = Node::of_item(shown);
    Ok(node.map(|node| FlawedRecordEdge {
        cursor,
        node,
        faults,
    }))
}

fn write_cursor((updated, place): &(i64, items::ItemRef)) -> String {
    format!("{}:{updated}", place.key.get())
}

fn read_cursor(raw: &str) -> Option<(i64, EntryKey)> {
    let (key, updated) = raw.split_once(':')?;
    let key = EntryKey::from(key.parse::<i64>().ok()?);
    Some((updated.parse().ok()?, key))
}
