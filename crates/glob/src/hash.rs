use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use ring::digest::{Context, Digest, SHA256};

use crate::{Glob, Options, WalkError};

/// How much of a file is read at once.
const PIECE: usize = 1 << 16;

impl Glob {
    /// What `hashFiles` makes of the files below the workspace that match: the SHA-256 of their
    /// SHA-256s in the order in which they are found, as hexadecimal. None where none is found, for
    /// which `hashFiles` has the empty text.
    ///
    /// `hashFiles` follows links only where its first argument is `--follow-symbolic-links`.
    pub fn hash(&self, workspace: &Path, options: Options) -> Result<Option<String>, WalkError> {
        let mut result = Context::new(&SHA256);
        let mut is_any = false;
        for path in self.find(options)? {
            let failed = |source| WalkError { path: path.clone(), source };
            if path == workspace || !path.starts_with(workspace) {
                continue;
            }
            // A link to a folder is skipped as one, whether links are followed or not.
            if fs::metadata(&path).map_err(failed)?.is_dir() {
                continue;
            }
            result.update(hash(&path).map_err(failed)?.as_ref());
            is_any = true;
        }
        Ok(is_any.then(|| hexadecimal(&result.finish())))
    }
}

fn hash(path: &Path) -> io::Result<Digest> {
    let mut file = File::open(path)?;
    let mut hasher = Context::new(&SHA256);
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(piece.get(..read).unwrap_or_default());
    }
}

fn hexadecimal(digest: &Digest) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or('0');
    digest.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
