//! What an answer depends on beside the commit of the store by which it was made: for whoever keeps answers.

use std::sync::{Arc, Mutex, PoisonError};

use search::Mark;
use time::{Date, OffsetDateTime};

use crate::as_of::StandingMark;

/// The root fields whose answers follow from the tables that commits change, and from what resolvers note here. All others
/// look at what changes without a commit: trust, peers, leases, what was seen of logs.
const SETTLED: [&str; 19] = [
    "__typename",
    "agencies",
    "agency",
    "asOf",
    "assessments",
    "awards",
    "coachingActivities",
    "innovation",
    "innovations",
    "needs",
    "node",
    "nodes",
    "regions",
    "replication",
    "replicationLineage",
    "replications",
    "searchInnovations",
    "statistics",
    "threads",
];

/// Whether an answer to this root field of a query follows from a commit and from what is noted in [`Dependence`].
pub fn is_settled(root: &str) -> bool {
    SETTLED.contains(&root)
}

/// How things are at a moment.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// The position of the newest commit.
    pub position: u64,
    /// The state of the search index, if one is open.
    pub index: Option<Mark>,
    /// How this hub stands; it need not be known if nothing depends on it.
    pub standing: Option<StandingMark>,
    /// The time.
    pub at: OffsetDateTime,
}

/// What an answer depends on beside a commit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Something that may change at any time.
    pub is_unsettled: bool,
    /// The day, UTC.
    pub day: Option<Date>,
    /// How this hub stood when it was looked at.
    pub standing: Option<StandingMark>,
    /// The columns of the statistics, which may belong to an earlier commit.
    pub columns: Option<u64>,
    /// The state of the search index, which may belong to an earlier commit.
    pub index: Option<Mark>,
}

impl Beside {
    /// Notes that the search index was asked, in this state. An answer of two states is of no commit.
    pub(crate) fn note_index(&mut self, mark: Mark) {
        self.is_unsettled |= self.index.is_some_and(|noted| noted != mark);
        self.index = Some(mark);
    }

    /// Whether an answer is still right as things are now. It was made by that commit.
    pub fn is_so(&self, now: &Now) -> bool {
        let Now {
            position,
            index,
            standing,
            at,
        } = *now;
        !self.is_unsettled
            && self
                .day
                .is_none_or(|day| day == at.to_offset(time::UtcOffset::UTC).date())
            && self.columns.is_none_or(|columns| columns == position)
            && self
                .index
                .is_none_or(|mark| mark.position == position && index == Some(mark))
            && self
                .standing
                .is_none_or(|told| standing.is_some_and(|standing| told.holds_at(standing)))
    }
}

/// Where resolvers note on what their answer depends, for one operation.
#[derive(Clone, Debug, Default)]
pub struct Dependence(Arc<Mutex<Beside>>);

