#include <criterion/criterion.h>

#include "tests/support/test_ca.h"
#include "tests/unit/analysis/expected.h"

#define CERTS_MAX  6
#define STEPS_MAX  5
#define FAULTS_MAX 4
#define AT         1767225600 /* 2026-01-01T00:00:00Z */
#define DAY        86400

/* The certificates that lists and paths of the table are made of. */
enum made_cert {
    NONE, /* ends a list */
    LEAF,
    INTER,
    ROOT,
    OTHER,
    AGED,  /* 13 days of 90 left */
    SHORT, /* 4 days of 6 left */
    BAD,   /* cannot be read */
    ENCIPHERS,
    SIGNS,
};

#define MADE_TIMES(from_, until_)                     \
    .not_before = {.valid = true, .unix_s = (from_)}, \
    .not_after = {.valid = true, .unix_s = (until_)}

static const struct span oids[] = {SPAN_INIT("1.2.3.4"), SPAN_INIT("1.2.3.5")};

static const struct cert_info certs[] = {
    [LEAF] = {.subject_dn = SPAN_INIT("CN=mx.test"),
              .issuer_dn = SPAN_INIT("CN=Inter"),
              .key_algorithm = SPAN_INIT("RSA"),
              .key_bits = 1024,
              .signature_algorithm = SPAN_INIT("sha1WithRSAEncryption"),
              .ext_key_usage = {oids, 1, 1},
              .unknown_critical = {oids, 2, 2},
              MADE_TIMES(AT - 90 * DAY, AT - DAY)},
    [INTER] = {.subject_dn = SPAN_INIT("CN=Inter"),
               .issuer_dn = SPAN_INIT("CN=Root"),
               .is_ca = true,
               .pathlen = 0,
               MADE_TIMES(AT + DAY, AT + 13 * DAY)},
    [ROOT] = {.subject_dn = SPAN_INIT("CN=Root"),
              .issuer_dn = SPAN_INIT("CN=Root"),
              .is_ca = true,
              .self_issued = true,
              MADE_TIMES(AT - 900 * DAY, AT + 900 * DAY)},
    [ENCIPHERS] = {.subject_dn = SPAN_INIT("CN=old.test"),
                   .has_key_usage = true,
                   .key_usage =
                       1U << CERT_USAGE_KEY_ENCIPHERMENT | 1U << CERT_USAGE_DATA_ENCIPHERMENT},
    [SIGNS] = {.subject_dn = SPAN_INIT("CN=mx.test"),
               .has_key_usage = true,
               .key_usage = 1U << CERT_USAGE_DIGITAL_SIGNATURE},
    [OTHER] = {.subject_dn = SPAN_INIT("CN=Other"),
               .issuer_dn = SPAN_INIT("CN=Elsewhere"),
               MADE_TIMES(AT - DAY, AT + DAY)},
    [AGED] = {.subject_dn = SPAN_INIT("CN=aged.test"), MADE_TIMES(AT - 77 * DAY, AT + 13 * DAY)},
    [SHORT] = {.subject_dn = SPAN_INIT("CN=short.test"), MADE_TIMES(AT - 2 * DAY, AT + 4 * DAY)},
    [BAD] = {.parse_error = "no certificate"},
};

struct made_step {
    enum made_cert cert;
    int place; /* in the list, from 1; 0: not presented */
};

struct chain_case {
    const char *name; /* with the RFC section that decides */
    enum made_cert list[CERTS_MAX];
    enum cert_role role[CERTS_MAX]; /* LEAF where nothing is said */
    struct made_step path[STEPS_MAX];
    struct found_fault faults[FAULTS_MAX]; /* by `fault_count` */
    size_t fault_count;
    enum chain_status status;
    enum chain_status second_status; /* with another store; NONE: one store */
    int64_t valid_until;             /* 0: unknown */
    struct openssl_verdict openssl;
    int bad_child;  /* from 1; 0: none */
    int bad_issuer; /* from 1; 0: an anchor */
    bool anchored;
    bool out_of_order;
    bool leaf_behind;
    bool signature_unknown;
    bool capped;
    struct expected_finding expected[EXPECTED_MAX];
    unsigned spares;
};

