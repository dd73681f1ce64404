#!/bin/sh
# From nothing but Debian 12 to results: installs packages, builds, scans.
#
#   ./quickstart.sh                       scans 10,000 domains of a simulated internet on loopback
#   ./quickstart.sh FILE [OPTION...]      scans the domains in FILE for real; OPTIONs go to mxcensus
#
# Results go to ./results, which must not be there yet.
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

check_results() {
    if [ -e "$results" ] && [ -n "$(ls -A "$results" 2>/dev/null || echo file)" ]; then
        fail "$PWD/$results is there already; move it away or remove it, then start again"
    fi
}

build() {
    # shellcheck disable=SC2086
    install_packages $BUILD_PACKAGES
    say "building (a minute or two)"
    quietly cmake --preset release
    quietly cmake --build --preset release
}

tell_results() {
    cat <<END

Results are in $PWD/$results:
  domains.ndjson        one row per input line: its disposition, MX set, short facts per endpoint
  hosts, services, endpoints, chains, certificates (.ndjson, .csv)    the rest, joined by keys
  routes.csv, findings.csv                                            join tables
  summary.json          counts in three weightings; manifest.json: disposition of all input lines
What every column means: docs/data-dictionary.md. Findings: docs/findings.md.
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
    "$mxcensus" scan --output $results --format both --ehlo-domain scanner.mxcensus.test --address-rate 20/s \
        $(cat "$lab_state/options") "$lab_state/domains"
    stop_lab
}

scan_list() {
    list=$1
    shift
    [ -r "$list" ] || fail "cannot read $list"
    name=$(hostname -f 2>/dev/null || hostname)
    addresses=$(hostname -I 2>/dev/null || echo unknown)
    cat >&2 <<END
This scans for real: it connects to port 25 of the mail servers of all domains in
  $list ($(wc -l <"$list") lines)
from this machine (addresses: $addresses), says EHLO $name unless --ehlo-domain says otherwise,
and never sends mail. Read docs/operating.md first. It starts in 10 seconds; Ctrl-C stops it.
END
    sleep 10
    "$mxcensus" scan --output $results --format both "$@" "$list"
}

check_results
build
status=0
if [ $# -gt 0 ]; then
    scan_list "$@" || status=$?
else
    scan_lab || status=$?
fi
[ ! -e $results/summary.json ] || tell_results
exit $status
