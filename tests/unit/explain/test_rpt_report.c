#include <jansson.h>

#include <criterion/criterion.h>

#include "scanner/base/hash.h"
#include "scanner/base/memory.h"
#include "scanner/explain/rpt_summary.h"

/* After RFC 8460 appendix B. */
static const char example[] =
    "{\"organization-name\":\"Company-X\",\"date-range\":{\"start-datetime\":\"2016-04-01T00:00:"
    "00Z\","
    "\"end-datetime\":\"2016-04-01T23:59:59Z\"},\"contact-info\":\"sts-reporting@company-x."
    "example\","
    "\"report-id\":\"5065427c\",\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-"
    "string\":"
    "[\"version: STSv1\",\"mode: testing\",\"mx: *.mail.company-y.example\",\"max_age: 86400\"],"
    "\"policy-domain\":\"company-y.example\",\"mx-host\":\"*.mail.company-y.example\"},"
    "\"summary\":{\"total-successful-session-count\":5326,\"total-failure-session-count\":303},"
    "\"failure-details\":[{\"result-type\":\"certificate-expired\",\"sending-mta-ip\":\"2001:db8::"
    "1\","
    "\"receiving-mx-hostname\":\"mx1.mail.company-y.example\",\"failed-session-count\":100},"
    "{\"result-type\":\"starttls-not-supported\",\"sending-mta-ip\":\"2001:db8::2\","
    "\"receiving-mx-hostname\":\"mx2.mail.company-y.example\",\"receiving-ip\":\"203.0.113.56\","
    "\"failed-session-count\":200,\"additional-information\":\"https://reports.company-x.example/"
    "x\"},"
    "{\"result-type\":\"validation-failure\",\"sending-mta-ip\":\"198.51.100.62\","
    "\"receiving-ip\":\"203.0.113.58\",\"receiving-mx-hostname\":\"mx-backup.mail.company-y."
    "example\","
    "\"failed-session-count\":3,\"failure-reason-code\":\"X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED\"}]"
    "}]}";

static struct rpt_report *report(const char *json)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct rpt_report *r = rpt_report_read(span_of(json), "file", &why);
    cr_assert_not_null(r, "%.*s", (int)why.len, (const char *)why.at);
    buf_deinit(&why);
    return r;
}

Test(rpt_report, the_example_of_the_rfc)
{
    struct rpt_report *r = report(example);
    cr_expect_str_eq(r->organization, "Company-X");
    cr_expect_str_eq(r->begin, "2016-04-01T00:00:00Z");
    cr_assert_eq(r->policy_count, 1);
    const struct rpt_policy *p = &r->policies[0];
    cr_expect_eq(p->type, RPT_POLICY_STS);
    cr_expect_str_eq(p->domain, "company-y.example");
    cr_expect_str_eq(p->mode, "testing");
    cr_expect(p->succeeded == 5326 && p->failed == 303 && p->failure_count == 3);
    cr_expect(p->failures[1].result == RESULT_STARTTLS_NOT_SUPPORTED &&
              p->failures[1].sessions == 200);
    cr_expect_str_eq(p->failures[1].receiving_ip, "203.0.113.56");
    cr_expect_str_eq(p->failures[2].reason, "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED");
    rpt_report_free(r);
}

#define POLICY(type, summary, failures)                                                      \
    "{\"policies\":[{\"policy\":{\"policy-type\":" type ",\"policy-domain\":\"a.example\"}," \
    "\"summary\":" summary ",\"failure-details\":" failures "}]}"

/* Senders leave out what they do not have, and a few write counts as texts. */
Test(rpt_report, what_is_absent_is_nothing)
{
    static const char *const good[] = {
        "{\"policies\":[]}",
        POLICY("\"sts\"", "{}", "[]"),
        POLICY("\"sts\"", "null", "null"),
        POLICY("\"new\"", "{\"total-failure-session-count\":\"7\"}", "[{}]"),
        POLICY("null", "7", "[{\"failed-session-count\":null,\"result-type\":7}]"),
        "{\"organization-name\":7,\"date-range\":[],\"policies\":[{\"policy\":{\"policy-string\":7}"
        "}]}",
    };
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        rpt_report_free(report(good[i]));
    }
    struct rpt_report *r = report(good[3]);
    cr_expect(r->policies[0].type == RPT_POLICY_OTHER && r->policies[0].failed == 7);
    cr_expect_eq(r->policies[0].failures[0].result, RPT_RESULT_UNKNOWN);
    rpt_report_free(r);
}

