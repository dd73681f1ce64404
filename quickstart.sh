#!/bin/sh
# From nothing but Debian 12 to results: installs packages, builds, scans.
#
#   ./quickstart.sh                       scans 10,000 domains of a simulated internet on loopback
#   ./quickstart.sh FILE [OPTION...]      scans the domains in FILE for real; OPTIONs go to mxcensus
#
# Results go to ./results, or to ./results-2 and so on if that has some already. At the end: what they mean, in a few
# sentences, and a page about them, report.html.
set -eu
cd "$(dirname "$0")"
. .ci/packages.sh

LAB_DOMAINS=10000
results=results
mxcensus=build/release/mxcensus
mxlab=build/release/tests/lab/mxlab
lab_state=
lab_pid=

stop_lab() {
    if [ -n "$lab_pid" ]; then
        kill "$lab_pid" 2>/dev/null || :
        wait "$lab_pid" 2>/dev/null || :
        lab_pid=
    fi
    [ -z "$lab_state" ] || rm -rf "$lab_state"
    lab_state=
}

is_taken() {
    [ -e "$1" ] && [ -n "$(ls -A "$1" 2>/dev/null || echo file)" ]
}

# Results that are there already stay as they are.
choose_results() {
    number=1
    while is_taken "$results"; do
        number=$((number + 1))
        [ $number -le 999 ] || fail "$PWD/results to $PWD/$results are there already; remove some of them"
        results=results-$number
    done
    [ $number -eq 1 ] || say "$PWD/results is there already: these results go to $PWD/$results"
}

build() {
    # shellcheck disable=SC2086
    install_packages $BUILD_PACKAGES
    say "building (a minute or two)"
    quietly cmake --preset release
    quietly cmake --build --preset release
}

fold_lines() {
    fold -s -w 100 | sed 's/ *$//'
}

# The sentences at the head of the report: the last one, which says what to mend, and where the report is, come first.
tell_sentences() {
    sentences=$("$mxcensus" report --format md "$results" | sed -n -e '/^## /q' -e 's/\\\(.\)/\1/g' -e 's/^[0-9]*\. //p')
    printf '%s\n' "$sentences" | tail -n 1 | fold_lines
    printf '\nThe report, for any browser: %s\n\n' "$PWD/$results/report.html"
    printf '%s\n' "$sentences" | head -n -1 | fold_lines
}

tell_results() {
    printf '\n'
    if "$mxcensus" report --output "$results/report.html" "$results"; then
        tell_sentences
    fi
    cat <<END

A domain of them in detail:              $mxcensus show $results DOMAIN
What a code or a word means:             $mxcensus explain NAME
The tables, joined by keys:              $PWD/$results/*.ndjson and *.csv, see docs/data-dictionary.md
END
}

start_lab() {
    lab_state=$(mktemp -d)
    trap stop_lab EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    "$mxlab" serve --state "$lab_state" --preset tranco1m --seed 1 --domains $LAB_DOMAINS --with-parent \
        --base-port auto --keys build/lab-keys.pem >"$lab_state/log" 2>&1 &
    lab_pid=$!
    waited=0
    while [ ! -e "$lab_state/ready" ]; do
        if ! kill -0 "$lab_pid" 2>/dev/null || [ $waited -ge 300 ]; then
            tail -n 20 "$lab_state/log" >&2
            fail "the simulated internet does not start"
        fi
        sleep 0.2
        waited=$((waited + 1))
    done
}

scan_lab() {
    start_lab
    say "scanning $LAB_DOMAINS domains of the simulated internet, on loopback only (two minutes)"
    # Ten times the rate per address that real servers are spared with. The lab's options have no spaces inside.
    # shellcheck disable=SC2046
    "$mxlab" domains --state "$lab_state" >"$lab_state/domains"
    "$mxcensus" scan --output "$results" --format both --ehlo-domain scanner.mxcensus.test --address-rate 20/s \
        $(cat "$lab_state/options") "$lab_state/domains"
    stop_lab
}

scan_list() {
    list=$1
    shift
    # Whatever is wrong is said before anybody waits.
    "$mxcensus" scan --dry-run --quiet --output "$results" --format both "$@" "$list" || return $?
    name=$(hostname -f 2>/dev/null || hostname)
    addresses=$(hostname -I 2>/dev/null || echo unknown)
    cat >&2 <<END
This scans for real: it connects to port 25 of the mail servers of all domains in
  $list ($(wc -l <"$list") lines)
from this machine (addresses: $addresses), says EHLO $name unless --ehlo-domain says otherwise,
and never sends mail. Read docs/operating.md first.
END
    # Time to think better of it, for somebody who sits there.
    if [ -t 0 ]; then
        say "it starts in 10 seconds; Ctrl-C stops it"
        sleep 10
    fi
    "$mxcensus" scan --output "$results" --format both "$@" "$list"
}

if [ $# -gt 0 ]; then
    [ -f "$1" ] && [ -r "$1" ] || fail "cannot read the list $1"
fi
choose_results
build
status=0
if [ $# -gt 0 ]; then
    scan_list "$@" || status=$?
else
    scan_lab || status=$?
fi
[ ! -e "$results/summary.json" ] || tell_results
exit $status
