//! The rules that async-graphql, or the library, leave open; all the others are compared with another implementation in
//! `tests/it/oracle`.

use super::super::{Asked, Guarded, Limits, Refusal};
use async_graphql::Variables;
use serde_json::{Value as Json, json};

const SDL: &str = "
    directive @oneOf on INPUT_OBJECT
    directive @by(name: String, tags: [String!]) repeatable on FIELD | VARIABLE_DEFINITION
    scalar Long
    scalar Any
    scalar Upload
    enum Stage { IDEA TRIAL }
    input Filter { stage: Stage! = IDEA year: Int! tags: [String!] inner: Filter any: Any }
    input Key @oneOf { id: ID name: String }
    interface Node { id: ID! }
    type Dog implements Node { id: ID! name: String barks(loud: Boolean = false): Int! friend: Dog }
    type Cat implements Node { id: ID! name: String! lives: Int! friend: Cat }
    union Pet = Dog | Cat
    type Query {
        node(id: ID!): Node
        pet: Pet
        dog: Dog
        find(filter: Filter, filters: [Filter!], tags: [String!], key: Key): Dog
        number(int: Int!, list: [[Int!]], float: Float, long: Long, any: Any): Int
        keep(file: Upload): Int
    }
    type Mutation { keep(file: Upload!): Int }
    type Subscription { dog: Dog cat: Cat }
";

fn guarded() -> Guarded<()> {
    Guarded::new((), SDL, Limits::default()).expect("the schema is one")
}

fn admitted(query: &str, variables: Json) -> Result<(), Refusal> {
    let asked = Asked {
        query,
        variables: Variables::from_json(variables),
        ..Asked::default()
    };
    guarded().admit_here(asked).map(|_| ())
}

#[track_caller]
fn check_valid(query: &str) {
    let found = admitted(query, json!({ "n": 1, "s": "a" }));
    assert_eq!(found, Ok(()), "{query}");
}

/// The column of each fault, and how its message begins.
#[track_caller]
fn check_faults(query: &str, expected: &[&str]) {
    match admitted(query, json!({})) {
        Err(Refusal::Invalid(faults)) => {
            let told = faults.iter().map(|fault| {
                let at = fault.at.first().expect("a fault has its place");
                format!("{} {}", at.column, fault.message)
            });
            let told: Vec<String> = told.collect();
            let is_same = |(told, expected): (&String, &&str)| told.starts_with(expected);
            let all_same = told.iter().zip(expected).all(is_same);
            assert!(
                told.len() == expected.len() && all_same,
                "{query}: {told:#?}"
            );
        }
        other => panic!("{query}: {other:?}"),
    }
}

#[test]
fn a_type_name_has_no_fields_and_takes_nothing() {
    check_valid(
        "{ __typename dog { __typename } pet { __typename } node(id: 1) { x: __typename } }",
    );
    let scalar =
        "3 Field \"__typename\" must not have a selection since type \"String\" has no subfields";
    check_faults("{ __typename { x } }", &[scalar]);
    let unknown = "14 Unknown argument \"x\" on field \"Query.__typename\".";
    check_faults("{ __typename(x: 1) }", &[unknown]);
    check_faults("{ __typename @no }", &["14 Unknown directive \"@no\"."]);
    check_faults(
        "{ __typename @skip(if: $v) }",
        &["24 Variable \"$v\" is not defined."],
    );
    check_faults(
        "{ x: __typename x: dog { id } }",
        &[
            "17 Fields \"x\" conflict because they return conflicting types \"String! and \"Dog\"",
            "17 Fields \"x\" conflict because \"__typename\" and \"dog\" are different fields",
        ],
    );
}

