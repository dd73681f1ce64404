#include <errno.h>

#include <criterion/criterion.h>

#include "scanner/report/report.h"
#include "tests/unit/report/json_at.h"

#define NO_SCAN "1," UUID_NIL ",1970-01-01T00:00:00.000Z,"

static struct net_addr address(const char *text)
{
    struct net_addr a = {0};
    cr_assert(net_addr_parse(span_of(text), &a));
    return a;
}

static struct seen_session refused(void)
{
    return (struct seen_session){
        .outcome = OUTCOME_REFUSED,
        .started_unix_ms = 1700000000123,
        .connect_ms = -1,
        .total_ms = 3,
        .sys = -ECONNREFUSED,
        .tls = {.alert_received = -1, .alert_sent = -1, .ms = -1},
    };
}

static struct seen_session established(void)
{
    struct seen_session s = {
        .outcome = OUTCOME_ESTABLISHED,
        .sni = true,
        .tls_attempted = true,
        .started_unix_ms = 1700000060000,
        .source = address("192.0.2.200"),
        .connect_ms = 11,
        .total_ms = 99,
        .octets_in = 5000,
        .octets_out = 700,
        .smtp = {.starttls = STARTTLS_OFFERED},
        .tls =
            {
                .completed = true,
                .version = 0x0303,
                .cipher = 0xc02f,
                .group = 23,
                .signature_scheme = 0x0804,
                .secure_reneg = true,
                .alert_received = -1,
                .alert_sent = -1,
                .ms = 40,
                .cert_count = 2,
            },
    };
    s.smtp.reply[SMTP_STEP_GREETING] =
        (struct seen_reply){220, false, 12, SPAN_LIT("220 m\xfc.test ESMTP")};
    s.smtp.reply[SMTP_STEP_EHLO] =
        (struct seen_reply){250, false, 13, SPAN_LIT("250-mx.test\n250 STARTTLS")};
    s.smtp.reply[SMTP_STEP_STARTTLS] = (struct seen_reply){220, false, 14, SPAN_LIT("220 go")};
    s.smtp.reply[SMTP_STEP_EHLO_TLS] = (struct seen_reply){250, true, 15, SPAN_LIT("250 mx.test")};
    memset(s.tls.chain_id, 0xab, sizeof(s.tls.chain_id));
    memset(s.tls.leaf_sha256, 0xcd, sizeof(s.tls.leaf_sha256));
    return s;
}

#define REPEAT8(s)  s s s s s s s s
#define DIGEST(hex) "\"" REPEAT8(hex) REPEAT8(hex) REPEAT8(hex) REPEAT8(hex) "\""

