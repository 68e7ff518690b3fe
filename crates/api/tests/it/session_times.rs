//! When sessions end: an hour after they were last used, twelve hours after they began.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use async_trait::async_trait;
use hyper::Method;
use serde_json::json;
use tidegate_ports::Clock;
use tidegate_testkit::TokioClock;
use tidegate_units::Timestamp;

use crate::house::{House, TOKEN};

/// A clock that somebody sets forward.
#[derive(Clone)]
struct Forward {
    real: TokioClock,
    minutes: Arc<AtomicU64>,
}

impl Forward {
    fn new() -> Self {
        Self { real: TokioClock::new(), minutes: Arc::default() }
    }

    fn by(&self, minutes: u64) {
        self.minutes.fetch_add(minutes, SeqCst);
    }
}

#[async_trait]
impl Clock for Forward {
    fn now(&self) -> Timestamp {
        self.real.now().after(Duration::from_mins(self.minutes.load(SeqCst)))
    }

    async fn sleep(&self, duration: Duration) {
        self.real.sleep(duration).await;
    }
}

struct Visitor {
    house: House,
    clock: Forward,
    cookie: String,
}

impl Visitor {
    async fn sign_in() -> Self {
        let clock = Forward::new();
        let house = House::with(|options| options.clock = Arc::new(clock.clone())).await;
        let body = json!({ "token": TOKEN }).to_string();
        let answer = house.ask_with(Method::POST, "/v1/session", &[], &body).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let set = answer.headers["set-cookie"].to_str().unwrap();
        let cookie = set.split(';').next().unwrap().to_owned();
        Self { house, clock, cookie }
    }

    /// What the server says of the session after more minutes.
    async fn after(&self, minutes: u64) -> u16 {
        self.clock.by(minutes);
        let headers = [("cookie", self.cookie.as_str())];
        self.house.ask_with(Method::GET, "/v1/session", &headers, "").await.status.as_u16()
    }
}

#[tokio::test]
async fn a_session_that_is_not_used_for_an_hour_ends() {
    let visitor = Visitor::sign_in().await;
    assert_eq!(visitor.after(59).await, 200);
    // That was a use: the hour begins anew.
    assert_eq!(visitor.after(59).await, 200);
    assert_eq!(visitor.after(61).await, 401);
    assert_eq!(visitor.after(0).await, 401, "it does not come back");
}

#[tokio::test]
async fn a_session_ends_after_twelve_hours_however_much_it_is_used() {
    let visitor = Visitor::sign_in().await;
    for minute in 1..=23 {
        assert_eq!(visitor.after(30).await, 200, "after {} minutes", minute * 30);
    }
    assert_eq!(visitor.after(29).await, 200, "a minute before its end");
    assert_eq!(visitor.after(2).await, 401);
}
