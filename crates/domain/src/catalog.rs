//! The knowledge hubs share: regions, hubs, agencies and their innovations.
//!
//! - [`FormCheck`] and [`FormErrors`]: a draft is parsed whole, and all its faults are told at once.
//! - [`Line`], [`Words`], [`PartialDate`], [`WebUrl`]: texts, dates and links within their bounds; [`fold()`] makes texts comparable.
//! - [`Vocabulary`] and its enums: the closed lists of terms, among them [`Affair`] and [`Sdg`].
//! - [`Regions`]: the provinces, regencies and cities of Indonesia, compiled in.
//! - [`HubProfile`], [`Agency`], [`Innovation`]: what records say. Each comes from a draft, the JSON body of a payload.
//!
//! A draft that a person typed here is `parse`d; one that arrived from another hub is `read`, which keeps what only
//! a newer node knows. Both hold every bound. Not here: who may write what, and where records are kept.

mod affair;
mod agency;
mod date;
mod fold;
mod form;
mod hub;
mod innovation;
mod link;
mod region;
mod sdg;
mod text;
mod vocabulary;

pub use affair::{Affair, AffairGroup, Affairs};
pub use agency::{Agency, AgencyDraft};
pub use date::{DateError, PartialDate};
pub use fold::fold;
pub use form::{FieldError, FormCheck, FormErrors, Provenance};
pub use hub::{HubProfile, HubProfileDraft};
pub use innovation::{
    Beneficiaries, BeneficiariesDraft, Classification, ExternalId, ExternalIdDraft, Innovation,
    InnovationDraft, Nri, PartError, Point, PointDraft, Scheme, Source, SourceDraft,
    SustainedDraft, Sustainment, Tag, Texts, Timeline,
};
pub use link::{Endpoint, LinkError, WebUrl};
pub(crate) use region::check_region;
pub use region::{Region, RegionCode, RegionCodeError, RegionLevel, Regions};
pub use sdg::{Sdg, SdgError, Sdgs};
pub use text::{Line, TextError, Title, Words};
pub use vocabulary::{
    AdoptionStatus, AgencyKind, Form, HubKind, HubStatus, Initiator, InnovationKind,
    LifecycleStage, MemberStatus, Sustained, UnknownCode, Vocabulary,
};
