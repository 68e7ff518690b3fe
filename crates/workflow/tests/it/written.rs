//! Workflows as people write them, for tests: just enough YAML, and nothing of it is checked.

use std::fmt::Write as _;
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle};
use tidegate_expression::{Expression, Names};
use tidegate_workflow::{
    Call, Condition, Entry, Execution, Input, InputKind, Interface, Job, Key, Output, Permissions,
    Place, Placed, Script, Secrets, Step, StepKind, Steps, Template, Token, Triggers, Work,
    Workflow,
};

/// The workflow that is written here.
pub(crate) fn workflow(text: &str) -> Arc<Workflow> {
    calling(text, &[])
}

/// The workflow that is written here, and which calls others by name.
pub(crate) fn calling(text: &str, others: &[(&str, Arc<Workflow>)]) -> Arc<Workflow> {
    let root = template(text);
    let jobs = root.get("jobs").and_then(Template::as_mapping).unwrap_or_default();
    let call = root.get("on").and_then(|on| on.get("workflow_call"));
    let triggers = Triggers { call: call.map(interface), ..Triggers::default() };
    Arc::new(Workflow {
        name: None,
        run_name: root.get("run-name").cloned(),
        triggers,
        env: None,
        defaults: None,
        permissions: permissions(&root),
        concurrency: root.get("concurrency").cloned(),
        jobs: jobs.iter().map(|entry| job(entry, others)).collect(),
    })
}

/// The value that is written here.
pub(crate) fn template(text: &str) -> Template {
    let mut events = Parser::new_from_str(text).map(Result::unwrap).filter(|(event, _)| {
        !matches!(
            event,
            Event::StreamStart | Event::StreamEnd | Event::DocumentStart(..) | Event::DocumentEnd
        )
    });
    value(&mut events).unwrap()
}

fn value<'a>(
    events: &mut impl Iterator<Item = (Event<'a>, saphyr_parser::Span)>,
) -> Option<Template> {
    let (event, span) = events.next()?;
    let place = Place::new(
        u32::try_from(span.start.line()).unwrap(),
        u32::try_from(span.start.col()).unwrap() + 1,
    );
    let token = match event {
        Event::Scalar(text, style, ..) => scalar(&text, style),
        Event::SequenceStart(..) => Token::Sequence(std::iter::from_fn(|| value(events)).collect()),
        Event::MappingStart(..) => Token::Mapping(std::iter::from_fn(|| entry(events)).collect()),
        _ => return None,
    };
    Some(Template { place, token })
}

fn entry<'a>(events: &mut impl Iterator<Item = (Event<'a>, saphyr_parser::Span)>) -> Option<Entry> {
    let key = value(events)?;
    let name = match key.token {
        Token::Text(text) if &*text == "${{ insert }}" => Key::Insert,
        Token::Expression(expression) => Key::Expression(expression),
        Token::Text(text) => Key::Text(text),
        Token::Number(number) => Key::Text(number.to_string().into()),
        other => unreachable!("{other:?} as a name"),
    };
    Some(Entry { place: key.place, key: name, value: value(events)? })
}

fn scalar(text: &str, style: ScalarStyle) -> Token {
    if text.contains("${{") && text != "${{ insert }}" {
        return Token::Expression(expression(text));
    }
    match text {
        _ if style != ScalarStyle::Plain => Token::Text(text.into()),
        "" | "null" | "~" => Token::Null,
        "true" => Token::Bool(true),
        "false" => Token::Bool(false),
        text => text.parse().map_or_else(|_| Token::Text(text.into()), Token::Number),
    }
}

/// An expression, or a text with expressions in it.
fn expression(text: &str) -> Arc<Expression> {
    let source = match text.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) {
        Some(inside) if !inside.contains("${{") => inside.to_owned(),
        _ => formatted(text),
    };
    Arc::new(Expression::parse(&source, &Names::any()).unwrap())
}

fn formatted(text: &str) -> String {
    let (mut pattern, mut arguments) = (String::new(), String::new());
    for (number, piece) in text.split("${{").enumerate() {
        let (inside, after) = piece.split_once("}}").filter(|_| number > 0).unwrap_or(("", piece));
        if number > 0 {
            let _ = write!(pattern, "{{{}}}", number - 1);
            let _ = write!(arguments, ", {inside}");
        }
        pattern.push_str(&after.replace('\'', "''").replace('{', "{{").replace('}', "}}"));
    }
    format!("format('{pattern}'{arguments})")
}

fn condition(of: &Template) -> Condition {
    let Some(template) = of.get("if") else { return Condition::Success };
    let expression = match &template.token {
        Token::Expression(expression) => expression.clone(),
        Token::Text(text) => Arc::new(Expression::parse(text, &Names::any()).unwrap()),
        Token::Bool(truth) => {
            Arc::new(Expression::parse(&truth.to_string(), &Names::any()).unwrap())
        }
        other => unreachable!("{other:?} as a condition"),
    };
    let asks = expression.asks_status();
    let placed = Placed::new(template.place, expression);
    if asks { Condition::Asks(placed) } else { Condition::AndSuccess(placed) }
}

