//! People whom this hub knows, and what they agreed to. They stay at this hub, and only its curators and operators see them, and
//! whoever writes for the agency to which they belong.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use domain::catalog::{self, Consent as Agreed, Line, PersonDraft};
use domain::identity::RecordId;
use domain::role::{Action, Reach};
use storage::local::Local;
use storage::people::{self, KnownPerson, PersonChange, PersonPlace};
use storage::{StorageError, credits};

use crate::ApiError;
use crate::agencies::{change_here, key, own_agency};
use crate::context::ContextExt as _;
use crate::ids::GlobalId;
use crate::innovations;
use crate::items::writing::day;
use crate::paging::{PageArgs, PageInfo};
use crate::scalars::{DateTime, Long, PartialDate};

/// How many innovations are written anew before a mutation answers; the node goes on with the rest by itself.
const MOST_AT_ONCE: u32 = 100;

/// Somebody as curators see them, and those who write for their agency.
#[derive(Clone)]
pub(crate) struct Person(KnownPerson);

/// Somebody who had a part in innovations, as this hub knows them. No other hub hears of it; others read a name only while there
/// is consent, and else the office.
#[Object(serial)]
impl Person {
    /// The person's id, at this hub only.
    async fn id(&self, ctx: &Context<'_>) -> ID {
        GlobalId::Person(ctx.db().hub().clone(), self.0.id).to_id()
    }

    /// The revision of what is known, which the next change names: 1, 2, 3 …
    async fn revision(&self) -> Long {
        Long(self.0.revision)
    }

    /// The name.
    async fn name(&self) -> &str {
        self.0.person.name.as_str()
    }

    /// What they do there.
    async fn role(&self) -> Option<&str> {
        self.0.person.role.as_ref().map(Line::as_str)
    }

    /// The office or unit.
    async fn office(&self) -> &str {
        self.0.person.office.as_str()
    }

    /// The global id of the agency of this hub to which they belong; null for those of the hub as a whole.
    async fn agency_id(&self, ctx: &Context<'_>) -> Option<ID> {
        let hub = ctx.db().hub().clone();
        Some(GlobalId::Agency(hub, self.0.agency?).to_id())
    }

    /// How the hub reaches them.
    async fn contact(&self) -> Option<&str> {
        self.0.person.contact.as_ref().map(Line::as_str)
    }

    /// What they agreed to; null while nothing is recorded.
    async fn consent(&self) -> Option<Consent> {
        let consent = self.0.consent.as_ref()?;
        Some(Consent {
            text_version: consent.text_version.to_string(),
            given_on: PartialDate(consent.given_on),
            withdrawn_on: consent.withdrawn_on.map(PartialDate),
        })
    }

    /// How others read of them now.
    async fn credit_line(&self) -> String {
        self.0.credit().to_string()
    }

    /// Whether they are to be forgotten, as soon as no innovation of this hub names them any more.
    async fn is_being_erased(&self) -> bool {
        self.0.is_erased
    }

    /// The global ids of the innovations that credit them, at most 100, of those that whoever asks may read.
    async fn innovation_ids(&self, ctx: &Context<'_>) -> Result<Vec<ID>, ApiError> {
        let hub = ctx.db().hub();
        let mut ids = Vec::new();
        for record in credits::innovations_of(ctx.db(), self.0.id, 100).await? {
            if innovations::load(ctx, (hub.clone(), record))
                .await?
                .is_some()
            {
                ids.push(GlobalId::Innovation(hub.clone(), record).to_id());
            }
        }
        Ok(ids)
    }

    /// How many innovations still tell of them what they agreed to before; the node writes them anew by itself.
    async fn due_count(&self, ctx: &Context<'_>) -> Result<Long, ApiError> {
        Ok(Long(credits::count_due(ctx.db(), self.0.id).await?))
    }

    /// When they became known.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created)
    }
}

/// That somebody agreed to be named.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct Consent {
    /// Which text they agreed to, as the hub counts its texts.
    text_version: String,
    /// When they agreed.
    given_on: PartialDate,
    /// When they took it back.
    withdrawn_on: Option<PartialDate>,
}

