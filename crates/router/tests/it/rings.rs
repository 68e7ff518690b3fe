//! Shares of users, cookies and regions: who belongs to a ring is always answered by its revision.

use tidegate_ports::Router as _;
use tidegate_traffic::{
    CookieMatch, RegionMatch, RequestMatch, Rule, RuleAction, Sticky, TextMatch, UserKey, UserShare,
};

use crate::{
    backend::Backend,
    fixture::{Answer, Share, Way, Wire, World},
};

fn share(hundredths: u16, by: UserKey) -> RequestMatch {
    let users = UserShare { hundredths, by, salt: "default/web".to_owned() };
    RequestMatch { users: Some(users), ..RequestMatch::default() }
}

fn ring(any: RequestMatch) -> Rule {
    let then = RuleAction::Send { to: "new".into() };
    Rule { name: "ring".to_owned(), any: vec![any], then }
}

/// A router before two revisions, of which the old one has the whole split.
struct Bed {
    world: World,
    old: Backend,
    new: Backend,
}

impl Bed {
    async fn new() -> Self {
        Self {
            world: World::new(),
            old: Backend::named("old").await,
            new: Backend::named("new").await,
        }
    }

    async fn rule(&mut self, rules: Vec<Rule>, sticky: Option<Sticky>) {
        let shares: [Share<'_>; 2] =
            [("old", 100, &[self.old.address]), ("new", 0, &[self.new.address])];
        let mut table = self.world.table(&shares);
        table.listeners[0].rules = rules;
        table.listeners[0].sticky = sticky;
        self.world.client().apply(&table).await.unwrap();
    }
}

async fn ask(wire: &mut Wire, way: Way, fields: &str) -> Answer {
    wire.ask(&format!("GET / HTTP/1.1\r\nhost: web\r\n{fields}{}\r\n", way.field())).await
}

/// Of so many users, those whom the new revision answers.
async fn inside(bed: &Bed, way: Way, users: u32) -> Vec<u32> {
    let (mut wire, mut found) = (bed.world.connect().await, Vec::new());
    for user in 0..users {
        let answer = ask(&mut wire, way, &format!("x-user: user-{user}\r\n")).await;
        assert_eq!(answer.field("set-cookie"), None, "a user with a key needs no cookie");
        if answer.body == "new" {
            found.push(user);
        }
    }
    found
}

#[tokio::test]
async fn a_growing_share_keeps_its_users_whichever_way_they_come() {
    let mut bed = Bed::new().await;
    let mut before = Vec::new();
    for percent in [0, 5, 20, 50, 100] {
        let by = UserKey::Header("X-User".to_owned());
        bed.rule(vec![ring(share(percent * 100, by))], None).await;
        let now = inside(&bed, Way::Direct, 400).await;
        assert_eq!(inside(&bed, Way::Hyper, 400).await, now, "{percent} %");
        assert!(before.iter().all(|user| now.contains(user)), "somebody fell out at {percent} %");
        // 5 standard deviations: exceeded once in 1.7 million times.
        let (mean, part) = (4.0 * f64::from(percent), f64::from(percent) / 100.0);
        let bound = 5.0 * (400.0 * part * (1.0 - part)).sqrt();
        let count = f64::from(u32::try_from(now.len()).unwrap());
        assert!((count - mean).abs() <= bound, "{count} of 400 at {percent} %");
        before = now;
    }
    bed.rule(vec![], None).await;
    assert_eq!(inside(&bed, Way::Direct, 50).await, before[..0], "taken back at once");
}

#[tokio::test]
async fn a_newcomer_gets_a_number_and_keeps_its_side() {
    let mut bed = Bed::new().await;
    bed.rule(vec![ring(share(5000, UserKey::Visitor))], None).await;
    for way in Way::BOTH {
        let (mut wire, mut sides) = (bed.world.connect().await, Vec::new());
        for _ in 0..64 {
            let first = ask(&mut wire, way, "").await;
            let cookie = first.field("set-cookie").unwrap();
            let (value, rest) = cookie.split_once(';').unwrap();
            assert_eq!(rest, " Max-Age=7776000; Path=/; HttpOnly; SameSite=Lax");
            let number = value.strip_prefix("tidegate-visitor=").unwrap();
            assert!(number.len() == 16 && u64::from_str_radix(number, 16).is_ok(), "{cookie}");
            for _ in 0..3 {
                let again = ask(&mut wire, way, &format!("cookie: a=b; {value}\r\n")).await;
                assert_eq!((&again.body, again.field("set-cookie")), (&first.body, None));
            }
            sides.push(first.body);
        }
        // All of 64 on one side: less than once in 10^18 times.
        assert!(sides.iter().any(|it| it == "old") && sides.iter().any(|it| it == "new"));
    }
}

#[tokio::test]
async fn the_number_of_a_newcomer_comes_beside_the_cookie_that_keeps_the_revision() {
    let mut bed = Bed::new().await;
    let sticky = Sticky { cookie: "tg".to_owned(), max_age: std::time::Duration::from_mins(1) };
    bed.rule(vec![ring(share(0, UserKey::Visitor))], Some(sticky)).await;
    for way in Way::BOTH {
        let answer = ask(&mut bed.world.connect().await, way, "").await;
        let cookies = answer.head.lines().filter(|line| line.starts_with("set-cookie: "));
        let names: Vec<_> = cookies.filter_map(|line| line.get(12..)?.split('=').next()).collect();
        assert_eq!(names, ["tg", "tidegate-visitor"], "{way:?}");
    }
}

#[tokio::test]
async fn who_meets_an_earlier_rule_gets_no_number() {
    let mut bed = Bed::new().await;
    let by_cookie = RequestMatch {
        cookies: vec![CookieMatch {
            name: "plan".to_owned(),
            is: TextMatch::Exact("beta".to_owned()),
        }],
        ..RequestMatch::default()
    };
    bed.rule(vec![ring(by_cookie), ring(share(0, UserKey::Visitor))], None).await;
    for way in Way::BOTH {
        let mut wire = bed.world.connect().await;
        let member = ask(&mut wire, way, "cookie: a=1; plan=beta\r\n").await;
        assert_eq!((member.body.as_str(), member.field("set-cookie")), ("new", None), "{way:?}");
        let other = ask(&mut wire, way, "cookie: plan=free\r\n").await;
        assert_eq!((other.body.as_str(), other.field("set-cookie").is_some()), ("old", true));
    }
}

#[tokio::test]
async fn a_region_is_told_by_the_edge_or_by_the_place() {
    let mut bed = Bed::new().await;
    for here in [false, true] {
        let any = vec!["eu".to_owned()];
        let region = Some(RegionMatch { header: "X-Region".to_owned(), any, here });
        bed.rule(vec![ring(RequestMatch { region, ..RequestMatch::default() })], None).await;
        for way in Way::BOTH {
            let mut wire = bed.world.connect().await;
            assert_eq!(ask(&mut wire, way, "x-region: eu\r\n").await.body, "new");
            assert_eq!(ask(&mut wire, way, "x-region: us\r\n").await.body, "old");
            let unnamed = if here { "new" } else { "old" };
            assert_eq!(ask(&mut wire, way, "").await.body, unnamed, "{way:?}");
        }
    }
}
