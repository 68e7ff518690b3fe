#!/usr/bin/env bash
# Simulates releases by a budget and by fixed steps. With `--real` as the first argument, releases real
# processes under real load instead; `--real --help` names the settings.
set -euo pipefail
if [[ "${1:-}" == --real ]]; then
    shift
    cargo build --quiet --release -p tidegate -p tidegate-sample -p tidegate-e2e
    exec "${CARGO_TARGET_DIR:-target}"/release/tidegate-measure exposure "$@"
fi
exec cargo bench --package tidegate-exposure --bench exposure -- "$@"
