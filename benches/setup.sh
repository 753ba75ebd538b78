#!/usr/bin/env bash
# Installs what the benchmark needs and is missing: npm packages here, Python's beside the build products.
set -euo pipefail
cd "$(dirname "$0")"
command -v npm >/dev/null || { echo "bench: Node 20 or later is missing (https://nodejs.org)" >&2; exit 3; }
if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "bench: installing jax-js, TensorFlow.js and the driver"
  npm ci --no-audit --no-fund --loglevel=error
  touch node_modules/.package-lock.json
fi
[ -n "${PREFSHIFT_BENCH_PYTHON:-}" ] && exit
venv=${XDG_CACHE_HOME:-$HOME/.cache}/prefshift/bench-venv
if [ ! -e "$venv/ready" ] || [ requirements.txt -nt "$venv/ready" ]; then
  echo "bench: installing JAX and PyTorch into $venv (several GB to unpack; PREFSHIFT_BENCH_PYTHON names a Python that has them)"
  # Without them the table says so; the rest is measured.
  if python3 -m venv "$venv" && "$venv/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt; then
    touch "$venv/ready"
  else
    echo "bench: JAX and PyTorch could not be installed; the native table goes without them" >&2
  fi
fi
