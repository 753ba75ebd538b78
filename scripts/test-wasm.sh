#!/usr/bin/env bash
# Runs tests/web.rs in headless Chromium: on the CPU build, then on the WebGPU build. test-wasm.sh TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
export WASM_BINDGEN_TEST_TIMEOUT=600 RUSTFLAGS="-C target-feature=+simd128"
# Nothing is downloaded: wasm-bindgen-cli is on the path, the driver is named.
run() { wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" --mode no-install --release "$@"; }
CARGO_TARGET_DIR=$1/wasm-cpu run
CARGO_TARGET_DIR=$1/wasm-gpu CARGO_PROFILE_RELEASE_OPT_LEVEL=s run --features webgpu
