use std::{path::Path, process::ExitCode};

use tidegate_dora::{Deployments, Metric, Metrics, Query, Report, Unit};

use crate::{
    args::{DoraArgs, Format, Global},
    client::escape,
    commands::{exported, ledger::Ledger, wait},
    error::CliError,
    output::Output,
    table::Table,
    times::{age, now},
};

/// Shows DORA's metrics: from the server, from what it keeps when none runs, or from an exported ledger.
pub(crate) fn run(global: &Global, args: &DoraArgs) -> Result<ExitCode, CliError> {
    let namespace = (!args.all_namespaces).then(|| global.namespace.clone());
    let query = Query {
        until: args.until.unwrap_or_else(now),
        window: args.window,
        namespace,
        name: args.name.clone(),
        by: args.by.into(),
        limit: args.limit,
    };
    let report = match &args.from {
        Some(path) => told_in(path)?.report(&query, |_| true),
        None => known(global, args, &query)?,
    };
    Output::new(global).data(&report, |output| show(output, &report))?;
    Ok(ExitCode::SUCCESS)
}

/// From the server, or from what it keeps.
fn known(global: &Global, args: &DoraArgs, query: &Query) -> Result<Report, CliError> {
    let ledger = Ledger::open(global, &args.place)?;
    if let Ledger::Server(client) = &ledger {
        let path = address(query);
        return wait(async { client.get(&path).await });
    }
    let mut known = Deployments::default();
    ledger.each(|entry| {
        known.take(&entry);
        Ok(())
    })?;
    Ok(known.report(query, |_| true))
}

fn address(query: &Query) -> String {
    let word = serde_json::to_value(query.by).unwrap_or_default();
    let mut path = format!(
        "/v1/dora?window={}&until={}&limit={}&by={}",
        query.window,
        escape(&query.until.to_string()),
        query.limit,
        word.as_str().unwrap_or_default()
    );
    for (name, value) in [("namespace", &query.namespace), ("name", &query.name)] {
        if let Some(value) = value {
            path.extend(["&", name, "=", &escape(value)]);
        }
    }
    path
}

/// What a file says that `tidegate ledger export` wrote.
fn told_in(path: &Path) -> Result<Deployments, CliError> {
    let mut known = Deployments::default();
    exported::each(path, |entry| known.take(&entry))?;
    Ok(known)
}

fn show(output: &mut Output, report: &Report) -> Result<(), CliError> {
    let window = &report.window;
    let cut = if window.cut { ", where what is known begins" } else { "" };
    output.line(format!("{} from {}{cut}, until {}", window.asked, window.from, window.until))?;
    output.line(table(&report.metrics))?;
    for group in &report.groups {
        let name = group.name.as_ref().map(|name| format!("/{name}")).unwrap_or_default();
        output.line(format!("\n{}{name}", group.namespace))?;
        output.line(table(&group.metrics))?;
    }
    if output.format == Format::Wide {
        output.line("")?;
        output.line(deployments(report))?;
    }
    Ok(())
}

fn table(metrics: &Metrics) -> Table {
    let mut table = Table::new(["METRIC", "VALUE", "MEDIAN", "P90", "N", "NOTE"]);
    for (name, metric) in [
        ("change lead time", &metrics.change_lead_time),
        ("deployment frequency", &metrics.deployment_frequency),
        ("failed deployment recovery time", &metrics.failed_deployment_recovery_time),
        ("change fail rate", &metrics.change_fail_rate),
        ("deployment rework rate", &metrics.deployment_rework_rate),
    ] {
        let of = |value: Option<f64>| value.map(|it| shown(it, metric.unit)).unwrap_or_default();
        table.row(vec![
            name.to_owned(),
            value(metric),
            of(metric.median),
            of(metric.p90),
            count(metric),
            metric.note.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn value(metric: &Metric) -> String {
    let Some(value) = metric.value else { return String::new() };
    let shown_value = shown(value, metric.unit);
    match metric.interval {
        Some([low, high]) => {
            let percent = |share: f64| format!("{:.1}", share * 100.0);
            format!("{shown_value} ({} to {} %)", percent(low), percent(high))
        }
        None => shown_value,
    }
}

/// How many; of a rate, how many of how many.
fn count(metric: &Metric) -> String {
    match (metric.unit, metric.count) {
        (Unit::Ratio, Some(count)) => format!("{count} of {}", metric.n),
        (_, Some(open)) if open > 0 => format!("{}, {open} open", metric.n),
        _ => metric.n.to_string(),
    }
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds => age(std::time::Duration::from_secs_f64(value.max(0.0))),
        Unit::DeploymentsPerDay => format!("{value:.2}/day"),
        Unit::Ratio => format!("{:.1} %", value * 100.0),
    }
}

fn deployments(report: &Report) -> Table {
    let heads = [
        "ENTRY",
        "ROLLOUT",
        "NUMBER",
        "BEGAN",
        "STABLE",
        "LEAD TIME",
        "FAILED",
        "RECOVERY",
        "MENDS",
    ];
    let mut table = Table::new(heads);
    let moment = |point: Option<tidegate_dora::Point>| {
        point.map(|point| point.at.whole_seconds()).unwrap_or_default()
    };
    let span = |value: Option<f64>| value.map(|it| shown(it, Unit::Seconds)).unwrap_or_default();
    for one in &report.deployments {
        table.row(vec![
            one.sequence.to_string(),
            one.key.to_string(),
            one.number.to_string(),
            one.began.at.whole_seconds(),
            moment(one.stable),
            span(one.lead_time),
            moment(one.failed.map(|failure| failure.point)),
            span(one.recovery_time),
            one.mends.map(|id| id.to_string()).unwrap_or_default(),
        ]);
    }
    table
}
