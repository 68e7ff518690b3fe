//! Names that no other has.

use rustix::rand::{GetRandomFlags, getrandom};

/// Without vowels and look-alikes, so that no word comes about: the letters that Kubernetes uses.
const LETTERS: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// `count` random letters, each worth 4.75 bits.
pub fn letters(count: usize) -> String {
    (0..count)
        .map(|_| {
            let letter = LETTERS.get(number() as usize % LETTERS.len());
            char::from(letter.copied().unwrap_or(b'x'))
        })
        .collect()
}

/// A random number.
pub fn number() -> u32 {
    let mut bytes = [0; 4];
    // The kernel's pool is there from early in the boot on; it then always fills so few.
    let _ = getrandom(&mut bytes, GetRandomFlags::empty());
    u32::from_ne_bytes(bytes)
}
