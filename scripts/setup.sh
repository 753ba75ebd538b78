#!/usr/bin/env bash
# Installs what is missing: setup.sh [wasm] [pack] [page] [browser] [mutants] [fuzz]. Says what it does; does nothing a second time.
set -euo pipefail
cd "$(dirname "$0")/.."
BINDGEN=0.2.130 # the version of wasm-bindgen in Cargo.toml
PACK=0.15.1
MUTANTS=26.0.0
FUZZ=0.13.1
say() { printf '\033[1m%s\033[0m\n' "setup: $*"; }

command -v cargo >/dev/null || { echo "setup: Rust is missing; install it with rustup (https://rustup.rs)" >&2; exit 3; }

for part in "$@"; do
  case "$part" in
    wasm)
      if ! rustc --print target-libdir --target wasm32-unknown-unknown 2>/dev/null | xargs -r test -d; then
        say "adding the wasm32 target"
        rustup target add wasm32-unknown-unknown
      fi
      if [ "$(wasm-bindgen --version 2>/dev/null | cut -d' ' -f2)" != "$BINDGEN" ]; then
        say "installing wasm-bindgen $BINDGEN (a few minutes, once)"
        cargo install wasm-bindgen-cli --version "$BINDGEN" --debug --quiet
      fi
      ;;
    pack)
      if [ "$(wasm-pack --version 2>/dev/null | cut -d' ' -f2)" != "$PACK" ]; then
        say "installing wasm-pack $PACK (a few minutes, once)"
        cargo install wasm-pack --version "$PACK" --debug --quiet
      fi
      ;;
    mutants)
      if [ "$(cargo mutants --version 2>/dev/null | cut -d' ' -f2)" != "$MUTANTS" ]; then
        say "installing cargo-mutants $MUTANTS (a few minutes, once)"
        cargo install cargo-mutants --version "$MUTANTS" --locked --debug --quiet
      fi
      ;;
    fuzz)
      if [ "$(cargo fuzz --version 2>/dev/null | cut -d' ' -f2)" != "$FUZZ" ]; then
        say "installing cargo-fuzz $FUZZ (a few minutes, once)"
        cargo install cargo-fuzz --version "$FUZZ" --locked --debug --quiet
      fi
      ;;
    page)
      command -v npm >/dev/null || { echo "setup: Node 20 or later is missing (https://nodejs.org)" >&2; exit 3; }
      if [ ! -e www/node_modules/.package-lock.json ] || [ www/package-lock.json -nt www/node_modules/.package-lock.json ]; then
        say "installing the page's packages"
        (cd www && npm ci --no-audit --no-fund --loglevel=error)
        touch www/node_modules/.package-lock.json
      fi
      ;;
    browser)
      if ! command -v chromedriver >/dev/null || ! { command -v chromium || command -v chromium-browser || command -v google-chrome; } >/dev/null; then
        command -v apt-get >/dev/null || { echo "setup: install Chromium (or Chrome) and chromedriver for the browser tests" >&2; exit 3; }
        say "installing chromium and chromium-driver"
        sudo=""; [ "$(id -u)" = 0 ] || sudo=sudo
        $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium chromium-driver >/dev/null
      fi
      ;;
  esac
done
