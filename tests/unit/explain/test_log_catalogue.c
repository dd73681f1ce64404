#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/base/file.h"
#include "scanner/base/text.h"
#include "scanner/explain/log_summary.h"
#include "scanner/shipped/shipped_log_patterns.h"

#define SEEN_LINES SOURCE_ROOT "/tests/unit/explain/seen_lines.txt"

static struct log_catalogue *shipped(void)
{
    struct buf why = BUF_INIT(BUF_NO_LIMIT);
    struct log_catalogue *c = log_catalogue_read(shipped_log_patterns_json(), "shipped", &why);
    cr_assert_not_null(c, "%.*s", (int)why.len, (const char *)why.at);
    buf_deinit(&why);
    return c;
}

static const char *id_of(const struct log_catalogue *c, struct span line)
{
    struct log_reading r;
    log_line_read(c, line, &r);
    return r.entry != NULL ? r.entry->id : "-";
}

Test(log_catalogue, each_entry_explains_its_own_example)
{
    struct log_catalogue *c = shipped();
    cr_expect_geq(c->entry_count, 60);
    for (size_t i = 0; i < c->entry_count; i++) {
        const struct log_entry *e = &c->entries[i];
        cr_expect_str_eq(id_of(c, span_of(e->example)), e->id, "%s: %s", e->id, e->example);
        cr_expect_eq(e->weight == LOG_WEIGHT_NORMAL && e->actor == LOG_ACTOR_NOBODY &&
                         e->finding_count > 0,
                     false, "%s", e->id);
        for (size_t k = 0; k < i; k++) {
            cr_expect_str_neq(c->entries[k].id, e->id);
        }
    }
    log_catalogue_free(c);
}

/* The judge of the catalogue is the software itself. */
Test(log_catalogue, lines_of_real_software_are_recognised)
{
    struct log_catalogue *c = shipped();
    struct buf file = BUF_INIT(1U << 20);
    size_t lines = 0;
    cr_assert_eq(file_read(SEEN_LINES, &file), FILE_COMPLETE);
    struct span rest = buf_span(&file);
    while (rest.len > 0) {
        struct span line = text_take_until(&rest, '\n');
        if (line.len == 0 || line.at[0] == '#') {
            continue;
        }
        struct span id = text_take_until(&line, '\t');
        cr_expect(span_eq(id, span_of(id_of(c, line))), "%.*s: %s for %.*s", (int)id.len,
                  (const char *)id.at, id_of(c, line), (int)line.len, (const char *)line.at);
        lines++;
    }
    cr_expect_gt(lines, 300);
    buf_deinit(&file);
    log_catalogue_free(c);
}

/* An entry that says where it was seen has a line of that run in the file. */
Test(log_catalogue, what_was_seen_is_among_the_lines)
{
    struct log_catalogue *c = shipped();
    struct buf file = BUF_INIT(1U << 20);
    size_t seen = 0;
    cr_assert_eq(file_read(SEEN_LINES, &file), FILE_COMPLETE);
    buf_put_char(&file, '\0');
    for (size_t i = 0; i < c->entry_count; i++) {
        char key[80];
        (void)snprintf(key, sizeof(key), "\n%s\t", c->entries[i].id);
        bool there = strstr((const char *)file.at, key) != NULL;
        seen += there;
        cr_expect(!there || c->entries[i].seen != NULL, "%s", c->entries[i].id);
    }
    cr_expect_gt(seen, 90);
    buf_deinit(&file);
    log_catalogue_free(c);
}

