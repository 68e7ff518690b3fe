//! Protobuf for the few messages there are: read into the JSON that they would be, and back. The
//! official clients send JSON; that of `opendal`, which `sccache` has, sends this.

use serde_json::{Map, Value, json};
use tidegate_units::Timestamp;

/// A field of a message: its number, its name in JSON, and what is in it.
pub(super) type Field = (u64, &'static str, Kind);

/// What is in a field.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// `string`.
    Text,
    /// `repeated string`.
    Texts,
    /// `int32` and `int64`: in JSON a text, as Protobuf's rules have it.
    Number,
    /// `bool`.
    Flag,
    /// `google.protobuf.StringValue`.
    MaybeText,
    /// `google.protobuf.Int64Value`.
    MaybeNumber,
    /// `google.protobuf.Timestamp`.
    Moment,
    /// `repeated` of a message.
    Messages(&'static [Field]),
}

const TEXT_VALUE: &[Field] = &[(1, "value", Kind::Text)];
const NUMBER_VALUE: &[Field] = &[(1, "value", Kind::Number)];
const TIMESTAMP: &[Field] = &[(1, "seconds", Kind::Number), (2, "nanos", Kind::Number)];

/// A field as it is on the wire.
enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of fixed width: none of our fields is.
    Other,
}

/// Reads a message; fields that are not in the list are skipped, as Protobuf has it.
pub(super) fn read(mut bytes: &[u8], fields: &[Field]) -> Option<Map<String, Value>> {
    let mut message = Map::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let raw = match tag & 7 {
            0 => Raw::Number(varint(&mut bytes)?),
            1 => skip(&mut bytes, 8)?,
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (field, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Raw::Bytes(field)
            }
            5 => skip(&mut bytes, 4)?,
            _ => return None,
        };
        if let Some((_, name, kind)) = fields.iter().find(|(number, ..)| *number == tag >> 3) {
            add(&mut message, name, *kind, &raw)?;
        }
    }
    Some(message)
}

fn skip<'a>(bytes: &mut &'a [u8], length: usize) -> Option<Raw<'a>> {
    *bytes = bytes.get(length..)?;
    Some(Raw::Other)
}

fn add(message: &mut Map<String, Value>, name: &str, kind: Kind, raw: &Raw<'_>) -> Option<()> {
    let value = match (kind, raw) {
        (Kind::Text | Kind::Texts, Raw::Bytes(bytes)) => json!(std::str::from_utf8(bytes).ok()?),
        (Kind::Number, Raw::Number(number)) => json!(number.cast_signed().to_string()),
        (Kind::Flag, Raw::Number(number)) => json!(*number != 0),
        (Kind::MaybeText, Raw::Bytes(bytes)) => {
            read(bytes, TEXT_VALUE)?.remove("value").unwrap_or_else(|| json!(""))
        }
        (Kind::MaybeNumber, Raw::Bytes(bytes)) => {
            read(bytes, NUMBER_VALUE)?.remove("value").unwrap_or_else(|| json!("0"))
        }
        (Kind::Moment, Raw::Bytes(bytes)) => moment(&read(bytes, TIMESTAMP)?)?,
        (Kind::Messages(fields), Raw::Bytes(bytes)) => Value::Object(read(bytes, fields)?),
        _ => return None,
    };
    if matches!(kind, Kind::Texts | Kind::Messages(_)) {
        let list = message.entry(name).or_insert_with(|| json!([]));
        list.as_array_mut()?.push(value);
    } else {
        message.insert(name.to_owned(), value);
    }
    Some(())
}

