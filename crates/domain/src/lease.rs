//! How several processes of one hub share its work: who holds what, for how long, and who gives what to whom.
//!
//! A process holds a lease for each peer that it pulls. It renews them while it runs and gives them back when it ends; of a
//! process that was killed they lapse, and another takes them. Each process takes no more than its share, which is all
//! peers by all processes, rounded up, and gives back what it holds beyond. So a process that comes gets its share from the
//! others, and once all hold no more than theirs, nothing moves until a process or a peer comes or goes.
//!
//! Not here: the leases themselves (`storage::leases`), and the pulling (`node::tasks`).

use std::time::Duration;

use uuid::Uuid;

/// How long a lease lasts after it was taken or renewed.
pub const LASTS: Duration = Duration::from_secs(10);
/// How often a holder renews.
pub const RENEWED_EVERY: Duration = Duration::from_secs(3);

/// Says whether leases are to be renewed that were renewed so long ago.
pub fn is_due(since_renewed: Duration) -> bool {
    since_renewed >= RENEWED_EVERY
}

/// Says whether leases that were renewed so long ago must count as lost, whatever became of them. The time counts from
/// before the renewing was asked for, so this comes before they lapse.
pub fn is_lost(since_renewed: Duration) -> bool {
    since_renewed >= LASTS
}

/// A peer, and who pulls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// The peer's row.
    pub peer: i64,
    /// The process that pulls it, if one does.
    pub holder: Option<Uuid>,
    /// The process that asked to pull it, if one did.
    pub asker: Option<Uuid>,
}

/// What a process is to do so that it has its share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves {
    /// The peers to give to whoever asked, or to nobody.
    pub give: Vec<i64>,
    /// The peers to take.
    pub take: Vec<i64>,
}

/// Decides what a process gives and takes, where so many processes run. What others ask for is always given.
pub fn balance(process: Uuid, seats: &[Seat], processes: usize) -> Moves {
    let share = seats.len().div_ceil(processes.max(1));
    let mut moves = Moves::default();
    let mut kept = Vec::new();
    for seat in seats.iter().filter(|seat| seat.holder == Some(process)) {
        match seat.asker {
            Some(_) => moves.give.push(seat.peer),
            None => kept.push(seat.peer),
        }
    }
    if kept.len() > share {
        moves.give.extend(kept.split_off(share));
    }
    let free = seats.iter().filter(|seat| seat.holder.is_none());
    moves.take = free
        .take(share - kept.len())
        .map(|seat| seat.peer)
        .collect();
    moves
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    /// Peers from 1 on: `m` is mine, `o` another's, `.` nobody's; `M` and `O` are asked for.
    fn seats(drawn: &str) -> Vec<Seat> {
        let seat = |(peer, holder): (i64, char)| Seat {
            peer,
            holder: match holder.to_ascii_lowercase() {
                'm' => Some(ME),
                'o' => Some(OTHER),
                _ => None,
            },
            asker: holder.is_ascii_uppercase().then_some(Uuid::from_u128(3)),
        };
        (1..).zip(drawn.chars()).map(seat).collect()
    }

    #[test]
    fn everybody_gets_a_share_and_then_nothing_moves() {
        let check = |drawn: &str, processes, give: &[i64], take: &[i64]| {
            let expected = Moves {
                give: give.to_vec(),
                take: take.to_vec(),
            };
            let moves = balance(ME, &seats(drawn), processes);
            assert_eq!(moves, expected, "{drawn} among {processes}");
        };
        // Alone: all, and what comes up.
        check("", 1, &[], &[]);
        check("....", 1, &[], &[1, 2, 3, 4]);
        check("m.m", 1, &[], &[2]);
        check("mmmm", 1, &[], &[]);
        // Another came: half of them go, and it takes them.
        check("mmmm", 2, &[3, 4], &[]);
        check("oo..", 2, &[], &[3, 4]);
        check("mmoo", 2, &[], &[]);
        // An odd one stays where it is.
        check("mmo", 2, &[], &[]);
        check("moo", 2, &[], &[]);
        check("m", 2, &[], &[]);
        check("o", 2, &[], &[]);
        // No more than a share is taken, though more is free.
        check(".....", 2, &[], &[1, 2, 3]);
        check("mm.oo", 2, &[], &[3]);
        check("mm..", 2, &[], &[]);
        // More processes than peers.
        check("mm", 3, &[2], &[]);
        check("o.", 3, &[], &[2]);
        // The other ended or was killed.
        check("mm..", 1, &[], &[3, 4]);
        check("mmoo", 1, &[], &[]);
        // Nobody is counted yet.
        check("..", 0, &[], &[1, 2]);
        // Somebody asks.
        check("Mm", 1, &[1], &[]);
        check("mMmm", 2, &[2, 4], &[]);
        check("mOo", 2, &[], &[]);
        check("M.", 1, &[1], &[2]);
    }

    /// Whatever the processes hold, in whatever order they act, all peers come to be pulled, evenly, and then all rests.
    #[test]
    fn any_start_comes_to_rest() {
        let processes: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();
        for start in 0..4_usize.pow(5) {
            let mut seats: Vec<Seat> = (0..5)
                .map(|peer| Seat {
                    peer,
                    holder: processes
                        .get(start / 4_usize.pow(u32::try_from(peer).unwrap()) % 4)
                        .copied(),
                    asker: None,
                })
                .collect();
            let mut moved = true;
            for turn in 0.. {
                if !std::mem::take(&mut moved) {
                    break;
                }
                assert!(turn < 4, "start {start} does not come to rest");
                for process in &processes {
                    let moves = balance(*process, &seats, processes.len());
                    moved |= moves != Moves::default();
                    for seat in &mut seats {
                        if moves.give.contains(&seat.peer) {
                            seat.holder = None;
                        }
                        if moves.take.contains(&seat.peer) {
                            seat.holder = Some(*process);
                        }
                    }
                }
            }
            let held = |process: &Uuid| seats.iter().filter(|s| s.holder == Some(*process)).count();
            let counts: Vec<usize> = processes.iter().map(held).collect();
            assert_eq!(counts.iter().sum::<usize>(), 5, "start {start}");
            assert!(counts.iter().all(|count| *count <= 2), "start {start}");
        }
    }

    #[test]
    fn leases_are_renewed_in_time_and_given_up_before_they_lapse() {
        let check = |millis, due, lost| {
            let since = Duration::from_millis(millis);
            assert_eq!((is_due(since), is_lost(since)), (due, lost), "{millis}");
        };
        check(0, false, false);
        check(2_999, false, false);
        check(3_000, true, false);
        check(9_999, true, false);
        check(10_000, true, true);
    }
}
