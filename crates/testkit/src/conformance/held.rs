//! What every [`Router`] has to tell of what it holds.

use tidegate_ports::{Router, RouterError};
use tidegate_traffic::RouteTable;

/// Holds a router that was told nothing yet to telling which table it holds: whole, as it was told, the
/// last one. `tables` are two, the second later and another one.
pub async fn is_what_it_was_told_last(router: &dyn Router, tables: [&RouteTable; 2]) {
    assert_eq!(router.held().await, Ok(Some(RouteTable::default())));
    let [first, second] = tables;
    assert!(first.generation < second.generation && first.listeners != second.listeners);
    for table in tables {
        router.apply(table).await.unwrap();
        assert_eq!(router.held().await.unwrap().as_ref(), Some(table));
    }
    let refused = router.apply(first).await;
    assert!(matches!(refused, Err(RouterError::Stale { .. })), "{refused:?}");
    assert_eq!(router.held().await.unwrap().as_ref(), Some(second));
    let emptied = RouteTable { generation: second.generation.next(), listeners: Vec::new() };
    router.apply(&emptied).await.unwrap();
    assert_eq!(router.held().await, Ok(Some(emptied)));
}
