//! `simpul member`

use anyhow::{Context as _, bail};
use domain::audit::Action;
use domain::catalog::MemberStatus;
use domain::identity::HubId;
use domain::log::PublicKey;
use domain::trust::{MemberKeyDraft, Membership, MembershipDraft};
use serde_json::json;
use storage::logs::heads;
use storage::{members, trust};

use crate::cli::{Common, Outcome};
use crate::deed::by_program;
use crate::hub::Hub;
use crate::{introduction, output};

/// Say who is a member of the network, as its authority; list the members, at any hub
#[derive(Debug, clap::Subcommand)]
#[expect(missing_docs, reason = "the structs say it")]
pub enum Member {
    /// Make this hub the network's authority
    Found,
    Admit(Admit),
    AddKey(AddKey),
    CloseKey(CloseKey),
    Suspend(Standing),
    Revoke(Standing),
    Reinstate(Standing),
    /// List the members and their keys
    List,
}

/// Admit a hub, after comparing the fingerprint of its key
#[derive(Debug, clap::Args)]
pub struct Admit {
    /// Where the hub answers
    url: String,
    /// The fingerprint that the hub's operator told you; without it you are asked
    #[arg(long, value_name = "HEX")]
    fingerprint: Option<String>,
    /// Its name, if it has not described itself
    #[arg(long)]
    name: Option<String>,
    /// The code of its region
    #[arg(long)]
    region: Option<String>,
}

/// Let one more key speak for a member, so that it can change over to it
#[derive(Debug, clap::Args)]
pub struct AddKey {
    /// The member
    hub: HubId,
    /// The new key, as the member's operator told you: ed25519:…
    key: String,
    /// The first size of its logs that the key may sign; every size if left out
    #[arg(long, value_name = "SIZE")]
    from: Option<u64>,
}

/// Let a key of a member count up to a size only: the last good one if the key was stolen
#[derive(Debug, clap::Args)]
pub struct CloseKey {
    /// The member
    hub: HubId,
    /// The key
    key: String,
    /// The last size of the member's newest log that the key may have signed; what is held here if left out
    #[arg(long, value_name = "SIZE")]
    until: Option<u64>,
    /// The log in which that size is meant; the member's newest one that is held here if left out
    #[arg(long)]
    epoch: Option<u64>,
}

/// Change whether a member's log is followed
#[derive(Debug, clap::Args)]
pub struct Standing {
    /// The member
    hub: HubId,
}

impl Member {
    pub(crate) async fn run(self, common: &Common) -> anyhow::Result<Outcome> {
        let hub = match self {
            Self::List | Self::Found => common.open_hub().await?,
            _ => common.open_hub_to_write().await?,
        };
        match self {
            Self::Found => found(&hub).await?,
            Self::Admit(admit) => admit.run(&hub).await?,
            Self::AddKey(add) => add.run(&hub).await?,
            Self::CloseKey(close) => close.run(&hub).await?,
            Self::Suspend(member) => member.become_(&hub, MemberStatus::Suspended).await?,
            Self::Revoke(member) => member.become_(&hub, MemberStatus::Revoked).await?,
            Self::Reinstate(member) => member.become_(&hub, MemberStatus::Active).await?,
            Self::List => list(&hub, common).await?,
        }
        hub.close().await?;
        Ok(Outcome::Well)
    }
}

async fn found(hub: &Hub) -> anyhow::Result<()> {
    if let Some(authority) = trust::authority(&hub.db).await?
        && authority != *hub.db.hub()
    {
        bail!("this hub follows the authority {authority}; a network has one");
    }
    let deed = by_program(Action::FollowAuthority);
    trust::follow(&hub.db, hub.db.hub(), Some(&deed)).await?;
    output::say(format!("{} is the network's authority", hub.db.hub()));
    output::say(
        "next: `simpul member admit URL` for each hub; others follow you with `simpul join URL`",
    );
    Ok(())
}

impl Admit {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        require_authority(hub).await?;
        let found = introduction::introduce(hub, &self.url, self.fingerprint.as_deref()).await?;
        if find(hub, &found.hub).await?.is_some() {
            bail!(
                "{} is a member already; `simpul member list` shows it",
                found.hub
            );
        }
        let draft = MembershipDraft {
            hub: found.hub.to_string(),
            name: self
                .name
                .or(found.name)
                .unwrap_or_else(|| found.hub.to_string()),
            region: self.region,
            endpoints: vec![found.url],
            keys: vec![MemberKeyDraft {
                key: found.key.to_string(),
                ..MemberKeyDraft::default()
            }],
            status: "ACTIVE".to_owned(),
        };
        hub.say_of_member(None, &Membership::parse(&draft)?).await?;
        output::say(format!("{} is a member", found.hub));
        Ok(())
    }
}

