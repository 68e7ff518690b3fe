//! What people ask of a rollout.

use std::collections::BTreeMap;

use axum::{
    Json,
    body::Bytes,
    extract::{Path, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tidegate_access::Verb;
use tidegate_controller::{HistoryItem, Kind, Refused};
use tidegate_manifest::{resource_of, with_image, with_restart_at, with_template};
use tidegate_rollout::Command;
use tidegate_units::ObjectKey;

use crate::{
    access::own_change,
    caller::Caller,
    dry_run::Changes,
    etag::provided,
    problem::{Problem, ProblemKind},
    read,
    routes::Api,
    workloads::{WORKLOAD_APPLIED, complete, resolved, template_holder},
};

/// The body of an abort.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortWish {
    /// Why, for the ledger.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The body of an override.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverrideWish {
    /// The rule that no longer counts, or `judge` or `prediction`.
    pub rule: String,
    /// Why, for the ledger.
    pub reason: String,
}

/// The body of an undo.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct UndoWish {
    /// The number of the revision to go back to. When absent: the stable one while another is
    /// wanted, else the one before it.
    #[serde(default)]
    pub to_revision: Option<u64>,
}

/// The body of a set-image.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImageWish {
    /// The image for each container of that name; `*` stands for all of them.
    pub images: BTreeMap<String, String>,
}

