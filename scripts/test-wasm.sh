#!/usr/bin/env bash
# Runs tests/web.rs in headless Chromium on one engine's build. test-wasm.sh cpu|gpu TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
# The flags of engine.sh, so that the engine's build is reused.
export CARGO_TARGET_DIR=$2/wasm-$1 RUSTFLAGS="-C target-feature=+simd128" WASM_BINDGEN_TEST_TIMEOUT=600
features=()
if [ "$1" = gpu ]; then
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=s
  features=(--features webgpu)
fi
# With a driver and the tools at hand, wasm-pack downloads nothing.
wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" --mode no-install --release \
  -- "${features[@]}" --test web