static const struct json_expectation service_row[] = {
    {"schema", "1"},
    {"service", "\"2001:db8::1|25\""},
    {"address", "\"2001:db8::1\""},
    {"port", "25"},
    {"outcome", "\"established\""},
    {"status", "\"success\""},
    {"not_tested", "null"},
    {"starttls", "\"offered\""},
    {"banner", "\"220 m\xef\xbf\xbd.test ESMTP\""},
    {"banner_base64", "\"MjIwIG38LnRlc3QgRVNNVFA=\""},
    {"tls_version", "\"TLSv1.2\""},
    {"chain_id", DIGEST("ab")},
    {"leaf_sha256", DIGEST("cd")},
    {"attempt", "2"},
    {"attempts/0/outcome", "\"refused\""},
    {"attempts/0/status", "\"connection-refused\""},
    {"attempts/0/error", "\"ECONNREFUSED\""},
    {"attempts/0/started", "\"2023-11-14T22:13:20.123Z\""},
    {"attempts/0/source", "null"},
    {"attempts/0/code", "null"},
    {"attempts/0/connect_ms", "null"},
    {"attempts/0/tls_version", "null"},
    {"attempts/1/source", "\"192.0.2.200\""},
    {"attempts/1/code", "250"}, /* the last reply */
    {"attempts/1/text", "null"},
    {"attempts/1/error", "null"},
    {"attempts/1/tls_version", "\"TLSv1.2\""},
    {"attempts/1/octets_in", "5000"},
    {"transcript/banner/code", "220"},
    {"transcript/banner/text_base64", "\"MjIwIG38LnRlc3QgRVNNVFA=\""},
    {"transcript/ehlo/text", "\"250-mx.test\\n250 STARTTLS\""},
    {"transcript/ehlo/ms", "13"},
    {"transcript/helo", "null"},
    {"transcript/ehlo_tls/truncated", "true"},
    {"transcript/quit", "null"},
    {"transcript/starttls_again", "false"},
    {"transcript/injected_len", "0"},
    {"transcript/injected", "null"},
    {"handshake/completed", "true"},
    {"handshake/sni", "true"},
    {"handshake/cipher", "\"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\""},
    {"handshake/cipher_id", "49199"},
    {"handshake/group", "\"secp256r1\""},
    {"handshake/dh_bits", "null"},
    {"handshake/signature_scheme", "\"rsa_pss_rsae_sha256\""},
    {"handshake/extended_master_secret", "false"},
    {"handshake/secure_renegotiation", "true"},
    {"handshake/alert_received", "null"},
    {"handshake/alert_received_id", "null"},
    {"handshake/cert_count", "2"},
    {"handshake/list_malformed", "false"},
    {"handshake/malformed_list", "null"},
    {"handshake/chain_id", DIGEST("ab")},
    {"ptr/dns/state", "\"data\""},
    {"ptr/dns/rcode", "0"},
    {"ptr/dns/ttl", "300"},
    {"ptr/names/0/name", "\"mx.test\""},
    {"ptr/names/0/forward", "\"data\""},
    {"ptr/names/0/forward_confirmed", "true"},
    {"ptr/names/1/forward", "\"servfail\""},
    {"ptr/names/1/forward_confirmed", "false"},
    {"chain_status", "\"untrusted_root\""},
    {"server_name", "\"mx.test\""},
    {"name_relations/forward_confirmed", "true"},
    {"name_relations/ptr_is_generic", "false"},
    {"name_relations/ptr_is_server_name", "true"},
    {"name_relations/greeting_is_ehlo", "null"}, /* the greeting's is no host name */
    {"name_relations/certificate_covers_server_name", "null"},
    {"name_relations/certificate_covers_ptr", "null"},
    {"versions/tlsv1_0", "null"},
    {"versions/tlsv1_1", "false"},
    {"versions/tlsv1_2", "true"},
    {"versions/tlsv1_3", "true"},
    {"versions/sni", "true"},
    {"versions/connections", "2"},
    {"ciphers/tlsv1_0", "null"},
    {"ciphers/tlsv1_1/suites", "[]"},
    {"ciphers/tlsv1_1/end", "\"none\""},
    {"ciphers/tlsv1_2/suites/0", "\"TLS_RSA_WITH_AES_128_CBC_SHA\""},
    {"ciphers/tlsv1_2/suites/1", "\"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384\""},
    {"ciphers/tlsv1_2/order", "\"server\""},
    {"ciphers/tlsv1_2/end", "\"complete\""},
    {"ciphers/tlsv1_2/unoffered", "null"},
    {"ciphers/tlsv1_2/connections", "4"},
    {"ciphers/tlsv1_3/end", "\"unoffered\""},
    {"ciphers/tlsv1_3/unoffered", "0"}, /* TLS_NULL_WITH_NULL_NULL */
    {"ciphers/sni", "true"},
    {"ciphers/truncated", "false"},
    {"ciphers/connections", "6"},
    {"wrong_sni/sni", "\"wrong-sni.invalid\""},
    {"wrong_sni/outcome", "\"established\""},
    {"wrong_sni/alert_received", "null"},
    {"wrong_sni/unknown_name_warning", "true"},
    {"wrong_sni/same_leaf", "false"},
    {"names_total", "3"},
    {"findings/0/code", "\"smtp.unstable\""},
    {"findings/0/severity", "\"notice\""},
    {"findings/0/evidence", "\"refused, then established\""},
};