impl Dependence {
    /// All that was noted.
    pub fn beside(&self) -> Beside {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, note: impl FnOnce(&mut Beside)) {
        note(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use async_graphql::Positioned;
    use async_graphql::parser::parse_schema;
    use async_graphql::parser::types::{FieldDefinition, TypeKind, TypeSystemDefinition};
    use time::macros::datetime;

    use super::*;

    /// The fields that tell what changes without a commit, and note so in [`Dependence`]. What they lead to is not followed,
    /// unless it is a record.
    const NOTED: [&str; 10] = [
        "Hub.node",
        "Innovation.isStale",
        "Innovation.similarInnovations",
        "Need.matches",
        "Query.searchInnovations",
        "Query.statistics",
        "Statistics.sync",
        "AsOf.behind",
        "AsOf.unreached",
        "Statistics.stale",
    ];
    /// What they tell, which no other field does.
    const TOLD: [&str; 7] = [
        "HubBehind",
        "HubUnreached",
        "InnovationSearch",
        "NeedMatch",
        "NodeInfo",
        "ReplicationStatus",
        "Statistics",
    ];
    /// What changes without a commit, and is never part of an answer that is kept.
    const UNSETTLED: [&str; 11] = [
        "Account",
        "EntryPage",
        "EntryPayload",
        "HubConnection",
        "LogHead",
        "LogReplication",
        "Membership",
        "PeerReplication",
        "Receipt",
        "RecordHolders",
        "Viewer",
    ];

    fn fields_of(kind: &TypeKind) -> &[Positioned<FieldDefinition>] {
        match kind {
            TypeKind::Object(object) => &object.fields,
            TypeKind::Interface(interface) => &interface.fields,
            _ => &[],
        }
    }

    #[test]
    fn what_is_kept_leads_to_nothing_that_changes_without_a_commit() {
        let sdl = crate::sdl();
        let document = parse_schema(&sdl).unwrap();
        let mut types = BTreeMap::new();
        for definition in &document.definitions {
            if let TypeSystemDefinition::Type(of) = definition {
                types.insert(of.node.name.node.to_string(), &of.node.kind);
            }
        }
        let mut noted = BTreeSet::new();
        let mut ahead = vec!["Query".to_owned()];
        let mut met = BTreeSet::new();
        while let Some(name) = ahead.pop() {
            let Some(kind) = types.get(&name).filter(|_| met.insert(name.clone())) else {
                continue;
            };
            if let TypeKind::Union(union) = kind {
                ahead.extend(union.members.iter().map(|member| member.node.to_string()));
            }
            for field in fields_of(kind) {
                let field = &field.node;
                let place = format!("{name}.{}", field.name.node);
                if name == "Query" && !is_settled(&field.name.node) {
                    continue;
                }
                let target = field.ty.node.to_string().replace(['[', ']', '!'], "");
                if NOTED.contains(&place.as_str()) {
                    noted.insert(place);
                } else {
                    assert!(!TOLD.contains(&target.as_str()), "{place} is not noted");
                }
                if target != "NodeInfo" && target != "ReplicationStatus" {
                    ahead.push(target);
                }
            }
        }
        assert_eq!(noted.len(), NOTED.len(), "{noted:?} are there");
        for name in UNSETTLED {
            assert!(types.contains_key(name), "{name} is no type any more");
            assert!(!met.contains(name), "{name} is in answers that are kept");
        }
        assert!(met.contains("Innovation") && met.contains("Hub"));
    }

    const STANDING: StandingMark = StandingMark {
        at: 50_000,
        digest: 9,
    };

    #[track_caller]
    fn check(beside: Beside, expected: bool) {
        let index = Some(Mark {
            position: 7,
            at: 70,
        });
        let now = Now {
            position: 7,
            index,
            standing: Some(STANDING),
            at: datetime!(2026-11-26 00:00:01 +07:00),
        };
        assert_eq!(beside.is_so(&now), expected, "{beside:?}");
        if beside.standing.is_some() {
            let unknown = Now {
                standing: None,
                ..now
            };
            assert!(!beside.is_so(&unknown), "what is not known is not told");
        }
    }

    #[test]
    fn an_answer_is_so_while_all_holds_on_which_it_depends() {
        let nothing = Beside::default();
        check(nothing, true);
        let is_unsettled = true;
        check(
            Beside {
                is_unsettled,
                ..nothing
            },
            false,
        );
        for (day, expected) in [(25, true), (26, false)] {
            let day = Date::from_calendar_date(2026, time::Month::November, day).ok();
            check(Beside { day, ..nothing }, expected);
        }
        for (position, expected) in [(6, false), (7, true), (8, false)] {
            let columns = Some(position);
            check(Beside { columns, ..nothing }, expected);
        }
        for (position, at, expected) in [
            (6, 70, false),
            (7, 69, false),
            (7, 70, true),
            (8, 70, false),
        ] {
            let index = Some(Mark { position, at });
            check(Beside { index, ..nothing }, expected);
        }
        let index = Some(Mark {
            position: 7,
            at: 70,
        });
        let is_so = |index_now| {
            let now = Now {
                position: 7,
                index: index_now,
                standing: None,
                at: OffsetDateTime::UNIX_EPOCH,
            };
            Beside { index, ..nothing }.is_so(&now)
        };
        assert!(
            is_so(index) && !is_so(None),
            "an index that is not open answers nothing"
        );
        let mut both = nothing;
        both.note_index(Mark {
            position: 7,
            at: 70,
        });
        check(both, true);
        both.note_index(Mark {
            position: 7,
            at: 71,
        });
        check(both, false);
        for (at, digest, expected) in [
            (50_000, 9, true),
            (40_001, 9, true),
            (40_000, 9, false),
            (50_001, 9, false),
            (50_000, 8, false),
        ] {
            let standing = Some(StandingMark { at, digest });
            check(
                Beside {
                    standing,
                    ..nothing
                },
                expected,
            );
        }
    }
}
