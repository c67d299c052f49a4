//! The guard in front of a schema: what it lets through, what it refuses, and how the two are told apart.

#![expect(
    clippy::unused_async,
    reason = "async-graphql asks for async resolvers"
)]
#![expect(
    clippy::needless_pass_by_value,
    reason = "tables of values read better without references"
)]

use async_graphql::{
    Context, EmptyMutation, Error, InputValueError, InputValueResult, Object, Scalar, ScalarType,
    Schema, ServerError, Subscription, ValidationMode, Value, value,
};
use futures_util::stream::{self, Stream};

use super::*;

/// A scalar that refuses everything, but only when a resolver reads it.
struct Never;

#[Scalar]
impl ScalarType for Never {
    fn parse(_: Value) -> InputValueResult<Self> {
        Err(InputValueError::custom("never"))
    }

    fn to_value(&self) -> Value {
        Value::Null
    }
}

struct Query;

#[Object]
impl Query {
    async fn one(&self) -> i32 {
        1
    }

    async fn echo(&self, number: i32) -> i32 {
        number
    }

    async fn never(&self, value: Option<Never>) -> Option<i32> {
        value.map(|_| 1)
    }

    async fn fails(&self) -> Result<i32, Error> {
        Err(Error::new("it failed"))
    }

    async fn fails_on_disk(&self) -> Result<Option<i32>, Error> {
        let cause = std::io::Error::other("/secret/path is full");
        Err(Error::new_with_source(cause))
    }

    async fn needs_data(&self, ctx: &Context<'_>) -> Result<i32, Error> {
        ctx.data::<Vec<i32>>().map(|numbers| numbers[0])
    }

    async fn fails_without_path(&self, ctx: &Context<'_>) -> Option<i32> {
        ctx.add_error(ServerError::new("nowhere", None));
        None
    }
}

struct Counter;

#[Subscription]
impl Counter {
    async fn count(&self, to: i32) -> impl Stream<Item = i32> {
        stream::iter(0..to)
    }

    async fn closed(&self) -> Result<stream::Empty<i32>, Error> {
        Err(Error::new("closed"))
    }
}

fn guarded(limits: Limits) -> Guarded<Schema<Query, EmptyMutation, Counter>> {
    let schema = Schema::build(Query, EmptyMutation, Counter);
    let schema = schema.validation_mode(ValidationMode::Fast).finish();
    let sdl = schema.sdl();
    Guarded::new(schema, &sdl, limits).expect("async-graphql exports a schema")
}

/// What a client would be told: the data if it ran, then each error's code and message.
async fn told(query: &str, name: Option<&str>) -> (Option<Value>, Vec<String>) {
    let guarded = guarded(Limits::default());
    let asked = Asked {
        query,
        operation_name: name,
        ..Asked::default()
    };
    match guarded.admit(asked).await {
        Err(refusal) => (None, lines(&refusal.into_errors())),
        Ok(admitted) => match guarded.execute(admitted, Data::default()).await {
            Outcome::Refused(errors) => (None, lines(&errors)),
            Outcome::Executed(response) => (Some(response.data), lines(&response.errors)),
        },
    }
}

fn lines(errors: &[ServerError]) -> Vec<String> {
    let code = |error: &ServerError| match error.extensions.as_ref().and_then(|all| all.get("code"))
    {
        Some(Value::String(code)) => code.clone(),
        _ => panic!("an error has no code: {}", error.message),
    };
    errors
        .iter()
        .map(|error| format!("{} {}", code(error), error.message))
        .collect()
}

#[track_caller]
fn check_told(found: (Option<Value>, Vec<String>), data: Option<Value>, errors: &[&str]) {
    assert_eq!(
        found,
        (data, errors.iter().map(ToString::to_string).collect())
    );
}

#[tokio::test]
async fn what_ran_has_data_even_if_every_field_failed() {
    check_told(told("{ one }", None).await, Some(value!({"one": 1})), &[]);
    check_told(
        told("{ a: one @skip(if: true) }", None).await,
        Some(value!({})),
        &[],
    );
    check_told(
        told("{ fails }", None).await,
        Some(Value::Null),
        &["BAD_USER_INPUT it failed"],
    );
    let internal = ["INTERNAL_SERVER_ERROR internal error"];
    check_told(
        told("{ failsOnDisk }", None).await,
        Some(value!({"failsOnDisk": null})),
        &internal,
    );
    check_told(
        told("{ needsData }", None).await,
        Some(Value::Null),
        &internal,
    );
    let nowhere = ["BAD_USER_INPUT nowhere"];
    check_told(
        told("{ failsWithoutPath }", None).await,
        Some(value!({"failsWithoutPath": null})),
        &nowhere,
    );
    let never = ["BAD_USER_INPUT Failed to parse \"Never\": never"];
    check_told(
        told("{ never(value: 1) }", None).await,
        Some(value!({"never": null})),
        &never,
    );
}

#[tokio::test]
async fn what_was_refused_has_none() {
    let parse = ["GRAPHQL_PARSE_FAILED the document is not GraphQL: expected selection"];
    check_told(told("{", None).await, None, &parse);
    let unknown = ["GRAPHQL_VALIDATION_FAILED Cannot query field \"unheardOf\" on type \"Query\"."];
    check_told(told("{ unheardOf }", None).await, None, &unknown);
    let variable = ["BAD_USER_INPUT variable $n: Int! is expected, but it was not given"];
    check_told(
        told("query($n: Int!) { echo(number: $n) }", None).await,
        None,
        &variable,
    );
    let deep = format!("{{ a{} }}", "{a".repeat(40) + &"}".repeat(40));
    let complex = [
        "DOCUMENT_TOO_COMPLEX the request has 33 levels of fields and fragments; at most 32 are allowed",
    ];
    check_told(told(&deep, None).await, None, &complex);
}

