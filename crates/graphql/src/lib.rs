//! What a hub tells the world: the public GraphQL schema.
//!
//! - [`serve`] builds it for a hub; [`Served`] is what is asked.
//! - `innovations`, `agencies`, `hubs`, `regions` and `items` are the catalog; `logs` is what other hubs pull,
//!   `members` whom they trust, `replication` how this hub stands with them, `holders` what they hold; `statistics` counts it all, `as_of` says of when counts are;
//!   `node` is anything by its id.
//! - `uploads` are files that came with a request; `importing` writes innovations out of one.
//! - `drafts` are on their way to the catalog, `people` may be named in it; both are the operator's alone.
//! - [`ApiError`] is every way a request can fail; [`guard`] bounds and validates documents before.
//! - `audit` is what was done here, for operators; [`AskedBy`] is who asks for it and from where.
//! - [`Viewer`] is who asks; [`Dependence`] is on what an answer depends beside a commit of the store.
//!
//! - `row` and `in_place` resolve what is at hand without a future for each field.
//!
//! Objects resolve their fields one after the other (`serial`), so that an answer has the order of its query and no
//! machinery to wait for many; lists resolve their items together, so loaders still see them all at once.
//! Resolvers are thin: allow, parse, act, present. GraphQL types wrap what `storage` and `domain` give.
//! Not here: HTTP and WebSocket (`node::http`).

mod access;
mod accounts;
pub mod address;
mod agencies;
mod as_of;
mod audit;
mod context;
mod cost;
mod dependence;
mod drafts;
mod error;
pub mod guard;
mod holders;
mod hubs;
mod ids;
mod importing;
mod in_place;
mod innovations;
mod items;
mod loaders;
mod local;
mod logs;
mod members;
mod node;
mod objects;
mod paging;
mod people;
mod regions;
mod replication;
mod root;
mod row;
mod scalars;
mod searching;
mod served;
mod statistics;
mod turns;
mod uploads;
mod vocabulary;

pub use accounts::rules::{AccountRules, SignInProvider};
pub use accounts::signing::{ClientName, GuessedFrom, Guesses, Opening};
pub use as_of::{Begun, StandingMark};
pub use audit::asking::AskedBy;
pub use context::{Hub as HubContext, Means, OperationTrust, SignedIn, Viewer};
pub use dependence::{Beside, Dependence, Now, is_settled};
pub use error::{ApiError, Code};
pub use importing::{
    FileFormat, ImportFault, ImportOrder, ImportPersonalData, ImportStop, Imported, Importing,
};
pub use loaders::Ahead;
pub use root::{sdl, serve, whole_sdl, without_hub};
pub use served::Served;
pub use statistics::StatisticsHub;
pub use turns::{MOST_WAITING, OperationTurn, Turns};
pub use uploads::{ReceivedFiles, Upload};
