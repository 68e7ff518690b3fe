use anyhow::{Context as _, Result, bail};

use crate::shell::{is_installed, output, program, run};

/// What a Debian package is needed for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    /// `cargo xtask test`.
    Tests,
    /// `cargo xtask bench`.
    Benchmarks,
}

/// A Debian package that is installed when its program is missing.
struct Package {
    name: &'static str,
    program: &'static str,
    need: Need,
    reason: &'static str,
}

/// All that this repository needs beside the Rust toolchain and a C compiler, which SQLite is built
/// with.
const PACKAGES: &[Package] = &[
    Package {
        name: "gcc",
        program: "cc",
        need: Need::Tests,
        reason: "SQLite is built from its sources",
    },
    Package {
        name: "curl",
        program: "curl",
        need: Need::Tests,
        reason: "the scenarios ask the service with it",
    },
    Package {
        name: "python3-venv",
        program: "python3",
        need: Need::Tests,
        reason: "Schemathesis, which asks the API all that it can be asked, is written in it",
    },
    Package {
        name: "iproute2",
        program: "ip",
        need: Need::Tests,
        reason: "the torture has a network of its own",
    },
    Package {
        name: "e2fsprogs",
        program: "chattr",
        need: Need::Tests,
        reason: "the torture makes folders that cannot be written to",
    },
    Package {
        name: "faketime",
        program: "faketime",
        need: Need::Tests,
        reason: "the torture sets clocks by its library",
    },
    Package {
        name: "postgresql",
        // Its own programs are in nobody's `PATH`; this one comes with them.
        program: "pg_ctlcluster",
        need: Need::Tests,
        reason: "several servers share a store in it",
    },
    Package {
        name: "prometheus",
        program: "prometheus",
        need: Need::Tests,
        reason: "a release is judged by what it scraped of the router",
    },
    Package {
        name: "podman",
        program: "podman",
        need: Need::Tests,
        reason: "the container runtime is tested on it",
    },
    Package {
        name: "runc",
        program: "runc",
        need: Need::Tests,
        reason: "podman starts the tests' containers by it",
    },
    Package {
        name: "iptables",
        program: "iptables",
        need: Need::Tests,
        reason: "podman publishes the ports of containers by it",
    },
    Package {
        name: "docker-registry",
        program: "docker-registry",
        need: Need::Tests,
        reason: "the container runtime pulls images from it",
    },
    Package {
        name: "python3",
        program: "python3",
        need: Need::Benchmarks,
        reason: "the scripts of benches/ are written in it",
    },
    Package {
        name: "nginx",
        program: "nginx",
        need: Need::Tests,
        reason: "it carries requests in place of the router",
    },
    Package {
        name: "nginx",
        program: "nginx",
        need: Need::Benchmarks,
        reason: "the router is measured against it",
    },
    Package {
        name: "haproxy",
        program: "haproxy",
        need: Need::Tests,
        reason: "it carries requests in place of the router",
    },
    Package {
        name: "haproxy",
        program: "haproxy",
        need: Need::Benchmarks,
        reason: "the router is measured against it",
    },
    Package {
        name: "python3-aiosmtpd",
        program: "aiosmtpd",
        need: Need::Tests,
        reason: "it takes the e-mail that notifications are tested by",
    },
    Package { name: "npm", program: "npm", need: Need::Tests, reason: "the page is built with it" },
    Package {
        name: "chromium",
        program: "chromium",
        need: Need::Tests,
        reason: "the page is tested in it",
    },
    Package {
        name: "wrk",
        program: "wrk",
        need: Need::Benchmarks,
        reason: "it makes the load that the routers are measured under",
    },
];

/// Installs what is missing: by itself for root, otherwise it says what to install.
pub(crate) fn install(need: Need) -> Result<()> {
    let missing: Vec<_> = PACKAGES
        .iter()
        .filter(|package| package.need == need && !is_there(package.program))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    for package in &missing {
        eprintln!("{} is missing: {}", package.name, package.reason);
    }
    let names: Vec<_> = missing.iter().map(|package| package.name).collect();
    let user = output(&mut program("id", &["-u"])).context("cannot tell who runs this")?;
    if user.trim() != "0" {
        bail!("install it first: sudo apt-get install {}", names.join(" "));
    }
    run(&mut program("apt-get", &["update", "-qq"]))?;
    let arguments =
        [&["install", "-y", "-qq", "--no-install-recommends"], names.as_slice()].concat();
    run(program("apt-get", &arguments).env("DEBIAN_FRONTEND", "noninteractive"))
}

/// Servers are installed where only root's `PATH` looks.
fn is_there(program: &str) -> bool {
    is_installed(program) || std::path::Path::new("/usr/sbin").join(program).is_file()
}
