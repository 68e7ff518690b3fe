use utoipa::openapi::{
    RefOr, Schema,
    schema::{AnyOfBuilder, Array, ArrayItems},
};

/// Says of tuples, at any depth, how many items they have and which, also in words that are older than `prefixItems`:
/// many tools that make clients know `items`, `minItems` and `maxItems` alone.
pub(super) fn bounded(schema: &mut Schema) {
    match schema {
        Schema::Array(array) => {
            array.prefix_items.iter_mut().for_each(bounded);
            of_array(array);
            if let ArrayItems::RefOrSchema(items) = &mut array.items {
                within(items);
            }
        }
        Schema::Object(object) => object.properties.values_mut().for_each(within),
        Schema::OneOf(some) => some.items.iter_mut().for_each(within),
        Schema::AnyOf(some) => some.items.iter_mut().for_each(within),
        Schema::AllOf(some) => some.items.iter_mut().for_each(within),
        _ => {}
    }
}

fn within(schema: &mut RefOr<Schema>) {
    if let RefOr::T(schema) = schema {
        bounded(schema);
    }
}

fn of_array(array: &mut Array) {
    if array.prefix_items.is_empty() {
        return;
    }
    let mut kinds = Vec::new();
    for item in &array.prefix_items {
        if !kinds.contains(item) {
            kinds.push(item.clone());
        }
    }
    let any = match <[Schema; 1]>::try_from(kinds) {
        Ok([kind]) => kind,
        Err(kinds) => {
            Schema::AnyOf(kinds.into_iter().fold(AnyOfBuilder::new(), AnyOfBuilder::item).build())
        }
    };
    array.items = ArrayItems::RefOrSchema(Box::new(any.into()));
    let count = Some(array.prefix_items.len());
    (array.min_items, array.max_items) = (count, count);
}
