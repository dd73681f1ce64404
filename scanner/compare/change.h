#pragma once

#include "scanner/analysis/catalogue.h"
#include "scanner/base/span.h"

/**
 * One thing that differs between two scans. What follows from other options of the scans, from what could not be
 * tested in one of them, or from a fault of our own is none.
 */

/** Which way: enumerator, word. */
#define CHANGE_DIRECTIONS(X)     \
    X(CHANGE_WORSE, "worse")     \
    X(CHANGE_BETTER, "better")   \
    X(CHANGE_NEUTRAL, "neutral") \
    X(CHANGE_TESTED, "tested") /* seen in one of the scans only */

enum change_direction {
    CHANGE_DIRECTIONS(ENUMERATOR) CHANGE_DIRECTION_COUNT
};

VOCABULARY(change_direction, enum change_direction);

/* Enumerator, word, direction, a phrase for people, what the word and `before` and `after` mean. A word never changes its meaning. */
/* clang-format off */
#define CHANGE_KINDS(X) \
    X(FINDING_NEW, "finding_new", WORSE, "new", "a finding that was not there, where it was looked for; after: its severity") \
    X(FINDING_FIXED, "finding_fixed", BETTER, "fixed", "a finding is gone, where it was looked for; before: its severity") \
    X(FINDING_WORSE, "finding_worse", WORSE, "worse", "a finding is more severe (severities), or at more places of the domain (their numbers)") \
    X(FINDING_BETTER, "finding_better", BETTER, "better", "a finding is less severe, or at fewer places") \
    X(FINDING_NEWLY_TESTED, "finding_newly_tested", TESTED, "not tested before", "a finding where nothing could be said before") \
    X(FINDING_NO_LONGER_TESTED, "finding_no_longer_tested", TESTED, "not tested now", "a finding of before, of which nothing can be said now") \
    X(OUTCOME_WORSE, "outcome_worse", WORSE, "mail", "the worst outcome of a message is worse, for these senders (vocabulary delivery)") \
    X(OUTCOME_BETTER, "outcome_better", BETTER, "mail", "the worst outcome of a message is better") \
    X(DOMAIN_APPEARED, "domain_appeared", NEUTRAL, "new in the list", "the domain is only in the new list; after: its account") \
    X(DOMAIN_GONE, "domain_gone", NEUTRAL, "no longer in the list", "the domain is only in the old list") \
    X(DOMAIN_NEWLY_TESTED, "domain_newly_tested", TESTED, "tested, and was not before", "the domain could not be tested before; before: why, or its account") \
    X(DOMAIN_NO_LONGER_TESTED, "domain_no_longer_tested", TESTED, "not tested, and was before", "the domain could not be tested now") \
    X(MX_KIND_CHANGED, "mx_kind_changed", NEUTRAL, "mail setup changed", "where mail for the domain is sent (vocabulary mx_kind)") \
    X(MX_ADDED, "mx_added", NEUTRAL, "MX host added", "an MX record: preference and exchange") \
    X(MX_REMOVED, "mx_removed", NEUTRAL, "MX host removed", "an MX record: preference and exchange") \
    X(MX_PREFERENCE_CHANGED, "mx_preference_changed", NEUTRAL, "MX preference changed", "the same exchange with another preference") \
    X(OPERATOR_MOVED, "operator_moved", NEUTRAL, "moved to another operator", "other MX hosts, of another operator (mx_operator)") \
    X(DNSSEC_APPEARED, "dnssec_appeared", BETTER, "DNSSEC-signed now", "answers are validated: the MX records, or the addresses of a host (vocabulary dnssec_state)") \
    X(DNSSEC_LOST, "dnssec_lost", WORSE, "no longer DNSSEC-signed", "answers were validated, and are not any more") \
    X(STS_RECORD_ADDED, "sts_record_added", NEUTRAL, "MTA-STS record added", "the first TXT record at _mta-sts") \
    X(STS_RECORD_REMOVED, "sts_record_removed", NEUTRAL, "MTA-STS record removed", "no TXT record at _mta-sts any more") \
    X(STS_RECORD_CHANGED, "sts_record_changed", NEUTRAL, "MTA-STS record changed", "other TXT records at _mta-sts, where none of the next three says more") \
    X(STS_ID_WITHOUT_POLICY, "sts_id_without_policy", NEUTRAL, "new id, same MTA-STS policy", "another id in the record, and the same policy") \
    X(STS_POLICY_WITHOUT_ID, "sts_policy_without_id", WORSE, "new MTA-STS policy, same id: senders keep the old one", "another policy under the same id (RFC 8461 section 3.1): SHA-256 of the policies") \
    X(STS_POLICY_CHANGED, "sts_policy_changed", NEUTRAL, "MTA-STS policy changed", "another policy and another id; before and after: the ids") \
    X(STS_MODE_CHANGED, "sts_mode_changed", NEUTRAL, "MTA-STS mode changed", "another mode of the policy (vocabulary sts_mode)") \
    X(STS_POLICY_LOST, "sts_policy_lost", WORSE, "MTA-STS policy cannot be fetched", "the policy was fetched, and cannot be now (vocabulary policy_fetch)") \
    X(STS_POLICY_BACK, "sts_policy_back", BETTER, "MTA-STS policy can be fetched again", "the policy can be fetched, and could not be before") \
    X(TLS_RPT_ADDED, "tls_rpt_added", NEUTRAL, "TLS-RPT record added", "the first TXT record at _smtp._tls") \
    X(TLS_RPT_REMOVED, "tls_rpt_removed", NEUTRAL, "TLS-RPT record removed", "no TXT record at _smtp._tls any more") \
    X(TLS_RPT_CHANGED, "tls_rpt_changed", NEUTRAL, "TLS-RPT record changed", "other TXT records at _smtp._tls") \
    X(HOST_GONE, "host_gone", WORSE, "no address any more", "an MX host had addresses, and has none") \
    X(HOST_BACK, "host_back", BETTER, "has an address again", "an MX host had no address, and has one") \
    X(ADDRESS_ADDED, "address_added", NEUTRAL, "address added", "an address of an MX host") \
    X(ADDRESS_REMOVED, "address_removed", NEUTRAL, "address removed", "an address of an MX host") \
    X(IPV6_APPEARED, "ipv6_appeared", NEUTRAL, "IPv6 address added, the first", "an IPv6 address of an MX host that had none") \
    X(IPV6_GONE, "ipv6_gone", NEUTRAL, "IPv6 address removed, the last", "an IPv6 address of an MX host that has none now") \
    X(TLSA_ADDED, "tlsa_added", NEUTRAL, "TLSA records added", "TLSA records of an MX host that had none") \
    X(TLSA_REMOVED, "tlsa_removed", NEUTRAL, "TLSA records removed", "an MX host had TLSA records, and has none") \
    X(TLSA_CHANGED, "tlsa_changed", NEUTRAL, "TLSA records changed", "other TLSA records of an MX host") \
    X(SERVER_DOWN, "server_down", WORSE, "does not answer any more", "a server answered the scan, and does not now (vocabulary outcome)") \
    X(SERVER_UP, "server_up", BETTER, "answers again", "a server did not answer, and does now") \
    X(SERVER_NEWLY_TESTED, "server_newly_tested", TESTED, "tested, and was not before", "a server was not tested before, or turned the scan away (vocabularies not_tested and outcome)") \
    X(SERVER_NO_LONGER_TESTED, "server_no_longer_tested", TESTED, "not tested, and was before", "a server was not tested now, or turned the scan away") \
    X(STARTTLS_GONE, "starttls_gone", WORSE, "STARTTLS is gone", "STARTTLS worked, and does not now (vocabulary starttls)") \
    X(STARTTLS_APPEARED, "starttls_appeared", BETTER, "STARTTLS is offered now", "STARTTLS did not work, and does now") \
    X(TLS_BROKEN, "tls_broken", WORSE, "the TLS handshake fails now", "the handshake was completed, and fails now (vocabulary outcome)") \
    X(TLS_MENDED, "tls_mended", BETTER, "the TLS handshake succeeds now", "the handshake failed, and is completed now") \
    X(TLS_VERSION_OLDER, "tls_version_older", WORSE, "an older TLS version is negotiated", "the negotiated version") \
    X(TLS_VERSION_NEWER, "tls_version_newer", BETTER, "a newer TLS version is negotiated", "the negotiated version") \
    X(VERSION_ACCEPTED, "version_accepted", NEUTRAL, "accepts another TLS version", "with --probes versions in both: a version that was not accepted") \
    X(VERSION_REFUSED, "version_refused", NEUTRAL, "refuses a TLS version that it accepted", "with --probes versions in both: a version that was accepted") \
    X(CERTIFICATE_SAME_KEY, "certificate_same_key", NEUTRAL, "certificate renewed, same key", "another certificate with the same key; before and after: SHA-256 of the certificates") \
    X(CERTIFICATE_NEW_KEY, "certificate_new_key", NEUTRAL, "certificate renewed, new key", "another certificate with another key") \
    X(CERTIFICATE_WITHOUT_TLSA, "certificate_without_tlsa", WORSE, "certificate renewed, TLSA records not", "another certificate, and the TLSA records that matched the old one are as they were (RFC 7671 section 8.1)") \
    X(CHAIN_CHANGED, "chain_changed", NEUTRAL, "same certificate, other chain", "the same certificate in front of another list; before and after: its status (vocabulary chain_status)") \
    X(PTR_CHANGED, "ptr_changed", NEUTRAL, "reverse DNS changed", "other names in reverse DNS of an address")