/// What is known of a person.
#[derive(InputObject)]
pub(crate) struct PersonInput {
    /// The name, 2 to 200 characters.
    name: String,
    /// What they do there.
    role: Option<String>,
    /// The office or unit, for example `Puskesmas Bambu`; it is what others read without consent.
    office: String,
    /// How the hub reaches them.
    contact: Option<String>,
    /// The global id of the agency of this hub to which they belong: those who write for it read and note them, too. Left out, it is the
    /// agency of whoever asks, if they write for one only; else nobody but curators and operators reads of them.
    agency: Option<ID>,
}

impl PersonInput {
    /// Who it is, and to which agency they belong, for which whoever asks must be one of those who write.
    fn parse(self, ctx: &Context<'_>) -> Result<(catalog::Person, Option<RecordId>), ApiError> {
        let agency = self.agency.as_ref();
        let agency = agency.map(|id| own_agency("agency", id, ctx.db().hub()));
        let agency = agency.transpose()?.or_else(|| only_agency(ctx));
        ctx.viewer().require_of(Action::WritePeople, agency)?;
        let draft = PersonDraft {
            name: self.name,
            role: self.role,
            office: self.office,
            contact: self.contact,
        };
        Ok((catalog::Person::parse(&draft)?, agency))
    }
}

/// The agency of whoever asks, if they write for one only.
fn only_agency(ctx: &Context<'_>) -> Option<RecordId> {
    match ctx.viewer().reach(Action::WritePeople) {
        Reach::Agencies(agencies) => <[RecordId; 1]>::try_from(agencies).ok().map(|[one]| one),
        Reach::Everywhere | Reach::Nowhere => None,
    }
}

/// A page of people, those who became known last first.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PersonConnection {
    /// The people with their cursors.
    edges: Vec<PersonEdge>,
    /// The people.
    nodes: Vec<Person>,
    /// Where the page stands.
    page_info: PageInfo,
}

/// Somebody in a list.
#[derive(SimpleObject)]
#[graphql(serial)]
pub(crate) struct PersonEdge {
    /// The person's place in the list.
    cursor: String,
    /// The person.
    node: Person,
}

/// What can be asked of people.
#[derive(Default)]
pub(crate) struct PersonQuery;

/// What can be asked of people.
#[Object(serial)]
impl PersonQuery {
    /// Somebody by their id; null when nobody is known by it. For curators and operators, and contributors of their agency.
    async fn person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
    ) -> Result<Option<Person>, ApiError> {
        ctx.viewer().require(Action::ReadPeople)?;
        let id = record(ctx, "id", &id)?;
        let found = people::find(ctx.db(), id).await?;
        Ok(found.filter(|person| is_readable(ctx, person)).map(Person))
    }

    /// The people whom this hub knows, those who became known last first. For curators and operators; contributors read of those of
    /// their agency.
    #[graphql(complexity = "crate::paging::complexity(first, None, child_complexity)")]
    async fn people(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, up to 100; 20 when left out.")] first: Option<i32>,
        #[graphql(desc = "Go on behind this cursor.")] after: Option<String>,
    ) -> Result<PersonConnection, ApiError> {
        ctx.viewer().require(Action::ReadPeople)?;
        let request = PageArgs::forward(first, after).parse(read_cursor)?;
        let reach = ctx.viewer().reach(Action::ReadPeople);
        let agencies = match &reach {
            Reach::Everywhere => None,
            Reach::Agencies(agencies) => Some(agencies.as_slice()),
            Reach::Nowhere => Some(&[][..]),
        };
        let read = people::list(ctx.db(), agencies, request.after, request.limit()).await?;
        let (page, page_info) = request.finish(read, write_cursor);
        let edge = |person: KnownPerson| PersonEdge {
            cursor: write_cursor(&person),
            node: Person(person),
        };
        let edges: Vec<_> = page.into_iter().map(edge).collect();
        Ok(PersonConnection {
            nodes: edges.iter().map(|edge| edge.node.clone()).collect(),
            edges,
            page_info,
        })
    }
}

fn write_cursor(person: &KnownPerson) -> String {
    let (created, id) = person.place();
    format!("{created}:{id}")
}

