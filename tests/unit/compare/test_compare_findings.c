#include <criterion/criterion.h>

#include "tests/unit/compare/changes.h"

/* A domain with one MX host at one or two addresses. What stands at the first, and what was tested of it. */
struct seen {
    enum session_outcome outcome; /* of the first server */
    bool leaf;
    enum severity severity; /* of the finding there; info: there is none */
    bool second;            /* the same at a second server, which is sound and tested in both */
};

#define NONE SEVERITY_INFO
#define UP   OUTCOME_ESTABLISHED, true

static const struct finding_case {
    const char *about;
    const char *code;
    struct seen was;
    struct seen is;
    const char *changes;
} finding_cases[] = {
    {"new",
     "name.mismatch",
     {UP, NONE, false},
     {UP, SEVERITY_ERROR, false},
     "finding_new:name.mismatch service a|25 >error\n"},
    {"fixed",
     "name.mismatch",
     {UP, SEVERITY_ERROR, false},
     {UP, NONE, false},
     "finding_fixed:name.mismatch service a|25 error>\n"},
    {"the same", "name.mismatch", {UP, SEVERITY_ERROR, false}, {UP, SEVERITY_ERROR, false}, ""},
    {"more severe",
     "name.mismatch",
     {UP, SEVERITY_NOTICE, false},
     {UP, SEVERITY_ERROR, false},
     "finding_worse:name.mismatch service a|25 notice>error\n"},
    {"less severe",
     "name.mismatch",
     {UP, SEVERITY_ERROR, false},
     {UP, SEVERITY_WARNING, false},
     "finding_better:name.mismatch service a|25 error>warning\n"},
    {"at a second place",
     "name.mismatch",
     {UP, SEVERITY_ERROR, false},
     {UP, SEVERITY_ERROR, true},
     "finding_worse:name.mismatch service b|25 1>2\n"},
    {"at one place only",
     "name.mismatch",
     {UP, SEVERITY_ERROR, true},
     {UP, SEVERITY_ERROR, false},
     "finding_better:name.mismatch service b|25 2>1\n"},
    {"from one place to another",
     "name.mismatch",
     {UP, SEVERITY_ERROR, false},
     {UP, NONE, true},
     ""},
    {"no certificate was seen: not fixed",
     "name.mismatch",
     {UP, SEVERITY_ERROR, false},
     {OUTCOME_REFUSED, false, NONE, false},
     "finding_no_longer_tested:name.mismatch service a|25 error>\n"},
    {"nor new, where none was seen before",
     "name.mismatch",
     {OUTCOME_STARTTLS_NOT_OFFERED, false, NONE, false},
     {UP, SEVERITY_ERROR, false},
     "finding_newly_tested:name.mismatch service a|25 >error\n"},
    {"down is seen without a session, RFC 5321 section 4.5.4.1",
     "smtp.connect_refused",
     {UP, NONE, false},
     {OUTCOME_REFUSED, false, SEVERITY_WARNING, false},
     "finding_new:smtp.connect_refused service a|25 >warning\n"},
    {"and so is up",
     "smtp.connect_refused",
     {OUTCOME_REFUSED, false, SEVERITY_WARNING, false},
     {UP, NONE, false},
     "finding_fixed:smtp.connect_refused service a|25 warning>\n"},
    {"a server that was not tested says nothing",
     "smtp.connect_refused",
     {OUTCOME_REFUSED, false, SEVERITY_WARNING, false},
     {OUTCOME_NOT_TESTED, false, NONE, false},
     "finding_no_longer_tested:smtp.connect_refused service a|25 warning>\n"},
    {"nor does one where our own network failed, not even that",
     "smtp.connect_refused",
     {OUTCOME_REFUSED, false, SEVERITY_WARNING, false},
     {OUTCOME_LOCAL_FAULT, false, NONE, false},
     ""},
    {"STARTTLS is seen without a handshake, RFC 3207 section 4",
     "starttls.not_offered",
     {OUTCOME_TLS_ALERT, false, NONE, false},
     {OUTCOME_STARTTLS_NOT_OFFERED, false, SEVERITY_ERROR, false},
     "finding_new:starttls.not_offered service a|25 >error\n"},
    {"but not behind a closed door",
     "starttls.not_offered",
     {OUTCOME_GREETING_REJECTED, false, NONE, false},
     {OUTCOME_STARTTLS_NOT_OFFERED, false, SEVERITY_ERROR, false},
     "finding_newly_tested:starttls.not_offered service a|25 >error\n"},
    {"a failed handshake is one, RFC 8446 section 6.2",
     "tls.no_shared_version",
     {UP, NONE, false},
     {OUTCOME_TLS_NO_SHARED_VERSION, false, SEVERITY_ERROR, false},
     "finding_new:tls.no_shared_version service a|25 >error\n"},
    {"what depends on the clock is not compared",
     "smtp.slow_greeting",
     {UP, NONE, false},
     {UP, SEVERITY_NOTICE, false},
     ""},
    {"nor what depends on chance",
     "sni.unstable",
     {UP, SEVERITY_NOTICE, false},
     {UP, NONE, false},
     ""},
    {"nor what is our own fault",
     "dns.host_refused",
     {UP, NONE, false},
     {UP, SEVERITY_NOTICE, false},
     ""},
    {"a code of another version, as one of a certificate would be",
     "chain.not_of_this_version",
     {UP, SEVERITY_ERROR, false},
     {OUTCOME_REFUSED, false, NONE, false},
     "finding_no_longer_tested:chain.not_of_this_version service a|25 error>\n"},
};

