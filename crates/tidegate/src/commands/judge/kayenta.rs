//! Recordings judged as Kayenta does.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::ExitCode,
};

use serde_json::{Value, json};
use tidegate_kayenta::{
    CanaryConfig, Judgement, MetricResult, Pair, ScoreClass, Thresholds, judge,
};
use tidegate_manifest::canary_judge_result;
use tidegate_recording::{ReadSettings, Series, Shape};

use super::{
    read::{open, unreadable},
    show::digits,
    tell,
};
use crate::{
    args::{Global, KayentaArgs},
    error::{CliError, ErrorKind},
    exit,
    files::read_sources,
    paint::Paint,
    table::Table,
};

/// Judges two recordings by a canary configuration.
pub(super) fn run(global: &Global, args: &KayentaArgs) -> Result<ExitCode, CliError> {
    let stdin = |path: &Path| path.as_os_str() == "-";
    if [&args.config, &args.canary, &args.stable].iter().filter(|path| stdin(path)).count() > 1 {
        let message = "standard input can be one of --config, --canary and --stable only";
        return Err(CliError::new(ErrorKind::Usage, message));
    }
    let (config, mut notes) = config(&args.config)?;
    let thresholds = thresholds(args, &config)?;
    let canary = Side::read(&args.canary, args, &mut notes)?;
    let stable = Side::read(&args.stable, args, &mut notes)?;
    let pairs = pairs(&config, &canary, &stable, &mut notes);
    let judged = judge(&config, thresholds, &pairs).map_err(|unknown| {
        let message = format!("the configuration has no metric {:?}", unknown.0);
        CliError::new(ErrorKind::Usage, message)
    })?;
    let told = told(&judged, &notes);
    tell(global, &told, |paint| shown(&judged, thresholds, &notes, paint))?;
    Ok(ExitCode::from(match judged.score.class {
        Some(ScoreClass::Pass) => exit::OK,
        Some(ScoreClass::Fail) => exit::WORSE,
        Some(ScoreClass::Marginal) | None => exit::INCONCLUSIVE,
    }))
}

fn config(path: &Path) -> Result<(CanaryConfig, Vec<String>), CliError> {
    // A failure is exit code 1 elsewhere; of a judge that is a verdict.
    let unread = |error: CliError| {
        if error.kind() == ErrorKind::Failed { error.of_kind(ErrorKind::Unreadable) } else { error }
    };
    let sources = read_sources(&[path.to_owned()]).map_err(unread)?;
    let [source] = sources.as_slice() else {
        let message = format!("{} has {} files in it", path.display(), sources.len());
        return Err(CliError::new(ErrorKind::Usage, message).hint("name one canary configuration"));
    };
    let read = tidegate_manifest::read_canary_config(&source.name, &source.text);
    let (config, notes) = read.map_err(|problems| {
        CliError::new(ErrorKind::Usage, format!("{} is no canary configuration", source.name))
            .problems(vec![problems])
    })?;
    Ok((config, notes.iter().map(ToString::to_string).collect()))
}

/// The scores of the command line, else those of the configuration.
fn thresholds(args: &KayentaArgs, config: &CanaryConfig) -> Result<Option<Thresholds>, CliError> {
    let pass = args.pass.or(config.thresholds.map(|own| own.pass));
    let marginal = args.marginal.or(config.thresholds.map(|own| own.marginal)).or(pass);
    match (pass, marginal) {
        (Some(pass), Some(marginal)) if marginal <= pass => Ok(Some(Thresholds { pass, marginal })),
        (Some(pass), Some(marginal)) => {
            let message = format!("the marginal score {marginal} is above the one to pass, {pass}");
            Err(CliError::new(ErrorKind::Usage, message))
        }
        (None, Some(_)) => {
            let message = "--marginal is given, but no score to pass";
            Err(CliError::new(ErrorKind::Usage, message).hint("add --pass SCORE"))
        }
        (_, None) => Ok(None),
    }
}

/// What was recorded of one revision.
struct Side {
    /// As it was named.
    file: String,
    series: BTreeMap<String, Series>,
    /// The moments at which any metric has a value: the rows.
    moments: BTreeSet<i64>,
}

impl Side {
    fn read(path: &Path, args: &KayentaArgs, notes: &mut Vec<String>) -> Result<Self, CliError> {
        let columns = ReadSettings {
            shape: Some(Shape::Intervals),
            time: args.time.clone(),
            ..ReadSettings::default()
        };
        let mut opened = open(path, &columns)?;
        let series = opened.reader.series().map_err(unreadable)?;
        let told = opened.reader.notes().into_iter();
        notes.extend(told.map(|note| format!("{}: {note}", opened.name)));
        let points = series.iter().flat_map(|one| &one.points);
        let moments = points.map(|point| point.at_micros).collect();
        let series = series.into_iter().map(|one| (one.name.clone(), one)).collect();
        Ok(Self { file: opened.name, series, moments })
    }

