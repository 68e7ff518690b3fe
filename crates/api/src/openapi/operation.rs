use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::{
    ToSchema,
    openapi::{
        Components, ComponentsBuilder, Content, ContentBuilder, HttpMethod, Ref, RefOr, Required,
        Response, ResponseBuilder, Schema,
        extensions::Extensions,
        path::{Operation, OperationBuilder, Parameter},
        request_body::RequestBodyBuilder,
        schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, Type},
        security::SecurityRequirement,
    },
};

use crate::{
    dry_run::{self, Foreseen},
    openapi::{
        parameter::{header, of_path, one_of, query},
        rights,
    },
    problem::Problem,
};

/// The names of the two ways in which a client says who it is.
pub(crate) const BEARER: &str = "bearer";
pub(crate) const COOKIE: &str = "session";

/// An operation with the schemas that it needs.
#[derive(Clone)]
pub(crate) struct Described {
    pub(crate) method: HttpMethod,
    pub(crate) path: String,
    pub(crate) operation: Operation,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// How an operation is described, piece by piece.
pub(crate) struct Describing {
    method: HttpMethod,
    path: String,
    operation: OperationBuilder,
    about: String,
    answers: BTreeMap<u16, Response>,
    /// What a stream tells, by the names of its events.
    events: Map<String, Value>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

/// What may go wrong wherever who asks has to be known.
const OF_CALLERS: [(u16, &str); 7] = [
    (400, "The request makes no sense."),
    (401, "Who asks is not known."),
    (403, "Who asks may not do this."),
    (428, "A page has to confirm it with the rollout's name."),
    (429, "Who asks did so too often."),
    (503, "Something that it needs did not do its part; nothing was done."),
    (504, "It took too long; look before asking again."),
];

const REHEARSED: &str = "`All`, or `true`: everything is looked at as for the change itself, nothing is done, and what would be \
    is answered, with 200.";
const TOO_LARGE: &str = "The body is larger than what is read.";

impl Describing {
    /// `id` is unique, in camel case; `what` one sentence.
    pub(crate) fn new(method: HttpMethod, path: &str, tag: &str, id: &str, what: &str) -> Self {
        let operation = OperationBuilder::new()
            .tag(tag)
            .operation_id(Some(id))
            .summary(Some(what))
            .security(SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, []))
            .security(SecurityRequirement::new::<_, [&str; 0], &str>(COOKIE, []));
        let operation = of_path(path).into_iter().fold(operation, OperationBuilder::parameter);
        let begun = Self {
            path: path.to_owned(),
            operation,
            about: rights::told(&method, path),
            method,
            answers: BTreeMap::new(),
            events: Map::new(),
            schemas: Vec::new(),
        };
        OF_CALLERS.into_iter().fold(begun, |begun, (status, what)| begun.problem(status, what))
    }

    /// For everybody: none of what may go wrong with callers does, but that they send too much.
    pub(crate) fn open(mut self) -> Self {
        self.operation = self.operation.securities::<[SecurityRequirement; 0]>(Some([]));
        self.answers.clear();
        self.problem(413, TOO_LARGE)
    }

    /// For whoever has nothing to show yet; what may go wrong is what may with callers.
    pub(crate) fn for_strangers(mut self) -> Self {
        self.operation = self.operation.securities::<[SecurityRequirement; 0]>(Some([]));
        self
    }

    /// In more than a sentence.
    pub(crate) fn about(mut self, text: &str) -> Self {
        self.about = format!("{text} {}", self.about);
        self
    }

    pub(crate) fn with(mut self, parameter: Parameter) -> Self {
        self.operation = self.operation.parameter(parameter);
        self
    }

    /// A body of JSON.
    pub(crate) fn takes<T: ToSchema>(self, required: Required, example: Value) -> Self {
        let content = ContentBuilder::new().schema(Some(reference::<T>())).example(Some(example));
        self.takes_content("application/json", required, content.build()).knows::<T>()
    }

    /// A body of something else.
    pub(crate) fn takes_content(
        mut self,
        media: &str,
        required: Required,
        content: Content,
    ) -> Self {
        let body = RequestBodyBuilder::new().content(media, content).required(Some(required));
        self.operation = self.operation.request_body(Some(body.build()));
        self.problem(413, TOO_LARGE)
    }

