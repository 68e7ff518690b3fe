use std::collections::BTreeMap;

use tidegate_evidence::{LONGEST_NAME, Level, cut};

use super::wire;

/// The rules of a run, by their ids.
pub(super) struct Rules<'a> {
    run: &'a wire::Run,
    by_id: BTreeMap<&'a str, &'a wire::Rule>,
    /// The levels that the run was started with, by rule.
    overrides: BTreeMap<&'a str, Level>,
}

impl<'a> Rules<'a> {
    pub(super) fn of(run: &'a wire::Run) -> Self {
        let components = std::iter::once(&run.tool.driver).chain(&run.tool.extensions.0);
        let mut by_id = BTreeMap::new();
        for rule in components.flat_map(|component| &component.rules.0) {
            by_id.entry(rule.id.as_str()).or_insert(rule);
        }
        let mut rules = Self { run, by_id, overrides: BTreeMap::new() };
        for own in run.invocations.0.iter().flat_map(|one| &one.rule_configuration_overrides.0) {
            let by_index = rules.by_reference(&own.descriptor).map(|rule| rule.id.as_str());
            let id = own.descriptor.id.as_deref().or(by_index);
            if let (Some(id), Some(level)) = (id, own.configuration.level) {
                rules.overrides.insert(id, level.into());
            }
        }
        rules
    }

    /// The id and the rule of a result (SARIF 2.1.0, 3.27.5 to 3.27.7): by its place in the list of its component, else
    /// by its id, of which a rule may be the first parts.
    pub(super) fn of_result(&self, own: &wire::Item) -> (String, Option<&'a wire::Rule>) {
        let reference = own.rule.as_ref();
        let id = own.rule_id.as_deref().or_else(|| reference.and_then(|own| own.id.as_deref()));
        let rule = reference
            .and_then(|reference| self.by_reference(reference))
            .or_else(|| at(&self.run.tool.driver.rules.0, own.rule_index))
            // An index may be wrong where logs were put together; an id is not.
            .filter(|rule| id.is_none_or(|id| is_of(id, &rule.id)))
            .or_else(|| self.by_prefix(id?));
        let id = id.or(rule.map(|rule| rule.id.as_str())).unwrap_or_default();
        (cut(id, LONGEST_NAME), rule)
    }

    /// The level of a result that has none of its own (3.27.10).
    pub(super) fn level(&self, id: &str, rule: Option<&wire::Rule>) -> Level {
        let own = rule.map_or(id, |rule| rule.id.as_str());
        let by_default = rule.and_then(|rule| rule.default_configuration.level).map(Level::from);
        self.overrides.get(own).copied().or(by_default).unwrap_or(Level::Warning)
    }

    fn by_reference(&self, reference: &wire::Reference) -> Option<&'a wire::Rule> {
        let component = match &reference.tool_component {
            None => &self.run.tool.driver,
            Some(own) => self.component(own)?,
        };
        let rules = &component.rules.0;
        at(rules, reference.index).or_else(|| {
            let id = reference.id.as_deref()?;
            rules.iter().find(|rule| rule.id == id)
        })
    }

    fn component(&self, own: &wire::ComponentReference) -> Option<&'a wire::Component> {
        let extensions = &self.run.tool.extensions.0;
        if let Some(component) = at(extensions, own.index) {
            return Some(component);
        }
        let mut all = std::iter::once(&self.run.tool.driver).chain(extensions);
        match (&own.guid, &own.name) {
            (Some(guid), _) => all.find(|component| component.guid.as_ref() == Some(guid)),
            (None, Some(name)) => all.find(|component| &component.name == name),
            (None, None) => Some(&self.run.tool.driver),
        }
    }

    fn by_prefix(&self, id: &str) -> Option<&'a wire::Rule> {
        // Each part is looked up: a name that nobody reads is not worth it.
        let mut id = Some(id).filter(|id| id.len() <= LONGEST_NAME)?;
        loop {
            if let Some(rule) = self.by_id.get(id) {
                return Some(rule);
            }
            id = id.rsplit_once('/')?.0;
        }
    }
}

/// The item at an index; -1 stands for none.
pub(super) fn at<T>(items: &[T], index: Option<i64>) -> Option<&T> {
    items.get(usize::try_from(index?).ok()?)
}

/// Whether a result's `id` is that of `rule` or of a part of it.
fn is_of(id: &str, rule: &str) -> bool {
    id.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
