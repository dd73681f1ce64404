# Sourced by quickstart.sh and test.sh: installs Debian packages, quietly unless it fails.
# shellcheck shell=sh

# What the program and the lab are built with.
BUILD_PACKAGES="gcc libc6-dev cmake ninja-build pkg-config libssl-dev libuv1-dev libc-ares-dev
    libxxhash-dev libidn2-dev libpsl-dev zlib1g-dev libzstd-dev libjansson-dev
    libsqlite3-dev libcurl4-openssl-dev librdkafka-dev publicsuffix ca-certificates"

# What the tests need besides. The servers are peers of tests/interop, never services of this machine.
TEST_PACKAGES="libcriterion-dev clang-14 libclang-rt-14-dev clang-format-14 python3 openssl
    postfix nsd unbound ldnsutils nginx-light iproute2 procps zstd xz-utils unzip"

# And those of .ci/long: shells, readers of what we write, other databases, roots of Debian.
LONG_PACKAGES="bash-completion zsh fish prometheus logrotate postgresql python3-pip chromium npm
    texlive-latex-base mmdebstrap systemd valgrind parallel munge slurm-wlm maven
    default-jre-headless"

# Peers of tests/interop that cannot be installed beside Postfix, what they are linked with, and where
# they are unpacked.
UNPACKED_PACKAGES="exim4-daemon-light opensmtpd sendmail-bin sendmail-cf"
UNPACKED_NEED="libgnutls-dane0 libidn12 libnsl2 libpcre2-8-0 libdb5.3 libevent-2.1-7 libpam0g
    libldap-2.5-0 libwrap0 libsasl2-2 m4"
UNPACKED=build/mail-servers

say() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Prints those of its arguments that are not installed.
packages_missing() {
    for package in "$@"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s ' "$package"
    done
}

# Runs a command quietly; on failure shows the end of what it said and returns its status.
quietly() {
    quiet_log=$(mktemp)
    if "$@" >"$quiet_log" 2>&1; then
        rm -f "$quiet_log"
    else
        quiet_status=$?
        tail -n 40 "$quiet_log" >&2
        say "failed: $*"
        rm -f "$quiet_log"
        return "$quiet_status"
    fi
}

# While packages are set up, none of them may start a service; invoke-rc.d(8) asks this file.
deny_services='#!/bin/sh
# Written by mxcensus while it installs packages for its tests.
exit 101'

install_as_root() {
    guard=/usr/sbin/policy-rc.d
    if [ -e "$guard" ]; then
        guard=
    else
        printf '%s\n' "$deny_services" | $as_root tee "$guard" >/dev/null
        $as_root chmod 755 "$guard"
        trap '$as_root rm -f "$guard"' EXIT
        trap 'exit 130' INT TERM
    fi
    if [ -x /usr/bin/debconf-set-selections ]; then
        printf 'postfix postfix/main_mailer_type select No configuration\n' |
            $as_root debconf-set-selections
    fi
    status=0
    # The index may be absent or too old to find the files: then once more with a new one.
    # shellcheck disable=SC2086
    if ! $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
        --no-install-recommends "$@" >/dev/null 2>&1; then
        quietly $as_root apt-get update -qq &&
            quietly $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
                --no-install-recommends "$@" || status=1
    fi
    if [ -n "$guard" ]; then
        $as_root rm -f "$guard"
        trap - EXIT INT TERM
    fi
    return $status
}

# install_packages PACKAGE...
install_packages() {
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        fail "this is no Debian system; have the equivalents of these packages: $*"
    # shellcheck disable=SC2046
    set -- $(packages_missing "$@")
    [ $# -gt 0 ] || return 0
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        fail "packages are missing and there is no sudo; run as root: apt-get install $*"
    fi
    say "installing $# packages"
    install_as_root "$@" || fail "could not install: $*"
}

# download_package PACKAGE FOLDER: the file of a package, not installed.
download_package() {
    (cd "$2" && apt-get download -qq "$1")
}

# unpack_package PACKAGE: into $UNPACKED, which has the whole of it or nothing.
unpack_package() {
    unpack_scratch=$(mktemp -d)
    # The index may be absent or too old, as above.
    if ! download_package "$1" "$unpack_scratch" >/dev/null 2>&1; then
        as_root=
        [ "$(id -u)" -eq 0 ] || as_root=sudo
        $as_root apt-get update -qq >/dev/null 2>&1 || :
        download_package "$1" "$unpack_scratch" >/dev/null 2>&1 || :
    fi
    for file in "$unpack_scratch"/*.deb; do
        if [ -e "$file" ] && dpkg -x "$file" "$unpack_scratch/unpacked"; then
            mv "$unpack_scratch/unpacked" "$UNPACKED/$1"
        else
            say "$1 could not be downloaded: its tests will be skipped"
        fi
    done
    rm -rf "$unpack_scratch"
}

# Downloads and unpacks the mail servers that are not there yet. Without them their tests are skipped.
unpack_mail_servers() {
    # shellcheck disable=SC2086
    if ! (install_packages $UNPACKED_NEED); then
        say "the tests with $UNPACKED_PACKAGES will be skipped"
        return 0
    fi
    mkdir -p "$UNPACKED"
    for package in $UNPACKED_PACKAGES; do
        [ -d "$UNPACKED/$package" ] || unpack_package "$package"
    done
}
