//! Whether a record is gone, by all that its hub's logs say of it.
//!
//! Of several logs of a hub the latest that has a record speaks of it. A hub that was put back may have deleted a record in an
//! earlier log while a later one, of which it did not know, says more of it: then the record would come back.

use crate::entry::{Header, Operation};

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is there, or was never spoken of.
    None,
    /// It is shown, though an earlier log deletes it: the entry with this number. The hub has to say so again.
    Overlooked(usize),
    /// It is gone.
    Stands,
}

impl Deletion {
    /// Looks at all entries of one record, each with the number of its log in the order of epochs.
    ///
    /// Whoever says more of a record takes the next revision, so who knew of a deletion goes on above it. What begins lower
    /// was said by who did not know. So may have been what begins above, if the deletion's revision was also
    /// given to something else: then the record is gone, rather than back.
    pub fn of(said: &[(usize, &Header)]) -> Self {
        let last = said.iter().enumerate();
        let last = last.max_by_key(|(place, (log, header))| {
            (*log, header.revision, std::cmp::Reverse(*place))
        });
        let Some((_, (last_log, last))) = last else {
            return Self::None;
        };
        if is_deletion(last) {
            return Self::Stands;
        }
        let overlooked = said.iter().position(|(log, header)| {
            let of_others = said.iter().filter(|(other, _)| other != log);
            let mut is_unaware = of_others.map(|(other, other_header)| {
                let is_same =
                    other_header.revision == header.revision && !is_deletion(other_header);
                is_same || other > log && other_header.revision < header.revision
            });
            log < last_log && is_deletion(header) && is_unaware.any(|is_unaware| is_unaware)
        });
        overlooked.map_or(Self::None, Self::Overlooked)
    }
}

fn is_deletion(header: &Header) -> bool {
    matches!(header.operation, Operation::Delete { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Entries such as `0:1 0:2- 1:2`: the log and the revision, `-` for a deletion.
    fn deletion(text: &str) -> Deletion {
        let entry = |word: &str| {
            let (log, revision) = word.split_once(':').unwrap();
            let operation = if word.ends_with('-') {
                r#""op":"delete","reason":"erasure""#.to_owned()
            } else {
                let hash = crate::log::Hash::of(b"{}");
                format!(r#""op":"put","payload":"{hash}","size":2"#)
            };
            let header = format!(
                r#"{{"v":1,"record":"019c0000-0000-7000-8000-000000000001","revision":{},"kind":"innovation",{operation},"audience":"public","at":"2026-02-03T04:05:06Z"}}"#,
                revision.trim_end_matches('-')
            );
            (log.parse().unwrap(), Header::parse(&header).unwrap())
        };
        let said: Vec<(usize, Header)> = text.split_whitespace().map(entry).collect();
        let said: Vec<_> = said.iter().map(|(log, header)| (*log, header)).collect();
        Deletion::of(&said)
    }

    #[test]
    fn a_deletion_of_which_a_later_log_did_not_know_is_overlooked() {
        let cases = [
            ("", Deletion::None),
            ("0:1 0:2", Deletion::None),
            ("0:1 0:2-", Deletion::Stands),
            ("0:1 1:2-", Deletion::Stands),
            ("0:1 0:2- 1:2", Deletion::Overlooked(1)),
            ("0:1 0:2 0:3- 1:2 1:3 1:4", Deletion::Overlooked(2)),
            ("0:1 0:2- 1:2 2:4", Deletion::Overlooked(1)),
            ("0:1 0:2- 1:2 2:4-", Deletion::Stands),
            ("0:1 0:2- 1:2-", Deletion::Stands),
            // What the second revision of the first log was is not known to who went on in the third.
            ("0:1 1:2- 2:3", Deletion::None),
            ("0:1 0:2 1:2- 2:3", Deletion::Overlooked(2)),
            ("0:1 1:2 2:2- 3:3", Deletion::Overlooked(2)),
            ("0:1 0:2 0:3- 1:2", Deletion::Overlooked(2)),
            // Who said it again knew that it had been deleted.
            ("0:1 0:2- 0:3", Deletion::None),
            ("0:1 0:2- 1:3", Deletion::None),
            // What an earlier log says matters no more.
            ("0:1 0:2 0:3 1:2-", Deletion::Stands),
        ];
        for (said, expected) in cases {
            assert_eq!(deletion(said), expected, "{said}");
        }
    }
}
