#include <jansson.h>

#include <criterion/criterion.h>

#include "scanner/view/report.h"
#include "tests/unit/view/sample.h"

/* One MX with two addresses: a trusted certificate, and an expired one over IPv6. */
static const char *const two_addresses[] = {
    "{'type':'domains','input_line':2,'input':'Example.org','domain':'example.org',"
    "'account':'tested','mx_kind':'explicit','mx':[{'preference':10,'exchange':'mx.example.org',"
    "'host':'mx.example.org','unusable':null,'a':'data','aaaa':'data','blocklisted':false,"
    "'endpoints':[{'address':'192.0.2.1','port':25,'outcome':'established','starttls':'offered',"
    "'tls_version':'TLSv1.3','chain_status':'trusted','acceptable':true},"
    "{'address':'2001:db8::1','port':25,'outcome':'established','starttls':'offered',"
    "'tls_version':'TLSv1.2','chain_status':'expired','acceptable':false}]}],"
    "'findings':[{'code':'mx.equal_preference','severity':'info','evidence':'10'}]}",
    "{'type':'hosts','host':'mx.example.org','tlsa':[{'usage':3}],'findings':["
    "{'code':'parity.certificate','severity':'error','evidence':'passes at 192.0.2.1 only'}]}",
    "{'type':'services','service':'192.0.2.1|25','address':'192.0.2.1','port':25,"
    "'banner':'220 mx.example.org ESMTP','chain_id':'c1','ptr':{'dns':{'state':'data'},"
    "'names':[{'name':'mx.example.org','forward_confirmed':true}]},'ciphers':{"
    "'tlsv1_3':{'suites':['TLS_AES_256_GCM_SHA384','TLS_AES_128_GCM_SHA256'],"
    "'order':'server','end':'complete'},'tlsv1_2':{'suites':['TLS_RSA_WITH_RC4_128_SHA'],"
    "'order':'unknown','end':'inconclusive'},'tlsv1_1':{'suites':[],'order':'unknown',"
    "'end':'unoffered'},'tlsv1_0':{'suites':[],'order':'unknown','end':'none'}},'wrong_sni':{'"
    "outcome':'tls_alert',"
    "'alert_received':'unrecognized_name','same_leaf':null},'findings':[]}",
    "{'type':'services','service':'2001:db8::1|25','address':'2001:db8::1','port':25,"
    "'banner':'220 mx.example.org ESMTP','chain_id':'c3','findings':["
    "{'code':'tls.no_extended_master_secret','severity':'warning','evidence':null}]}",
    "{'type':'endpoints','endpoint':'mx.example.org|192.0.2.1|25','chain_id':'c1',"
    "'session_from':null,'name':{'match':'match','matched':'mx.example.org'},"
    "'sni':{'class':'same','acceptable':'both'},'transcript':{'banner':{'code':220,"
    "'text':'220-mx.example.org ESMTP\\n220 hello'},'ehlo':{'code':250,'text':'250 STARTTLS'}},"
    "'handshake':{'cipher':'TLS_AES_256_GCM_SHA384','group':'x25519'},'findings':[]}",
    "{'type':'endpoints','endpoint':'mx.example.org|2001:db8::1|25','chain_id':'c2',"
    "'session_from':null,'name':{'match':'match_wildcard','matched':'*.example.org'},"
    "'sni':{'class':'differs','acceptable':'neither','default_chain_status':'self_signed',"
    "'default_name_match':'mismatch'},'transcript':{'banner':{'code':220,"
    "'text':'220 mx.example.org ESMTP'}},"
    "'handshake':{'cipher':'ECDHE-RSA','group':'secp256r1'},"
    "'findings':[{'code':'tls.no_extended_master_secret','severity':'warning','evidence':null}]}",
    "{'type':'chains','chain_id':'c1','certificates':['aa','bb'],'roles':['leaf','intermediate'],"
    "'verdicts':[{'store':'system','status':'trusted','path':['aa','bb','cc'],"
    "'anchor_sha256':'cc','anchor_dn':'CN=Root X','faults':[]},"
    "{'store':'old','status':'untrusted_root'}],'findings':[]}",
    "{'type':'chains','chain_id':'c2','certificates':['dd','bb','ee'],"
    "'roles':['leaf','intermediate','unrelated'],'verdicts':[{'store':'system',"
    "'status':'expired','path':['dd','bb','cc'],'anchor_sha256':'cc','anchor_dn':'CN=Root X',"
    "'faults':[{'fault':'expired','step':0,'fingerprint_sha256':'dd'}]}],'findings':["
    "{'code':'chain.expired','severity':'error','evidence':'2026-01-01T00:00:00Z'},"
    "{'code':'chain.unrelated','severity':'info','evidence':'number 3'}]}",
    "{'type':'chains','chain_id':'c3','certificates':['ff'],'roles':['leaf'],"
    "'verdicts':[{'store':'system','status':'self_signed','path':['ff'],'faults':[]}],"
    "'findings':[{'code':'chain.self_signed','severity':'error','evidence':'CN=ispconfig'}]}",
    "{'type':'certificates','fingerprint_sha256':'aa','subject_dn':'CN=mx.example.org',"
    "'issuer_dn':'CN=Issuer 1','subject_cn':'mx.example.org','names':['mx.example.org',"
    "'a.example.org','b.example.org'],'names_total':3,'key_algorithm':'EC','key_curve':'P-256',"
    "'key_bits':256,'signature_algorithm':{'name':'sha256WithRSAEncryption'},"
    "'validity':{'start':'2026-01-01T00:00:00Z','end':'2026-04-01T00:00:00Z'},'days_left':45,"
    "'findings':[]}",
    "{'type':'certificates','fingerprint_sha256':'bb','subject_dn':'CN=Issuer 1',"
    "'subject_cn':'Issuer 1','validity':{'start':'2020-01-01T00:00:00Z',"
    "'end':'2030-01-01T00:00:00Z'},'findings':[{'code':'cert.serial_negative',"
    "'severity':'warning','evidence':'-1'}]}",
    "{'type':'certificates','fingerprint_sha256':'dd','subject_dn':'CN=*.example.org',"
    "'issuer_dn':'CN=Issuer 1','subject_cn':'*.example.org','names':['*.example.org',"
    "'a.test','b.test','c.test','d.test'],'names_total':5,'key_algorithm':'RSA','key_bits':2048,"
    "'signature_algorithm':{'name':'sha256WithRSAEncryption'},"
    "'validity':{'start':'2025-10-01T00:00:00Z','end':'2026-01-01T00:00:00Z'},'days_left':-46,"
    "'findings':[]}",
    "{'type':'certificates','fingerprint_sha256':'ee','subject_dn':'CN=Someone else',"
    "'findings':[]}",
    "{'type':'certificates','fingerprint_sha256':'ff','subject_dn':'CN=ispconfig',"
    "'issuer_dn':'CN=ispconfig','subject_cn':'ispconfig','names':null,'key_algorithm':'RSA',"
    "'key_bits':2048,'validity':{'start':'2020-01-01T00:00:00Z','end':'2030-01-01T00:00:00Z'},"
    "'days_left':1400,'findings':[{'code':'cert.no_san','severity':'warning','evidence':null}]}",
    NULL,
};

