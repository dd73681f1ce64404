#include <jansson.h>

#include <criterion/criterion.h>

#include "scanner/analysis/catalogue.h"
#include "scanner/explain/explain.h"

static struct buf explain(const char *topic, enum explain_format format)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(explain_put(&out, topic, format, 80, false), "%s", topic ? topic : "all");
    buf_put_char(&out, '\0');
    out.len--;
    return out;
}

/** Does `text` hold `words` in this order, wrapped or not? */
static bool holds(const char *text, const char *words)
{
    size_t at = 0;
    for (const char *c = text; *c != '\0'; c++) {
        size_t i = 0;
        at = 0;
        while (words[i] != '\0') {
            bool spaces = words[i] == ' ' && (c[at] == ' ' || c[at] == '\n');
            if (spaces) {
                while (c[at] == ' ' || c[at] == '\n') {
                    at++;
                }
            } else if (c[at] == words[i]) {
                at++;
            } else {
                break;
            }
            i++;
        }
        if (words[i] == '\0') {
            return true;
        }
    }
    return false;
}

Test(explain, every_code_has_its_entry)
{
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        struct buf out = explain(f->code, EXPLAIN_TEXT);
        const char *text = (const char *)out.at;
        cr_assert(strncmp(text, f->code, strlen(f->code)) == 0, "%s", text);
        cr_assert(holds(text, f->symptom) && holds(text, f->cause) && holds(text, f->fix), "%s",
                  text);
        cr_assert(holds(text, f->rfc) && holds(text, f->tls_rpt), "%s", text);
        cr_assert(holds(text, severity_word(f->severity_max)) && holds(text, "rows of "), "%s",
                  text);
        for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1) {
            cr_assert_leq(strcspn(line, "\n"), 80, "%s", line);
        }
        buf_deinit(&out);
    }
}

Test(explain, an_entry_reads_like_this)
{
    struct buf out = explain("starttls.masked", EXPLAIN_TEXT);
    cr_assert_str_eq(
        (const char *)out.at,
        "starttls.masked\n"
        "  severity   error at most\n"
        "  found in   rows of services or endpoints\n"
        "  symptom    The STARTTLS offer was overwritten on the path; mail is sent in\n"
        "             cleartext.\n"
        "  cause      A firewall that inspects SMTP overwrites the keyword, often with\n"
        "             the letter X.\n"
        "  fix        Disable SMTP inspection on the firewall.\n"
        "  see        RFC 3207 section 6\n"
        "  TLS-RPT    starttls-not-supported (RFC 8460 section 4.3)\n");
    buf_deinit(&out);
}

Test(explain, the_table_holds_every_code_and_an_area_its_own)
{
    struct buf all = explain(NULL, EXPLAIN_TEXT);
    struct buf area = explain("starttls", EXPLAIN_TEXT);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        char code[64];
        (void)snprintf(code, sizeof(code), " %s ", finding_info((enum finding_code)i)->code);
        cr_assert(holds((const char *)all.at, code), "%s", code);
        cr_assert_eq(holds((const char *)area.at, code), strncmp(code, " starttls.", 10) == 0, "%s",
                     code);
    }
    buf_deinit(&all);
    buf_deinit(&area);
}

Test(explain, json_has_every_field_of_every_entry)
{
    struct buf out = explain(NULL, EXPLAIN_JSON);
    json_t *all = json_loadb((const char *)out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_eq(json_array_size(all), FINDING_COUNT);
    for (unsigned i = 0; i < FINDING_COUNT; i++) {
        const struct finding_info *f = finding_info((enum finding_code)i);
        const json_t *entry = json_array_get(all, i);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "code")), f->code);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "symptom")), f->symptom);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "cause")), f->cause);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "fix")), f->fix);
        cr_assert_str_eq(json_string_value(json_object_get(entry, "severity")),
                         severity_word(f->severity_max));
        cr_assert_geq(json_array_size(json_object_get(entry, "tables")), 1);
        cr_assert_eq(json_is_null(json_object_get(entry, "rfc")), f->rfc[0] == '\0');
        cr_assert_eq(json_is_null(json_object_get(entry, "tls_rpt")), f->tls_rpt[0] == '\0');
    }
    json_decref(all);
    buf_deinit(&out);
}

Test(explain, csv_has_a_record_for_every_entry)
{
    struct buf out = explain(NULL, EXPLAIN_CSV);
    size_t records = 0;
    bool quoted = false;
    for (size_t i = 0; i < out.len; i++) {
        quoted = out.at[i] == '"' ? !quoted : quoted;
        records += out.at[i] == '\n' && !quoted;
    }
    cr_assert_eq(records, FINDING_COUNT + 1);
    cr_assert(strncmp((const char *)out.at, "code,severity,scope,tables,", 27) == 0);
    cr_assert_not_null(strstr((const char *)out.at, "\r\nsmtp.connect_refused,warning,session,"
                                                    "services endpoints,"));
    buf_deinit(&out);
}

