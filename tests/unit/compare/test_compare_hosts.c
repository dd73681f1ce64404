#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/compare/changes.h"

/* An MX host with one server, as one scan has it; what is left out is that of a sound one. */
struct given {
    const char *addresses; /* with ';' between */
    enum dns_state aaaa;
    const char *tlsa;
    enum dnssec_state dnssec;
    enum session_outcome outcome;
    enum not_tested_reason not_tested;
    enum starttls_state starttls;
    const char *version;
    const char *leaf;
    const char *key;
    const char *chain;
    enum dane_status dane;
    const char *ptr;
    uint8_t known;
    uint8_t accepted;
    bool unstable;
};

#define SOUND                                                                            \
    .addresses = "192.0.2.1", .aaaa = DNS_NODATA, .tlsa = "", .dnssec = DNSSEC_INSECURE, \
    .outcome = OUTCOME_ESTABLISHED, .starttls = STARTTLS_OFFERED, .version = "TLSv1.3",  \
    .leaf = "aa", .key = "k1", .chain = "c1", .dane = DANE_NONE, .ptr = "mx.test"
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#    pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

static const struct host_case {
    const char *about;
    struct given was;
    struct given is;
    const char *changes;
} host_cases[] = {
    {"nothing", {SOUND}, {SOUND}, ""},
    {"an address more",
     {SOUND},
     {SOUND, .addresses = "192.0.2.1;192.0.2.2"},
     "address_added host mx.test >192.0.2.2\n"},
    {"an address less",
     {SOUND, .addresses = "192.0.2.1;192.0.2.2"},
     {SOUND},
     "address_removed host mx.test 192.0.2.2>\n"},
    {"the first of IPv6, RFC 3596",
     {SOUND},
     {SOUND, .addresses = "192.0.2.1;2001:db8::1", .aaaa = DNS_DATA},
     "ipv6_appeared host mx.test >2001:db8::1\n"},
    {"the last of IPv6",
     {SOUND, .addresses = "192.0.2.1;2001:db8::1", .aaaa = DNS_DATA},
     {SOUND},
     "ipv6_gone host mx.test 2001:db8::1>\n"},
    {"IPv6 was not answered: nothing is said of it, RFC 2308 section 7",
     {SOUND, .addresses = "192.0.2.1;2001:db8::1", .aaaa = DNS_DATA},
     {SOUND, .aaaa = DNS_TIMEOUT},
     ""},
    {"more addresses than are recorded: others, perhaps",
     {SOUND, .addresses = "192.0.2.1;192.0.2.2;..."},
     {SOUND, .addresses = "192.0.2.1;192.0.2.3;..."},
     ""},
    {"fewer than before, all recorded now",
     {SOUND, .addresses = "192.0.2.1;192.0.2.2;..."},
     {SOUND, .addresses = "192.0.2.1"},
     ""},
    {"none any more of many",
     {SOUND, .addresses = "192.0.2.1;..."},
     {SOUND, .addresses = ""},
     "host_gone host mx.test 192.0.2.1>\n"},
    {"no address any more",
     {SOUND},
     {SOUND, .addresses = ""},
     "host_gone host mx.test 192.0.2.1>\n"},
    {"an address again", {SOUND, .addresses = ""}, {SOUND}, "host_back host mx.test >192.0.2.1\n"},
    {"signed now, RFC 4033 section 5",
     {SOUND},
     {SOUND, .dnssec = DNSSEC_SECURE},
     "dnssec_appeared host mx.test insecure>secure\n"},
    {"signed without a DS now",
     {SOUND, .dnssec = DNSSEC_SECURE},
     {SOUND, .dnssec = DNSSEC_NO_CHAIN},
     "dnssec_lost host mx.test secure>no_chain\n"},
    {"not looked up now", {SOUND, .dnssec = DNSSEC_SECURE}, {SOUND, .dnssec = DNSSEC_FAILED}, ""},
    {"the first TLSA record",
     {SOUND},
     {SOUND, .tlsa = "3 1 1 00"},
     "tlsa_added host mx.test >3 1 1 00\n"},
    {"none any more",
     {SOUND, .tlsa = "3 1 1 00"},
     {SOUND},
     "tlsa_removed host mx.test 3 1 1 00>\n"},
    {"another one",
     {SOUND, .tlsa = "3 1 1 00"},
     {SOUND, .tlsa = "3 1 1 01"},
     "tlsa_changed host mx.test 3 1 1 00>3 1 1 01\n"},
    {"more TLSA records than are recorded",
     {SOUND, .tlsa = "3 1 1 00;..."},
     {SOUND, .tlsa = "3 1 1 01;..."},
     ""},
    {"refused",
     {SOUND},
     {SOUND, .outcome = OUTCOME_REFUSED, .starttls = STARTTLS_UNKNOWN, .leaf = ""},
     "server_down service 192.0.2.1|25 established>refused\n"},
    {"back",
     {SOUND, .outcome = OUTCOME_CONNECT_TIMEOUT, .leaf = ""},
     {SOUND},
     "server_up service 192.0.2.1|25 connect_timeout>established\n"},
    {"refused in both, in another way",
     {SOUND, .outcome = OUTCOME_CONNECT_TIMEOUT, .leaf = ""},
     {SOUND, .outcome = OUTCOME_REFUSED, .leaf = ""},
     ""},
    {"4xx: a server that turns us away is not down, RFC 5321 section 3.1",
     {SOUND},
     {SOUND, .outcome = OUTCOME_GREETING_TEMPFAIL, .leaf = ""},
     "server_no_longer_tested service 192.0.2.1|25 established>greeting_tempfail\n"},
    {"beyond a limit of ours",
     {SOUND},
     {SOUND, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_ADDRESS_BUDGET, .leaf = ""},
     "server_no_longer_tested service 192.0.2.1|25 established>address_budget\n"},
    {"tested for the first time",
     {SOUND, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_FAMILY_DISABLED, .leaf = ""},
     {SOUND},
     "server_newly_tested service 192.0.2.1|25 family_disabled>established\n"},
    {"our own network",
     {SOUND},
     {SOUND, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_LOCAL_FAULT, .leaf = ""},
     ""},
    {"our own fault", {SOUND, .outcome = OUTCOME_LOCAL_FAULT, .leaf = ""}, {SOUND}, ""},
    {"STARTTLS not offered any more, RFC 3207 section 4",
     {SOUND},
     {SOUND, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .leaf = ""},
     "starttls_gone service 192.0.2.1|25 offered>not_offered\n"},
    {"offered again",
     {SOUND, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .leaf = ""},
     {SOUND},
     "starttls_appeared service 192.0.2.1|25 not_offered>offered\n"},
    {"masked in place of missing: it does not work either way",
     {SOUND, .outcome = OUTCOME_STARTTLS_NOT_OFFERED, .starttls = STARTTLS_NOT_OFFERED, .leaf = ""},
     {SOUND, .outcome = OUTCOME_STARTTLS_MASKED, .starttls = STARTTLS_MASKED, .leaf = ""},
     ""},
    {"the handshake fails",
     {SOUND},
     {SOUND, .outcome = OUTCOME_TLS_ALERT, .leaf = ""},
     "tls_broken service 192.0.2.1|25 established>tls_alert\n"},
    {"and is mended",
     {SOUND, .outcome = OUTCOME_TLS_NO_SHARED_VERSION, .leaf = ""},
     {SOUND},
     "tls_mended service 192.0.2.1|25 tls_no_shared_version>established\n"},
    {"an older version, RFC 8446 section 4.2.1",
     {SOUND},
     {SOUND, .version = "TLSv1.2"},
     "tls_version_older service 192.0.2.1|25 TLSv1.3>TLSv1.2\n"},
    {"a newer one",
     {SOUND, .version = "TLSv1.0"},
     {SOUND, .version = "TLSv1.2"},
     "tls_version_newer service 192.0.2.1|25 TLSv1.0>TLSv1.2\n"},
    {"another certificate of the same key",
     {SOUND},
     {SOUND, .leaf = "bb", .chain = "c2"},
     "certificate_same_key certificate bb aa>bb\n"},
    {"of another key",
     {SOUND},
     {SOUND, .leaf = "bb", .chain = "c2", .key = "k2"},
     "certificate_new_key certificate bb aa>bb\n"},
    {"TLSA left behind, RFC 7671 section 8.1",
     {SOUND, .tlsa = "3 1 1 00", .dane = DANE_MATCH},
     {SOUND, .tlsa = "3 1 1 00", .leaf = "bb", .chain = "c2", .key = "k2", .dane = DANE_MISMATCH},
     "certificate_without_tlsa certificate bb aa>bb\n"},
    {"TLSA renewed with it",
     {SOUND, .tlsa = "3 1 1 00", .dane = DANE_MATCH},
     {SOUND, .tlsa = "3 1 1 01", .leaf = "bb", .chain = "c2", .key = "k2", .dane = DANE_MATCH},
     "tlsa_changed host mx.test 3 1 1 00>3 1 1 01\ncertificate_new_key certificate bb aa>bb\n"},
    {"a list that lacks something now",
     {SOUND},
     {SOUND, .chain = "c2"},
     "chain_changed chain c2 trusted>trusted\n"},
    {"a server that shows one of several: chance, no change",
     {SOUND, .unstable = true},
     {SOUND, .leaf = "bb", .chain = "c2", .version = "TLSv1.2"},
     ""},
    {"another name in reverse DNS, RFC 1035 section 3.5",
     {SOUND},
     {SOUND, .ptr = "other.test"},
     "ptr_changed service 192.0.2.1|25 mx.test>other.test\n"},
    {"PTR was not answered", {SOUND}, {SOUND, .ptr = NULL}, ""},
    {"TLS 1.0 refused now, probed in both",
     {SOUND, .known = 0xf, .accepted = 0xf},
     {SOUND, .known = 0xf, .accepted = 0xe},
     "version_refused service 192.0.2.1|25 TLSv1.0>\n"},
    {"TLS 1.3 accepted now",
     {SOUND, .known = 0xf, .accepted = 0x4},
     {SOUND, .known = 0xf, .accepted = 0xc},
     "version_accepted service 192.0.2.1|25 >TLSv1.3\n"},
    {"not probed before", {SOUND}, {SOUND, .known = 0xf, .accepted = 0xc}, ""},
};

