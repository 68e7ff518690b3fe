//! Steps in few words, and a machine that does what their scripts say.
//!
//! A script is a line of words: `fail`, `out NAME=VALUE`, `env NAME=VALUE`, `path FOLDER`, `save NAME=VALUE`, `hang`
//! (until it is stopped) and `see NAME` (writes a variable into the transcript), with `;` between them.

use std::{collections::BTreeMap, sync::Arc};

use tidegate_expression::{Expression, Names, Value};
use tidegate_steps::{
    Act, Action, ActionInput, ActionOutput, Job, Machine, NodeAction, Order, OrderId, Outcome,
    Report, Runs, Sequence, Work,
};
use tidegate_workflow::{
    Condition, Entry, Execution, Key, Place, Placed, Script, Step, StepKind, Template, Token, Uses,
};

pub(crate) const PLACE: Place = Place::new(1, 1);

fn expression(text: &str) -> Arc<Expression> {
    Arc::new(Expression::parse(text, &Names::any()).unwrap())
}

/// A text, or `${{ ... }}` as a whole.
pub(crate) fn template(text: &str) -> Template {
    let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.map_or_else(
        || Template::text(PLACE, text),
        |inner| Template::new(PLACE, Token::Expression(expression(inner))),
    )
}

pub(crate) fn mapping(members: &[(&str, &str)]) -> Template {
    let entry = |(key, value): &(&str, &str)| Entry {
        place: PLACE,
        key: Key::Text((*key).into()),
        value: template(value),
    };
    Template::new(PLACE, Token::Mapping(members.iter().map(entry).collect()))
}

pub(crate) fn condition(text: &str) -> Condition {
    let parsed = expression(text);
    let asks = parsed.asks_status();
    let placed = Placed::new(PLACE, parsed);
    if asks { Condition::Asks(placed) } else { Condition::AndSuccess(placed) }
}

fn execution() -> Execution {
    Execution { condition: Condition::Success, env: None, timeout_minutes: None, background: false }
}

fn step(id: &str, kind: StepKind) -> Step {
    Step { place: PLACE, id: id.into(), name: None, continue_on_error: None, kind }
}

pub(crate) fn run(id: &str, script: &str) -> Step {
    let run = Script {
        script: template(script),
        shell: None,
        working_directory: None,
        execution: execution(),
    };
    step(id, StepKind::Run(Box::new(run)))
}

pub(crate) fn uses(id: &str, action: &str, with: &[(&str, &str)]) -> Step {
    let uses = Uses {
        action: Placed::new(PLACE, action.to_owned()),
        with: (!with.is_empty()).then(|| mapping(with)),
        execution: execution(),
    };
    step(id, StepKind::Uses(Box::new(uses)))
}

pub(crate) fn wait(ids: &[&str]) -> Step {
    let ids = ids.iter().map(|id| Placed::new(PLACE, Arc::from(*id))).collect();
    step("__wait", StepKind::Wait(ids))
}

pub(crate) fn wait_all() -> Step {
    step("__wait-all", StepKind::WaitAll)
}

pub(crate) fn cancel(id: &str) -> Step {
    step("__cancel", StepKind::Cancel(Placed::new(PLACE, id.into())))
}

pub(crate) fn parallel(steps: Vec<Step>) -> Step {
    step("__parallel", StepKind::Parallel(steps))
}

/// What may be said of a step beside what it does.
pub(crate) trait Said: Sized {
    fn when(self, condition: &str) -> Self;
    fn env(self, variables: &[(&str, &str)]) -> Self;
    fn in_background(self) -> Self;
    fn minutes(self, minutes: &str) -> Self;
    fn called(self, name: &str) -> Self;
    fn whatever(self) -> Self;
}

fn execution_of(step: &mut Step) -> &mut Execution {
    match &mut step.kind {
        StepKind::Run(run) => &mut run.execution,
        StepKind::Uses(uses) => &mut uses.execution,
        _ => panic!("such a step is not executed"),
    }
}