    /// A value for each row; not a number where it is not there.
    fn values(&self, metric: &str) -> Vec<f64> {
        let points = self.series.get(metric).map(|series| series.points.as_slice());
        let known: BTreeMap<_, _> =
            points.unwrap_or_default().iter().map(|point| (point.at_micros, point.value)).collect();
        let value = |at: &i64| known.get(at).copied().unwrap_or(f64::NAN);
        self.moments.iter().map(value).collect()
    }
}

/// The values of each metric of the configuration. One that neither recording has is told: its name
/// may be written otherwise there.
fn pairs(
    config: &CanaryConfig,
    canary: &Side,
    stable: &Side,
    notes: &mut Vec<String>,
) -> Vec<Pair> {
    let pair = |name: &String| Pair {
        name: name.clone(),
        tags: BTreeMap::new(),
        experiment: canary.values(name),
        control: stable.values(name),
    };
    for metric in &config.metrics {
        let name = &metric.name;
        let without: Vec<_> = [canary, stable]
            .into_iter()
            .filter(|side| !side.series.contains_key(name))
            .map(|side| side.file.as_str())
            .collect();
        if !without.is_empty() {
            notes.push(format!("there is no column {name:?} in {}", without.join(" nor in ")));
        }
    }
    config.metrics.iter().map(|metric| pair(&metric.name)).collect()
}

/// Kayenta's own form, with the verdict in the words of `judge`.
fn told(judged: &Judgement, notes: &[String]) -> Value {
    let mut told = canary_judge_result(judged);
    if let Value::Object(fields) = &mut told {
        fields.insert("verdict".to_owned(), json!(verdict(judged)));
        fields.insert("notes".to_owned(), json!(notes));
    }
    told
}

fn verdict(judged: &Judgement) -> &'static str {
    match judged.score.class {
        Some(ScoreClass::Pass) => "no_worse",
        Some(ScoreClass::Fail) => "worse",
        Some(ScoreClass::Marginal) | None => "inconclusive",
    }
}

fn shown(
    judged: &Judgement,
    thresholds: Option<Thresholds>,
    notes: &[String],
    paint: Paint,
) -> String {
    let mut lines = vec![headline(judged, thresholds, paint), String::new()];
    lines.push(metrics(&judged.results).to_string());
    if judged.groups.len() > 1 {
        let mut table = Table::new(["GROUP", "SCORE"]);
        for group in &judged.groups {
            let score = if group.without_data { String::new() } else { digits(group.score) };
            table.row(vec![group.name.clone(), score]);
        }
        lines.extend([String::new(), table.to_string()]);
    }
    if !notes.is_empty() {
        lines.push(String::new());
        lines.extend(notes.iter().map(|note| format!("note: {note}")));
    }
    lines.join("\n")
}

fn headline(judged: &Judgement, thresholds: Option<Thresholds>, paint: Paint) -> String {
    let score = judged.score.score;
    let class = match judged.score.class {
        Some(class @ ScoreClass::Pass) => paint.green(class.as_str()),
        Some(class @ ScoreClass::Fail) => paint.red_bold(class.as_str()),
        Some(class @ ScoreClass::Marginal) => paint.yellow(class.as_str()),
        None => paint.yellow("no score to pass was given"),
    };
    let bounds = thresholds.map_or(String::new(), |Thresholds { pass, marginal }| {
        format!(" (passes from {pass}, marginal from {marginal})")
    });
    let why = judged.score.reason.as_ref().map_or(String::new(), |why| format!(": {why}"));
    format!("score {score}{bounds}: {class}{why}")
}

fn metrics(results: &[MetricResult]) -> Table {
    let mut table = Table::new(["METRIC", "VERDICT", "CANARY", "STABLE", "RATIO", "GROUPS", "WHY"]);
    for MetricResult { name, groups, muted, verdict, .. } in results {
        let marks = [(verdict.critical, " critical"), (*muted, " muted")];
        let marks = marks.map(|(is, mark)| if is { mark } else { "" }).concat();
        let mean = |count: usize, mean: f64| if count == 0 { String::new() } else { digits(mean) };
        let ratio = verdict.ratio.filter(|ratio| ratio.is_finite() && verdict.effect.is_some());
        table.row(vec![
            name.clone(),
            format!("{}{marks}", verdict.class.as_str()),
            mean(verdict.experiment.count, verdict.experiment.mean),
            mean(verdict.control.count, verdict.control.mean),
            ratio.map_or(String::new(), digits),
            groups.join(","),
            verdict.reason.clone().unwrap_or_default(),
        ]);
    }
    table
}
