//! What people ask of the driver, and what they are answered.

use tidegate_ledger::Actor;
use tidegate_planted::{Mistake, makes};
use tidegate_ports::StoreError;
use tidegate_rollout::Command;
use tidegate_units::{ObjectKey, Owner, OwnerKind};
use tokio::sync::oneshot;

use crate::{Applied, Expected, KeptChange, Kind, Refused, Resource, stage::Stage};

/// Something that a person asks for.
pub(crate) enum Request {
    Apply {
        resource: Box<Resource>,
        manifest: serde_json::Value,
        who: Actor,
        intent: String,
        reply: Reply<Applied>,
    },
    Delete {
        kind: Kind,
        key: ObjectKey,
        who: Actor,
        reply: Reply<()>,
    },
    Terminate {
        owner: Owner,
        who: Actor,
        reply: Reply<()>,
    },
    Override {
        key: ObjectKey,
        rule: String,
        reason: String,
        who: Actor,
        reply: Reply<()>,
    },
    Command {
        key: ObjectKey,
        command: Command,
        who: Actor,
        reply: Reply<()>,
    },
    Keep {
        change: KeptChange,
        reply: Reply<()>,
    },
    /// Another one, if a resource is as it is expected to be when it is carried out.
    Provided {
        expected: Expected,
        request: Box<Request>,
    },
}

type Reply<T> = oneshot::Sender<Result<T, Refused>>;

/// An answer that is given once the store has taken what it tells.
pub(crate) enum Answer {
    Applied(Reply<Applied>, Result<Applied, Refused>),
    Done(Reply<()>, Result<(), Refused>),
}

/// Takes what was asked into the world that is being prepared, up to the first command to something that
/// an earlier request changed: it is about what follows from that, so the plan comes first, or an abort
/// would be taken for one of what was there before. Returns what has to wait with it.
pub(crate) fn take(stage: &mut Stage, asked: Vec<Request>) -> (Vec<Answer>, Vec<Request>) {
    let (mut answers, mut waiting) = (Vec::new(), Vec::new());
    for request in asked {
        let changed = request.commands().is_some_and(|owner| stage.dirty.contains(&owner));
        let waits = !makes(Mistake::CommandsGoAheadOfPlans);
        if waits && (changed || !waiting.is_empty()) {
            waiting.push(request);
        } else {
            answers.push(take_one(stage, request));
        }
    }
    (answers, waiting)
}

impl Request {
    /// The answer that it is not done.
    fn refuse(self, refused: Refused) -> Answer {
        match self {
            Self::Apply { reply, .. } => Answer::Applied(reply, Err(refused)),
            Self::Delete { reply, .. }
            | Self::Terminate { reply, .. }
            | Self::Override { reply, .. }
            | Self::Command { reply, .. }
            | Self::Keep { reply, .. } => Answer::Done(reply, Err(refused)),
            Self::Provided { request, .. } => request.refuse(refused),
        }
    }

    /// To what it is a command.
    fn commands(&self) -> Option<Owner> {
        match self {
            Self::Apply { .. } | Self::Delete { .. } | Self::Keep { .. } => None,
            Self::Terminate { owner, .. } => Some(owner.clone()),
            Self::Provided { request, .. } => request.commands(),
            Self::Override { key, .. } | Self::Command { key, .. } => Some(Owner::rollout(key)),
        }
    }
}

pub(crate) fn take_one(stage: &mut Stage, request: Request) -> Answer {
    match request {
        Request::Provided { expected, request } => match stage.world.meets(&expected) {
            Ok(()) => take_one(stage, *request),
            Err(refused) => request.refuse(refused),
        },
        Request::Apply { resource, manifest, who, intent, reply } => {
            Answer::Applied(reply, stage.apply(*resource, manifest, &who, &intent))
        }
        Request::Delete { kind, key, who, reply } => {
            Answer::Done(reply, stage.delete(kind, &key, &who))
        }
        Request::Keep { change, reply } => Answer::Done(reply, stage.keep(change)),
        Request::Terminate { owner, who, reply } => {
            let key = owner.key();
            Answer::Done(
                reply,
                match owner.kind {
                    OwnerKind::AnalysisRun => stage.terminate_run(&key, &who),
                    OwnerKind::Rollout | OwnerKind::Experiment => stage.terminate(&key, &who),
                },
            )
        }
        Request::Override { key, rule, reason, who, reply } => {
            Answer::Done(reply, stage.override_rule(&key, &rule, &reason, &who))
        }
        Request::Command { key, command, who, reply } => {
            Answer::Done(reply, stage.command(&key, &command, &who))
        }
    }
}

impl Answer {
    pub(crate) fn give(self) {
        // Whoever asked may have gone; what was done stays done.
        match self {
            Self::Applied(reply, answer) => drop(reply.send(answer)),
            Self::Done(reply, answer) => drop(reply.send(answer)),
        }
    }

    pub(crate) fn fail(self, problem: &StoreError) {
        let refused = Refused::from(problem);
        match self {
            Self::Applied(reply, answer) => drop(reply.send(answer.and(Err(refused)))),
            Self::Done(reply, answer) => drop(reply.send(answer.and(Err(refused)))),
        }
    }
}
