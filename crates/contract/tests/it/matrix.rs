use tidegate_contract::{
    Decision, Deployment, Hindrance, Matrix, Needed, Verification, can_i_deploy,
};
use tidegate_units::Timestamp;

/// `web 1 -> api pact-a`, `api 7 keeps web pact-a`, `api 7 breaks web pact-a`, `api 7 in production`; each a second later.
fn matrix(lines: &str) -> Matrix {
    let mut matrix = Matrix::default();
    for (second, line) in lines.lines().map(str::trim).filter(|line| !line.is_empty()).enumerate() {
        let at = Timestamp::from_millis(1000 * i64::try_from(second).unwrap());
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let word = |index: usize| words[index].clone();
        match words[2].as_str() {
            "->" => matrix.needed.push(Needed {
                consumer: word(0),
                version: word(1),
                provider: word(3),
                pact: word(4),
                branch: None,
                tags: Vec::new(),
                at,
            }),
            "in" => matrix.deployments.push(Deployment {
                pacticipant: word(0),
                version: word(1),
                environment: word(3),
                at,
            }),
            verb => matrix.verifications.push(Verification {
                consumer: word(3),
                provider: word(0),
                version: word(1),
                pact: word(4),
                success: verb == "keeps",
                branch: None,
                tags: Vec::new(),
                at,
            }),
        }
    }
    matrix
}

fn reasons(decision: &Decision) -> Vec<String> {
    let own = decision.hindrance.iter().map(|it| format!("{it:?}"));
    let others = decision.integrations.iter().map(|it| {
        let provider = it.provider_version.as_deref().unwrap_or("-");
        let verdict = match &it.hindrance {
            None => "ok",
            Some(Hindrance::ProviderNotDeployed) => "not deployed",
            Some(Hindrance::NotVerified) => "not verified",
            Some(Hindrance::Failed { .. }) => "failed",
            Some(Hindrance::UnknownVersion) => "unknown",
        };
        format!("{} {} {} {provider}: {verdict}", it.consumer, it.consumer_version, it.provider)
    });
    own.chain(others).collect()
}

#[track_caller]
fn check(lines: &str, who: (&str, &str), deployable: bool, expect: &[&str]) {
    let decision = can_i_deploy(&matrix(lines), who.0, who.1, "production");
    assert_eq!(reasons(&decision), expect);
    assert_eq!(decision.deployable, deployable);
}

#[test]
fn a_consumer_needs_its_providers_there_in_a_version_that_keeps_its_contract() {
    let base = "web 1 -> api a\n api 7 keeps web a";
    check(base, ("web", "1"), false, &["web 1 api -: not deployed"]);
    check(&format!("{base}\n api 7 in production"), ("web", "1"), true, &["web 1 api 7: ok"]);
    check(
        &format!("{base}\n api 7 in staging"),
        ("web", "1"),
        false,
        &["web 1 api -: not deployed"],
    );
    let later = format!("{base}\n api 7 in production\n api 8 in production");
    check(&later, ("web", "1"), false, &["web 1 api 8: not verified"]);
}

#[test]
fn a_provider_has_to_keep_the_contracts_of_the_consumers_that_run_there() {
    let base = "web 1 -> api a\n shop 1 -> api b\n web 1 in production\n api 7 breaks web a";
    check(base, ("api", "7"), false, &["web 1 api 7: failed"]);
    let kept = format!("{base}\n api 7 keeps web a");
    check(&kept, ("api", "7"), true, &["web 1 api 7: ok"]);
    let more = format!("{kept}\n shop 1 in production");
    check(&more, ("api", "7"), false, &["shop 1 api 7: not verified", "web 1 api 7: ok"]);
}

#[test]
fn the_last_verification_counts_and_versions_with_the_same_contract_share_it() {
    let kept = "web 1 -> api a\n api 7 keeps web a\n api 7 in production\n";
    check(&format!("{kept} web 2 -> api a"), ("web", "2"), true, &["web 2 api 7: ok"]);
    check(&format!("{kept} api 7 breaks web a"), ("web", "1"), false, &["web 1 api 7: failed"]);
    check(&format!("{kept} web 1 -> api b"), ("web", "1"), false, &["web 1 api 7: not verified"]);
}

#[test]
fn a_version_in_the_middle_is_held_to_both_sides() {
    let lines = "web 1 -> api a\n api 7 -> db d\n api 7 keeps web a\n web 1 in production
        db 3 in production\n db 3 keeps api d";
    check(lines, ("api", "7"), true, &["api 7 db 3: ok", "web 1 api 7: ok"]);
}

#[test]
fn a_version_of_which_nothing_is_known_may_not() {
    check("web 1 -> api a", ("web", "9"), false, &["UnknownVersion"]);
    check("", ("web", "1"), false, &["UnknownVersion"]);
}

#[test]
fn a_decision_is_told_in_types() {
    let decision = can_i_deploy(&matrix("web 1 -> api a"), "web", "1", "production");
    let told = serde_json::to_value(&decision).unwrap();
    assert_eq!(told["deployable"], false);
    assert_eq!(told["integrations"][0]["reason"], "provider-not-deployed");
    assert_eq!(told["integrations"][0]["consumerVersion"], "1");
}