#[tokio::test]
async fn the_operation_is_chosen_by_name() {
    let two = "query A { one } query B { echo(number: 2) }";
    check_told(told(two, Some("A")).await, Some(value!({"one": 1})), &[]);
    check_told(told(two, Some("B")).await, Some(value!({"echo": 2})), &[]);
    let ambiguous =
        ["OPERATION_RESOLUTION_FAILURE the document has 2 operations; operationName must name one"];
    check_told(told(two, None).await, None, &ambiguous);
    let unknown = ["OPERATION_RESOLUTION_FAILURE the document has no operation named C"];
    check_told(told(two, Some("C")).await, None, &unknown);
    check_told(told("{ one }", Some("C")).await, None, &unknown);
    check_told(
        told("query A { one }", None).await,
        Some(value!({"one": 1})),
        &[],
    );
}

#[tokio::test]
async fn a_refused_request_is_told_a_bounded_number_of_short_errors() {
    let long = "x".repeat(2_000);
    let query = format!(
        "{{ __schema {{ {} {} }} }}",
        "a ".repeat(10),
        format!("{long} ").repeat(30)
    );
    let (data, errors) = told(&query, None).await;
    assert_eq!((data, errors.len()), (None, 20));
    assert!(errors.iter().all(|error| error.chars().count() < 600));
    let (_, errors) = told(&format!("{{ {} }}", "(".repeat(10) + &long), None).await;
    assert!(errors[0].chars().count() < 300, "{}", errors[0]);
}

/// Documents are held against the library's idea of introspection, and answered by async-graphql's.
#[tokio::test]
async fn introspection_has_the_fields_that_are_answered() {
    let query = "{ __schema { types { name fields(includeDeprecated: true) { name } } } }";
    let (data, errors) = told(query, None).await;
    assert_eq!(errors, [""; 0]);
    let data = data.unwrap().into_json().unwrap();
    let guarded = guarded(Limits::default());
    let mut seen = 0;
    for ty in data["__schema"]["types"].as_array().unwrap() {
        let name = ty["name"].as_str().unwrap();
        let fields = ty["fields"].as_array().into_iter().flatten();
        let mut fields: Vec<_> = fields
            .map(|field| field["name"].as_str().unwrap())
            .collect();
        fields.retain(|field| !field.starts_with("__"));
        fields.sort_unstable();
        seen += usize::from(name.starts_with("__") && !fields.is_empty());
        assert_eq!(guarded.guard.types.field_names(name), fields, "{name}");
    }
    assert_eq!(seen, 6, "the types of introspection that have fields");
}

#[tokio::test]
async fn long_documents_are_told_the_same() {
    let long = format!("{{ one }} # {}", "x".repeat(SHORT));
    check_told(told(&long, None).await, Some(value!({"one": 1})), &[]);
    let unknown = ["GRAPHQL_VALIDATION_FAILED Cannot query field \"two\" on type \"Query\"."];
    let long = long.replace("one", "two");
    check_told(told(&long, None).await, None, &unknown);
}

async fn events(query: &str) -> Vec<(Option<Value>, Vec<String>)> {
    let guarded = guarded(Limits::default());
    let asked = Asked {
        query,
        ..Asked::default()
    };
    let admitted = guarded.admit(asked).await.expect("it is admitted");
    assert_eq!(admitted.operation(), OperationType::Subscription);
    let outcomes = guarded.subscribe(admitted, Data::default());
    let told = outcomes.map(|outcome| match outcome {
        Outcome::Refused(errors) => (None, lines(&errors)),
        Outcome::Executed(response) => (Some(response.data), lines(&response.errors)),
    });
    told.collect().await
}

#[tokio::test]
async fn subscriptions_pass_the_same_guard() {
    let counted = events("subscription { count(to: 2) }").await;
    let expected = [0, 1].map(|number| (Some(value!({"count": number})), Vec::new()));
    assert_eq!(counted, expected);

    for query in [
        "subscription { ...C } fragment C on Counter { count(to: 2) }",
        "subscription { ... on Counter { count(to: 2) } count(to: 2) }",
    ] {
        assert_eq!(events(query).await, expected, "{query}");
    }

    let mut failed = events("subscription { closed }").await;
    check_told(
        failed.remove(0),
        Some(Value::Null),
        &["BAD_USER_INPUT closed"],
    );
}

/// The parser calls itself for each bracket; at the bound that must fit the smallest stack a worker thread has.
#[test]
fn the_deepest_text_that_passes_does_not_exhaust_the_stack() {
    let worker = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
    let deepest = worker.spawn(|| {
        let guarded = guarded(Limits::default());
        for (open, close) in [("{a", "}"), ("[", "]"), ("{a:", "}")] {
            let query = format!("{{ a(b: {}1{}) }}", open.repeat(62), close.repeat(62));
            let asked = Asked {
                query: &query,
                ..Asked::default()
            };
            guarded
                .admit_here(asked)
                .expect_err("it is too deep, or not GraphQL");
            let query = open.repeat(100_000);
            let asked = Asked {
                query: &query,
                ..Asked::default()
            };
            guarded
                .admit_here(asked)
                .expect_err("it is not even parsed");
        }
    });
    deepest
        .expect("the thread starts")
        .join()
        .expect("no stack overflows");
}