Test(session_rows, a_service_row_holds_what_was_seen)
{
    const struct seen_session attempts[] = {refused(), established()};
    const struct span names[] = {SPAN_LIT("mx.test"), SPAN_LIT("old.test")};
    const uint8_t states[] = {DNS_DATA, DNS_SERVFAIL};
    const bool confirmed[] = {true, false};
    struct seen_session wrong = established();
    wrong.tls.leaf_sha256[0] ^= 1;
    wrong.tls.unknown_name_warning = true;
    const struct accepted_suites suites[TLS_VERSION_COUNT] = {
        {.end = CIPHERS_NOT_ASKED},
        {.end = CIPHERS_NONE, .sessions = 1},
        {.suite = {0x002f, 0xc030},
         .count = 2,
         .end = CIPHERS_COMPLETE,
         .order = CIPHER_ORDER_SERVER,
         .sessions = 4},
        {.end = CIPHERS_UNOFFERED, .sessions = 1}};
    const struct seen_service s = {
        .address = address("2001:db8::1"),
        .port = 25,
        .attempts = attempts,
        .attempt_count = 2,
        .result = &attempts[1],
        .ptr = {.dns = {.state = DNS_DATA, .ede = -1, .ttl = 300},
                .names = names,
                .name_count = 2,
                .forward_state = states,
                .forward_confirmed = confirmed},
        .versions = {.asked = true,
                     .sni = true,
                     .accepted = {TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES, TRUTH_YES},
                     .connections = 2},
        .ciphers = {.version = suites, .sni = true, .connections = 6},
        .wrong_sni = &wrong,
        .chain = {.status = CHAIN_UNTRUSTED_ROOT},
        .names_total = 3,
        .names_dialled = 2,
    };
    struct findings findings;
    findings_init(&findings);
    buf_put_text(findings_add(&findings, FINDING_SMTP_UNSTABLE, SEVERITY_NOTICE),
                 "refused, then established");
    struct row_sink sink;
    row_sink_init(&sink, true, true, false);
    struct service_verdict verdict;
    service_verdict_init(&verdict);
    service_verdict_fill(&verdict, &s);
    report_service(&sink, &s, &verdict, &findings);
    service_verdict_deinit(&verdict);
    json_t *row = json_line(&sink.table[TABLE_SERVICES].ndjson, 0);
    EXPECT_JSON(row, service_row);
    json_decref(row);
    cr_expect_eq(sink.table[TABLE_SERVICES].rows, 1);
    cr_expect_eq(line_count(&sink.table[TABLE_SERVICES].ndjson), 1);
    cr_expect(span_eq(buf_span(&sink.table[TABLE_FINDINGS].csv),
                      SPAN_LIT(NO_SCAN "services,2001:db8::1|25,smtp.unstable,notice,"
                                       "\"refused, then established\",\r\n")));
    cr_expect_eq(sink.table[TABLE_FINDINGS].rows, 1);
    cr_expect_eq(sink.table[TABLE_FINDINGS].ndjson.len, 0);
    row_sink_deinit(&sink);
    findings_deinit(&findings);
}

static const struct json_expectation untested_row[] = {
    {"type", "\"services\""},
    {"outcome", "\"not_tested\""},
    {"not_tested", "\"interrupted\""},
    {"starttls", "\"unknown\""},
    {"banner", "null"},
    {"banner_base64", "null"},
    {"tls_version", "null"},
    {"chain_id", "null"},
    {"attempts", "[]"},
    {"attempt", "null"},
    {"transcript", "null"},
    {"handshake", "null"},
    {"ptr", "null"},
    {"chain_status", "null"},
    {"server_name", "null"},
    {"name_relations", "null"},
    {"versions", "null"},
    {"ciphers", "null"},
    {"wrong_sni", "null"},
    {"findings", "[]"},
};

Test(session_rows, what_was_not_tested_is_null_and_not_no)
{
    const struct seen_service s = {
        .address = address("192.0.2.1"), .port = 25, .not_tested = NOT_TESTED_INTERRUPTED};
    struct row_sink sink;
    row_sink_init(&sink, true, false, true);
    report_service(&sink, &s, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_SERVICES].ndjson, 0);
    EXPECT_JSON(row, untested_row);
    json_decref(row);
    cr_expect_eq(row_sink_len(&sink), sink.table[TABLE_SERVICES].ndjson.len);
    row_sink_deinit(&sink);
}

