//! How units look in JSON, where that does not follow from how they are kept.

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{Object, Type},
    },
};

use crate::{ObjectKey, Owner, Timestamp, Weight};

/// A duration in JSON: its whole seconds, and what is left of it.
#[derive(ToSchema)]
#[schema(as = Duration)]
#[expect(dead_code, reason = "it stands for what serde writes of a duration")]
pub struct DurationParts {
    /// Whole seconds.
    secs: u64,
    /// Nanoseconds beyond them, less than a second.
    #[schema(maximum = 999_999_999)]
    nanos: u32,
}

macro_rules! shown {
    ($name:ident, $object:expr) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                Object::from($object).into()
            }
        }

        impl ToSchema for $name {}
    };
}

shown!(
    ObjectKey,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("Where a resource is found, written `namespace/name`."))
        .pattern(Some("^[^/]+/.+$"))
        .examples(["default/web"])
);
shown!(
    Owner,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some(
            "Whose it is: a rollout's as `namespace/name`, another's with its kind before it."
        ))
        .examples(["default/web"])
);
shown!(
    Timestamp,
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .description(Some("A moment as RFC 3339 has it, in UTC, to the millisecond."))
        .examples(["2026-01-31T12:00:00.000Z"])
);
shown!(
    Weight,
    ObjectBuilder::new()
        .schema_type(Type::Number)
        .minimum(Some(0))
        .maximum(Some(100))
        .description(Some("A share of the traffic in percent."))
        .examples([25])
);
