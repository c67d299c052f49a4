//! Everything that not everybody may do, and who may: the one table.

use std::fmt::Write as _;

use super::Role;
use crate::catalog::Vocabulary as _;
use crate::catalog::vocabulary::vocabulary;

vocabulary! {
    /// How far a token reaches: what it may do of all that its account may.
    TokenScope {
        /// It reads.
        Read = "READ",
        /// It reads and writes what the hub knows.
        Write = "WRITE",
        /// It may do all, also run the node and change accounts.
        Manage = "MANAGE",
    }
}

/// How far an action reaches for a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permit {
    /// Not at all.
    No,
    /// What belongs to the agency of the role.
    Own,
    /// All that is the hub's.
    Yes,
}

/// The letters of the table: `-` not at all, `o` what is of the own agency, `+` all.
const fn permit(letter: u8) -> Permit {
    match letter {
        b'-' => Permit::No,
        b'o' => Permit::Own,
        b'+' => Permit::Yes,
        _ => panic!("a permit is one of - o +"),
    }
}

/// Declares the actions: for each its code, its scope, and how far it reaches for reader, contributor, curator, steward and
/// operator.
macro_rules! actions {
    ($($(#[doc = $doc:expr])* $name:ident = $code:literal $scope:ident $row:literal,)+) => {
        /// Something that not everybody may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action {
            $($(#[doc = $doc])* $name,)+
        }

        impl Action {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// What it is called in messages and documents.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// What it is, as its comment says it.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc, "\n"),*),)+ }
            }

            /// How far a token must reach for it.
            pub const fn scope(self) -> TokenScope {
                match self { $(Self::$name => TokenScope::$scope,)+ }
            }

            const fn row(self) -> &'static [u8; 5] {
                match self { $(Self::$name => $row,)+ }
            }
        }
    };
}

actions! {
    /// Read what is for the network, of all hubs.
    ReadNetwork = "READ_NETWORK" Read b"+++++",
    /// Read what is for this hub alone.
    ReadLocal = "READ_LOCAL" Read b"--+++",
    /// Read drafts, with what was said of them.
    ReadDrafts = "READ_DRAFTS" Read b"-o+-+",
    /// Read what is known of people, and what they agreed to.
    ReadPeople = "READ_PEOPLE" Read b"-o+-+",
    /// Read what this hub hides of discussions, and why.
    ReadHidden = "READ_HIDDEN" Read b"--+++",
    /// Read which hubs hold a record, and why peers cannot be reached.
    ReadReplication = "READ_REPLICATION" Read b"--+-+",
    /// Write drafts and hand them in.
    WriteDrafts = "WRITE_DRAFTS" Write b"-o+-+",
    /// Hand back, verify, publish and withdraw what others wrote.
    Review = "REVIEW" Write b"--+-+",
    /// Publish innovations at once, without anybody who looked at them.
    PublishAtOnce = "PUBLISH_AT_ONCE" Write b"----+",
    /// Bring innovations in from files, with their agencies, as they stand there.
    Import = "IMPORT" Write b"--+-+",
    /// Tell how an innovation goes on: transitions, confirmations, evidence, budgets.
    Document = "DOCUMENT" Write b"-o+-+",
    /// Take innovations over, and answer those who do.
    Replicate = "REPLICATE" Write b"-o+-+",
    /// Say what an agency looks for.
    WriteNeeds = "WRITE_NEEDS" Write b"-o+-+",
    /// Ask and answer in discussions.
    Discuss = "DISCUSS" Write b"-++++",
    /// Hide what others said in discussions, here.
    Moderate = "MODERATE" Write b"--+-+",
    /// Note people, and what they agreed to.
    WritePeople = "WRITE_PEOPLE" Write b"-o+-+",
    /// Register agencies and their service units.
    KeepAgencies = "KEEP_AGENCIES" Write b"---++",
    /// Plan coaching and say how it goes on.
    Coach = "COACH" Write b"---++",
    /// Tell of awards, assessments and endorsements.
    Honour = "HONOUR" Write b"---++",
    /// Add, change and remove accounts, and end their sessions.
    ManageAccounts = "MANAGE_ACCOUNTS" Manage b"----+",
    /// Read what was done here, by whom.
    ReadAudit = "READ_AUDIT" Manage b"----+",
}

impl Action {
    /// How far it reaches for a role.
    pub const fn permit(self, role: Role) -> Permit {
        let row = self.row();
        match role {
            Role::Reader => permit(row[0]),
            Role::Contributor => permit(row[1]),
            Role::Curator => permit(row[2]),
            Role::Steward => permit(row[3]),
            Role::Operator => permit(row[4]),
            Role::Other => Permit::No,
        }
    }

    /// The roles for which it reaches at least so far.
    pub fn roles(self, least: Permit) -> Vec<Role> {
        let reaches = |role: &&Role| self.permit(**role) >= least;
        Role::ALL.iter().filter(reaches).copied().collect()
    }

    /// The whole table in Markdown, as the documents show it.
    pub fn table() -> String {
        let mut table = String::from("| action | token |");
        for role in Role::ALL {
            let _ = write!(table, " {} |", role.code());
        }
        table.push_str("\n| --- | --- |");
        table.push_str(&" --- |".repeat(Role::ALL.len()));
        for action in Self::ALL {
            let about = action.about().trim().trim_end_matches('.');
            let _ = write!(
                table,
                "\n| {about} (`{}`) | {} |",
                action.code(),
                action.scope()
            );
            for role in Role::ALL {
                table.push_str(match action.permit(*role) {
                    Permit::No => " |",
                    Permit::Own => " own agency |",
                    Permit::Yes => " yes |",
                });
            }
        }
        table.push('\n');
        table
    }
}