/** Findings are tested on their own: their texts are the catalogue's. */
static void expect_before_findings(const char *const rows[], bool verbose, const char *const want[])
{
    struct buf out = sample_report(rows, verbose);
    const char *findings = strstr(sample_text(&out), "\nFindings\n");
    cr_assert_not_null(findings);
    out.len = (size_t)(findings - (const char *)out.at);
    expect_lines(&out, want);
}

Test(report, server_by_server_with_what_fails_for_whom)
{
    static const char *const want[] = {
        "example.org: 2 errors, 2 warnings: mail is encrypted, certificates pass",
        "  verification at 1 of 2 addresses",
        "",
        "What fails for whom",
        "  - Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without",
        "    DANE): no delivery. At 2001:db8::1. They try the other addresses and hosts.",
        "",
        "Mail servers",
        "  MX 10 mx.example.org, 1 TLSA record",
        "    192.0.2.1       encrypted: TLSv1.3, TLS_AES_256_GCM_SHA384, x25519",
        "      greeting      220-mx.example.org ESMTP",
        "      certificate   chain 1: trusted, name matches",
        "      TLSv1.3       TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256 (the server's",
        "                    order)",
        "      TLSv1.2       TLS_RSA_WITH_RC4_128_SHA; inconclusive: it accepts these,",
        "                    and perhaps others: there was no answer, no TLS, or too few",
        "                    answers to tell a rejection from a fault",
        "      TLSv1.1       no cipher suite found; unoffered: it accepts these, and",
        "                    perhaps others: it chose a cipher suite that was not",
        "                    offered, and was not asked again",
        "      unknown SNI   tls_alert: unrecognized_name",
        "      reverse DNS   mx.example.org (confirmed)",
        "    2001:db8::1     encrypted: TLSv1.2, ECDHE-RSA, secp256r1",
        "      greeting      220 mx.example.org ESMTP",
        "      certificate   chain 2: expired, name matches by *.example.org",
        "      without SNI   chain 3: self_signed, name: mismatch",
        "",
        "Certificates",
        "  chain 1, presented at 192.0.2.1",
        "    subject    CN=mx.example.org",
        "    names      mx.example.org, a.example.org, b.example.org",
        "    issuer     CN=Issuer 1",
        "    key        EC P-256, signed with sha256WithRSAEncryption",
        "    valid      2026-01-01 to 2026-04-01, 45 days left",
        "    trust      trusted (trust store system)",
        "               untrusted_root: the best path ends at a self-signed certificate",
        "               that is not a trust anchor (trust store old)",
        "      leaf CN=mx.example.org",
        "      └─ intermediate CN=Issuer 1, valid until 2030-01-01",
        "         └─ trust anchor CN=Root X, in trust store system",
        "  chain 2, presented at 2001:db8::1",
        "    subject    CN=*.example.org",
        "    names      *.example.org, a.test, b.test and 2 more",
        "    issuer     CN=Issuer 1",
        "    key        RSA 2048 bits, signed with sha256WithRSAEncryption",
        "    valid      2025-10-01 to 2026-01-01, expired 46 days ago",
        "    trust      expired: there is a path to a trust anchor, but a certificate on",
        "               the best one has expired (trust store system)",
        "      leaf CN=*.example.org",
        "        expired: notAfter has passed",
        "      └─ intermediate CN=Issuer 1, valid until 2030-01-01",
        "         └─ trust anchor CN=Root X, in trust store system",
        "      also sent, as number 3 (unrelated): CN=Someone else",
        "  chain 3, presented at 2001:db8::1 (without SNI)",
        "    subject    CN=ispconfig",
        "    names      none; only the common name ispconfig",
        "    issuer     CN=ispconfig",
        "    key        RSA 2048 bits",
        "    valid      2020-01-01 to 2030-01-01, 1400 days left",
        "    trust      self_signed: the leaf is signed with its own key, and is not a",
        "               trust anchor (trust store system)",
        "      leaf CN=ispconfig",
        NULL,
    };
    expect_before_findings(two_addresses, false, want);
}

