//! The same seed gives the same script.

use std::collections::BTreeSet;

use tidegate_torture::script::{Command, Draw, FAULTS, Fault, KINDS, Round};

fn rounds(seed: u64, count: u32) -> Vec<Round> {
    let draw = Draw { seed, apps: 3, faults: FAULTS.to_vec() };
    (1..=count).map(|number| draw.round(number)).collect()
}

#[test]
fn a_seed_is_one_script_and_another_seed_another() {
    assert_eq!(rounds(7, 20), rounds(7, 20));
    assert_ne!(rounds(7, 20), rounds(8, 20));
    assert_eq!(rounds(7, 30)[..20], rounds(7, 20));
}

#[test]
fn a_script_that_was_told_of_can_be_had_again() {
    let faults = vec![Fault::KillControl, Fault::FullDisk];
    let first = Draw { seed: 1, apps: 1, faults }.round(1);
    assert_eq!(
        first.to_string(),
        "round 1\n   1.69 s  release of app 0: CrashesAtStart\n   3.03 s  kill-control for 0.63 s \
         (KillControl)\n   5.17 s  full-disk for 4.84 s (FullDisk)\n   6.68 s  full-disk for 2.80 s \
         (FullDisk)\n"
    );
}

#[test]
fn other_faults_do_not_change_what_is_released() {
    let all = Draw { seed: 3, apps: 3, faults: FAULTS.to_vec() };
    let one = Draw { faults: vec![Fault::FullDisk], ..all.clone() };
    for number in 1..20 {
        let (all, one) = (all.round(number), one.round(number));
        assert_eq!((all.releases, all.words), (one.releases, one.words));
        assert!(one.strikes.iter().all(|strike| strike.fault == Fault::FullDisk));
    }
}

#[test]
fn everything_comes_up_within_fifty_rounds() {
    let rounds = rounds(11, 50);
    let faults: BTreeSet<_> =
        rounds.iter().flat_map(|round| &round.strikes).map(|it| it.fault.name()).collect();
    assert_eq!(faults, FAULTS.iter().map(|fault| fault.name()).collect());
    for kind in KINDS {
        assert!(rounds.iter().flat_map(|round| &round.releases).any(|it| it.kind == kind));
    }
    let undone = |round: &Round| round.words.iter().any(|it| it.command == Command::Undo);
    assert!(rounds.iter().any(undone) && rounds.iter().any(|round| round.words.is_empty()));
}
