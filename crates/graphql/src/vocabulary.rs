//! The vocabularies of the catalog as enums of the public schema: names, terms and descriptions are those of `domain`.

use std::borrow::Cow;

use async_graphql::parser::types::Field;
use async_graphql::registry::{Deprecation, MetaEnumValue, MetaType, MetaTypeId, Registry};
use async_graphql::{
    ContextSelectionSet, Enum, InputType, InputValueError, InputValueResult, Name, OutputType,
    Positioned, ServerResult, Value,
};
use domain::catalog::{self, Vocabulary};
use domain::entry::Audience;
use domain::{audit, role};

/// Who may see a record. That it was written, when, and for whom is told to everybody by its log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub(crate) enum RecordAudience {
    /// The hubs of the network, and their operators.
    Network,
    /// Everybody.
    Public,
}

impl From<RecordAudience> for Audience {
    fn from(audience: RecordAudience) -> Self {
        match audience {
            RecordAudience::Network => Self::Network,
            RecordAudience::Public => Self::Public,
        }
    }
}

impl From<&Audience> for RecordAudience {
    fn from(audience: &Audience) -> Self {
        match audience {
            Audience::Public => Self::Public,
            // Nobody but its origin holds what is for an audience of a newer version.
            Audience::Network | Audience::Other(_) => Self::Network,
        }
    }
}

/// A term of a vocabulary, as a value of the enum that bears the vocabulary's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Term<V>(pub(crate) V);

impl<V> From<V> for Term<V> {
    fn from(term: V) -> Self {
        Self(term)
    }
}

impl<V: Vocabulary> Term<V> {
    /// The term's code.
    pub(crate) fn code(self) -> &'static str {
        self.0.code()
    }

    /// The term's code, for a draft.
    pub(crate) fn to_code(self) -> String {
        self.0.code().to_owned()
    }

    fn describe(registry: &mut Registry) -> MetaType {
        let _ = registry;
        let is_choosable = V::ALL.contains(&V::OTHER);
        let unknown = (!is_choosable).then_some(V::OTHER);
        let terms = V::ALL.iter().copied().chain(unknown);
        let value = |term: V| {
            let value = MetaEnumValue {
                name: term.code().to_owned(),
                description: Some(plain(term.about())),
                deprecation: Deprecation::NoDeprecated,
                visible: None,
                inaccessible: false,
                tags: Vec::new(),
                directive_invocations: Vec::new(),
            };
            (term.code().to_owned(), value)
        };
        MetaType::Enum {
            name: V::NAME.to_owned(),
            description: Some(plain(V::ABOUT)),
            enum_values: terms.map(value).collect(),
            visible: None,
            inaccessible: false,
            tags: Vec::new(),
            rust_typename: Some(std::any::type_name::<Self>()),
            directive_invocations: Vec::new(),
            requires_scopes: Vec::new(),
        }
    }
}

/// A comment as a description: without the marks of links, and without the space that begins each line.
fn plain(comment: &str) -> String {
    let lines: Vec<_> = comment.lines().map(str::trim).collect();
    let text = lines.join("\n").replace("[`", "`").replace("`]", "`");
    text.trim().to_owned()
}

impl<V: Vocabulary + Send + Sync> InputType for Term<V> {
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(V::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_input_type::<Self, _>(MetaTypeId::Enum, Self::describe)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let value = value.unwrap_or_default();
        let code = match &value {
            Value::Enum(name) => name.as_str(),
            Value::String(code) => code.as_str(),
            _ => return Err(InputValueError::expected_type(value)),
        };
        let term = V::find(code).or((code == V::OTHER.code()).then_some(V::OTHER));
        let unknown =
            || InputValueError::custom(format!("enumeration type does not contain value {code:?}"));
        term.map(Self).ok_or_else(unknown)
    }

    fn to_value(&self) -> Value {
        Value::Enum(Name::new(self.0.code()))
    }

    fn as_raw_value(&self) -> Option<&Self::RawValueType> {
        Some(self)
    }
}

impl<V: Vocabulary + Send + Sync> OutputType for Term<V> {
    fn type_name() -> Cow<'static, str> {
        Cow::Borrowed(V::NAME)
    }

    fn create_type_info(registry: &mut Registry) -> String {
        registry.create_output_type::<Self, _>(MetaTypeId::Enum, Self::describe)
    }

    async fn resolve(
        &self,
        _: &ContextSelectionSet<'_>,
        _: &Positioned<Field>,
    ) -> ServerResult<Value> {
        Ok(InputType::to_value(self))
    }
}

/// Declares the enums that bear the names of vocabularies.
macro_rules! terms {
    ($($name:ident),+ $(,)?) => {
        $(pub(crate) type $name = Term<catalog::$name>;)+
    };
}

terms!(
    AdoptionStatus,
    Affair,
    AgencyKind,
    AnswerState,
    AssessmentState,
    AwardBasis,
    CoachingKind,
    CoachingMode,
    CoachingState,
    EvidenceKind,
    Form,
    HubKind,
    HubStatus,
    Initiator,
    InnovationKind,
    LifecycleStage,
    MatchReason,
    NeedState,
    ProgressState,
    PublicationState,
    ReplicationConflict,
    ReplicationScope,
    ReplicationSide,
    ReplicationStanding,
    ReplicationState,
    ServiceUnitKind,
    Sustained,
    ThreadKind,
    ThreadState,
    TransitionAxis,
    TransitionFlaw,
);

pub(crate) type AuditAction = Term<audit::Action>;
pub(crate) type AuditOutcome = Term<audit::Outcome>;
pub(crate) type Role = Term<role::Role>;
pub(crate) type TokenScope = Term<role::TokenScope>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_becomes_a_description() {
        assert_eq!(plain(" One of [`Axis`]\n two.\n"), "One of `Axis`\ntwo.");
        let about = plain(catalog::AdoptionStatus::ABOUT);
        assert!(
            about.starts_with("How far an innovation is in use"),
            "{about}"
        );
    }

    #[test]
    fn only_terms_are_taken() {
        let parse = |code: &str| AdoptionStatus::parse(Some(Value::String(code.to_owned())));
        assert_eq!(
            parse("TRIAL").ok(),
            Some(Term(catalog::AdoptionStatus::Trial))
        );
        assert_eq!(
            parse("OTHER").ok(),
            Some(Term(catalog::AdoptionStatus::Other))
        );
        assert!(parse("trial").is_err() && parse("").is_err());
        assert!(AdoptionStatus::parse(Some(Value::Boolean(true))).is_err());
    }
}