#[test]
fn a_variable_fits_where_it_stands() {
    check_valid("query($n: Int!) { number(int: $n) }");
    check_valid("query($n: Int = 1) { number(int: $n, list: [[$n]]) }");
    check_faults(
        "query($n: Int) { number(int: $n) }",
        &["25 Variable \"$n\" of type \"Int\" used in position expecting type \"Int!\"."],
    );
    check_faults(
        "query($n: Int = null) { number(int: $n) }",
        &["37 Variable \"$n\" of type \"Int\" used in position expecting type \"Int!\"."],
    );
    check_faults(
        "query($n: Int) { number(int: 1, list: [[$n]]) }",
        &["41 Variable \"$n\" of type \"Int\" used in position expecting type \"Int!\"."],
    );
    check_faults(
        "query($n: Int) { find(filter: {year: $n}) { id } }",
        &["38 Variable \"$n\" of type \"Int\" used in position expecting type \"Int!\"."],
    );
    check_faults(
        "query($n: Int) { find(filters: [{year: 1, inner: {year: $n}}]) { id } }",
        &["57 Variable \"$n\" of type \"Int\" used in position expecting type \"Int!\"."],
    );
    check_faults(
        "query($n: String!) { find(filter: {year: 1, stage: $n}) { id } }",
        &[
            "52 Stage cannot represent value: $n",
            "52 Variable \"$n\" of type \"String!\" used in position expecting type \"Stage!\".",
        ],
    );
    check_faults(
        "query($n: [String]) { find(tags: $n) { id } }",
        &["28 Variable \"$n\" of type \"[String]\" used in position expecting type \"[String!]\"."],
    );
    check_faults(
        "query($n: String) { find(tags: [$n]) { id } }",
        &["33 Variable \"$n\" of type \"String\" used in position expecting type \"String!\"."],
    );
    check_faults(
        "query($n: [Int]) { number(int: 1, list: $n) }",
        &["35 Variable \"$n\" of type \"[Int]\" used in position expecting type \"[[Int!]]\"."],
    );
    check_faults(
        "query($n: String) { dog { id @by(tags: [$n]) } }",
        &["41 Variable \"$n\" of type \"String\" used in position expecting type \"String!\"."],
    );
    check_valid("query($v: Stage) { find(filter: {year: 1, stage: $v}) { id } }");
}

#[test]
fn a_variable_is_declared_wherever_it_stands() {
    check_faults(
        "{ number(int: 1, any: {a: [$n]}) }",
        &["28 Variable \"$n\" is not defined."],
    );
    check_faults(
        "{ number(int: 1, long: [$n]) }",
        &["25 Variable \"$n\" is not defined."],
    );
    check_faults(
        "query A($n: Int!) { ...F } query B { ...F } fragment F on Query { number(int: 1, any: {a: $n}) }",
        &["91 Variable \"$n\" is not defined."],
    );
    check_faults(
        "query($n: Nothing = 1) { number(int: $n) }",
        &[
            "7 Unknown type \"Nothing\".",
            "33 Variable \"$n\" of type \"Nothing\" used in position expecting type \"Int!\".",
        ],
    );
    check_faults(
        "query($n: [Nothing!]) { dog { id } }",
        &[
            "7 Unknown type \"Nothing\".",
            "7 Variable \"$n\" is never used.",
        ],
    );
}

#[test]
fn input_objects_are_whole() {
    check_valid("{ find(filter: {year: 1, any: {a: 1, b: 1}}, key: {id: 1}) { id } }");
    check_valid("query($s: String!) { find(key: {name: $s}) { id } }");
    check_valid("query($s: String = \"a\") { find(key: {name: $s}) { id } }");
    check_faults(
        "{ find(filter: {year: 1, year: 1}) { id } }",
        &["32 There can be only one input field named \"year\"."],
    );
    check_faults(
        "{ number(int: 1, any: {a: 1, a: 1}) }",
        &["33 There can be only one input field named \"a\"."],
    );
    check_faults(
        "query($n: Filter = {year: 1, year: 2}) { find(filter: $n) { id } }",
        &["36 There can be only one input field named \"year\"."],
    );
    check_faults(
        "{ find(filter: {}) { id } }",
        &["16 Field \"Filter.year\" of required type \"Int!\" was not provided."],
    );
    check_faults(
        "{ find(filter: {year: 1, stage: null}) { id } }",
        &["33 Stage cannot represent value: null"],
    );
    check_faults(
        "{ find(filter: {year: 1, yeer: 1}) { id } }",
        &["32 Field \"yeer\" is not defined by type \"Filter\"."],
    );
    check_faults(
        "{ find(key: {}) { id } }",
        &["13 OneOf Input Object \"Key\" must specify exactly one key, and not null."],
    );
    check_faults(
        "{ find(key: {id: null}) { id } }",
        &["13 OneOf Input Object \"Key\" must specify exactly one key, and not null."],
    );
    check_faults(
        "{ find(key: {id: 1, name: \"a\"}) { id } }",
        &["13 OneOf Input Object \"Key\" must specify exactly one key, and not null."],
    );
    check_faults(
        "query($s: String) { find(key: {name: $s}) { id } }",
        &[
            "38 Variable \"$s\" is of type \"String\" but must be non-nullable to be used for OneOf Input Object \"Key\".",
        ],
    );
}

