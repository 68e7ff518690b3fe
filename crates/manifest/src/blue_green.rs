//! `spec.strategy.blueGreen` of a Rollout.

use std::time::Duration;

use tidegate_rollout::{BlueGreen, Promotion, RoleMeta};

use crate::{
    analysis_use, canary::role_meta, duration::seconds, fields::blue_green::BLUE_GREEN,
    given::Fields, names::SERVICE, report::Complaint, scale, walk::Spot,
};

/// The strategy, and the Services that it names.
pub(crate) struct Named {
    pub(crate) settings: BlueGreen,
    pub(crate) active_service: Option<String>,
    pub(crate) preview_service: Option<String>,
    pub(crate) role_meta: RoleMeta,
}

/// Reads the blue-green strategy. `history_limit`: how many old revisions the rollout keeps.
pub(crate) fn read(spot: &Spot<'_>, history_limit: u32) -> Option<Named> {
    let fields = spot.fields(&BLUE_GREEN)?;
    let active_service = fields.need("activeService").and_then(|spot| SERVICE.read(spot));
    let preview = fields.get("previewService");
    let preview_service = preview.and_then(|spot| SERVICE.read(spot));
    if let Some(spot) = preview.filter(|_| preview_service == active_service)
        && active_service.is_some()
    {
        let complaint = Complaint::new("the same Service as activeService");
        spot.complain(complaint.allow("another Service, or none"));
    }
    scale::anti_affinity(&fields);
    let meta = |name| fields.get(name).and_then(role_meta).unwrap_or_default();
    Some(Named {
        settings: settings(&fields, history_limit),
        active_service,
        preview_service,
        role_meta: RoleMeta { stable: meta("activeMetadata"), canary: meta("previewMetadata") },
    })
}

fn settings(fields: &Fields<'_>, history_limit: u32) -> BlueGreen {
    let default = BlueGreen::default();
    let delay = |name| fields.get(name).and_then(|spot| seconds(spot, 0));
    let abort_delay = delay("abortScaleDownDelaySeconds").or(default.abort_scale_down_delay);
    let analysis = |name| fields.get(name).and_then(analysis_use::read);
    let count = |name| fields.get(name).and_then(|spot| spot.number(0, i64::from(i32::MAX)));
    let limit = count("scaleDownDelayRevisionLimit");
    if let (Some(spot), Some(limit)) = (fields.get("scaleDownDelayRevisionLimit"), limit)
        && limit > history_limit
    {
        let allowed = format!("at most revisionHistoryLimit, which is {history_limit}");
        spot.complain(spot.found().allow(allowed));
    }
    BlueGreen {
        promotion: promotion(fields),
        preview_replicas: count("previewReplicaCount"),
        pre_promotion: analysis("prePromotionAnalysis"),
        post_promotion: analysis("postPromotionAnalysis"),
        scale_down_delay: delay("scaleDownDelaySeconds").unwrap_or(default.scale_down_delay),
        scale_down_revision_limit: limit,
        abort_scale_down_delay: abort_delay.filter(|delay| !delay.is_zero()),
        // Annotations of the Rollout say otherwise.
        cut_over: default.cut_over,
        shadow: default.shadow,
        compare: default.compare,
        default_watch: default.default_watch,
    }
}

/// As in Argo Rollouts, `autoPromotionSeconds` says nothing where a person has to promote.
fn promotion(fields: &Fields<'_>) -> Promotion {
    let enabled = fields.or("autoPromotionEnabled", true, Spot::boolean);
    let delay = fields.get("autoPromotionSeconds").and_then(|spot| seconds(spot, 0));
    match delay.filter(|delay: &Duration| !delay.is_zero()) {
        _ if !enabled => Promotion::ByHand,
        Some(delay) => Promotion::After(delay),
        None => Promotion::AtOnce,
    }
}