    /// The same as JSON, one document of it.
    pub(crate) fn or_takes_json(mut self) -> Self {
        let mut built = self.operation.build();
        let object = Schema::Object(ObjectBuilder::new().build());
        let content = ContentBuilder::new().schema(Some(object)).build();
        if let Some(RefOr::T(body)) = &mut built.request_body {
            body.content.insert("application/json".to_owned(), content.into());
        }
        self.operation = built.into();
        self
    }

    /// It can be rehearsed: nothing happens, and it is told what would.
    fn rehearsed(self) -> Self {
        const JSON: &str = "application/json";
        let words = one_of(&["true", "false", "All"]);
        let mut this = self.with(query("dryRun", REHEARSED, words)).knows::<Foreseen>();
        let answer =
            this.answers.entry(200).or_insert_with(|| Response::new("What would be done."));
        let done = answer.content.get(JSON).and_then(|content| match content {
            RefOr::T(content) => content.schema.clone(),
            RefOr::Ref(_) => None,
        });
        let schema = match done {
            Some(done) => {
                let either = AnyOfBuilder::new().item(done).item(reference::<Foreseen>()).build();
                RefOr::T(Schema::AnyOf(either))
            }
            None => reference::<Foreseen>().into(),
        };
        let content = ContentBuilder::new().schema(Some(schema)).build();
        answer.content.insert(JSON.to_owned(), content.into());
        this
    }

    /// It is done, and there is nothing to say.
    pub(crate) fn done(self) -> Self {
        self.answer(204, Response::new("It is done."))
    }

    /// A browser is sent on.
    pub(crate) fn sends_on(self, what: &str) -> Self {
        self.answer(303, Response::new(what))
    }

    /// A body of JSON.
    pub(crate) fn answers<T: ToSchema>(self, what: &str) -> Self {
        self.answers_json(what, reference::<T>().into()).knows::<T>()
    }

    /// A list of them.
    pub(crate) fn answers_list<T: ToSchema>(self, what: &str) -> Self {
        let list = Schema::Array(ArrayBuilder::new().items(reference::<T>()).build());
        self.answers_json(what, list.into()).knows::<T>()
    }

    /// The same, as the member `items`.
    pub(crate) fn answers_items<T: ToSchema>(self, what: &str) -> Self {
        let list = ArrayBuilder::new().items(reference::<T>()).build();
        let items = ObjectBuilder::new().property("items", Schema::Array(list)).required("items");
        self.answers_json(what, Schema::Object(items.build()).into()).knows::<T>()
    }

    /// Each by a name.
    pub(crate) fn answers_map<T: ToSchema>(self, what: &str) -> Self {
        let map = ObjectBuilder::new().additional_properties(Some(reference::<T>()));
        self.answers_json(what, Schema::Object(map.build()).into()).knows::<T>()
    }

    /// It was made.
    pub(crate) fn created<T: ToSchema>(self, what: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(reference::<T>())).build();
        let answer = ResponseBuilder::new().description(what).content("application/json", content);
        self.answer(201, answer.build()).knows::<T>()
    }

    /// It may be held to what was seen before.
    pub(crate) fn conditional(self) -> Self {
        const WHAT: &str =
            "An `ETag` of the resource: nothing is done where it is not any more what that says.";
        self.with(header("If-Match", WHAT)).problem(412, "It is not any more what was seen.")
    }

    /// It is done once, however often it is asked for.
    fn repeatable(mut self) -> Self {
        const WHAT: &str = "A text of the client's own, as a UUID: whoever asks again with it within a day gets the same answer, \
            and nothing is done twice.";
        self.operation = self.operation.parameter(header("Idempotency-Key", WHAT));
        if !self.answers.contains_key(&409) {
            self = self.problem(409, "The same request is still being carried out.");
        }
        if !self.answers.contains_key(&422) {
            self = self.problem(422, "The key was given with another request.");
        }
        self
    }

    /// The same, and that the client has it already.
    pub(crate) fn tagged(self) -> Self {
        self.answer(304, Response::new("It is as the `ETag` in `If-None-Match` says."))
    }

    /// A body of something else, as text.
    pub(crate) fn answers_text(self, media: &str, what: &str) -> Self {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = ContentBuilder::new().schema(Some(Schema::Object(text))).build();
        self.answer(200, ResponseBuilder::new().description(what).content(media, content).build())
    }

