/* A row, read back and written again, is the same row: no observation is lost or altered. */

#include <errno.h>

#include <criterion/criterion.h>

#include "scanner/analysis/account.h"
#include "scanner/base/memory.h"
#include "scanner/observation/tls_names.h"
#include "scanner/replay/read_rows.h"
#include "scanner/report/report.h"

static struct net_addr address(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

/* Whatever a row is made of, and the same again from what was read. */
struct trip {
    struct row_sink first;
    struct row_sink second;
    struct row_reading reading;
    struct facts row;
};

static void trip_init(struct trip *t)
{
    row_sink_init(&t->first, true, true, false);
    row_sink_init(&t->second, true, true, false);
    row_reading_init(&t->reading);
}

static void trip_deinit(struct trip *t)
{
    row_sink_deinit(&t->first);
    row_sink_deinit(&t->second);
    row_reading_deinit(&t->reading);
}

static void trip_read(struct trip *t, enum table_id table, const char *what)
{
    struct span line = buf_span(&t->first.table[table].ndjson);
    cr_assert_gt(line.len, 0);
    line.len--; /* LF */
    cr_assert(row_reading_begin(&t->reading, table, line, &t->row), "%s: %.*s", what,
              (int)t->reading.why.len, (const char *)t->reading.why.at);
}

static void trip_expect_same(const struct trip *t, const char *what)
{
    cr_expect_eq(t->reading.why.len, 0, "%s: %.*s", what, (int)t->reading.why.len,
                 (const char *)t->reading.why.at);
    for (int i = 0; i < TABLE_COUNT; i++) {
        struct span a = buf_span(&t->first.table[i].ndjson);
        struct span b = buf_span(&t->second.table[i].ndjson);
        cr_expect(span_eq(a, b), "%s:\n%.*s%.*s", what, (int)a.len, (const char *)a.at, (int)b.len,
                  (const char *)b.at);
        cr_expect(span_eq(buf_span(&t->first.table[i].csv), buf_span(&t->second.table[i].csv)),
                  "%s: CSV differs", what);
    }
}

/* --- sessions ------------------------------------------------------------------------------- */

static struct seen_session session(enum session_outcome outcome)
{
    struct seen_session s = {
        .outcome = outcome,
        .started_unix_ms = 1700000000007,
        .source = address("2001:db8::9"),
        .connect_ms = 11,
        .total_ms = 99,
        .octets_in = 4294967295U,
        .smtp = {.starttls = STARTTLS_UNKNOWN},
        .tls = {.alert_received = -1, .alert_sent = -1, .ms = -1},
    };
    for (int i = 0; i < SMTP_STEP_COUNT; i++) {
        s.smtp.reply[i].ms = -1;
    }
    return s;
}

static struct seen_session established(void)
{
    struct seen_session s = session(OUTCOME_ESTABLISHED);
    s.tls_attempted = true;
    s.smtp.starttls = STARTTLS_OFFERED;
    s.smtp.reply[SMTP_STEP_GREETING] = (struct seen_reply){220, false, 12, SPAN_LIT("220 mx.test")};
    s.smtp.reply[SMTP_STEP_EHLO] =
        (struct seen_reply){250, false, 0, SPAN_LIT("250-mx.test\n250 STARTTLS")};
    s.smtp.reply[SMTP_STEP_STARTTLS] = (struct seen_reply){220, false, 14, SPAN_LIT("220 go")};
    s.smtp.reply[SMTP_STEP_EHLO_TLS] = (struct seen_reply){250, true, 15, SPAN_LIT("250 mx.test")};
    s.tls.completed = true;
    s.tls.version = 0x0304;
    s.tls.cipher = 0x1301;
    s.tls.group = 29;
    s.tls.signature_scheme = 0x0804;
    s.tls.ms = 7;
    s.tls.cert_count = 2;
    memset(s.tls.chain_id, 0xab, sizeof(s.tls.chain_id));
    memset(s.tls.leaf_sha256, 0xcd, sizeof(s.tls.leaf_sha256));
    return s;
}

static void odd_octets(struct seen_session *s)
{
    s->smtp.reply[SMTP_STEP_GREETING].text =
        SPAN_LIT("220 m\xfc.test \x00\x1b[2J\xe2\x80\xa8\r\"\\");
    s->smtp.bad = SPAN_LIT("\xff\xfe");
    s->smtp.injected = SPAN_LIT("\xf0\x9f\x98\x80\xed\xa0\x80");
    s->smtp.injected_len = 4000;
    s->smtp.early_talker = true;
    s->smtp.line_too_long = true;
    s->smtp.quirks = (1U << SMTP_QUIRK_COUNT) - 1;
    s->smtp.forms = (1U << SMTP_FORM_COUNT) - 1;
    s->smtp.greeting_multiline = true;
    s->smtp.greeting_without_esmtp = true;
    s->smtp.starttls_again = true;
}

static void half_a_reply(struct seen_session *s)
{
    s->outcome = OUTCOME_STARTTLS_TIMEOUT;
    s->tls_attempted = false;
    s->smtp.reply[SMTP_STEP_STARTTLS] = (struct seen_reply){0, true, 20000, SPAN_LIT("220-wait")};
    s->smtp.reply[SMTP_STEP_EHLO_TLS] = (struct seen_reply){.ms = -1};
}

/* Its one line was too long to be kept. */
static void no_line_of_a_reply(struct seen_session *s)
{
    s->outcome = OUTCOME_NOT_SMTP;
    s->tls_attempted = false;
    s->smtp.reply[SMTP_STEP_EHLO] = (struct seen_reply){0, true, -1, SPAN_LIT("")};
    s->smtp.reply[SMTP_STEP_STARTTLS] = (struct seen_reply){.ms = -1};
    s->smtp.reply[SMTP_STEP_EHLO_TLS] = (struct seen_reply){.ms = -1};
    s->smtp.bad = SPAN_LIT("250-xxx");
}

static void helo_after_ehlo(struct seen_session *s)
{
    s->outcome = OUTCOME_HELO_ONLY;
    s->tls_attempted = false;
    s->smtp.starttls = STARTTLS_UNKNOWN;
    s->smtp.reply[SMTP_STEP_EHLO] = (struct seen_reply){502, false, 3, SPAN_LIT("502 no\xa0")};
    s->smtp.reply[SMTP_STEP_HELO] = (struct seen_reply){250, false, 4, SPAN_LIT("250 mx.test")};
}

static void old_tls(struct seen_session *s)
{
    s->tls.version = 0x0301;
    s->tls.cipher = 0x0005;
    s->tls.group = 0;
    s->tls.dh_bits = 65535;
    s->tls.signature_scheme = 0;
    s->tls.ems = true;
    s->tls.client_cert_requested = true;
    s->tls.unknown_name_warning = true;
    s->tls.ocsp_stapled = true;
    s->tls.sct_in_tls = true;
    s->tls.list_truncated = true;
    s->tls.certificate_octets = TLS_CERTIFICATE_MESSAGE_MAX + 1;
}

static void unnamed_numbers(struct seen_session *s)
{
    s->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
    s->tls.completed = false;
    s->tls.version = 0x7f1c;
    s->tls.cipher = 0xfefe;
    s->tls.group = 0x6a6a;
    s->tls.signature_scheme = 0xfe00;
    s->tls.alert_received = 200;
    s->tls.alert_sent = 70;
    s->tls.error_code = 4294967295U;
    (void)snprintf(s->tls.error_text, sizeof(s->tls.error_text), "%s", "unsupported protocol");
}

static void version_zero_something(struct seen_session *s)
{
    unnamed_numbers(s);
    s->tls.version = 0x0002;
    s->tls.secure_reneg = true;
}

static void malformed_list(struct seen_session *s)
{
    s->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
    s->tls.completed = false;
    s->tls.cert_count = 0;
    s->tls.list_malformed = true;
    s->tls.list = SPAN_LIT("\x00\x00\x05hello and more");
    memset(s->tls.chain_id, 0, sizeof(s->tls.chain_id));
    memset(s->tls.leaf_sha256, 0, sizeof(s->tls.leaf_sha256));
}

static void alert_before_hello(struct seen_session *s)
{
    struct seen_smtp smtp = s->smtp;
    *s = session(OUTCOME_TLS_ALERT);
    s->smtp = smtp;
    s->smtp.reply[SMTP_STEP_EHLO_TLS] = (struct seen_reply){.ms = -1};
    s->tls_attempted = true;
    s->tls.alert_received = 40;
}

static void refused(struct seen_session *s)
{
    *s = session(OUTCOME_REFUSED);
    s->connect_ms = -1;
    s->sys = -ECONNREFUSED;
    s->source = (struct net_addr){0};
}

static void unchanged(struct seen_session *s)
{
    (void)s;
}

static const struct session_case {
    const char *name;
    void (*change)(struct seen_session *s);
} session_cases[] = {
    {"as usual", unchanged},
    {"octets that are not UTF-8, NUL, controls, U+2028 (RFC 3629)", odd_octets},
    {"a reply without its end (RFC 5321 section 4.2)", half_a_reply},
    {"not a line of a reply", no_line_of_a_reply},
    {"EHLO refused, HELO taken (RFC 5321 section 4.1.1.1)", helo_after_ehlo},
    {"TLS 1.0 with DH and every flag", old_tls},
    {"numbers without a name, version above TLS 1.3", unnamed_numbers},
    {"numbers without a name, version below TLS 1.0", version_zero_something},
    {"a list whose lengths do not add up", malformed_list},
    {"an alert before any ServerHello (RFC 8446 section 6)", alert_before_hello},
    {"refused", refused},
};

#define LENGTH(list) (sizeof(list) / sizeof((list)[0]))

/* The session that counts stands second among three that differ. */
static void three_attempts(struct seen_session attempts[3], const struct session_case *c)
{
    attempts[0] = session(OUTCOME_GREETING_TEMPFAIL);
    attempts[0].smtp.reply[SMTP_STEP_GREETING] =
        (struct seen_reply){421, false, 5, SPAN_LIT("421 l\xe4ter")};
    attempts[1] = established();
    c->change(&attempts[1]);
    attempts[2] = session(OUTCOME_TLS_CLOSED);
    attempts[2].sys = -ECONNRESET;
    attempts[2].tls_attempted = true;
    attempts[2].tls.version = 0x0303;
    attempts[2].tls.alert_received = 47;
}

static void put_service(struct row_sink *sink, const struct seen_service *s)
{
    struct service_verdict v;
    service_verdict_init(&v);
    service_verdict_fill(&v, s);
    report_service(sink, s, &v, NULL);
    service_verdict_deinit(&v);
}

static void service_trip(const struct seen_service *s, const char *what)
{
    struct trip t;
    struct read_service again;
    trip_init(&t);
    put_service(&t.first, s);
    trip_read(&t, TABLE_SERVICES, what);
    read_service(&t.row, &again);
    again.seen.chain = s->chain;
    for (int step = 0; s->result != NULL && step < SMTP_STEP_COUNT; step++) {
        cr_expect_eq(again.seen.result->smtp.reply[step].truncated,
                     s->result->smtp.reply[step].truncated, "%s: step %d", what, step);
    }
    put_service(&t.second, &again.seen);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

Test(read_rows, a_service_with_any_session)
{
    for (size_t i = 0; i < LENGTH(session_cases); i++) {
        struct seen_session attempts[3];
        three_attempts(attempts, &session_cases[i]);
        const struct seen_service s = {
            .address = address("192.0.2.1"),
            .port = 25,
            .attempts = attempts,
            .attempt_count = 3,
            .result = &attempts[1],
            .ptr = {.dns = {.state = DNS_NOT_ASKED, .rcode = 255, .ede = -1}},
            .names_total = 4294967295U,
            .names_dialled = 2,
        };
        service_trip(&s, session_cases[i].name);
    }
}

Test(read_rows, a_service_that_was_not_tested)
{
    for (unsigned r = NOT_TESTED_NONE; r <= NOT_TESTED_INTERRUPTED; r++) {
        const struct seen_service s = {.address = address("2001:db8::1"),
                                       .port = 65535,
                                       .not_tested = (enum not_tested_reason)r,
                                       .ptr = {.dns = {.rcode = 255, .ede = -1}}};
        service_trip(&s, not_tested_word((enum not_tested_reason)r));
    }
}

Test(read_rows, a_service_with_reverse_dns_and_versions)
{
    const struct span names[] = {SPAN_LIT("one.test"), SPAN_LIT("192-0-2-1.dyn.test")};
    const uint8_t states[] = {DNS_DATA, DNS_SERVFAIL};
    const bool confirmed[] = {true, false};
    struct seen_session only = established();
    const struct seen_service s = {
        .address = address("192.0.2.1"),
        .port = 465,
        .attempts = &only,
        .attempt_count = 1,
        .result = &only,
        .ptr = {.dns = {.state = DNS_DATA, .ede = 22, .tcp = true, .ttl = 4294967295U},
                .names = names,
                .name_count = 2,
                .forward_state = states,
                .forward_confirmed = confirmed},
        .versions = {.asked = true,
                     .sni = true,
                     .accepted = {TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES, TRUTH_NO},
                     .connections = 3},
        .chain = {.status = CHAIN_TRUSTED, .trusted_by = 1},
    };
    service_trip(&s, "reverse DNS and versions");
}

/* With and without a leaf on each side, the same one or another. */
Test(read_rows, a_service_with_the_name_of_no_server)
{
    struct seen_session only = established();
    struct seen_session wrong[4] = {established(), established(), session(OUTCOME_TLS_ALERT),
                                    session(OUTCOME_GREETING_TEMPFAIL)};
    wrong[1].tls.leaf_sha256[0] ^= 1;
    wrong[1].tls.unknown_name_warning = true;
    wrong[2].tls_attempted = true;
    wrong[2].tls.alert_received = 112;
    for (size_t i = 0; i < LENGTH(wrong); i++) {
        const struct seen_service s = {.address = address("192.0.2.1"),
                                       .port = 25,
                                       .attempts = &only,
                                       .attempt_count = i % 2,
                                       .result = i % 2 == 1 ? &only : NULL,
                                       .ptr = {.dns = {.ede = -1}},
                                       .wrong_sni = &wrong[i]};
        service_trip(&s, "wrong-sni");
    }
}

/* Every end, both orders and none, from no suite to as many as there is room for. */
Test(read_rows, a_service_with_cipher_suites)
{
    static const uint8_t counts[TLS_VERSION_COUNT] = {0, 1, 2, ACCEPTED_SUITES_MAX};
    for (unsigned end = 0; end < CIPHER_END_COUNT; end++) {
        struct accepted_suites suites[TLS_VERSION_COUNT] = {{{0}, 0, 0, 0, 0, 0}};
        for (size_t i = 0; i < TLS_VERSION_COUNT; i++) {
            suites[i] = (struct accepted_suites){.unoffered = 0xffff,
                                                 .end = (uint8_t)((end + i) % CIPHER_END_COUNT),
                                                 .order = (uint8_t)(i % CIPHER_ORDER_COUNT),
                                                 .sessions = (uint8_t)(128 - i)};
            for (uint16_t n = 0; suites[i].count < counts[i]; n++) {
                if (tls_cipher_name(n) != NULL) {
                    suites[i].suite[suites[i].count++] = n;
                }
            }
        }
        const struct seen_service s = {.address = address("192.0.2.1"),
                                       .port = 25,
                                       .ptr = {.dns = {.ede = -1}},
                                       .ciphers = {.version = suites,
                                                   .sni = end % 2 == 0,
                                                   .truncated = end % 2 == 1,
                                                   .connections = 128}};
        service_trip(&s, end == 0 ? "suites" : cipher_end_word((enum cipher_end)end));
    }
}

/* A row of another program, or a damaged one. */
Test(read_rows, suites_that_cannot_be)
{
    static const char *const suites[] = {"\"TLS_AES_128_GCM_SHA257\"", "7", "\"\""};
    struct seen_service s = {
        .address = address("192.0.2.1"), .port = 25, .ptr = {.dns = {.ede = -1}}};
    struct accepted_suites list[TLS_VERSION_COUNT] = {
        {.suite = {0x1301}, .count = 1, .end = CIPHERS_COMPLETE}};
    s.ciphers.version = list;
    for (size_t i = 0; i < LENGTH(suites); i++) {
        struct trip t;
        trip_init(&t);
        put_service(&t.first, &s);
        struct buf *line = &t.first.table[TABLE_SERVICES].ndjson;
        struct buf other = BUF_INIT(BUF_NO_LIMIT);
        static const char name[] = "\"TLS_AES_128_GCM_SHA256\"";
        buf_put_char(line, '\0');
        char *at = strstr((char *)line->at, name);
        cr_assert_not_null(at);
        buf_put(&other, (struct span){line->at, (size_t)(at - (char *)line->at)});
        buf_put_text(&other, suites[i]);
        buf_put_text(&other, at + strlen(name));
        other.len--; /* LF */
        struct read_service again;
        struct facts row;
        cr_assert(row_reading_begin(&t.reading, TABLE_SERVICES, buf_span(&other), &row));
        read_service(&row, &again);
        cr_expect_gt(t.reading.why.len, 0U, "%s", suites[i]);
        buf_deinit(&other);
        trip_deinit(&t);
    }
}

static void put_endpoint(struct row_sink *sink, const struct seen_endpoint *e)
{
    struct endpoint_verdict v;
    endpoint_verdict_init(&v);
    endpoint_verdict_fill(&v, e, 0);
    report_endpoint(sink, e, &v, NULL, NULL);
    endpoint_verdict_deinit(&v);
}

static void endpoint_trip(const struct seen_endpoint *e, const char *what)
{
    struct trip t;
    struct read_endpoint again;
    trip_init(&t);
    put_endpoint(&t.first, e);
    trip_read(&t, TABLE_ENDPOINTS, what);
    read_endpoint(&t.row, &again);
    again.seen.chain = e->chain;
    again.seen.no_sni_outcome = e->no_sni_outcome;
    again.seen.no_sni_chain = e->no_sni_chain;
    again.seen.other_key_chain = e->other_key_chain;
    again.seen.dane_sni_chain = e->dane_sni_chain;
    if (again.dane_sni != NULL) {
        again.dane_sni->tls.list = e->dane_sni->tls.list;
        again.dane_sni->tls.cert_count = e->dane_sni->tls.cert_count;
    }
    again.seen.dane_host = e->dane_host;
    again.seen.tlsa_base = e->tlsa_base;
    again.seen.tlsas = e->tlsas;
    again.seen.tlsa_count = e->tlsa_count;
    put_endpoint(&t.second, &again.seen);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

Test(read_rows, an_endpoint_with_another_key)
{
    struct seen_session own = established();
    struct seen_session others[] = {established(), session(OUTCOME_TLS_ALERT)};
    others[0].tls.signature_scheme = 0x0403;
    others[1].tls_attempted = true;
    others[1].tls.alert_received = 40;
    for (size_t i = 0; i < LENGTH(others); i++) {
        const struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                        .address = address("192.0.2.1"),
                                        .port = 25,
                                        .attempts = &own,
                                        .attempt_count = 1,
                                        .result = &own,
                                        .no_sni_outcome = OUTCOME_ESTABLISHED,
                                        .no_sni_chain = {.status = CHAIN_EXPIRED},
                                        .chain = {.status = CHAIN_TRUSTED, .trusted_by = 1},
                                        .other_key = &others[i],
                                        .other_key_chain = {.status = CHAIN_SELF_SIGNED}};
        endpoint_trip(&e, outcome_info(others[i].outcome)->word);
    }
}

/* RFC 7672 section 2.2.3: SNI is the TLSA base domain, which is not the host. */
Test(read_rows, an_endpoint_with_a_session_for_dane)
{
    const struct seen_tlsa tlsas[] = {{3, 1, 1, SPAN_LIT("0123456789abcdef0123456789abcdef")},
                                      {0, 0, 0, SPAN_LIT("x")}};
    struct seen_session own = established();
    for (size_t i = 0; i < LENGTH(session_cases); i++) {
        struct seen_session dane = established();
        session_cases[i].change(&dane);
        const struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                        .address = address("192.0.2.1"),
                                        .port = 25,
                                        .attempts = &own,
                                        .attempt_count = 1,
                                        .result = &own,
                                        .dane_host = DANE_HOST_USABLE,
                                        .tlsa_base = SPAN_LIT("real.test"),
                                        .tlsas = tlsas,
                                        .tlsa_count = LENGTH(tlsas),
                                        .dane_sni = &dane,
                                        .dane_sni_chain = {.status = CHAIN_SELF_SIGNED}};
        endpoint_trip(&e, session_cases[i].name);
    }
}

Test(read_rows, an_endpoint_with_any_session)
{
    for (size_t i = 0; i < LENGTH(session_cases); i++) {
        struct seen_session attempts[3];
        three_attempts(attempts, &session_cases[i]);
        struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                  .address = address("192.0.2.1"),
                                  .port = 25,
                                  .attempts = attempts,
                                  .attempt_count = 3,
                                  .result = &attempts[1],
                                  .repeated = true,
                                  .unstable = true,
                                  .no_sni_outcome = OUTCOME_NOT_TESTED};
        endpoint_trip(&e, session_cases[i].name);
    }
}

