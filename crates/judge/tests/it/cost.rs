//! What a look takes.

use tidegate_judge::JudgeSettings;

use crate::world::{GOOD, World};

#[test]
fn looks_take_no_memory_once_there_is_room_for_what_is_counted() {
    let settings = JudgeSettings::default();
    let mut world = World::new(1, 200.0, 0.1, GOOD, GOOD);
    let mut evidence = tidegate_judge::JudgeEvidence::default();
    let mut looks = |count: u32| {
        let mut taken = 0;
        for _ in 0..count {
            world.pass();
            let traffic = &world.traffic;
            let look = || evidence.look(&settings, traffic);
            taken += allocation_counter::measure(look).count_total;
        }
        taken
    };
    assert!(looks(600) > 0, "the first look takes memory, and is seen to");
    // Now and then an answer takes longer than any before, and the histograms grow.
    let taken = looks(600);
    assert!(taken <= 20, "{taken} in 600 looks");
}
