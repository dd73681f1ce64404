#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "scanner/analysis/account.h"
#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/effect.h"
#include "scanner/analysis/problem_rules.h"
#include "scanner/base/text.h"
#include "scanner/explain/explain.h"
#include "scanner/explain/terms.h"
#include "scanner/report/vocabularies.h"
#include "scanner/senders/sender_profiles.h"

Test(terms, names_are_compared_without_case_and_what_joins_them)
{
    static const struct {
        const char *text;
        const char *folded;
    } cases[] = {
        {"chain.missing_intermediate", "chain_missing_intermediate"},
        {"Chain Missing--Intermediate", "chain_missing_intermediate"},
        {" \"null\" mx ", "null_mx"},
        {"", ""},
        {"...", ""},
        {"\xff\xfe"
         "dane\033[1m",
         "dane_1m"},
        {"TLS1.3", "tls1_3"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char folded[TERM_NAME_MAX];
        term_fold(cases[i].text, folded);
        cr_expect_str_eq(folded, cases[i].folded);
    }
}

Test(terms, every_length_is_cut_to_what_is_compared)
{
    for (size_t len = 0; len < 300; len++) {
        char text[301];
        char folded[TERM_NAME_MAX];
        for (size_t i = 0; i < len; i++) {
            text[i] = i % 3 == 2 ? '.' : 'x';
        }
        text[len] = '\0';
        term_fold(text, folded);
        cr_expect_lt(strlen(folded), TERM_NAME_MAX);
    }
}

/* The name that an entry of one line gives leads to that thing. */
Test(terms, each_is_found_by_its_name_and_fits_the_width)
{
    struct terms *all = terms_new();
    struct terms *asked = terms_new();
    const struct term *list = all->list;
    size_t count = all->count;
    for (size_t i = 0; i < count; i++) {
        char folded[TERM_NAME_MAX];
        struct buf name = BUF_INIT(BUF_NO_LIMIT);
        if (list[i].kind == TERM_COLUMN) {
            cr_assert(term_path_of(&list[i], NULL, &name, NULL), "%s.%s", list[i].of, list[i].name);
        } else if (list[i].kind == TERM_AREA) {
            buf_put(&name, span_take(span_of(list[i].name), finding_area_len(list[i].name)));
        } else {
            buf_putf(&name, "%s%s%s", list[i].of ? list[i].of : "", list[i].of ? "." : "",
                     list[i].name);
        }
        buf_put_char(&name, '\0');
        cr_expect_lt(name.len, TERM_NAME_MAX, "%s", (const char *)name.at);
        term_fold((const char *)name.at, folded);
        cr_expect(term_is_called(&list[i], folded), "%s", (const char *)name.at);
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(explain_put_from(&out, asked, (const char *)name.at, EXPLAIN_TEXT, 80, false),
                  "%s", (const char *)name.at);
        buf_put_char(&out, '\0');
        for (const char *line = (const char *)out.at; *line != '\0';
             line += strcspn(line, "\n") + 1) {
            cr_expect_leq(strcspn(line, "\n"), 80, "%s: %s", (const char *)name.at, line);
        }
        buf_deinit(&out);
        buf_deinit(&name);
    }
    terms_free(asked);
    terms_free(all);
}

/* RFC 8460 section 4.3: the catalogue uses its words. */
Test(terms, result_types_of_findings_are_those_of_the_rfc)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        unsigned value = 0;
        cr_expect(f->tls_rpt[0] == '\0' ||
                      vocabulary_find(&result_type_vocabulary, span_of(f->tls_rpt), &value),
                  "%s: %s", f->code, f->tls_rpt);
    }
}

static bool is_area(const char *area)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const char *code = finding_info((enum finding_code)i)->code;
        if (strlen(area) == finding_area_len(code) && strncmp(code, area, strlen(area)) == 0) {
            return true;
        }
    }
    return false;
}

