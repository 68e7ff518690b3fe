use tidegate_steps::{Action, ActionInput, ActionOutput, NodeAction, Runs};

use crate::{Pair, Token};

use super::{Unfit, condition_or_always, job::shared, step::steps, template, under};

pub(super) fn action(root: &Token) -> Result<Action, Unfit> {
    let members = |name| root.get(name).and_then(Token::pairs).unwrap_or_default();
    let runs = root.get("runs").unwrap_or(root);
    Ok(Action {
        name: root.get("name").map(Token::shown).unwrap_or_default(),
        directory: String::new(),
        repository: None,
        inputs: members("inputs").iter().map(input).collect(),
        outputs: members("outputs").iter().filter_map(output).collect(),
        runs: self::runs(runs)?,
    })
}

fn input(pair: &Pair) -> ActionInput {
    ActionInput {
        name: shared(&pair.key),
        default: under(&pair.value, "default"),
        deprecated: pair.value.get("deprecationMessage").map(Token::shown),
    }
}

fn output(pair: &Pair) -> Option<ActionOutput> {
    Some(ActionOutput { name: shared(&pair.key), value: pair.value.get("value").map(template)? })
}

fn runs(runs: &Token) -> Result<Runs, Unfit> {
    let shown = |name| runs.get(name).map(Token::shown).unwrap_or_default();
    let stage = |entry: &str, when: &str| {
        let entry = runs.get(entry).map(Token::shown)?;
        Some((entry, condition_or_always(runs.get(when))))
    };
    match shown("using").as_str() {
        "composite" => Ok(Runs::Composite(runs.get("steps").map(steps).unwrap_or_default().into())),
        "docker" => {
            let message = "an action that is a container cannot run here: actions of Node, composite ones and those that \
                           Tidegate has itself can";
            Err(Unfit::new(runs.span, message))
        }
        runtime => Ok(Runs::Node(NodeAction {
            runtime: runtime.to_owned(),
            main: shown("main"),
            pre: stage("pre", "pre-if"),
            post: stage("post", "post-if"),
        })),
    }
}