struct made_side {
    struct compared_domain domain;
    struct compared_host host;
    struct compared_endpoint endpoints[2];
    struct compared_finding findings[2];
    const struct compared_host *hosts[1];
    struct compared_side side;
};

static const struct span host_name = SPAN_INIT("mx.test");

static void make(const struct finding_case *c, const struct seen *s, struct made_side *m)
{
    *m = (struct made_side){
        .endpoints = {
            {.service = SPAN_LIT("a|25"), .outcome = s->outcome},
            {.service = SPAN_LIT("b|25"), .outcome = OUTCOME_ESTABLISHED, .leaf = SPAN_LIT("bb")}}};
    m->endpoints[0].leaf = s->leaf ? SPAN_LIT("aa") : (struct span){0};
    m->findings[0] =
        (struct compared_finding){span_of(c->code), s->severity, PLACE_SERVICE, SPAN_LIT("a|25")};
    m->findings[1] = (struct compared_finding){span_of(c->code), SEVERITY_ERROR, PLACE_SERVICE,
                                               SPAN_LIT("b|25")};
    m->endpoints[0].findings = &m->findings[0];
    m->endpoints[0].finding_count = s->severity > SEVERITY_INFO;
    m->endpoints[1].findings = &m->findings[1];
    m->endpoints[1].finding_count = s->second;
    bool two = c->was.second || c->is.second;
    m->host = (struct compared_host){.name = host_name,
                                     .a = DNS_DATA,
                                     .aaaa = DNS_NODATA,
                                     .endpoints = m->endpoints,
                                     .endpoint_count = two ? 2 : 1};
    m->domain = (struct compared_domain){
        .name = SPAN_LIT("d.test"), .mx_dns = DNS_DATA, .hosts = {&host_name, 1}};
    m->hosts[0] = &m->host;
    m->side = (struct compared_side){&m->domain, m->hosts};
}

static void expect_changes(const struct comparison_terms *t, const struct finding_case *c,
                           bool same, const char *changes)
{
    struct made_side was;
    struct made_side is;
    struct buf got = BUF_INIT(BUF_NO_LIMIT);
    struct change_sink sink = changes_into(&got);
    make(c, &c->was, &was);
    make(c, &c->is, &is);
    was.host.same = same;
    is.host.same = same;
    compare_findings(t, &was.side, &is.side, &sink);
    buf_put_char(&got, '\0');
    cr_expect_str_eq((const char *)got.at, changes, "%s: got %s", c->about, (const char *)got.at);
    buf_deinit(&got);
}

Test(compare_findings, only_what_was_tested_in_both_is_new_or_fixed)
{
    for (size_t i = 0; i < sizeof(finding_cases) / sizeof(finding_cases[0]); i++) {
        expect_changes(&alike, &finding_cases[i], false, finding_cases[i].changes);
    }
}

Test(compare_findings, judged_otherwise_is_no_change_of_what_was_seen_alike)
{
    const struct comparison_terms otherwise = {.dnssec_known = true, .probes_alike = true};
    for (size_t i = 0; i < sizeof(finding_cases) / sizeof(finding_cases[0]); i++) {
        expect_changes(&otherwise, &finding_cases[i], true, "");
        expect_changes(&otherwise, &finding_cases[i], false, finding_cases[i].changes);
    }
}

/* Findings of a domain itself, without a server. */
struct domain_seen {
    enum dns_state mx;
    enum dns_state sts;
    enum dns_state rpt;
    const char *policy_host;
    enum policy_fetch fetch;
    bool has;
};

