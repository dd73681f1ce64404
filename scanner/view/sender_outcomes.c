#include "scanner/view/sender_outcomes.h"

#include <stdlib.h>

#include "scanner/base/memory.h"
#include "scanner/observation/verdict.h"
#include "scanner/rows/row_outcomes.h"

#define NAMES_SHOWN 5 /* of one fate and group; the rest is counted */

static struct sender_outcome sender_outcome_of(const struct row_outcome *one)
{
    struct sender_outcome o = {
        .profile = one->profile,
        .best = one->best,
        .worst = one->worst,
        .reason = DELIVERY_REASON_COUNT,
        .decided_by = one->decided_by,
    };
    const char *space = strrchr(o.decided_by, ' ');
    unsigned value;
    o.reason_word = space != NULL ? space + 1 : o.decided_by;
    if (vocabulary_find(&delivery_reason_vocabulary, span_of(o.reason_word), &value)) {
        o.reason = (enum delivery_reason)value;
    }
    return o;
}

static bool delivery_is_lost(enum delivery d)
{
    return d == DELIVERY_DEFERRED || d == DELIVERY_UNDELIVERABLE;
}

enum sender_fate sender_fate_of(const struct sender_outcome *o)
{
    if (o->worst == DELIVERY_UNKNOWN || o->best == DELIVERY_UNKNOWN) {
        return FATE_UNKNOWN;
    }
    return delivery_is_lost(o->best)        ? FATE_LOST
           : delivery_is_lost(o->worst)     ? FATE_AT_RISK
           : o->worst == DELIVERY_PLAINTEXT ? FATE_CLEAR
                                            : FATE_GOOD;
}

void sender_outcomes_init(struct sender_outcomes *s, const struct facts *domain)
{
    struct row_outcomes outcomes = row_outcomes(domain);
    *s = (struct sender_outcomes){.of = memory_new(outcomes.count, sizeof(*s->of))};
    for (size_t i = 0; i < outcomes.count; i++) {
        s->of[s->count++] = sender_outcome_of(&outcomes.of[i]);
    }
    s->lost = sender_outcomes_in(s, FATE_LOST, SENDER_GROUP_COUNT);
    s->at_risk = sender_outcomes_in(s, FATE_AT_RISK, SENDER_GROUP_COUNT);
    s->clear = sender_outcomes_in(s, FATE_CLEAR, SENDER_GROUP_COUNT);
    s->good = sender_outcomes_in(s, FATE_GOOD, SENDER_GROUP_COUNT);
    s->unknown = sender_outcomes_in(s, FATE_UNKNOWN, SENDER_GROUP_COUNT);
}

void sender_outcomes_deinit(struct sender_outcomes *s)
{
    free(s->of);
    *s = (struct sender_outcomes){0};
}

/* By the reason; what is not named here has no word of its own. */
static const struct {
    enum delivery_reason reason;
    enum sender_group group;
} groups_of_reasons[] = {
    {DELIVERY_REASON_DANE_LOOKUP, SENDERS_WITH_DANE},
    {DELIVERY_REASON_DANE_MISMATCH, SENDERS_WITH_DANE},
    {DELIVERY_REASON_DANE_NO_TLS, SENDERS_WITH_DANE},
    {DELIVERY_REASON_DANE_UNKNOWN, SENDERS_WITH_DANE},
    {DELIVERY_REASON_DANE_UNUSABLE, SENDERS_WITH_DANE},
    {DELIVERY_REASON_STS_MX_NOT_COVERED, SENDERS_WITH_STS},
    {DELIVERY_REASON_STS_CERTIFICATE, SENDERS_WITH_STS},
    {DELIVERY_REASON_STS_NAME, SENDERS_WITH_STS},
    {DELIVERY_REASON_STS_PATTERNS, SENDERS_WITH_STS},
    {DELIVERY_REASON_STS_NO_TLS, SENDERS_WITH_STS},
    {DELIVERY_REASON_STS_UNKNOWN, SENDERS_WITH_STS},
    {DELIVERY_REASON_CERTIFICATE, SENDERS_VERIFY},
    {DELIVERY_REASON_CERTIFICATE_PATH, SENDERS_VERIFY},
    {DELIVERY_REASON_NAME, SENDERS_VERIFY},
    {DELIVERY_REASON_NO_STARTTLS, SENDERS_REQUIRE_TLS},
    {DELIVERY_REASON_TLS_VERSION, SENDERS_WITHOUT_VERSION},
    {DELIVERY_REASON_TLS_SUITE, SENDERS_WITHOUT_SUITE},
    {DELIVERY_REASON_LEAF_KEY, SENDERS_WITHOUT_SUITE},
    {DELIVERY_REASON_TLS_FAILED, SENDERS_WITHOUT_FALLBACK},
    {DELIVERY_REASON_STARTTLS_REFUSED, SENDERS_WITHOUT_FALLBACK},
    {DELIVERY_REASON_STARTTLS_REJECTED, SENDERS_WITHOUT_FALLBACK},
    {DELIVERY_REASON_SESSION_LOST, SENDERS_WITHOUT_FALLBACK},
};