/* RFC 8259 section 6 sets no bound for numbers; beyond 2^53 a reader of doubles is wrong by one and more. */
Test(rpt_report, large_counts_are_exact)
{
    static const struct {
        const char *json;
        uint64_t failed;
    } cases[] = {
        {POLICY("\"sts\"", "{\"total-failure-session-count\":9007199254740993}", "[]"),
         9007199254740993},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":9223372036854775807}", "[]"),
         INT64_MAX},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":\"18446744073709551615\"}", "[]"),
         UINT64_MAX},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":303.0}", "[]"), 303},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":1e3}", "[]"), 1000},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpt_report *r = report(cases[i].json);
        cr_expect_eq(r->policies[0].failed, cases[i].failed, "%s", cases[i].json);
        rpt_report_free(r);
    }
}

/* RFC 8259 section 8.1: a parser may ignore it. */
Test(rpt_report, a_byte_order_mark_is_passed_over)
{
    char text[sizeof(example) + 3] = "\xef\xbb\xbf";
    strcat(text, example);
    cr_expect(rpt_report_is_likely(span_of(text)));
    struct rpt_report *r = report(text);
    cr_expect_eq(r->policies[0].failed, 303);
    rpt_report_free(r);
}

/* RFC 8460 section 4: counts of types may overlap; one alone cannot be more than all. */
Test(rpt_report, details_are_held_against_the_total)
{
#define DETAILS(total, list) POLICY("\"sts\"", "{\"total-failure-session-count\":" total "}", list)
#define DETAIL(n)            "{\"failed-session-count\":" n "}"
    static const struct {
        const char *json;
        enum rpt_details details;
    } cases[] = {
        {DETAILS("0", "[]"), RPT_DETAILS_AGREE},
        {DETAILS("5", "[" DETAIL("2") "," DETAIL("3") "]"), RPT_DETAILS_AGREE},
        {DETAILS("5", "[]"), RPT_DETAILS_LACK},
        {DETAILS("5", "[" DETAIL("4") "]"), RPT_DETAILS_LACK},
        {DETAILS("5", "[" DETAIL("4") "," DETAIL("5") "]"), RPT_DETAILS_OVERLAP},
        {DETAILS("5", "[" DETAIL("6") "]"), RPT_DETAILS_CONTRADICT},
        {DETAILS("0", "[" DETAIL("1") "]"), RPT_DETAILS_CONTRADICT},
        {POLICY("\"sts\"", "{}", "[" DETAIL("1") "]"), RPT_DETAILS_CONTRADICT},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rpt_report *r = report(cases[i].json);
        cr_expect_eq(r->policies[0].details, cases[i].details, "%s", cases[i].json);
        rpt_report_free(r);
    }
}

static void refused(struct span json, const char *says)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct rpt_report *r = rpt_report_read(json, "file", &why);
    buf_put_char(&why, '\0');
    cr_expect_null(r, "%s", says);
    cr_expect_not_null(strstr((const char *)why.at, says), "%s: %s", says, (const char *)why.at);
    cr_expect_null(strpbrk((const char *)why.at, "\n\033"));
    rpt_report_free(r);
    buf_deinit(&why);
}

Test(rpt_report, what_is_none_is_told_in_one_line)
{
    static const struct {
        const char *json;
        const char *says;
    } cases[] = {
        {"", "no report of TLS-RPT"},
        {"[]", "no report of TLS-RPT"},
        {"{", "no report of TLS-RPT"},
        {"7", "no report of TLS-RPT"},
        {"{}", "no list 'policies'"},
        {"{\"policies\":{}}", "no list 'policies'"},
        {"{\"policies\":[7]}", "policy 1: it must have an object 'policy'"},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":-1}", "[]"), "must be whole numbers"},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":1.5}", "[]"), "must be whole numbers"},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":\"x\"}", "[]"),
         "must be whole numbers"},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":99999999999999999999}", "[]"),
         "line 1, column 134: a number is too large (over 9223372036854775807)"},
        {POLICY("\"sts\"", "{\"total-failure-session-count\":1e17}", "[]"),
         "must be whole numbers"},
        {"{} {}", "something follows the end"},
        {"{\"a\":\n7,,}", "line 2, column 3: this is no JSON"},
        {"{\"a\":\"\xff\"}", "no UTF-8"},
        {"[7]", "no JSON object"},
        {POLICY("\"sts\"", "{}", "7"), "must be a list"},
        {POLICY("\"sts\"", "{}", "[7]"), "must be objects"},
        {POLICY("\"sts\"", "{}", "[{\"failed-session-count\":{}}]"), "must be objects"},
        {"{\"a\\u0000b\":1}", "a text has a NUL"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        refused(span_of(cases[i].json), cases[i].says);
    }
}

