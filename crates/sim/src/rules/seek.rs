//! A text, sought in all that a value says.

use std::fmt::{Display, Write as _};

use serde::{
    Serialize,
    de::value::Error,
    ser::{self, Serializer},
};

/// Whether a text is part of any string of a value, or of any key, as its JSON would have them: without
/// writing it, which was a fifth of the time that a simulated day takes.
///
/// # Errors
/// The value cannot be serialized.
pub(super) fn says(value: &impl Serialize, sought: &'static str) -> Result<bool, Error> {
    let mut seeker = Seeker { sought, found: false, text: String::new() };
    value.serialize(&mut seeker)?;
    Ok(seeker.found)
}

struct Seeker {
    sought: &'static str,
    found: bool,
    /// Of what is no string before it is written.
    text: String,
}

type Done = Result<(), Error>;

/// What says nothing that could be sought.
macro_rules! silent {
    ($($method:ident $kind:ty),*) => {
        $(fn $method(self, _: $kind) -> Done {
            Ok(())
        })*
    };
}

impl Serializer for &mut Seeker {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    silent! {
        serialize_bool bool, serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_i128 i128, serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_u128 u128, serialize_f32 f32, serialize_f64 f64, serialize_char char,
        serialize_bytes &[u8], serialize_unit_struct &'static str
    }

    fn serialize_str(self, text: &str) -> Done {
        self.found |= text.contains(self.sought);
        Ok(())
    }

    fn collect_str<T: ?Sized + Display>(self, value: &T) -> Done {
        self.text.clear();
        // A string takes whatever is written to it.
        let _ = write!(self.text, "{value}");
        self.found |= self.text.contains(self.sought);
        Ok(())
    }

    fn serialize_none(self) -> Done {
        Ok(())
    }

    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Done {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Done {
        Ok(())
    }

    fn serialize_newtype_struct<T: ?Sized + Serialize>(self, _: &'static str, value: &T) -> Done {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Done {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Error> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Error> {
        Ok(self)
    }
}

/// What holds others: `entry` names the method that is given each of them.
macro_rules! holds {
    ($($kind:ident $entry:ident $(($name:ty))?),*) => {
        $(impl ser::$kind for &mut Seeker {
            type Ok = ();
            type Error = Error;

            fn $entry<T: ?Sized + Serialize>(&mut self, $(_: $name,)? value: &T) -> Done {
                value.serialize(&mut **self)
            }

            fn end(self) -> Done {
                Ok(())
            }
        })*
    };
}

holds! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
    SerializeStruct serialize_field (&'static str),
    SerializeStructVariant serialize_field (&'static str)
}

impl ser::SerializeMap for &mut Seeker {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Done {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Done {
        value.serialize(&mut **self)
    }

    fn end(self) -> Done {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use tidegate_units::Timestamp;

    use super::*;

    #[derive(Serialize)]
    enum Shape {
        Nothing,
        Text(String),
        Pair(u8, String),
        Fields { text: Option<&'static str> },
    }

    #[derive(Serialize)]
    struct Wrapped(String);

    fn check(value: &impl Serialize, expect: bool) {
        let text = serde_json::to_string(value).unwrap();
        assert_eq!(text.contains("hush-hush-"), expect, "{text}");
        assert_eq!(says(value, "hush-hush-"), Ok(expect), "{text}");
    }

    #[test]
    fn it_finds_what_the_json_holds() {
        let hidden = || "a hush-hush-token-1".to_owned();
        check(&hidden(), true);
        check(&"hush-hus", false);
        check(&Some(hidden()), true);
        check(&(1, hidden()), true);
        check(&vec!["a".to_owned(), hidden(), "b".to_owned()], true);
        check(&BTreeMap::from([(hidden(), 1)]), true);
        check(&BTreeMap::from([(1, hidden())]), true);
        check(&json!({ "a": [null, true, 1.5, { "b": hidden() }] }), true);
        check(&json!({ "a": [null, true, 1.5, { "b": "hush" }] }), false);
        check(&Wrapped(hidden()), true);
        check(&Shape::Text(hidden()), true);
        check(&Shape::Pair(1, hidden()), true);
        check(&Shape::Fields { text: Some("hush-hush-1") }, true);
        check(&Shape::Fields { text: None }, false);
        check(&Shape::Nothing, false);
        check(&Timestamp::from_millis(0), false);
        assert_eq!(says(&Timestamp::from_millis(0), "1970-01-01T"), Ok(true));
    }
}