enum sender_group sender_group_of(const struct sender_outcome *o)
{
    for (size_t i = 0; i < sizeof(groups_of_reasons) / sizeof(groups_of_reasons[0]); i++) {
        if (groups_of_reasons[i].reason == o->reason) {
            return groups_of_reasons[i].group;
        }
    }
    return SENDERS_OTHER;
}

const char *sender_group_words(enum sender_group g)
{
    static const char *const words[SENDER_GROUP_COUNT] = {
        [SENDERS_WITH_DANE] = "senders with DANE",
        [SENDERS_WITH_STS] = "senders with MTA-STS",
        [SENDERS_OTHER] = "some senders",
        [SENDERS_WITHOUT_VERSION] = "senders without a TLS version in common",
        [SENDERS_WITHOUT_SUITE] = "senders that do not accept the cipher suite or key",
        [SENDERS_WITHOUT_FALLBACK] = "senders that do not fall back to cleartext",
        [SENDERS_REQUIRE_TLS] = "senders that require TLS",
        [SENDERS_VERIFY] = "senders that verify certificates",
    };
    CHECK(g < SENDER_GROUP_COUNT);
    return words[g];
}

static bool is_in(const struct sender_outcome *o, enum sender_fate fate, enum sender_group group)
{
    return sender_fate_of(o) == fate &&
           (group == SENDER_GROUP_COUNT || sender_group_of(o) == group);
}

size_t sender_outcomes_in(const struct sender_outcomes *s, enum sender_fate fate,
                          enum sender_group group)
{
    size_t n = 0;
    for (size_t i = 0; i < s->count; i++) {
        n += is_in(&s->of[i], fate, group);
    }
    return n;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sender_outcomes_put_names(struct buf *out, const struct sender_outcomes *s,
                               enum sender_fate fate, enum sender_group group)
{
    const char **names = memory_new(s->count, sizeof(const char *));
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (is_in(&s->of[i], fate, group)) {
            names[count++] = s->of[i].profile;
        }
    }
    qsort(names, count, sizeof(const char *), compare_names);
    size_t shown = count > NAMES_SHOWN + 1 ? NAMES_SHOWN : count;
    for (size_t i = 0; i < shown; i++) {
        buf_putf(out, "%s%s", i > 0 ? ", " : "", names[i]);
    }
    if (shown < count) {
        buf_putf(out, " and %zu more", count - shown);
    }
    free(names);
}

const struct sender_outcome *sender_outcomes_typical(const struct sender_outcomes *s,
                                                     enum sender_fate fate, enum sender_group group)
{
    const struct sender_outcome *typical = NULL;
    size_t most = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < s->count; k++) {
            same += is_in(&s->of[k], fate, group) && s->of[k].reason == s->of[i].reason;
        }
        if (is_in(&s->of[i], fate, group) && same > most) {
            most = same;
            typical = &s->of[i];
        }
    }
    return typical;
}

bool sender_outcomes_accept_certificate(const struct sender_outcomes *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->of[i].worst == DELIVERY_AUTHENTICATED &&
            s->of[i].reason == DELIVERY_REASON_AUTHENTICATED_PKIX) {
            return true;
        }
    }
    return false;
}
