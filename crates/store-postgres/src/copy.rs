//! The ledger as the database's own binary copy, for which it does least.

use std::pin::pin;

use futures_util::TryStreamExt as _;
use tidegate_ledger::{Digest, Kept};
use tidegate_ports::StoreError;
use tokio::sync::mpsc;

use crate::{session::Session, trouble::Trouble};

/// So many entries are asked for at a time: each is a statement of its own, so that however long the ledger
/// is, none takes longer than a statement may, also where who takes them is slow.
const SPAN: u64 = 1 << 14;
/// So many are handed on at a time: about a megabyte.
const PAGE: usize = 2048;

const WHAT: &str = "the ledger cannot be read";

/// Hands on every entry of the ledger as it is kept, oldest first and not verified, until nobody wants more.
pub(crate) async fn entries(
    session: &Session,
    pages: &mpsc::Sender<Vec<Kept>>,
) -> Result<(), Trouble> {
    let mut after = 0;
    loop {
        match read_span(session, after, pages).await? {
            Some(last) => after = last,
            None => return Ok(()),
        }
    }
}

/// Hands on the entries after a sequence number, as many as are asked for at a time. Says which was the
/// last; none where there was none, or nobody wants more.
async fn read_span(
    session: &Session,
    after: u64,
    pages: &mpsc::Sender<Vec<Kept>>,
) -> Result<Option<u64>, Trouble> {
    let asked = format!(
        "COPY (SELECT sequence, hash, body FROM tidegate.ledger
         WHERE sequence > {after} ORDER BY sequence LIMIT {SPAN}) TO STDOUT (FORMAT binary)"
    );
    let rows = session.answer(WHAT, session.client.copy_out(asked.as_str())).await?;
    let mut rows = pin!(rows);
    let mut last = None;
    loop {
        let some = async {
            let mut some = Vec::with_capacity(PAGE);
            while some.len() < PAGE {
                match rows.try_next().await? {
                    Some(row) => some.push(row),
                    None => return Ok((some, true)),
                }
            }
            Ok((some, false))
        };
        let (some, ended) = session.answer(WHAT, some).await?;
        let mut page = Vec::with_capacity(some.len());
        for row in &some {
            page.extend(entry(row)?);
        }
        last = page.last().map(|kept: &Kept| kept.sequence).or(last);
        if pages.send(page).await.is_err() {
            return Ok(None);
        }
        if ended {
            return Ok(last);
        }
    }
}

/// What every binary copy begins with; flags and the length of nothing follow.
const SIGNATURE: &[u8] = b"PGCOPY\n\xff\r\n\0";
const HEADER: usize = SIGNATURE.len() + 8;

/// A row as the protocol has it, the first of them behind the header: how many columns there are, and
/// each with its length before it. None where it is the end, or the header alone.
fn entry(mut row: &[u8]) -> Result<Option<Kept>, Trouble> {
    if row.starts_with(SIGNATURE) {
        row = row.get(HEADER..).unwrap_or_default();
    }
    match row.split_first_chunk::<2>() {
        None if row.is_empty() => return Ok(None),
        Some((count, rest)) => match i16::from_be_bytes(*count) {
            -1 => return Ok(None),
            3 => row = rest,
            _ => return Err(strange()),
        },
        None => return Err(strange()),
    }
    let (sequence, hash, body) = (column(&mut row)?, column(&mut row)?, column(&mut row)?);
    let sequence = i64::from_be_bytes(sequence.try_into().map_err(|_| strange())?);
    let sequence = u64::try_from(sequence).unwrap_or(0);
    let hash = hash.try_into().map(Digest).map_err(|_| {
        StoreError::Damaged(format!("the ledger is broken: entry {sequence} has no hash"))
    })?;
    Ok(Some(Kept { sequence, hash, body: body.to_vec() }))
}

fn column<'a>(row: &mut &'a [u8]) -> Result<&'a [u8], Trouble> {
    let (length, rest) = row.split_first_chunk::<4>().ok_or_else(strange)?;
    let length = usize::try_from(i32::from_be_bytes(*length)).map_err(|_| strange())?;
    let (column, rest) = rest.split_at_checked(length).ok_or_else(strange)?;
    *row = rest;
    Ok(column)
}

fn strange() -> Trouble {
    let why = format!("{WHAT}: the database's copy is not in the form that is known");
    StoreError::Failed(why).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(columns: &[&[u8]]) -> Vec<u8> {
        let mut row = 3_i16.to_be_bytes().to_vec();
        for column in columns {
            row.extend(i32::try_from(column.len()).unwrap().to_be_bytes());
            row.extend(*column);
        }
        row
    }

    #[test]
    fn a_row_is_read_behind_the_header_or_alone_and_nothing_else_is() {
        let whole = row(&[&7_i64.to_be_bytes(), &[3; 32], b"{}"]);
        let expect = Kept { sequence: 7, hash: Digest([3; 32]), body: b"{}".to_vec() };
        let header = [SIGNATURE, &[0; 8]].concat();
        assert_eq!(entry(&whole).unwrap(), Some(expect.clone()));
        assert_eq!(entry(&[&header[..], &whole].concat()).unwrap(), Some(expect));
        for end in [&header[..], b"", b"\xff\xff", &[&header[..], b"\xff\xff"].concat()] {
            assert_eq!(entry(end).unwrap(), None);
        }
        for length in 1..whole.len() {
            entry(&whole[..length]).unwrap_err();
        }
        entry(&row(&[&7_i64.to_be_bytes(), &[3; 31], b"{}"])).unwrap_err();
        entry(&row(&[&7_i32.to_be_bytes(), &[3; 32], b"{}"])).unwrap_err();
    }
}
