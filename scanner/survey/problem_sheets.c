#include <stdlib.h>

#include "scanner/survey/problem_survey.h"
#include "scanner/survey/survey_sheets_private.h"

#define NO_PROBLEMS                                                                                \
    "These results have no tables problems and causes, as those of an older version or of a scan " \
    "without its end; mxcensus analyze -o DIR RESULTS makes them."

struct effect_title {
    const char *id;
    const char *title;
};

static const struct effect_title effect_titles[EFFECT_COUNT] = {
    [EFFECT_MAIL_LOST] = {"causes-mail_lost", "Mail is lost"},
    [EFFECT_CLEARTEXT] = {"causes-cleartext", "Mail is sent in cleartext"},
    [EFFECT_UNKNOWN] = {"causes-unknown", "Not known: no server could be tested"},
    [EFFECT_POLICY_RISK] = {"causes-policy_risk", "At risk under the domain's own policies"},
    [EFFECT_STRICT_RISK] = {"causes-strict_risk", "At risk for strict senders"},
    [EFFECT_HYGIENE] = {"causes-hygiene", "Hygiene"},
    [EFFECT_NO_MAIL] = {"causes-no_mail", "No mail set up"},
};

const char *effect_title(enum effect e)
{
    return e == EFFECT_NONE ? "No problem" : effect_titles[e].title;
}

static const char *const break_titles[BREAK_COUNT] = {
    [BREAK_LEAF_EXPIRES] = "leaf",
    [BREAK_INTERMEDIATE_EXPIRES] = "intermediate",
    [BREAK_ANCHOR_EXPIRES] = "anchor",
    [BREAK_POLICY_CERTIFICATE_EXPIRES] = "policy host",
    [BREAK_TLSA_NAMES_LEAF] = "TLSA of a leaf",
    [BREAK_TLSA_NAMES_ISSUER] = "TLSA of an issuer",
};

static void make_effects(const struct survey *s, const struct problem_survey *p, struct sheets *out)
{
    struct sheet *t = sheet_new(
        out, "effects", "Domains by the worst effect of their problems",
        "Weighting: domain. Numerator: domains whose worst problem has this effect. Denominator: "
        "domains "
        "with MX records, and apart those with an implicit MX, that have a known problem or were "
        "tested; untested: no server could be tested, and no problem is known. Others: domains "
        "without either, "
        "whose "
        "number is of no share.");
    sheet_column(t, SHEET_TEXT, "effect", "worst effect");
    sheet_column(t, SHEET_TEXT, "meaning", "means");
    sheet_column(t, SHEET_SHARE, "explicit_mx", "domains with MX records");
    sheet_column(t, SHEET_SHARE, "implicit_mx", "domains with implicit MX");
    sheet_column(t, SHEET_COUNT, "others", "others");
    t->missing = p->present ? NULL : NO_PROBLEMS;
    if (!p->present) {
        return;
    }
    uint64_t known[MAIL_KIND_COUNT] = {0};
    for (int k = 0; k < MAIL_KIND_COUNT; k++) {
        for (unsigned e = 0; e < EFFECT_COUNT; e++) {
            known[k] += e != EFFECT_UNKNOWN ? s->effect[k][e] : 0;
        }
    }
    for (unsigned i = 1; i <= EFFECT_COUNT; i++) {
        unsigned e = i % EFFECT_COUNT; /* none comes last */
        sheet_text(t, effect_title((enum effect)e));
        sheet_text(t,
                   e == EFFECT_NONE ? "no problem was found" : effect_vocabulary.words[e].meaning);
        for (int k = 0; k < MAIL_KIND_COUNT; k++) {
            uint64_t untested = s->effect_unknown[k] + s->effect[k][EFFECT_UNKNOWN];
            if (e == EFFECT_UNKNOWN) { /* in no share: it is what is untested in the others */
                sheet_none(t);
            } else {
                sheet_share(t, (struct share){s->effect[k][e], known[k], untested});
            }
        }
        sheet_count(t, s->effect_others[e]);
    }
}

static void put_first_domains(struct sheet *t, const struct cause_entry *c)
{
    struct buf names = BUF_INIT(BUF_NO_LIMIT);
    for (size_t i = 0; i < c->first_count; i++) {
        buf_put_text(&names, i > 0 ? ", " : "");
        buf_put(&names, c->first[i]);
    }
    sheet_span(t, buf_span(&names));
    buf_deinit(&names);
}

