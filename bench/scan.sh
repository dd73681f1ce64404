#!/bin/sh
# Scans N domains of the lab once and prints what it took. See README.md.
#
#   bench/scan.sh [DOMAINS] [THREADS]
set -eu
cd "$(dirname "$0")/.."
domains=${1:-100000}
threads=${2:-2}
exec python3 -B tests/e2e/measure_scan.py --domains "$domains" --threads "$threads" \
    --mxcensus build/release/mxcensus --mxlab build/release/tests/lab/mxlab