fn moment(message: &Map<String, Value>) -> Option<Value> {
    let part = |name| match message.get(name) {
        Some(value) => value.as_str()?.parse::<i64>().ok(),
        None => Some(0),
    };
    let millis = part("seconds")?.checked_mul(1000)?.checked_add(part("nanos")? / 1_000_000)?;
    Some(json!(Timestamp::from_millis(millis)))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

/// Writes a message; what is not in the list is left out, and so is what is empty, as Protobuf has it.
pub(super) fn write(message: &Value, fields: &[Field]) -> Vec<u8> {
    let mut out = Vec::new();
    for (number, name, kind) in fields {
        match message.get(name) {
            None | Some(Value::Null) => {}
            Some(Value::Array(values)) => {
                for value in values {
                    put(&mut out, *number, *kind, value);
                }
            }
            Some(value) => put(&mut out, *number, *kind, value),
        }
    }
    out
}

fn put(out: &mut Vec<u8>, number: u64, kind: Kind, value: &Value) {
    let text = value.as_str().unwrap_or_default();
    match kind {
        Kind::Flag => put_number(out, number, u64::from(value.as_bool().unwrap_or(false))),
        Kind::Number => put_number(out, number, signed(text)),
        Kind::Text | Kind::Texts => put_bytes(out, number, text.as_bytes()),
        Kind::MaybeText => put_bytes(out, number, &write(&json!({ "value": text }), TEXT_VALUE)),
        Kind::MaybeNumber => {
            put_bytes(out, number, &write(&json!({ "value": text }), NUMBER_VALUE));
        }
        Kind::Moment => {
            let millis = text.parse::<Timestamp>().unwrap_or_default().as_millis();
            let parts = json!({
                "seconds": millis.div_euclid(1000).to_string(),
                "nanos": (millis.rem_euclid(1000) * 1_000_000).to_string(),
            });
            put_bytes(out, number, &write(&parts, TIMESTAMP));
        }
        Kind::Messages(fields) => put_bytes(out, number, &write(value, fields)),
    }
}

fn signed(text: &str) -> u64 {
    text.parse::<i64>().unwrap_or(0).cast_unsigned()
}

fn put_number(out: &mut Vec<u8>, number: u64, value: u64) {
    if value != 0 {
        put_varint(out, number << 3);
        put_varint(out, value);
    }
}

fn put_bytes(out: &mut Vec<u8>, number: u64, bytes: &[u8]) {
    put_varint(out, number << 3 | 2);
    put_varint(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn put_varint(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or(0));
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &[Field] = &[
        (1, "text", Kind::Text),
        (2, "texts", Kind::Texts),
        (3, "number", Kind::Number),
        (4, "flag", Kind::Flag),
        (5, "maybe", Kind::MaybeText),
        (6, "id", Kind::MaybeNumber),
        (7, "moment", Kind::Moment),
        (16, "messages", Kind::Messages(TEXT_VALUE)),
    ];

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = json!({
            "text": "ä", "texts": ["a", "", "b"], "number": "-5", "flag": true, "maybe": "x",
            "id": "9007199254740993", "moment": "2026-01-31T12:00:00.250Z",
            "messages": [{ "value": "1" }, {}],
        });
        let bytes = write(&message, MESSAGE);
        assert_eq!(Value::Object(read(&bytes, MESSAGE).unwrap()), {
            let mut expect = message;
            // A text that is there and empty is written, for those that may be left out.
            expect["messages"] = json!([{ "value": "1" }, {}]);
            expect
        });
    }

    #[test]
    fn bytes_are_those_of_protobuf() {
        let bytes = write(&json!({ "text": "abc", "number": "300", "moment": null }), MESSAGE);
        assert_eq!(bytes, [0x0a, 3, b'a', b'b', b'c', 0x18, 0xac, 0x02]);
        // Fields that nobody knows here are skipped, of each width.
        let unknown = [0x51, 1, 2, 3, 4, 5, 6, 7, 8, 0x55, 1, 2, 3, 4, 0x52, 1, 9, 0x50, 7];
        let read = read(&[&unknown[..], &bytes].concat(), MESSAGE).unwrap();
        assert_eq!(Value::Object(read), json!({ "text": "abc", "number": "300" }));
    }

    #[test]
    fn broken_messages_are_refused() {
        for bytes in [&[0x0a][..], &[0x0a, 5, 1], &[0x0b], &[0x80; 11], &[0x0a, 1, 0xff], &[0x18]] {
            assert!(read(bytes, MESSAGE).is_none(), "{bytes:?}");
        }
    }
}