/* A report that was cut is none; each cut lies in memory of its own. */
Test(rpt_report, every_cut_is_refused)
{
    for (size_t len = 0; len < strlen(example); len++) {
        uint8_t *exact = memory_new(len, 1);
        memcpy(exact, example, len);
        refused((struct span){exact, len}, "file: ");
        free(exact);
    }
}

static void repeat(struct buf *b, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        buf_put_text(b, text);
    }
}

Test(rpt_report, depth_and_numbers_are_bounded)
{
    struct buf b = BUF_INIT(BUF_NO_LIMIT);
    repeat(&b, "[", RPT_DEPTH_MAX + 1);
    refused(buf_span(&b), "nested more than 16 deep");
    buf_reset(&b);
    repeat(&b, "[],", RPT_VALUES_MAX);
    refused(buf_span(&b), "more than 300000 values");
    buf_reset(&b);
    buf_put_text(&b, "{\"policies\":[");
    repeat(&b, "{\"policy\":{}},", RPT_POLICIES_MAX);
    buf_put_text(&b, "{}]}");
    refused(buf_span(&b), "more than 1000 policies");
    buf_reset(&b);
    buf_put_text(&b, "{\"policies\":[{\"policy\":{},\"failure-details\":[");
    repeat(&b, "{},", RPT_FAILURES_MAX);
    buf_put_text(&b, "{}]}]}");
    refused(buf_span(&b), "more than 10000 failure-details");
    buf_reset(&b);
    buf_put_text(&b, "{\"policies\":[],\"x\":\""); /* brackets in a text are none */
    repeat(&b, "[\\\"", 100);
    buf_put_text(&b, "\"}");
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct rpt_report *r = rpt_report_read(buf_span(&b), "file", &why);
    cr_expect_not_null(r);
    rpt_report_free(r);
    buf_deinit(&why);
    buf_deinit(&b);
}

Test(rpt_report, is_known_by_its_begin)
{
    cr_expect(rpt_mail_is_likely(
        SPAN_LIT("Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=a")));
    cr_expect(rpt_mail_is_likely(SPAN_LIT("Content-Type: application/tlsrpt+gzip")));
    cr_expect(!rpt_mail_is_likely(span_of(example)));
    cr_expect(!rpt_mail_is_likely(SPAN_LIT("")));
    cr_expect(rpt_report_is_likely(span_of(example)));
    cr_expect(rpt_report_is_likely(span_take(span_of(example), 40)));
    cr_expect(!rpt_report_is_likely(
        SPAN_LIT("{\"__CURSOR\":\"s=1\",\"MESSAGE\":\"TLS\"}"))); /* journalctl -o json */
    cr_expect(!rpt_report_is_likely(SPAN_LIT("Nov 29 21:46:29 a postfix/smtp[7]: \"policies\"")));
    cr_expect(!rpt_report_is_likely(SPAN_LIT("")));
}

static struct buf text_of(const struct rpt_summary *s, bool json)
{
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    if (json) {
        rpt_summary_put_json(s, &out);
    } else {
        rpt_summary_put_text(s, &out, 100, false);
    }
    buf_put_char(&out, '\0');
    return out;
}

TestSuite(rpt_summary, .init = hash_secret_init);

Test(rpt_summary, says_what_failed_for_whom_and_what_mends_it)
{
    struct rpt_summary *s = rpt_summary_new();
    struct rpt_report *r = report(example);
    rpt_summary_add(s, r);
    rpt_summary_add(s, r); /* given twice */
    r->report_id = "another";
    rpt_summary_add(s, r);
    struct buf out = text_of(s, false);
    static const char *const says[] = {
        "2 reports of TLS-RPT",
        "1 more given before",
        "company-y.example, MTA-STS: 606 failed (5.38 % of 11258), 10652 succeeded.",
        "In mode testing",
        "400 sessions: starttls-not-supported (3.55 % of 11258)",
        "mx2.mail.company-y.example [203.0.113.56] (400)",
        "Company-X 2001:db8::2 (400)",
        "sts.mx_no_starttls, ",
        "200 sessions: certificate-expired",
        "chain.expired",
        "X509_V_ERR_PROXY_PATH_LENGTH_EXCEEDED (6)",
        "mxcensus check company-y.example",
    };
    const char *at = (const char *)out.at;
    for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
        const char *found = strstr(at, says[i]);
        cr_assert_not_null(found, "%s: %s", says[i], at);
        at = found;
    }
    buf_deinit(&out);
    out = text_of(s, true);
    json_t *json = json_loads((const char *)out.at, JSON_REJECT_DUPLICATES, NULL);
    cr_expect_eq(json_integer_value(json_object_get(
                     json_array_get(json_object_get(json, "policies"), 0), "failed")),
                 606);
    json_decref(json);
    buf_deinit(&out);
    rpt_report_free(r);
    rpt_summary_free(s);
}

