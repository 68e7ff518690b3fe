//! Who is told what of a rollout, and in which words.
//!
//! Names, annotations, settings and templates are those of Argo Rollouts' notifications: what people have in
//! `argo-rollouts-notification-configmap` is read as it is. What is told follows from ledger entries.
//!
//! Invariant: nothing here sends anything, or reads a clock, a file or YAML; whoever asks brings these along.
//! Invariant: no value of a Secret is in a [`Delivery`]. It is put where it belongs when a [`Letter`] is written.

mod backoff;
mod builtin;
mod cd_event;
mod cloud_event;
mod config;
mod delivery;
mod happening;
mod letter;
mod message;
mod options;
mod purl;
mod scene;
mod selector;
mod service;
mod slack;
mod subscription;
mod tell;
mod template;
mod trigger;

pub use backoff::Backoff;
pub use cd_event::{CdEvent, SPEC_VERSION};
pub use cloud_event::{CloudEvent, Mode};
pub use config::{Config, Sources, Yaml};
pub use delivery::{Content, DeadLetter, Delivery, Destination};
pub use happening::{Happening, Reason};
pub use letter::{HttpLetter, Letter, MailLetter, Success, letter};
pub use message::{MailPart, Message, MessageTemplate, SlackPart, WebhookPart};
pub use options::Retries;
pub use scene::{Scene, Told};
pub use service::{Service, ServiceKind};
pub use subscription::{DefaultSubscription, PREFIX, is_anybody_told, subscriptions};
pub use tell::{State, tell, written};
pub use template::{MAX_OUTPUT_BYTES, MAX_TEMPLATE_BYTES, Template, TemplateError};
pub use trigger::{Condition, Trigger};
