#!/usr/bin/env bash
# Builds one wasm engine for the page: engine.sh cpu|gpu TARGET_DIR
set -euo pipefail
cd "$(dirname "$0")/.."
kind=$1 out=www/public/engine/$1
source scripts/wasm-env.sh "$1" "$2"
echo "engine: building $kind (several minutes from scratch, a minute or two after)"
# Our crate in one piece, and inlined only where the source asks for it: the passes ask, and are as fast as at level 3
# (53.9 against 54.4 steps/s), while the rest shrinks (660 to 618 kB in brotli). At level "s" (591) they are half as fast.
cargo rustc --release --lib --target wasm32-unknown-unknown "${features[@]}" --quiet \
  --config profile.release.package.prefshift.codegen-units=1 --config profile.release.package.prefshift.opt-level=2 \
  --config profile.release.incremental=false -- -C llvm-args=-inline-threshold=5 -C no-vectorize-loops -C no-vectorize-slp
mkdir -p "$out"
wasm-bindgen --target web --no-typescript --remove-name-section --remove-producers-section --out-dir "$out" \
  "$CARGO_TARGET_DIR/wasm32-unknown-unknown/release/prefshift.wasm"
# No wasm-opt: it takes 17 % off the CPU engine's file, but adds 9 % to what is downloaded (510 to 555 kB in brotli);
# with files built for speed it was the same story, and no step was seen to be faster.
echo "engine: $kind is $(($(wc -c <"$out/prefshift_bg.wasm") / 1000)) kB, $(($(gzip -9 -c "$out/prefshift_bg.wasm" | wc -c) / 1000)) kB in gzip"