impl Said for Step {
    fn when(mut self, text: &str) -> Self {
        execution_of(&mut self).condition = condition(text);
        self
    }

    fn env(mut self, variables: &[(&str, &str)]) -> Self {
        execution_of(&mut self).env = Some(mapping(variables));
        self
    }

    fn in_background(mut self) -> Self {
        execution_of(&mut self).background = true;
        self
    }

    fn minutes(mut self, minutes: &str) -> Self {
        execution_of(&mut self).timeout_minutes = Some(template(minutes));
        self
    }

    fn called(mut self, name: &str) -> Self {
        self.name = Some(template(name));
        self
    }

    /// `continue-on-error`.
    fn whatever(mut self) -> Self {
        self.continue_on_error = Some(Template::new(PLACE, Token::Bool(true)));
        self
    }
}

pub(crate) fn action(runs: Runs) -> Action {
    Action {
        name: "an action".to_owned(),
        directory: "/actions/one".to_owned(),
        repository: Some(("someone/one".to_owned(), "v1".to_owned())),
        inputs: vec![],
        outputs: vec![],
        runs,
    }
}

pub(crate) fn composite(steps: Vec<Step>) -> Action {
    action(Runs::Composite(steps.into()))
}

/// An action whose scripts are as those of steps.
pub(crate) fn node(main: &str) -> NodeAction {
    NodeAction { runtime: "node24".to_owned(), main: main.to_owned(), pre: None, post: None }
}

pub(crate) fn input(name: &str, default: Option<&str>) -> ActionInput {
    ActionInput { name: name.into(), default: default.map(template), deprecated: None }
}

pub(crate) fn output(name: &str, value: &str) -> ActionOutput {
    ActionOutput { name: name.into(), value: template(value) }
}

pub(crate) fn contexts() -> Value {
    let github: Value = [
        ("ref", Value::from("refs/heads/main")),
        ("workspace", "/work".into()),
        ("event", [("number", Value::from(7.0))].into_iter().collect()),
        ("ref_protected", true.into()),
    ]
    .into_iter()
    .collect();
    let runner: Value = [("os", Value::from("Linux"))].into_iter().collect();
    let secrets: Value = [("TOKEN", Value::from("s3cret"))].into_iter().collect();
    [("github", github), ("runner", runner), ("secrets", secrets)].into_iter().collect()
}

pub(crate) fn job(steps: Vec<Step>) -> Job {
    Job { steps: steps.into(), contexts: contexts(), env: vec![], defaults: vec![], outputs: None }
}

/// A machine that hashes nothing but names.
pub(crate) struct Fake;

impl Machine for Fake {
    fn hash_files(&self, patterns: &[Value]) -> Result<String, String> {
        let names: Vec<_> = patterns.iter().map(Value::as_text).collect();
        if names.iter().any(|name| &**name == "nowhere") {
            Err("no such folder".to_owned())
        } else {
            Ok(names.join("+"))
        }
    }
}

/// A job on its way, and what happened to it.
pub(crate) struct Bed {
    pub(crate) sequence: Sequence,
    pub(crate) actions: BTreeMap<&'static str, Action>,
    pub(crate) transcript: Vec<String>,
    pub(crate) hanging: BTreeMap<OrderId, String>,
    pub(crate) orders: usize,
    open: BTreeMap<OrderId, Order>,
}