#[test]
fn integers_have_32_bits_unless_a_scalar_of_our_own_has_more() {
    check_valid(
        "{ number(int: 2147483647, long: 2147483648, float: 2147483648, any: 99999999999) }",
    );
    check_faults(
        "{ number(int: 2147483648) }",
        &["15 Int cannot represent non 32-bit signed integer value: 2147483648"],
    );
    check_faults(
        "{ number(int: -2147483649) }",
        &["15 Int cannot represent non 32-bit signed integer value: -2147483649"],
    );
    check_faults(
        "{ number(int: 1, list: [[2147483648]]) }",
        &["26 Int cannot represent non 32-bit signed integer value: 2147483648"],
    );
    check_faults(
        "{ find(filter: {year: 2147483648}) { id } }",
        &["23 Int cannot represent non 32-bit signed integer value: 2147483648"],
    );
    check_faults(
        "query($n: Int = 2147483648) { number(int: 1, list: [[$n]]) }",
        &["17 Int cannot represent non 32-bit signed integer value: 2147483648"],
    );
    let query = "query($n: Int!) { number(int: $n) }";
    let refusal = admitted(query, json!({ "n": 2_147_483_648_i64 })).unwrap_err();
    assert!(matches!(refusal, Refusal::Variables(_)), "{refusal:?}");
}

#[test]
fn fields_with_one_key_are_one_field() {
    check_valid("{ dog { id } dog { name } }");
    check_valid("{ pet { ... on Dog { x: barks } ... on Cat { x: lives } } }");
    check_faults(
        "{ dog { x: id } dog { x: name } }",
        &[
            "23 Fields \"x\" conflict because they return conflicting types \"ID! and \"String\"",
            "23 Fields \"x\" conflict because \"id\" and \"name\" are different fields",
        ],
    );
    check_faults(
        "{ dog { friend { x: id } } dog { friend { x: name } } }",
        &[
            "43 Fields \"x\" conflict because they return conflicting types \"ID! and \"String\"",
            "43 Fields \"x\" conflict because \"id\" and \"name\" are different fields",
        ],
    );
    check_faults(
        "{ ...A ...B } fragment A on Query { dog { x: id } } fragment B on Query { dog { x: name } }",
        &[
            "81 Fields \"x\" conflict because they return conflicting types \"ID! and \"String\"",
            "81 Fields \"x\" conflict because \"id\" and \"name\" are different fields",
        ],
    );
    check_faults(
        "{ pet { ... on Dog { x: name } ... on Cat { x: name } } }",
        &[
            "45 Fields \"x\" conflict because they return conflicting types \"String and \"String!\"",
        ],
    );
    check_faults(
        "{ x: number(int: 1) x: number(int: 2) }",
        &["21 Fields \"number\" conflict because they have differing arguments"],
    );
    check_faults(
        "{ x: number(int: 1, any: 1) x: number(int: 1) }",
        &["29 Fields \"number\" conflict because they have differing arguments"],
    );
}

