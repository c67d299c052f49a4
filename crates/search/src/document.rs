//! What is known of one innovation by the index.

use domain::catalog::{
    AdoptionStatus, Affair, Agency, HubProfile, Innovation, LifecycleStage, Line, RegionCode,
    Regions, Sdg, Words,
};
use domain::identity::{HubId, RecordId};

/// An innovation's record: its hub, and its id there.
pub type DocumentId = (HubId, RecordId);

/// What is to be found of one innovation, and by what.
#[derive(Clone, Debug)]
pub struct Document {
    /// The record.
    pub id: DocumentId,
    /// Stands for everything that went into the document: another one says that it must be indexed anew.
    pub fingerprint: u64,
    /// For whom the record is: the rank of its audience. What others may see than those who see the record is no part of
    /// the document.
    pub audience: u8,
    /// When it was first published, in Unix milliseconds: of equals the newest comes first.
    pub published: i64,
    /// Other records of which something stands in it, but for its agency: it is found by them ([`crate::Writer::holding`]).
    pub parts: Vec<DocumentId>,
    /// The texts by which it is found.
    pub texts: DocumentTexts,
    /// What it is about.
    pub facts: DocumentFacts,
}

/// The texts by which an innovation is found, by what they weigh.
#[derive(Clone, Debug, Default)]
pub struct DocumentTexts {
    /// The title.
    pub title: String,
    /// What its acronym stands for, tags, numbers in registers.
    pub names: Vec<String>,
    /// The summary.
    pub summary: Option<String>,
    /// All other texts.
    pub rest: Vec<String>,
    /// Whose it is and where: the names of agency, unit, hub and region.
    pub owner: Vec<String>,
}

/// What an innovation is about, by which it is filtered and counted.
#[derive(Clone, Debug)]
pub struct DocumentFacts {
    /// The agency's record, of the same hub.
    pub agency: RecordId,
    /// The region of the agency.
    pub region: Option<RegionCode>,
    /// The affairs of government.
    pub affairs: Vec<Affair>,
    /// The Sustainable Development Goals.
    pub sdgs: Vec<Sdg>,
    /// Which coaching it needs next.
    pub stage: LifecycleStage,
    /// How far it is in use.
    pub adoption: AdoptionStatus,
    /// The year by which it is counted.
    pub year: Option<u16>,
    /// The schemes of the awards that it won, folded.
    pub awards: Vec<String>,
    /// The tags.
    pub tags: Vec<String>,
}

impl DocumentTexts {
    /// What is told of an innovation, with its agency and its hub, as far as whoever sees the innovation may see them.
    pub fn of(innovation: &Innovation, agency: Option<&Agency>, hub: Option<&HubProfile>) -> Self {
        let class = &innovation.classification;
        let acronym = innovation.acronym_of.iter().map(Line::as_str);
        let tags = class.tags.iter().map(domain::catalog::Tag::as_str);
        let names = acronym.chain(tags).map(str::to_owned);
        let numbers = innovation
            .external_ids
            .iter()
            .map(|id| id.value.as_str().to_owned());
        let nri = innovation.nri.iter().map(ToString::to_string);
        Self {
            title: innovation.title.as_str().to_owned(),
            names: names.chain(numbers).chain(nri).collect(),
            summary: text(innovation.texts.summary.as_ref()),
            rest: rest_of(innovation),
            owner: owner_of(innovation, agency, hub),
        }
    }
}

fn text<const LIMIT: usize>(text: Option<&Words<LIMIT>>) -> Option<String> {
    text.map(|text| text.as_str().to_owned())
}

fn rest_of(innovation: &Innovation) -> Vec<String> {
    let texts = &innovation.texts;
    let told = [
        text(texts.background.as_ref()),
        text(texts.novelty.as_ref()),
        text(texts.implementation.as_ref()),
        text(texts.impact.as_ref()),
        text(texts.replicated_so_far.as_ref()),
        text(texts.replication_potential.as_ref()),
        text(texts.resources.as_ref()),
        text(texts.sustainability.as_ref()),
        text(texts.challenges.as_ref()),
        text(texts.lessons.as_ref()),
    ];
    let preconditions = innovation
        .preconditions
        .iter()
        .map(|line| line.as_str().to_owned());
    told.into_iter().flatten().chain(preconditions).collect()
}

/// Whose it is, where, and which affairs it serves, in both languages.
fn owner_of(
    innovation: &Innovation,
    agency: Option<&Agency>,
    hub: Option<&HubProfile>,
) -> Vec<String> {
    let mut owner: Vec<String> = Vec::new();
    owner.extend(
        innovation
            .unit_name
            .iter()
            .map(|name| name.as_str().to_owned()),
    );
    if let Some(agency) = agency {
        owner.push(agency.name.as_str().to_owned());
        owner.extend(
            agency
                .short_name
                .iter()
                .map(|name| name.as_str().to_owned()),
        );
        let region = agency.region.and_then(|code| Regions::get().find(code));
        let province = agency
            .region
            .and_then(|code| Regions::get().find(code.province()));
        owner.extend(region.map(|region| region.name.clone()));
        let is_other = region.map(|region| region.code) != province.map(|province| province.code);
        owner.extend(
            province
                .filter(|_| is_other)
                .map(|province| province.name.clone()),
        );
    }
    owner.extend(hub.map(|hub| hub.name.as_str().to_owned()));
    for affair in innovation.classification.affairs.as_slice() {
        owner.extend([affair.name_id().to_owned(), affair.name_en().to_owned()]);
    }
    owner
}

impl DocumentFacts {
    /// What an innovation is about; the region is that of its agency as far as it may be seen.
    pub fn of(innovation: &Innovation, region: Option<RegionCode>, awards: Vec<String>) -> Self {
        let class = &innovation.classification;
        Self {
            agency: innovation.agency,
            region,
            affairs: class.affairs.as_slice().to_vec(),
            sdgs: class.sdgs.iter().collect(),
            stage: innovation.stage,
            adoption: innovation.adoption,
            year: innovation.year(),
            awards,
            tags: class
                .tags
                .iter()
                .map(|tag| tag.as_str().to_owned())
                .collect(),
        }
    }
}
