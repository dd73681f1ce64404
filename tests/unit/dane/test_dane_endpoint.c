#include <criterion/criterion.h>

#include "tests/unit/dane/dane_fixture.h"

/* --- usability ------------------------------------------------------------------------------ */

Test(tlsa, faults)
{
    static const uint8_t octets[65] = {1};
    static const struct {
        const char *name;
        struct seen_tlsa record;
        enum tlsa_fault expected;
    } rows[] = {
        {"3 1 1", {3, 1, 1, {octets, 32}}, TLSA_FAULT_NONE},
        {"2 0 2", {2, 0, 2, {octets, 64}}, TLSA_FAULT_NONE},
        {"PKIX-TA: RFC 7672 section 3.1.3", {0, 1, 1, {octets, 32}}, TLSA_FAULT_PKIX_USAGE},
        {"PKIX-EE: RFC 7672 section 3.1.3", {1, 1, 1, {octets, 32}}, TLSA_FAULT_PKIX_USAGE},
        {"usage 4: RFC 6698 section 2.1.1", {4, 1, 1, {octets, 32}}, TLSA_FAULT_USAGE},
        {"PrivCert: RFC 7218 section 2.1", {255, 1, 1, {octets, 32}}, TLSA_FAULT_USAGE},
        {"selector 2: RFC 6698 section 2.1.2", {3, 2, 1, {octets, 32}}, TLSA_FAULT_SELECTOR},
        {"matching 3: RFC 6698 section 2.1.3", {3, 1, 3, {octets, 32}}, TLSA_FAULT_MATCHING},
        {"31 octets of SHA-256", {3, 1, 1, {octets, 31}}, TLSA_FAULT_DIGEST_LENGTH},
        {"33 octets of SHA-256", {3, 1, 1, {octets, 33}}, TLSA_FAULT_DIGEST_LENGTH},
        {"65 octets of SHA-512", {3, 1, 2, {octets, 65}}, TLSA_FAULT_DIGEST_LENGTH},
        {"no octets", {3, 1, 1, {octets, 0}}, TLSA_FAULT_DIGEST_LENGTH},
        {"the digest of nothing", {3, 1, 1, SPAN_INIT(EMPTY_SHA256)}, TLSA_FAULT_EMPTY_DIGEST},
        {"no certificate: RFC 6698 section 2.1.4",
         {3, 0, 0, {octets, 40}},
         TLSA_FAULT_FULL_MALFORMED},
        {"no key", {2, 1, 0, {octets, 40}}, TLSA_FAULT_FULL_MALFORMED},
        {"Full of nothing", {3, 0, 0, {octets, 0}}, TLSA_FAULT_FULL_MALFORMED},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_expect_eq(tlsa_fault_of(&rows[i].record), rows[i].expected, "%s", rows[i].name);
    }
}

Test(tlsa, full_is_the_whole)
{
    struct dane_fixture f;
    dane_fixture_init(&f);
    for (uint8_t selector = 0; selector < 2; selector++) {
        dane_fixture_clear(&f);
        dane_fixture_add(&f, 3, selector, 0, WHO_LEAF);
        cr_expect_eq(tlsa_fault_of(&f.tlsa[0]), TLSA_FAULT_NONE);
        f.tlsa[0].data.len--;
        cr_expect_eq(tlsa_fault_of(&f.tlsa[0]), TLSA_FAULT_FULL_MALFORMED, "cut off");
        buf_put(&f.data[0], SPAN_LIT("x"));
        f.tlsa[0].data = buf_span(&f.data[0]);
        cr_expect_eq(tlsa_fault_of(&f.tlsa[0]), TLSA_FAULT_FULL_MALFORMED, "octets behind it");
    }
    dane_fixture_deinit(&f);
}

/* --- a list --------------------------------------------------------------------------------- */

struct record {
    uint8_t usage;
    uint8_t selector;
    uint8_t matching;
    enum who who; /* WHO_NONE: the end */
};

#define WRONG_NAME 1 /* no name of the leaf matches */
#define NO_NAME    2 /* it has none that could be a domain's */