struct made_host {
    struct compared_host host;
    struct compared_endpoint endpoint;
    struct span addresses[8];
    struct span tlsa[8];
    struct span ptr[8];
};

static void make(const struct given *g, struct made_host *m)
{
    m->endpoint = (struct compared_endpoint){
        .service = SPAN_LIT("192.0.2.1|25"),
        .outcome = g->outcome,
        .not_tested = g->not_tested,
        .starttls = g->starttls,
        .unstable = g->unstable,
        .dane = g->dane,
        .tls_version = span_of(g->version),
        .leaf = span_of(g->leaf),
        .key = span_of(g->key),
        .chain = span_of(g->chain),
        .chain_status = SPAN_LIT("trusted"),
        .ptr_known = g->ptr != NULL,
        .ptr = texts_of(g->ptr, m->ptr),
        .versions_known = g->known,
        .versions_accepted = g->accepted,
    };
    m->host = (struct compared_host){
        .name = SPAN_LIT("mx.test"),
        .a = DNS_DATA,
        .aaaa = g->aaaa,
        .addresses = texts_of(g->addresses, m->addresses),
        .tlsa_state = DNS_DATA,
        .tlsa = texts_of(g->tlsa, m->tlsa),
        .dnssec = g->dnssec,
        .endpoints = &m->endpoint,
        .endpoint_count = 1,
    };
}

