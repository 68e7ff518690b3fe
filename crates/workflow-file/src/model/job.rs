use std::sync::Arc;

use tidegate_workflow::{
    Call, Job, Level, Permission, Permissions, Secrets, Steps, Work, Workflow,
};

use crate::{Pair, Token};

use super::{
    Unfit, condition, place, placed, step::steps, template, texts, triggers::triggers, under,
};

pub(super) fn workflow(root: &Token) -> Result<Workflow, Unfit> {
    let jobs = root.get("jobs").and_then(Token::pairs).unwrap_or_default();
    let triggers = root.get("on").map(triggers).transpose()?;
    Ok(Workflow {
        name: root.get("name").map(Token::shown).filter(|name| !name.is_empty()),
        run_name: under(root, "run-name"),
        triggers: triggers.unwrap_or_default(),
        env: under(root, "env"),
        defaults: under(root, "defaults"),
        permissions: permissions(root),
        concurrency: under(root, "concurrency"),
        jobs: jobs.iter().map(job).collect(),
    })
}

fn job(pair: &Pair) -> Job {
    let job = &pair.value;
    let needs = job.get("needs").map(texts).unwrap_or_default();
    let needs =
        needs.into_iter().map(|need| tidegate_workflow::Placed::new(need.place, need.what.into()));
    Job {
        place: place(pair.key.span),
        id: pair.key.shown().into(),
        name: under(job, "name"),
        needs: needs.collect(),
        condition: condition(job.get("if")),
        strategy: under(job, "strategy"),
        permissions: permissions(job),
        concurrency: under(job, "concurrency"),
        work: match job.get("uses") {
            Some(uses) => Work::Call(Box::new(call(job, uses))),
            None => Work::Steps(Box::new(own(job))),
        },
    }
}

fn call(job: &Token, uses: &Token) -> Call {
    Call {
        uses: placed(uses, uses.shown()),
        with: under(job, "with"),
        secrets: match job.get("secrets") {
            None => Secrets::None,
            Some(secrets) if secrets.text() == Some("inherit") => Secrets::Inherit,
            Some(secrets) => Secrets::Given(template(secrets)),
        },
        workflow: None,
    }
}

fn own(job: &Token) -> Steps {
    let nowhere = || tidegate_workflow::Template::text(place(job.span), "");
    Steps {
        runs_on: under(job, "runs-on").unwrap_or_else(nowhere),
        environment: under(job, "environment"),
        env: under(job, "env"),
        defaults: under(job, "defaults"),
        timeout_minutes: under(job, "timeout-minutes"),
        cancel_timeout_minutes: under(job, "cancel-timeout-minutes"),
        continue_on_error: under(job, "continue-on-error"),
        container: under(job, "container"),
        services: under(job, "services"),
        outputs: under(job, "outputs"),
        snapshot: under(job, "snapshot"),
        steps: job.get("steps").map(steps).unwrap_or_default(),
    }
}

/// What `permissions` of a workflow or a job says.
pub(crate) fn permissions(token: &Token) -> Option<Permissions> {
    let permissions = token.get("permissions")?;
    Some(match permissions.text() {
        Some("read-all") => Permissions::all(Level::Read),
        Some("write-all") => Permissions::all(Level::Write),
        _ => {
            let pairs = permissions.pairs().unwrap_or_default();
            let level = |pair: &Pair| {
                Some((Permission::named(&pair.key.shown())?, Level::named(&pair.value.shown())?))
            };
            pairs.iter().filter_map(level).collect()
        }
    })
}

/// A text that many hold.
pub(super) fn shared(token: &Token) -> Arc<str> {
    token.shown().into()
}
