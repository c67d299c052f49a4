//! Anything that has a global id.

use std::sync::Arc;

use async_graphql::{Context, ID, Interface};
use domain::identity::RecordRef;
use storage::bodies::Item;

use crate::ApiError;
use crate::agencies::{self, Agency};
use crate::hubs::Hub;
use crate::ids::GlobalId;
use crate::innovations::{self, Innovation};
use crate::items::coaching::Coaching;
use crate::items::discussion::{Post, Thread};
use crate::items::merits::{Assessment, Award, Endorsement, ScoreSheet};
use crate::items::needs::Need;
use crate::items::progress::{Budget, Confirmation, Evidence, ServiceUnit, Transition};
use crate::items::replications::{Replication, ReplicationAnswer};
use crate::items::{self, Shown, ShowsItem as _};
use crate::regions::Region;
use crate::root::find_hub;

/// Anything with a global id (Relay's Node).
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "The global id."))]
pub(crate) enum Node {
    /// An agency.
    Agency(Agency),
    /// A hub.
    Hub(Hub),
    /// An innovation.
    Innovation(Box<Innovation>),
    /// An assessment.
    Assessment(Assessment),
    /// An award.
    Award(Award),
    /// The money of one innovation in one year.
    Budget(Budget),
    /// A coaching activity.
    Coaching(Coaching),
    /// That what an innovation tells is still so.
    Confirmation(Confirmation),
    /// A hub's word for an innovation of another hub.
    Endorsement(Endorsement),
    /// The facts of a proof.
    Evidence(Evidence),
    /// What an agency looks for.
    Need(Need),
    /// A post in a thread.
    Post(Post),
    /// A replication.
    Replication(Replication),
    /// The source's word on a replication.
    ReplicationAnswer(ReplicationAnswer),
    /// The items of an assessment.
    ScoreSheet(ScoreSheet),
    /// A place where an agency serves people.
    ServiceUnit(ServiceUnit),
    /// A question or discussion.
    Thread(Thread),
    /// A move of an innovation.
    Transition(Transition),
    /// A region.
    Region(Region),
}

impl Node {
    /// An item as anything.
    pub(crate) fn of_item(shown: Arc<Shown>) -> Option<Self> {
        match shown.item() {
            Item::ServiceUnit(_) => ServiceUnit::show(shown).map(Self::ServiceUnit),
            Item::Transition(_) => Transition::show(shown).map(Self::Transition),
            Item::Evidence(_) => Evidence::show(shown).map(Self::Evidence),
            Item::Budget(_) => Budget::show(shown).map(Self::Budget),
            Item::Confirmation(_) => Confirmation::show(shown).map(Self::Confirmation),
            Item::Replication(_) => Replication::show(shown).map(Self::Replication),
            Item::ReplicationAnswer(_) => {
                ReplicationAnswer::show(shown).map(Self::ReplicationAnswer)
            }
            Item::Endorsement(_) => Endorsement::show(shown).map(Self::Endorsement),
            Item::Assessment(_) => Assessment::show(shown).map(Self::Assessment),
            Item::ScoreSheet(_) => ScoreSheet::show(shown).map(Self::ScoreSheet),
            Item::Award(_) => Award::show(shown).map(Self::Award),
            Item::Coaching(_) => Coaching::show(shown).map(Self::Coaching),
            Item::Thread(_) => Thread::show(shown).map(Self::Thread),
            Item::Post(_) => Post::show(shown).map(Self::Post),
            Item::Need(_) => Need::show(shown).map(Self::Need),
        }
    }
}

/// Anything by its global id.
pub(crate) async fn find(
    ctx: &Context<'_>,
    field: &'static str,
    id: &ID,
) -> Result<Option<Node>, ApiError> {
    Ok(match GlobalId::parse(field, id)? {
        GlobalId::Hub(hub) => find_hub(ctx, hub).await?.map(Node::Hub),
        GlobalId::Region(code) => Region::find(code).map(Node::Region),
        GlobalId::Agency(hub, record) => {
            agencies::load(ctx, (hub, record)).await?.map(Node::Agency)
        }
        GlobalId::Innovation(hub, record) => innovations::load(ctx, (hub, record))
            .await?
            .map(|innovation| Node::Innovation(Box::new(innovation))),
        // What stays at a hub is read by fields of its own, which only the operator may ask.
        GlobalId::Draft(..) | GlobalId::Person(..) => None,
        GlobalId::Item(kind, hub, record) => {
            let found = items::find(ctx, (hub, record)).await?;
            found
                .filter(|shown| shown.item().kind() == kind)
                .and_then(Node::of_item)
        }
    })
}

/// The global id of a record that is here, whatever it is; nothing while it has not arrived.
pub(crate) async fn id_of_record(
    ctx: &Context<'_>,
    target: &RecordRef,
) -> Result<Option<ID>, ApiError> {
    let key = (target.hub.clone(), target.record);
    if let Some(shown) = items::find(ctx, key.clone()).await? {
        return Ok(Some(shown.id()));
    }
    let (hub, record) = key.clone();
    if innovations::load(ctx, key.clone()).await?.is_some() {
        return Ok(Some(GlobalId::Innovation(hub, record).to_id()));
    }
    let agency = agencies::load(ctx, key).await?;
    Ok(agency.map(|_| GlobalId::Agency(hub, record).to_id()))
}
