#!/usr/bin/env bash
# Runs tests/web.rs in headless Chromium on one engine's build. test-wasm.sh cpu|gpu TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/wasm-env.sh "$1" "$2"
export WASM_BINDGEN_TEST_TIMEOUT=600
# With a driver and the tools at hand, wasm-pack downloads nothing.
wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" --mode no-install --release \
  -- "${features[@]}" --test web
