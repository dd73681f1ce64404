#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/policy/sts_policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_remark(enum sts_policy_fault f)
{
    return f == STS_POLICY_MAX_AGE_OVER_MAX || f == STS_POLICY_MAX_AGE_SHORT ||
           f == STS_POLICY_KEY_CASE || f == STS_POLICY_DUPLICATE_KEY ||
           f == STS_POLICY_UNKNOWN_KEY || f == STS_POLICY_BLANK_LINE || f == STS_POLICY_BOM ||
           f == STS_POLICY_KEY_SPACE || f == STS_POLICY_LAST_CR || f == STS_POLICY_TOO_MANY_MX;
}

static void check_faults(struct span body, const struct sts_policy *p)
{
    bool broken = false;
    uint32_t line = 0;
    bool ended = false; /* what is missing comes last, without a line */
    CHECK(p->fault_count <= STS_FAULTS_MAX);
    CHECK(!p->faults_truncated || p->fault_count == STS_FAULTS_MAX);
    for (size_t i = 0; i < p->fault_count; i++) {
        const struct sts_policy_finding *f = &p->fault[i];
        CHECK(sts_policy_fault_word(f->fault) != NULL);
        CHECK(f->text.len == 0 ||
              (f->text.at >= body.at && f->text.at + f->text.len <= body.at + body.len));
        CHECK(f->line == 0 || (!ended && f->line >= line));
        ended = ended || (f->line == 0 && line > 0);
        line = f->line > 0 ? f->line : line;
        broken = broken || !is_remark(f->fault);
    }
    /* A policy is invalid for a reason that is told, and valid without one. */
    CHECK(p->lenient_valid == !broken);
}

/* RFC 8461 section 3.2: ["*."] Domain covers the same text, or one label in place of the star. */
static void check_pattern(struct span pattern)
{
    char host[512];
    bool wildcard = pattern.at[0] == '*';
    CHECK(pattern.len > 0 && pattern.len <= 255);
    memcpy(host, pattern.at, pattern.len);
    host[0] = wildcard ? 'x' : host[0];
    struct span name = {(const uint8_t *)host, pattern.len};
    CHECK(sts_pattern_matches(pattern, name));
    CHECK(!sts_pattern_matches(pattern, span_drop(name, 1)) || wildcard);
    memmove(host + 2, host, pattern.len);
    host[0] = 'y';
    host[1] = '.';
    name.len += 2;
    CHECK(!sts_pattern_matches(pattern, name));
}

/* The two readings told by what readers differ in. */
static void check_quirks(const struct sts_policy *p)
{
    static const uint32_t of_grammar = 1U << STS_POLICY_QUIRK_NON_ASCII;
    static const uint32_t breaking =
        1U << STS_POLICY_QUIRK_EXTRA_CR | 1U << STS_POLICY_QUIRK_MX_TRAILING_DOT |
        1U << STS_POLICY_QUIRK_MX_IP | 1U << STS_POLICY_QUIRK_MX_SYNTAX |
        1U << STS_POLICY_QUIRK_EXTENSION_SYNTAX | 1U << STS_POLICY_QUIRK_NO_COLON;
    CHECK(p->quirks >> STS_POLICY_QUIRK_COUNT == 0);
    CHECK(p->lenient_valid == (p->readable && (p->quirks & breaking) == 0));
    CHECK(p->strict_valid == (p->readable && (p->quirks & ~of_grammar) == 0));
    CHECK(p->strict_valid || p->fault_count > 0);
}

static void check_policy(struct span body, const struct sts_policy *p)
{
    CHECK(!p->strict_valid || p->lenient_valid);
    CHECK(p->mx_count <= STS_MX_PATTERNS_MAX && p->mx_count <= p->mx_total);
    CHECK(p->max_age <= 9999999999U && (p->has_max_age || p->max_age == 0));
    CHECK(!p->lenient_valid || (sts_mode_word(p->mode) != NULL && p->has_max_age));
    CHECK(!p->lenient_valid || p->mode == STS_MODE_NONE || p->mx_count > 0);
    for (size_t i = 0; i < p->mx_count; i++) {
        CHECK(p->mx[i].at >= body.at && p->mx[i].at + p->mx[i].len <= body.at + body.len);
        check_pattern(p->mx[i]);
    }
    check_faults(body, p);
    check_quirks(p);
}

static bool is_same(const struct sts_policy *a, const struct sts_policy *b)
{
    bool same = a->strict_valid == b->strict_valid && a->lenient_valid == b->lenient_valid &&
                a->mode == b->mode && a->has_max_age == b->has_max_age &&
                a->max_age == b->max_age && a->mx_count == b->mx_count &&
                a->mx_total == b->mx_total && a->fault_count == b->fault_count &&
                a->readable == b->readable && a->quirks == b->quirks;
    for (size_t i = 0; same && i < a->mx_count; i++) {
        same = span_eq(a->mx[i], b->mx[i]);
    }
    return same;
}

/* RFC 8461 section 3.2: LF and CRLF are the same; one at the end may be left out. */
static void check_line_ends(struct span body, const struct sts_policy *p)
{
    struct sts_policy other;
    uint8_t *crlf = malloc(2 * body.len + 1);
    size_t len = 0;
    CHECK(crlf != NULL);
    for (size_t i = 0; i < body.len; i++) {
        if (body.at[i] == '\n') {
            crlf[len++] = '\r';
        }
        crlf[len++] = body.at[i];
    }
    if (memchr(body.at, '\r', body.len) == NULL) {
        sts_policy_read((struct span){crlf, len}, &other);
        CHECK(is_same(p, &other));
        if (body.at[body.len - 1] != '\n') {
            crlf[len] = '\n';
            sts_policy_read((struct span){crlf, len + 1}, &other);
            CHECK(is_same(p, &other));
        }
    }
    free(crlf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sts_policy p;
    struct span body = {data, size};
    memset(&p, 0xa5, sizeof(p)); /* nothing of an earlier policy may be left */
    sts_policy_read(body, &p);
    check_policy(body, &p);
    if (size > 0) {
        check_line_ends(body, &p);
    }
    return 0;
}
