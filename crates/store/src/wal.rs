//! Whether the write-ahead log still holds all that was acknowledged.
//!
//! At the first frame whose checksum does not hold SQLite takes the log to end, as it must: it is where a
//! crash broke off a write. Where a bit of an older frame was flipped, all commits after it would be lost
//! that way, and nobody would know. The two can be told apart. Each commit is synced before the next one
//! is written, so nothing follows the commit that a crash broke off. A checksum goes on from that of the
//! frame before, so what follows a frame that is bad can be checked all the same.
//!
//! What cannot be told from a write that broke off is a flip in the last commit of the log.
//! The format: <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek as _, SeekFrom},
    path::Path,
};

use tidegate_ports::StoreError;

use crate::failure::failed;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// `magic` says by its last bit in which order of bytes checksums are made.
const MAGIC: u32 = 0x377f_0682;

/// Reads the log beside a database, if there is one.
///
/// Errors: [`StoreError::Damaged`] when commits that were acknowledged follow a frame that is bad.
pub(crate) fn check(database: &Path) -> Result<(), StoreError> {
    let mut name = database.as_os_str().to_owned();
    name.push("-wal");
    let cannot = |error: io::Error| failed("cannot read state.db-wal", error);
    let file = match File::open(&name) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(cannot(error)),
    };
    let mut log = BufReader::with_capacity(1 << 16, file);
    let Some(found) = look(&mut log, database).map_err(cannot)? else { return Ok(()) };
    // Whoever writes may have been at that frame, or have begun the log anew: what is damaged stays so.
    log.seek(SeekFrom::Start(0)).map_err(cannot)?;
    if look(&mut log, database).map_err(cannot)? != Some(found) {
        return Ok(());
    }
    let (_, frame) = found;
    Err(StoreError::Damaged(format!(
        "frame {frame} of state.db-wal is not what was written, and commits that were acknowledged follow it"
    )))
}

/// The frame that is bad, and in which log, if acknowledged commits follow it.
fn look(log: &mut impl Read, database: &Path) -> io::Result<Option<(Header, u64)>> {
    let Some(header) = Header::read(log, database)? else { return Ok(None) };
    Ok(lost_after(log, &header)?.map(|frame| (header, frame)))
}

/// What is said of the whole log.
#[derive(Clone, Copy, PartialEq)]
struct Header {
    page: usize,
    big_endian: bool,
    /// None where the header itself is bad: then those of the first frame count.
    salts: Option<[u8; 8]>,
    sum: Sum,
}

type Sum = (u32, u32);

impl Header {
    /// None where nothing was ever written.
    fn read(log: &mut impl Read, database: &Path) -> io::Result<Option<Self>> {
        let mut bytes = [0; HEADER];
        if !fill(log, &mut bytes)? {
            return Ok(None);
        }
        let magic = word(&bytes, 0);
        let big_endian = magic & 1 == 1;
        let sum = sum((0, 0), bytes.get(..24).unwrap_or_default(), big_endian);
        let page = usize::try_from(word(&bytes, 8)).unwrap_or(0);
        if magic & !1 == MAGIC && sum == (word(&bytes, 24), word(&bytes, 28)) {
            let salts = bytes.get(16..24).and_then(|salts| salts.try_into().ok());
            return Ok(Some(Self { page, big_endian, salts, sum }));
        }
        let big_endian = cfg!(target_endian = "big");
        let Some(page) = page_of(database)? else { return Ok(None) };
        Ok(Some(Self { page, big_endian, salts: None, sum: (0, 0) }))
    }
}

/// The size of a database's pages.
fn page_of(database: &Path) -> io::Result<Option<usize>> {
    let mut bytes = [0; 18];
    if !fill(&mut File::open(database)?, &mut bytes)? {
        return Ok(None);
    }
    let page = usize::from(u16::from_be_bytes([bytes[16], bytes[17]]));
    Ok(Some(if page == 1 { 1 << 16 } else { page }).filter(|page| page.is_power_of_two()))
}

/// The first frame that is bad, if what follows it was written after it had been synced.
fn lost_after(log: &mut impl Read, header: &Header) -> io::Result<Option<u64>> {
    let (mut salts, mut before) = (header.salts, header.sum);
    let (mut bad, mut ended) = (None, false);
    let mut frame = vec![0; FRAME_HEADER + header.page];
    for number in 1_u64.. {
        if !fill(log, &mut frame)? {
            break;
        }
        let (head, page) = frame.split_at(FRAME_HEADER);
        let own = *salts
            .get_or_insert(head.get(8..16).and_then(|it| it.try_into().ok()).unwrap_or_default());
        let begun = sum(before, head.get(..8).unwrap_or_default(), header.big_endian);
        before = (word(head, 16), word(head, 20));
        let ours = head.get(8..16) == Some(&own[..]);
        let holds = ours && sum(begun, page, header.big_endian) == before;
        if holds && ended {
            return Ok(bad);
        }
        if !holds {
            bad = bad.or(Some(number));
        }
        ended |= bad.is_some() && ours && word(head, 4) != 0;
    }
    Ok(None)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
    word.map_or(0, u32::from_be_bytes)
}

fn sum((mut one, mut other): Sum, bytes: &[u8], big_endian: bool) -> Sum {
    let read = if big_endian { u32::from_be_bytes } else { u32::from_le_bytes };
    let mut words = bytes.as_chunks::<4>().0.iter().map(|word| read(*word));
    while let (Some(even), Some(odd)) = (words.next(), words.next()) {
        one = one.wrapping_add(even).wrapping_add(other);
        other = other.wrapping_add(odd).wrapping_add(one);
    }
    (one, other)
}

/// Whether there were enough bytes.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match from.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
