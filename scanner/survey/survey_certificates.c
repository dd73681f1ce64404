#include "scanner/survey/survey_private.h"

#define SECONDS_A_DAY 86400

struct leaf_weight {
    uint32_t endpoints;
    uint32_t domains;
};

static void count_leaf(struct groups *g, struct span name, struct leaf_weight w)
{
    uint32_t *counters = groups_of(g, name);
    counters[0]++;
    counters[1] += w.endpoints;
    counters[2] += w.domains;
}

static void count_leaf_bin(uint64_t counters[LEAF_WIDTH], struct leaf_weight w)
{
    counters[0]++;
    counters[1] += w.endpoints;
    counters[2] += w.domains;
}

/* "RSA 2048", "EC P-256". */
static void add_leaf_key(struct survey *s, const struct facts *row, struct leaf_weight w)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    const char *curve = facts_string(row, CERTIFICATES_KEY_CURVE);
    buf_put_text(&key, facts_string_or(row, CERTIFICATES_KEY_ALGORITHM, "not readable"));
    if (curve != NULL) {
        buf_putf(&key, " %s", curve);
    } else if (facts_has(row, CERTIFICATES_KEY_BITS)) {
        buf_putf(&key, " %u", facts_u32(row, CERTIFICATES_KEY_BITS));
    }
    count_leaf(&s->keys, buf_span(&key), w);
    buf_deinit(&key);
}

static void add_lifetime(struct survey *s, const struct facts *row, struct leaf_weight w)
{
    struct facts validity = facts_member(row, CERTIFICATES_VALIDITY);
    int64_t days = facts_has(&validity, VALIDITY_LENGTH)
                       ? facts_int(&validity, VALIDITY_LENGTH) / SECONDS_A_DAY
                       : -1;
    const char *bin = days < 0       ? "not readable"
                      : days <= 10   ? "a: up to 10 days"
                      : days <= 47   ? "b: 11 to 47 days"
                      : days <= 100  ? "c: 48 to 100 days"
                      : days <= 200  ? "d: 101 to 200 days"
                      : days <= 398  ? "e: 201 to 398 days"
                      : days <= 825  ? "f: 399 to 825 days"
                      : days <= 3660 ? "g: 826 days to 10 years"
                                     : "h: over 10 years";
    count_leaf(&s->lifetimes, span_of(bin), w);
}

static void add_days_left(struct survey *s, const struct facts *row, struct leaf_weight w)
{
    if (!facts_has(row, CERTIFICATES_DAYS_LEFT)) {
        return;
    }
    int64_t days = facts_int(row, CERTIFICATES_DAYS_LEFT);
    count_leaf_bin(s->days_left[survey_days_bin(days)], w);
    if (days >= 0 && days < 7 * WEEKS) {
        count_leaf_bin(s->week[days / 7], w);
    }
}

static void add_reuse(struct survey *s, uint32_t services, struct leaf_weight w)
{
    const char *bin = services == 0     ? "a: with SNI only"
                      : services == 1   ? "b: 1 service"
                      : services <= 9   ? "c: 2 to 9 services"
                      : services <= 99  ? "d: 10 to 99 services"
                      : services <= 999 ? "e: 100 to 999 services"
                                        : "f: 1,000 services or more";
    count_leaf(&s->reuse, span_of(bin), w);
}

void survey_add_certificate(struct survey *s, const struct facts *row)
{
    const uint32_t *leaf = survey_thing(&s->leaves, row, CERTIFICATES_FINGERPRINT_SHA256);
    if (leaf == NULL || leaf[THING_EXPLICIT] == 0) {
        return;
    }
    struct leaf_weight w = {.endpoints = leaf[THING_ENDPOINTS], .domains = leaf[THING_EXPLICIT]};
    s->leaf_total++;
    s->leaf_trusted += leaf[THING_TRUSTED] > 0;
    add_reuse(s, leaf[THING_SERVICES], w);
    if (!facts_has(row, CERTIFICATES_ISSUER_DN)) {
        s->leaf_unread++;
        return;
    }
    struct facts signature = facts_member(row, CERTIFICATES_SIGNATURE_ALGORITHM);
    bool self = facts_bool(row, CERTIFICATES_SELF_ISSUED);
    add_leaf_key(s, row, w);
    count_leaf(&s->signatures,
               span_of(facts_string_or(&signature, SIGNATURE_ALGORITHM_NAME, "not readable")), w);
    /* Each self-issued leaf has an issuer of its own. */
    count_leaf(&s->issuers,
               span_of(self ? "(self-issued)" : facts_string(row, CERTIFICATES_ISSUER_DN)), w);
    add_lifetime(s, row, w);
    add_days_left(s, row, w);
}
