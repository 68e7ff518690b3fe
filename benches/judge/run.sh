#!/usr/bin/env bash
# Simulates releases: false alarms, power, the worth of a baseline, recorded series; `--help` names the
# settings. With `cost` as the first argument, measures what a look takes instead.
set -euo pipefail
if [[ "${1:-}" == cost ]]; then
    shift
    exec cargo bench --package tidegate-judge --bench look -- "$@"
fi
cargo build --quiet --release -p tidegate-judge-bench
exec "${CARGO_TARGET_DIR:-target}"/release/tidegate-judge-bench "$@"