static void expect_host_changes(const struct comparison_terms *t, const struct host_case *c,
                                const char *changes)
{
    struct made_host was;
    struct made_host is;
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct change_sink sink = changes_into(&got);
    make(&c->was, &was);
    make(&c->is, &is);
    compare_hosts(t, &was.host, &is.host, &sink);
    buf_put_char(&got, '\0');
    cr_expect_str_eq((const char *)got.at, changes, "%s: got %s", c->about, (const char *)got.at);
    buf_deinit(&got);
}

Test(compare_hosts, each_difference_is_one_change)
{
    for (size_t i = 0; i < sizeof(host_cases) / sizeof(host_cases[0]); i++) {
        expect_host_changes(&alike, &host_cases[i], host_cases[i].changes);
    }
}

Test(compare_hosts, without_validation_dnssec_is_not_compared)
{
    const struct comparison_terms unvalidated = {.judged_alike = true};
    for (size_t i = 0; i < sizeof(host_cases) / sizeof(host_cases[0]); i++) {
        const struct host_case *c = &host_cases[i];
        if (strncmp(c->changes, "dnssec", 6) == 0) {
            expect_host_changes(&unvalidated, c, "");
        } else if (strncmp(c->changes, "certificate_without", 19) == 0) {
            expect_host_changes(&unvalidated, c, "certificate_new_key certificate bb aa>bb\n");
        }
    }
}

Test(compare_hosts, octets_hold_all_of_a_host)
{
    struct arena_pool pool = {0};
    struct arena arena = ARENA_INIT(&pool);
    for (size_t i = 0; i < sizeof(host_cases) / sizeof(host_cases[0]); i++) {
        struct made_host made;
        struct compared_host back;
        struct buf octets = BUF_INIT(BUF_NO_LIMIT);
        struct buf again = BUF_INIT(BUF_NO_LIMIT);
        size_t observed = 0;
        make(&host_cases[i].is, &made);
        compared_host_put(&octets, &made.host, &observed);
        compared_host_get(buf_span(&octets), &arena, &back);
        compared_host_put(&again, &back, &observed);
        cr_expect(span_eq(buf_span(&octets), buf_span(&again)), "%s", host_cases[i].about);
        cr_expect(observed > 0 && observed < octets.len, "%s", host_cases[i].about);
        struct buf got = BUF_INIT(BUF_NO_LIMIT);
        struct change_sink sink = changes_into(&got);
        compare_hosts(&alike, &made.host, &back, &sink);
        cr_expect_eq(got.len, 0, "%s: it is another one", host_cases[i].about);
        buf_deinit(&got);
        buf_deinit(&octets);
        buf_deinit(&again);
        arena_reset(&arena);
    }
    arena_pool_deinit(&pool);
}
