#include <stdio.h>
#include <stdlib.h>

#include "scanner/base/check.h"
#include "scanner/survey/survey_sheets_private.h"

#define OF_KNOWN                                                                               \
    " Denominator of each share: " EXPLICIT_DOMAINS " for which that is known; untested: the " \
    "others, for which an untested server or a failed query could change it."

/* --- what became of the list ------------------------------------------------------------------- */

static void make_scope(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "account", "How each input line ended",
        "One class for each line of the input, the first that fits. Numerator: lines of the "
        "class. Denominator: all lines of the input. Weighting: line.");
    sheet_column(t, SHEET_TEXT, "account", "class");
    sheet_column(t, SHEET_TEXT, "meaning", "means");
    sheet_column(t, SHEET_SHARE, "lines", "lines");
    for (enum account_class c = 0; c < ACCOUNT_CLASS_COUNT; c++) {
        sheet_text(t, account_class_word(c));
        sheet_text(t, account_class_vocabulary.words[c].meaning);
        sheet_part(t, s->account[c], s->inputs);
    }
}

static void make_kinds(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "mx-kind", "Where mail for the domains goes",
        "Numerator: domains whose mail goes there. Denominator: domains about which DNS was "
        "asked: lines without invalid, repeated and blocklisted ones. Untested: the answer is not "
        "known. Weighting: domain.");
    uint64_t asked = 0;
    uint64_t unknown = s->mx_kind[MX_KIND_NOT_ASKED] + s->mx_kind[MX_KIND_UNKNOWN];
    for (unsigned k = 0; k < MX_KIND_COUNT; k++) {
        asked += s->mx_kind[k];
    }
    sheet_column(t, SHEET_TEXT, "mx_kind", "kind");
    sheet_column(t, SHEET_TEXT, "meaning", "mail goes");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    for (enum mx_kind k = 0; k < MX_KIND_COUNT; k++) {
        if (k != MX_KIND_NOT_ASKED && k != MX_KIND_UNKNOWN) {
            sheet_text(t, mx_kind_word(k));
            sheet_text(t, mx_kind_vocabulary.words[k].meaning);
            sheet_share(t, (struct share){s->mx_kind[k], asked - unknown, unknown});
        }
    }
}

static void make_adoption(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "adoption", "What the domains have",
        "Numerator: domains for which the definition of the line holds. Denominator: domains for "
        "which that is known. Untested: domains for which an untested server or a failed query "
        "could change it. Domains with MX records and with implicit MX are apart. Weighting: "
        "domain.");
    sheet_column(t, SHEET_TEXT, "measure", "measure");
    sheet_column(t, SHEET_TEXT, "definition", "numerator");
    sheet_column(t, SHEET_SHARE, "explicit_mx", "domains with MX records");
    sheet_column(t, SHEET_SHARE, "implicit_mx", "domains with implicit MX");
    for (enum measure m = 0; m < MEASURE_COUNT; m++) {
        sheet_text(t, measure_info(m)->title);
        sheet_text(t, measure_info(m)->meaning);
        sheet_share(t, measures_share(s->whole[MAIL_EXPLICIT], m));
        sheet_share(t, measures_share(s->whole[MAIL_IMPLICIT], m));
    }
}

/* --- by something ------------------------------------------------------------------------------- */

struct measure_list {
    const enum measure *measures;
    size_t count;
};

static void add_measure_columns(struct sheet *t, struct measure_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct measure_info *info = measure_info(list.measures[i]);
        sheet_column(t, SHEET_SHARE, info->name, info->title);
    }
}

static void put_measures(struct sheet *t, const uint32_t *counters, struct measure_list list)
{
    for (size_t i = 0; i < list.count; i++) {
        sheet_share(t, measures_share(counters, list.measures[i]));
    }
}

static void put_groups_of_domains(struct sheet *t, const struct groups *g, uint64_t total,
                                  struct measure_list list)
{
    uint32_t *order = groups_order(g, MEASURES_TOTAL);
    for (uint32_t i = 0; i < sheet_rows_of(groups_count(g)); i++) {
        const uint32_t *counters = groups_at(g, order[i]);
        sheet_text(t, groups_name(g, order[i]));
        sheet_part(t, counters[MEASURES_TOTAL], total);
        put_measures(t, counters, list);
    }
    free(order);
}

#define LIST_OF(array) ((struct measure_list){(array), sizeof(array) / sizeof((array)[0])})

