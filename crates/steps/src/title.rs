use std::sync::Arc;

use tidegate_workflow::{Step, StepKind, Token, setting};

use crate::context::View;

/// Characters of a title that is made of a script; a longer one fills a list's line for nothing.
const LONGEST: usize = 200;

/// What a step is called: its name, or what it runs. Without `view` what is written, as it is.
pub(crate) fn title(step: &Step, view: Option<&View<'_>>) -> String {
    let evaluated = |template| {
        let view = view?;
        setting::text(template, view).ok()
    };
    let named = step.name.as_ref().and_then(|name| {
        let text = evaluated(name).or_else(|| literal(&name.token));
        text.filter(|text| !text.is_empty()).map(|text| first_line("", &text))
    });
    named.unwrap_or_else(|| match &step.kind {
        StepKind::Run(run) => {
            let script = evaluated(&run.script).or_else(|| literal(&run.script.token));
            first_line("Run ", &script.unwrap_or_default())
        }
        StepKind::Uses(uses) => format!("Run {}", uses.action.what),
        StepKind::Wait(steps) => {
            let ids: Vec<&str> = steps.iter().map(|id| &*id.what).collect();
            format!("Wait for {}", ids.join(", "))
        }
        StepKind::WaitAll => "Wait for all background steps".to_owned(),
        StepKind::Cancel(id) => format!("Cancel {}", id.what),
        StepKind::Parallel(_) => "Run in parallel".to_owned(),
    })
}

fn literal(token: &Token) -> Option<Arc<str>> {
    match token {
        Token::Text(text) => Some(text.clone()),
        Token::Expression(expression) => Some(format!("${{{{ {expression} }}}}").into()),
        _ => None,
    }
}

fn first_line(before: &str, text: &str) -> String {
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    let title: String = before.chars().chain(line.chars()).take(LONGEST + 1).collect();
    if title.chars().count() <= LONGEST {
        return title;
    }
    title.chars().take(LONGEST - 1).chain(['…']).collect()
}
