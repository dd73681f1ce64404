#!/bin/sh
# One shard of a scan, however often it is called: begins it, goes on with what an interruption left, or has nothing left to do.
#
#     shard.sh SHARDS SHARD RESULTS SCAN-OPTION... LIST
#
# SHARD is a number from 0 to SHARDS - 1; its results are RESULTS/part-SHARD. All calls have the same options and list, and the same
# working directory. The exit code is that of mxcensus scan: 2 is a wrong call, 130 and 143 are interruptions, after which it goes on.
set -eu
if [ $# -lt 4 ]; then
    echo "shard.sh: usage: shard.sh SHARDS SHARD RESULTS SCAN-OPTION... LIST" >&2
    exit 2
fi
shards=$1 part=$3/part-$2 shard=$2
mkdir -p "$3"
shift 3
if [ -e "$part/started.json" ] || [ -e "$part/manifest.json" ]; then
    exec mxcensus scan --resume "$part"
fi
rm -f "$part"/*.part # of one that was killed before it began
exec mxcensus scan --shards "$shards" --shard "$shard" --output "$part" "$@"
