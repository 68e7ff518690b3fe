use tidegate_units::Weight;

/// In how many parts other programs divide the requests: hundredths of a percent.
pub const FINEST: u32 = 10_000;

/// What is to be told of a share that `program` rounds to one of [`FINEST`] parts; nothing where it
/// splits by it as it is.
pub fn rounding(program: &str, whose: &str, share: Weight) -> Option<String> {
    let nearest = Weight::of(share.out_of(FINEST), FINEST).unwrap_or_default();
    let told =
        format!("{program} splits by hundredths of a percent: {whose} gets {nearest} for {share}");
    (nearest != share).then_some(told)
}
