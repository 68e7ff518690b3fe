use serde_json::Value;
use utoipa::openapi::{
    RefOr, Required, Schema,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::{ObjectBuilder, Type},
};

/// A word or a text.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// A whole number.
pub(crate) fn whole(least: u64, most: Option<usize>) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(least));
    most.into_iter().fold(number, |number, most| number.maximum(Some(most)))
}

/// One of these words.
pub(crate) fn one_of(words: &[&str]) -> ObjectBuilder {
    text().enum_values(Some(words.iter().map(|word| Value::from(*word))))
}

/// A parameter after the `?`, which may be left out.
pub(crate) fn query(name: &str, what: &str, schema: ObjectBuilder) -> Parameter {
    parameter(ParameterIn::Query, Required::False, name, what, schema)
}

fn parameter(
    place: ParameterIn,
    required: Required,
    name: &str,
    what: &str,
    schema: ObjectBuilder,
) -> Parameter {
    of_schema((place, required), name, what, RefOr::T(Schema::Object(schema.build())))
}

/// A parameter of any schema: where it is, and whether it has to be there.
pub(crate) fn of_schema(
    (place, required): (ParameterIn, Required),
    name: &str,
    what: &str,
    schema: RefOr<Schema>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(what))
        .schema(Some(schema))
        .build()
}

/// The same, which has to be there.
pub(crate) fn needed(name: &str, what: &str, schema: ObjectBuilder) -> Parameter {
    parameter(ParameterIn::Query, Required::True, name, what, schema)
}

/// A header field, which may be left out.
pub(crate) fn header(name: &str, what: &str) -> Parameter {
    parameter(ParameterIn::Header, Required::False, name, what, text())
}

/// What a page of a plain address takes of a client that has an answer already.
pub(crate) fn if_none_match() -> Parameter {
    header(
        "If-None-Match",
        "The `ETag` of what the client has; if it is still so, the answer is 304.",
    )
}

/// The parameters of an address, in their order.
pub(crate) fn of_path(path: &str) -> Vec<Parameter> {
    let pieces = path.split('{').skip(1);
    pieces.filter_map(|piece| piece.split_once('}')).map(|(name, _)| part(path, name)).collect()
}

fn part(path: &str, name: &str) -> Parameter {
    // A part of a path ends at the next slash.
    let word = text().min_length(Some(1)).pattern(Some("^[^/]+$"));
    let (what, schema) = match name {
        "namespace" => ("The namespace.", word.examples(["default"])),
        "name" => ("The name.", word.examples(["web"])),
        "forge" => ("The forge.", one_of(&["github", "gitlab", "bitbucket"])),
        "kind" => ("The kind, in the plural.", one_of(kinds(path))),
        _ => ("A part of the address.", word),
    };
    parameter(ParameterIn::Path, Required::True, name, what, schema)
}

/// The kinds that an address has.
fn kinds(path: &str) -> &'static [&'static str] {
    match path {
        path if path.starts_with("/apis/apps/") => &["deployments"],
        "/apis/argoproj.io/v1alpha1/{kind}/{name}" => &["clusteranalysistemplates"],
        path if path.starts_with("/apis/") => &[
            "rollouts",
            "experiments",
            "analysisruns",
            "analysistemplates",
            "clusteranalysistemplates",
        ],
        _ => &["services", "configmaps", "secrets"],
    }
}
