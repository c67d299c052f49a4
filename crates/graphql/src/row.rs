//! Objects whose fields are at hand: resolved without a resolver for each.
//!
//! A chart has hundreds of rows of two or three numbers, and a page of hits as many stretches of text. What each row says is
//! known, so a list of [`Rows`] looks once which of its fields are asked for, and then only writes them down. `row!` makes such
//! an object; [`AtOnce`] is one by itself. Larger objects are a [`Row`] of what lists show of them. What this does not cover
//! (fragments, directives, any other field) goes the usual way, by the object's own resolvers.

use std::borrow::Cow;

use async_graphql::indexmap::IndexMap;
use async_graphql::parser::types::{Field, SelectionSet};
use async_graphql::registry::Registry;
use async_graphql::resolver_utils::ContainerType;
use async_graphql::{
    ContextSelectionSet, ID, InputType, Name, OutputType, Positioned, ServerResult, Value,
};
use domain::catalog::Vocabulary;

use crate::in_place::{InPlace, plain_fields};
use crate::regions::Region;
use crate::scalars::{DateTime, HubId, Long, PartialDate, RegionCode};
use crate::vocabulary::Term;

/// What a field of a row may hold.
pub(crate) trait AtHand {
    /// The value for a field that asks for it, if nothing must be looked up for that.
    fn value(&self, field: &Field) -> Option<Value>;
}

/// An object whose fields are at hand, or many of them.
pub(crate) trait Row: ContainerType {
    /// The names of those fields, as the schema has them but with words apart: `median_days`.
    const FIELDS: &'static [&'static str];

    /// The value of a field by its number among those.
    fn field(&self, nth: usize, field: &Field) -> Option<Value>;

    /// The object for a field that asks for nothing else.
    fn at_once(&self, field: &Field) -> Option<Value>
    where
        Self: Sized,
    {
        object(self, &asked::<Self>(&field.selection_set.node)?)
    }
}

/// The fields that are asked for of a row, by their numbers.
type Asked<'a> = Vec<(Name, usize, &'a Field)>;

/// Which fields are asked for, if they are nothing but fields of a row.
fn asked<R: Row>(set: &SelectionSet) -> Option<Asked<'_>> {
    let number = |field: &'_ Positioned<Field>| {
        let name = field.node.name.node.as_str();
        R::FIELDS.iter().position(|words| is_name(words, name))
    };
    let fields = plain_fields(set)?.into_iter();
    fields
        .map(|field| {
            let key = field.node.response_key().node.clone();
            Some((key, number(field)?, &field.node))
        })
        .collect()
}

/// Whether a name of the schema is that of words apart: `medianDays` of `median_days`.
fn is_name(words: &str, name: &str) -> bool {
    let mut is_first = false;
    let mut name = name.bytes();
    for byte in words.bytes() {
        if byte == b'_' {
            is_first = true;
            continue;
        }
        let expected = if std::mem::take(&mut is_first) {
            byte.to_ascii_uppercase()
        } else {
            byte
        };
        if name.next() != Some(expected) {
            return false;
        }
    }
    name.next().is_none()
}

fn object<R: Row>(row: &R, asked: &Asked<'_>) -> Option<Value> {
    let mut values = IndexMap::with_capacity(asked.len());
    for (key, nth, field) in asked {
        values.insert(key.clone(), row.field(*nth, field)?);
    }
    Some(Value::Object(values))
}

/// A row by itself.
pub(crate) struct AtOnce<R>(pub(crate) R);

impl<R: Row + Sync> OutputType for AtOnce<R> {
    fn type_name() -> Cow<'static, str> {
        R::type_name()
    }

    fn qualified_type_name() -> String {
        R::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        R::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        let asked = asked::<R>(&ctx.item.node);
        match asked.and_then(|asked| object(&self.0, &asked)) {
            Some(value) => Ok(value),
            None => self.0.resolve(ctx, field).await,
        }
    }
}

/// A list of rows.
pub(crate) struct Rows<R>(pub(crate) Vec<R>);

impl<R> FromIterator<R> for Rows<R> {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        Self(rows.into_iter().collect())
    }
}

impl<R: Row> Rows<R> {
    fn at_once(&self, set: &SelectionSet) -> Option<Value> {
        let asked = asked::<R>(set)?;
        let rows = self.0.iter().map(|row| object(row, &asked));
        rows.collect::<Option<_>>().map(Value::List)
    }
}

impl<R: Row + Sync> OutputType for Rows<R> {
    fn type_name() -> Cow<'static, str> {
        Vec::<R>::type_name()
    }

    fn qualified_type_name() -> String {
        Vec::<R>::qualified_type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Vec::<R>::create_type_info(registry)
    }

    async fn resolve(
        &self,
        ctx: &ContextSelectionSet<'_>,
        field: &Positioned<Field>,
    ) -> ServerResult<Value> {
        if let Some(value) = self.at_once(&ctx.item.node) {
            return Ok(value);
        }
        // Together, so that loaders see at once what all rows ask for.
        let rows: Vec<InPlace<&R>> = self.0.iter().map(InPlace).collect();
        rows.resolve(ctx, field).await
    }
}

impl<R: Row> AtHand for Rows<R> {
    fn value(&self, field: &Field) -> Option<Value> {
        self.at_once(&field.selection_set.node)
    }
}

impl<R: Row> AtHand for AtOnce<R> {
    fn value(&self, field: &Field) -> Option<Value> {
        self.0.at_once(field)
    }
}

impl<R: Row> AtHand for InPlace<R> {
    fn value(&self, field: &Field) -> Option<Value> {
        self.0.at_once(field)
    }
}

