#!/usr/bin/env bash
# Runs the browser tests in headless Chromium: test-wasm.sh cpu|gpu TARGET_DIR
# cpu: tests/web.rs on the CPU engine. gpu: tests/web.rs with WebGPU and tests/web_gpu.rs, with Burn's WebGPU as witness.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=(--test web)
kind=$1
if [ "$1" = gpu ]; then
  kind=witness
  tests+=(--test web_gpu)
fi
source scripts/wasm-env.sh "$kind" "$2"
export WASM_BINDGEN_TEST_TIMEOUT=600
# With a driver and the tools at hand, wasm-pack downloads nothing.
wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" --mode no-install --release \
  -- "${features[@]}" "${tests[@]}"
