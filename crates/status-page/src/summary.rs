//! The shape of Statuspage's `summary.json`.

use serde::{Deserialize, Serialize};
use tidegate_dora::Deployment;
use tidegate_ledger::Digest;
use tidegate_units::Timestamp;

use crate::{Health, Seen, incidents::incidents};

/// A service as the page is to show it.
#[derive(Clone, Debug, PartialEq)]
pub struct Service<'a> {
    /// What it is called there.
    pub name: String,
    /// Under which heading.
    pub group: Option<String>,
    /// When it was first there.
    pub since: Timestamp,
    /// How it is.
    pub seen: Seen,
    /// What was deployed of it, the oldest first.
    pub deployments: Vec<&'a Deployment>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// The page.
    pub page: Page,
    /// The services, each group before its members.
    pub components: Vec<Component>,
    /// What went wrong, the newest first.
    pub incidents: Vec<Incident>,
    /// Always empty: nobody plans maintenance here.
    pub scheduled_maintenances: Vec<Incident>,
    /// All of them in one.
    pub status: Status,
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// It never changes.
    pub id: String,
    /// As the server was told.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// All moments are in it.
    pub time_zone: String,
    /// When this was so.
    pub updated_at: Timestamp,
}

/// A service, or a group of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Component {
    /// It follows from the names.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// How it is; a group is as its worst member.
    pub status: Health,
    /// When it was first there.
    pub created_at: Timestamp,
    /// When this was so.
    pub updated_at: Timestamp,
    /// Its place, from 1.
    pub position: usize,
    /// None.
    pub description: Option<String>,
    /// None is.
    pub showcase: bool,
    /// When it was first there.
    pub start_date: Option<String>,
    /// The group that it belongs to.
    pub group_id: Option<String>,
    /// The page.
    pub page_id: String,
    /// Whether it is a group.
    pub group: bool,
    /// None is.
    pub only_show_if_degraded: bool,
    /// Of a group: its members.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
}

/// Something that went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// It never changes.
    pub id: String,
    /// In one sentence.
    pub name: String,
    /// How far it has come.
    pub status: Stage,
    /// When it was first told.
    pub created_at: Timestamp,
    /// When it was last told.
    pub updated_at: Timestamp,
    /// When it was mended, and watched from then on.
    pub monitoring_at: Option<Timestamp>,
    /// When it was over.
    pub resolved_at: Option<Timestamp>,
    /// How bad it was.
    pub impact: Impact,
    /// Where more is told.
    pub shortlink: String,
    /// Since when users may have noticed.
    pub started_at: Timestamp,
    /// The page.
    pub page_id: String,
    /// What was told, the newest first.
    pub incident_updates: Vec<IncidentUpdate>,
    /// The services.
    pub components: Vec<Component>,
}

/// Something that was told of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentUpdate {
    /// It never changes.
    pub id: String,
    /// How far it had come.
    pub status: Stage,
    /// In words.
    pub body: String,
    /// Of which incident.
    pub incident_id: String,
    /// When.
    pub created_at: Timestamp,
    /// When.
    pub updated_at: Timestamp,
    /// When.
    pub display_at: Timestamp,
}

/// How far an incident has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// It is noticed.
    Investigating,
    /// Its cause is known.
    Identified,
    /// It is mended, and watched.
    Monitoring,
    /// It is over.
    Resolved,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Impact {
    /// Not at all.
    #[default]
    None,
    /// Some notice.
    Minor,
    /// Many do.
    Major,
    /// All do.
    Critical,
}

/// All services in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// As of the worst.
    pub indicator: Impact,
    /// In words.
    pub description: String,
}

impl From<Health> for Impact {
    fn from(health: Health) -> Self {
        match health {
            Health::Operational => Self::None,
            Health::DegradedPerformance => Self::Minor,
            Health::PartialOutage => Self::Major,
            Health::MajorOutage => Self::Critical,
        }
    }
}

/// All that is to be told at a moment, with the incidents of the last 14 days.
pub fn summary(name: &str, url: &str, services: &[Service<'_>], now: Timestamp) -> Summary {
    let page = Page {
        id: id(&["page"]),
        name: name.to_owned(),
        url: url.to_owned(),
        time_zone: "Etc/UTC".to_owned(),
        updated_at: now,
    };
    let mut sorted: Vec<_> = services.iter().collect();
    sorted.sort_by(|a, b| (&a.group, &a.name).cmp(&(&b.group, &b.name)));
    let mut components: Vec<Component> = Vec::new();
    let mut incidents_of = Vec::new();
    let mut group: Option<usize> = None;
    for service in sorted {
        let mut one = component(&page, &service.name, service.group.as_deref(), service.since);
        one.status = Health::of(&service.seen);
        if let Some(name) = &service.group {
            let known = group.filter(|at| components.get(*at).is_some_and(|it| it.name == *name));
            let at = known.unwrap_or_else(|| {
                let place = components.len() + 1;
                let heading = component(&page, name, None, service.since);
                components.push(Component { group: true, position: place, ..heading });
                components.len() - 1
            });
            group = Some(at);
            if let Some(heading) = components.get_mut(at) {
                one.group_id = Some(heading.id.clone());
                heading.components.push(one.id.clone());
                heading.status = heading.status.max(one.status);
                heading.created_at = heading.created_at.min(one.created_at);
            }
        }
        one.position = components.len() + 1;
        incidents_of.extend(incidents(&page, &one, &service.deployments, now));
        components.push(one);
    }
    incidents_of.sort_by_key(|incident| std::cmp::Reverse(incident.started_at));
    let worst = components.iter().map(|one| one.status).max().unwrap_or_default();
    Summary {
        page,
        components,
        incidents: incidents_of,
        scheduled_maintenances: vec![],
        status: status(worst),
    }
}

impl Summary {
    /// The same as if it had been told at `at`: what differs from what was told then has changed since.
    pub fn as_told_at(mut self, at: Timestamp) -> Self {
        self.page.updated_at = at;
        let of_incidents = self.incidents.iter_mut().flat_map(|it| &mut it.components);
        for component in self.components.iter_mut().chain(of_incidents) {
            component.updated_at = at;
        }
        self
    }

    /// The same with those incidents alone that are not over, as `summary.json` has them.
    pub fn unresolved(mut self) -> Self {
        self.incidents.retain(|incident| incident.status != Stage::Resolved);
        self
    }
}

fn status(worst: Health) -> Status {
    let description = match worst {
        Health::Operational => "All Systems Operational",
        Health::DegradedPerformance => "Minor Service Outage",
        Health::PartialOutage => "Partial System Outage",
        Health::MajorOutage => "Major System Outage",
    };
    Status { indicator: worst.into(), description: description.to_owned() }
}

fn component(page: &Page, name: &str, group: Option<&str>, since: Timestamp) -> Component {
    Component {
        id: id(&["component", group.unwrap_or_default(), name]),
        name: name.to_owned(),
        status: Health::Operational,
        created_at: since,
        updated_at: page.updated_at,
        position: 0,
        description: None,
        showcase: false,
        start_date: since.to_string().split('T').next().map(str::to_owned),
        group_id: None,
        page_id: page.id.clone(),
        group: false,
        only_show_if_degraded: false,
        components: Vec::new(),
    }
}

/// Twelve characters that stand for these words, as long as Statuspage's.
pub(crate) fn id(words: &[&str]) -> String {
    let digits = Digest::of(words.join("\0").as_bytes()).to_string();
    digits.get(..12).unwrap_or(&digits).to_owned()
}
