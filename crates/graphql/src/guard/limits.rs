//! The bounds that every GraphQL request stays within.

use serde::{Deserialize, Serialize};

/// A bound that is set higher than this program can keep, or to nothing.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name} is {found}; it may be 1 to {most}")]
pub struct LimitError {
    name: &'static str,
    found: usize,
    most: usize,
}

/// How much one GraphQL request may ask for: the section `[graphql.limits]` of simpul.toml. Each bound is the largest value that is
/// still allowed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Tokens of the document's text, counted before it is parsed.
    pub tokens: usize,
    /// Brackets of any kind open at once in the text. The parser calls itself for each, so this bounds its stack.
    pub brackets: usize,
    /// Operations in one document, of which one is executed.
    pub operations: usize,
    /// Fragments that a document defines.
    pub fragments: usize,
    /// Fields, spreads and inline fragments when every spread is replaced by its fragment.
    pub selections: usize,
    /// Selection sets inside one another, fragments followed. async-graphql has a bound of its own, 32, behind this one.
    pub depth: usize,
    /// Fields of the operation itself, fragments followed.
    pub root_fields: usize,
    /// Times that one field appears in the text under an alias.
    pub aliases: usize,
    /// Arguments of one field or directive.
    pub arguments: usize,
    /// Directives in the text.
    pub directives: usize,
    /// Variables that one operation declares.
    pub variables: usize,
    /// Lists and objects inside one another, in a value written in the text.
    pub value_depth: usize,
    /// Values given to arguments when every spread is replaced by its fragment and every variable by its value;
    /// 64 bytes of a long text count as one.
    pub values: usize,
    /// Selections when every spread is replaced by its fragment, times the items of the longest list or object in the text:
    /// what validation may copy, if every field conflicts with one that is given it.
    pub copied: usize,
    /// Selections, times the object types selected at each level of fields that interfaces have: what validation may compare.
    pub compared: usize,
    /// Lists and objects inside one another, in a variable's value.
    pub variable_depth: usize,
    /// Errors told about one refused request.
    pub errors: usize,
    /// Fields inside one another, as async-graphql counts them.
    pub fields_deep: usize,
    /// What the request may cost: fields, times the items of the pages they stand in, and more for what is dear.
    pub complexity: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            tokens: 15_000,
            brackets: 64,
            operations: 20,
            fragments: 100,
            selections: 5_000,
            depth: 32,
            root_fields: 20,
            aliases: 50,
            arguments: 50,
            directives: 64,
            variables: 100,
            value_depth: 16,
            values: 50_000,
            copied: 1_000_000,
            compared: 100_000,
            variable_depth: 32,
            errors: 20,
            fields_deep: 15,
            complexity: 20_000,
        }
    }
}

impl Limits {
    /// Looks whether each bound is one that can be kept. What recurses is bounded by the stack of a thread, for which
    /// the parsers were tried.
    ///
    /// # Errors
    /// The first bound that is nothing, or higher than it may be.
    pub fn check(&self) -> Result<(), LimitError> {
        const MANY: usize = 1_000_000_000;
        let bounds = [
            ("tokens", self.tokens, 1_000_000),
            ("brackets", self.brackets, 64),
            ("operations", self.operations, 10_000),
            ("fragments", self.fragments, 10_000),
            ("selections", self.selections, 1_000_000),
            ("depth", self.depth, 32),
            ("root_fields", self.root_fields, 10_000),
            ("aliases", self.aliases, 10_000),
            ("arguments", self.arguments, 10_000),
            ("directives", self.directives, 10_000),
            ("variables", self.variables, 10_000),
            ("value_depth", self.value_depth, 32),
            ("values", self.values, MANY),
            ("copied", self.copied, MANY),
            ("compared", self.compared, MANY),
            ("variable_depth", self.variable_depth, 32),
            ("errors", self.errors, 1_000),
            ("fields_deep", self.fields_deep, 32),
            ("complexity", self.complexity, MANY),
        ];
        for (name, found, most) in bounds {
            if !(1..=most).contains(&found) {
                return Err(LimitError { name, found, most });
            }
        }
        Ok(())
    }
}