fn job(entry: &Entry, others: &[(&str, Arc<Workflow>)]) -> Job {
    let Key::Text(id) = &entry.key else { unreachable!("an id is a text") };
    let of = &entry.value;
    let get = |name: &str| of.get(name).cloned();
    let placed =
        |template: &Template| Placed::new(template.place, Arc::from(template.as_text().unwrap()));
    let needs = match of.get("needs") {
        None => Vec::new(),
        Some(list) if list.as_sequence().is_some() => {
            list.as_sequence().unwrap().iter().map(placed).collect()
        }
        Some(one) => vec![placed(one)],
    };
    let work = match of.get("uses") {
        Some(uses) => Work::Call(Box::new(call(of, uses, others))),
        None => Work::Steps(Box::new(Steps {
            runs_on: get("runs-on")
                .unwrap_or_else(|| Template::text(Place::default(), "ubuntu-latest")),
            environment: get("environment"),
            env: get("env"),
            defaults: get("defaults"),
            timeout_minutes: get("timeout-minutes"),
            cancel_timeout_minutes: get("cancel-timeout-minutes"),
            continue_on_error: get("continue-on-error"),
            container: get("container"),
            services: get("services"),
            outputs: get("outputs"),
            snapshot: None,
            steps: of
                .get("steps")
                .and_then(Template::as_sequence)
                .unwrap_or_default()
                .iter()
                .map(step)
                .collect(),
        })),
    };
    Job {
        place: entry.place,
        id: id.clone(),
        name: get("name"),
        needs,
        condition: condition(of),
        strategy: get("strategy"),
        permissions: permissions(of),
        concurrency: get("concurrency"),
        work,
    }
}

fn call(of: &Template, uses: &Template, others: &[(&str, Arc<Workflow>)]) -> Call {
    let name = uses.as_text().unwrap();
    let secrets = match of.get("secrets") {
        None => Secrets::None,
        Some(template) if template.as_text() == Some("inherit") => Secrets::Inherit,
        Some(template) => Secrets::Given(template.clone()),
    };
    Call {
        uses: Placed::new(uses.place, name.to_owned()),
        with: of.get("with").cloned(),
        secrets,
        workflow: others
            .iter()
            .find(|(other, _)| *other == name)
            .map(|(_, workflow)| workflow.clone()),
    }
}

fn step(of: &Template) -> Step {
    let text = |name: &str| of.get(name).and_then(Template::as_text).unwrap_or_default();
    let execution =
        Execution { condition: condition(of), env: None, timeout_minutes: None, background: false };
    let kind = match of.get("run") {
        Some(script) => StepKind::Run(Box::new(Script {
            script: script.clone(),
            shell: None,
            working_directory: None,
            execution,
        })),
        None => StepKind::Uses(Box::new(tidegate_workflow::Uses {
            action: Placed::new(of.place, text("uses").to_owned()),
            with: None,
            execution,
        })),
    };
    Step { place: of.place, id: text("id").into(), name: None, continue_on_error: None, kind }
}

fn permissions(of: &Template) -> Option<Permissions> {
    use tidegate_workflow::{Level, Permission};
    let given = of.get("permissions")?;
    let level = |entry: &Entry| {
        let Key::Text(name) = &entry.key else { unreachable!("a permission is a text") };
        (Permission::named(name).unwrap(), Level::named(entry.value.as_text().unwrap()).unwrap())
    };
    Some(match given.as_text() {
        Some("write-all") => Permissions::all(Level::Write),
        Some(_) => Permissions::all(Level::Read),
        None => given.as_mapping().unwrap().iter().map(level).collect(),
    })
}

fn interface(of: &Template) -> Interface {
    let inputs = of.get("inputs").map(inputs).unwrap_or_default();
    let outputs = of.get("outputs").and_then(Template::as_mapping).unwrap_or_default();
    let output = |entry: &Entry| {
        let Key::Text(name) = &entry.key else { unreachable!("an output is a text") };
        let value = entry.value.get("value").unwrap().clone();
        Output { place: entry.place, name: name.clone(), description: None, value }
    };
    Interface { inputs, secrets: Vec::new(), outputs: outputs.iter().map(output).collect() }
}

/// Inputs of a workflow, by name.
pub(crate) fn inputs(of: &Template) -> Vec<Input> {
    let input = |entry: &Entry| {
        let Key::Text(name) = &entry.key else { unreachable!("an input is a text") };
        let kind = entry.value.get("type").and_then(Template::as_text).unwrap_or("string");
        let options =
            entry.value.get("options").and_then(Template::as_sequence).unwrap_or_default();
        Input {
            place: entry.place,
            name: name.clone(),
            description: None,
            kind: InputKind::named(kind).unwrap(),
            required: matches!(
                entry.value.get("required").map(|it| &it.token),
                Some(Token::Bool(true))
            ),
            default: entry.value.get("default").cloned(),
            options: options.iter().map(|option| option.as_text().unwrap().to_owned()).collect(),
        }
    };
    of.as_mapping().unwrap_or_default().iter().map(input).collect()
}