static void make_causes(const struct problem_survey *p, struct sheets *out, enum effect e)
{
    struct sheet *t = sheet_new(out, effect_titles[e].id, effect_titles[e].title,
                                effect_vocabulary.words[e].meaning);
    sheet_column(t, SHEET_TEXT, "problem", "problem");
    sheet_column(t, SHEET_NAME, "name", "at");
    sheet_column(t, SHEET_TEXT, "kind", "kind");
    sheet_column(t, SHEET_NAME, "thing", "key");
    sheet_column(t, SHEET_NAME, "mx_operator", "operator");
    sheet_column(t, SHEET_COUNT, "domains", "domains");
    sheet_column(t, SHEET_COUNT, "hosts", "MX hosts");
    sheet_column(t, SHEET_TEXT, "fix", "fix");
    sheet_column(t, SHEET_NAME, "first_domains", "first domains");
    sheet_column(t, SHEET_TEXT, "code", "code");
    t->missing = p->present ? NULL : NO_PROBLEMS;
    for (size_t i = 0; i < p->list[e].count; i++) {
        const struct cause_entry *c = &p->list[e].entry[i];
        sheet_span(t, c->symptom);
        sheet_span(t, c->name.len > 0 ? c->name : c->thing);
        sheet_span(t, c->kind);
        sheet_span(t, c->thing);
        sheet_span(t, c->operator);
        sheet_count(t, c->domains);
        sheet_count(t, c->hosts);
        sheet_span(t, c->fix);
        put_first_domains(t, c);
        sheet_span(t, c->code);
    }
}

static void make_breaks(const struct survey *s, const struct problem_survey *p, struct sheets *out)
{
    struct sheet *t = sheet_new(out, "will-break", "When mail will suffer if nobody does anything",
                                "Weighting: domain with MX records, by whole days from the "
                                "judgement to will_break_at of table domains; of several "
                                "servers the last one that passes counts. Denominator: domains for "
                                "which a date is known; untested: no date is "
                                "known, because nothing that runs out protects their mail now, or "
                                "something was not tested. Then for whose mail (will_break_effect; "
                                "as_today: the same or a worse effect is there today, so that "
                                "nothing new happens), and by what runs out.");
    sheet_column(t, SHEET_TEXT, "days", "days left");
    sheet_column(t, SHEET_SHARE, "domains", "domains");
    sheet_column(t, SHEET_COUNT, effect_word(EFFECT_POLICY_RISK), "senders with MTA-STS or DANE");
    sheet_column(t, SHEET_COUNT, effect_word(EFFECT_STRICT_RISK),
                 "senders that verify certificates");
    sheet_column(t, SHEET_COUNT, "as_today", "no worse than today");
    for (enum break_kind k = BREAK_NONE + 1; k < BREAK_COUNT; k++) {
        sheet_column(t, SHEET_COUNT, break_kind_word(k), break_titles[k]);
    }
    t->missing = !p->present           ? NO_PROBLEMS
                 : s->break_known == 0 ? "No date is known for any domain."
                                       : NULL;
    for (unsigned b = 0; b < DAYS_BIN_COUNT && t->missing == NULL; b++) {
        uint64_t domains = 0;
        for (unsigned k = 0; k < BREAK_COUNT; k++) {
            domains += s->break_days[b][k];
        }
        sheet_text(t, b == 0 ? "past" : survey_days_title(b));
        sheet_share(t, (struct share){domains, s->break_known, s->break_unknown});
        sheet_count(t, s->break_effect[b][EFFECT_POLICY_RISK]);
        sheet_count(t, s->break_effect[b][EFFECT_STRICT_RISK]);
        sheet_count(t, s->break_effect[b][EFFECT_NONE]);
        for (unsigned k = BREAK_NONE + 1; k < BREAK_COUNT; k++) {
            sheet_count(t, s->break_days[b][k]);
        }
    }
}

static void make_customers(const struct survey *s, const struct problem_survey *p,
                           struct sheets *out)
{
    struct sheet *t = sheet_new(out, "customers", "Groups of domains by effect",
                                "Weighting: domain, of all lines about which DNS was asked, with "
                                "or without MX records. The groups are the "
                                "values of the column that --customer-column names; those with "
                                "most of the worst problems first. A domain "
                                "counts once, by the worst effect of its problems.");
    sheet_column(t, SHEET_NAME, "group", "group");
    sheet_column(t, SHEET_COUNT, "domains", "domains");
    for (enum effect e = EFFECT_NONE + 1; e < EFFECT_COUNT; e++) {
        sheet_column(t, SHEET_COUNT, effect_word(e), effect_titles[e].title);
    }
    t->missing = !p->present                        ? NO_PROBLEMS
                 : s->terms.customer_column == NULL ? "Name the column with --customer-column."
                                                    : NULL;
    if (t->missing != NULL) {
        return;
    }
    uint32_t *order = groups_order_by_effect(&s->customer_effect);
    for (uint32_t i = 0; i < sheet_rows_of(groups_count(&s->customer_effect)); i++) {
        const uint32_t *c = groups_at(&s->customer_effect, order[i]);
        uint64_t domains = 0;
        for (unsigned e = 0; e < EFFECT_COUNT; e++) {
            domains += c[e];
        }
        sheet_text(t, groups_name(&s->customer_effect, order[i]));
        sheet_count(t, domains);
        for (unsigned e = EFFECT_NONE + 1; e < EFFECT_COUNT; e++) {
            sheet_count(t, c[e]);
        }
    }
    free(order);
}

void survey_make_problem_sheets(const struct survey *s, const struct problem_survey *p,
                                struct sheets *out)
{
    make_effects(s, p, out);
    for (enum effect e = EFFECT_NONE + 1; e < EFFECT_COUNT; e++) {
        make_causes(p, out, e);
    }
    make_breaks(s, p, out);
    make_customers(s, p, out);
}
