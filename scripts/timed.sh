#!/usr/bin/env bash
# Says what starts, and how long it took: timed.sh WHAT COMMAND…
set -euo pipefail
what=$1
shift
echo "== $what"
"$@"
echo "== $what: $SECONDS s"