fn read_cursor(raw: &str) -> Option<PersonPlace> {
    let (created, id) = raw.split_once(':')?;
    Some((created.parse().ok()?, RecordId::parse(id).ok()?))
}

/// What can be done with people.
#[derive(Default)]
pub(crate) struct PersonMutation;

/// What can be done with people.
#[Object(serial)]
impl PersonMutation {
    /// Notes somebody, at this hub only. Nobody else reads the name before consent is recorded.
    async fn add_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What is known.")] input: PersonInput,
    ) -> Result<Person, ApiError> {
        ctx.viewer().require(Action::WritePeople)?;
        let hub = ctx.hub();
        let (person, agency) = input.parse(ctx)?;
        let now = hub.clock.now();
        let person = KnownPerson {
            id: RecordId::generate(now, &*hub.entropy),
            revision: 1,
            person,
            agency,
            consent: None,
            is_erased: false,
            created: now,
        };
        let added = Local::person(PersonChange::Add(person.clone()));
        change_here(ctx, added).await?;
        Ok(Person(person))
    }

    /// Notes something else of somebody. Innovations that name them are written anew.
    async fn revise_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "What is known from now on.")] input: PersonInput,
    ) -> Result<Person, ApiError> {
        ctx.viewer().require(Action::WritePeople)?;
        let (known, agency) = input.parse(ctx)?;
        change(ctx, &id, revision, |person| {
            (person.person, person.agency) = (known, agency);
            Ok(())
        })
        .await
    }

    /// Records that somebody agreed to be named where others read. Innovations that credit them name them from now on.
    async fn record_consent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "Which text they agreed to, as the hub counts its texts.")]
        text_version: String,
        #[graphql(desc = "When they agreed; today when left out.")] given_on: Option<PartialDate>,
    ) -> Result<Person, ApiError> {
        ctx.viewer().require(Action::WritePeople)?;
        let today = ctx.latest_day();
        let consent = Agreed::parse(&text_version, &day(ctx, given_on), today)?;
        change(ctx, &id, revision, |person| {
            person.consent = Some(consent);
            Ok(())
        })
        .await
    }

    /// Records that somebody does not agree any more. Every innovation of this hub that names them is written anew without the
    /// name, and what it said before goes at every hub; `holders` tells which of them confirmed it.
    async fn withdraw_consent(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
        #[graphql(desc = "The revision that is replaced; CONFLICT if it is no longer the newest.")]
        revision: Long,
        #[graphql(desc = "When they took it back; today when left out.")] withdrawn_on: Option<
            PartialDate,
        >,
    ) -> Result<Person, ApiError> {
        ctx.viewer().require(Action::WritePeople)?;
        let today = ctx.latest_day();
        let on = day(ctx, withdrawn_on);
        change(ctx, &id, revision, |person| {
            let consent = person.consent.as_ref().ok_or_else(|| {
                ApiError::invalid("id", "no consent is recorded, so nobody reads the name")
            })?;
            person.consent = Some(consent.withdrawn(&on, today)?);
            Ok(())
        })
        .await
    }

    /// Forgets somebody: innovations that name them are written anew with their office, and then nothing is known of them here.
    /// Gives their id.
    async fn erase_person(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The person's id.")] id: ID,
        #[graphql(desc = "The revision that is known; CONFLICT if it is no longer the newest.")]
        revision: Long,
    ) -> Result<ID, ApiError> {
        ctx.viewer().require(Action::WritePeople)?;
        change(ctx, &id, revision, |person| {
            person.is_erased = true;
            Ok(())
        })
        .await?;
        Ok(id)
    }
}