static void make_by_tld(const struct survey *s, struct sheets *out)
{
    static const enum measure measures[] = {
        MEASURE_STARTTLS_ALL, MEASURE_ACCEPTABLE_ALL, MEASURE_STS_RECORD, MEASURE_STS_IN_USE,
        MEASURE_TLSA,         MEASURE_DANE_SOME,      MEASURE_TLS_RPT,    MEASURE_DNSSEC};
    struct sheet *t =
        sheet_new(out, "T1", "By top-level domain",
                  "Weighting: domain. Domains: numerator those of the top-level domain, "
                  "denominator all " EXPLICIT_DOMAINS ". TLSA records: secure or not." OF_KNOWN);
    sheet_column(t, SHEET_NAME, "tld", "TLD");
    sheet_column(t, SHEET_SHARE, "domains", "domains with MX");
    add_measure_columns(t, LIST_OF(measures));
    put_groups_of_domains(t, &s->tld, s->whole[MAIL_EXPLICIT][MEASURES_TOTAL], LIST_OF(measures));
}

static void make_by_operator(const struct survey *s, struct sheets *out)
{
    static const enum measure measures[] = {
        MEASURE_STARTTLS_ALL,   MEASURE_TLS1_2_ALL, MEASURE_TLS1_3_ALL, MEASURE_TRUSTED_ALL,
        MEASURE_ACCEPTABLE_ALL, MEASURE_DANE_SOME,  MEASURE_STS_IN_USE, MEASURE_IPV6};
    struct sheet *t =
        sheet_new(out, "T3", "By operator of the mail servers",
                  "Weighting: domain. The operator is mx_operator of table domains: from the "
                  "certificate, the "
                  "banner, or the name of the MX host at the lowest preference; (several): hosts "
                  "of more than "
                  "one, (unknown): nothing says it. The 1,000 largest. Domains: denominator "
                  "all " EXPLICIT_DOMAINS ". TLS versions are those negotiated." OF_KNOWN);
    sheet_column(t, SHEET_NAME, "mx_operator", "operator");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    add_measure_columns(t, LIST_OF(measures));
    put_groups_of_domains(t, &s->operator, s->whole[MAIL_EXPLICIT][MEASURES_TOTAL],
                          LIST_OF(measures));
}

static const enum measure rank_measures[] = {
    MEASURE_STARTTLS_ALL, MEASURE_TLS1_2_ALL, MEASURE_ACCEPTABLE_ALL, MEASURE_STS_IN_USE,
    MEASURE_DANE_SOME,    MEASURE_TLS_RPT,    MEASURE_DNSSEC,         MEASURE_IPV6};

#define NO_RANK                                                                                   \
    "The rows have no rank. Scan a list with a column of ranks and --metadata-passthrough, then " \
    "name the column with --rank-column; for a list that is sorted by rank, --rank-column line."

static void make_by_rank(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T10", "By rank",
        "Weighting: domain. A row is of the " EXPLICIT_DOMAINS
        " whose rank is in the bin; domains: denominator all of these with a rank." OF_KNOWN);
    sheet_column(t, SHEET_TEXT, "rank", "rank");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    add_measure_columns(t, LIST_OF(rank_measures));
    t->missing = s->ranked == 0 ? NO_RANK : NULL;
    uint64_t from = 1;
    uint64_t to = 1000;
    for (unsigned i = 0; i < RANK_DECADES; i++, from = to + 1, to *= 10) {
        if (s->rank_decade[i][MEASURES_TOTAL] > 0) {
            char name[64];
            bool last = i + 1 == RANK_DECADES;
            int len = last ? snprintf(name, sizeof(name), "over %llu", (unsigned long long)from - 1)
                           : snprintf(name, sizeof(name), "%llu-%llu", (unsigned long long)from,
                                      (unsigned long long)to);
            CHECK(len > 0 && (size_t)len < sizeof(name));
            sheet_text(t, name);
            sheet_part(t, s->rank_decade[i][MEASURES_TOTAL], s->ranked);
            put_measures(t, s->rank_decade[i], LIST_OF(rank_measures));
        }
    }
}

static void make_cumulative(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "T10-cumulative", "Share up to a rank",
                                "Weighting: domain. A row is of the " EXPLICIT_DOMAINS
                                " of this rank or a smaller one." OF_KNOWN);
    sheet_column(t, SHEET_COUNT, "rank_up_to", "rank up to");
    sheet_column(t, SHEET_COUNT, "domains", "domains");
    add_measure_columns(t, LIST_OF(rank_measures));
    t->missing = s->ranked == 0 ? NO_RANK : NULL;
    uint32_t sum[MEASURES_WIDTH] = {0};
    for (unsigned i = 0; i < RANK_STEPS && s->ranked > 0 && sum[MEASURES_TOTAL] < s->ranked; i++) {
        for (unsigned c = 0; c < MEASURES_WIDTH; c++) {
            sum[c] += s->rank_step[i][c];
        }
        if (s->rank_step[i][MEASURES_TOTAL] > 0) {
            sheet_count(t, survey_rank_step_end(i));
            sheet_count(t, sum[MEASURES_TOTAL]);
            put_measures(t, sum, LIST_OF(rank_measures));
        }
    }
}

