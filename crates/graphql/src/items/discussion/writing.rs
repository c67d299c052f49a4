//! Writing threads and posts.

use async_graphql::{Context, ID, InputObject, Object};
use domain::catalog::{self, PostDraft, ThreadDraft};
use domain::entry::{Audience, Kind};
use domain::role::Action;

use super::{Post, Thread};
use crate::ApiError;
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::items::writing::{Place, StepInput, draft_of, own_item, reference, write};
use crate::scalars::Long;
use crate::vocabulary::{self, RecordAudience, ThreadKind};

/// A question or discussion.
#[derive(InputObject)]
pub(crate) struct ThreadInput {
    /// What it is for.
    kind: ThreadKind,
    /// The global id of what it is about, of any hub.
    subject: Option<ID>,
    /// Its title, 10 to 150 characters.
    title: String,
    /// Who may see it; everybody when left out.
    audience: Option<RecordAudience>,
}

/// A post in a thread of any hub.
#[derive(InputObject)]
pub(crate) struct PostInput {
    /// The global id of the thread.
    thread: ID,
    /// What is said, 500 words.
    body: String,
    /// The office that says it; no person's name.
    by_office: String,
    /// Who may see it; everybody when left out.
    audience: Option<RecordAudience>,
}

/// What can be said in discussions.
#[derive(Default)]
pub(crate) struct DiscussionMutation;

/// What can be said in discussions.
#[Object(serial)]
impl DiscussionMutation {
    /// Opens a thread at this hub.
    async fn open_thread(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: ThreadInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Thread, ApiError> {
        ctx.viewer().require(Action::Discuss)?;
        let subject = input.subject.map(|id| GlobalId::record("subject", &id));
        let draft = ThreadDraft {
            kind: input.kind.to_code(),
            subject: subject.transpose()?.map(reference),
            title: input.title,
            steps: vec![StepInput::new(catalog::ThreadState::Open, None).draft(ctx)],
            accepted_post: None,
        };
        let said = catalog::Thread::parse(&draft, ctx.latest_day())?;
        let audience = input.audience.unwrap_or(RecordAudience::Public).into();
        write(ctx, Place::new(ctx, audience, acknowledge), &said).await
    }

    /// Says how a thread of this hub goes on: answered by a post of any hub, closed, or open again.
    async fn update_thread(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The global id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "The step.")] step: StepInput<vocabulary::ThreadState>,
        #[graphql(desc = "The global id of the post that answers; needed for ANSWERED.")]
        accepted_post: Option<ID>,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Thread, ApiError> {
        ctx.viewer().require(Action::Discuss)?;
        let shown = own_item(ctx, &id, Kind::THREAD).await?;
        let mut draft: ThreadDraft = draft_of(&shown);
        draft.steps.push(step.draft(ctx));
        let accepted = accepted_post.map(|id| GlobalId::item("acceptedPost", &id, Kind::POST));
        draft.accepted_post = accepted.transpose()?.map(reference).or(draft.accepted_post);
        let said = catalog::Thread::parse(&draft, ctx.latest_day())?;
        let audience = shown.body.audience.clone();
        let place = Place::after(shown.place.record, revision.0, audience, acknowledge);
        write(ctx, place, &said).await
    }

    /// Writes into a thread of any hub. The post belongs to this hub.
    async fn write_post(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is said.")] input: PostInput,
        #[graphql(
            desc = "Findings of personal data that are meant for everybody, as the error PERSONAL_DATA named them."
        )]
        acknowledge: Option<Vec<String>>,
    ) -> Result<Post, ApiError> {
        ctx.viewer().require(Action::Discuss)?;
        let key = GlobalId::item("thread", &input.thread, Kind::THREAD)?;
        let thread = crate::items::find(ctx, key.clone()).await?;
        let of_thread = thread.map(|thread| thread.body.audience.clone());
        let draft = PostDraft {
            thread: reference(key),
            body: input.body,
            by_office: input.by_office,
        };
        let said = catalog::Post::parse(&draft)?;
        let audience = input.audience.map(Audience::from).or(of_thread);
        let audience = audience.unwrap_or(Audience::Public);
        write(ctx, Place::new(ctx, audience, acknowledge), &said).await
    }
}
