#include "tests/unit/analysis/expected.h"

#include <criterion/criterion.h>

static size_t expected_count(const struct expected_finding *expected)
{
    size_t count = 0;
    while (count < EXPECTED_MAX && expected[count].evidence != NULL) {
        count++;
    }
    return count;
}

static const struct expected_finding *find(const struct expected_finding *expected,
                                           enum finding_code code)
{
    for (size_t i = 0; i < expected_count(expected); i++) {
        if (expected[i].code == code) {
            return &expected[i];
        }
    }
    return NULL;
}

void expect_findings(const char *name, const struct findings *f, enum finding_scope scope,
                     const struct expected_finding *expected)
{
    for (size_t i = 0; i < f->count; i++) {
        const struct finding_info *info = finding_info(f->item[i].code);
        struct span evidence = findings_evidence(f, i);
        const struct expected_finding *e = find(expected, f->item[i].code);
        cr_expect_eq(info->scope, scope, "%s: %s in the wrong scope", name, info->code);
        cr_expect_not_null(e, "%s: %s was raised: %.*s", name, info->code, (int)evidence.len,
                           (const char *)evidence.at);
        if (e == NULL) {
            continue;
        }
        cr_expect_eq(f->item[i].severity, e->severity, "%s: %s is %s", name, info->code,
                     severity_word(f->item[i].severity));
        cr_expect(evidence.len > 0, "%s: %s without evidence", name, info->code);
        cr_expect_not_null(memmem(evidence.at, evidence.len, e->evidence, strlen(e->evidence)),
                           "%s: %s: %.*s", name, info->code, (int)evidence.len,
                           (const char *)evidence.at);
    }
    for (size_t i = 0; i < expected_count(expected); i++) {
        cr_expect(findings_has(f, expected[i].code), "%s: %s was not raised", name,
                  finding_info(expected[i].code)->code);
    }
}

void cover_row(struct covered *c, const struct expected_finding *expected, unsigned spares)
{
    for (size_t i = 0; i < expected_count(expected); i++) {
        c->raised[expected[i].code] = true;
    }
    if (spares != 0) {
        cr_expect_null(find(expected, (enum finding_code)(spares - 1)),
                       "a row spares and expects %s",
                       finding_info((enum finding_code)(spares - 1))->code);
        c->spared[spares - 1] = true;
    }
}