Test(read_rows, an_endpoint_for_which_another_session_speaks)
{
    for (unsigned o = OUTCOME_NOT_TESTED + 1; o < OUTCOME_COUNT; o++) {
        struct seen_session spoken = {.outcome = (enum session_outcome)o, .connect_ms = -1};
        spoken.smtp.starttls = STARTTLS_MASKED;
        struct seen_endpoint e = {.host = SPAN_LIT("mx.test"),
                                  .address = address("192.0.2.1"),
                                  .port = 25,
                                  .result = &spoken,
                                  .session_from = SPAN_LIT("192.0.2.1|25")};
        memset(e.no_sni_leaf_sha256, 0x11, sizeof(e.no_sni_leaf_sha256));
        endpoint_trip(&e, outcome_info((enum session_outcome)o)->word);
    }
}

Test(read_rows, an_endpoint_whose_result_is_inferred)
{
    struct seen_session spoken = {.outcome = OUTCOME_ESTABLISHED, .connect_ms = -1};
    spoken.smtp.starttls = STARTTLS_OFFERED;
    struct seen_endpoint e = {.host = SPAN_LIT("b.mx.test"),
                              .address = address("192.0.2.1"),
                              .port = 25,
                              .result = &spoken,
                              .session_from = SPAN_LIT("a.mx.test|192.0.2.1|25"),
                              .group = SPAN_LIT("192.0.2.1|25|*.mx.test"),
                              .basis = BASIS_INFERRED};
    endpoint_trip(&e, "inferred");
}

