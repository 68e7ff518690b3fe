use serde::{Deserialize, Serialize};
use tidegate_units::Timestamp;

/// How far a blue-green update has come. It begins anew with each revision and each retry.
#[expect(
    clippy::struct_excessive_bools,
    reason = "four facts of which none follows from the others: gates can be skipped"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BlueGreenProgress {
    /// The revision stands by from before and was stable once: it takes over again with no pause
    /// and no analysis.
    pub returning: bool,
    /// The analysis before the switch has succeeded.
    pub tested: bool,
    /// When the pause before the switch began.
    pub paused_at: Option<Timestamp>,
    /// Nothing but full health stands before the switch any more.
    pub cleared: bool,
    /// How many shares of a gradual switch have held for their time.
    #[serde(default)]
    pub shares_taken: usize,
    /// When the router was first seen to follow the next one.
    #[serde(default)]
    pub share_since: Option<Timestamp>,
    /// The analysis after the switch has succeeded.
    pub proven: bool,
}