Test(rpt_summary, a_report_that_contradicts_itself_is_told)
{
    static const char json[] = POLICY(
        "\"sts\"", "{\"total-failure-session-count\":3,\"total-successful-session-count\":7}",
        "[{\"result-type\":\"certificate-expired\",\"failed-session-count\":8}]");
    struct rpt_summary *s = rpt_summary_new();
    struct rpt_report *r = report(json);
    rpt_summary_add(s, r);
    struct buf out = text_of(s, false);
    cr_expect_not_null(strstr((const char *)out.at, "Details of 1 report: 8 sessions in them, 3 in "
                                                    "the total;"),
                       "%s", (const char *)out.at);
    cr_expect_not_null(strstr((const char *)out.at, "contradicts itself"));
    buf_deinit(&out);
    out = text_of(s, true);
    cr_expect_not_null(strstr((const char *)out.at, "\"contradict\""));
    buf_deinit(&out);
    rpt_report_free(r);
    rpt_summary_free(s);
}

/* Every text of a report is its sender's. */
Test(rpt_summary, hostile_values_reach_neither_terminal_nor_shell)
{
    static const char hostile[] =
        "{\"organization-name\":\"\\u001b[2J\\u202e\",\"date-range\":{\"start-datetime\":\"\\u001b]"
        "0;x\\u0007\"},"
        "\"policies\":[{\"policy\":{\"policy-type\":\"sts\",\"policy-string\":[\"mode: "
        "\\u001b[31m\"],"
        "\"policy-domain\":\"a.example; reboot\"},\"summary\":{\"total-failure-session-count\":"
        "9223372036854775807,\"total-successful-session-count\":9223372036854775807},"
        "\"failure-details\":[{\"result-type\":\"\\u001b[0m\",\"receiving-mx-hostname\":"
        "\"\\r\\n\\u2028x\","
        "\"failure-reason-code\":\"\\u0085\",\"failed-session-count\":9223372036854775807}]}]}";
    struct rpt_summary *s = rpt_summary_new();
    struct rpt_report *r = report(hostile);
    for (size_t i = 0; i < 5; i++) { /* sums stop at 2^64 - 1 */
        rpt_summary_add(s, r);
    }
    for (int json = 0; json <= 1; json++) {
        struct buf out = text_of(s, json == 1);
        cr_expect_null(strpbrk((const char *)out.at, "\033\r\007"), "%s", (const char *)out.at);
        cr_expect_null(strstr((const char *)out.at, "\xe2\x80\xae"));
        cr_expect_null(strstr((const char *)out.at, "\xe2\x80\xa8"));
        cr_expect_null(strstr((const char *)out.at, "mxcensus check a.example"));
        cr_expect_not_null(strstr((const char *)out.at, "18446744073709551615"), "%s",
                           (const char *)out.at);
        buf_deinit(&out);
    }
    rpt_report_free(r);
    rpt_summary_free(s);
}

Test(rpt_summary, its_memory_is_bounded)
{
    struct rpt_summary *s = rpt_summary_new();
    for (size_t i = 0; i < RPT_SECTIONS_MAX + 50; i++) {
        char json[512];
        (void)snprintf(
            json, sizeof(json),
            "{\"organization-name\":\"o%zu\",\"policies\":[{\"policy\":{\"policy-type\":\"tlsa\","
            "\"policy-domain\":\"d%zu.example\"},\"failure-details\":[{\"result-type\":"
            "\"tlsa-invalid\",\"receiving-mx-hostname\":\"mx\",\"failed-session-count\":1}]}]}",
            i, i);
        struct rpt_report *r = report(json);
        rpt_summary_add(s, r);
        rpt_report_free(r);
    }
    struct buf out = text_of(s, false);
    cr_expect_not_null(strstr((const char *)out.at, "50 policies of further domains are left out"));
    cr_expect_not_null(strstr((const char *)out.at, "others (534)"), "%.600s",
                       (const char *)out.at);
    buf_deinit(&out);
    rpt_summary_free(s);
}