static const struct json_expectation own_endpoint_row[] = {
    {"endpoint", "\"mx.test|192.0.2.1|25\""},
    {"host", "\"mx.test\""},
    {"service", "\"192.0.2.1|25\""},
    {"outcome", "\"established\""},
    {"chain_id", DIGEST("ab")},
    {"leaf_sha256", DIGEST("cd")},
    {"no_sni_leaf_sha256", DIGEST("ef")},
    {"session_from", "null"},
    {"repeated", "true"},
    {"unstable", "false"},
    {"attempt", "1"},
    {"transcript/banner/code", "220"},
    {"handshake/completed", "true"},
    {"chain_status", "\"trusted\""},
    {"name/match", "\"match_wildcard\""},
    {"name/matched", "\"*.test\""},
    {"name/covers_server_name", "false"},
    {"acceptable", "true"},
    {"sni/class", "\"differs\""},
    {"sni/acceptable", "\"only_sni\""},
    {"sni/default_chain_status", "\"self_signed\""},
    {"sni/default_name_match", "\"mismatch\""},
    {"other_key/key", "\"EC\""}, /* the first leaf has an RSA key */
    {"other_key/outcome", "\"established\""},
    {"other_key/chain_id", DIGEST("ab")},
    {"other_key/leaf_sha256", DIGEST("cd")},
    {"other_key/chain_status", "\"expired\""},
    {"other_key/name_match", "\"match\""},
};

static const struct json_expectation borrowed_endpoint_row[] = {
    {"outcome", "\"established\""},
    {"starttls", "\"offered\""},
    {"tls_version", "\"TLSv1.2\""},
    {"session_from", "\"192.0.2.1|25\""},
    {"attempts", "[]"},
    {"attempt", "null"},
    {"chain_status", "null"},
    {"name", "null"},
    {"acceptable", "null"},
    {"sni", "null"},
    {"other_key", "null"},
    {"transcript", "null"}, /* it stands in the row of the session */
    {"handshake", "null"},
};

Test(session_rows, an_endpoint_row_says_whose_session_speaks)
{
    const struct seen_session session = established();
    struct seen_endpoint e = {
        .host = SPAN_LIT("mx.test"),
        .address = address("192.0.2.1"),
        .port = 25,
        .attempts = &session,
        .attempt_count = 1,
        .result = &session,
        .repeated = true,
    };
    memset(e.no_sni_leaf_sha256, 0xef, sizeof(e.no_sni_leaf_sha256));
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    const struct seen_session other_key = established();
    e.other_key = &other_key;
    e.other_key_chain.status = CHAIN_EXPIRED;
    e.chain.status = CHAIN_TRUSTED;
    e.no_sni_chain.status = CHAIN_SELF_SIGNED;
    const struct endpoint_verdict verdict = {
        .name = {.match = NAME_MATCH_WILDCARD, .matched = SPAN_INIT("*.test")},
        .default_name = {.match = NAME_MATCH_OTHER},
        .sni = SNI_DIFFERS,
        .acceptable = SNI_ACCEPTABLE_ONLY_SNI,
        .covers_server_name = TRUTH_NO,
        .other_key_name = {.match = NAME_MATCH_EXACT},
    };
    report_endpoint(&sink, &e, &verdict, NULL, NULL);
    e.chain.status = CHAIN_NONE;
    e.session_from = SPAN_LIT("192.0.2.1|25");
    e.attempt_count = 0;
    report_endpoint(&sink, &e, NULL, NULL, NULL);
    json_t *own = json_line(&sink.table[TABLE_ENDPOINTS].ndjson, 0);
    json_t *borrowed = json_line(&sink.table[TABLE_ENDPOINTS].ndjson, 1);
    EXPECT_JSON(own, own_endpoint_row);
    EXPECT_JSON(borrowed, borrowed_endpoint_row);
    json_decref(own);
    json_decref(borrowed);
    cr_expect_eq(sink.table[TABLE_ENDPOINTS].rows, 2);
    row_sink_deinit(&sink);
}

