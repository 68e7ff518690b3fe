//! Settings of a job, from templates: each says what may stand there, as GitHub does.
//!
//! What is to be a text may be a number or a truth value as well; what is to be one of those may
//! not be a text, so that `${{ inputs.count }}` needs `fromJSON` where a number is wanted.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tidegate_expression::{Object, Scope, Value};

use crate::evaluate::TemplateError;
use crate::place::Place;
use crate::template::Template;

/// All that is wrong with a setting.
pub type Errors = Vec<TemplateError>;

/// Names and texts, in order.
pub type Texts = Vec<(Arc<str>, Arc<str>)>;

/// No name of a concurrency group is longer, in characters: GitHub's own limit.
pub const LONGEST_GROUP: usize = 400;

/// With what a job or a run does not run at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concurrency {
    /// The group, of which one runs at a time; without regard to case.
    pub group: String,
    /// Whether the one that runs is cancelled for the next.
    pub cancel_in_progress: bool,
    /// Who waits.
    pub queue: Queue,
}

/// Who waits while another one of a concurrency group runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Queue {
    /// The last that came; one that waited before it is cancelled.
    #[default]
    Single,
    /// All that came, in order.
    Max,
}

/// The environment that a job deploys to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name, without regard to case.
    pub name: String,
    /// Whether it counts as a deployment there; where not, its secrets are used and no more.
    pub deployment: bool,
}

/// On which machines a job may run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunsOn {
    /// What the machine has to have, each of them.
    pub labels: Vec<String>,
    /// The group that it has to be of.
    pub group: Option<String>,
}

/// A container that a job runs in or beside.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its image; an empty one means that there is no container.
    pub image: String,
    /// Options for whoever runs it.
    pub options: Option<String>,
    /// What it starts, where that is not the image's own.
    pub entrypoint: Option<String>,
    /// Arguments of what it starts.
    pub command: Option<String>,
    /// Ports that can be reached.
    pub ports: Vec<String>,
    /// Folders that it sees.
    pub volumes: Vec<String>,
    /// Variables in it.
    pub env: Vec<(String, String)>,
    /// Name and password at the registry of its image.
    pub credentials: Option<(String, String)>,
}

/// `true` or `false`.
pub fn truth(template: &Template, scope: &dyn Scope) -> Result<bool, Errors> {
    match template.evaluate(scope)? {
        Value::Bool(value) => Ok(value),
        other => Err(one(template.place, "true or false", &other)),
    }
}

/// A number.
pub fn number(template: &Template, scope: &dyn Scope) -> Result<f64, Errors> {
    match template.evaluate(scope)? {
        Value::Number(value) => Ok(value),
        other => Err(one(template.place, "a number", &other)),
    }
}

/// A text.
pub fn text(template: &Template, scope: &dyn Scope) -> Result<Arc<str>, Errors> {
    let value = template.evaluate(scope)?;
    scalar(&value).ok_or_else(|| one(template.place, "a text", &value))
}

/// A mapping of texts.
pub fn texts(template: &Template, scope: &dyn Scope) -> Result<Texts, Errors> {
    let value = template.evaluate(scope)?;
    let members = members(template, &value)?;
    let mut errors = Vec::new();
    let mut texts = Vec::with_capacity(members.len());
    for (name, value) in members.iter() {
        match scalar(value) {
            Some(text) => texts.push((name.clone(), text)),
            None => errors.push(TemplateError::unexpected(within(template, name), "a text", value)),
        }
    }
    if errors.is_empty() { Ok(texts) } else { Err(errors) }
}

/// A time in minutes; a part of one counts, and none or less is `otherwise`.
pub fn minutes(
    template: Option<&Template>,
    scope: &dyn Scope,
    otherwise: Duration,
) -> Result<Duration, Errors> {
    let Some(template) = template else { return Ok(otherwise) };
    let minutes = number(template, scope)?;
    if minutes <= 0.0 {
        return Ok(otherwise);
    }
    // A year is more than any job takes, and far from what a duration can hold.
    let minutes = minutes.min(366.0 * 24.0 * 60.0);
    Duration::try_from_secs_f64(minutes * 60.0)
        .map_err(|_| one(template.place, "a number of minutes", &minutes.into()))
}

