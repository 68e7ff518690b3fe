use std::io::Write as _;

use flate2::{Compression, Crc, write::ZlibEncoder};

use crate::{chart::Chart, layout::layout, raster::draw};

/// The chart as a PNG picture, with two pixels for one of the page in both directions.
pub fn png(chart: &Chart) -> Vec<u8> {
    let picture = draw(&layout(chart));
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut head = [size(picture.width), size(picture.height)].concat();
    // Eight bits of red, green and blue; deflate; no interlacing.
    head.extend([8, 2, 0, 0, 0]);
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut bytes, *b"IHDR", &head);
    chunk(&mut bytes, *b"IDAT", &packed(&picture.bytes, picture.width * 3));
    chunk(&mut bytes, *b"IEND", &[]);
    bytes
}

/// Each row as the difference to the one above it, which for drawings is mostly nothing.
fn packed(bytes: &[u8], row: usize) -> Vec<u8> {
    const UP: u8 = 2;
    let mut above = vec![0; row];
    let mut filtered = Vec::with_capacity(bytes.len() + bytes.len() / row.max(1));
    for line in bytes.chunks_exact(row.max(1)) {
        filtered.push(UP);
        filtered.extend(line.iter().zip(&above).map(|(now, before)| now.wrapping_sub(*before)));
        above.copy_from_slice(line);
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing into memory does not fail.
    let _ = encoder.write_all(&filtered);
    encoder.finish().unwrap_or_default()
}

fn chunk(bytes: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    bytes.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_be_bytes());
    let mut sum = Crc::new();
    sum.update(&kind);
    sum.update(data);
    bytes.extend(kind);
    bytes.extend(data);
    bytes.extend(sum.sum().to_be_bytes());
}
