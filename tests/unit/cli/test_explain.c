#include <jansson.h>

#include <criterion/criterion.h>

#include "scanner/cli/explain.h"

static struct buf explain(const char *topic, enum explain_format format)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    cr_assert(explain_put(&out, topic, format, 80, false, &why), "%s", topic ? topic : "all");
    cr_assert_eq(why.len, 0);
    buf_deinit(&why);
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

Test(explain, what_is_unknown_gets_its_neighbours)
{
    static const struct {
        const char *topic;
        const char *near;
    } cases[] = {
        {"starttls.maskd", "starttls.masked"},
        {"tls.starttls_masked", "starttls.masked"},
        {"no_shared_cipher", "tls.no_shared_cipher"}, /* the area was forgotten */
        {"STARTTLS.MASKED", "similar: "},
        {"", "similar: "},
        {"x\n\033[31my", "similar: "},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = BUF_INIT(BUF_NO_LIMIT);
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        cr_assert(!explain_put(&out, cases[i].topic, EXPLAIN_TEXT, 80, false, &why));
        buf_put_char(&why, '\0');
        cr_assert_eq(out.len, 0);
        cr_assert_not_null(strstr((const char *)why.at, cases[i].near), "%s", (const char *)why.at);
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
    cr_assert(!explain_put(&out, topic, EXPLAIN_TEXT, 80, false, &why));
    cr_assert_lt(why.len, 300);
    buf_deinit(&out);
    buf_deinit(&why);
}