#define LIST(...)            .list = {__VA_ARGS__}
#define ROLES(...)           .role = {__VA_ARGS__}
#define PATH(...)            .path = {__VA_ARGS__}
#define FAULT(fault_, step_) .faults = {{PATH_FAULT_##fault_, step_}}, .fault_count = 1
#define INTERMEDIATE         CERT_ROLE_INTERMEDIATE
/* A leaf, its issuer, and an anchor that is not presented. */
#define USUAL                                               \
    LIST(LEAF, INTER), ROLES(CERT_ROLE_LEAF, INTERMEDIATE), \
        PATH({LEAF, 1}, {INTER, 2}, {ROOT, 0}), .anchored = true
#define TRUSTED USUAL, .status = CHAIN_TRUSTED
#define BROKEN  USUAL, .status = CHAIN_INVALID

static const struct chain_case cases[] = {
    {.name = "RFC 8446 4.4.2: leaf and intermediate", TRUSTED},

    /* the list, RFC 5246 section 7.4.2 and RFC 8446 section 4.4.2 */
    {.name = "the intermediate behind its issuer",
     LIST(LEAF, ROOT, INTER),
     ROLES(CERT_ROLE_LEAF, CERT_ROLE_ROOT, INTERMEDIATE),
     PATH({LEAF, 1}, {INTER, 3}, {ROOT, 2}),
     .anchored = true,
     .out_of_order = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_ORDER, WARNING, "in places 1, 3, 2"),
                  RAISES(CHAIN_ROOT_INCLUDED, INFO, "certificate 2 (CN=Root)")}},
    {.name = "another one between leaf and intermediate",
     LIST(LEAF, OTHER, INTER),
     ROLES(CERT_ROLE_LEAF, CERT_ROLE_UNRELATED, INTERMEDIATE),
     PATH({LEAF, 1}, {INTER, 3}, {ROOT, 0}),
     .anchored = true,
     .out_of_order = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_ORDER, WARNING, "in places 1, 3"),
                  RAISES(CHAIN_UNRELATED, INFO, "certificate 2 (CN=Other)")}},
    {.name = "another one at the end: what is needed is in order",
     LIST(LEAF, INTER, OTHER),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_UNRELATED),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 0}),
     .anchored = true,
     .out_of_order = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_UNRELATED, INFO, "certificate 3 (CN=Other)")},
     .spares = SPARES(CHAIN_ORDER)},
    {.name = "an alternative is related",
     LIST(LEAF, INTER, OTHER),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_ALTERNATIVE),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 0}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .spares = SPARES(CHAIN_UNRELATED)},
    {.name = "the issuer first",
     LIST(INTER, LEAF),
     ROLES(CERT_ROLE_LEAF, CERT_ROLE_UNRELATED),
     PATH({INTER, 1}, {ROOT, 0}),
     .anchored = true,
     .out_of_order = true,
     .leaf_behind = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_LEAF_NOT_FIRST, ERROR,
                         "certificate 1 (CN=Inter) is before certificate 2 (CN=mx.test)"),
                  RAISES(CHAIN_UNRELATED, INFO, "certificate 2")}},
    {.name = "the leaf first", TRUSTED, .spares = SPARES(CHAIN_LEAF_NOT_FIRST)},
    {.name = "the intermediate twice, more",
     LIST(LEAF, INTER, INTER, INTER, INTER, INTER),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_DUPLICATE, CERT_ROLE_DUPLICATE,
           CERT_ROLE_DUPLICATE, CERT_ROLE_DUPLICATE),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 0}),
     .anchored = true,
     .out_of_order = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_DUPLICATE, WARNING,
                         "certificate 3 (CN=Inter), certificate 4 (CN=Inter)")}},
    {.name = "each once", TRUSTED, .spares = SPARES(CHAIN_DUPLICATE)},
    {.name = "the root as well",
     LIST(LEAF, INTER, ROOT),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_ROOT),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 3}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_ROOT_INCLUDED, INFO, "certificate 3 (CN=Root)")}},
    {.name = "without the root", TRUSTED, .spares = SPARES(CHAIN_ROOT_INCLUDED)},
    {.name = "one that cannot be read: a finding of its own row",
     LIST(LEAF, INTER, BAD),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_UNREADABLE),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 0}),
     .anchored = true,
     .out_of_order = true,
     .status = CHAIN_TRUSTED},
    {.name = "a leaf that cannot be read: a finding of its own row",
     LIST(BAD, INTER),
     .status = CHAIN_UNPARSABLE,
     .spares = SPARES(CHAIN_ISSUER_UNKNOWN)},

    /* the way to an anchor, RFC 5280 section 6.1 */
    {.name = "self-signed",
     LIST(ROOT),
     PATH({ROOT, 1}),
     .status = CHAIN_SELF_SIGNED,
     .expected = {RAISES(CHAIN_SELF_SIGNED, ERROR, "certificate 1 (CN=Root)")},
     .spares = SPARES(CHAIN_UNTRUSTED_ROOT)},
    {.name = "RFC 5280 6.1.1: self-signed, and an anchor",
     LIST(ROOT),
     PATH({ROOT, 1}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .spares = SPARES(CHAIN_SELF_SIGNED)},
    {.name = "a private CA",
     LIST(LEAF, INTER, ROOT),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE, CERT_ROLE_ROOT),
     PATH({LEAF, 1}, {INTER, 2}, {ROOT, 3}),
     .status = CHAIN_UNTRUSTED_ROOT,
     .expected = {RAISES(CHAIN_UNTRUSTED_ROOT, ERROR, "certificate 3 (CN=Root)"),
                  RAISES(CHAIN_ROOT_INCLUDED, INFO, "certificate 3")},
     .spares = SPARES(CHAIN_SELF_SIGNED)},
    {.name = "leaf only",
     LIST(LEAF),
     PATH({LEAF, 1}),
     .status = CHAIN_ISSUER_UNKNOWN,
     .expected = {RAISES(CHAIN_ISSUER_UNKNOWN, ERROR,
                         "certificate 1 (CN=mx.test), issuer CN=Inter")},
     .spares = SPARES(CHAIN_SIGNATURE_BAD)},
    {.name = "RFC 5280 6.1.3 (a)(1): the issuer by name has another key",
     LIST(LEAF, INTER),
     ROLES(CERT_ROLE_LEAF, CERT_ROLE_UNRELATED),
     PATH({LEAF, 1}),
     .bad_child = 1,
     .bad_issuer = 2,
     .status = CHAIN_ISSUER_UNKNOWN,
     .expected = {RAISES(CHAIN_SIGNATURE_BAD, ERROR,
                         "certificate 1 (CN=mx.test), issuer certificate 2 (CN=Inter)"),
                  RAISES(CHAIN_UNRELATED, INFO, "certificate 2")},
     .spares = SPARES(CHAIN_SIGNATURE_UNKNOWN)},
    {.name = "an anchor by name has another key",
     LIST(LEAF),
     PATH({LEAF, 1}),
     .bad_child = 1,
     .status = CHAIN_ISSUER_UNKNOWN,
     .expected = {RAISES(CHAIN_SIGNATURE_BAD, ERROR, "issuer in the trust store")}},
    {.name = "RFC 5280 4.1.1.2: an algorithm that nobody has",
     LIST(LEAF, INTER),
     ROLES(CERT_ROLE_LEAF, CERT_ROLE_ALTERNATIVE),
     PATH({LEAF, 1}),
     .bad_child = 1,
     .bad_issuer = 2,
     .signature_unknown = true,
     .status = CHAIN_ISSUER_UNKNOWN,
     .expected = {RAISES(CHAIN_SIGNATURE_UNKNOWN, ERROR,
                         "certificate 1 (CN=mx.test): sha1WithRSAEncryption")},
     .spares = SPARES(CHAIN_SIGNATURE_BAD)},
    {.name = "a bad signature beside a good path",
     TRUSTED,
     .bad_child = 2,
     .spares = SPARES(CHAIN_SIGNATURE_BAD)},

    /* faults of the path, RFC 5280 section 6.1.3 and 6.1.4 */
    {.name = "the leaf has expired",
     USUAL,
     .status = CHAIN_EXPIRED,
     FAULT(EXPIRED, 0),
     .expected = {RAISES(CHAIN_EXPIRED, ERROR,
                         "certificate 1 (CN=mx.test) until 2025-12-31T00:00:00Z")},
     .spares = SPARES(CHAIN_INTERMEDIATE_EXPIRED)},
    {.name = "the intermediate has expired",
     USUAL,
     .status = CHAIN_EXPIRED,
     FAULT(EXPIRED, 1),
     .expected = {RAISES(CHAIN_INTERMEDIATE_EXPIRED, ERROR, "certificate 2 (CN=Inter) until")},
     .spares = SPARES(CHAIN_EXPIRED)},
    {.name = "the anchor has expired",
     USUAL,
     .status = CHAIN_EXPIRED,
     FAULT(EXPIRED, 2),
     .expected = {RAISES(CHAIN_ROOT_EXPIRED, ERROR, "trust anchor (CN=Root) until")},
     .spares = SPARES(CHAIN_INTERMEDIATE_EXPIRED)},
    {.name = "an intermediate at the end of a path to no anchor",
     LIST(LEAF, INTER),
     ROLES(CERT_ROLE_LEAF, INTERMEDIATE),
     PATH({LEAF, 1}, {INTER, 2}),
     .status = CHAIN_ISSUER_UNKNOWN,
     FAULT(EXPIRED, 1),
     .expected = {RAISES(CHAIN_INTERMEDIATE_EXPIRED, ERROR, "certificate 2"),
                  RAISES(CHAIN_ISSUER_UNKNOWN, ERROR, "certificate 2 (CN=Inter), issuer CN=Root")},
     .spares = SPARES(CHAIN_ROOT_EXPIRED)},
    {.name = "self-signed and expired",
     LIST(ROOT),
     PATH({ROOT, 1}),
     .status = CHAIN_SELF_SIGNED,
     FAULT(EXPIRED, 0),
     .expected = {RAISES(CHAIN_SELF_SIGNED, ERROR, "CN=Root"),
                  RAISES(CHAIN_EXPIRED, ERROR, "certificate 1 (CN=Root)")},
     .spares = SPARES(CHAIN_ROOT_EXPIRED)},
    {.name = "not valid yet, both",
     USUAL,
     .status = CHAIN_NOT_YET_VALID,
     .faults = {{PATH_FAULT_NOT_YET_VALID, 0}, {PATH_FAULT_NOT_YET_VALID, 1}},
     .fault_count = 2,
     .expected = {RAISES(CHAIN_NOT_YET_VALID, ERROR,
                         "certificate 1 (CN=mx.test) from 2025-10-03T00:00:00Z, certificate 2 "
                         "(CN=Inter) from 2026-01-02T00:00:00Z")}},
    {.name = "valid", TRUSTED, .spares = SPARES(CHAIN_NOT_YET_VALID)},
    {.name = "a time that cannot be read: a finding of its own row", BROKEN, FAULT(BAD_TIME, 0)},
    {.name = "RFC 5280 6.1.4 (k): no CA",
     BROKEN,
     FAULT(NOT_CA, 1),
     .expected = {RAISES(CHAIN_NOT_CA, ERROR, "certificate 2 (CN=Inter)")},
     .spares = SPARES(CHAIN_PATH_LENGTH)},
    {.name = "RFC 5280 6.1.4 (m): too long",
     BROKEN,
     FAULT(PATH_LENGTH, 1),
     .expected = {RAISES(CHAIN_PATH_LENGTH, ERROR, "certificate 2 (CN=Inter) allows 0 below it")},
     .spares = SPARES(CHAIN_NOT_CA)},
    {.name = "RFC 5280 6.1.4 (n): keyUsage",
     BROKEN,
     FAULT(KEY_USAGE, 1),
     .expected = {RAISES(CHAIN_KEY_USAGE, ERROR, "certificate 2 (CN=Inter)")},
     .spares = SPARES(CHAIN_EKU)},
    {.name = "RFC 5280 4.2.1.12: extendedKeyUsage",
     BROKEN,
     FAULT(EXTENDED_KEY_USAGE, 0),
     .expected = {RAISES(CHAIN_EKU, ERROR, "certificate 1 (CN=mx.test) for 1.2.3.4")},
     .spares = SPARES(CHAIN_KEY_USAGE)},
    {.name = "RFC 5280 6.1.3 (b): name constraints",
     BROKEN,
     FAULT(NAME_CONSTRAINTS, 0),
     .expected = {RAISES(CHAIN_NAME_CONSTRAINTS, ERROR, "certificate 1 (CN=mx.test)")},
     .spares = SPARES(CHAIN_UNKNOWN_CRITICAL)},
    {.name = "RFC 5280 4.2: an unknown critical extension",
     BROKEN,
     FAULT(UNKNOWN_CRITICAL, 0),
     .expected = {RAISES(CHAIN_UNKNOWN_CRITICAL, ERROR, "with 1.2.3.4, 1.2.3.5")},
     .spares = SPARES(CHAIN_BAD_EXTENSION)},
    {.name = "RFC 9325 4.5: SHA-1",
     BROKEN,
     FAULT(WEAK_SIGNATURE, 0),
     .expected = {RAISES(CHAIN_WEAK_SIGNATURE, ERROR, "with sha1WithRSAEncryption")},
     .spares = SPARES(CHAIN_WEAK_KEY)},
    {.name = "RFC 9325 4.5: a small key",
     BROKEN,
     FAULT(WEAK_KEY, 0),
     .expected = {RAISES(CHAIN_WEAK_KEY, ERROR, "certificate 1 (CN=mx.test) with RSA, 1024 bits")},
     .spares = SPARES(CHAIN_WEAK_SIGNATURE)},
    {.name = "RFC 5280 4.2: an extension that cannot be read",
     BROKEN,
     FAULT(BAD_EXTENSION, 0),
     .expected = {RAISES(CHAIN_BAD_EXTENSION, ERROR, "certificate 1 (CN=mx.test)")},
     .spares = SPARES(CHAIN_NAME_CONSTRAINTS)},

    /* beside the verdict */
    {.name = "13 days left",
     LIST(AGED),
     PATH({AGED, 1}, {ROOT, 0}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .valid_until = AT + 13 * DAY,
     .expected = {RAISES(CHAIN_EXPIRES_SOON, WARNING,
                         "certificate 1 (CN=aged.test) until 2026-01-14T00:00:00Z")}},
    {.name = "4 days left of 6",
     LIST(SHORT),
     PATH({SHORT, 1}, {ROOT, 0}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .valid_until = AT + 4 * DAY,
     .spares = SPARES(CHAIN_EXPIRES_SOON)},
    {.name = "14 days left",
     TRUSTED,
     .valid_until = AT + 14 * DAY,
     .spares = SPARES(CHAIN_EXPIRES_SOON)},
    {.name = "soon, on a path that is not trusted",
     LIST(ROOT),
     PATH({ROOT, 1}),
     .status = CHAIN_SELF_SIGNED,
     .valid_until = AT + DAY,
     .expected = {RAISES(CHAIN_SELF_SIGNED, ERROR, "CN=Root")},
     .spares = SPARES(CHAIN_EXPIRES_SOON)},
    {.name = "a bound was met",
     TRUSTED,
     .capped = true,
     .expected = {RAISES(CHAIN_CAPPED, NOTICE, "2 certificates")}},
    {.name = "no bound was met", TRUSTED, .spares = SPARES(CHAIN_CAPPED)},
    {.name = "another store does not know it",
     TRUSTED,
     .second_status = CHAIN_UNTRUSTED_ROOT,
     .expected = {RAISES(CHAIN_STORES_DIFFER, NOTICE, "trusted by system; not by mozilla")}},
    {.name = "another store knows it as well",
     TRUSTED,
     .second_status = CHAIN_TRUSTED,
     .spares = SPARES(CHAIN_STORES_DIFFER)},
    {.name = "another store knows it alone",
     BROKEN,
     .second_status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_STORES_DIFFER, NOTICE, "trusted by mozilla; not by system")}},
    {.name = "RFC 8446 4.4.2.2: a leaf that may not sign",
     LIST(ENCIPHERS, SIGNS),
     PATH({ENCIPHERS, 1}, {ROOT, 0}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .expected = {RAISES(CHAIN_LEAF_USAGE, WARNING,
                         "certificate 1 (CN=old.test) allows keyEncipherment, dataEncipherment")}},
    {.name = "a leaf that may",
     LIST(SIGNS, ENCIPHERS),
     PATH({SIGNS, 1}, {ROOT, 0}),
     .anchored = true,
     .status = CHAIN_TRUSTED,
     .spares = SPARES(CHAIN_LEAF_USAGE)},
    {.name = "what breaks the path is told once",
     LIST(ENCIPHERS),
     PATH({ENCIPHERS, 1}, {ROOT, 0}),
     FAULT(KEY_USAGE, 0),
     .anchored = true,
     .status = CHAIN_INVALID,
     .expected = {RAISES(CHAIN_KEY_USAGE, ERROR, "certificate 1 (CN=old.test)")},
     .spares = SPARES(CHAIN_LEAF_USAGE)},
    {.name = "RFC 4158 2.2: a path that OpenSSL does not find",
     TRUSTED,
     .openssl = {.asked = true, .error = 20, .depth = 2, .level_1_error = 20},
     .expected = {RAISES(CHAIN_OPENSSL_PATH, ERROR,
                         "error 20 at depth 2 of its path: unable to get local issuer cert")}},
    {.name = "one that it finds",
     TRUSTED,
     .openssl = {.asked = true},
     .spares = SPARES(CHAIN_OPENSSL_PATH)},
    {.name = "OpenSSL was not asked", TRUSTED, .spares = SPARES(CHAIN_OPENSSL_PATH)},
    {.name = "no good path for anyone: other findings say why",
     BROKEN,
     FAULT(NOT_CA, 1),
     .openssl = {.asked = true, .error = 79, .depth = 1, .level_1_error = 79},
     .expected = {RAISES(CHAIN_NOT_CA, ERROR, "certificate 2 (CN=Inter)")},
     .spares = SPARES(CHAIN_OPENSSL_PATH)},
};
#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static void fill_path(const struct chain_case *c, struct store_verdict *s)
{
    while (s->step_count < STEPS_MAX && c->path[s->step_count].cert != NONE) {
        const struct made_step *made = &c->path[s->step_count];
        s->step[s->step_count++] =
            (struct path_step){.source = made->place > 0 ? STEP_PRESENTED : STEP_ANCHOR,
                               .cert = &certs[made->cert],
                               .list_index = made->place - 1};
    }
    memcpy(s->fault, c->faults, c->fault_count * sizeof(c->faults[0]));
    s->fault_count = c->fault_count;
    s->anchored = c->anchored;
    s->validity_known = c->valid_until != 0;
    s->valid_until = c->valid_until;
}

