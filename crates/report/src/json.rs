//! JSON that outsiders wrote: what of it is kept is bounded, whatever else there is.

use std::{collections::BTreeSet, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A list of no more than `MOST`.
#[derive(Clone, Debug)]
pub(crate) struct List<T, const MOST: usize>(pub(crate) Vec<T>);

impl<T, const MOST: usize> Default for List<T, MOST> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MOST: usize> Deserialize<'de> for List<T, MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T, const MOST: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MOST: usize> Visitor<'de> for Items<T, MOST> {
            type Value = List<T, MOST>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a list")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(List::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut kept = Vec::new();
                while let Some(item) = list.next_element()? {
                    if kept.len() >= MOST {
                        return Err(A::Error::custom(format!("a list has more than {MOST} items")));
                    }
                    kept.push(item);
                }
                Ok(List(kept))
            }
        }
        from.deserialize_any(Items(PhantomData))
    }
}

/// The first of a list, however long that is.
#[derive(Clone, Debug)]
pub(crate) struct First<T>(pub(crate) Option<T>);

impl<T> Default for First<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Items<T> {
            type Value = First<T>;

            fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str("a list")
            }

            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(First::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let first = list.next_element()?;
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok(First(first))
            }
        }
        from.deserialize_any(Items(PhantomData))
    }
}

/// What a document is at its outermost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outline {
    /// Whether it is a list; its keys are then those of its first item.
    pub(crate) is_list: bool,
    keys: BTreeSet<String>,
}

/// So many keys of the outermost object are looked at: no format that is read has half as many.
const MOST_KEYS: usize = 256;

impl Outline {
    /// The outline of the whole of `text`, which is read to its end.
    pub(crate) fn of(text: &str) -> Result<Self, serde_json::Error> {
        let Outermost(outline) = serde_json::from_str(text)?;
        Ok(outline)
    }

    /// Whether it has all of `keys`.
    pub(crate) fn has(&self, keys: &[&str]) -> bool {
        keys.iter().all(|key| self.keys.contains(*key))
    }
}

/// A document, of which only the outline is kept.
struct Outermost(Outline);

impl<'de> Deserialize<'de> for Outermost {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look { within_list: false }).map(Self)
    }
}

/// An item of a document that is a list.
struct Item(Outline);

impl<'de> Deserialize<'de> for Item {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look { within_list: true }).map(Self)
    }
}

struct Look {
    within_list: bool,
}

impl<'de> Visitor<'de> for Look {
    type Value = Outline;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Outline, A::Error> {
        let mut outline = Outline { is_list: self.within_list, ..Outline::default() };
        while let Some((key, _)) = map.next_entry::<String, IgnoredAny>()? {
            if outline.keys.len() < MOST_KEYS {
                outline.keys.insert(key);
            }
        }
        Ok(outline)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Outline, A::Error> {
        if self.within_list {
            return Err(A::Error::custom("a list of lists is no report"));
        }
        let first = list.next_element::<Item>()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(first.map_or(Outline { is_list: true, ..Outline::default() }, |item| item.0))
    }
}

/// A number, also one that is written as text, as `security-severity` is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number(pub(crate) f64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(f64),
            Text(String),
            Other(IgnoredAny),
        }
        match Written::deserialize(from)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Text(text) => Ok(Self(text.trim().parse().unwrap_or(f64::NAN))),
            Written::Other(_) => Ok(Self(f64::NAN)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_bounded() {
        let list: List<u8, 3> = serde_json::from_str("[1,2,3]").unwrap();
        assert_eq!(list.0, [1, 2, 3]);
        let error = serde_json::from_str::<List<u8, 3>>("[1,2,3,4]").unwrap_err().to_string();
        assert!(error.starts_with("a list has more than 3 items at line 1"), "{error}");
        let first: First<u8> = serde_json::from_str("[7,{},[]]").unwrap();
        assert_eq!(first.0, Some(7));
        let none: First<u8> = serde_json::from_str("null").unwrap();
        assert_eq!(none.0, None);
    }

    #[test]
    fn outlines_are_told() {
        let outline = Outline::of(r#"[{"a": [1], "b": {}}, 2]"#).unwrap();
        assert!(outline.is_list && outline.has(&["a", "b"]) && !outline.has(&["c"]));
        assert!(!Outline::of(r#"{"a": 1}"#).unwrap().is_list);
        assert!(Outline::of("[]").unwrap().is_list);
        for text in ["1", "\"a\"", "{", "[[1]]", "{} {}", ""] {
            assert!(Outline::of(text).is_err(), "{text}");
        }
        let deep = format!("[{{\"a\":{}}}]", "[".repeat(100_000));
        assert!(Outline::of(&deep).is_err(), "what is not looked at is skipped, not climbed into");
    }

    #[test]
    fn numbers_may_be_texts() {
        let check = |text: &str, expect: f64| {
            let Number(number) = serde_json::from_str(text).unwrap();
            assert!(
                (number - expect).abs() < 1e-12 || number.is_nan() && expect.is_nan(),
                "{text}"
            );
        };
        check("7.5", 7.5);
        check("\"9.8\"", 9.8);
        check("7", 7.0);
        check("\"high\"", f64::NAN);
        check("{}", f64::NAN);
    }
}