Test(report, verbose_adds_transcripts_and_the_chain_without_sni)
{
    static const char *const want[] = {
        "example.org: 2 errors, 2 warnings: mail is encrypted, certificates pass",
        "  verification at 1 of 2 addresses",
        "",
        "What fails for whom",
        "  - Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without",
        "    DANE): no delivery. At 2001:db8::1. They try the other addresses and hosts.",
        "",
        "Mail servers",
        "  MX 10 mx.example.org, 1 TLSA record",
        "    192.0.2.1       encrypted: TLSv1.3, TLS_AES_256_GCM_SHA384, x25519",
        "      greeting      220-mx.example.org ESMTP",
        "                    220 hello",
        "      EHLO          250 STARTTLS",
        "      certificate   chain 1: trusted, name matches",
        "      TLSv1.3       TLS_AES_256_GCM_SHA384, TLS_AES_128_GCM_SHA256 (the server's",
        "                    order)",
        "      TLSv1.2       TLS_RSA_WITH_RC4_128_SHA; inconclusive: it accepts these,",
        "                    and perhaps others: there was no answer, no TLS, or too few",
        "                    answers to tell a rejection from a fault",
        "      TLSv1.1       no cipher suite found; unoffered: it accepts these, and",
        "                    perhaps others: it chose a cipher suite that was not",
        "                    offered, and was not asked again",
        "      unknown SNI   tls_alert: unrecognized_name",
        "      reverse DNS   mx.example.org (confirmed)",
        "    2001:db8::1     encrypted: TLSv1.2, ECDHE-RSA, secp256r1",
        "      greeting      220 mx.example.org ESMTP",
        "      certificate   chain 2: expired, name matches by *.example.org",
        "      without SNI   chain 3: self_signed, name: mismatch",
        "",
        "Certificates",
        "  chain 1, presented at 192.0.2.1",
        "    subject    CN=mx.example.org",
        "    names      mx.example.org, a.example.org, b.example.org",
        "    issuer     CN=Issuer 1",
        "    key        EC P-256, signed with sha256WithRSAEncryption",
        "    valid      2026-01-01 to 2026-04-01, 45 days left",
        "    fingerprint SHA-256 aa",
        "    trust      trusted (trust store system)",
        "               untrusted_root: the best path ends at a self-signed certificate",
        "               that is not a trust anchor (trust store old)",
        "      leaf CN=mx.example.org",
        "      └─ intermediate CN=Issuer 1, valid until 2030-01-01",
        "         └─ trust anchor CN=Root X, in trust store system",
        "  chain 2, presented at 2001:db8::1",
        "    subject    CN=*.example.org",
        "    names      *.example.org, a.test, b.test and 2 more",
        "    issuer     CN=Issuer 1",
        "    key        RSA 2048 bits, signed with sha256WithRSAEncryption",
        "    valid      2025-10-01 to 2026-01-01, expired 46 days ago",
        "    fingerprint SHA-256 dd",
        "    trust      expired: there is a path to a trust anchor, but a certificate on",
        "               the best one has expired (trust store system)",
        "      leaf CN=*.example.org",
        "        expired: notAfter has passed",
        "      └─ intermediate CN=Issuer 1, valid until 2030-01-01",
        "         └─ trust anchor CN=Root X, in trust store system",
        "      also sent, as number 3 (unrelated): CN=Someone else",
        "  chain 3, presented at 2001:db8::1 (without SNI)",
        "    subject    CN=ispconfig",
        "    names      none; only the common name ispconfig",
        "    issuer     CN=ispconfig",
        "    key        RSA 2048 bits",
        "    valid      2020-01-01 to 2030-01-01, 1400 days left",
        "    fingerprint SHA-256 ff",
        "    trust      self_signed: the leaf is signed with its own key, and is not a",
        "               trust anchor (trust store system)",
        "      leaf CN=ispconfig",
        NULL,
    };
    expect_before_findings(two_addresses, true, want);
}

