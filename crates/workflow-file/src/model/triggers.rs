use tidegate_workflow::{
    Cron, EventTrigger, Filters, Input, InputKind, Interface, Output, Patterns, Placed, Schedule,
    Secret, Triggers,
};

use crate::{Kind, Pair, Token};

use super::{Unfit, job::shared, place, placed, template, texts, under};

pub(super) fn triggers(on: &Token) -> Result<Triggers, Unfit> {
    let mut triggers = Triggers::default();
    match &on.kind {
        Kind::List(items) => items.iter().try_for_each(|item| add(&mut triggers, item, None))?,
        Kind::Map(pairs) => {
            pairs.iter().try_for_each(|pair| add(&mut triggers, &pair.key, Some(&pair.value)))?;
        }
        _ => add(&mut triggers, on, None)?,
    }
    Ok(triggers)
}

fn add(triggers: &mut Triggers, name: &Token, value: Option<&Token>) -> Result<(), Unfit> {
    let inputs = |of: Option<&Token>| -> Vec<Input> {
        let inputs = of.and_then(|one| one.get("inputs")).and_then(Token::pairs);
        inputs.unwrap_or_default().iter().map(input).collect()
    };
    match name.text() {
        Some("schedule") => {
            let items = value.and_then(Token::items).unwrap_or_default();
            triggers.schedules = items.iter().map(schedule).collect::<Result<_, _>>()?;
        }
        Some("workflow_dispatch") => triggers.dispatch = Some(inputs(value)),
        Some("workflow_call") => {
            let members = |name| {
                value.and_then(|one| one.get(name)).and_then(Token::pairs).unwrap_or_default()
            };
            triggers.call = Some(Interface {
                inputs: inputs(value),
                secrets: members("secrets").iter().map(secret).collect(),
                outputs: members("outputs").iter().map(output).collect(),
            });
        }
        _ => {}
    }
    let filters = value.map(filters).transpose()?.unwrap_or_default();
    triggers.events.push(EventTrigger { place: place(name.span), name: shared(name), filters });
    Ok(())
}

fn filters(token: &Token) -> Result<Filters, Unfit> {
    let patterns = |name: &str| {
        let Some(written) = token.get(name) else { return Ok(None) };
        let texts: Vec<String> = texts(written).into_iter().map(|text| text.what).collect();
        let patterns = Patterns::new(&texts);
        patterns.map(Some).map_err(|error| Unfit::new(written.span, error.to_string()))
    };
    let words = |name: &str| {
        let words = token.get(name).map(texts)?;
        Some(words.into_iter().map(|word| word.what).collect())
    };
    Ok(Filters {
        branches: patterns("branches")?,
        branches_ignore: patterns("branches-ignore")?,
        tags: patterns("tags")?,
        tags_ignore: patterns("tags-ignore")?,
        paths: patterns("paths")?,
        paths_ignore: patterns("paths-ignore")?,
        types: words("types"),
        workflows: words("workflows"),
        names: patterns("names")?,
        versions: patterns("versions")?,
    })
}

fn schedule(token: &Token) -> Result<Schedule, Unfit> {
    let written = token.get("cron").unwrap_or(token);
    let zone = token.get("timezone").map(|zone| placed(zone, zone.shown()));
    let in_zone = zone.as_ref().map(|zone: &Placed<String>| zone.what.as_str());
    let cron = Cron::new(&written.shown(), in_zone)
        .map_err(|error| Unfit::new(written.span, error.to_string()))?;
    Ok(Schedule { place: place(token.span), cron, zone })
}

fn input(pair: &Pair) -> Input {
    let input = &pair.value;
    Input {
        place: place(pair.key.span),
        name: shared(&pair.key),
        description: described(input),
        kind: input
            .get("type")
            .and_then(|kind| InputKind::named(&kind.shown()))
            .unwrap_or_default(),
        required: required(input),
        default: under(input, "default"),
        options: input
            .get("options")
            .map(texts)
            .unwrap_or_default()
            .into_iter()
            .map(|one| one.what)
            .collect(),
    }
}

fn secret(pair: &Pair) -> Secret {
    Secret {
        place: place(pair.key.span),
        name: shared(&pair.key),
        description: described(&pair.value),
        required: required(&pair.value),
    }
}

fn output(pair: &Pair) -> Output {
    Output {
        place: place(pair.key.span),
        name: shared(&pair.key),
        description: described(&pair.value),
        value: template(pair.value.get("value").unwrap_or(&pair.value)),
    }
}

fn described(token: &Token) -> Option<String> {
    token.get("description").map(Token::shown)
}

fn required(token: &Token) -> bool {
    token.get("required").is_some_and(|one| one.kind == Kind::Boolean(true))
}
