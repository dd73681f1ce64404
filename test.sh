#!/bin/sh
# Builds mxcensus in four ways and runs all its tests. Quiet about what succeeds.
#
#   ./test.sh            everything; some 25 minutes on two processors, and it says how long
#   ./test.sh dev asan   only these builds
#
#   dev    warnings are errors; headers compile alone; unit and lint tests
#   asan   address, leak and undefined-behaviour sanitizers; unit, end-to-end and interop tests
#   fuzz   libFuzzer: corpora, then a few seconds of search
#   tsan   thread sanitizer: scans of the lab
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

# run_tests PRESET CTEST-OPTION...: adds to the counts.
run_tests() {
    preset=$1
    shift
    ctest --preset "$preset" --no-tests=error "$@" >"$logs/$preset" 2>&1 || :
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

build() {
    preset=$1
    shift
    quietly cmake --preset "$preset"
    quietly cmake --build --preset "$preset" "$@"
}

for preset in $builds; do
    case $preset in
    dev)
        build dev
        quietly cmake --build --preset dev --target all_verify_interface_header_sets
        run_tests dev -L 'unit|lint' -j2
        ;;
    asan)
        build asan
        # They wait for timeouts more than they work.
        run_tests asan -L 'unit|e2e|interop' -j4
        ;;
    fuzz)
        build fuzz --target fuzzers
        run_tests fuzz -L fuzz -j2
        ;;
    tsan)
        build tsan
        run_tests tsan -L tsan -j2
        ;;
    *)
        fail "unknown build '$preset': use dev, asan, fuzz, tsan"
        ;;
    esac
done

took=$(($(date +%s) - begun))
say "took $((took / 60)) min $((took % 60)) s on $(nproc) processors"
percent=$((total > 0 ? (total - failed) * 100 / total : 0))
printf '%s%% tests passed, %s tests failed out of %s (%s)\n' "$percent" "$failed" "$total" "$each"
[ "$failed" -eq 0 ]