/* A fault at several addresses is told once; one of the chain without SNI does not count. */
static const char *const many_findings[] = {
    "{'type':'domains','input_line':2,'input':'a.example','domain':'a.example','account':'tested',"
    "'mx_kind':'explicit','mx':[{'preference':0,'exchange':'m.a.example','host':'m.a.example',"
    "'a':'data','aaaa':'nodata','endpoints':["
    "{'address':'192.0.2.1','port':25,'outcome':'starttls_not_offered','starttls':'not_offered'},"
    "{'address':'192.0.2.2','port':25,'outcome':'starttls_not_offered','starttls':'not_offered'},"
    "{'address':'192.0.2.3','port':587,'outcome':'established','starttls':'offered'}]}],"
    "'findings':[{'code':'mx.many','severity':'warning','evidence':'11'}]}",
    "{'type':'services','service':'192.0.2.1|25','findings':["
    "{'code':'starttls.not_offered','severity':'error',"
    "'evidence':'192.0.2.1 port 25: 250 m'},"
    "{'code':'smtp.multiline_greeting','severity':'info','evidence':null}]}",
    "{'type':'services','service':'192.0.2.2|25','findings':["
    "{'code':'starttls.not_offered','severity':'warning',"
    "'evidence':'192.0.2.2 port 25, host m.a.example: 250 m'}]}",
    "{'type':'services','service':'192.0.2.3|587','chain_id':'c1','findings':["
    "{'code':'starttls.not_offered','severity':'error','evidence':'\\u001b[31mred\\u202e'}]}",
    "{'type':'endpoints','endpoint':'m.a.example|192.0.2.3|587','chain_id':'c2','findings':[]}",
    "{'type':'chains','chain_id':'c1','certificates':['aa'],'findings':["
    "{'code':'smtp.not_smtp','severity':'warning','evidence':null}]}",
    NULL,
};