/// Carries out what the last part of the address says.
pub(crate) async fn act(
    Changes(api): Changes,
    Path((namespace, name, action)): Path<(String, String, String)>,
    headers: HeaderMap,
    caller: Caller,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Problem> {
    let key = ObjectKey::new(&namespace, &name);
    // What cannot be carried out is told before whether its time is over.
    let wish = Wish::read(&action, body)?;
    let api = provided(api, &headers, Kind::Rollout, &key)?;
    let asked = Asked { api, key, caller };
    match wish {
        Wish::Command(command) => asked.command(command).await,
        Wish::Undo(wish) => asked.undo(wish).await,
        Wish::Override(wish) => asked.override_rule(&wish).await,
        Wish::Restart => asked.restart().await,
        Wish::SetImage(wish) => asked.set_image(wish).await,
    }
}

/// What is asked for, with all that it takes.
enum Wish {
    Command(Command),
    Undo(UndoWish),
    Override(OverrideWish),
    Restart,
    SetImage(ImageWish),
}

impl Wish {
    fn read(action: &str, body: Result<Bytes, BytesRejection>) -> Result<Self, Problem> {
        Ok(match action {
            "promote" => Self::Command(Command::Promote),
            "promote-full" => Self::Command(Command::PromoteFull),
            "pause" => Self::Command(Command::Pause),
            "resume" => Self::Command(Command::Resume),
            "retry" => Self::Command(Command::Retry),
            "abort" => {
                let wish: AbortWish = read::json(body)?;
                Self::Command(Command::Abort { why: wish.reason })
            }
            "undo" => Self::Undo(undo(read::json(body)?)?),
            "override" => {
                let wish: OverrideWish = read::json(body)?;
                if wish.reason.trim().is_empty() {
                    return Err(Problem::new(ProblemKind::BadRequest, "no reason was given")
                        .with_hint(
                            "say why the rule does not count: it is written into the ledger",
                        ));
                }
                Self::Override(wish)
            }
            "restart" => Self::Restart,
            "set-image" => {
                let wish: ImageWish = read::json(body)?;
                if wish.images.is_empty() {
                    return Err(Problem::new(ProblemKind::BadRequest, "no image was given")
                        .with_hint("give at least one container with its image"));
                }
                Self::SetImage(wish)
            }
            _ => return Err(unknown(action)),
        })
    }
}

/// A revision's number is an `int64` for those who read what the API says of itself.
fn undo(wish: UndoWish) -> Result<UndoWish, Problem> {
    match wish.to_revision.map(i64::try_from) {
        Some(Err(_)) => {
            Err(Problem::new(ProblemKind::BadRequest, "`toRevision` is no revision's number"))
        }
        _ => Ok(wish),
    }
}

fn unknown(action: &str) -> Problem {
    Problem::new(ProblemKind::NotFound, format!("a rollout cannot be asked to {action:?}"))
        .with_hint(
            "it can be asked to promote, promote-full, pause, resume, abort, retry, undo, \
             restart, override and set-image",
        )
}

/// Somebody who asks something of a rollout.
struct Asked {
    api: Api,
    key: ObjectKey,
    caller: Caller,
}

impl Asked {
    async fn command(self, command: Command) -> Result<Response, Problem> {
        let verb = match &command {
            Command::PromoteFull => Verb::PromoteFull,
            Command::Resume => Verb::Resume,
            _ => Verb::Promote,
        };
        let done = self.api.control.command(self.key, command, self.caller.actor()).await;
        done.map_err(|refused| own_change::told(&self.api, verb, refused))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    async fn override_rule(self, wish: &OverrideWish) -> Result<Response, Problem> {
        let reason = wish.reason.trim();
        let (rule, who) = (&wish.rule, self.caller.actor());
        let done = self.api.control.override_rule(self.key, rule, reason, who).await;
        done.map_err(|refused| own_change::told(&self.api, Verb::Override, refused))?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    async fn undo(self, wish: UndoWish) -> Result<Response, Problem> {
        let history = self.api.control.history(&self.key).ok_or_else(|| self.not_found())?;
        let target = undo_target(&history, wish.to_revision)?;
        let target = target.template.clone();
        self.change_template(|manifest| Ok(with_template(manifest, &target)), "Undone").await
    }

    async fn restart(self) -> Result<Response, Problem> {
        let edited = with_restart_at(&self.manifest()?, self.api.clock.now());
        self.change(edited, "Restarted").await
    }

    async fn set_image(self, wish: ImageWish) -> Result<Response, Problem> {
        let with_images = |manifest: &Value| {
            wish.images.iter().try_fold(manifest.clone(), |edited, (container, image)| {
                with_image(&edited, container, image)
                    .map_err(|error| Problem::new(ProblemKind::BadRequest, error.to_string()))
            })
        };
        self.change_template(with_images, "ImageSet").await
    }

    fn not_found(&self) -> Problem {
        Refused::NotFound { kind: Kind::Rollout, key: self.key.clone() }.into()
    }

    fn manifest(&self) -> Result<Value, Problem> {
        let view = self.api.control.get(Kind::Rollout, &self.key);
        view.map(|view| view.manifest).ok_or_else(|| self.not_found())
    }

    /// Changes the pod template: that of the Deployment which the rollout refers to, or its own.
    async fn change_template(
        self,
        edit: impl FnOnce(&Value) -> Result<Value, Problem>,
        intent: &str,
    ) -> Result<Response, Problem> {
        let rollout = self.manifest()?;
        let Some(deployment) = template_holder(&self.api, &self.key, &rollout) else {
            return self.change(edit(&rollout)?, intent).await;
        };
        let deployment = edit(&deployment)?;
        let holder = (resource_of(&deployment)?, deployment);
        // After it, all that follow it: this rollout among others.
        let mut done = None;
        let whole = complete(&self.api, vec![holder])?;
        // All that follow the same Deployment change with it.
        whole.iter().filter(|(one, _)| one.kind() == Kind::Rollout).try_for_each(|(one, _)| {
            let key = one.key();
            if *key == self.key {
                Ok(())
            } else {
                self.caller.may(Verb::Apply, &key.namespace, &key.name)
            }
        })?;
        for (resource, manifest) in whole {
            let own = resource.kind() == Kind::Rollout && *resource.key() == self.key;
            let others = resource.kind() == Kind::Rollout && !own;
            let intent = if others { WORKLOAD_APPLIED } else { intent };
            let who = self.caller.actor();
            let applied = self.api.control.apply(resource, manifest, who, intent).await?;
            done = done.or(own.then_some(applied));
        }
        done.map(|applied| Json(applied).into_response()).ok_or_else(|| self.not_found())
    }

    async fn change(self, manifest: Value, intent: &str) -> Result<Response, Problem> {
        let resource = resolved(&self.api, &manifest)?;
        let who = self.caller.actor();
        let applied = self.api.control.apply(resource, manifest, who, intent).await?;
        Ok(Json(applied).into_response())
    }
}

/// The revision that an undo means: the one of that number; else the stable one, where another is
/// wanted, for what is older than that may have been taken back before; else the newest before it.
fn undo_target(history: &[HistoryItem], to: Option<u64>) -> Result<&HistoryItem, Problem> {
    let current = history.iter().find(|item| item.current).map_or(u64::MAX, |item| item.number);
    let known = || {
        let numbers = history.iter().map(|item| item.number.to_string()).collect::<Vec<_>>();
        format!("the revisions that are kept: {}", numbers.join(", "))
    };
    let stable = history.iter().find(|item| item.stable && !item.current);
    let newest = || {
        let earlier = history.iter().filter(|item| item.number < current);
        earlier.max_by_key(|item| item.number)
    };
    match to {
        Some(number) if number == current => {
            let reason = format!("revision {number} is the wanted one already");
            Err(Problem::new(ProblemKind::Conflict, reason).with_hint(known()))
        }
        Some(number) => history.iter().find(|item| item.number == number).ok_or_else(|| {
            Problem::new(ProblemKind::NotFound, format!("there is no revision {number}"))
                .with_hint(known())
        }),
        None => stable.or_else(newest).ok_or_else(|| {
            Problem::new(ProblemKind::Conflict, "there is no earlier revision to go back to")
                .with_hint(known())
        }),
    }
}

#[cfg(test)]
mod tests {
    use tidegate_units::Timestamp;

    use super::*;

    fn history(items: &[(u64, bool)]) -> Vec<HistoryItem> {
        let item = |&(number, current): &(u64, bool)| HistoryItem {
            number,
            revision: format!("hash{number}").into(),
            created_at: Timestamp::default(),
            images: vec![],
            stable: false,
            current,
            template: Value::Null,
        };
        items.iter().map(item).collect()
    }

    #[test]
    fn an_undo_goes_to_the_revision_before_or_to_the_one_that_is_named() {
        let check = |items: &[(u64, bool)], to: Option<u64>, expect: Result<u64, u16>| {
            let history = history(items);
            let target = undo_target(&history, to);
            assert_eq!(target.map(|item| item.number).map_err(|problem| problem.status), expect);
        };
        check(&[(3, true), (2, false), (1, false)], None, Ok(2));
        check(&[(3, true), (2, false), (1, false)], Some(1), Ok(1));
        check(&[(3, true), (2, false)], Some(3), Err(409));
        check(&[(3, true), (2, false)], Some(7), Err(404));
        check(&[(3, true)], None, Err(409));
        check(&[], None, Err(409));
    }

    /// The one before the wanted one may have been taken back as well.
    #[test]
    fn an_undo_under_way_goes_to_the_stable_revision() {
        let mut history = history(&[(3, true), (2, false), (1, false)]);
        history[2].stable = true;
        assert_eq!(undo_target(&history, None).unwrap().number, 1);
        assert_eq!(undo_target(&history, Some(2)).unwrap().number, 2);
    }
}
