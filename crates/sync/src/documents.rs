//! What a puller asks, in the words of the public schema. A test validates each against `schema.graphql`.

/// Who the peer is, whether anything changed, and what it keeps of ours beside the logs: one request of an idle round.
pub const HUB: &str = "query($own:HubId!){hub{hubId node{network store protocolVersions headsToken limits{entriesPerPage bytesPerPage} leftOut(hub:$own){number from before checkpoint}}}}";

/// Who the peer is, for adding it and for looking at it: its keys, its name and its clock.
pub const INTRODUCTION: &str = "query{hub{hubId name node{network store protocolVersions headsToken limits{entriesPerPage bytesPerPage} publicKeys now}}}";

/// What changed since the peer's own cursor.
pub const HEADS: &str = "query($after:String,$first:Int!){heads(after:$after,first:$first){nodes{hub epoch size checkpoint} pageInfo{hasNextPage endCursor}}}";

/// The heads of some hubs' logs.
pub const HEADS_OF: &str = "query($hubs:[HubId!]!,$first:Int!){heads(hubs:$hubs,first:$first){nodes{hub epoch size checkpoint} pageInfo{hasNextPage endCursor}}}";

/// A page of a log.
pub const ENTRIES: &str = "query($hub:HubId!,$epoch:Long!,$from:Long!,$first:Int!,$maxBytes:Int!){entries(hub:$hub,epoch:$epoch,from:$from,first:$first,maxBytes:$maxBytes){entries{header payload} proof checkpoint}}";

/// A page of what our next logs leave out and the peer still holds.
pub const LEFT_OUT: &str = "query($number:Long!,$from:Long!,$first:Int!,$maxBytes:Int!){leftOutEntries(number:$number,from:$from,first:$first,maxBytes:$maxBytes){entries{header payload} proof checkpoint}}";

/// Payloads that were missing.
pub const PAYLOADS: &str = "query($hub:HubId!,$epoch:Long!,$indexes:[Long!]!){payloads(hub:$hub,epoch:$epoch,indexes:$indexes){index payload}}";

/// What is subscribed to: every head that changes, a hint to pull now.
pub const HINTS: &str = "subscription{headsChanged{hub epoch size}}";

/// All documents, for the test against the schema.
pub const ALL: [&str; 8] = [
    HUB,
    INTRODUCTION,
    HEADS,
    HEADS_OF,
    ENTRIES,
    LEFT_OUT,
    PAYLOADS,
    HINTS,
];