impl<T: AtHand> AtHand for Option<T> {
    fn value(&self, field: &Field) -> Option<Value> {
        match self {
            Some(held) => held.value(field),
            None => Some(Value::Null),
        }
    }
}

/// A region has fields of its own, which are seldom asked for.
impl AtHand for Region {
    fn value(&self, _: &Field) -> Option<Value> {
        None
    }
}

impl<V: Vocabulary + Send + Sync> AtHand for Term<V> {
    fn value(&self, _: &Field) -> Option<Value> {
        Some(InputType::to_value(self))
    }
}

impl AtHand for &str {
    fn value(&self, _: &Field) -> Option<Value> {
        Some(Value::from(*self))
    }
}

macro_rules! leaves {
    ($($leaf:ty),+ $(,)?) => {
        $(impl AtHand for $leaf {
            fn value(&self, _: &Field) -> Option<Value> {
                Some(InputType::to_value(self))
            }
        })+
    };
}

leaves!(
    bool,
    u8,
    u16,
    i32,
    f64,
    String,
    ID,
    DateTime,
    HubId,
    Long,
    PartialDate,
    RegionCode
);

/// Makes an object whose fields are at hand.
macro_rules! row {
    ($(#[$about:meta])* $seen:vis struct $name:ident {
        $($(#[$of_field:meta])* $field_seen:vis $field:ident: $holds:ty,)+
    }) => {
        $(#[$about])*
        #[derive(async_graphql::SimpleObject)]
        #[graphql(serial)]
        $seen struct $name {
            $($(#[$of_field])* $field_seen $field: $holds,)+
        }

        impl $crate::row::Row for $name {
            const FIELDS: &'static [&'static str] = &[$(stringify!($field)),+];

            fn field(
                &self,
                nth: usize,
                field: &async_graphql::parser::types::Field,
            ) -> Option<async_graphql::Value> {
                let mut number = 0;
                $(
                    if nth == number {
                        return $crate::row::AtHand::value(&self.$field, field);
                    }
                    number += 1;
                )+
                let _ = number;
                None
            }
        }
    };
}
pub(crate) use row;

#[cfg(test)]
mod tests {
    use async_graphql::{EmptyMutation, EmptySubscription, Object, Schema};

    use super::*;

    row! {
        /// A pair.
        struct Pair {
            /// One.
            first_one: Long,
            /// Another.
            other: &'static str,
            /// Where.
            place: Option<Region>,
            /// More of them.
            more: Rows<Leaf>,
        }
    }

    row! {
        /// A leaf.
        struct Leaf {
            /// Its number.
            number: Option<u16>,
        }
    }

    fn pairs() -> Vec<Pair> {
        let leaf = |number: Option<u16>| Leaf { number };
        let code = domain::catalog::RegionCode::parse("33").unwrap();
        let pair = |number: u64, other: &'static str, place| Pair {
            first_one: Long(number),
            other,
            place,
            more: [leaf(Some(1)), leaf(None)].into_iter().collect(),
        };
        vec![pair(1, "satu", None), pair(2, "dua", Region::find(code))]
    }

    struct Query;

    #[Object]
    impl Query {
        async fn usual(&self) -> Vec<Pair> {
            pairs()
        }

        async fn rows(&self) -> Rows<Pair> {
            pairs().into_iter().collect()
        }

        async fn one(&self) -> AtOnce<Pair> {
            AtOnce(pairs().remove(0))
        }

        async fn usual_one(&self) -> Pair {
            pairs().remove(0)
        }
    }

    #[tokio::test]
    async fn rows_are_what_their_resolvers_make_of_them() {
        let schema = Schema::new(Query, EmptyMutation, EmptySubscription);
        for (set, is_at_once) in [
            ("{ firstOne other }", true),
            ("{ a: firstOne b: firstOne more { number } }", true),
            ("{ more { n: number m: number } other }", true),
            ("{ place { code name } }", false),
            ("{ __typename other }", false),
            ("{ ... on Pair { other } firstOne }", false),
            ("{ other @skip(if: true) firstOne }", false),
            ("{ more { number @include(if: false) } }", false),
            ("{ other other more { number number } }", false),
        ] {
            let document = async_graphql::parser::parse_query(format!("{{ rows {set} }}")).unwrap();
            let operation = document.operations.iter().next().unwrap().1;
            let rows = &operation.node.selection_set.node.items[0].node;
            let async_graphql::parser::types::Selection::Field(rows) = rows else {
                unreachable!("the query has one field")
            };
            let all: Rows<Pair> = pairs().into_iter().collect();
            let at_once = all.at_once(&rows.node.selection_set.node);
            assert_eq!(at_once.is_some(), is_at_once, "{set}");
            let query = format!("{{ usual {set} rows {set} one {set} usualOne {set} }}");
            let answer = schema.execute(&query).await;
            assert_eq!(answer.errors, [], "{set}");
            let told = answer.data.into_json().unwrap();
            assert_eq!(told["rows"].to_string(), told["usual"].to_string(), "{set}");
            assert_eq!(
                told["one"].to_string(),
                told["usualOne"].to_string(),
                "{set}"
            );
        }
    }

    #[test]
    fn names_are_compared_as_the_schema_writes_them() {
        for (words, name, expected) in [
            ("median_days", "medianDays", true),
            ("median_days", "median_days", false),
            ("median_days", "medianDay", false),
            ("median_days", "medianDaysOf", false),
            ("stays", "stays", true),
            ("stays", "Stays", false),
        ] {
            assert_eq!(is_name(words, name), expected, "{words} {name}");
        }
    }
}
