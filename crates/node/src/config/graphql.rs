//! What may be asked, and by whom: the section `[graphql]`.

use std::num::NonZeroU32;
use std::path::PathBuf;

use domain::role::Role;
use graphql::Viewer;
use graphql::guard::{Allowed, Limits};
use serde::{Deserialize, Serialize};

use super::uploads::UploadsConfig;

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// Everybody.
    Anyone,
    /// Whoever has an account, and operators.
    Account,
    /// Operators.
    Operator,
    /// Nobody.
    Nobody,
}

impl Who {
    /// Whether somebody is among them.
    pub fn has(self, viewer: &Viewer) -> bool {
        match self {
            Self::Anyone => true,
            Self::Account => matches!(viewer, Viewer::Account(_) | Viewer::Operator),
            Self::Operator => is_operator(viewer),
            Self::Nobody => false,
        }
    }
}

fn is_operator(viewer: &Viewer) -> bool {
    match viewer {
        Viewer::Operator => true,
        Viewer::Account(signed_in) => {
            let mut grants = signed_in.rights.grants().iter();
            grants.any(|grant| grant.role() == Role::Operator)
        }
        Viewer::Anyone | Viewer::Hub(_) => false,
    }
}

/// What may be asked, and by whom: the section `[graphql]` of simpul.toml.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct GraphqlConfig {
    /// Who may ask for the schema by introspection.
    pub introspection: Who,
    /// Who may open GraphiQL.
    pub graphiql: Who,
    /// Who is told what they may have meant by a name that the schema does not have.
    pub suggestions: Who,
    /// Who may ask what stands in no trusted document. Hubs that show who they are always may.
    pub any_document: Who,
    /// Manifests of trusted documents, as a client's build makes them.
    pub trusted_documents: Vec<PathBuf>,
    /// How long a query or mutation may take.
    pub request_seconds: NonZeroU32,
    /// The largest answer, before it is compressed.
    pub answer_bytes: NonZeroU32,
    /// Streams of events (Server-Sent Events) that are open at once.
    pub event_streams: NonZeroU32,
    /// How much one request may ask for.
    pub limits: Limits,
    /// How much may come with one request.
    pub uploads: UploadsConfig,
}

impl Default for GraphqlConfig {
    fn default() -> Self {
        let number = |n| NonZeroU32::new(n).expect("the default is not 0");
        Self {
            introspection: Who::Anyone,
            graphiql: Who::Anyone,
            suggestions: Who::Anyone,
            any_document: Who::Anyone,
            trusted_documents: Vec::new(),
            request_seconds: number(30),
            answer_bytes: number(32 * 1024 * 1024),
            event_streams: number(1_000),
            limits: Limits::default(),
            uploads: UploadsConfig::default(),
        }
    }
}

impl GraphqlConfig {
    /// What somebody may ask beside the data. A hub's program asks what its version asks, and for the schema never.
    pub fn allowed(&self, viewer: &Viewer) -> Allowed {
        Allowed {
            introspection: self.introspection.has(viewer),
            suggestions: self.suggestions.has(viewer),
            any_document: self.any_document.has(viewer) || matches!(viewer, Viewer::Hub(_)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_group_is_part_of_the_one_before() {
        let groups = [Who::Anyone, Who::Account, Who::Operator, Who::Nobody];
        let has = |viewer: &Viewer| groups.map(|who| who.has(viewer));
        assert_eq!(has(&Viewer::Anyone), [true, false, false, false]);
        assert_eq!(has(&Viewer::Operator), [true, true, true, false]);
    }

    #[test]
    fn names_are_those_of_the_settings() {
        let text = "introspection = \"account\"\nany_document = \"nobody\"\n[limits]\naliases = 7";
        let config: GraphqlConfig = toml::from_str(text).unwrap();
        assert_eq!(config.introspection, Who::Account);
        assert_eq!(config.limits.aliases, 7);
        assert!(!config.allowed(&Viewer::Anyone).any_document);
        assert!(toml::from_str::<GraphqlConfig>("introspection = \"all\"").is_err());
    }
}
