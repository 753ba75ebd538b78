#!/usr/bin/env bash
# Runs tests/web.rs in headless Chromium: on the CPU build, then on the WebGPU build. test-wasm.sh TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
CHROMEDRIVER=$(command -v chromedriver)
export CHROMEDRIVER WASM_BINDGEN_TEST_TIMEOUT=600 RUSTFLAGS="-C target-feature=+simd128"
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner
CARGO_TARGET_DIR=$1/wasm-cpu cargo test --release --target wasm32-unknown-unknown --test web
CARGO_TARGET_DIR=$1/wasm-gpu CARGO_PROFILE_RELEASE_OPT_LEVEL=s \
  cargo test --release --target wasm32-unknown-unknown --test web --features webgpu
