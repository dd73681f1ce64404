#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/analysis/catalogue.h"
#include "scanner/analysis/catalogue_page.h"
#include "tests/support/read_file.h"

/* Design section 6, in the order of the flow. */
static const char *const areas[] = {"input", "dns",    "mx",   "smtp",    "starttls", "tls",
                                    "cert",  "chain",  "name", "sni",     "parity",   "rdns",
                                    "sts",   "tlsrpt", "dane", "delivery"};

/* IANA registry "STARTTLS Validation Result Types", RFC 8460 section 6.6. */
static const char *const result_types[] = {
    "",
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
};

static bool is_one_of(const char *word, size_t len, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strlen(words[i]) == len && memcmp(words[i], word, len) == 0) {
            return true;
        }
    }
    return false;
}

#define IS_ONE_OF(word, len, words) is_one_of(word, len, words, sizeof(words) / sizeof((words)[0]))

static bool is_code(const char *code)
{
    const char *dot = strchr(code, '.');
    return dot != NULL && IS_ONE_OF(code, (size_t)(dot - code), areas) && dot[1] != '\0' &&
           strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(dot + 1);
}

static bool is_sentence(const char *text)
{
    size_t len = strlen(text);
    return len > 1 && text[len - 1] == '.' && text[len - 2] != '.';
}

Test(catalogue, rows_are_complete_and_codes_are_unique)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        cr_expect(is_code(f->code), "%s", f->code);
        cr_expect(is_sentence(f->symptom), "%s: symptom", f->code);
        cr_expect(is_sentence(f->cause), "%s: cause", f->code);
        cr_expect(is_sentence(f->fix), "%s: fix", f->code);
        cr_expect(f->rfc[0] == '\0' || strncmp(f->rfc, "RFC ", 4) == 0, "%s: RFC", f->code);
        cr_expect(IS_ONE_OF(f->tls_rpt, strlen(f->tls_rpt), result_types), "%s: %s", f->code,
                  f->tls_rpt);
        enum finding_code found = FINDING_COUNT;
        cr_expect(finding_code_find(f->code, &found), "%s", f->code);
        cr_expect_eq((unsigned)found, i, "%s stands twice", f->code);
    }
    enum finding_code none = FINDING_COUNT;
    cr_expect(!finding_code_find("mx.no_such_code", &none));
    cr_expect_eq(none, FINDING_COUNT);
}

/* What costs no mail needs no report to the domain: RFC 8460 section 4.3 lists failures. */
Test(catalogue, only_faults_have_a_result_type)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        cr_expect(f->tls_rpt[0] == '\0' || f->severity_max >= SEVERITY_WARNING, "%s", f->code);
    }
}

/* To renew the page: MXCENSUS_WRITE_FINDINGS=1 ./test_analysis --filter 'catalogue/the_committed*' */
Test(catalogue, the_committed_page_is_the_generated_one)
{
    static const char path[] = SOURCE_ROOT "/docs/findings.md";
    struct buf made = BUF_INIT(BUF_NO_LIMIT);
    struct buf kept = BUF_INIT(BUF_NO_LIMIT);
    catalogue_write_markdown(&made);
    if (getenv("MXCENSUS_WRITE_FINDINGS") != NULL) {
        FILE *file = fopen(path, "wb");
        cr_assert_not_null(file);
        cr_assert_eq(fwrite(made.at, 1, made.len, file), made.len);
        cr_assert_eq(fclose(file), 0);
    }
    read_file(path, &kept);
    cr_expect(span_eq(buf_span(&made), buf_span(&kept)),
              "docs/findings.md is not what the catalogue says. Renew it:\n"
              "  MXCENSUS_WRITE_FINDINGS=1 ./test_analysis --filter 'catalogue/the_committed*'");
    buf_deinit(&made);
    buf_deinit(&kept);
}