Test(report, findings_are_told_once_with_their_places)
{
    static const char *const want[] = {
        "Findings",
        "  error starttls.not_offered: The server does not offer STARTTLS; mail is sent",
        "    in cleartext.",
        "    seen: 192.0.2.3 port 587: \\x1b[31mred\\u202e",
        "    seen: 192.0.2.1, 192.0.2.2: 250 m",
        "    fix: Configure a certificate and enable STARTTLS for every client.",
        "  warning mx.many: The domain has more than 10 MX records; some senders give up",
        "    before the last.",
        "    seen: the domain: 11",
        "    fix: Keep only the hosts in use.",
        "",
        "The chain without SNI has additional findings; use --verbose to list them.",
        NULL,
    };
    struct buf out = sample_report(many_findings, false);
    const char *findings = strstr(sample_text(&out), "Findings\n");
    cr_assert_not_null(findings);
    struct buf tail = BUF_INIT(BUF_NO_LIMIT);
    buf_put_text(&tail, findings);
    buf_deinit(&out);
    expect_lines(&tail, want);
}

/** Undoes the wrapping. */
static void flatten(const char *text, char *out, size_t size)
{
    size_t to = 0;
    for (; *text != '\0' && to + 1 < size; text++) {
        bool space = *text == ' ' || *text == '\n';
        if (!space) {
            out[to++] = *text;
        } else if (to > 0 && out[to - 1] != ' ') {
            out[to++] = ' ';
        }
    }
    while (to > 0 && out[to - 1] == ' ') {
        to--;
    }
    out[to] = '\0';
}