#[test]
fn lists_of_different_lengths_are_different_arguments() {
    check_valid("{ find(tags: [\"a\"]) { id } find(tags: [\"a\"]) { name } }");
    check_valid(
        "{ find(filters: [{year: 1, tags: []}]) { id } find(filters: [{tags: [], year: 1}]) { name } }",
    );
    check_valid("{ x: find(tags: [\"a\"]) { id } dog { friend { id } } y: find(tags: []) { id } }");
    check_valid(
        "{ pet { ... on Dog { friend { x: name @by(tags: []) } } ... on Dog { friend { x: name @by(tags: [\"a\"]) } } } }",
    );
    check_faults(
        "{ find(tags: [\"a\"]) { id } find(tags: [\"a\", \"b\"]) { id } }",
        &["28 Fields \"find\" conflict because they have differing arguments"],
    );
    check_faults(
        "{ find(tags: []) { id } find(tags: [\"a\", \"b\"]) { id } }",
        &["25 Fields \"find\" conflict because they have differing arguments"],
    );
    check_faults(
        "{ find(filter: {year: 1, tags: []}) { id } find(filter: {tags: [\"a\"], year: 1}) { id } }",
        &["44 Fields \"find\" conflict because they have differing arguments"],
    );
    check_faults(
        "{ x: number(int: 1, any: [[1], 2]) x: number(int: 1, any: [[1, 2]]) }",
        &["36 Fields \"number\" conflict because they have differing arguments"],
    );
}

#[test]
fn an_upload_has_no_value_here() {
    check_valid("{ keep(file: null) }");
    let upload = "14 An \"Upload\" comes in the parts of a multipart request only.";
    check_faults("{ keep(file: \"#__graphql_file__:x\") }", &[upload]);
    check_faults(
        "query($f: Upload = \"a\") { keep(file: $f) }",
        &["20 An \"Upload\" comes in the parts of a multipart request only."],
    );
    let query = "mutation($f: Upload!) { keep(file: $f) }";
    let refusal = admitted(query, json!({ "f": "#__graphql_file__:x" })).unwrap_err();
    assert!(matches!(refusal, Refusal::Variables(_)), "{refusal:?}");
}

#[test]
fn a_subscription_selects_one_field() {
    check_valid("subscription { dog { id } }");
    check_valid("subscription { dog { id } dog { name } }");
    check_valid(
        "subscription { ...F ... { dog { name } } } fragment F on Subscription { dog { id } }",
    );
    check_faults(
        "subscription { dog { id } x: dog { id } }",
        &["1 A subscription must select only one top level field."],
    );
    check_faults(
        "subscription { dog { id } ...F } fragment F on Subscription { cat { id } }",
        &["1 A subscription must select only one top level field."],
    );
    check_faults(
        "subscription { __typename }",
        &["16 Anonymous Subscription must not select an introspection top level field."],
    );
    check_faults(
        "subscription { dog @include(if: true) { id } }",
        &["20 Anonymous Subscription can not specify @skip or @include on root fields."],
    );
}

#[test]
fn fragments_are_used_fit_and_end() {
    check_faults(
        "{ dog { id } } fragment F on Dog { id }",
        &["16 Fragment \"F\" is never used."],
    );
    check_faults(
        "{ dog { ...F } } fragment F on Cat { id }",
        &[
            "9 Fragment \"F\" cannot be spread here as objects of type \"Dog\" can never be of type \"Cat\".",
        ],
    );
    check_faults("{ dog { ...F } }", &["9 Unknown fragment \"F\"."]);
    check_faults(
        "{ dog { ... on Stage { id } } }",
        &["24 Cannot query field \"id\" on type \"Stage\"."],
    );
    let circle = admitted(
        "{ dog { ...F } } fragment F on Dog { friend { ...F } }",
        json!({}),
    );
    assert!(
        matches!(circle, Err(Refusal::FragmentCycle { .. })),
        "{circle:?}"
    );
    let doubling = (0..25).map(|i| format!("fragment F{i} on Dog {{ ...F{0} ...F{0} }} ", i + 1));
    let doubling = doubling.collect::<Vec<_>>().concat();
    let query = format!("{{ dog {{ ...F0 }} }} {doubling} fragment F25 on Dog {{ id }}");
    let refusal = admitted(&query, json!({})).unwrap_err();
    assert!(matches!(refusal, Refusal::TooComplex { .. }), "{refusal:?}");
}