/* Who types a name need not know how it is written, nor what it is a name of. */
Test(explain, a_name_is_found_however_it_is_written)
{
    static const struct {
        const char *topic;
        const char *says; /* in this order */
    } cases[] = {
        {"CHAIN.Missing-Intermediate", "chain.missing_intermediate severity"},
        {"missing intermediate", "chain.missing_intermediate severity"}, /* the area was left out */
        {"missing intermediate", "chain_status.missing_intermediate (word)"},
        {"\"chain_status\": \"missing_intermediate\"", "chain_status.missing_intermediate (word)"},
        {"Connect_Timeout", "outcome.connect_timeout (word)"},
        {"connect-timeout", "finding smtp.connect_timeout cause"},
        {"partly tested", "account.partly_tested (word) means some endpoints have"},
        {"deferred", "delivery.deferred (word)"},
        {"MTA-STS", "mta-sts (term)"},
        {"mta_sts", "warning domain sts.dns_failed"}, /* the area of that name */
        {"DANE", "error endpoint dane.mismatch"},
        {"Chain", "error chain chain.expired"},
        {"certificate-host-mismatch", "findings name.mismatch"}, /* RFC 8460 section 4.3 */
        {"Certificate_Not_Trusted", "(TLS-RPT result)"},
        {"dane_status", "dane_status (vocabulary)"},
        {"policies", "policies (table)"},
        {"mx_kind", "domains.mx_kind (column)"},
        {"domains.mx.host", "domains.mx.host (column)"},
        {"dane.status", "endpoints.dane.status (column)"},
        {"null MX", "null mx (term)"},
        {"status", "It is the name of several things"},
        {"STARTTLS", "It is also the name of other things"},
        {"status", "column chains.status: as served"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = explain(cases[i].topic, EXPLAIN_TEXT);
        cr_expect(holds((const char *)out.at, cases[i].says), "%s: %s", cases[i].topic,
                  (const char *)out.at);
        buf_deinit(&out);
    }
}

/* A code as it is written is that code alone. */
Test(explain, a_whole_code_means_nothing_else)
{
    struct buf out = explain("starttls.not_offered", EXPLAIN_TEXT);
    cr_expect_null(strstr((const char *)out.at, "(word)"), "%s", (const char *)out.at);
    buf_deinit(&out);
    out = explain("starttls_not_offered", EXPLAIN_TEXT);
    cr_expect_not_null(strstr((const char *)out.at, "outcome.starttls_not_offered (word)"), "%s",
                       (const char *)out.at);
    buf_deinit(&out);
}

static bool misspelt(const char *topic, struct buf *out)
{
    bool clear = explain_put_misspelt(out, topic, 80, false);
    buf_put_char(out, '\0');
    out->len--;
    return clear;
}

Test(explain, one_or_two_wrong_letters_are_forgiven)
{
    static const struct {
        const char *topic;
        const char *says; /* NULL: too far from everything */
    } cases[] = {
        {"starttls.maskd", "this is 'starttls.masked':"},
        {"chian.missing_intermediate", "this is 'chain.missing_intermediate':"},
        {"conect_timeout", "connect_timeout"},
        {"certificate-host-missmatch", "certificate-host-mismatch"},
        {"xyz", NULL},
        {"something else entirely", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        cr_expect_eq(misspelt(cases[i].topic, &out), cases[i].says != NULL, "%s", cases[i].topic);
        cr_expect(cases[i].says == NULL || holds((const char *)out.at, cases[i].says), "%s: %s",
                  cases[i].topic, (const char *)out.at);
        buf_deinit(&out);
    }
}

Test(explain, what_is_unknown_gets_its_neighbours)
{
    static const struct {
        const char *topic;
        const char *near;
    } cases[] = {
        {"starttls.maskd", "starttls.masked"},
        {"tls.starttls_masked", "starttls.masked"},
        {"no_shared_ciphr", "tls.no_shared_cipher"}, /* the area was forgotten */
        {"", "similar: "},
        {"x\n\033[31my", "similar: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_expect(!explain_put(&out, cases[i].topic, EXPLAIN_TEXT, 80, false), "%s",
                  cases[i].topic);
        explain_put_unknown(&why, cases[i].topic);
        buf_put_char(&why, '\0');
        cr_expect_eq(out.len, 0);
        cr_expect_not_null(strstr((const char *)why.at, cases[i].near), "%s", (const char *)why.at);
        cr_expect_null(strpbrk((const char *)why.at, "\n\033"), "%s", (const char *)why.at);
        buf_deinit(&out);
        buf_deinit(&why);
    }
}

Test(explain, a_long_word_is_cut)
{
    char topic[4096];
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    memset(topic, 'a', sizeof(topic) - 1);
    topic[sizeof(topic) - 1] = '\0';
    cr_assert(!explain_put(&out, topic, EXPLAIN_TEXT, 80, false));
    cr_assert(!explain_put_misspelt(&out, topic, 80, false));
    explain_put_unknown(&why, topic);
    cr_assert_lt(why.len, 300);
    buf_deinit(&out);
    buf_deinit(&why);
}

Test(explain, json_says_what_kind_of_thing_it_is)
{
    struct buf out = explain("missing_intermediate", EXPLAIN_JSON);
    json_t *all = json_loadb((const char *)out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_geq(json_array_size(all), 2);
    const json_t *word = json_array_get(all, 1);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(all, 0), "code")),
                     "chain.missing_intermediate");
    cr_expect_str_eq(json_string_value(json_object_get(word, "kind")), "word");
    cr_expect_str_eq(json_string_value(json_object_get(word, "full_name")),
                     "chain_status.missing_intermediate");
    cr_expect_str_eq(json_string_value(json_array_get(json_object_get(word, "findings"), 0)),
                     "chain.missing_intermediate");
    json_decref(all);
    buf_deinit(&out);
}

/* CSV has the columns of findings: what is none cannot be told in it. */
Test(explain, csv_is_of_findings_alone)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    cr_expect(!explain_put(&out, "partly_tested", EXPLAIN_CSV, 80, false));
    cr_expect_eq(out.len, 0);
    cr_expect(explain_put(&out, "MTA-STS", EXPLAIN_CSV, 80, false));
    buf_deinit(&out);
}
