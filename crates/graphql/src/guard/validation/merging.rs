//! How much there is to compare where fields with one key come together, counted before it is compared.
//!
//! The library compares what is selected of an interface once with each object type that is selected beside it, and again
//! one level deeper with each of those. So what is compared multiplies with every level at which a field of an interface
//! has fields of its own: ten levels in two kilobytes of text took a second. Elsewhere it grows with the text alone.

use std::collections::{HashMap, HashSet};

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::{ExecutableDocument, Name, Schema};

/// An upper bound of the selections that are compared. Fragments in a circle must have been refused.
pub(super) fn compared(schema: &Schema, document: &ExecutableDocument, selections: usize) -> usize {
    let mut meter = Meter {
        schema,
        document,
        fragments: HashMap::new(),
        objects: HashSet::new(),
    };
    let operations = document.operations.iter();
    let levels = operations.map(|operation| meter.levels(&operation.selection_set));
    let levels = levels.max().unwrap_or_default();
    let levels = u32::try_from(levels).unwrap_or(u32::MAX);
    let ways = meter.objects.len().max(1).saturating_pow(levels);
    selections.saturating_mul(ways)
}

struct Meter<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    /// The levels below each fragment that was seen.
    fragments: HashMap<&'a Name, usize>,
    /// The object types of which something is selected.
    objects: HashSet<&'a Name>,
}

impl<'a> Meter<'a> {
    /// The most levels inside one another at which a field of an interface has fields of its own.
    fn levels(&mut self, set: &'a SelectionSet) -> usize {
        let is_interface = match self.schema.types.get(&set.ty) {
            Some(ExtendedType::Object(_)) => {
                self.objects.insert(&set.ty);
                false
            }
            found => found.is_some_and(ExtendedType::is_interface),
        };
        let mut most = 0;
        for selection in &set.selections {
            let levels = match selection {
                Selection::Field(field) if field.selection_set.is_empty() => 0,
                Selection::Field(field) => {
                    usize::from(is_interface) + self.levels(&field.selection_set)
                }
                Selection::InlineFragment(inline) => self.levels(&inline.selection_set),
                Selection::FragmentSpread(spread) => self.fragment(&spread.fragment_name),
            };
            most = most.max(levels);
        }
        most
    }

    fn fragment(&mut self, name: &'a Name) -> usize {
        if let Some(levels) = self.fragments.get(name) {
            return *levels;
        }
        let fragment = self.document.fragments.get(name);
        let levels = fragment.map_or(0, |fragment| self.levels(&fragment.selection_set));
        self.fragments.insert(name, levels);
        levels
    }
}