impl Concurrency {
    /// What `concurrency` says.
    pub fn read(template: &Template, scope: &dyn Scope) -> Result<Self, Errors> {
        let value = template.evaluate(scope)?;
        let mut read =
            Self { group: String::new(), cancel_in_progress: false, queue: Queue::Single };
        if let Value::Object(members) = &value {
            for (name, value) in members.iter() {
                let place = within(template, name);
                match &**name {
                    "group" => read.group = text_of(place, value)?,
                    "cancel-in-progress" => read.cancel_in_progress = truth_of(place, value)?,
                    "queue" => read.queue = Queue::read(place, value)?,
                    _ => return Err(unknown(place, name, "group, cancel-in-progress or queue")),
                }
            }
        } else {
            read.group = text_of(template.place, &value)?;
        }
        read.checked(template.place)
    }

    fn checked(self, place: Place) -> Result<Self, Errors> {
        let rule = if self.group.is_empty() {
            "Concurrency group name cannot be empty".to_owned()
        } else if self.group.encode_utf16().count() > LONGEST_GROUP {
            format!("Concurrency group name must be less than {LONGEST_GROUP} characters")
        } else if self.cancel_in_progress && self.queue == Queue::Max {
            "'queue: max' keeps all that wait, and 'cancel-in-progress: true' keeps none: leave one of them out".to_owned()
        } else {
            return Ok(self);
        };
        Err(vec![TemplateError::rule(place, rule)])
    }
}

impl Queue {
    fn read(place: Place, value: &Value) -> Result<Self, Errors> {
        match &*text_of(place, value)? {
            "single" => Ok(Self::Single),
            "max" => Ok(Self::Max),
            _ => Err(one(place, "single or max", value)),
        }
    }
}

impl Environment {
    /// What `environment` says: its address is a matter of those who run the job. An empty name is
    /// no environment.
    pub fn read(template: &Template, scope: &dyn Scope) -> Result<Option<Self>, Errors> {
        let mut read = Self { name: String::new(), deployment: true };
        let Some(entries) = template.as_mapping() else {
            let value = template.evaluate(scope)?;
            match &value {
                Value::Null => {}
                Value::Object(members) => {
                    for (name, value) in members.iter() {
                        read.set(template.place, name, value)?;
                    }
                }
                _ => read.name = text_of(template.place, &value)?,
            }
            return Ok((!read.name.is_empty()).then_some(read));
        };
        for entry in entries {
            // The address is evaluated when the job is over, with what its steps told.
            if let crate::template::Key::Text(name) = &entry.key
                && **name != *"url"
            {
                read.set(entry.value.place, name, &entry.value.evaluate(scope)?)?;
            }
        }
        Ok((!read.name.is_empty()).then_some(read))
    }

    fn set(&mut self, place: Place, name: &str, value: &Value) -> Result<(), Errors> {
        match name {
            "name" => self.name = text_of(place, value)?,
            "deployment" => self.deployment = truth_of(place, value)?,
            "url" => {}
            _ => return Err(unknown(place, name, "name, url or deployment")),
        }
        Ok(())
    }
}

impl RunsOn {
    /// What `runs-on` says.
    pub fn read(template: &Template, scope: &dyn Scope) -> Result<Self, Errors> {
        let value = template.evaluate(scope)?;
        let mut read = Self::default();
        let Value::Object(members) = &value else {
            read.labels = list_of(template.place, &value)?;
            return if read.labels.is_empty() {
                Err(one(template.place, "the label of a machine", &Value::Null))
            } else {
                Ok(read)
            };
        };
        for (name, value) in members.iter() {
            let place = within(template, name);
            match &**name {
                "group" => read.group = Some(text_of(place, value)?),
                "labels" => read.labels = list_of(place, value)?,
                _ => return Err(unknown(place, name, "group or labels")),
            }
        }
        Ok(read)
    }
}

