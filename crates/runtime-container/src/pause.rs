//! The holder of a replica's network, where several containers share it: a container that only
//! waits. Its image is made here, so nothing has to be pulled for it.

use crate::{
    client::{EngineError, Question},
    engine::Engine,
};

/// Its name in the engine. Podman 4.3 takes no tag for what it imports.
pub(crate) const IMAGE: &str = "localhost/tidegate-pause-1:latest";

/// What it runs.
pub(crate) const PROGRAM: &str = "/pause";

/// `again: ppoll(NULL, 0, NULL, NULL); goto again`, for `x86_64`.
///
/// As the first process of its container it takes no signal that it does not ask for but SIGKILL.
const X86_64: &[u8] = &[
    0x31, 0xff, // xor edi, edi
    0x31, 0xf6, // xor esi, esi
    0x31, 0xd2, // xor edx, edx
    0x45, 0x31, 0xd2, // xor r10d, r10d
    0xb8, 0x0f, 0x01, 0x00, 0x00, // mov eax, 271 (ppoll)
    0x0f, 0x05, // syscall
    0xeb, 0xee, // jmp to the beginning
];

/// The same for `aarch64`.
const AARCH64: &[u8] = &[
    0x28, 0x09, 0x80, 0xd2, // mov x8, 73 (ppoll)
    0x00, 0x00, 0x80, 0xd2, // mov x0, 0
    0x01, 0x00, 0x80, 0xd2, // mov x1, 0
    0x02, 0x00, 0x80, 0xd2, // mov x2, 0
    0x03, 0x00, 0x80, 0xd2, // mov x3, 0
    0x01, 0x00, 0x00, 0xd4, // svc 0
    0xfa, 0xff, 0xff, 0x17, // b to the beginning
];

/// Where the program lies in memory; any page will do.
const BASE: u64 = 0x40_0000;
/// The headers before the code: that of the file and that of its one segment.
const HEADERS: u64 = 64 + 56;

/// Sees to it that the engine has the image.
pub(crate) async fn ensure(engine: &Engine) -> Result<(), EngineError> {
    match engine.image(IMAGE).await {
        Err(error) if error.is_missing() => {}
        done => return done.map(|_| ()),
    }
    let version: Version = engine.client.ask(Question::get("/version")).await?;
    let refused = |message: String| EngineError::Refused { status: 501, message };
    let program = program(&version.arch).ok_or_else(|| {
        refused(format!(
            "several containers of a replica cannot share a network on {}",
            version.arch
        ))
    })?;
    let archive = archive(&program).map_err(|error| refused(error.to_string()))?;
    let (repo, tag) = IMAGE.rsplit_once(':').unwrap_or((IMAGE, "latest"));
    let import = Question::post("/images/create")
        .with("fromSrc", "-")
        .with("repo", repo)
        .with("tag", tag)
        .tar(archive);
    engine.client.tell(import).await?;
    engine.image(IMAGE).await.map(|_| ())
}

/// What is read of an engine's version.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    arch: String,
}

/// The program as a file, for an architecture in Go's words.
fn program(architecture: &str) -> Option<Vec<u8>> {
    let (machine, code) = match architecture {
        "amd64" => (62_u16, X86_64),
        "arm64" => (183, AARCH64),
        _ => return None,
    };
    let size = HEADERS + code.len() as u64;
    let mut file = Vec::new();
    // The file: ELF, 64 bits, little-endian, version 1, of no particular system; executable.
    file.extend([0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    for half in [2, machine] {
        file.extend(half.to_le_bytes());
    }
    file.extend(1_u32.to_le_bytes());
    for long in [BASE + HEADERS, 64, 0] {
        file.extend(long.to_le_bytes());
    }
    file.extend(0_u32.to_le_bytes());
    for half in [64_u16, 56, 1, 0, 0, 0] {
        file.extend(half.to_le_bytes());
    }
    // Its segment: all of the file, to be read and executed.
    for word in [1_u32, 5] {
        file.extend(word.to_le_bytes());
    }
    for long in [0, BASE, BASE, size, size, 0x1000] {
        file.extend(long.to_le_bytes());
    }
    file.extend(code);
    Some(file)
}

fn archive(program: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(program.len() as u64);
    header.set_mode(0o755);
    header.set_cksum();
    archive.append_data(&mut header, PROGRAM.trim_start_matches('/'), program)?;
    archive.into_inner()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_waits_until_it_is_killed() {
        let Some(own) = program(match std::env::consts::ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            other => other,
        }) else {
            return assert!(program("s390x").is_none());
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pause");
        std::fs::write(&path, own).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        let mut child = std::process::Command::new(&path).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(200));
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(9));
    }

    #[test]
    fn both_programs_jump_back_to_their_beginning() {
        // The last instruction of each: a relative jump over all that is before it.
        let back = i8::from_le_bytes([*X86_64.last().unwrap()]);
        assert_eq!(usize::from(back.unsigned_abs()), X86_64.len());
        let word = u32::from_le_bytes(AARCH64[AARCH64.len() - 4..].try_into().unwrap());
        assert_eq!(word >> 26, 0b00_0101);
        let words = 0x400_0000 - (word & 0x3ff_ffff);
        assert_eq!(words as usize * 4, AARCH64.len() - 4);
    }
}