#[test]
fn faults_are_told_up_to_a_bound_and_shortened() {
    let query = format!(
        "{{ {} }}",
        "dog { no } ".repeat(20).replace("no", &"no ".repeat(9))
    );
    match admitted(&query, json!({})) {
        Err(Refusal::Invalid(faults)) => assert_eq!(faults.len(), Limits::default().errors),
        other => panic!("{other:?}"),
    }
    let query = format!("{{ {} }}", "n".repeat(100_000));
    match admitted(&query, json!({})) {
        Err(Refusal::Invalid(faults)) => assert!(faults[0].message.chars().count() <= 501),
        other => panic!("{other:?}"),
    }
}

/// What the library would copy for each conflict is bounded before it starts.
#[test]
fn conflicts_cannot_multiply_what_is_given() {
    let items = "1 ".repeat(1_000);
    let query = |fields: usize| {
        let fields = "number ".repeat(fields);
        format!("{{ number(int: 1, any: [{items}]) {fields} }}")
    };
    let limits = Limits {
        root_fields: 5_000,
        ..Limits::default()
    };
    let guarded = Guarded::new((), SDL, limits).unwrap();
    let told = |query: &str| {
        guarded
            .admit_here(Asked {
                query,
                ..Asked::default()
            })
            .map(|_| ())
    };
    let refusal = told(&query(998)).unwrap_err();
    assert!(matches!(refusal, Refusal::Invalid(_)), "{refusal}");
    let refusal = told(&query(1_000)).unwrap_err();
    let expected = "the request has 1001000 fields times items of the longest list or object; at most 1000000 are allowed";
    assert_eq!(refusal.to_string(), expected);
    // A text counts as one, however long: it is replaced.
    let long = format!(
        "{{ x: find(tags: \"{}\") {{ id }} {} }}",
        "a".repeat(100_000),
        "x: dog ".repeat(40)
    );
    let refusal = told(&long).unwrap_err();
    assert!(matches!(refusal, Refusal::Invalid(_)), "{refusal}");
}

/// Two kilobytes in which each level of an interface's fields triples what the library compares.
#[test]
fn interfaces_within_interfaces_cannot_multiply_what_is_compared() {
    let sdl = "
        interface Node { id: ID next: Node }
        type A implements Node { id: ID next: Node same: A }
        type B implements Node { id: ID next: Node }
        type C implements Node { id: ID next: Node }
        type Query { node: Node a: A }
    ";
    let guarded = Guarded::new((), sdl, Limits::default()).unwrap();
    let told = |query: &str| {
        let asked = Asked {
            query,
            ..Asked::default()
        };
        guarded.admit_here(asked).map(|_| ())
    };
    let below = |levels: usize| "next { ".repeat(levels) + "id" + &" }".repeat(levels);
    let tripling = |levels: usize| {
        (1..=levels).fold("id".to_owned(), |inner, level| {
            let below = below(level);
            format!("... on A {{ {below} }} ... on B {{ {below} }} ... on C {{ {below} }} next {{ {inner} }}")
        })
    };
    assert_eq!(told(&format!("{{ node {{ {} }} }}", tripling(4))), Ok(()));
    let refusal = told(&format!("{{ node {{ {} }} }}", tripling(12))).unwrap_err();
    let what = "fields times object types at each level of interfaces";
    assert!(refusal.to_string().contains(what), "{refusal}");
    // Of an object there is no choice, however deep it goes.
    let below = below(25).replace("next", "same");
    let deep = format!("a {{ ... on A {{ {below} }} }} ").repeat(15);
    assert_eq!(told(&format!("{{ {deep} }}")), Ok(()));
}
