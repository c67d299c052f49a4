//! Finding innovations by their words, and by each other.

mod facets;
mod snippets;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::parser::types::Field;
use async_graphql::{ComplexObject, Context, Object, SimpleObject, Value};
use domain::entry::Sight;
use domain::search::SearchText;
use search::{DocumentId, DocumentTexts, Filter, Found, Hit, Request};
use storage::innovations::{self, InnovationFilter};
use time::OffsetDateTime;

use super::list::InnovationFilterInput;
use super::{Detail, Innovation};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::in_place::InPlace;
use crate::paging::{self, PageArgs, PageInfo, PageRequest, bounded};
use crate::row::{AtHand as _, Row, Rows};
use crate::scalars::{DateTime, Long};
use crate::searching;
use facets::InnovationFacets;
use snippets::Snippet;

/// The most innovations of a search that can be paged through.
pub(crate) const MOST_PAGED: usize = 1000;
/// How many similar innovations are given when nothing is said.
const SIMILAR: u32 = 5;

/// What can be found by words.
#[derive(Default)]
pub(crate) struct SearchQuery;

/// What can be found by words.
#[Object(serial)]
impl SearchQuery {
    /// Finds innovations by their words, the best first, out of an index that follows this node's store within a second
    /// (`asOf`). Inflections count as the word ("layanan", "pelayanan"), well-known abbreviations and their English as what
    /// they mean ("KTP", "health"). A record is found that has all the words; where fewer than ten have, also those that have
    /// most of them. A word that no record has is taken as the beginning of one, if it is the last, or else for one that is
    /// a slip away (`didYouMean`).
    ///
    /// `"kartu keluarga"` asks for words that stand together, `pelay*` for beginnings of words (two letters or more, four in a
    /// text), `-bank` and `-"bank sampah"` for records without them. No text is wrong: what makes no sense is passed over, as
    /// is what follows the first 300 characters, 12 words or 6 phrases. An empty text finds everything that the filter lets through, the newest first.
    ///
    /// The error `SEARCH_NOT_READY` says that the index is being built, and how far it is, or that this node keeps none.
    /// Lists without a text are at once as the store is: `innovations`.
    #[graphql(complexity = "searching::COST + paging::complexity(first, None, child_complexity)")]
    async fn search_innovations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is looked for.")] text: String,
        #[graphql(desc = "Which innovations are wanted.")] filter: Option<InnovationFilterInput>,
        #[graphql(
            desc = "Only innovations that won an award of one of these schemes, as far as it is public: KIPP, IGA …"
        )]
        awards: Option<Vec<String>>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(
            desc = "Go on behind this cursor: a place in the order of the moment, up to the thousandth."
        )]
        after: Option<String>,
    ) -> Result<InnovationSearch, ApiError> {
        let mut wanted = filter_of(filter.unwrap_or_default().parse()?);
        wanted.awards = bounded("awards", awards)?;
        search(ctx, &text, wanted, PageArgs::forward(first, after)).await
    }
}

/// What a search found.
#[derive(SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct InnovationSearch {
    /// The innovations with their cursors and what of them fits, the best first.
    edges: Rows<InnovationSearchEdge>,
    /// Where the page stands.
    page_info: PageInfo,
    /// How many were found in all, exactly.
    total_count: Long,
    /// The text as it may have been meant, where it has words that no record has, or hardly any.
    did_you_mean: Option<String>,
    /// Which state of this node's store was searched.
    as_of: SearchState,
    #[graphql(skip)]
    found: Arc<Found>,
}

#[ComplexObject]
impl InnovationSearch {
    /// The innovations.
    async fn nodes(&self) -> Vec<InPlace<&Innovation>> {
        let edges = self.edges.0.iter();
        edges.map(|edge| InPlace(&edge.node.0)).collect()
    }

    /// How many of all that were found there are of each hub, province, affair …
    async fn facets(&self) -> InnovationFacets {
        InnovationFacets(Arc::clone(&self.found))
    }
}

/// A state of this node's store.
#[derive(SimpleObject)]
pub(crate) struct SearchState {
    /// The position of the newest commit that is in it, as in `heads`.
    position: Long,
    /// When the store was read.
    at: DateTime,
}

/// An innovation that was found.
#[derive(SimpleObject)]
#[graphql(complex, serial)]
pub(crate) struct InnovationSearchEdge {
    /// The place in the order of the moment, for `after`.
    cursor: String,
    /// The innovation.
    node: InPlace<Innovation>,
    /// How well it fits; to be compared within one answer only.
    score: f64,
    #[graphql(skip)]
    found: Arc<Found>,
}

#[ComplexObject]
impl InnovationSearchEdge {
    /// The parts of its texts in which the words stand, the title first; at most three, and none where it was found by its
    /// agency, its region or an affair only.
    #[graphql(complexity = "20 + 3 * child_complexity")]
    async fn snippets(&self) -> Rows<Snippet> {
        self.snippets_of()
    }
}