/* The code of the reply that decided the outcome, else of the last reply. */
struct code_case {
    enum session_outcome outcome;
    uint16_t codes[SMTP_STEP_COUNT];
    const char *code;
};

static const struct code_case code_cases[] = {
    {OUTCOME_GREETING_REJECTED, {[SMTP_STEP_GREETING] = 554, [SMTP_STEP_QUIT] = 221}, "554"},
    {OUTCOME_STARTTLS_NOT_OFFERED,
     {[SMTP_STEP_GREETING] = 220, [SMTP_STEP_EHLO] = 250, [SMTP_STEP_QUIT] = 221},
     "250"},
    {OUTCOME_HELO_ONLY,
     {[SMTP_STEP_GREETING] = 220, [SMTP_STEP_EHLO] = 502, [SMTP_STEP_HELO] = 250},
     "502"},
    {OUTCOME_STARTTLS_TEMPFAIL,
     {[SMTP_STEP_GREETING] = 220, [SMTP_STEP_EHLO] = 250, [SMTP_STEP_STARTTLS] = 454},
     "454"},
    {OUTCOME_EHLO_TIMEOUT, {[SMTP_STEP_GREETING] = 220}, "220"},
    {OUTCOME_TLS_CLOSED,
     {[SMTP_STEP_GREETING] = 220, [SMTP_STEP_EHLO] = 250, [SMTP_STEP_STARTTLS] = 220},
     "220"},
    {OUTCOME_CONNECT_TIMEOUT, {0}, "null"},
};

Test(session_rows, the_code_is_that_of_the_reply_that_decided)
{
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    for (size_t i = 0; i < sizeof(code_cases) / sizeof(code_cases[0]); i++) {
        struct seen_session session = {.outcome = code_cases[i].outcome};
        for (size_t step = 0; step < SMTP_STEP_COUNT; step++) {
            session.smtp.reply[step].code = code_cases[i].codes[step];
        }
        const struct seen_service s = {.address = address("192.0.2.1"),
                                       .port = 25,
                                       .attempts = &session,
                                       .attempt_count = 1,
                                       .result = &session};
        report_service(&sink, &s, NULL, NULL);
        json_t *row = json_line(&sink.table[TABLE_SERVICES].ndjson, i);
        const struct json_expectation code[] = {{"attempts/0/code", code_cases[i].code}};
        EXPECT_JSON(row, code);
        json_decref(row);
    }
    row_sink_deinit(&sink);
}

static const struct json_expectation malformed_row[] = {
    {"handshake/completed", "false"},
    {"handshake/version", "\"TLSv1.3\""},
    {"handshake/extended_master_secret", "null"},
    {"handshake/secure_renegotiation", "null"},
    {"handshake/alert_sent", "\"decode_error\""},
    {"handshake/alert_sent_id", "50"},
    {"handshake/error_code", "159"},
    {"handshake/error_text", "\"length mismatch\""},
    {"handshake/list_malformed", "true"},
    {"handshake/malformed_list", "\"AAEC\""},
    {"handshake/chain_id", "null"},
};

Test(session_rows, a_broken_handshake_keeps_its_evidence)
{
    const struct seen_session session = {
        .outcome = OUTCOME_TLS_PROTOCOL_ERROR,
        .tls_attempted = true,
        .tls = {.version = 0x0304,
                .alert_received = -1,
                .alert_sent = 50,
                .error_code = 159,
                .error_text = "length mismatch",
                .ms = -1,
                .list_malformed = true,
                .list = SPAN_INIT("\x00\x01\x02")},
    };
    const struct seen_service s = {.address = address("192.0.2.1"),
                                   .port = 25,
                                   .attempts = &session,
                                   .attempt_count = 1,
                                   .result = &session};
    struct row_sink sink;
    row_sink_init(&sink, true, false, false);
    report_service(&sink, &s, NULL, NULL);
    json_t *row = json_line(&sink.table[TABLE_SERVICES].ndjson, 0);
    EXPECT_JSON(row, malformed_row);
    json_decref(row);
    row_sink_deinit(&sink);
}