static void make_by_customer(const struct survey *s, struct sheets *out)
{
    static const enum measure measures[] = {
        MEASURE_STARTTLS_ALL, MEASURE_TLS1_2_ALL, MEASURE_ACCEPTABLE_ALL, MEASURE_DANE_SOME,
        MEASURE_DNSSEC,       MEASURE_IPV6,       MEASURE_STS_IN_USE,     MEASURE_TLS_RPT};
    struct sheet *t = sheet_new(
        out, "T17", "Standards by group of domains",
        "Weighting: domain. The groups are the values of the column that --customer-column names. "
        "The 1,000 largest. TLS versions are those negotiated." OF_KNOWN);
    sheet_column(t, SHEET_NAME, "group", "group");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    add_measure_columns(t, LIST_OF(measures));
    uint64_t total = s->whole[MAIL_EXPLICIT][MEASURES_TOTAL];
    sheet_text(t, "(all)");
    sheet_part(t, total, total);
    put_measures(t, s->whole[MAIL_EXPLICIT], LIST_OF(measures));
    if (s->terms.customer_column != NULL) {
        put_groups_of_domains(t, &s->customer, total, LIST_OF(measures));
    }
}

/* --- senders ------------------------------------------------------------------------------------ */

/* What fails most often with this sender, and how often. */
static uint32_t most_frequent_reason(const struct groups *reasons, const char *profile,
                                     const char **reason)
{
    uint32_t most = 0;
    size_t len = strlen(profile);
    for (uint32_t i = 0; i < groups_count(reasons); i++) {
        const char *name = groups_name(reasons, i);
        bool is_its = strncmp(name, profile, len) == 0 && name[len] == '\x1f';
        uint32_t count = groups_at(reasons, i)[0];
        if (is_its && count > most) {
            most = count;
            *reason = strrchr(name, '\x1f') + 1;
        }
    }
    return most;
}

static void make_senders(const struct survey *s, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "T16-senders", "Predicted outcome by sender profile",
        "Weighting: domain. The worst outcome over MX hosts of the same preference and both "
        "address "
        "families, by sender profile. Denominator: " EXPLICIT_DOMAINS
        " for which the outcome is known; untested: it depends on an untested server or version. "
        "The last columns: what decides most often where mail is not encrypted.");
    static const enum delivery shown[] = {DELIVERY_AUTHENTICATED, DELIVERY_ENCRYPTED,
                                          DELIVERY_PLAINTEXT, DELIVERY_DEFERRED,
                                          DELIVERY_UNDELIVERABLE};
    sheet_column(t, SHEET_NAME, "profile", "sender");
    for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
        sheet_column(t, SHEET_SHARE, delivery_word(shown[i]), delivery_word(shown[i]));
    }
    sheet_column(t, SHEET_TEXT, "main_reason", "main reason");
    sheet_column(t, SHEET_COUNT, "main_reason_domains", "domains");
    t->missing = groups_count(&s->profile) == 0 ? "The rows have no outcomes." : NULL;
    for (uint32_t i = 0; i < groups_count(&s->profile); i++) {
        const uint32_t *worst = groups_at(&s->profile, i) + DELIVERY_COUNT;
        uint64_t known = 0;
        for (unsigned d = 0; d < DELIVERY_COUNT; d++) {
            known += d != DELIVERY_UNKNOWN ? worst[d] : 0;
        }
        sheet_text(t, groups_name(&s->profile, i));
        for (size_t k = 0; k < sizeof(shown) / sizeof(shown[0]); k++) {
            sheet_share(t, (struct share){worst[shown[k]], known, worst[DELIVERY_UNKNOWN]});
        }
        const char *reason = NULL;
        uint32_t count =
            most_frequent_reason(&s->profile_reason, groups_name(&s->profile, i), &reason);
        sheet_text(t, reason);
        sheet_count(t, count);
    }
}

void survey_make_domain_sheets(const struct survey *s, struct sheets *out)
{
    make_scope(s, out);
    make_kinds(s, out);
    make_adoption(s, out);
    make_by_tld(s, out);
    make_by_operator(s, out);
    make_by_rank(s, out);
    make_cumulative(s, out);
    make_senders(s, out);
    make_by_customer(s, out);
}