impl AddKey {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let key = PublicKey::parse(&self.key)?;
        let from = self.from.unwrap_or_default();
        change(hub, &self.hub, |draft| {
            draft.keys.push(MemberKeyDraft {
                key: key.to_string(),
                from,
                ..MemberKeyDraft::default()
            });
        })
        .await?;
        output::say(format!(
            "{} may sign with {key} from size {from} on",
            self.hub
        ));
        Ok(())
    }
}

impl CloseKey {
    async fn run(self, hub: &Hub) -> anyhow::Result<()> {
        let key = PublicKey::parse(&self.key)?.to_string();
        let (epoch, until) = match (self.epoch, self.until) {
            (Some(epoch), Some(until)) => (epoch, until),
            (epoch, until) => {
                let held = held(hub, &self.hub, epoch).await?;
                (held.log.epoch.get(), until.unwrap_or(held.size))
            }
        };
        let mut is_found = false;
        change(hub, &self.hub, |draft| {
            for held in draft.keys.iter_mut().filter(|held| held.key == key) {
                held.until = Some(until);
                held.until_epoch = Some(epoch);
                is_found = true;
            }
        })
        .await?;
        if !is_found {
            bail!(
                "{key} is no key of {}; `simpul member list` shows them",
                self.hub
            );
        }
        output::say(format!(
            "{key} speaks for {} up to size {until} of its log of epoch {epoch}",
            self.hub
        ));
        Ok(())
    }
}

impl Standing {
    async fn become_(self, hub: &Hub, status: MemberStatus) -> anyhow::Result<()> {
        use domain::catalog::Vocabulary as _;
        change(hub, &self.hub, |draft| {
            status.code().clone_into(&mut draft.status);
        })
        .await?;
        output::say(format!("{} is {} now", self.hub, status.code()));
        Ok(())
    }
}

/// Says something new of a member, if that changes anything.
async fn change(
    hub: &Hub,
    member: &HubId,
    change: impl FnOnce(&mut MembershipDraft),
) -> anyhow::Result<()> {
    require_authority(hub).await?;
    let found = find(hub, member).await?;
    let found =
        found.with_context(|| format!("{member} is no member; `simpul member list` shows them"))?;
    let before = MembershipDraft::from(&found.membership);
    let mut draft = before.clone();
    change(&mut draft);
    if draft != before {
        hub.say_of_member(Some(&found), &Membership::parse(&draft)?)
            .await?;
    }
    Ok(())
}

async fn require_authority(hub: &Hub) -> anyhow::Result<()> {
    match trust::authority(&hub.db).await? {
        Some(authority) if authority == *hub.db.hub() => Ok(()),
        Some(authority) => bail!("only the network's authority, {authority}, says who is a member"),
        None => bail!(
            "this hub is not the network's authority; make it that with `simpul member found`"
        ),
    }
}

async fn find(hub: &Hub, member: &HubId) -> anyhow::Result<Option<members::Member>> {
    let listed = members::list(&hub.db, hub.db.hub()).await?;
    let is_it = |listed: &members::Member| listed.membership.hub == *member;
    Ok(listed.into_iter().find(is_it))
}

/// What is held here and proved of a member's log: of this epoch, or the newest.
async fn held(hub: &Hub, member: &HubId, epoch: Option<u64>) -> anyhow::Result<heads::ProvedHead> {
    let heads = heads::list_proved(&hub.db).await?;
    let of_member = heads.into_iter().filter(|head| {
        head.log.hub == *member && epoch.is_none_or(|epoch| head.log.epoch.get() == epoch)
    });
    let newest = of_member.max_by_key(|head| head.log.epoch);
    newest.with_context(|| {
        format!(
            "no such log of {member} is held here; give --epoch and --until as its operator tells you"
        )
    })
}

async fn list(hub: &Hub, common: &Common) -> anyhow::Result<()> {
    let authority = trust::authority(&hub.db).await?;
    let listed = match &authority {
        Some(authority) => members::list(&hub.db, authority).await?,
        None => Vec::new(),
    };
    let drafts = listed
        .iter()
        .map(|member| MembershipDraft::from(&member.membership));
    let denied = trust::denials(&hub.db).await?;
    if common.json {
        return output::json(&json!({
            "authority": authority,
            "members": drafts.collect::<Vec<_>>(),
            "denied": denied,
        }));
    }
    match &authority {
        Some(authority) => output::say(format!("the network's authority is {authority}")),
        None => output::say("no authority is followed; follow one with `simpul join URL`"),
    }
    let mut table = output::table(["hub", "name", "status", "key", "from", "until", "in log"]);
    for draft in drafts {
        for key in &draft.keys {
            table.add_row([
                draft.hub.clone(),
                draft.name.clone(),
                draft.status.clone(),
                key.key.clone(),
                key.from.to_string(),
                key.until.map(|until| until.to_string()).unwrap_or_default(),
                key.until_epoch
                    .map(|epoch| epoch.to_string())
                    .unwrap_or_default(),
            ]);
        }
    }
    output::say(table.to_string());
    for hub in denied {
        output::say(format!("{hub} is denied here"));
    }
    Ok(())
}