/* clang-format on */

enum change_kind {
#define X(name, ...) CHANGE_##name,
    CHANGE_KINDS(X)
#undef X
    CHANGE_KIND_COUNT
};

const char *change_kind_word(enum change_kind k);
const char *change_kind_phrase(enum change_kind k);
const char *change_kind_meaning(enum change_kind k);
enum change_direction change_kind_direction(enum change_kind k);

/** What a change is about; `key` of a change is that of its row. */
#define CHANGE_PLACES(X)                \
    X(PLACE_DOMAIN, "domain")           \
    X(PLACE_HOST, "host")               \
    X(PLACE_SERVICE, "service")         \
    X(PLACE_CHAIN, "chain")             \
    X(PLACE_CERTIFICATE, "certificate") \
    X(PLACE_POLICY, "policy")

enum change_place {
    CHANGE_PLACES(ENUMERATOR) PLACE_COUNT
};

VOCABULARY(change_place, enum change_place);

struct change {
    enum change_kind kind;
    enum change_place place;
    struct span key;
    struct span code;       /* of a finding; else empty */
    enum severity severity; /* of a finding: the higher of both scans; else info */
    struct span before;     /* empty: nothing */
    struct span after;
    struct span senders; /* of an outcome: sender profiles, "a, b, c" */
};

/** Who takes what the rules find: everything of one domain, one after the other. */
struct change_sink {
    void (*put)(void *arg, const struct change *c); /* texts are valid during the call */
    void *arg;
};
