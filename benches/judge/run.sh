#!/usr/bin/env bash
# Simulates releases: false alarms, power, the worth of a baseline, recorded series; then measures what a
# look takes. With `cost` as the first argument, only that; with other arguments (`--help` names them),
# only the simulation.
set -euo pipefail
if [[ "${1:-}" == cost ]]; then
    shift
    exec cargo bench --package tidegate-judge --bench look -- "$@"
fi
cargo build --quiet --release -p tidegate-judge-bench
"${CARGO_TARGET_DIR:-target}"/release/tidegate-judge-bench "$@"
if [[ $# -eq 0 ]]; then
    echo "## What a look takes"
    exec cargo bench --package tidegate-judge --bench look
fi
