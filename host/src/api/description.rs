//! What the description says of all routes alike: who may call them, what errors look like, what ids look like.

use utoipa::openapi::{
    ContentBuilder, KnownFormat, ObjectBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder, Schema,
    SchemaFormat,
    path::{Operation, PathItem},
    schema::Type,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

use crate::answer::Word;

const ACCOUNT: &str = "account";
const ACTION_SERVER: &str = "action_server";
/// The tag of OpenObserve's action-server API, whose errors are its own.
const JOBS: &str = "jobs";
const RUNS: &str = "runs";
const RUN_ID: &str = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$";
const ERROR: &str = "#/components/schemas/ErrorWire";

/// Adds to each route what is not said of it alone.
pub(super) fn complete(description: &mut OpenApi) {
    let components = description.components.get_or_insert_default();
    for (name, what) in [
        (ACCOUNT, "An account's address, and its password or token"),
        (ACTION_SERVER, "The token of `action_server.token` as user name, no password"),
    ] {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(what)).build();
        components.security_schemes.insert(name.to_owned(), SecurityScheme::Http(scheme).into());
    }
    for schema in components.schemas.values_mut() {
        if let RefOr::T(Schema::Object(object)) = schema {
            object.properties.values_mut().for_each(unbound);
        }
    }
    if let Some(RefOr::T(Schema::Object(error))) = components.schemas.get_mut("ErrorWire") {
        let words = text().enum_values(Some(Word::ALL.iter().map(|word| word.as_str())));
        let words = words.description(Some("A stable word for programs: see docs/api.md."));
        error.properties.insert("error_detail".to_owned(), Schema::from(words.build()).into());
    }
    description.security = Some(vec![SecurityRequirement::new::<_, [&str; 0], &str>(ACCOUNT, [])]);
    for item in description.paths.paths.values_mut() {
        for operation in operations(item) {
            complete_operation(operation);
        }
    }
}

/// Numbers without a sign reach further than those of any format that is known there.
fn unbound(field: &mut RefOr<Schema>) {
    if let RefOr::T(Schema::Object(field)) = field
        && field.minimum.is_some()
    {
        field.format = None;
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.delete].into_iter().flatten()
}

fn complete_operation(operation: &mut Operation) {
    let is = |name| operation.tags.iter().flatten().any(|tag| tag == name);
    let (is_job, is_run) = (is(JOBS), is(RUNS));
    let responses = &mut operation.responses.responses;
    responses.entry("default".to_owned()).or_insert_with(|| error("it is refused").into());
    if operation.security.is_none() && !is_job {
        let mut unauthorized = error("no credentials; wrong ones are told in plain text");
        let text = ContentBuilder::new().schema(Some(Schema::from(text().build()))).build();
        unauthorized.content.insert("text/plain".to_owned(), text.into());
        responses.insert("401".to_owned(), unauthorized.into());
    }
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(schema) = schema_of(&parameter.name, is_job, is_run)
        {
            parameter.schema = Some(Schema::from(schema.build()).into());
        }
    }
}

fn error(what: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::new(ERROR))).build();
    ResponseBuilder::new().description(what).content("application/json", content).build()
}

/// What a parameter of that name looks like on every route.
fn schema_of(name: &str, is_job: bool, is_run: bool) -> Option<ObjectBuilder> {
    let pattern = |pattern: &str| text().pattern(Some(pattern));
    let format = |format| text().format(Some(SchemaFormat::KnownFormat(format)));
    let one_of = |words: &[&str]| text().enum_values(Some(words.to_vec()));
    let schema = match name {
        "org" => pattern("^[A-Za-z0-9_-]{1,64}$"),
        "id" | "hook" => pattern("^[0-9A-Za-z]{27}$"),
        "run_id" => pattern(RUN_ID),
        "before" if is_run => pattern(RUN_ID),
        "email" => format(KnownFormat::Email),
        "since" | "until" => format(KnownFormat::DateTime),
        "status" => one_of(&["queued", "running", "completed", "errored", "cancelled", "interrupted"]),
        "trigger" => one_of(&["invoke", "hook", "schedule", "once", "test", "replay", "search"]),
        "action_type" if is_job => one_of(&["job", "cronjob", "service"]),
        _ => return None,
    };
    Some(schema)
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
