# Sourced: the flags of one wasm build, the same for the page and for the tests, so that both use one build.
# wasm-env.sh cpu|gpu|witness TARGET_DIR sets `features`. `gpu` is the page's engine with kernels of our own and shares
# the CPU engine's dependencies; `witness` has Burn's WebGPU backend beside them, for tests.
export CARGO_TARGET_DIR=$2/wasm-cpu RUSTFLAGS="-C target-feature=+simd128"
# Dependencies for size: a sixth off the download. The passes, in our own crate, stay at 3 (Cargo.toml).
export CARGO_PROFILE_RELEASE_OPT_LEVEL=s
# Burn's own vectors (feature simd) would be 7 kB of download, and the passes do not use them.
features=(--no-default-features)
case $1 in
gpu) features+=(--features gpu) ;;
witness)
  export CARGO_TARGET_DIR=$2/wasm-gpu
  features+=(--features gpu,webgpu)
  ;;
esac