static void fill_verdict(const struct chain_case *c, const struct cert_info **list,
                         struct chain_verdict *v)
{
    *v = (struct chain_verdict){.certs = list,
                                .in_order = !c->out_of_order,
                                .leaf_first = !c->leaf_behind,
                                .bad_signature_child = c->bad_child - 1,
                                .bad_signature_issuer = c->bad_issuer - 1,
                                .signature_unknown = c->signature_unknown,
                                .capped = c->capped,
                                .store_count = c->second_status != CHAIN_NONE ? 2 : 1};
    while (v->cert_count < CERTS_MAX && c->list[v->cert_count] != NONE) {
        enum made_cert made = c->list[v->cert_count];
        list[v->cert_count] = made == BAD ? NULL : &certs[made];
        v->role[v->cert_count] = (uint8_t)c->role[v->cert_count];
        v->cert_count++;
    }
    v->store[0].status = c->status;
    v->store[0].openssl = c->openssl;
    v->store[1].status = c->second_status;
    fill_path(c, &v->store[0]);
}

static const struct trust_store_octets stores[] = {{.name = "system"}, {.name = "mozilla"}};
static const struct judging_terms terms = {.at = AT, .stores = stores, .store_count = 2};

Test(chain_findings, each_case_raises_its_list)
{
    struct findings f;
    findings_init(&f);
    for (size_t i = 0; i < CASE_COUNT; i++) {
        const struct cert_info *list[CERTS_MAX];
        struct chain_verdict v;
        fill_verdict(&cases[i], list, &v);
        findings_reset(&f);
        findings_of_chain(&v, &terms, &f);
        expect_findings(cases[i].name, &f, SCOPE_CHAIN, cases[i].expected);
    }
    findings_deinit(&f);
}