impl Bed {
    pub(crate) fn new(job: Job, actions: Vec<(&'static str, Action)>) -> Self {
        Self {
            sequence: Sequence::new(job, &Fake),
            actions: actions.into_iter().collect(),
            transcript: vec![],
            hanging: BTreeMap::new(),
            orders: 0,
            open: BTreeMap::new(),
        }
    }

    /// Goes on until nothing happens any more.
    pub(crate) fn settle(&mut self) -> &mut Self {
        loop {
            let acts = self.sequence.next(&Fake);
            if acts.is_empty() && self.open.is_empty() {
                return self;
            }
            for act in acts {
                self.take(act);
            }
            let Some((id, order)) = self.open.pop_first() else { continue };
            self.carry_out(id, &order);
        }
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Run(order) => {
                self.orders += 1;
                self.tell(format!("run {}", order.step.title));
                self.open.insert(order.id, *order);
            }
            Act::Find(find) => {
                let found = self.actions.get(find.uses.as_str()).cloned();
                let found = found.ok_or_else(|| format!("there is no {}", find.uses));
                self.sequence.found(find.id, found, &Fake);
            }
            Act::Stop(id) => {
                if let Some(title) = self.hanging.remove(&id) {
                    self.tell(format!("stopped {title}"));
                    self.sequence.ended(id, Report::of(Outcome::Cancelled), &Fake);
                }
            }
            Act::Ended(ended) => {
                let (outcome, conclusion) = (ended.outcome.name(), ended.conclusion.name());
                let both = if outcome == conclusion {
                    outcome.to_owned()
                } else {
                    format!("{outcome}, taken for {conclusion}")
                };
                self.tell(format!("{}: {both}", ended.step.title));
            }
            Act::Note(note) => self.tell(format!("{:?}: {}", note.level, note.text)),
        }
    }

    fn tell(&mut self, line: String) {
        self.transcript.push(line);
    }

    fn carry_out(&mut self, id: OrderId, order: &Order) {
        let script = match &order.work {
            Work::Script { script, .. } => script.to_string(),
            Work::Node { entry, .. } => entry.clone(),
            Work::Native { name, .. } => (*name).to_owned(),
        };
        let mut report = Report::of(Outcome::Success);
        for command in script.split(';') {
            let (word, rest) = command.trim().split_once(' ').unwrap_or((command.trim(), ""));
            let pair = || {
                let (name, value) = rest.split_once('=').unwrap();
                (Arc::from(name), Arc::from(value))
            };
            match word {
                "fail" => report.outcome = Outcome::Failure,
                "out" => report.outputs.push(pair()),
                "env" => report.env.push(pair()),
                "path" => report.path.push(rest.into()),
                "save" => report.state.push(pair()),
                "hang" => {
                    self.hanging.insert(id, order.step.title.clone());
                    return;
                }
                "see" => {
                    let all = order.context.iter().rev().chain(&order.env);
                    let value = all.into_iter().find(|(name, _)| **name == *rest);
                    let value = value.map_or("nothing", |(_, value)| value);
                    self.tell(format!("{rest} is {value}"));
                }
                "where" => self.tell(format!("{:?} {:?}", order.path, order.work)),
                "how-long" => self.tell(format!("{:?}", order.timeout_minutes)),
                _ => {}
            }
        }
        self.sequence.ended(id, report, &Fake);
    }

    /// Ends one that hangs.
    pub(crate) fn let_go(&mut self, title: &str, outcome: Outcome) -> &mut Self {
        let id = *self.hanging.iter().find(|(_, own)| *own == title).unwrap().0;
        self.hanging.remove(&id);
        self.sequence.ended(id, Report::of(outcome), &Fake);
        self.settle()
    }

    pub(crate) fn cancel(&mut self) -> &mut Self {
        self.sequence.cancel(&Fake);
        self.settle()
    }

    /// All that happened so far, and what the job came to if it is over.
    #[track_caller]
    pub(crate) fn check(&mut self, expect: &str) -> &mut Self {
        let mut lines = std::mem::take(&mut self.transcript);
        if let Some(over) = self.sequence.over() {
            let outputs: Vec<_> =
                over.outputs.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            lines.push(format!("over: {}{}", over.conclusion.name(), outputs.concat()));
        }
        let expect: Vec<&str> =
            expect.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, expect, "\n{}\n", lines.join("\n"));
        self
    }
}

/// Runs a job to its end.
#[track_caller]
pub(crate) fn check(steps: Vec<Step>, expect: &str) {
    Bed::new(job(steps), vec![]).settle().check(expect);
}

/// Runs a job with actions to its end.
#[track_caller]
pub(crate) fn check_with(actions: Vec<(&'static str, Action)>, steps: Vec<Step>, expect: &str) {
    Bed::new(job(steps), actions).settle().check(expect);
}