static const struct own_case {
    const char *about;
    const char *code;
    struct domain_seen was;
    struct domain_seen is;
    const char *changes;
} own_cases[] = {
    {"MX not answered, RFC 2308 section 7",
     "mx.none",
     {DNS_SERVFAIL, DNS_NODATA, DNS_NODATA, "", 0, false},
     {DNS_NODATA, DNS_NODATA, DNS_NODATA, "", 0, true},
     "finding_newly_tested:mx.none domain d.test >error\n"},
    {"MX answered in both",
     "mx.none",
     {DNS_DATA, DNS_NODATA, DNS_NODATA, "", 0, false},
     {DNS_NODATA, DNS_NODATA, DNS_NODATA, "", 0, true},
     "finding_new:mx.none domain d.test >error\n"},
    {"a lookup that fails is a finding of its own",
     "dns.mx_servfail",
     {DNS_DATA, DNS_NODATA, DNS_NODATA, "", 0, false},
     {DNS_SERVFAIL, DNS_NODATA, DNS_NODATA, "", 0, true},
     "finding_new:dns.mx_servfail domain d.test >error\n"},
    {"of the resolver of the scan it says nothing of them",
     "dns.mx_refused",
     {DNS_DATA, DNS_NODATA, DNS_NODATA, "", 0, false},
     {DNS_REFUSED, DNS_NODATA, DNS_NODATA, "", 0, true},
     ""},
    {"a record of MTA-STS, RFC 8461 section 3.1",
     "sts.record_multiple",
     {DNS_DATA, DNS_DATA, DNS_NODATA, "", 0, true},
     {DNS_DATA, DNS_TIMEOUT, DNS_NODATA, "", 0, false},
     "finding_no_longer_tested:sts.record_multiple domain d.test error>\n"},
    {"a policy that could be fetched, RFC 8461 section 3.3",
     "sts.policy_syntax",
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_FETCHED, true},
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_TCP_REFUSED, false},
     "finding_no_longer_tested:sts.policy_syntax domain d.test error>\n"},
    {"and now cannot",
     "sts.policy_tcp",
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_FETCHED, false},
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_TCP_REFUSED, true},
     "finding_new:sts.policy_tcp domain d.test >error\n"},
    {"not for a fault of our own",
     "sts.policy_tcp",
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_TCP_REFUSED, true},
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_LOCAL_FAULT, false},
     ""},
    {"no policy any more, nothing wrong with it",
     "sts.policy_syntax",
     {DNS_DATA, DNS_DATA, DNS_NODATA, "p", POLICY_FETCH_FETCHED, true},
     {DNS_DATA, DNS_NODATA, DNS_NODATA, "", 0, false},
     "finding_fixed:sts.policy_syntax domain d.test error>\n"},
    {"a record of TLS-RPT, RFC 8460 section 3",
     "tlsrpt.multiple",
     {DNS_DATA, DNS_NODATA, DNS_DATA, "", 0, true},
     {DNS_DATA, DNS_NODATA, DNS_DATA, "", 0, false},
     "finding_fixed:tlsrpt.multiple domain d.test error>\n"},
};

static void make_own(const struct own_case *c, const struct domain_seen *s,
                     struct compared_finding *finding, struct compared_domain *d)
{
    *finding = (struct compared_finding){span_of(c->code), SEVERITY_ERROR, PLACE_DOMAIN,
                                         SPAN_LIT("d.test")};
    *d = (struct compared_domain){.name = SPAN_LIT("d.test"),
                                  .mx_dns = s->mx,
                                  .sts_dns = s->sts,
                                  .rpt_dns = s->rpt,
                                  .policy_host = span_of(s->policy_host),
                                  .fetch = s->fetch,
                                  .findings = finding,
                                  .finding_count = s->has};
    d->sts_txt = (struct compared_texts){.at = &d->name, .count = s->sts == DNS_DATA};
}

Test(compare_findings, of_a_domain_without_servers)
{
    for (size_t i = 0; i < sizeof(own_cases) / sizeof(own_cases[0]); i++) {
        const struct own_case *c = &own_cases[i];
        struct compared_finding findings[2];
        struct compared_domain was;
        struct compared_domain is;
        struct buf got = BUF_INIT(BUF_NO_LIMIT);
        struct change_sink sink = changes_into(&got);
        make_own(c, &c->was, &findings[0], &was);
        make_own(c, &c->is, &findings[1], &is);
        const struct compared_side sides[] = {{&was, NULL}, {&is, NULL}};
        compare_findings(&alike, &sides[0], &sides[1], &sink);
        buf_put_char(&got, '\0');
        cr_expect_str_eq((const char *)got.at, c->changes, "%s: got %s", c->about,
                         (const char *)got.at);
        buf_deinit(&got);
    }
}