impl InnovationSearchEdge {
    fn snippets_of(&self) -> Rows<Snippet> {
        snippets::of(&self.node.0, &self.found)
    }
}

impl Row for InnovationSearchEdge {
    const FIELDS: &'static [&'static str] = &["cursor", "node", "score", "snippets"];

    fn field(&self, nth: usize, field: &Field) -> Option<Value> {
        match Self::FIELDS[nth] {
            "cursor" => self.cursor.value(field),
            "node" => self.node.value(field),
            "score" => self.score.value(field),
            "snippets" => self.snippets_of().value(field),
            _ => None,
        }
    }
}

async fn search(
    ctx: &Context<'_>,
    text: &str,
    filter: Filter,
    args: PageArgs,
) -> Result<InnovationSearch, ApiError> {
    let page = args.parse(read_cursor)?;
    let sight = ctx.sight().await?;
    let reading = searching::reading(ctx)?;
    let skip = page.after.unwrap_or(0);
    let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    let request = Request {
        text: SearchText::parse(text),
        filter,
        sight,
        skip,
        limit: limit.min(MOST_PAGED.saturating_sub(skip)),
    };
    let found = searching::search(reading, request).await?;
    present(ctx, &page, skip, sight, found).await
}

async fn present(
    ctx: &Context<'_>,
    page: &PageRequest<usize>,
    skip: usize,
    sight: Sight,
    mut found: Found,
) -> Result<InnovationSearch, ApiError> {
    let places = (skip + 1..).zip(std::mem::take(&mut found.hits)).collect();
    let (hits, page_info) = page.finish(places, |(place, _): &(usize, Hit)| place.to_string());
    let wanted: Vec<DocumentId> = hits.iter().map(|(_, hit)| hit.id.clone()).collect();
    let mut read = read(ctx, wanted, sight, Detail::of_list(ctx)).await?;
    let found = Arc::new(found);
    let edge = |(place, hit): (usize, Hit)| {
        Some(InnovationSearchEdge {
            cursor: place.to_string(),
            // One that is gone since the index was read leaves a gap.
            node: InPlace(read.remove(&hit.id)?),
            score: hit.score.into(),
            found: Arc::clone(&found),
        })
    };
    let edges = hits.into_iter().filter_map(edge).collect();
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(found.mark.at) * 1_000_000);
    Ok(InnovationSearch {
        edges,
        page_info,
        total_count: Long(found.total()),
        did_you_mean: found.did_you_mean().map(str::to_owned),
        as_of: SearchState {
            position: Long(found.mark.position),
            at: DateTime(at.unwrap_or(OffsetDateTime::UNIX_EPOCH)),
        },
        found,
    })
}

/// Reads innovations as the store shows them now to whoever asks.
async fn read(
    ctx: &Context<'_>,
    ids: Vec<DocumentId>,
    sight: Sight,
    detail: Detail,
) -> Result<HashMap<DocumentId, Innovation>, ApiError> {
    let places = innovations::find_many(ctx.db(), &ids, sight).await?;
    let shown = Innovation::read(ctx.db(), places, detail).await?;
    let shown = shown.into_iter().flatten();
    Ok(shown
        .map(|innovation| (innovation.key(), innovation))
        .collect())
}

/// The innovations that are most like one, the most alike first.
pub(super) async fn similar(
    ctx: &Context<'_>,
    to: &Innovation,
    first: Option<i32>,
) -> Result<Vec<Innovation>, ApiError> {
    let limit = paging::size("first", first, SIMILAR)?;
    let sight = ctx.sight().await?;
    let reading = searching::reading(ctx)?;
    let texts = DocumentTexts::of(to.said(), None, None);
    let (key, limit) = (to.key(), usize::try_from(limit).unwrap_or(usize::MAX));
    let hits = searching::beside(move || reading.similar(&key, &texts, sight, limit)).await?;
    let ids: Vec<DocumentId> = hits.into_iter().map(|hit| hit.id).collect();
    let mut read = read(ctx, ids.clone(), sight, Detail::of(&ctx.field())).await?;
    Ok(ids.iter().filter_map(|id| read.remove(id)).collect())
}

fn read_cursor(raw: &str) -> Option<usize> {
    raw.parse().ok().filter(|place| *place <= MOST_PAGED)
}

/// The conditions of a list, for the index. What may be seen is asked for beside them.
pub(crate) fn filter_of(filter: InnovationFilter) -> Filter {
    Filter {
        hubs: filter.hubs,
        region: filter.region,
        agency: filter.agency,
        affairs: filter.affairs,
        sdgs: filter.sdgs,
        stages: filter.stages,
        adoptions: filter.adoptions,
        year_from: filter.year_from,
        year_to: filter.year_to,
        tags: filter.tags,
        title_words: filter.title_words,
        awards: Vec::new(),
    }
}
