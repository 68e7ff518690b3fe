//! `spec.selector` of a Rollout: the labels by which its replicas are known.

use std::collections::BTreeMap;

use crate::{
    fields::rollout::{MATCH_EXPRESSION, SELECTOR},
    names,
    report::Complaint,
    suggest::nearest,
    walk::Spot,
};

type Labels = BTreeMap<String, String>;

/// Where the labels stand that a selector is about.
const TEMPLATE: &str = "labels of spec.template.metadata.labels";

/// The labels of `matchLabels`. Those of the template must fit the whole selector.
pub(crate) fn read(spot: &Spot<'_>, template: Option<&Labels>) -> Option<Labels> {
    let fields = spot.fields(&SELECTOR)?;
    let expressions = fields.get("matchExpressions").and_then(Spot::items).unwrap_or_default();
    for spot in &expressions {
        expression(spot, template);
    }
    let matched = match fields.get("matchLabels") {
        Some(matched) => matched,
        None if expressions.is_empty() => fields.need("matchLabels")?,
        None => return Some(Labels::new()),
    };
    let selector = names::labels(matched).unwrap_or_default();
    let entries = matched.entries().unwrap_or_default();
    if matched.is_map() && entries.is_empty() && expressions.is_empty() {
        matched.complain(Complaint::new("found no label").allow("at least one label"));
    }
    for (key, spot) in template.map_or_else(Vec::new, |_| entries) {
        let labels = template.into_iter().flatten();
        let wanted = selector.get(key);
        let have = template.and_then(|labels| labels.get(key));
        if wanted.is_none() || wanted == have {
            continue;
        }
        let complaint = match have {
            Some(have) => spot.found().hint(format!("the template's label is {have:?}")),
            None => Complaint::new(format!("the template has no label {key:?}"))
                .suggest(nearest(key, labels.map(|(key, _)| key.as_str()))),
        };
        spot.complain(complaint.allow(TEMPLATE));
    }
    Some(selector)
}

/// What a label has to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

const OPERATORS: [(&str, Operator); 4] = [
    ("In", Operator::In),
    ("NotIn", Operator::NotIn),
    ("Exists", Operator::Exists),
    ("DoesNotExist", Operator::DoesNotExist),
];

/// One of `matchExpressions`, by the rules of Kubernetes.
fn expression(spot: &Spot<'_>, template: Option<&Labels>) -> Option<()> {
    let fields = spot.fields(&MATCH_EXPRESSION)?;
    let key = fields.need("key").and_then(Spot::filled_text);
    let operator = fields.need("operator").and_then(|spot| spot.word(&OPERATORS));
    let values = fields.or("values", Vec::new(), Spot::texts);
    let (key, operator) = (key?, operator?);
    let takes_values = matches!(operator, Operator::In | Operator::NotIn);
    if takes_values == values.is_empty() {
        let complaint = Complaint::new("the operator and the values do not fit");
        spot.complain(complaint.allow("values with In and NotIn, none with the others"));
        return None;
    }
    let have = template?.get(key);
    let holds = match operator {
        Operator::In => have.is_some_and(|have| values.contains(have)),
        Operator::NotIn => have.is_none_or(|have| !values.contains(have)),
        Operator::Exists => have.is_some(),
        Operator::DoesNotExist => have.is_none(),
    };
    if !holds {
        let complaint = match have {
            Some(have) => Complaint::new(format!("the template's label {key:?} is {have:?}")),
            None => Complaint::new(format!("the template has no label {key:?}")),
        };
        spot.complain(complaint.allow(TEMPLATE));
    }
    Some(())
}
