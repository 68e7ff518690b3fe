//! The page of services whose deployments are made up.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::json;
use tidegate_dora::{Cause, Change, Deployment, Failure, Point};
use tidegate_status_page::{STYLE, Seen, Service, Stage, Summary, html, summary};
use tidegate_units::{ObjectKey, Timestamp};

const MINUTE: i64 = 60_000;

fn point(minute: i64) -> Point {
    Point {
        sequence: u64::try_from(minute).unwrap() + 1,
        at: Timestamp::from_millis(minute * MINUTE),
    }
}

/// One that began at minute 100, failed at 110 and was recovered at 112.
fn failed() -> Deployment {
    Deployment {
        application: ObjectKey::new("hidden-namespace", "hidden-name"),
        revision: "hidden-revision".into(),
        number: 77,
        change: Change { commit: Some("hidden-commit".to_owned()), at: None, source: None },
        asked: point(99),
        began: point(100),
        is_return: false,
        stable: None,
        failed: Some(Failure { cause: Cause::Analysis, point: point(110) }),
        left: None,
        superseded: None,
        recovered: Some(point(112)),
        mends: None,
    }
}

fn page(deployment: &Deployment, seen: Seen, minute: i64) -> Summary {
    let known = deployment.as_of(point(minute).at);
    let service = |group: Option<&str>, name: &str, seen: Seen| Service {
        name: name.to_owned(),
        group: group.map(str::to_owned),
        since: point(0).at,
        seen,
        deployments: known.iter().filter(|_| group.is_some()).collect(),
    };
    let fine = Seen { wanted: 1, available: 1, ..Seen::default() };
    let services = [
        service(None, "Docs", fine),
        service(Some("Shop"), "Cart", fine),
        service(Some("Shop"), "<Checkout>", seen),
    ];
    summary("Acme & Sons", "https://status.example/status", &services, point(minute).at)
}

#[test]
fn the_summary_has_the_shape_that_tools_read() {
    let down = Seen { wanted: 3, available: 0, ..Seen::default() };
    let told = serde_json::to_value(page(&failed(), down, 111)).unwrap();
    assert_eq!(
        told["status"],
        json!({"indicator": "critical", "description": "Major System Outage"})
    );
    assert_eq!(told["scheduled_maintenances"], json!([]));
    assert_eq!(told["page"]["name"], "Acme & Sons");
    let names: Vec<_> = told["components"].as_array().unwrap().iter().collect();
    let row = |at: usize| (&names[at]["name"], &names[at]["status"], &names[at]["group"]);
    assert_eq!(row(0), (&json!("Docs"), &json!("operational"), &json!(false)));
    assert_eq!(row(1), (&json!("Shop"), &json!("major_outage"), &json!(true)));
    assert_eq!(row(2), (&json!("<Checkout>"), &json!("major_outage"), &json!(false)));
    assert_eq!(names[3]["group_id"], names[1]["id"]);
    assert_eq!(names[1]["components"], json!([names[2]["id"], names[3]["id"]]));
    for (at, one) in names.iter().enumerate() {
        assert_eq!(one["position"], at + 1);
    }
}

#[test]
fn an_incident_goes_from_investigating_to_resolved_with_its_times() {
    let stages = |minute: i64| {
        let told = page(&failed(), Seen::default(), minute);
        let one = told.incidents.iter().find(|it| it.components[0].name == "Cart").cloned()?;
        let open = told.unresolved().incidents.len();
        let stages: Vec<_> =
            one.incident_updates.iter().rev().map(|it| (it.status, it.created_at)).collect();
        Some((stages, open, one.status))
    };
    assert_eq!(stages(105), None);
    let at = |minute: i64| point(minute).at;
    let noticed = vec![(Stage::Investigating, at(110)), (Stage::Identified, at(110))];
    assert_eq!(stages(111), Some((noticed.clone(), 2, Stage::Identified)));
    let mended = [noticed, vec![(Stage::Monitoring, at(112))]].concat();
    assert_eq!(stages(115), Some((mended.clone(), 2, Stage::Monitoring)));
    let over = [mended, vec![(Stage::Resolved, at(122))]].concat();
    assert_eq!(stages(122), Some((over, 0, Stage::Resolved)));
    assert_eq!(stages(14 * 24 * 60 + 101), None);
}

#[test]
fn nothing_inside_is_told_and_no_name_is_markup() {
    let told = page(&failed(), Seen::default(), 111);
    let (text, page) = (serde_json::to_string(&told).unwrap(), html(&told));
    for shown in [&text, &page] {
        assert!(!shown.contains("hidden") && !shown.contains("77"), "{shown}");
    }
    assert!(page.contains("&lt;Checkout&gt;") && page.contains("Acme &amp; Sons"), "{page}");
    assert!(!page.contains("<Checkout>") && !page.contains("<script"));
}

/// Of each text on its ground, by WCAG's formula.
#[test]
fn every_colour_can_be_read() {
    let luminance = |hex: &str| {
        let part = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(0) + 0.7152 * part(2) + 0.0722 * part(4)
    };
    let mut ground = 0.0;
    let mut seen = 0;
    for line in STYLE.lines() {
        let Some((name, value)) = line.trim().trim_end_matches(';').split_once(": #") else {
            continue;
        };
        if name == "--ground" {
            ground = luminance(value);
        } else if name != "--line" {
            let (low, high) = (luminance(value).min(ground), luminance(value).max(ground));
            let contrast = (high + 0.05) / (low + 0.05);
            assert!(contrast >= 4.5, "{name} {value}: {contrast}");
            seen += 1;
        }
    }
    assert_eq!(seen, 12);
}
