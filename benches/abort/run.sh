#!/usr/bin/env bash
# Measures on real processes; `--help` names the settings.
set -euo pipefail
cargo build --quiet --release -p tidegate -p tidegate-sample -p tidegate-e2e
exec "${CARGO_TARGET_DIR:-target}"/release/tidegate-measure abort "$@"