/// Changes what is known of somebody, and writes anew what tells of them. What cannot be written now, the node writes later.
async fn change(
    ctx: &Context<'_>,
    id: &ID,
    Long(expected): Long,
    change: impl FnOnce(&mut KnownPerson) -> Result<(), ApiError>,
) -> Result<Person, ApiError> {
    let record = record(ctx, "id", id)?;
    let found = people::find(ctx.db(), record).await?;
    // Whoever may not read of somebody is told the same as where nobody is known.
    let known = found.filter(|person| !person.is_erased && is_readable(ctx, person));
    let mut person = known.ok_or_else(|| {
        let id = id.to_string();
        ApiError::NotFound { what: "person", id }
    })?;
    ctx.viewer()
        .require_of(Action::WritePeople, person.agency)?;
    let held = person.revision;
    if held != expected {
        return Err(ApiError::Conflict(StorageError::Conflict {
            record,
            expected,
            held,
        }));
    }
    change(&mut person)?;
    person.revision += 1;
    let stored = Local::person(PersonChange::Store(person.clone()));
    change_here(ctx, stored).await?;
    settle(ctx).await;
    Ok(Person(person))
}

async fn settle(ctx: &Context<'_>) {
    let hub = ctx.hub();
    let Ok(key) = key(hub) else { return };
    let settled = credits::settle(&hub.db, key, MOST_AT_ONCE, &*hub.clock, &*hub.entropy).await;
    if let Err(error) = settled {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "credits cannot be written anew yet"
        );
    }
}

fn record(ctx: &Context<'_>, field: &'static str, id: &ID) -> Result<RecordId, ApiError> {
    let GlobalId::Person(owner, record) = GlobalId::parse(field, id)? else {
        return Err(ApiError::invalid(field, "is not the id of a person"));
    };
    if owner == *ctx.db().hub() {
        return Ok(record);
    }
    Err(ApiError::Foreign {
        id: id.to_string(),
        owner,
    })
}

/// Whether whoever asks may read of somebody.
fn is_readable(ctx: &Context<'_>, person: &KnownPerson) -> bool {
    let permitted = ctx.viewer().require_of(Action::ReadPeople, person.agency);
    permitted.is_ok()
}

/// The people with these ids who are still known, in the order of the ids.
pub(crate) async fn still_known(
    ctx: &Context<'_>,
    ids: &[RecordId],
) -> Result<Vec<KnownPerson>, ApiError> {
    let found = people::find_many(ctx.db(), ids).await?;
    let one = |id: &RecordId| {
        let known = found.iter().find(|person| person.id == *id)?;
        Some(known.clone()).filter(|person| !person.is_erased)
    };
    Ok(ids.iter().filter_map(one).collect())
}

/// The same, of whom whoever asks may read.
pub(crate) async fn find_many(
    ctx: &Context<'_>,
    ids: &[RecordId],
) -> Result<Vec<Person>, ApiError> {
    let mut known = still_known(ctx, ids).await?;
    known.retain(|person| is_readable(ctx, person));
    Ok(known.into_iter().map(Person).collect())
}

/// Those among the people of a draft of whom whoever asks may not read: others credit them, and they stay.
pub(crate) async fn unreadable(
    ctx: &Context<'_>,
    ids: &[RecordId],
) -> Result<Vec<RecordId>, ApiError> {
    let mut known = still_known(ctx, ids).await?;
    known.retain(|person| !is_readable(ctx, person));
    Ok(known.into_iter().map(|person| person.id).collect())
}

/// The people whom an input credits; all of them must be known to whoever asks.
pub(crate) async fn credited(
    ctx: &Context<'_>,
    ids: Option<Vec<ID>>,
) -> Result<Vec<KnownPerson>, ApiError> {
    const MOST: usize = catalog::Innovation::MOST_CREDITS;
    let ids = ids.unwrap_or_default();
    if ids.len() > MOST {
        let reason = format!("has {} items; {MOST} are allowed", ids.len());
        return Err(ApiError::invalid("credits", reason));
    }
    let mut records = Vec::with_capacity(ids.len());
    for id in &ids {
        let record = record(ctx, "credits", id)?;
        if records.contains(&record) {
            return Err(ApiError::invalid("credits", format!("repeats {}", &**id)));
        }
        records.push(record);
    }
    let mut known = still_known(ctx, &records).await?;
    known.retain(|person| is_readable(ctx, person));
    if known.len() < records.len() {
        let reason = "names somebody who is not known here; addPerson notes them";
        return Err(ApiError::invalid("credits", reason));
    }
    Ok(known)
}