/* A list that was completed by `source`. */
static const struct expected_finding completed_expected[] = {
    RAISES(CHAIN_MISSING_INTERMEDIATE, ERROR, "CN=Inter, SHA-256 "), {.evidence = NULL}};
static const struct expected_finding nothing_expected[] = {{.evidence = NULL}};

static void expect_completion(const char *name, enum chain_status status, enum step_source source,
                              const struct intermediate_pool *pool, const struct cert_info *inter,
                              const struct expected_finding *expected, const char *where)
{
    const struct cert_info *list[] = {&certs[LEAF]};
    struct chain_verdict v = {.cert_count = 1,
                              .certs = list,
                              .in_order = true,
                              .leaf_first = true,
                              .bad_signature_child = -1,
                              .store_count = 1};
    v.store[0] = (struct store_verdict){.status = status,
                                        .step = {{STEP_PRESENTED, &certs[LEAF], 0},
                                                 {source, inter, -1},
                                                 {STEP_ANCHOR, &certs[ROOT], -1}},
                                        .step_count = 3,
                                        .anchored = true};
    struct findings f;
    findings_init(&f);
    findings_of_completion(&v, pool, &f);
    expect_findings(name, &f, SCOPE_CHAIN, expected);
    struct span evidence = f.count > 0 ? findings_evidence(&f, 0) : (struct span){0};
    cr_expect(span_ends_with(evidence, span_of(where)), "%s: %.*s", name, (int)evidence.len,
              (const char *)evidence.at);
    findings_deinit(&f);
}

