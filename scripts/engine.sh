#!/usr/bin/env bash
# Builds one wasm engine for the page: engine.sh cpu|gpu TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 out=www/public/engine/$1
export CARGO_TARGET_DIR=$2/wasm-$kind RUSTFLAGS="-C target-feature=+simd128"
features=()
if [ "$kind" = gpu ]; then
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=s # half the download, the same speed: the work is in the shaders
  features=(--features webgpu)
fi
echo "engine: building $kind (several minutes from scratch, seconds after)"
cargo build --release --lib --target wasm32-unknown-unknown "${features[@]}" --quiet
mkdir -p "$out"
wasm-bindgen --target web --no-typescript --remove-name-section --remove-producers-section --out-dir "$out" \
  "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/prefshift.wasm"
# wasm-opt pays for the CPU engine only: on the GPU one it takes minutes and wins nothing after compression.
if [ "$kind" = cpu ] && [ -x www/node_modules/.bin/wasm-opt ]; then
  www/node_modules/.bin/wasm-opt -O3 --enable-simd --enable-bulk-memory --enable-nontrapping-float-to-int --enable-sign-ext \
    --enable-mutable-globals --enable-reference-types --enable-multivalue \
    "$out/prefshift_bg.wasm" -o "$out/prefshift_bg.opt" && mv "$out/prefshift_bg.opt" "$out/prefshift_bg.wasm"
fi
echo "engine: $kind is $(($(stat -c %s "$out/prefshift_bg.wasm") / 1024)) kB"
