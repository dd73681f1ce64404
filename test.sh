#!/bin/sh
# Builds mxcensus in four ways and runs all its tests. Quiet about what succeeds.
#
#   ./test.sh            everything; at most 15 minutes on two processors, and it says how long each part took
#   ./test.sh dev asan   only these builds
#
#   dev    warnings are errors; headers compile alone; lint tests, and unit tests where asan is not built
#   asan   address, leak and undefined-behaviour sanitizers; unit, end-to-end and interop tests
#   fuzz   libFuzzer: corpora, then a few seconds of search
#   tsan   thread sanitizer: scans of the lab
#
# Tests of asan wait for timeouts more than they work. So fuzz and tsan are built meanwhile, with a low priority.
set -eu
cd "$(dirname "$0")"
. .ci/packages.sh

# shellcheck disable=SC2086
install_packages $BUILD_PACKAGES $TEST_PACKAGES
unpack_mail_servers

builds=${*:-dev asan fuzz tsan}
logs=build/test-logs
mkdir -p "$logs"
total=0
failed=0
begun=$(date +%s)
each=

chosen() {
    case " $builds " in *" $1 "*) ;; *) return 1 ;; esac
}

# processor_seconds FILE: what `times` wrote there of the commands that the shell has run.
processor_seconds() {
    awk 'NR == 2 { split($1 "m" $2, t, "m"); printf "%d", (t[1] + t[3]) * 60 + t[2] + t[4] }' "$1"
}

# part WHAT COMMAND...: says how long it took, and how long of processors, which depends less on what else the machine does.
# What is built beside the tests of asan counts with these too.
part() {
    part_what=$1
    shift
    part_times=$logs/times-${part_what%%:*}
    times >"$part_times"
    part_before=$(processor_seconds "$part_times")
    part_begun=$(date +%s)
    "$@"
    times >"$part_times"
    say "$part_what: $(($(date +%s) - part_begun)) s, $(($(processor_seconds "$part_times") - part_before)) s of processors"
}

# run_ctest PRESET CTEST-OPTION...: into a file, which count_tests reads.
run_ctest() {
    preset=$1
    shift
    ctest --preset "$preset" --no-tests=error "$@" >"$logs/$preset" 2>&1 || :
}

# count_tests PRESET: adds to the counts.
count_tests() {
    preset=$1
    line=$(grep 'tests passed, .* tests\{0,1\} failed out of' "$logs/$preset") || line=
    if [ -z "$line" ]; then
        tail -n 40 "$logs/$preset" >&2
        fail "no tests ran in build/$preset"
    fi
    bad=$(printf '%s\n' "$line" | sed 's/.* passed, \([0-9]*\) .*/\1/')
    all=$(printf '%s\n' "$line" | sed 's/.* out of \([0-9]*\).*/\1/')
    [ "$bad" -eq 0 ] || cat "$logs/$preset" >&2
    total=$((total + all))
    failed=$((failed + bad))
    each="$each${each:+, }$preset $((all - bad))/$all"
    say "$preset: $line"
}

run_tests() {
    run_ctest "$@"
    count_tests "$1"
}

# build PRESET [TARGET...]
build() {
    preset=$1
    shift
    quietly cmake --preset "$preset"
    quietly cmake --build --preset "$preset" ${1:+--target "$@"}
}

build_later() {
    chosen fuzz && part "fuzz: built beside other tests" build fuzz fuzzers
    chosen tsan && part "tsan: built beside other tests" build tsan mxcensus mxlab
    :
}

for preset in $builds; do
    case $preset in
    dev | asan | fuzz | tsan) ;;
    *) fail "unknown build '$preset': use dev, asan, fuzz, tsan" ;;
    esac
done

# Unit tests run once, where most of what is wrong shows.
if chosen dev && chosen asan; then
    part "dev: build" build dev mxcensus print_texts fuzz_objects bench_objects all_verify_interface_header_sets
    part "dev: tests" run_tests dev -L lint -j2
elif chosen dev; then
    part "dev: build" build dev all all_verify_interface_header_sets
    part "dev: tests" run_tests dev -L 'unit|lint' -j2
fi
if chosen asan; then
    part "asan: build" build asan
    build_later &
    later=$!
    renice -n 10 -p "$later" >/dev/null
    part "asan: tests" run_tests asan -L 'unit|e2e|interop' -j6
    wait "$later" || fail "a build beside the tests failed"
else
    build_later
fi
# Those of tsan are two, which wait as well; targets of fuzz are many and wait for nothing.
if chosen fuzz && chosen tsan; then
    part "fuzz: tests, beside those of tsan" run_ctest fuzz -L fuzz -j1 &
    later=$!
    part "tsan: tests" run_tests tsan -L tsan -j2
    wait "$later"
    count_tests fuzz
elif chosen fuzz; then
    part "fuzz: tests" run_tests fuzz -L fuzz -j2
elif chosen tsan; then
    part "tsan: tests" run_tests tsan -L tsan -j2
fi

took=$(($(date +%s) - begun))
say "took $((took / 60)) min $((took % 60)) s on $(nproc) processors"
percent=$((total > 0 ? (total - failed) * 100 / total : 0))
printf '%s%% tests passed, %s tests failed out of %s (%s)\n' "$percent" "$failed" "$total" "$each"
[ "$failed" -eq 0 ]
