//! The graph of adaptations around one innovation, read a generation at a time.

use async_graphql::{Context, ID, Object, SimpleObject};
use domain::catalog::{Adaptation, Ancestry, Lineage};
use domain::identity::RecordRef;
use futures_util::future::try_join_all;
use storage::items::Role;

use super::reference::InnovationReference;
use super::replications::Replication;
use crate::ApiError;
use crate::ids::GlobalId;

/// How many generations are walked when nothing is said.
const DEFAULT_GENERATIONS: u32 = 3;
/// How many innovations a graph has at most.
const MOST_INNOVATIONS: usize = 200;
/// How many replications of one innovation are looked at.
const MOST_NEXT: usize = 100;

/// What an innovation was adapted from, and what was made of it. Replications that were refused or given up are left out.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct ReplicationLineage {
    /// The innovations, the earliest generation first.
    innovations: Vec<LineageInnovation>,
    /// The replications that lead from one to another.
    adaptations: Vec<LineageAdaptation>,
    /// Whether that is all that is held here; false when there was more than may be walked.
    is_complete: bool,
}

/// An innovation in a lineage.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LineageInnovation {
    /// The innovation, which may not have arrived here.
    reference: InnovationReference,
    /// How far it is from the one that was asked for: 0 for that one, below 0 for what it was adapted from, above 0 for what
    /// was made of it.
    generation: i32,
}

/// A step of a lineage.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct LineageAdaptation {
    /// The global id of the innovation that was taken over.
    source_id: ID,
    /// The global id of what was made of it; null while the adopter names nothing.
    adapted_id: Option<ID>,
    /// The replication.
    replication: Replication,
    /// Whether it closes a ring, in which innovations come of each other. No form here writes such a one; it is shown as it came.
    is_in_ring: bool,
}

fn id(innovation: &RecordRef) -> ID {
    GlobalId::Innovation(innovation.hub.clone(), innovation.record).to_id()
}

/// What can be asked of lineages.
#[derive(Default)]
pub(crate) struct LineageQuery;

/// What can be asked of lineages.
#[Object(serial)]
impl LineageQuery {
    /// What an innovation was adapted from, and what was made of it, over several generations and hubs: up to 200
    /// innovations. Rings are walked once.
    #[graphql(complexity = "200 + 50 * child_complexity")]
    async fn replication_lineage(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id of the innovation; it need not have arrived here.")]
        innovation: ID,
        #[graphql(desc = "How many generations in either direction, 1 to 10; 3 when left out.")]
        generations: Option<i32>,
    ) -> Result<ReplicationLineage, ApiError> {
        let (hub, record) = GlobalId::innovation("innovation", &innovation)?;
        let lineage = Lineage::begin(
            RecordRef { hub, record },
            depth(generations)?,
            MOST_INNOVATIONS,
        );
        walk(ctx, lineage).await
    }
}

fn depth(given: Option<i32>) -> Result<u32, ApiError> {
    let Some(given) = given else {
        return Ok(DEFAULT_GENERATIONS);
    };
    let most = Lineage::MOST_GENERATIONS;
    let depth = u32::try_from(given)
        .ok()
        .filter(|depth| (1..=most).contains(depth));
    depth.ok_or_else(|| {
        ApiError::invalid(
            "generations",
            format!("is {given}; 1 to {most} are allowed"),
        )
    })
}

async fn walk(ctx: &Context<'_>, mut lineage: Lineage) -> Result<ReplicationLineage, ApiError> {
    let mut met: Vec<Replication> = Vec::new();
    while let Some((way, frontier)) = lineage.frontier() {
        let role = match way {
            Ancestry::Sources => Role::Adapted,
            Ancestry::Adaptations => Role::Source,
        };
        let most = i32::try_from(MOST_NEXT).ok();
        let next = frontier
            .iter()
            .map(|innovation| super::related::<Replication>(ctx, role, innovation, most));
        let found = try_join_all(next).await?;
        if found.iter().any(|next| next.len() == MOST_NEXT) {
            lineage.leave_out();
        }
        let found: Vec<Replication> = found
            .into_iter()
            .flatten()
            .filter(Replication::goes_on)
            .collect();
        lineage.take(found.iter().map(Replication::adaptation).collect());
        met.extend(found);
    }
    let adaptation = |adaptation: &Adaptation| {
        let replication = met
            .iter()
            .find(|met| met.reference() == adaptation.replication)?;
        Some(LineageAdaptation {
            source_id: id(&adaptation.source),
            adapted_id: adaptation.adapted.as_ref().map(id),
            replication: replication.clone(),
            is_in_ring: lineage.is_in_ring(adaptation),
        })
    };
    let innovation = |(innovation, generation): (&RecordRef, i32)| LineageInnovation {
        reference: InnovationReference(innovation.clone()),
        generation,
    };
    Ok(ReplicationLineage {
        adaptations: lineage.adaptations().filter_map(adaptation).collect(),
        innovations: lineage.innovations().map(innovation).collect(),
        is_complete: lineage.is_complete(),
    })
}