Test(terms, the_glossary_has_each_term_once_and_names_areas_that_exist)
{
    struct terms *all = terms_new();
    const struct term *list = all->list;
    size_t count = all->count;
    for (size_t i = 0; i < count; i++) {
        if (list[i].kind != TERM_GLOSSARY) {
            continue;
        }
        const struct glossary_term *g = list[i].glossary;
        cr_expect(g->area[0] == '\0' || is_area(g->area), "%s: %s", g->name, g->area);
        cr_expect_gt(strlen(g->meaning), 20, "%s", g->name);
        for (size_t k = 0; k < i; k++) {
            cr_expect(list[k].kind != TERM_GLOSSARY || strcmp(list[k].name, g->name) != 0, "%s",
                      g->name);
        }
    }
    terms_free(all);
}

Test(terms, a_path_is_found_by_its_end)
{
    struct terms *all = terms_new();
    const struct term *list = all->list;
    size_t count = all->count;
    struct buf path = BUF_INIT(BUF_NO_LIMIT);
    size_t found = 0;
    for (size_t i = 0; i < count; i++) {
        size_t others = 99;
        if (list[i].kind == TERM_COLUMN &&
            term_path_of(&list[i], "domains_mx_host", &path, &others)) {
            cr_expect(term_path_of(&list[i], "mx_host", NULL, NULL)); /* and others are called so */
            cr_expect_eq(others, 0);
            found++;
        }
    }
    cr_expect_eq(found, 1);
    cr_expect(span_eq(buf_span(&path), SPAN_LIT("domains.mx.host")));
    buf_deinit(&path);
    terms_free(all);
}

/* By construction: what defines a name is asked for it, so that a new one cannot be left out. */
static void is_explained(struct terms *all, const char *name, const char *says)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(explain_put_from(&out, all, name, EXPLAIN_TEXT, 80, false), "%s", name);
    buf_put_char(&out, '\0');
    cr_expect_not_null(strstr((const char *)out.at, says), "%s: %s", name, (const char *)out.at);
    buf_deinit(&out);
}

Test(terms, every_sender_profile_is_explained)
{
    struct terms *all = terms_new();
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct sender_profiles_file *f = sender_profiles_load(NULL, &why);
    cr_assert_not_null(f);
    for (size_t i = 0; i < f->profiles.count; i++) {
        char head[TERM_NAME_MAX + 20];
        (void)snprintf(head, sizeof(head), "%s (sender profile)", f->profiles.items[i].id);
        is_explained(all, f->profiles.items[i].id, head);
    }
    sender_profiles_free(f);
    buf_deinit(&why);
    terms_free(all);
}

/* Those of the measurement papers have numbers, T1 to T17; a table of the report may have parts and other names. */
Test(terms, every_table_of_reports_is_explained)
{
    struct terms *all = terms_new();
    for (unsigned n = 1; n <= 17; n++) {
        char name[16];
        (void)snprintf(name, sizeof(name), "T%u", n);
        is_explained(all, name, "(table of reports)");
    }
    terms_free(all);
}

Test(terms, every_word_of_effects_causes_classes_and_severities_is_explained)
{
    struct terms *all = terms_new();
    static const struct vocabulary *const asked[] = {
        &effect_vocabulary, &cause_kind_vocabulary, &account_class_vocabulary, &severity_vocabulary,
        &finding_scope_vocabulary};
    for (size_t v = 0; v < sizeof(asked) / sizeof(asked[0]); v++) {
        for (unsigned i = 0; i < asked[v]->count; i++) {
            if (vocabulary_has_word(asked[v], i)) {
                is_explained(all, vocabulary_word(asked[v], i), vocabulary_word(asked[v], i));
            }
        }
    }
    terms_free(all);
}

Test(terms, every_column_is_explained)
{
    struct terms *all = terms_new();
    for (unsigned t = 0; t < TABLE_COUNT; t++) {
        const struct definition *d = table_definition((enum table_id)t);
        for (size_t i = 0; i < d->column_count; i++) {
            char name[2 * TERM_NAME_MAX];
            (void)snprintf(name, sizeof(name), "%s.%s", d->name, d->columns[i].name);
            is_explained(all, name, d->columns[i].name);
        }
    }
    terms_free(all);
}