Test(log_catalogue, host_and_domain_are_found_in_lines_of_all_kinds)
{
    static const struct {
        const char *line;
        const char *host, *address, *domain;
    } cases[] = {
        {"postfix/smtp[7]: 4F: to=<a@example.org>, relay=mx.example.org[192.0.2.1]:25, delay=1, "
         "dsn=4.7.5, "
         "status=deferred (Server certificate not verified)",
         "mx.example.org", "192.0.2.1", "example.org"},
        {"1xX == a@example.org R=r T=t defer (-36) H=mx.example.org [192.0.2.1]: a TLS session is "
         "required, "
         "but the server did not offer TLS support",
         "mx.example.org", "192.0.2.1", "example.org"},
        {"sendmail[7]: 6A: to=<a@example.org>, delay=0, relay=mx.example.org. [192.0.2.1], "
         "dsn=4.0.0, "
         "stat=Deferred: 403 4.7.0 TLS handshake failed.",
         "mx.example.org", "192.0.2.1", "example.org"},
        {"450 4.7.323 tlsa-invalid: The domain failed DANE validation "
         "[LastAttemptedServerName=mx.example.org] "
         "[LastAttemptedIP=192.0.2.1:25]",
         "mx.example.org", "192.0.2.1", ""},
        {"postfix/smtpd[9]: SSL_accept error from c.example.org[2001:db8::9]: lost connection",
         "c.example.org", "2001:db8::9", ""},
    };
    struct log_catalogue *c = shipped();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_reading r;
        log_line_read(c, span_of(cases[i].line), &r);
        cr_assert_not_null(r.entry, "%s", cases[i].line);
        cr_expect(span_eq(r.places.host, span_of(cases[i].host)), "%s: %.*s", cases[i].line,
                  (int)r.places.host.len, (const char *)r.places.host.at);
        cr_expect(span_eq(r.places.address, span_of(cases[i].address)), "%s: %.*s", cases[i].line,
                  (int)r.places.address.len, (const char *)r.places.address.at);
        cr_expect(span_eq(r.places.domain, span_of(cases[i].domain)), "%s: %.*s", cases[i].line,
                  (int)r.places.domain.len, (const char *)r.places.domain.at);
    }
    log_catalogue_free(c);
}

Test(log_catalogue, a_name_with_tls_in_it_is_not_about_tls)
{
    static const struct {
        const char *line;
        bool about;
    } cases[] = {
        {"something about TLS here", true},
        {"the STARTTLS of the day", true},
        {"tls: odd", true},
        {"no TLSA today", true},
        {"version TLSv1.3", true},
        {"SSL_read: odd", true},
        {"connect to tls.example.org", false},
        {"connect to mx-tls.example.org", false},
        {"connect to tls-mx.example.org", false},
        {"ordanes and titles", false},
        {"", false},
    };
    struct log_catalogue *c = shipped();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_reading r;
        log_line_read(c, span_of(cases[i].line), &r);
        cr_expect_null(r.entry, "%s", cases[i].line);
        cr_expect_eq(r.about_tls, cases[i].about, "%s", cases[i].line);
    }
    log_catalogue_free(c);
}

#define ENTRY(patterns, findings, act)                                                    \
    "{\"format\":1,\"places\":[],\"entries\":[{\"id\":\"x\",\"software\":\"s\",\"role\":" \
    "\"sending\","                                                                        \
    "\"weight\":\"problem\",\"patterns\":" patterns ",\"happened\":\"h\",\"act\":" act    \
    ",\"cause\":\"c\",\"fix\":\"f\",\"findings\":" findings                               \
    ",\"source\":\"s\",\"seen\":null,\"example\":\"e\"}]}"

