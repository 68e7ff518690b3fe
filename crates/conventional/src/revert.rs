use crate::Change;

/// The changes that are still there: neither what was taken back, nor what took it back. Whoever takes back what is
/// older than all of these stays, since people have it.
pub(crate) fn without_reverted(changes: Vec<Change>) -> Vec<Change> {
    let mut gone = vec![false; changes.len()];
    // The newest first: what was taken back itself takes nothing back.
    for newer in 0..changes.len() {
        if gone.get(newer).copied().unwrap_or(true) {
            continue;
        }
        let Some(change) = changes.get(newer) else { continue };
        for older in newer + 1..changes.len() {
            let hit = changes.get(older).is_some_and(|older| takes_back(change, older));
            if let (true, Some(gone)) = (hit, gone.get_mut(older)) {
                *gone = true;
            }
        }
        let any = (newer + 1..changes.len())
            .any(|older| changes.get(older).is_some_and(|older| takes_back(change, older)));
        if let (true, Some(gone)) = (any, gone.get_mut(newer)) {
            *gone = true;
        }
    }
    let kept = changes.into_iter().zip(gone).filter(|(_, gone)| !gone);
    kept.map(|(change, _)| change).collect()
}

fn takes_back(change: &Change, older: &Change) -> bool {
    change.reverts.iter().any(|id| older.commit.starts_with(id.as_str()))
}