struct list_row {
    const char *name;
    enum who list[6];
    struct record records[5];
    unsigned given;
    enum dane_status expected;
    uint16_t flags;
    enum dane_ta_fault ta_fault;
    int deciding;
    size_t stale;
    bool agility_conflict;
};

#define EE31 (DANE_FLAG_EE | DANE_FLAG_HAS_31 | DANE_FLAG_31)
#define FULL                           \
    {                                  \
        WHO_LEAF, WHO_MIDDLE, WHO_ROOT \
    }

static const struct list_row list_rows[] = {
    {"DANE-EE: RFC 7671 section 5.1",
     FULL,
     {{3, 1, 1, WHO_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     0,
     false},
    {"DANE-EE of the certificate",
     FULL,
     {{3, 0, 2, WHO_LEAF}},
     0,
     DANE_MATCH,
     DANE_FLAG_EE,
     0,
     0,
     0,
     false},
    {"DANE-EE: names are ignored, RFC 7671 section 5.1",
     FULL,
     {{3, 1, 1, WHO_LEAF}},
     WRONG_NAME,
     DANE_MATCH,
     EE31,
     0,
     0,
     0,
     false},
    {"DANE-EE: expiry is ignored, RFC 7671 section 5.1",
     {WHO_OLD_LEAF},
     {{3, 1, 1, WHO_OLD_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     0,
     false},
    {"DANE-EE is about the leaf, not what is above it",
     FULL,
     {{3, 1, 1, WHO_MIDDLE}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_HAS_31,
     0,
     -1,
     0,
     false},
    {"DANE-TA: RFC 7671 section 5.2",
     FULL,
     {{2, 1, 1, WHO_ROOT}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"an intermediate as anchor",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 0, 1, WHO_MIDDLE}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"DANE-TA: the anchor is not sent, RFC 7671 section 5.2.2",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 0, 1, WHO_ROOT}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_NOT_PRESENTED,
     -1,
     0,
     false},
    {"2 0 0: clients may do without the certificate, RFC 7671 section 5.2.2",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 0, 0, WHO_ROOT}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA | DANE_FLAG_ANCHOR_IN_DNS,
     0,
     0,
     0,
     false},
    {"2 1 0: they may do with the key as well, RFC 7671 section 5.2.3",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 1, 0, WHO_ROOT}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA | DANE_FLAG_ANCHOR_IN_DNS,
     0,
     0,
     0,
     false},
    {"2 1 0 of the leaf's own issuer",
     {WHO_LEAF},
     {{2, 1, 0, WHO_MIDDLE}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA | DANE_FLAG_ANCHOR_IN_DNS,
     0,
     0,
     0,
     false},
    {"2 1 0: whoever presents the anchor needs nothing of DNS",
     FULL,
     {{2, 1, 0, WHO_ROOT}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"and the same of 2 0 0",
     FULL,
     {{2, 0, 0, WHO_ROOT}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"2 1 0 beside a digest that is presented",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 1, 0, WHO_ROOT}, {2, 0, 1, WHO_MIDDLE}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"2 1 0 of another root",
     FULL,
     {{2, 1, 0, WHO_UNRELATED}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_NOT_PRESENTED,
     -1,
     0,
     false},
    {"2 1 0: dates count below the key",
     {WHO_OLD_LEAF},
     {{2, 1, 0, WHO_MIDDLE}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_EXPIRED,
     -1,
     0,
     false},
    {"2 1 0: an issuer that is no CA",
     {WHO_UNDER_NO_CA, WHO_NO_CA},
     {{2, 1, 0, WHO_ROOT}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_TA_NO_PATH,
     DANE_TA_NO_PATH,
     -1,
     0,
     false},
    {"2 1 0: the name counts, RFC 7672 section 3.2.2",
     {WHO_LEAF, WHO_MIDDLE},
     {{2, 1, 0, WHO_ROOT}},
     WRONG_NAME,
     DANE_OTHER_NAME,
     DANE_FLAG_TA_NO_NAME | DANE_FLAG_ANCHOR_IN_DNS,
     DANE_TA_NAME,
     -1,
     0,
     false},
    {"2 0 0 of another root",
     FULL,
     {{2, 0, 0, WHO_UNRELATED}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_NOT_PRESENTED,
     -1,
     0,
     false},
    {"the anchor is sent, but nothing leads there",
     {WHO_LEAF, WHO_UNRELATED},
     {{2, 0, 1, WHO_UNRELATED}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_TA_NO_PATH,
     DANE_TA_NO_PATH,
     -1,
     0,
     false},
    {"DANE-TA: an issuer that is no CA",
     {WHO_UNDER_NO_CA, WHO_NO_CA, WHO_ROOT},
     {{2, 0, 1, WHO_ROOT}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_TA_NO_PATH,
     DANE_TA_NO_PATH,
     -1,
     0,
     false},
    {"DANE-TA: the leaf has expired",
     {WHO_OLD_LEAF, WHO_MIDDLE},
     {{2, 0, 1, WHO_MIDDLE}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_EXPIRED,
     -1,
     0,
     false},
    {"DANE-TA: the anchor has expired",
     {WHO_UNDER_OLD, WHO_OLD_MIDDLE},
     {{2, 0, 1, WHO_OLD_MIDDLE}},
     0,
     DANE_MISMATCH,
     0,
     DANE_TA_EXPIRED,
     -1,
     0,
     false},
    {"DANE-TA: the name counts, and may be that of the recipient domain, RFC 7672 section 3.2.2",
     FULL,
     {{2, 0, 1, WHO_ROOT}},
     WRONG_NAME,
     DANE_OTHER_NAME,
     DANE_FLAG_TA_NO_NAME,
     DANE_TA_NAME,
     -1,
     0,
     false},
    {"DANE-TA: without a name it is nobody's",
     FULL,
     {{2, 0, 1, WHO_ROOT}},
     NO_NAME,
     DANE_MISMATCH,
     DANE_FLAG_TA_NO_NAME,
     DANE_TA_NAME,
     -1,
     0,
     false},
    {"DANE-TA is not about the leaf",
     FULL,
     {{2, 1, 1, WHO_LEAF}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_TA_IS_LEAF,
     DANE_TA_NOT_PRESENTED,
     -1,
     0,
     false},
    {"a self-signed leaf is no anchor of its own",
     {WHO_SELF, WHO_SELF},
     {{2, 0, 1, WHO_SELF}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_TA_NO_PATH | DANE_FLAG_TA_IS_LEAF,
     DANE_TA_NO_PATH,
     -1,
     0,
     false},
    {"two certificates have the key, the first has expired",
     {WHO_LEAF, WHO_CROSS, WHO_MIDDLE},
     {{2, 1, 1, WHO_MIDDLE}},
     0,
     DANE_MATCH,
     DANE_FLAG_TA,
     0,
     0,
     0,
     false},
    {"one of two matches: stale, RFC 7671 section 8.1",
     FULL,
     {{3, 1, 1, WHO_OLD_LEAF}, {3, 1, 1, WHO_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     1,
     1,
     false},
    {"EE matches beside a DANE-TA without name",
     FULL,
     {{2, 0, 1, WHO_ROOT}, {3, 1, 1, WHO_LEAF}},
     WRONG_NAME,
     DANE_MATCH,
     EE31,
     0,
     1,
     1,
     false},
    {"agility: a stale 3 1 2 sets a good 3 1 1 aside, RFC 7671 section 9",
     FULL,
     {{3, 1, 1, WHO_LEAF}, {3, 1, 2, WHO_OLD_LEAF}},
     0,
     DANE_MISMATCH,
     DANE_FLAG_HAS_31 | DANE_FLAG_SET_ASIDE_MATCHES,
     0,
     -1,
     0,
     true},
    {"agility: Full always counts",
     FULL,
     {{3, 1, 0, WHO_LEAF}, {3, 1, 2, WHO_OLD_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     1,
     false},
    {"agility: per selector",
     FULL,
     {{3, 1, 1, WHO_LEAF}, {3, 0, 2, WHO_OLD_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     1,
     false},
    {"agility: per usage",
     FULL,
     {{3, 1, 1, WHO_LEAF}, {2, 1, 2, WHO_UNRELATED}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     1,
     false},
    {"agility: an unusable 1 1 2 sets nothing aside",
     FULL,
     {{3, 1, 1, WHO_LEAF}, {1, 1, 2, WHO_OLD_LEAF}},
     0,
     DANE_MATCH,
     EE31,
     0,
     0,
     0,
     false},
};

static void put_records(struct dane_fixture *f, const struct record *r)
{
    dane_fixture_clear(f);
    for (; r->who != WHO_NONE; r++) {
        dane_fixture_add(f, r->usage, r->selector, r->matching, r->who);
    }
}

static void judge(struct dane_fixture *f, const enum who *list, enum dane_leaf leaf,
                  struct dane_verdict *v)
{
    const struct dane_leaves leaves = {leaf, leaf};
    struct seen_session s = {.outcome = OUTCOME_ESTABLISHED, .sni = true, .tls_attempted = true};
    s.tls.list = dane_fixture_list(f, list);
    s.tls.cert_count = (uint8_t)cert_list_count(s.tls.list);
    struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                              .result = &s,
                              .dane_host = DANE_HOST_USABLE,
                              .tlsa_base = SPAN_LIT("mx.test"),
                              .tlsas = f->tlsa,
                              .tlsa_count = f->tlsa_count};
    dane_judge_endpoint(&e, &leaves, DANE_AT, v);
}

Test(dane_endpoint, lists)
{
    struct dane_fixture f;
    dane_fixture_init(&f);
    for (size_t i = 0; i < sizeof(list_rows) / sizeof(list_rows[0]); i++) {
        const struct list_row *row = &list_rows[i];
        struct dane_verdict v;
        put_records(&f, row->records);
        judge(&f, row->list,
              row->given == WRONG_NAME ? DANE_LEAF_OTHER_NAME
              : row->given == NO_NAME  ? DANE_LEAF_NAMELESS
                                       : DANE_LEAF_OF_HOST,
              &v);
        cr_expect_eq(v.status, row->expected, "%s: %s", row->name, dane_status_word(v.status));
        cr_expect_eq(v.flags, row->flags, "%s: flags %u", row->name, v.flags);
        cr_expect_eq(v.ta_fault, row->ta_fault, "%s: %s", row->name,
                     dane_ta_fault_word(v.ta_fault));
        cr_expect_eq(v.matching_record, row->deciding, "%s: %d", row->name, v.matching_record);
        cr_expect_eq(v.stale, row->stale, "%s: stale %zu", row->name, v.stale);
        cr_expect_eq(v.agility_conflict, row->agility_conflict, "%s", row->name);
    }
    dane_fixture_deinit(&f);
}

Test(dane_endpoint, hints)
{
    static const enum who list[] = {WHO_LEAF, WHO_MIDDLE, WHO_ROOT, WHO_NONE};
    struct dane_fixture f;
    struct dane_verdict v;
    dane_fixture_init(&f);
    put_records(&f, (struct record[]){{3, 1, 1, WHO_ROOT},
                                      {2, 1, 1, WHO_LEAF},
                                      {3, 0, 1, WHO_LEAF},
                                      {3, 1, 1, WHO_UNRELATED},
                                      {0}});
    f.tlsa[2].selector = 1; /* the digest of the certificate as if of the key */
    judge(&f, list, DANE_LEAF_OF_HOST, &v);
    cr_expect(v.record[0].other_usage && !v.record[0].other_selector);
    cr_expect(v.record[1].other_usage && !v.record[1].other_selector);
    cr_expect(!v.record[2].other_usage && v.record[2].other_selector);
    cr_expect(!v.record[3].other_usage && !v.record[3].other_selector);
    cr_expect_eq(v.status, DANE_MISMATCH);
    dane_fixture_deinit(&f);
}

/* Senders compare lengths, not what the digest is of: the record counts, and stands for nothing. */
Test(dane_endpoint, the_digest_of_nothing_is_in_force)
{
    static const enum who list[] = {WHO_LEAF, WHO_NONE};
    struct dane_fixture f;
    struct dane_verdict v;
    dane_fixture_init(&f);
    put_records(&f, (struct record[]){{3, 1, 1, WHO_LEAF}, {0}});
    struct seen_tlsa right = f.tlsa[0];
    f.tlsa[0].data = SPAN_LIT(EMPTY_SHA256);
    judge(&f, list, DANE_LEAF_OF_HOST, &v);
    cr_expect(v.record[0].in_force);
    cr_expect_eq(v.status, DANE_MISMATCH);
    f.tlsa[f.tlsa_count++] = right;
    judge(&f, list, DANE_LEAF_OF_HOST, &v);
    cr_expect_eq(v.status, DANE_MATCH);
    cr_expect_eq(v.matching_record, 1);
    cr_expect_eq(v.stale, 0, "it never was one of a key");
    dane_fixture_deinit(&f);
}

/* --- the other kind of key ---------------------------------------------------------------------- */

/* Every certificate that is presented needs a record: RFC 7671 section 8.1, RFC 7672 section 3.1. */
Test(dane_endpoint, other_key)
{
    static const struct {
        const char *name;
        struct record records[3];
        enum who other; /* WHO_NONE: the handshake for it fails */
        const char *base;
        enum dane_status status;
        enum dane_status expected;
        unsigned flags;
        size_t stale;
    } rows[] = {
        {"a record for each",
         {{3, 1, 1, WHO_LEAF}, {3, 1, 1, WHO_SELF}},
         WHO_SELF,
         "mx.test",
         DANE_MATCH,
         DANE_MATCH,
         DANE_FLAG_OTHER_KEY_MATCHES,
         0},
        {"a record for the first alone",
         {{3, 1, 1, WHO_LEAF}},
         WHO_SELF,
         "mx.test",
         DANE_MATCH,
         DANE_MISMATCH,
         DANE_FLAG_OTHER_KEY_FAILS,
         0},
        {"a record for the other alone",
         {{3, 1, 1, WHO_SELF}},
         WHO_SELF,
         "mx.test",
         DANE_MISMATCH,
         DANE_MATCH,
         DANE_FLAG_OTHER_KEY_MATCHES,
         0},
        {"one for neither",
         {{3, 1, 1, WHO_OLD_LEAF}},
         WHO_SELF,
         "mx.test",
         DANE_MISMATCH,
         DANE_MISMATCH,
         DANE_FLAG_OTHER_KEY_FAILS,
         0},
        {"and one that is stale",
         {{3, 1, 1, WHO_LEAF}, {3, 1, 1, WHO_OLD_LEAF}},
         WHO_SELF,
         "mx.test",
         DANE_MATCH,
         DANE_MISMATCH,
         DANE_FLAG_OTHER_KEY_FAILS,
         1},
        {"one issuer of both",
         {{2, 0, 1, WHO_ROOT}},
         WHO_UNDER_NO_CA,
         "mx.test",
         DANE_MATCH,
         DANE_MISMATCH,
         DANE_FLAG_OTHER_KEY_FAILS,
         0},
        {"the server has no other",
         {{3, 1, 1, WHO_LEAF}, {3, 1, 1, WHO_SELF}},
         WHO_NONE,
         "mx.test",
         DANE_MATCH,
         DANE_UNKNOWN,
         0,
         1},
        {"it shows the same",
         {{3, 1, 1, WHO_LEAF}},
         WHO_LEAF,
         "mx.test",
         DANE_MATCH,
         DANE_UNKNOWN,
         0,
         0},
        {"it was asked for another name",
         {{3, 1, 1, WHO_LEAF}},
         WHO_SELF,
         "real.test",
         DANE_UNKNOWN,
         DANE_UNKNOWN,
         0,
         0},
    };
    const struct dane_leaves leaves = {DANE_LEAF_OF_HOST, DANE_LEAF_OF_HOST};
    struct dane_fixture f;
    struct dane_fixture g;
    dane_fixture_init(&f);
    dane_fixture_init(&g);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static const enum who list[] = {WHO_LEAF, WHO_MIDDLE, WHO_ROOT, WHO_NONE};
        const enum who other[] = {rows[i].other, WHO_NONE};
        struct seen_session first = {.outcome = OUTCOME_ESTABLISHED, .tls_attempted = true};
        struct seen_session second = {.outcome = OUTCOME_TLS_ALERT, .tls_attempted = true};
        struct dane_verdict v;
        put_records(&f, rows[i].records);
        first.tls.list = dane_fixture_list(&f, list);
        first.tls.cert_count = 3;
        first.tls.leaf_sha256[0] = WHO_LEAF;
        if (rows[i].other != WHO_NONE) {
            for (int who = 1; who < WHO_COUNT; who++) { /* each fixture has keys of its own */
                X509_up_ref(f.cert[who].cert);
                X509_free(g.cert[who].cert);
                g.cert[who].cert = f.cert[who].cert;
            }
            second.outcome = OUTCOME_ESTABLISHED;
            second.tls.list = dane_fixture_list(&g, other);
            second.tls.cert_count = 1;
            second.tls.leaf_sha256[0] = (uint8_t)rows[i].other;
        }
        struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                  .result = &first,
                                  .other_key = &second,
                                  .dane_host = DANE_HOST_USABLE,
                                  .tlsa_base = span_of(rows[i].base),
                                  .tlsas = f.tlsa,
                                  .tlsa_count = f.tlsa_count};
        dane_judge_endpoint(&e, &leaves, DANE_AT, &v);
        unsigned flags = v.flags & (DANE_FLAG_OTHER_KEY_MATCHES | DANE_FLAG_OTHER_KEY_FAILS);
        cr_expect_eq(v.status, rows[i].status, "%s: %s", rows[i].name, dane_status_word(v.status));
        cr_expect_eq(v.other_key, rows[i].expected, "%s: %s", rows[i].name,
                     dane_status_word(v.other_key));
        cr_expect_eq(flags, rows[i].flags, "%s: flags %u", rows[i].name, v.flags);
        cr_expect_eq(v.stale, rows[i].stale, "%s: stale %zu", rows[i].name, v.stale);
    }
    dane_fixture_deinit(&f);
    dane_fixture_deinit(&g);
}

static const struct dane_leaves of_host = {DANE_LEAF_OF_HOST, DANE_LEAF_NAMELESS};

/* --- which session, and what without ---------------------------------------------------------- */

Test(dane_endpoint, sessions)
{
    enum {
        NO_SESSION = OUTCOME_COUNT
    };
    static const struct {
        const char *name;
        unsigned outcome;
        bool inherited;
        enum dane_host host;
        enum dane_status expected;
    } rows[] = {
        {"no records", OUTCOME_ESTABLISHED, false, DANE_HOST_NONE, DANE_NONE},
        {"records without AD", OUTCOME_ESTABLISHED, false, DANE_HOST_TLSA_INSECURE, DANE_NONE},
        {"addresses without AD", OUTCOME_ESTABLISHED, false, DANE_HOST_HOST_INSECURE, DANE_NONE},
        {"bogus", OUTCOME_ESTABLISHED, false, DANE_HOST_LOOKUP_FAILED, DANE_FAILED},
        {"unusable: RFC 7672 section 2.2", OUTCOME_ESTABLISHED, false, DANE_HOST_UNUSABLE,
         DANE_UNUSABLE},
        {"AD is not trusted", OUTCOME_ESTABLISHED, false, DANE_HOST_UNKNOWN, DANE_UNKNOWN},
        {"a handshake", OUTCOME_ESTABLISHED, false, DANE_HOST_USABLE, DANE_MATCH},
        {"somebody else's handshake", OUTCOME_ESTABLISHED, true, DANE_HOST_USABLE, DANE_UNKNOWN},
        {"no STARTTLS: RFC 7672 section 2.2", OUTCOME_STARTTLS_NOT_OFFERED, false, DANE_HOST_USABLE,
         DANE_NO_TLS},
        {"no STARTTLS does not depend on the name", OUTCOME_STARTTLS_NOT_OFFERED, true,
         DANE_HOST_USABLE, DANE_NO_TLS},
        {"TLS fails", OUTCOME_TLS_ALERT, false, DANE_HOST_USABLE, DANE_NO_TLS},
        {"TLS fails for another name", OUTCOME_TLS_ALERT, true, DANE_HOST_USABLE, DANE_UNKNOWN},
        {"not reached", OUTCOME_CONNECT_TIMEOUT, false, DANE_HOST_USABLE, DANE_UNKNOWN},
        {"greylisted", OUTCOME_GREETING_TEMPFAIL, false, DANE_HOST_USABLE, DANE_UNKNOWN},
        {"not tested", NO_SESSION, false, DANE_HOST_USABLE, DANE_UNKNOWN},
    };
    static const enum who list[] = {WHO_LEAF, WHO_NONE};
    struct dane_fixture f;
    dane_fixture_init(&f);
    dane_fixture_add(&f, 3, 1, 1, WHO_LEAF);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool established = rows[i].outcome == OUTCOME_ESTABLISHED;
        struct seen_session s = {.outcome = (enum session_outcome)rows[i].outcome % OUTCOME_COUNT,
                                 .tls_attempted = established};
        s.tls.list = established ? dane_fixture_list(&f, list) : (struct span){0};
        s.tls.cert_count = established;
        struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                  .result = rows[i].outcome == NO_SESSION ? NULL : &s,
                                  .session_from = rows[i].inherited ? SPAN_LIT("192.0.2.1|25")
                                                                    : (struct span){0},
                                  .dane_host = (uint8_t)rows[i].host,
                                  .tlsa_base = SPAN_LIT("mx.test"),
                                  .tlsas = f.tlsa,
                                  .tlsa_count = rows[i].host >= DANE_HOST_UNUSABLE ? 1 : 0};
        struct dane_verdict v;
        dane_judge_endpoint(&e, &of_host, DANE_AT, &v);
        cr_expect_eq(v.status, rows[i].expected, "%s: %s", rows[i].name,
                     dane_status_word(v.status));
    }
    dane_fixture_deinit(&f);
}

/* SNI has to be the base domain: RFC 7671 section 7, RFC 7672 section 2.2.3 and 3.2. */
Test(dane_endpoint, base_domain)
{
    static const enum who leaf[] = {WHO_LEAF, WHO_NONE};
    static const enum who other[] = {WHO_SELF, WHO_NONE};
    struct dane_fixture f;
    struct dane_fixture g;
    struct dane_verdict v;
    dane_fixture_init(&f);
    dane_fixture_init(&g);
    dane_fixture_add(&f, 3, 1, 1, WHO_LEAF);
    struct seen_session by_host = {.outcome = OUTCOME_ESTABLISHED, .tls_attempted = true};
    struct seen_session by_base = by_host;
    by_host.tls.list = dane_fixture_list(&g, other);
    by_base.tls.list = dane_fixture_list(&f, leaf);
    by_host.tls.cert_count = by_base.tls.cert_count = 1;
    struct seen_endpoint e = {.host = SPAN_LIT("alias.test"),
                              .result = &by_host,
                              .dane_host = DANE_HOST_USABLE,
                              .tlsa_base = SPAN_LIT("mx.test"),
                              .tlsas = f.tlsa,
                              .tlsa_count = 1,
                              .dane_sni = &by_base};
    dane_judge_endpoint(&e, &of_host, DANE_AT, &v);
    cr_expect_eq(v.status, DANE_MATCH, "the list for the base domain");
    e.dane_sni = NULL;
    dane_judge_endpoint(&e, &of_host, DANE_AT, &v);
    cr_expect_eq(v.status, DANE_UNKNOWN, "a list for another name decides nothing");
    by_host = (struct seen_session){.outcome = OUTCOME_STARTTLS_NOT_OFFERED};
    dane_judge_endpoint(&e, &of_host, DANE_AT, &v);
    cr_expect_eq(v.status, DANE_NO_TLS, "before TLS no name was said");
    dane_fixture_deinit(&f);
    dane_fixture_deinit(&g);
}