Test(log_catalogue, what_is_wrong_in_the_file_is_told_in_one_line)
{
    static const struct {
        const char *json;
        const char *says; /* NULL: nothing is wrong */
    } cases[] = {
        {ENTRY("[\"e\"]", "[\"tls.alert\"]", "\"recipient\""), NULL},
        {ENTRY("[]", "[]", "\"recipient\""), "patterns must be"},
        {ENTRY("[\"*\"]", "[]", "\"recipient\""), "patterns must be"},
        {ENTRY("[7]", "[]", "\"recipient\""), "patterns must be"},
        {ENTRY("[\"e\"]", "[\"no.such\"]", "\"recipient\""), "findings must be"},
        {ENTRY("[\"e\"]", "null", "\"recipient\""), "findings must be"},
        {ENTRY("[\"e\"]", "[]", "\"everybody\""), "act must be"},
        {ENTRY("[\"e\"]", "[]", "null"), "act must be"},
        {"{\"format\":2}", "format must be 1"},
        {"{\"format\":1,\"entries\":[]}", "entries must be"},
        {"{\"format\":1,\"entries\":[{}]}", "id must be"},
        {"[", "is no JSON"},
        {"", "is no JSON"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf why = BUF_INIT(BUF_NO_LIMIT);
        struct log_catalogue *c = log_catalogue_read(span_of(cases[i].json), "file", &why);
        buf_put_char(&why, '\0');
        cr_expect_eq(c != NULL, cases[i].says == NULL, "%s", cases[i].json);
        cr_expect(cases[i].says == NULL || strstr((const char *)why.at, cases[i].says) != NULL,
                  "%s: %s", cases[i].json, (const char *)why.at);
        log_catalogue_free(c);
        buf_deinit(&why);
    }
}

/** `before`, the number, `after`. */
static void add_lines(struct log_summary *s, size_t count, const char *before, const char *after)
{
    for (size_t i = 0; i < count; i++) {
        char line[256];
        (void)snprintf(line, sizeof(line), "%s%zu%s", before, i, after);
        log_summary_add_line(s, span_of(line));
    }
}

Test(log_summary, counts_hosts_up_to_a_bound_and_keeps_the_first_line)
{
    struct log_catalogue *c = shipped();
    struct log_summary *s = log_summary_new(c);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    add_lines(s, 100, "postfix/smtp[7]: SSL_connect error to mx",
              ".example.org[192.0.2.1]:25: lost connection");
    add_lines(s, 7, "SSL_connect error to mx3.example.org[192.0.2.1]:25: lost connection ", "");
    add_lines(s, 9, "unheard of TLS, number ", "");
    add_lines(s, 5, "not about it ", "");
    log_summary_put_text(s, &out, 100, false);
    buf_put_char(&out, '\0');
    const char *text = (const char *)out.at;
    cr_expect_not_null(strstr(text, "121 lines: 107 about problems, 0 that are normal"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "107 lines: The receiving server closed the connection"), "%s",
                       text);
    cr_expect_not_null(strstr(text, "mx3.example.org (8), mx0.example.org (1)"), "%s", text);
    cr_expect_not_null(strstr(text, "others (94)"), "%s", text);
    cr_expect_not_null(strstr(text, "line 1: postfix/smtp[7]"), "%s", text);
    cr_expect_not_null(strstr(text, "9 about TLS that the catalogue does not know"), "%s", text);
    cr_expect_not_null(strstr(text, "line 108: unheard of TLS, number 0"), "%s", text);
    cr_expect_null(strstr(text, "number 5"), "%s", text);
    buf_deinit(&out);
    log_summary_free(s);
    log_catalogue_free(c);
}

/* A host of a log is what a peer called itself. */
Test(log_summary, what_a_line_holds_does_not_reach_the_terminal)
{
    struct log_catalogue *c = shipped();
    struct log_summary *s = log_summary_new(c);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    const char line[] = "SSL_connect error to mx.example.org[192.0.2.1]:25: lost connection "
                        "\033[2J\xe2\x80\xae\xff";
    log_summary_add_line(s, (struct span){(const uint8_t *)line, sizeof(line)}); /* and NUL */
    log_summary_put_text(s, &out, 80, false);
    log_summary_put_json(s, &out);
    cr_expect(log_line_put_text(c, line, &out, 80, false));
    cr_expect_null(memchr(out.at, '\033', out.len));
    cr_expect_null(memmem(out.at, out.len, "\xe2\x80\xae", 3));
    cr_expect_null(memchr(out.at, '\0', out.len));
    buf_deinit(&out);
    log_summary_free(s);
    log_catalogue_free(c);
}

/* The same text is that of the sending Exchange of a server without STARTTLS, or a reply to a client without TLS.
 * https://learn.microsoft.com/en-us/defender-office-365/connectors-mail-flow-intelligence, 450 4.4.317. */
Test(log_catalogue, starttls_is_required_by_the_one_or_the_other_side)
{
    static const struct {
        const char *line;
        enum log_actor actor;
    } cases[] = {
        {"450 4.4.317 Cannot connect to remote server [Message=451 5.7.3 STARTTLS is required to "
         "send mail] [LastAttemptedServerName=mx.example.org]",
         LOG_ACTOR_RECIPIENT},
        {"550 5.4.317 Message expired, cannot connect to remote server(451 5.7.3 STARTTLS is "
         "required to send mail)",
         LOG_ACTOR_RECIPIENT},
        {"451 4.4.0 Primary target IP address responded with: \"451 5.7.3 STARTTLS is required to "
         "send mail.\"",
         LOG_ACTOR_RECIPIENT},
        {"host smtp.office365.com[192.0.2.1] said: 451 5.7.3 STARTTLS is required to send mail (in "
         "reply to MAIL FROM command)",
         LOG_ACTOR_SENDER},
        {"451 5.7.3 STARTTLS is required to send mail", LOG_ACTOR_EITHER},
    };
    struct log_catalogue *c = shipped();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct log_reading r;
        log_line_read(c, span_of(cases[i].line), &r);
        cr_assert_not_null(r.entry, "%s", cases[i].line);
        cr_expect_eq(r.entry->actor, cases[i].actor, "%s: %s", cases[i].line, r.entry->id);
    }
    log_catalogue_free(c);
}
