#include "scanner/survey/survey_private.h"

#define SECONDS_A_DAY 86400

/* --- what a row says ---------------------------------------------------------------------------- */

/* "RSA 2048", "EC P-256". */
static uint32_t key_of_leaf(struct survey *s, const struct facts *row)
{
    struct buf key = BUF_INIT(BUF_NO_LIMIT);
    const char *curve = facts_string(row, CERTIFICATES_KEY_CURVE);
    buf_put_text(&key, facts_string_or(row, CERTIFICATES_KEY_ALGORITHM, "not readable"));
    if (curve != NULL) {
        buf_putf(&key, " %s", curve);
    } else if (facts_has(row, CERTIFICATES_KEY_BITS)) {
        buf_putf(&key, " %u", facts_u32(row, CERTIFICATES_KEY_BITS));
    }
    uint32_t number = groups_number(&s->keys, buf_span(&key));
    buf_deinit(&key);
    return number;
}

static const char *lifetime_of_leaf(const struct facts *row)
{
    struct facts validity = facts_member(row, CERTIFICATES_VALIDITY);
    int64_t days = facts_has(&validity, VALIDITY_LENGTH)
                       ? facts_int(&validity, VALIDITY_LENGTH) / SECONDS_A_DAY
                       : -1;
    return days < 0       ? "not readable"
           : days <= 10   ? "a: up to 10 days"
           : days <= 47   ? "b: 11 to 47 days"
           : days <= 100  ? "c: 48 to 100 days"
           : days <= 200  ? "d: 101 to 200 days"
           : days <= 398  ? "e: 201 to 398 days"
           : days <= 825  ? "f: 399 to 825 days"
           : days <= 3660 ? "g: 826 days to 10 years"
                          : "h: over 10 years";
}

static void note_days_left(uint32_t *leaf, const struct facts *row)
{
    if (!facts_has(row, CERTIFICATES_DAYS_LEFT)) {
        return;
    }
    int64_t days = facts_int(row, CERTIFICATES_DAYS_LEFT);
    leaf[LEAF_DAYS] = 1 + survey_days_bin(days);
    leaf[LEAF_WEEK] = days >= 0 && days < 7 * WEEKS ? 1 + (uint32_t)(days / 7) : 0;
}

void survey_add_certificate(struct survey *s, const struct facts *row)
{
    const char *fingerprint = facts_string(row, CERTIFICATES_FINGERPRINT_SHA256);
    if (fingerprint == NULL) {
        return;
    }
    uint32_t *leaf = groups_of(&s->leaves, span_of(fingerprint));
    if (!facts_has(row, CERTIFICATES_ISSUER_DN)) {
        leaf[LEAF_READ] = 1;
        return;
    }
    struct facts signature = facts_member(row, CERTIFICATES_SIGNATURE_ALGORITHM);
    /* Each self-issued leaf has an issuer of its own. */
    const char *issuer = facts_bool(row, CERTIFICATES_SELF_ISSUED)
                             ? "(self-issued)"
                             : facts_string(row, CERTIFICATES_ISSUER_DN);
    leaf[LEAF_READ] = 2;
    leaf[LEAF_KEY] = 1 + key_of_leaf(s, row);
    leaf[LEAF_SIGNATURE] =
        1 + groups_number(
                &s->signatures,
                span_of(facts_string_or(&signature, SIGNATURE_ALGORITHM_NAME, "not readable")));
    leaf[LEAF_ISSUER] = 1 + groups_number(&s->issuers, span_of(issuer));
    leaf[LEAF_LIFETIME] = 1 + groups_number(&s->lifetimes, span_of(lifetime_of_leaf(row)));
    note_days_left(leaf, row);
}

/* --- the rows of tables that a leaf is in --------------------------------------------------------- */

#define LEAF_ROWS_MAX 6

/* @return how many; none of one that cannot be parsed */
static size_t rows_of_leaf(struct survey *s, const uint32_t *leaf, uint32_t *rows[LEAF_ROWS_MAX])
{
    struct groups *const groups[] = {&s->keys, &s->signatures, &s->issuers, &s->lifetimes};
    size_t count = 0;
    for (unsigned i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        if (leaf[LEAF_KEY + i] > 0) {
            rows[count++] = groups_row(groups[i], leaf[LEAF_KEY + i] - 1);
        }
    }
    if (leaf[LEAF_DAYS] > 0) {
        rows[count++] = s->days_left[leaf[LEAF_DAYS] - 1];
    }
    if (leaf[LEAF_WEEK] > 0) {
        rows[count++] = s->week[leaf[LEAF_WEEK] - 1];
    }
    return count;
}

void survey_count_leaf_domain(struct survey *s, uint32_t *leaf, uint32_t unit)
{
    uint32_t *rows[LEAF_ROWS_MAX];
    if (survey_count_once(&leaf[THING_DOMAINS], &leaf[THING_STAMP], unit)) {
        for (size_t i = rows_of_leaf(s, leaf, rows); i-- > 0;) {
            survey_count_once(&rows[i][ROW_DOMAINS], &rows[i][ROW_STAMP], unit);
        }
    }
}

static const char *reuse_bin(uint32_t services)
{
    return services == 0     ? "a: with SNI only"
           : services == 1   ? "b: 1 service"
           : services <= 9   ? "c: 2 to 9 services"
           : services <= 99  ? "d: 10 to 99 services"
           : services <= 999 ? "e: 100 to 999 services"
                             : "f: 1,000 services or more";
}

static void count_leaf(const uint32_t *leaf, uint32_t *row)
{
    row[ROW_THINGS]++;
    row[ROW_ENDPOINTS] += leaf[LEAF_ENDPOINTS];
    row[ROW_SERVICES] += leaf[LEAF_SERVICES];
}

void survey_end_leaves(struct survey *s)
{
    for (uint32_t i = 0; i < groups_count(&s->leaves); i++) {
        const uint32_t *leaf = groups_at(&s->leaves, i);
        if (leaf[THING_DOMAINS] == 0 || leaf[LEAF_READ] == 0) {
            continue;
        }
        uint32_t *rows[LEAF_ROWS_MAX];
        s->leaf_total++;
        s->leaf_trusted += leaf[LEAF_TRUSTED] > 0;
        s->leaf_unjudged += leaf[LEAF_JUDGED] == 0;
        s->leaf_unread += leaf[LEAF_READ] == 1;
        count_leaf(leaf, groups_of(&s->reuse, span_of(reuse_bin(leaf[LEAF_SERVICES]))));
        for (size_t k = rows_of_leaf(s, leaf, rows); k-- > 0;) {
            count_leaf(leaf, rows[k]);
        }
    }
}