    /// The same answer in another form, which was asked for.
    pub(crate) fn or_text(mut self, media: &str) -> Self {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = ContentBuilder::new().schema(Some(Schema::Object(text))).build();
        if let Some(answer) = self.answers.get_mut(&200) {
            answer.content.insert(media.to_owned(), content.into());
        }
        self
    }

    /// What may go wrong in a shape of its own, beside the problem of that status if there is one.
    pub(crate) fn or_json<T: ToSchema>(mut self, status: u16, what: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(reference::<T>())).build();
        let answer = self.answers.entry(status).or_insert_with(|| Response::new(what));
        answer.content.insert("application/json".to_owned(), content.into());
        self.knows::<T>()
    }

    /// A body of JSON in one of two shapes.
    pub(crate) fn answers_either<A: ToSchema, B: ToSchema>(self, what: &str) -> Self {
        let either = AnyOfBuilder::new().item(reference::<A>()).item(reference::<B>()).build();
        self.answers_json(what, Schema::AnyOf(either).into()).knows::<A>().knows::<B>()
    }

    /// Something that may go wrong.
    pub(crate) fn problem(self, status: u16, what: &str) -> Self {
        let content = ContentBuilder::new().schema(Some(reference::<Problem>())).build();
        let answer =
            ResponseBuilder::new().description(what).content("application/problem+json", content);
        self.answer(status, answer.build()).knows::<Problem>()
    }

    /// The same in plain words.
    pub(crate) fn text_problem(self, status: u16, what: &str) -> Self {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let content = ContentBuilder::new().schema(Some(Schema::Object(text))).build();
        let answer = ResponseBuilder::new().description(what);
        self.answer(status, answer.content("text/plain; charset=utf-8", content).build())
    }

    /// What it names is not there.
    pub(crate) fn not_found(self) -> Self {
        self.problem(404, "What it names is not there.")
    }

    pub(crate) fn end(self) -> Described {
        let changes = self.method == HttpMethod::Delete
            || (self.method == HttpMethod::Post && self.path.starts_with("/v1/"));
        // Who asks is known where they can be refused.
        let this =
            if changes && self.answers.contains_key(&401) { self.repeatable() } else { self };
        let this =
            if changes && dry_run::is_possible(&this.path) { this.rehearsed() } else { this };
        this.described()
    }

    fn described(self) -> Described {
        let operation =
            self.answers.into_iter().fold(
                self.operation.description(Some(self.about)),
                |operation, (status, answer)| operation.response(status.to_string(), answer),
            );
        let events = Some(self.events).filter(|events| !events.is_empty());
        let events =
            events.map(|events| Extensions::from_iter([("x-events", Value::from(events))]));
        let operation = operation.extensions(events).build();
        let (method, path, schemas) = (self.method, self.path, self.schemas);
        Described { method, path, operation, schemas }
    }

    /// An event of a stream: its data is JSON of this schema. `OpenAPI` 3.1 has no words for it but an extension.
    pub(crate) fn event<T: ToSchema>(mut self, name: &str) -> Self {
        let schema = serde_json::json!({ "$ref": format!("#/components/schemas/{}", T::name()) });
        self.events.insert(name.to_owned(), schema);
        self.knows::<T>()
    }

    /// Schemas that only the text of a stream is made of.
    fn knows<T: ToSchema>(mut self) -> Self {
        self.schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(&mut self.schemas);
        self
    }

    pub(crate) fn answers_json(self, what: &str, schema: RefOr<Schema>) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let answer = ResponseBuilder::new().description(what).content("application/json", content);
        self.answer(200, answer.build())
    }

    fn answer(mut self, status: u16, answer: Response) -> Self {
        self.answers.insert(status, answer);
        self
    }
}

fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

/// The schemas of all operations.
pub(crate) fn components(all: &[Described]) -> Components {
    let schemas = all.iter().flat_map(|one| one.schemas.iter().cloned());
    ComponentsBuilder::new().schemas_from_iter(schemas).build()
}

/// Names that two different schemas have.
#[cfg(test)]
pub(crate) fn ambiguous(all: &[Described]) -> Vec<String> {
    let mut known = BTreeMap::<&String, &RefOr<Schema>>::new();
    let mut found = Vec::new();
    for (name, schema) in all.iter().flat_map(|one| &one.schemas) {
        if known.insert(name, schema).is_some_and(|before| before != schema) {
            found.push(name.clone());
        }
    }
    found
}
