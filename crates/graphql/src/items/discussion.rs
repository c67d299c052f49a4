//! Threads and posts.

pub(crate) mod hiding;
pub(crate) mod writing;

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog;
use domain::entry::Kind;
use domain::identity::RecordRef;
use storage::items::{ItemFilter, Role};

use super::{connection, item};
use crate::ApiError;
use crate::ids::GlobalId;
use crate::paging::{PageArgs, bounded};
use crate::scalars::HubId;
use crate::vocabulary::{Term, ThreadKind, ThreadState};
use hiding::HiddenHere;

item! {
    /// A question or a discussion ("tanya jawab, diskusi"). It belongs to the hub where it was opened; posts come from any.
    Thread with ThreadFacts: THREAD says catalog::Thread
}

item! {
    /// A post in a thread, of the hub where it was written.
    Post with PostFacts: POST says catalog::Post
}

connection! {
    /// A page of threads, the newest first.
    ThreadConnection of ThreadEdge: Thread
}

#[Object(serial)]
impl ThreadFacts {
    /// What it is for.
    async fn kind(&self) -> ThreadKind {
        self.said().kind.into()
    }

    /// The global id of what it is about; null when it is about nothing, or that is not here.
    async fn subject_id(&self, ctx: &Context<'_>) -> Result<Option<ID>, ApiError> {
        match &self.said().subject {
            Some(subject) => crate::node::id_of_record(ctx, subject).await,
            None => Ok(None),
        }
    }

    /// Its title.
    async fn title(&self) -> &str {
        self.said().title.as_str()
    }

    /// How far it is, as its hub says.
    async fn state(&self) -> ThreadState {
        self.said().steps.state().into()
    }

    /// That it is hidden at this hub; null if it is not, and for anybody but the operator.
    async fn hidden_here(&self, ctx: &Context<'_>) -> Result<Option<HiddenHere>, ApiError> {
        hiding::of(ctx, &self.0).await
    }

    /// The posts that are here, the oldest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn posts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many of the newest, up to 100; 20 when left out.")] first: Option<
            i32,
        >,
    ) -> Result<Vec<Post>, ApiError> {
        let mut posts: Vec<Post> =
            super::related(ctx, Role::Subject, &self.0.reference(), first).await?;
        posts.reverse();
        Ok(posts)
    }

    /// The post that answers the question; null also while it has not arrived here.
    async fn accepted_post(&self, ctx: &Context<'_>) -> Result<Option<Post>, ApiError> {
        match self.said().accepted_post.clone() {
            Some(post) => super::load(ctx, (post.hub, post.record)).await,
            None => Ok(None),
        }
    }
}

#[Object(serial)]
impl PostFacts {
    /// The global id of the thread.
    async fn thread_id(&self) -> ID {
        let thread = self.said().thread.clone();
        GlobalId::Item(Kind::THREAD, thread.hub, thread.record).to_id()
    }

    /// The thread; null while it has not arrived here.
    async fn thread(&self, ctx: &Context<'_>) -> Result<Option<Thread>, ApiError> {
        let thread = self.said().thread.clone();
        super::load(ctx, (thread.hub, thread.record)).await
    }

    /// What is said, 500 words.
    async fn body(&self) -> &str {
        self.said().body.as_str()
    }

    /// That it is hidden at this hub by its own name; null if it is not, and for anybody but the operator.
    async fn hidden_here(&self, ctx: &Context<'_>) -> Result<Option<HiddenHere>, ApiError> {
        hiding::of(ctx, &self.0).await
    }

    /// The office that says it.
    async fn by_office(&self) -> &str {
        self.said().by_office.as_str()
    }
}

/// Which threads are wanted; conditions that are given must all hold.
#[derive(Clone, Default, InputObject)]
pub(crate) struct ThreadFilterInput {
    /// Only threads about this record.
    subject: Option<ID>,
    /// Only threads of these hubs.
    hubs: Option<Vec<HubId>>,
    /// Only questions, or only discussions.
    kind: Option<ThreadKind>,
    /// Only threads that are so far.
    states: Option<Vec<ThreadState>>,
}

impl ThreadFilterInput {
    fn filter(self) -> Result<ItemFilter, ApiError> {
        let subject = self
            .subject
            .map(|id| GlobalId::record("filter.subject", &id));
        let refers_to = subject
            .transpose()?
            .map(|(hub, record)| (Role::Subject, RecordRef { hub, record }));
        Ok(ItemFilter {
            hubs: bounded("filter.hubs", self.hubs)?
                .into_iter()
                .map(|hub| hub.0)
                .collect(),
            states: bounded("filter.states", self.states)?
                .into_iter()
                .map(Term::code)
                .collect(),
            label: self.kind.map(Term::to_code),
            refers_to,
            ..ItemFilter::default()
        })
    }
}

/// What can be asked of discussions.
#[derive(Default)]
pub(crate) struct DiscussionQuery;

/// What can be asked of discussions.
#[Object(serial)]
impl DiscussionQuery {
    /// Threads, the newest first.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn threads(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
        #[graphql(desc = "Which threads are wanted.")] filter: Option<ThreadFilterInput>,
    ) -> Result<ThreadConnection, ApiError> {
        let filter = filter.unwrap_or_default().filter()?;
        let args = PageArgs::forward(first, after);
        Ok(super::list(ctx, args, filter).await?.into())
    }
}
