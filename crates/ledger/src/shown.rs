//! How entries look in JSON, where that does not follow from how they are kept.

use std::borrow::Cow;

use tidegate_units::Timestamp;
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema,
        schema::{Object, Type},
    },
};

use crate::{Actor, Digest, Entry, Subject};

impl PartialSchema for Digest {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("A SHA-256 digest as 64 lower-case hexadecimal digits."))
            .pattern(Some("^[0-9a-f]{64}$"));
        Object::from(text).into()
    }
}

impl ToSchema for Digest {}

/// A link of the ledger's chain, as one flat object.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it stands for what an entry is written as")]
struct LedgerEntry {
    /// 1 for the first, counting up by one.
    sequence: u64,
    /// When it was decided.
    at: Timestamp,
    /// Who decided.
    actor: Actor,
    /// About what.
    subject: Subject,
    /// What, in one word such as `WeightSet`.
    #[schema(example = "WeightSet")]
    what: String,
    /// The decision with its evidence.
    #[schema(value_type = Value)]
    detail: serde_json::Value,
    /// The hash of the entry before it; zeros for the first.
    previous: Digest,
    /// SHA-256 over the canonical JSON of all else in the entry.
    hash: Digest,
}

impl PartialSchema for Entry {
    fn schema() -> RefOr<Schema> {
        LedgerEntry::schema()
    }
}

impl ToSchema for Entry {
    fn name() -> Cow<'static, str> {
        LedgerEntry::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        LedgerEntry::schemas(schemas);
    }
}
