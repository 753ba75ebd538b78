#!/usr/bin/env bash
# Runs tests/web.rs in headless Chromium on one engine's build, or tests/web_gpu.rs with the GPU kernels of our own on
# the CPU's. test-wasm.sh cpu|gpu|fused TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
test=web
if [ "$1" = fused ]; then
  source scripts/wasm-env.sh cpu "$2"
  features=(--features gpu)
  test=web_gpu
else
  source scripts/wasm-env.sh "$1" "$2"
fi
export WASM_BINDGEN_TEST_TIMEOUT=600
# With a driver and the tools at hand, wasm-pack downloads nothing.
wasm-pack test --headless --chrome --chromedriver "$(command -v chromedriver)" --mode no-install --release \
  -- "${features[@]}" --test "$test"