/* The row of the chain says it alone: neither that its issuer is unknown, nor any fault of the
 * completed path. */
static void expect_known_completion(const struct intermediate_pool *pool,
                                    const struct cert_info *inter)
{
    const struct cert_info *list[] = {&certs[LEAF]};
    struct judging_terms known_terms = terms;
    known_terms.known = pool;
    struct chain_verdict v = {.cert_count = 1,
                              .certs = list,
                              .in_order = true,
                              .leaf_first = true,
                              .bad_signature_child = -1,
                              .store_count = 1,
                              .completed = {{STEP_PRESENTED, &certs[LEAF], 0},
                                            {STEP_POOL, inter, -1},
                                            {STEP_ANCHOR, &certs[ROOT], -1}},
                              .completed_count = 3};
    v.store[0] = (struct store_verdict){.status = CHAIN_MISSING_INTERMEDIATE,
                                        .step = {{STEP_PRESENTED, &certs[LEAF], 0}},
                                        .step_count = 1};
    struct findings f;
    findings_init(&f);
    findings_of_chain(&v, &known_terms, &f);
    expect_findings("known before", &f, SCOPE_CHAIN, completed_expected);
    findings_deinit(&f);
}

/* RFC 8446 section 4.4.2: the server sends what leads to the anchor. */
Test(chain_findings, a_completed_path_names_what_is_missing)
{
    struct test_cert made =
        test_cert_new(NULL, &(struct test_cert_params){.cn = "Inter", .ca = true});
    struct test_cert leaf =
        test_cert_new(&made, &(struct test_cert_params){.cn = "Sub", .ca = true});
    struct span der = test_cert_der(leaf.cert);
    struct cert_info inter;
    cr_assert(cert_info_read(der, &inter));
    inter.subject_dn = SPAN_LIT("CN=Inter");
    struct intermediate_pool *pool = intermediate_pool_new();
    expect_completion("from nowhere", CHAIN_TRUSTED, STEP_POOL, pool, &inter, completed_expected,
                      "known");
    cr_assert(intermediate_pool_add(pool, der, INTERMEDIATE_SCAN));
    expect_completion("from the scan", CHAIN_TRUSTED, STEP_POOL, pool, &inter, completed_expected,
                      "presented by another server of this scan");
    cr_assert(intermediate_pool_add(pool, der, INTERMEDIATE_BUNDLED));
    expect_completion("shipped", CHAIN_TRUSTED, STEP_POOL, pool, &inter, completed_expected,
                      "bundled with this program");
    cr_assert(intermediate_pool_add(pool, der, INTERMEDIATE_FILE));
    expect_completion("from a file", CHAIN_TRUSTED, STEP_POOL, pool, &inter, completed_expected,
                      "in a file of --intermediates");
    expect_known_completion(pool, &inter);
    expect_completion("completed and expired", CHAIN_EXPIRED, STEP_POOL, pool, &inter,
                      nothing_expected, "");
    expect_completion("nothing was missing", CHAIN_TRUSTED, STEP_ANCHOR, pool, &inter,
                      nothing_expected, "");
    intermediate_pool_free(pool);
    cert_info_deinit(&inter);
    OPENSSL_free((void *)(uintptr_t)der.at);
    test_cert_free(&leaf);
    test_cert_free(&made);
}

void cover_chains(struct covered *c)
{
    for (size_t i = 0; i < CASE_COUNT; i++) {
        cover_row(c, cases[i].expected, cases[i].spares);
    }
    cover_row(c, completed_expected, 0);
    cover_row(c, nothing_expected, SPARES(CHAIN_MISSING_INTERMEDIATE));
}
