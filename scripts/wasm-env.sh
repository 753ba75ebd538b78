# Sourced: the flags of one wasm build, the same for the page and for the tests, so that both use one build.
# wasm-env.sh cpu|gpu TARGET_DIR sets `features`.
export CARGO_TARGET_DIR=$2/wasm-$1 RUSTFLAGS="-C target-feature=+simd128"
features=()
if [ "$1" = gpu ]; then
  export CARGO_PROFILE_RELEASE_OPT_LEVEL=s # half the download; the work is in the shaders
  features=(--features webgpu)
fi