impl Container {
    /// What `container` or one of `services` says; an empty image is no container.
    pub fn read(template: &Template, scope: &dyn Scope) -> Result<Option<Self>, Errors> {
        Self::of(template, &template.evaluate(scope)?)
    }

    /// What `services` says, by name.
    pub fn services(
        template: &Template,
        scope: &dyn Scope,
    ) -> Result<Vec<(Arc<str>, Self)>, Errors> {
        let value = template.evaluate(scope)?;
        let mut services = Vec::new();
        for (name, value) in members(template, &value)?.iter() {
            let under = template.get(name).unwrap_or(template);
            services.extend(Self::of(under, value)?.map(|container| (name.clone(), container)));
        }
        Ok(services)
    }

    fn of(template: &Template, value: &Value) -> Result<Option<Self>, Errors> {
        let mut read = Self::default();
        if let Value::Object(members) = value {
            for (name, value) in members.iter() {
                read.set(within(template, name), name, value)?;
            }
        } else if !matches!(value, Value::Null) {
            read.image = text_of(template.place, value)?;
        }
        let image = read.image.strip_prefix("docker://").unwrap_or(&read.image).to_owned();
        Ok((!image.is_empty()).then_some(Self { image, ..read }))
    }

    fn set(&mut self, place: Place, name: &str, value: &Value) -> Result<(), Errors> {
        match name {
            "image" => self.image = text_of(place, value)?,
            "options" => self.options = Some(text_of(place, value)?),
            "entrypoint" => self.entrypoint = Some(text_of(place, value)?),
            "command" => self.command = Some(text_of(place, value)?),
            "ports" => self.ports = list_of(place, value)?,
            "volumes" => self.volumes = list_of(place, value)?,
            "env" => self.env = pairs_of(place, value)?,
            "credentials" => {
                let text = |name| text_of(place, &value.get(name));
                self.credentials = Some((text("username")?, text("password")?));
            }
            _ => {
                let known =
                    "image, options, entrypoint, command, env, ports, volumes or credentials";
                return Err(unknown(place, name, known));
            }
        }
        Ok(())
    }
}

pub(crate) fn one(place: Place, expected: &'static str, value: &Value) -> Errors {
    vec![TemplateError::unexpected(place, expected, value)]
}

pub(crate) fn unknown(place: Place, name: &str, known: &'static str) -> Errors {
    one(place, known, &name.into())
}

/// Where the value of `name` stands, or the whole where it came from an expression.
pub(crate) fn within(template: &Template, name: &str) -> Place {
    template.get(name).unwrap_or(template).place
}

fn scalar(value: &Value) -> Option<Arc<str>> {
    value.is_primitive().then(|| value.as_text())
}

pub(crate) fn members<'a>(template: &Template, value: &'a Value) -> Result<&'a Object, Errors> {
    if let Value::Object(members) = value {
        Ok(members)
    } else {
        Err(one(template.place, "a mapping", value))
    }
}

fn text_of(place: Place, value: &Value) -> Result<String, Errors> {
    scalar(value).map(|text| text.to_string()).ok_or_else(|| one(place, "a text", value))
}

pub(crate) fn truth_of(place: Place, value: &Value) -> Result<bool, Errors> {
    if let Value::Bool(value) = value {
        Ok(*value)
    } else {
        Err(one(place, "true or false", value))
    }
}

/// A list of texts, or one alone.
fn list_of(place: Place, value: &Value) -> Result<Vec<String>, Errors> {
    match value {
        Value::List(items) => items.iter().map(|item| text_of(place, item)).collect(),
        Value::Null => Ok(Vec::new()),
        alone => {
            Ok(Some(text_of(place, alone)?).into_iter().filter(|text| !text.is_empty()).collect())
        }
    }
}

fn pairs_of(place: Place, value: &Value) -> Result<Vec<(String, String)>, Errors> {
    let Value::Object(members) = value else { return Err(one(place, "a mapping", value)) };
    members.iter().map(|(name, value)| Ok((name.to_string(), text_of(place, value)?))).collect()
}
