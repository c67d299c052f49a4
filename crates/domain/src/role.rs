//! Who may do what at this hub.
//!
//! - [`Role`] is what somebody is here; a [`Grant`] gives it, of one agency or of the whole hub.
//! - [`Action`] is everything that not everybody may do; its table says for each role how far it reaches.
//! - [`Rights`] are those of one who asks: [`Rights::permit`] is the only answer to "may they?".
//!
//! Whoever has several roles may do what any of them may. Nobody's rights reach beyond this hub.
//! Not here: how somebody shows who they are (`accounts`), what other hubs may see ([`crate::trust`]).

mod action;
#[cfg(test)]
mod tests;

use std::fmt;

pub use action::{Action, Permit, TokenScope};

use crate::catalog::Vocabulary as _;
use crate::catalog::vocabulary::vocabulary;
use crate::identity::RecordId;

vocabulary! {
    /// What somebody is at this hub.
    Role {
        /// Pembaca: reads what the network reads.
        Reader = "READER",
        /// Penulis: documents what their agency does, and asks and answers for it.
        Contributor = "CONTRIBUTOR",
        /// Kurator: looks at what others wrote, and publishes it for the hub.
        Curator = "CURATOR",
        /// Pembina: keeps the hub's agencies, coaching, awards and assessments.
        Steward = "STEWARD",
        /// Operator: runs the node: peers, keys, accounts; may do all that is done here.
        Operator = "OPERATOR",
    }
}

/// A role that somebody has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Grant {
    role: Role,
    agency: Option<RecordId>,
}

/// Why somebody cannot have a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// A contributor writes for an agency.
    #[error("a CONTRIBUTOR is one of an agency; say which")]
    NoAgency,
    /// The other roles are of the whole hub.
    #[error("{0} is a role of the whole hub, not of an agency")]
    Agency(Role),
}

impl Grant {
    /// A role, of an agency of this hub if it is one that agencies limit.
    ///
    /// # Errors
    /// The role needs an agency and has none, or the other way round.
    pub fn new(role: Role, agency: Option<RecordId>) -> Result<Self, GrantError> {
        match (role, agency) {
            (Role::Contributor, None) => Err(GrantError::NoAgency),
            (Role::Contributor, Some(_)) | (_, None) => Ok(Self { role, agency }),
            (_, Some(_)) => Err(GrantError::Agency(role)),
        }
    }

    /// The role.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The agency to which it is limited.
    pub const fn agency(&self) -> Option<RecordId> {
        self.agency
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.agency {
            Some(agency) => write!(f, "{} of {agency}", self.role),
            None => write!(f, "{}", self.role),
        }
    }
}

/// What somebody may do: the grants of an account, as far as the means by which it asks reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rights {
    grants: Vec<Grant>,
    reach: TokenScope,
    lacks_factor: bool,
}

/// Of whom a hub asks that they show a second factor when they sign in with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum FactorDemand {
    /// Of nobody: whoever wants has one.
    #[default]
    Nobody,
    /// Of operators.
    Operators,
    /// Of everybody.
    Everybody,
}

impl FactorDemand {
    /// Whether it is asked of somebody with these roles.
    pub fn is_of(self, grants: &[Grant]) -> bool {
        match self {
            Self::Nobody => false,
            Self::Operators => grants.iter().any(|grant| grant.role == Role::Operator),
            Self::Everybody => true,
        }
    }
}

/// How far an action reaches for somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// They may not do it.
    Nowhere,
    /// What belongs to these agencies of the hub.
    Agencies(Vec<RecordId>),
    /// All that is the hub's.
    Everywhere,
}

/// Why somebody may not do something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// They have none of the roles.
    #[error("this needs the role {}", or(.0))]
    Role(Vec<Role>),
    /// They have the role for another agency.
    #[error("this belongs to another agency than yours; a {} may do it", or(.0))]
    Agency(Vec<Role>),
    /// The token by which they ask reaches less far than they do.
    #[error("the token reaches no further than {0}; this needs one for {1}")]
    Token(TokenScope, TokenScope),
    /// They signed in without the second factor that the hub asks for.
    #[error(
        "this hub asks for a second factor: set up an app (beginTotp, confirmTotp) or a passkey, and sign in with it; until then you may read"
    )]
    Factor,
}

fn or(roles: &[Role]) -> String {
    let codes: Vec<_> = roles.iter().map(|role| role.code()).collect();
    codes.join(" or ")
}

impl Rights {
    /// Those of somebody who is here in person.
    pub const fn of(grants: Vec<Grant>) -> Self {
        Self {
            grants,
            reach: TokenScope::Manage,
            lacks_factor: false,
        }
    }

    /// Those of an operator.
    pub fn of_operator() -> Self {
        let operator = Grant {
            role: Role::Operator,
            agency: None,
        };
        Self::of(vec![operator])
    }

    /// The same by means of something that reaches only so far.
    #[must_use]
    pub fn within(mut self, reach: TokenScope) -> Self {
        self.reach = self.reach.min(reach);
        self
    }

    /// The same of somebody who signed in without the second factor that the hub asks for: they may read, and set one up.
    #[must_use]
    pub fn without_factor(mut self) -> Self {
        self.lacks_factor = true;
        self.within(TokenScope::Read)
    }

    /// Whether they may do less since the hub asks for a second factor.
    pub const fn lacks_factor(&self) -> bool {
        self.lacks_factor
    }

    /// How far the means reach by which somebody asks.
    pub const fn scope(&self) -> TokenScope {
        self.reach
    }

    /// The roles that they come from.
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// How far an action reaches.
    pub fn reach(&self, action: Action) -> Reach {
        if action.scope() > self.reach {
            return Reach::Nowhere;
        }
        let mut agencies = Vec::new();
        for grant in &self.grants {
            match (action.permit(grant.role), grant.agency) {
                (Permit::Yes, _) => return Reach::Everywhere,
                (Permit::Own, Some(agency)) => agencies.push(agency),
                (Permit::Own, None) | (Permit::No, _) => {}
            }
        }
        if agencies.is_empty() {
            return Reach::Nowhere;
        }
        Reach::Agencies(agencies)
    }

    /// Whether they may do something at all, wherever.
    ///
    /// # Errors
    /// They may do it nowhere.
    pub fn permit_somewhere(&self, action: Action) -> Result<(), Forbidden> {
        match self.reach(action) {
            Reach::Nowhere => Err(self.refusal(action)),
            Reach::Agencies(_) | Reach::Everywhere => Ok(()),
        }
    }

    /// Whether they may do something with what belongs to an agency of the hub, or to none.
    ///
    /// # Errors
    /// They may not.
    pub fn permit(&self, action: Action, agency: Option<RecordId>) -> Result<(), Forbidden> {
        match self.reach(action) {
            Reach::Nowhere => Err(self.refusal(action)),
            Reach::Agencies(agencies) if agency.is_none_or(|it| !agencies.contains(&it)) => {
                Err(Forbidden::Agency(action.roles(Permit::Yes)))
            }
            Reach::Agencies(_) | Reach::Everywhere => Ok(()),
        }
    }

    fn refusal(&self, action: Action) -> Forbidden {
        let scope = action.scope();
        if scope > self.reach && self.lacks_factor {
            return Forbidden::Factor;
        }
        if scope > self.reach {
            return Forbidden::Token(self.reach, scope);
        }
        Forbidden::Role(action.roles(Permit::Own))
    }
}