static void group_trip(const struct seen_group *g, const char *what)
{
    struct trip t;
    struct seen_group again;
    trip_init(&t);
    report_group(&t.first, g);
    trip_read(&t, TABLE_GROUPS, what);
    read_group(&t.row, &again);
    report_group(&t.second, &again);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

Test(read_rows, a_group)
{
    struct seen_group g = {.address = address("2001:db8::1"),
                           .port = 587,
                           .parent = SPAN_LIT("mx.test"),
                           .listed = true,
                           .state = GROUP_OPEN,
                           .names_dialled = 2,
                           .agreements = 1,
                           .inconclusive = 1};
    group_trip(&g, "open");
    g.state = GROUP_CONFIRMED;
    g.names_dialled = 7;
    g.names_inferred = 9000000000;
    g.agreements = 5;
    g.checks = 3;
    g.speaks = SPAN_LIT("a.mx.test");
    memset(g.chain_id, 0x22, sizeof(g.chain_id));
    group_trip(&g, "confirmed");
    g.state = GROUP_CONTRADICTED;
    for (g.contradictions = 1; g.contradictions <= 2 * CONTRADICTIONS_KEPT; g.contradictions++) {
        for (size_t i = 0; i < g.contradictions && i < CONTRADICTIONS_KEPT; i++) {
            g.contradicted_by[i] = SPAN_LIT("b.mx.test");
        }
        group_trip(&g, "contradicted");
    }
}

/* --- hosts and domains ---------------------------------------------------------------------- */

static const struct dns_case {
    const char *name;
    struct seen_dns dns;
} dns_cases[] = {
    {"never asked", {.state = DNS_NOT_ASKED, .rcode = 255, .ede = -1}},
    {"data", {.state = DNS_DATA, .ad = true, .rrsig_present = true, .ede = -1, .ttl = 0}},
    {"data behind a CNAME, cut",
     {.state = DNS_DATA, .cname_count = 8, .truncated = true, .ede = -1, .ttl = 9}},
    {"bogus with an extended error (RFC 8914)",
     {.state = DNS_BOGUS, .rcode = 2, .ede = 65535, .ttl = 7}},
    {"no answer", {.state = DNS_TIMEOUT, .rcode = 255, .ede = -1}},
    {"refused over TCP", {.state = DNS_REFUSED, .rcode = 5, .tcp = true, .ede = 0}},
};

static const struct endpoint_brief briefs[] = {
    {.address = {.family = 4, .octets = {192, 0, 2, 1}},
     .port = 25,
     .outcome = OUTCOME_ESTABLISHED,
     .starttls = STARTTLS_OFFERED,
     .tls_version = 0x0303,
     .leaf_sha256 = {1},
     .chain = {.status = CHAIN_TRUSTED, .trusted_by = 1},
     .name_match = NAME_MATCH_WILDCARD,
     .sni = SNI_DIFFERS,
     .sni_acceptable = SNI_ACCEPTABLE_ONLY_SNI,
     .covers_parents = 1,
     .ptr_is_host = TRUTH_YES,
     .dane = DANE_MATCH},
    {.address = {.family = 4, .octets = {192, 0, 2, 1}},
     .port = 587,
     .outcome = OUTCOME_TLS_ALERT,
     .starttls = STARTTLS_OFFERED,
     .inherited = 1,
     .mapped = 1,
     .ptr_is_host = TRUTH_NO},
    {.address = {.family = 6, .octets = {0x20, 1, 0xd, 0xb8}},
     .port = 25,
     .outcome = OUTCOME_NOT_TESTED,
     .not_tested = NOT_TESTED_FAMILY_DISABLED},
};

/* The verdicts come from where they are known; here from the list above. */
static void fill_brief(void *arg, struct span host, struct endpoint_brief *b)
{
    (void)host;
    (void)arg;
    for (size_t i = 0; i < LENGTH(briefs); i++) {
        if (net_addr_eq(&briefs[i].address, &b->address) && briefs[i].port == b->port) {
            b->chain = briefs[i].chain;
            b->name_match = briefs[i].name_match;
            b->sni = briefs[i].sni;
            b->sni_acceptable = briefs[i].sni_acceptable;
            b->covers_parents = briefs[i].covers_parents;
            b->dane = briefs[i].dane;
        }
    }
}

static void fill_mx(void *arg, struct seen_mx *mx)
{
    (void)arg;
    bool good = span_eq(mx->host, SPAN_LIT("mx.test"));
    mx->dane_host = good ? DANE_HOST_USABLE : DANE_HOST_LOOKUP_FAILED;
    mx->tlsa_at = good ? TLSA_PLACE_ALIAS : TLSA_PLACE_TARGET;
}

static const struct brief_judge judge = {.fill = fill_brief, .fill_mx = fill_mx};

static void put_host(struct row_sink *sink, const struct seen_host *h)
{
    struct dane_host_verdict v;
    dane_judge_host(h, true, &v);
    report_host(sink, h, &v, NULL, NULL);
}

static void host_trip(const struct seen_host *h, const char *what)
{
    struct trip t;
    struct seen_host again;
    trip_init(&t);
    put_host(&t.first, h);
    trip_read(&t, TABLE_HOSTS, what);
    read_host(&t.row, &judge, &again);
    put_host(&t.second, &again);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

Test(read_rows, a_host_with_any_answer)
{
    const struct span cnames[] = {SPAN_LIT("a.test"), SPAN_LIT("b\\000.test")};
    const struct net_addr addresses[] = {address("192.0.2.1"), address("::ffff:192.0.2.1")};
    const struct seen_tlsa tlsas[] = {{3, 1, 1, SPAN_LIT("\x00\xff")}, {255, 255, 255, {0}}};
    for (size_t i = 0; i < LENGTH(dns_cases); i++) {
        const struct seen_host h = {
            .name = SPAN_LIT("mx.test"),
            .a = dns_cases[i].dns,
            .aaaa = dns_cases[(i + 1) % LENGTH(dns_cases)].dns,
            .tlsa = dns_cases[(i + 2) % LENGTH(dns_cases)].dns,
            .cnames = cnames,
            .cname_count = i % 3,
            .addresses = addresses,
            .address_count = i % 3,
            .addresses_truncated = i,
            .tlsas = tlsas,
            .tlsa_count = i % 3,
            .first_cname = dns_cases[(i + 3) % LENGTH(dns_cases)].dns,
            .expanded_tlsa = dns_cases[(i + 4) % LENGTH(dns_cases)].dns,
            .blocklisted = i % 2 == 0,
            .endpoints = briefs,
            .endpoint_count = i % (LENGTH(briefs) + 1),
        };
        host_trip(&h, dns_cases[i].name);
    }
}

/* RFC 7672 section 2.2.2 */
Test(read_rows, a_host_with_records_at_the_end_of_its_links)
{
    const struct span cnames[] = {SPAN_LIT("real.test")};
    const struct net_addr addresses[] = {address("192.0.2.1")};
    const struct seen_tlsa tlsas[] = {{3, 1, 1, SPAN_LIT("0123456789abcdef0123456789abcdef")}};
    const struct seen_dns secure = {.state = DNS_DATA, .ad = true, .ede = -1, .ttl = 1};
    const struct seen_host h = {
        .name = SPAN_LIT("mx.test"),
        .a = secure,
        .aaaa = {.state = DNS_NODATA, .ad = true, .ede = -1},
        .tlsa = {.state = DNS_NOT_ASKED, .rcode = 255, .ede = -1},
        .first_cname = secure,
        .expanded_tlsa = secure,
        .expanded_tlsas = tlsas,
        .expanded_tlsa_count = 1,
        .cnames = cnames,
        .cname_count = 1,
        .addresses = addresses,
        .address_count = 1,
    };
    host_trip(&h, "expanded");
}

static void put_domain(struct row_sink *sink, const struct seen_domain *d)
{
    static const struct sender_profile items[] = {{.id = "a"}, {.id = "b"}};
    static const struct sender_profiles profiles = {items, LENGTH(items)};
    const struct judging_terms terms = {.trust_ad = true, .profiles = &profiles};
    struct domain_verdict *v = memory_new(1, sizeof(*v));
    const char *reason = NULL;
    enum account_class ending = account_class_of(d, &reason);
    domain_verdict_init(v);
    domain_verdict_fill(v, d, &terms);
    report_domain(sink, d, v, &profiles, ending, reason, NULL, NULL);
    domain_verdict_deinit(v);
    free(v);
}

static void domain_trip(const struct seen_domain *d, const char *what)
{
    struct trip t;
    struct seen_domain again;
    trip_init(&t);
    put_domain(&t.first, d);
    trip_read(&t, TABLE_DOMAINS, what);
    read_domain(&t.row, &judge, &again);
    put_domain(&t.second, &again);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

Test(read_rows, a_domain_with_an_mx_set)
{
    const struct seen_mx mx[] = {
        {.preference = 0,
         .exchange = SPAN_LIT("mx.test"),
         .host = SPAN_LIT("mx.test"),
         .a_state = DNS_DATA,
         .aaaa_state = DNS_NODATA,
         .cname_count = 2,
         .endpoints = briefs,
         .endpoint_count = LENGTH(briefs),
         .dane_host = DANE_HOST_USABLE,
         .tlsa_at = TLSA_PLACE_ALIAS},
        {.preference = 65535,
         .exchange = SPAN_LIT("."),
         .unusable = "null_mx",
         .name_kind = MX_NAME_ROOT},
        {.preference = 7,
         .exchange = SPAN_LIT("2001:DB8::1"),
         .host = SPAN_LIT("2001:db8::1"),
         .name_kind = MX_NAME_ADDRESS_LITERAL,
         .dane_host = DANE_HOST_LOOKUP_FAILED,
         .tlsa_at = TLSA_PLACE_TARGET},
        {.preference = 9,
         .exchange = SPAN_LIT("b.test"),
         .host = SPAN_LIT("b.test"),
         .blocklisted = true,
         .dane_host = DANE_HOST_LOOKUP_FAILED,
         .tlsa_at = TLSA_PLACE_TARGET},
    };
    const struct span texts[] = {SPAN_LIT("v=STSv1; id=1;"), SPAN_LIT("\xff\x00"), {0}};
    const struct span ns[] = {SPAN_LIT("ns1.test"), SPAN_LIT("ns2.test")};
    for (size_t i = 0; i < LENGTH(dns_cases); i++) {
        const struct seen_domain d = {
            .input_line = 9223372036854775807U,
            .input = SPAN_LIT("M\xfcnchen.test\x00"),
            .domain = SPAN_LIT("muenchen.test"),
            .registrable = SPAN_LIT("muenchen.test"),
            .tld = SPAN_LIT("test"),
            .metadata_json = SPAN_LIT("{\"a,}\\\"]\":\"1\",\"b\":\"\\u0085 {[\"}"),
            .mx_kind = MX_KIND_EXPLICIT,
            .mx_dns = dns_cases[i].dns,
            .cnames = ns,
            .cname_count = i % 3,
            .mx = mx,
            .mx_count = LENGTH(mx),
            .mx_total = 40,
            .null_mx_beside = i % 2 == 0,
            .endpoints_truncated = i % 2 == 0,
            .mta_sts = {.dns = dns_cases[(i + 1) % LENGTH(dns_cases)].dns,
                        .texts = texts,
                        .count = i % 4},
            .mta_sts_cnames = ns,
            .mta_sts_cname_count = i % 3,
            .tls_rpt = {.dns = dns_cases[(i + 2) % LENGTH(dns_cases)].dns,
                        .texts = texts,
                        .count = 1},
            .ns_dns = dns_cases[(i + 3) % LENGTH(dns_cases)].dns,
            .ns = ns,
            .ns_count = 2,
        };
        domain_trip(&d, dns_cases[i].name);
    }
}

Test(read_rows, a_domain_that_was_not_asked_about)
{
    const struct seen_domain cases[] = {
        {.input_line = 1, .input = SPAN_LIT("\xff"), .invalid = "empty_label"},
        {.input_line = 2, .input = SPAN_LIT("\"a"), .invalid = "unterminated_quote"},
        {.input_line = 3,
         .input = SPAN_LIT("A.test"),
         .domain = SPAN_LIT("a.test"),
         .tld = SPAN_LIT("test"),
         .registrable = SPAN_LIT("a.test"),
         .duplicate_of = 1},
        {.input_line = 4,
         .input = SPAN_LIT("b.test"),
         .domain = SPAN_LIT("b.test"),
         .tld = SPAN_LIT("test"),
         .blocklisted = true,
         .metadata_json = SPAN_LIT("{}")},
    };
    for (size_t i = 0; i < LENGTH(cases); i++) {
        domain_trip(&cases[i], (const char *)cases[i].input.at);
    }
}

Test(read_rows, every_kind_of_mail_routing)
{
    for (int k = MX_KIND_NOT_ASKED; k <= MX_KIND_UNKNOWN; k++) {
        struct seen_domain d = {.input_line = 1,
                                .input = SPAN_LIT("a.test"),
                                .domain = SPAN_LIT("a.test"),
                                .tld = SPAN_LIT("test"),
                                .mx_kind = (enum mx_kind)k,
                                .mx_dns = {.state = DNS_SERVFAIL, .rcode = 2, .ede = -1}};
        domain_trip(&d, mx_kind_word((enum mx_kind)k));
    }
}

/* --- policies ------------------------------------------------------------------------------- */

static void put_policy(struct row_sink *sink, struct span domain, const struct seen_policy *p)
{
    const struct seen_domain d = {.domain = domain, .policy = p};
    struct sts_verdict *v = memory_new(1, sizeof(*v));
    sts_verdict_init(v);
    sts_verdict_fill(v, &d);
    report_policy(sink, domain, p, v, NULL);
    sts_verdict_deinit(v);
    free(v);
}

static void policy_trip(const struct seen_policy *p, const char *what)
{
    struct trip t;
    struct read_policy again;
    trip_init(&t);
    put_policy(&t.first, SPAN_LIT("a.test"), p);
    trip_read(&t, TABLE_POLICIES, what);
    read_policy(&t.row, &again);
    cr_expect_eq(again.body_octets, p->body.len, "%s", what);
    again.seen.chain = p->chain;
    again.seen.body = p->body;
    put_policy(&t.second, again.domain, &again.seen);
    trip_expect_same(&t, what);
    trip_deinit(&t);
}

static struct seen_policy policy(enum policy_fetch outcome)
{
    return (struct seen_policy){
        .policy_host = SPAN_LIT("mta-sts.a.test"),
        .a = {.state = DNS_DATA, .ad = true, .ede = -1, .ttl = 3},
        .aaaa = {.state = DNS_TIMEOUT, .rcode = 255, .ede = -1},
        .outcome = outcome,
        .tls_ms = -1,
        .total_ms = -1,
    };
}

Test(read_rows, a_policy_with_any_outcome)
{
    for (int o = POLICY_FETCH_NOT_ASKED; o < POLICY_FETCH_COUNT; o++) {
        struct seen_policy p = policy((enum policy_fetch)o);
        if (o == POLICY_FETCH_NOT_DIALLED) {
            p.not_tested = NOT_TESTED_SPECIAL_PURPOSE;
        }
        policy_trip(&p, policy_fetch_word((enum policy_fetch)o));
    }
}

static struct seen_policy fetched_policy(void)
{
    static const struct span cnames[] = {SPAN_INIT("host.test")};
    static struct net_addr addresses[2];
    addresses[0] = address("192.0.2.1");
    addresses[1] = address("2001:db8::1");
    struct seen_policy p = policy(POLICY_FETCH_FETCHED);
    p.cnames = cnames;
    p.cname_count = 1;
    p.addresses = addresses;
    p.address_count = 2;
    p.attempts[0] =
        (struct policy_attempt){addresses[0], POLICY_FETCH_TCP_REFUSED, -1, -ECONNREFUSED};
    p.attempts[1] = (struct policy_attempt){addresses[1], POLICY_FETCH_FETCHED, 0, 0};
    p.attempt_count = 2;
    p.started_unix_ms = 1700000000007;
    p.tls_ms = 0;
    p.total_ms = 60000;
    p.tls_attempted = true;
    p.tls = established().tls;
    p.status = 200;
    p.head_octets = 16384;
    p.content_type = SPAN_LIT("text/pl\xe4in");
    p.chain = (struct chain_brief){.status = CHAIN_TRUSTED, .trusted_by = 1};
    return p;
}

static const struct body_case {
    const char *name;
    struct span body;
} body_cases[] = {
    {"valid (RFC 8461 section 3.2)",
     SPAN_INIT("version: STSv1\nmode: enforce\nmx: *.a.test\nmx: b.test\nmax_age: 604800\n")},
    {"no octets", SPAN_INIT("")},
    {"octets that are not UTF-8", SPAN_INIT("version: \xff\r\n\x00mx: \xe4\nmx: a@b\n")},
    {"an HTML page", SPAN_INIT("<!DOCTYPE html><html></html>")},
};

Test(read_rows, a_policy_with_any_body)
{
    for (size_t i = 0; i < LENGTH(body_cases); i++) {
        struct seen_policy p = fetched_policy();
        p.body = body_cases[i].body;
        memset(p.body_sha256, 0x5a, sizeof(p.body_sha256));
        policy_trip(&p, body_cases[i].name);
    }
}

Test(read_rows, a_policy_that_is_elsewhere)
{
    struct seen_policy p = fetched_policy();
    p.outcome = POLICY_FETCH_HTTP_REDIRECT;
    p.status = 301;
    p.location = SPAN_LIT("https://m\xfcnchen.test/\x1b");
    policy_trip(&p, "redirect (RFC 8461 section 3.3)");
}

Test(read_rows, a_policy_whose_handshake_fails)
{
    struct seen_policy p = fetched_policy();
    struct seen_session s = established();
    unnamed_numbers(&s);
    p.outcome = POLICY_FETCH_TLS_FAILED;
    p.status = 0;
    p.head_octets = 0;
    p.content_type = (struct span){0};
    p.tls = s.tls;
    policy_trip(&p, "TLS");
}

Test(read_rows, a_body_of_a_policy)
{
    for (size_t i = 0; i < LENGTH(body_cases); i++) {
        const uint8_t sha256[32] = {1, 2};
        uint8_t named[32];
        struct trip t;
        trip_init(&t);
        report_policy_body(&t.first, sha256, body_cases[i].body);
        trip_read(&t, TABLE_POLICY_BODIES, body_cases[i].name);
        struct span body = read_policy_body(&t.row, named);
        cr_expect(span_eq(body, body_cases[i].body), "%s", body_cases[i].name);
        report_policy_body(&t.second, named, body);
        trip_expect_same(&t, body_cases[i].name);
        trip_deinit(&t);
    }
}

static const struct {
    const char *name;
    struct seen_issuer seen;
} issuer_cases[] = {
    {"RFC 5280 4.2.2.1: fetched",
     {.url = SPAN_INIT("http://ca.test/a"),
      .outcome = POLICY_FETCH_FETCHED,
      .attempts = {{.address = {.family = 4, .octets = {11, 78, 2, 1}},
                    .outcome = POLICY_FETCH_FETCHED,
                    .connect_ms = 3}},
      .attempt_count = 1,
      .started_unix_ms = 1780000000123,
      .total_ms = 12,
      .status = 200,
      .content_type = SPAN_INIT("application/pkix-cert"),
      .body = SPAN_INIT("no certificate\0")}},
    {"an empty answer",
     {.url = SPAN_INIT("http://ca.test/"),
      .outcome = POLICY_FETCH_FETCHED,
      .total_ms = 0,
      .status = 200,
      .body = SPAN_INIT("")}},
    {"redirected",
     {.url = SPAN_INIT("http://ca.test/b"),
      .outcome = POLICY_FETCH_HTTP_REDIRECT,
      .total_ms = 1,
      .status = 302,
      .location = SPAN_INIT("http://127.0.0.1/\xff")}},
    {"octets that are no text",
     {.url = SPAN_INIT("http://\xff\x01/"), .refused = ISSUER_REFUSAL_TEXT, .total_ms = -1}},
    {"not dialled",
     {.url = SPAN_INIT("http://ca.test/c"),
      .outcome = POLICY_FETCH_NOT_DIALLED,
      .not_tested = NOT_TESTED_SPECIAL_PURPOSE,
      .total_ms = -1}},
};

Test(read_rows, an_issuer_that_was_asked)
{
    for (size_t i = 0; i < LENGTH(issuer_cases); i++) {
        struct seen_issuer again;
        struct trip t;
        trip_init(&t);
        report_issuer(&t.first, &issuer_cases[i].seen);
        trip_read(&t, TABLE_ISSUERS, issuer_cases[i].name);
        read_issuer(&t.row, &again);
        cr_expect(span_eq(again.body, issuer_cases[i].seen.body), "%s", issuer_cases[i].name);
        cr_expect_eq(again.refused, issuer_cases[i].seen.refused, "%s", issuer_cases[i].name);
        report_issuer(&t.second, &again);
        trip_expect_same(&t, issuer_cases[i].name);
        trip_deinit(&t);
    }
}

/* What this program cannot have written is refused, so that nothing behind it meets it. */
static const struct {
    const char *name;
    const char *column; /* with what stands there, up to the end of the value */
    const char *instead;
} refused_cases[] = {
    {"a word of another version", "\"fetch\":\"fetched\"", "\"fetch\":\"x\""},
    {"a body without a digest", "\"body_octets\":null", "\"body_octets\":1"},
    {"more than a policy can have", "\"body_octets\":null", "\"body_octets\":65537"},
};

Test(read_rows, a_policy_that_cannot_be)
{
    for (size_t i = 0; i < LENGTH(refused_cases); i++) {
        struct seen_policy p = fetched_policy();
        struct row_reading reading;
        struct facts row;
        struct read_policy again;
        struct row_sink sink;
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        row_sink_init(&sink, true, false, false);
        row_reading_init(&reading);
        put_policy(&sink, SPAN_LIT("a.test"), &p);
        struct span whole = buf_span(&sink.table[TABLE_POLICIES].ndjson);
        const uint8_t *at =
            memmem(whole.at, whole.len, refused_cases[i].column, strlen(refused_cases[i].column));
        cr_assert_not_null(at, "%s", refused_cases[i].name);
        buf_put(&line, span_take(whole, (size_t)(at - whole.at)));
        buf_put_text(&line, refused_cases[i].instead);
        buf_put(&line, span_drop(whole, (size_t)(at - whole.at) + strlen(refused_cases[i].column)));
        if (row_reading_begin(&reading, TABLE_POLICIES, buf_span(&line), &row)) {
            read_policy(&row, &again);
        }
        cr_expect_gt(reading.why.len, 0, "%s", refused_cases[i].name);
        buf_deinit(&line);
        row_reading_deinit(&reading);
        row_sink_deinit(&sink);
    }
}

Test(read_rows, an_endpoint_has_its_place_in_the_key_of_its_service_or_is_refused)
{
    static const struct {
        const char *service;
        bool good;
    } cases[] = {{"192.0.2.1|25", true}, {"192.0.2.1|65536", false}, {"192.0.2.1", false},
                 {"mx.test|25", false},  {"192.0.2.1|", false},      {"2001:db8::1|465", true}};
    struct row_reading r;
    row_reading_init(&r);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf line = BUF_INIT(BUF_NO_LIMIT);
        struct facts row;
        struct read_endpoint e;
        buf_putf(&line,
                 "{\"schema\":1,\"endpoint\":\"mx.test|%s\",\"host\":\"mx.test\",\"service\":\"%"
                 "s\",\"outcome\":\"refused\",\"starttls\":\"unknown\",\"session_from\":\"%s\"}",
                 cases[i].service, cases[i].service, cases[i].service);
        cr_assert(row_reading_begin(&r, TABLE_ENDPOINTS, buf_span(&line), &row));
        read_endpoint(&row, &e);
        cr_expect_eq(r.why.len == 0, cases[i].good, "%s", cases[i].service);
        buf_deinit(&line);
    }
    row_reading_deinit(&r);
}
