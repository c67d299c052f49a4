//! Reading what is there before samples are made.

use anyhow::Context as _;
use domain::catalog::{Affair, PartialDate, RegionCode, Regions, SAMPLE_TAG, is_sample};
use domain::entry::Sight;
use domain::identity::RecordRef;
use storage::bodies::{self, Content};
use storage::innovations::{self, Direction, InnovationFilter, Order, Stretch};
use storage::{Database, hubs};
use time::Date;

use super::Setting;

/// Other hubs' samples that are looked at, the newest: enough to refer to, and soon read.
const MOST_OTHERS: u32 = 5000;
/// Innovations that are read at once.
const PAGE: u32 = 500;

/// Another hub's sample innovation.
#[derive(Clone, Debug)]
pub struct Known {
    /// Its record.
    pub place: RecordRef,
    /// The affair that it serves above all.
    pub affair: Option<Affair>,
    /// Since when it is in use, or published.
    pub since: Date,
}

/// Learns where samples are to be made: the regions of the hub, all if it is a ministry's, and what other hubs have.
pub async fn learn(db: &Database) -> anyhow::Result<Setting> {
    Ok(Setting {
        hub: db.hub().clone(),
        regions: regions(own_region(db).await?),
        others: others(db).await?,
    })
}

async fn own_region(db: &Database) -> anyhow::Result<Option<RegionCode>> {
    let found = hubs::find_many(db, &[db.hub().clone()]).await?;
    let said = bodies::load(db, found.iter().map(|hub| hub.entry)).await?;
    Ok(
        match said
            .first()
            .and_then(Option::as_ref)
            .map(|body| &body.content)
        {
            Some(Content::Hub(profile)) => profile.region,
            _ => None,
        },
    )
}

/// The regencies and cities of a region, or that region itself, or all.
pub(super) fn regions(of: Option<RegionCode>) -> Vec<&'static domain::catalog::Region> {
    let all = Regions::get().iter();
    let is_within = |code: RegionCode| of.is_none_or(|of| of.contains(code));
    let parts: Vec<_> = all
        .filter(|region| !region.code.is_province() && is_within(region.code))
        .collect();
    if parts.is_empty() {
        regions(None)
    } else {
        parts
    }
}

async fn others(db: &Database) -> anyhow::Result<Vec<Known>> {
    let own = db.hub();
    let mut named = Vec::new();
    let mut last = None;
    loop {
        let page = hubs::list(db, last, 1000).await?;
        let Some(end) = page.last() else { break };
        last = Some(end.key);
        named.extend(page.into_iter().map(|hub| hub.id).filter(|hub| hub != own));
    }
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let filter = InnovationFilter {
        hubs: named,
        tags: vec![SAMPLE_TAG.to_owned()],
        sight: Sight::All,
        ..InnovationFilter::default()
    };
    let mut found: Vec<Known> = Vec::new();
    let mut after = None;
    while found.len() < MOST_OTHERS as usize {
        let stretch = Stretch {
            order: Order::Published,
            direction: Direction::Descending,
            after: after.take(),
            before: None,
            limit: PAGE,
        };
        let page = innovations::list(db, &filter, &stretch).await?;
        let Some(end) = page.last() else { break };
        after = Some((end.place.clone(), end.key));
        let said = bodies::load(db, page.iter().map(|place| Some(place.entry))).await?;
        for (place, body) in page.iter().zip(said) {
            let body =
                body.context("a record that is listed has been dropped meanwhile; try again")?;
            if let Content::Innovation(said) = &body.content
                && is_sample(place.record)
            {
                let used = said.timeline.implemented_on.map(PartialDate::first_day);
                found.push(Known {
                    place: RecordRef {
                        hub: place.hub.clone(),
                        record: place.record,
                    },
                    affair: said.classification.affairs.main(),
                    since: used.unwrap_or_else(|| place.published.date()),
                });
            }
        }
    }
    Ok(found)
}
