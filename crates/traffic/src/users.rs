//! Shares of users: a user is inside or outside by a hash of who they are, so that nobody has to
//! remember anything, and whoever is inside stays so when the share grows.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The cookie by which the router knows visitors again whom nothing else tells apart. Its value is
/// a random number.
pub const VISITOR_COOKIE: &str = "tidegate-visitor";

/// A visitor is known again for so long: longer than a release takes, shorter than browsers keep a
/// cookie (400 days). Who is forgotten in between may change sides.
pub const VISITOR_AGE: Duration = Duration::from_hours(90 * 24);

/// All users, in hundredths of a percent.
const ALL: u16 = 10_000;

/// A share of the users: always the same ones, and those of a smaller share are among those of a
/// larger one, as long as key and salt are the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct UserShare {
    /// The share in hundredths of a percent, 10,000 at most.
    pub hundredths: u16,
    /// What tells users apart.
    pub by: UserKey,
    /// Shares with another salt are of other users.
    pub salt: String,
}

/// What tells users apart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum UserKey {
    /// The value of this header field. A request without it is in no share.
    Header(String),
    /// The value of this cookie. A request without it is in no share.
    Cookie(String),
    /// A cookie that the router sets where there is none: [`VISITOR_COOKIE`].
    Visitor,
}

impl UserShare {
    /// Whether the user with this key is among them. The hash and the bound are those of nginx's
    /// `split_clients "<salt>/<key>"`, so that both choose the same users.
    pub fn has(&self, key: &[u8]) -> bool {
        let bound = u64::from(self.hundredths) * u64::from(u32::MAX) / u64::from(ALL);
        self.hundredths >= ALL || u64::from(murmur2([self.salt.as_bytes(), b"/", key])) < bound
    }
}

/// The value of [`VISITOR_COOKIE`] for a visitor with this number.
pub fn visitor(number: u64) -> String {
    format!("{number:016x}")
}

/// `MurmurHash2` of the parts, one after the other, with seed 0 (Austin Appleby, in the public
/// domain): what nginx splits clients by. It spreads similar keys evenly, and nothing hangs on it
/// being hard to invert: who may choose their own key may choose their side anyway.
fn murmur2(parts: [&[u8]; 3]) -> u32 {
    const M: u32 = 0x5bd1_e995;
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut hash = u32::try_from(length).unwrap_or(u32::MAX);
    let (mut word, mut filled) = (0_u32, 0);
    for byte in parts.into_iter().flatten() {
        word |= u32::from(*byte) << (8 * filled);
        filled += 1;
        if filled == 4 {
            let mixed = word.wrapping_mul(M);
            let mixed = (mixed ^ mixed >> 24).wrapping_mul(M);
            hash = hash.wrapping_mul(M) ^ mixed;
            (word, filled) = (0, 0);
        }
    }
    if filled > 0 {
        hash = (hash ^ word).wrapping_mul(M);
    }
    hash = (hash ^ hash >> 13).wrapping_mul(M);
    hash ^ hash >> 15
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn share(hundredths: u16, salt: &str) -> UserShare {
        UserShare { hundredths, by: UserKey::Visitor, salt: salt.to_owned() }
    }

    #[test]
    fn nginx_chooses_the_same_users() {
        // As nginx 1.22 does it by `split_clients "default/web/$http_x_user" $side { 12.5% in; * out; }`.
        let asked = (1..160).step_by(2);
        let share = share(1250, "default/web");
        let inside = asked.filter(|user| share.has(format!("user-{user}").as_bytes()));
        let inside: Vec<u32> = inside.collect();
        assert_eq!(inside, [1, 3, 75, 81, 85, 99, 105, 115, 129, 143, 145, 151, 153]);
    }

    #[test]
    fn nobody_and_everybody_are_shares_too() {
        for user in 0..10_000_u32 {
            let key = user.to_be_bytes();
            assert!(!share(0, "a").has(&key) && share(10_000, "a").has(&key));
        }
    }

    #[test]
    fn the_parts_are_hashed_as_one_text() {
        for (parts, hash) in [
            (["", "", ""], 0),
            (["a", "", ""], 0x9268_5f5e),
            (["abcd", "", ""], 0x2687_3021),
            (["default/web", "/", "user-1"], 0x1117_a3c4),
            (["default/web/use", "r-", "1"], 0x1117_a3c4),
        ] {
            assert_eq!(murmur2(parts.map(str::as_bytes)), hash, "{parts:?}");
        }
    }

    proptest! {
        /// Who is in a share stays in when it grows.
        #[test]
        fn a_larger_share_has_all_of_a_smaller_one(
            key in any::<Vec<u8>>(), salt in "[a-z/]{0,20}", small in 0_u16..=10_000, more in 0_u16..=10_000,
        ) {
            let large = small.saturating_add(more).min(10_000);
            prop_assert!(!share(small, &salt).has(&key) || share(large, &salt).has(&key));
        }

        /// Of many users, as many are in a share as chance allows: 5 standard deviations are
        /// exceeded once in 1.7 million times.
        #[test]
        fn a_share_is_as_large_as_it_says(salt in "[a-z]{1,12}", hundredths in 1_u16..10_000, from in any::<u32>()) {
            const USERS: u32 = 20_000;
            let share = share(hundredths, &salt);
            let keys = (0..USERS).map(|user| format!("user-{}", from.wrapping_add(user)));
            let inside = u32::try_from(keys.filter(|key| share.has(key.as_bytes())).count()).unwrap();
            let part = f64::from(hundredths) / 10_000.0;
            let (mean, users) = (part * f64::from(USERS), f64::from(USERS));
            let bound = 5.0 * (users * part * (1.0 - part)).sqrt() + 1.0;
            prop_assert!((f64::from(inside) - mean).abs() <= bound, "{inside} instead of {mean}");
        }

        /// Whether a user is in a share of one salt says nothing of another.
        #[test]
        fn salts_choose_apart(one in "[a-z]{1,12}", other in "[A-Z]{1,12}") {
            const USERS: u32 = 20_000;
            let (one, other) = (share(3000, &one), share(3000, &other));
            let keys = (0..USERS).map(|user| format!("user-{user}"));
            let both = keys.filter(|key| one.has(key.as_bytes()) && other.has(key.as_bytes()));
            let both = f64::from(u32::try_from(both.count()).unwrap());
            let bound = 5.0 * (f64::from(USERS) * 0.09 * 0.91).sqrt();
            prop_assert!((both - 0.09 * f64::from(USERS)).abs() <= bound, "{both}");
        }
    }
}