/* What a line of the input comes to when there is no server to speak of. */
Test(report, headlines)
{
    static const struct {
        const char *row;
        const char *want;
    } cases[] = {
        {"'mx_kind':'null_mx','account':'no_mail'",
         "a.example: nothing to fix: accepts no mail (null MX, RFC 7505)"},
        {"'mx_kind':'nxdomain','account':'no_mail'",
         "a.example: nothing to fix: the domain does not exist"},
        {"'mx_kind':'none','account':'no_mail'",
         "a.example: nothing to fix: no mail server: neither MX nor address records"},
        {"'mx_kind':'unknown','account':'dns_failed','mx_dns':{'state':'servfail'}",
         "a.example: nothing to fix: the mail servers could not be resolved (DNS: servfail)"},
        {"'mx_kind':'explicit','account':'dns_failed','mx_dns':{'state':'data'}",
         "a.example: nothing to fix: the addresses of the mail servers could not be resolved"},
        {"'account':'blocklisted'", "a.example: nothing to fix: on the blocklist, not scanned"},
        {"'account':'duplicate'", "a.example: repeated; see above"},
        {"'account':'invalid','domain':null,'invalid':'bad_character','input':'a b'",
         "a b: nothing to fix: not a domain name (bad_character)"},
        {"'account':'invalid','domain':null,'invalid':'empty','input':''",
         "'': nothing to fix: not a domain name (empty)"},
        {"'account':'no_mail','mx_kind':'explicit','mx':[]",
         "a.example: nothing to fix: no mail server has an address"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char row[512];
        (void)snprintf(row, sizeof(row), "{'type':'domains','input_line':2,%s%s}",
                       strstr(cases[i].row, "'domain'") ? "" : "'domain':'a.example',",
                       cases[i].row);
        const char *const rows[] = {row, NULL};
        struct buf out = sample_report(rows, false);
        char flat[256];
        flatten(sample_text(&out), flat, sizeof(flat));
        cr_assert_str_eq(flat, cases[i].want);
        buf_deinit(&out);
    }
}

static void expect_headline(const char *briefs, const char *want)
{
    char row[2048];
    (void)snprintf(row, sizeof(row),
                   "{'type':'domains','input_line':2,'domain':'a.example','account':'tested',"
                   "'mx':[{'preference':1,'host':'m.example','endpoints':[%s]}],'findings':[]}",
                   briefs);
    const char *const rows_of[] = {row, NULL};
    struct buf lines = sample_rows(rows_of);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    struct domain_view view;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    domain_view_init(&view, &rows, &rows.table[TABLE_DOMAINS].row[0]);
    headline_put(&out, &view);
    cr_assert_str_eq(sample_text(&out), want);
    domain_view_deinit(&view);
    result_rows_deinit(&rows);
    buf_deinit(&lines);
    buf_deinit(&out);
}

#define GOOD       "{'address':'192.0.2.1','port':25,'outcome':'established','acceptable':true}"
#define BAD        "{'address':'192.0.2.2','port':25,'outcome':'established','acceptable':false}"
#define CLEAR      "{'address':'192.0.2.3','port':25,'outcome':'starttls_not_offered'}"
#define GONE       "{'address':'192.0.2.4','port':25,'outcome':'refused'}"
#define ALERT      "{'address':'192.0.2.5','port':25,'outcome':'tls_alert','starttls':'offered'}"
#define SUBMISSION "{'address':'192.0.2.6','port':587,'outcome':'established','acceptable':false}"
#define GOOD_TOO   "{'address':'192.0.2.7','port':25,'outcome':'established','acceptable':true}"
#define BAD_TOO    "{'address':'192.0.2.8','port':25,'outcome':'established','acceptable':false}"
/* RFC 6125 section 6.4: the path is good, the name is another. */
#define MISNAMED                                                                   \
    "{'address':'192.0.2.1','port':25,'outcome':'established','acceptable':false," \
    "'chain_status':'trusted','name_match':'mismatch'}"

Test(report, headlines_count_addresses)
{
    expect_headline(
        GOOD, "a.example: nothing to fix: mail is encrypted, the certificate passes verification");
    expect_headline(GOOD "," GOOD_TOO, "a.example: nothing to fix: mail is encrypted, certificates "
                                       "pass verification at all 2 addresses");
    /* One address of several hosts is one, whatever it shows to each. */
    expect_headline(
        GOOD "," GOOD,
        "a.example: nothing to fix: mail is encrypted, the certificate passes verification");
    expect_headline(GOOD "," MISNAMED,
                    "a.example: nothing to fix: mail is encrypted, certificates pass verification "
                    "at 1 of 2 places (MX host and address)");
    expect_headline(MISNAMED "," MISNAMED, "a.example: nothing to fix: mail is encrypted, the "
                                           "certificate is not for the MX host");
    expect_headline(
        BAD, "a.example: nothing to fix: mail is encrypted, the certificate fails verification");
    expect_headline(BAD "," BAD_TOO,
                    "a.example: nothing to fix: mail is encrypted, certificates pass "
                    "verification at none of 2 addresses");
    expect_headline(GOOD "," BAD "," CLEAR,
                    "a.example: nothing to fix: mail is encrypted at 2 of 3 addresses, "
                    "certificates pass verification at 1 of 2 addresses");
    expect_headline(CLEAR, "a.example: nothing to fix: mail is not encrypted");
    expect_headline(CLEAR "," GONE, "a.example: nothing to fix: mail is encrypted at no address");
    expect_headline(ALERT, "a.example: nothing to fix: mail is encrypted at no address");
    expect_headline(GONE, "a.example: nothing to fix: no server could be tested (1 address)");
    expect_headline(
        GOOD "," SUBMISSION,
        "a.example: nothing to fix: mail is encrypted, the certificate passes verification");
    expect_headline(
        SUBMISSION,
        "a.example: nothing to fix: sessions are encrypted, the certificate fails verification");
}

/* One kind of trouble after the other, and what is said of it. */
Test(report, effects_name_the_sender)
{
    static const struct {
        const char *brief;    /* besides address and port */
        const char *endpoint; /* besides its key */
        const char *want;
    } cases[] = {
        {"'outcome':'refused'", "", "Every sender: no connection. At the only address. They defer"},
        {"'outcome':'greeting_timeout'", "",
         "Every sender that is treated like this client: no SMTP dialogue."},
        {"'outcome':'starttls_masked'", "", "Every sender: no encryption."},
        {"'outcome':'helo_only'", "", "Every sender: no encryption."},
        {"'outcome':'ehlo_rejected'", "", "no SMTP dialogue."},
        {"'outcome':'tarpit'", "", "no SMTP dialogue."},
        {"'outcome':'starttls_tempfail','starttls':'tempfail'", "",
         "Every sender that uses TLS: TLS fails."},
        {"'outcome':'tls_closed','starttls':'injected'", "",
         "Every sender that uses TLS: TLS fails."},
        {"'outcome':'tls_alert','starttls':'offered'", ",'sni':{'class':'fatal_with'}",
         "Senders with SNI (most senders): TLS fails; it works without SNI"},
        {"'outcome':'established','tls_version':'TLSv1.1'", "",
         "Senders that require TLS 1.2 or newer: no encryption"},
        {"'outcome':'established','acceptable':false", "",
         "Senders that verify certificates (MTA-STS in mode enforce, RFC 8461; without DANE): no "
         "delivery."},
        {"'outcome':'established','acceptable':false", ",'sni':{'acceptable':'only_default'}",
         "Senders with SNI that verify certificates:"},
        {"'outcome':'established','acceptable':true", ",'sni':{'class':'fatal_without'}",
         "Senders without SNI: no encryption; the handshake fails."},
        {"'outcome':'established','acceptable':true",
         ",'sni':{'class':'differs','acceptable':'only_sni'}",
         "Senders without SNI: another certificate, which fails verification"},
        {"'outcome':'established','acceptable':true",
         ",'transcript':{'quirks':['nul','lost_after_tls']}",
         "a.example: nothing to fix: mail is encrypted at no address"},
        {"'outcome':'established','acceptable':true",
         ",'transcript':{'quirks':['nul','lost_after_tls']}",
         "Every sender that uses TLS: the session ends right after the TLS handshake"},
        {"'outcome':'established','acceptable':true",
         ",'transcript':{'quirks':['refused_after_tls']}",
         "Every sender that is treated like this client: EHLO inside TLS is rejected or not "
         "answered"},
        {"'outcome':'established','acceptable':true", ",'transcript':{'quirks':['nul']}",
         "Some senders: the dialogue before TLS deviates from the RFCs;"},
        {"'outcome':'established','acceptable':true", ",'transcript':{'forms':['hidden_greeting']}",
         "Some senders: the dialogue before TLS deviates from the RFCs;"},
        {"'outcome':'established','acceptable':true", ",'transcript':{'starttls':{'code':250}}",
         "Some senders: the dialogue before TLS deviates from the RFCs;"},
        {"'outcome':'established','acceptable':true",
         ",'transcript':{'quirks':null,'starttls':{'code':220}}", "No failure was seen."},
        {"'outcome':'established','acceptable':true", "", "No failure was seen."},
        {"'outcome':'established'", "", "No failure was seen."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char domain[512];
        char endpoint[512];
        (void)snprintf(domain, sizeof(domain),
                       "{'type':'domains','input_line':2,'domain':'a.example','account':'tested',"
                       "'mx':[{'preference':1,'host':'m.example','endpoints':[{'address':"
                       "'192.0.2.1','port':25,%s}]}]}",
                       cases[i].brief);
        (void)snprintf(endpoint, sizeof(endpoint),
                       "{'type':'endpoints','endpoint':'m.example|192.0.2.1|25'%s}",
                       cases[i].endpoint);
        const char *const rows[] = {domain, endpoint, NULL};
        struct buf out = sample_report(rows, false);
        char flat[4096];
        flatten(sample_text(&out), flat, sizeof(flat));
        cr_assert_not_null(strstr(flat, cases[i].want), "%s: %s", cases[i].brief, flat);
        buf_deinit(&out);
    }
}

/* RFC 5321 section 4.5.4.2. */
Test(report, effects_at_other_ports_are_none_of_mail)
{
    static const char *const rows[] = {
        "{'type':'domains','input_line':2,'domain':'a.example','account':'tested',"
        "'mx':[{'preference':1,'host':'m.example','endpoints':[" SUBMISSION "]}]}",
        NULL};
    struct buf out = sample_report(rows, false);
    char flat[4096];
    flatten(sample_text(&out), flat, sizeof(flat));
    cr_expect_not_null(strstr(flat, "Not known: mail comes to port 25"), "%s", flat);
    cr_expect_null(strstr(flat, "no delivery"), "%s", flat);
    buf_deinit(&out);
}

Test(report, json_holds_every_row_once)
{
    struct buf lines = sample_rows(two_addresses);
    struct buf out = BUF_INIT(BUF_NO_LIMIT);
    struct result_rows rows;
    struct domain_view view;
    cr_assert(result_rows_read(&rows, buf_span(&lines)));
    domain_view_init(&view, &rows, &rows.table[TABLE_DOMAINS].row[0]);
    report_put_json(&out, &view);
    json_t *document = json_loadb((const char *)out.at, out.len, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(document);
    cr_assert_str_eq(json_string_value(json_object_get(document, "domain")), "example.org");
    cr_assert_eq(json_integer_value(json_object_get(json_object_get(document, "codes"), "error")),
                 2);
    static const struct {
        const char *table;
        size_t want;
    } tables[] = {{"domains", 1}, {"hosts", 1},       {"services", 2},    {"endpoints", 2},
                  {"chains", 3},  {"completions", 0}, {"certificates", 5}};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const json_t *list = json_object_get(json_object_get(document, "rows"), tables[i].table);
        cr_assert_eq(json_array_size(list), tables[i].want, "%s", tables[i].table);
    }
    cr_assert(out.at[out.len - 1] == '\n' && memchr(out.at, '\n', out.len) == out.at + out.len - 1);
    json_decref(document);
    domain_view_deinit(&view);
    result_rows_deinit(&rows);
    buf_deinit(&lines);
    buf_deinit(&out);
}

Test(report, a_chain_without_its_intermediate)
{
    static const char *const rows[] = {
        "{'type':'domains','input_line':2,'domain':'a.example','account':'tested','mx':["
        "{'preference':1,'host':'m.example','endpoints':[{'address':'192.0.2.1','port':25,"
        "'outcome':'established','chain_status':'issuer_unknown','acceptable':false}]}]}",
        "{'type':'endpoints','endpoint':'m.example|192.0.2.1|25','chain_id':'c1'}",
        "{'type':'chains','chain_id':'c1','certificates':['aa'],'roles':['leaf'],"
        "'verdicts':[{'store':'system','status':'issuer_unknown','path':['aa'],'faults':[]}],"
        "'missing_issuer_dn':'CN=R11','missing_issuer_urls':['http://r11.i.example/'],"
        "'findings':[{'code':'chain.issuer_unknown','severity':'error','evidence':'CN=R11'}]}",
        "{'type':'completions','chain_id':'c1','status':'trusted','anchor_dn':'CN=Root X',"
        "'completing':[{'subject_dn':'CN=R11','source':'bundled','bundled':'set of 2026-01-01'}],"
        "'findings':[{'code':'chain.missing_intermediate','severity':'error','evidence':'x'}]}",
        "{'type':'certificates','fingerprint_sha256':'aa','subject_dn':'CN=m.example',"
        "'names':['m.example'],'key_algorithm':'EC','validity':{'start':null,'end':null}}",
        NULL,
    };
    struct buf out = sample_report(rows, false);
    const char *text = sample_text(&out);
    cr_assert_not_null(strstr(text, "      leaf CN=m.example\n"
                                    "      └─ missing CN=R11, known from set of 2026-01-01\n"
                                    "         └─ trust anchor CN=Root X\n"),
                       "%s", text);
    cr_assert_not_null(strstr(text, "it can be fetched from http://r11.i.example/\n"), "%s", text);
    /* one fault, one finding */
    cr_assert(strstr(text, "a.example: 1 error: ") == text, "%s", text);
    cr_assert_null(strstr(text, "chain.issuer_unknown"), "%s", text);
    buf_deinit(&out);
}

/* RFC 7672 sections 3.1 and 3.2.2 */
Test(report, what_tlsa_records_make_of_each_key)
{
    static const char *const rows[] = {
        "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':'tested',"
        "'mx_kind':'explicit','mx':[{'preference':10,'exchange':'mx.a.test','host':'mx.a.test',"
        "'unusable':null,'a':'data','aaaa':'nodata','endpoints':[{'address':'192.0.2.1','port':25,"
        "'outcome':'established','starttls':'offered','tls_version':'TLSv1.3'}]}],'findings':[]}",
        "{'type':'endpoints','endpoint':'mx.a.test|192.0.2.1|25','session_from':null,"
        "'other_key':{'key':'RSA','outcome':'established','chain_id':'c2',"
        "'chain_status':'trusted'},'dane':{'host':'usable','status':'other_name',"
        "'ta_fault':'name_mismatch','other_key':'mismatch'},'findings':[]}",
        "{'type':'chains','chain_id':'c2','certificates':['aa'],'roles':['leaf'],'verdicts':[],"
        "'findings':[]}",
        NULL,
    };
    struct buf out = sample_report(rows, false);
    const char *text = sample_text(&out);
    cr_expect_not_null(
        strstr(text, "      other key     RSA only: chain 1: trusted; DANE: mismatch\n"), "%s",
        text);
    cr_expect_not_null(strstr(text, "      DANE          other_name: a record of usage 2 matches"),
                       "%s", text);
    buf_deinit(&out);
}
