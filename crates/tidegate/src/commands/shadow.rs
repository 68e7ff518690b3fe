use std::process::ExitCode;

use tidegate_controller::{ComparedField, ComparisonView, LatencyView, RolloutView};
use tidegate_units::Timestamp;

use crate::{
    args::{Global, NameArgs},
    client::Client,
    commands::change::rollout_path,
    error::CliError,
    output::Output,
    table::Table,
    times,
};

/// So many fields are listed; the rest are counted. With `--output json` there are all.
const MOST_LISTED: usize = 20;

/// Shows how the answers of a shadowed revision compare with those of the stable one.
pub(crate) async fn run(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let view: RolloutView = client.get(&rollout_path(global, &args.name, "view")).await?;
    let comparison = last(&view).ok_or_else(|| {
        let what = format!("no answers were compared for rollout {:?}", args.name);
        CliError::failed(what).hint("a step of the plugin tidegate/shadow compares them")
    })?;
    Output::new(global).data(comparison, |output| {
        for line in lines(comparison, times::now()) {
            output.line(line)?;
        }
        output.line(table(comparison))
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The comparison of the newest revision that has one.
fn last(view: &RolloutView) -> Option<&ComparisonView> {
    let number = |hash| view.status.revisions.get(hash).map_or(0, |record| record.number);
    let compared = view
        .traffic
        .iter()
        .filter_map(|(hash, traffic)| Some((number(hash), traffic.compared.as_deref()?)));
    compared.max_by_key(|(number, _)| *number).map(|(_, comparison)| comparison)
}

fn lines(comparison: &ComparisonView, now: Timestamp) -> Vec<String> {
    let ComparisonView { verdict, message, compared, differing, noisy, .. } = comparison;
    let age = times::age(now.since(comparison.since));
    let mut lines = vec![
        format!("{verdict}: {message}"),
        format!(
            "{compared} requests compared in {age}, {} not: the new revision alone differed in \
             {differing}, a stable replica alone in {noisy}",
            comparison.dropped
        ),
    ];
    if comparison.unread > 0 {
        lines.push(format!("{} bodies were too large or had no end", comparison.unread));
    }
    if comparison.one_instance > 0 {
        lines.push(format!(
            "{} were compared with one stable replica, twice: what differs from replica to replica \
             looks like a difference",
            comparison.one_instance
        ));
    }
    for (who, latency) in [("new", &comparison.latency), ("stable", &comparison.stable_latency)] {
        if let Some(text) = quantiles(latency) {
            lines.push(format!("latency, {who}: {text}"));
        }
    }
    let more = comparison.fields.len().saturating_sub(MOST_LISTED);
    if more > 0 {
        lines.push(format!("{more} fields more varied"));
    }
    lines
}

fn quantiles(latency: &LatencyView) -> Option<String> {
    let LatencyView { p50_ms, p90_ms, p99_ms } = latency;
    Some(format!("p50 {:.1} ms, p90 {:.1} ms, p99 {:.1} ms", (*p50_ms)?, (*p90_ms)?, (*p99_ms)?))
}

fn table(comparison: &ComparisonView) -> Table {
    let mut table = Table::new(["FIELD", "VERDICT", "NEW", "STABLE", "ALL", "EXAMPLE"]);
    for field in comparison.fields.iter().take(MOST_LISTED) {
        table.row(vec![
            field.field.clone(),
            if field.differs { "different" } else { "varies" }.to_owned(),
            field.candidate.to_string(),
            field.stable.to_string(),
            field.all.to_string(),
            example(field),
        ]);
    }
    table
}

/// One that shows a difference; of what only varies, an example says nothing.
fn example(field: &ComparedField) -> String {
    let first = field.examples.first().filter(|_| field.differs);
    first.map_or_else(String::new, |it| {
        format!("{} in place of {} at {}", it.candidate, it.stable, it.request)
    })
}

#[cfg(test)]
mod tests {
    use tidegate_traffic::DifferenceExample;

    use super::*;

    #[test]
    fn a_comparison_says_what_differs_and_what_only_varies() {
        let field = |name: &str, counts: [u64; 3]| {
            let [candidate, stable, all] = counts;
            let field = name.to_owned();
            ComparedField { field, candidate, stable, all, ..ComparedField::default() }
        };
        let example = DifferenceExample {
            request: "GET /shop".to_owned(),
            candidate: "9".to_owned(),
            stable: "7".to_owned(),
        };
        let price = ComparedField {
            differs: true,
            examples: vec![example],
            ..field("body.price", [40, 0, 0])
        };
        let latency = LatencyView { p50_ms: Some(1.0), p90_ms: Some(2.0), p99_ms: Some(3.25) };
        let comparison = ComparisonView {
            verdict: "different".to_owned(),
            message: "body.price".to_owned(),
            since: Timestamp::from_millis(1_767_225_600_000),
            compared: 40,
            differing: 40,
            noisy: 2,
            unread: 1,
            one_instance: 3,
            dropped: 4,
            fields: vec![price, field("latency", [1, 2, 0]), field("body.id", [0, 0, 40])],
            latency,
            ..ComparisonView::default()
        };
        let text = format!(
            "{}\n{}",
            lines(&comparison, Timestamp::from_millis(1_767_225_690_000)).join("\n"),
            table(&comparison)
        );
        insta::assert_snapshot!(text, @r"
        different: body.price
        40 requests compared in 90s, 4 not: the new revision alone differed in 40, a stable replica alone in 2
        1 bodies were too large or had no end
        3 were compared with one stable replica, twice: what differs from replica to replica looks like a difference
        latency, new: p50 1.0 ms, p90 2.0 ms, p99 3.2 ms
        FIELD        VERDICT     NEW   STABLE   ALL   EXAMPLE
        body.price   different   40    0        0     9 in place of 7 at GET /shop
        latency      varies      1     2        0     -
        body.id      varies      0     0        40    -
        ");
    }
}
