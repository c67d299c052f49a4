//! What becomes of an entry of this hub that stood in a history which does not count.

use crate::entry::{Change, Header, Kind, Operation, Payload};
use crate::rules::Rule;

use super::Deletion;

/// An entry that was set aside, and what is known of its record.
#[derive(Clone, Copy, Debug)]
pub struct Aside<'a> {
    /// The entry's header.
    pub header: &'a Header,
    /// Its payload, if it is held.
    pub payload: Option<&'a str>,
    /// A peer held it, so the network has seen it.
    pub is_of_branch: bool,
    /// The lowest and the highest revision of the record among what was set aside of the same history.
    pub revisions: (u64, u64),
    /// The record's newest revision in the hub's logs, 0 if there is none.
    pub newest: u64,
    /// Whether those say that the record is gone.
    pub deletion: Deletion,
    /// The entry is a word on a member of the network, and since the two histories part another record of the hub's has
    /// spoken of that member.
    pub has_word_since: bool,
    /// It says more in favour of that member than what is said now.
    pub opens: bool,
}

/// What becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is said again, as the next revision of its record.
    Issue(Change),
    /// It need not be, or cannot be; the word says why.
    Not(&'static str),
    /// Both histories changed the record: what is shown stays.
    Conflict,
}

impl Aside<'_> {
    /// Nothing of the record has to be said again, because it is deleted.
    fn is_gone(&self) -> bool {
        let is_put = matches!(self.header.operation, Operation::Put { .. });
        let is_gone = match self.deletion {
            Deletion::None => false,
            Deletion::Overlooked(_) => is_put,
            Deletion::Stands => true,
        };
        is_gone && Rule::DeletedStaysDeleted.holds()
    }

    /// The last word on a member counts, whichever record says it: said again, an older one would open a key that was closed.
    /// Which of two was the last, nobody knows if the hub wrote one of them unaware of the other: then what closes is said again,
    /// and what opens is not.
    fn is_outspoken(&self) -> bool {
        if self.is_of_branch {
            return self.has_word_since && Rule::WordSinceStays.holds();
        }
        let is_said_otherwise = self.has_word_since || self.newest >= self.revisions.0;
        self.opens && is_said_otherwise && Rule::NothingOpened.holds()
    }
}

impl Again {
    /// Decides. Nothing comes back that was deleted in either history.
    pub fn of(aside: &Aside<'_>) -> Self {
        let Aside { header, .. } = aside;
        if header.kind.as_str() == Kind::EPOCH {
            return Self::Not("opening");
        }
        let (first, last) = aside.revisions;
        match (&header.operation, aside.payload) {
            _ if aside.is_gone() => Self::Not("deleted"),
            (Operation::Delete { reason }, _) => Self::Issue(Change::Delete(*reason)),
            // Within its history it was superseded, or no supplier had it so far.
            (Operation::Put { .. }, None) if last > header.revision => Self::Not("superseded"),
            (Operation::Put { .. }, None) => Self::Not("missing"),
            // What is shown here is older than the other history, or was changed in both.
            (Operation::Put { .. }, Some(text))
                if aside.is_of_branch && aside.newest >= first || aside.is_outspoken() =>
            {
                match Payload::parse(text) {
                    Ok(_) => Self::Conflict,
                    Err(_) => Self::Not("unreadable"),
                }
            }
            (Operation::Put { .. }, Some(text)) => match Payload::parse(text) {
                Ok(payload) => Self::Issue(Change::Put(payload.body().to_owned())),
                Err(_) => Self::Not("unreadable"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::DeletionReason;

    fn header(kind: &str, operation: &str, revision: u64) -> Header {
        let text = format!(
            r#"{{"v":1,"record":"019c0000-0000-7000-8000-000000000001","revision":{revision},"kind":"{kind}","audience":"public","at":"2026-02-03T04:05:06Z",{operation}}}"#
        );
        Header::parse(&text).unwrap()
    }

    const PAYLOAD: &str = r#"{"salt":"AAAAAAAAAAAAAAAAAAAAAA==","schema":1,"body":{"n":1}}"#;
    const DELETE: &str = r#""op":"delete","reason":"erasure""#;

    fn put() -> String {
        let hash = crate::log::Hash::of(PAYLOAD.as_bytes());
        format!(r#""op":"put","payload":"{hash}","size":{}"#, PAYLOAD.len())
    }

    #[test]
    fn what_was_set_aside_is_issued_again_unless_it_is_settled() {
        let put = header("innovation", &put(), 3);
        let aside = Aside {
            header: &put,
            payload: Some(PAYLOAD),
            is_of_branch: false,
            revisions: (3, 3),
            newest: 2,
            deletion: Deletion::None,
            has_word_since: false,
            opens: false,
        };
        let check = |aside: Aside<'_>, expected: Again| assert_eq!(Again::of(&aside), expected);
        let issued = Again::Issue(Change::Put(r#"{"n":1}"#.to_owned()));
        check(aside, issued.clone());
        let newest = 7;
        check(Aside { newest, ..aside }, issued.clone());
        let is_of_branch = true;
        let branch = Aside {
            is_of_branch,
            ..aside
        };
        check(branch, issued);
        check(Aside { newest, ..branch }, Again::Conflict);
        let has_word_since = true;
        let outspoken = Aside {
            has_word_since,
            ..branch
        };
        check(outspoken, Again::Conflict);
        let is_of_branch = false;
        let ours = Aside {
            is_of_branch,
            ..outspoken
        };
        check(ours, Again::Issue(Change::Put(r#"{"n":1}"#.to_owned())));
        let opens = true;
        check(Aside { opens, ..ours }, Again::Conflict);
        for deletion in [Deletion::Stands, Deletion::Overlooked(0)] {
            let gone = Aside { deletion, ..aside };
            check(gone, Again::Not("deleted"));
        }
        let payload = None;
        check(Aside { payload, ..aside }, Again::Not("missing"));
        let revisions = (3, 4);
        let older = Aside {
            payload,
            revisions,
            ..aside
        };
        check(older, Again::Not("superseded"));
        let payload = Some("?");
        check(Aside { payload, ..aside }, Again::Not("unreadable"));
    }

    #[test]
    fn a_deletion_is_issued_again_whatever_was_said_since() {
        let delete = header("innovation", DELETE, 3);
        let aside = Aside {
            header: &delete,
            payload: None,
            is_of_branch: true,
            revisions: (3, 3),
            newest: 9,
            deletion: Deletion::None,
            has_word_since: false,
            opens: false,
        };
        let again = Again::Issue(Change::Delete(DeletionReason::Erasure));
        assert_eq!(Again::of(&aside), again);
        let deletion = Deletion::Overlooked(0);
        assert_eq!(Again::of(&Aside { deletion, ..aside }), again);
        let deletion = Deletion::Stands;
        let gone = Again::Not("deleted");
        assert_eq!(Again::of(&Aside { deletion, ..aside }), gone);
        let opening = header(Kind::EPOCH, &put(), 1);
        let header = &opening;
        assert_eq!(Again::of(&Aside { header, ..aside }), Again::Not("opening"));
    }
}
