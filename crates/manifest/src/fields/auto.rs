//! The fields of the plugin `tidegate/auto`.

use super::{Table, read};

pub(crate) static AUTO: Table = Table {
    place: "spec.strategy.canary.steps[].plugin of tidegate/auto: config",
    fields: &[
        read(
            "budget",
            "how many requests may be hurt in expectation, whatever the new revision's harm is; at \
             least 1",
        )
        .default("50"),
        read("start", "the first share in percent, unless the budget allows less").default("1"),
        read("max", "the share in percent at which the step ends").default("100"),
        read(
            "tolerate",
            "the harm that is accepted: by how much its failure rate may be above the stable \
             revision's, in percent of all requests, such as 0.5",
        )
        .by_default(
            "0.1, or what makes the odds of a failure 1.25 times as large, or 25 times the stable \
             revision's rate over the budget, whichever is most",
        ),
        read(
            "alpha",
            "how likely a revision whose harm is not accepted may pass, from 0.000001 to 0.5",
        )
        .default("0.01"),
        read(
            "reaction",
            "an order to give less takes effect after this long at most, and so long apart the counts \
             are looked at; 1s to 1m",
        )
        .default("2s"),
        read(
            "slow",
            "an answer whose first byte takes longer than this, such as 500ms, hurts as one that failed \
             does; 1ms to 1m, at most `reaction`",
        )
        .by_default("no answer is too slow"),
        read("dwell", "a share is held for this long at least before it rises").default("10s"),
        read("growth", "the largest factor by which a share rises at a time, 1.5 to 100")
            .default("5"),
        read("deadline", "after this long a step that cannot tell asks a person")
            .by_default("never"),
    ],
};
