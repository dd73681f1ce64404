/* The lines on MTA-STS, DANE, TLS-RPT, on what senders do, and on readiness. */

#include <stdio.h>

#include <criterion/criterion.h>

#include "scanner/view/report.h"
#include "tests/unit/view/sample.h"

#define MX                                                                              \
    "'mx':[{'preference':10,'exchange':'mx.a.test','host':'mx.a.test','endpoints':["    \
    "{'address':'192.0.2.1','port':25,'outcome':'established','tls_version':'TLSv1.3'," \
    "'acceptable':true}]}],"

static const char *const published[] = {
    "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':'tested'," MX
    "'mta_sts':{'state':'enforce','records':1,'mode':'enforce','max_age':604800,'passes':'some',"
    "'mx':[{'host':'mx.a.test','covered':true,'pass':1,'fail':0,'unknown':0},"
    "{'host':'mx.a.tets','covered':false,'pass':0,'fail':0,'unknown':0}]},"
    "'tls_rpt':{'records':1,'valid':true,'lenient_valid':true,'rua':['mailto:t@a.test']},"
    "'dane':{'mx_dnssec':'insecure','state':'full','strict':false,'hosts_in_force':1,'match':1,"
    "'mismatch':0},'outcomes':[{'profile':'one','best':'encrypted','worst':'encrypted',"
    "'decided_by':'mx.a.test|192.0.2.1|25: opportunistic'},{'profile':'two',"
    "'best':'authenticated','worst':'deferred','decided_by':'mx.a.tets: sts_mx_not_covered'},"
    "{'profile':'three','best':'encrypted','worst':'encrypted',"
    "'decided_by':'mx.a.test|192.0.2.1|25: opportunistic'}],"
    "'sts_readiness':{'ready':'fail','items':[{'item':'tls12','result':'pass'},"
    "{'item':'mx_covered','result':'fail','endpoint':'mx.a.tets'},"
    "{'item':'record','result':null}]},'findings':[]}",
    NULL,
};

static const char *const nothing[] = {
    "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':'tested'," MX
    "'tls_rpt_dns':{'state':'nxdomain'},'mta_sts':{'state':'none','records':0},"
    "'tls_rpt':{'records':0,'valid':false,'lenient_valid':false,'rua':[]},"
    "'dane':{'state':'none'},'outcomes':[],'sts_readiness':null,'findings':[]}",
    NULL,
};

static const char *const not_known[] = {
    "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':'tested'," MX
    "'tls_rpt_dns':{'state':'servfail'},'mta_sts':{'state':'unknown','records':0},"
    "'tls_rpt':{'records':0,'valid':false,'lenient_valid':false,'rua':[]},"
    "'dane':{'state':'full','strict':true,'hosts_in_force':1,'match':1,'mismatch':0,"
    "'unknown':2},'outcomes':[],'sts_readiness':null,'findings':[]}",
    NULL,
};

static const char *const unusable[] = {
    "{'type':'domains','input_line':1,'input':'a.test','domain':'a.test','account':'tested'," MX
    "'tls_rpt_dns':{'state':'nxdomain'},'mta_sts':{'state':'none','records':0},"
    "'tls_rpt':{'records':0,'valid':false,'lenient_valid':false,'rua':[]},"
    "'dane':{'state':'unusable','strict':true,'hosts_in_force':1,'match':0,'mismatch':0,"
    "'unknown':0},'outcomes':[],'sts_readiness':null,'findings':[]}",
    NULL,
};

/* From the heading on, up to the servers. */
static void expect_section(const char *const rows[], const char *const want[])
{
    struct buf out = sample_report(rows, false);
    struct buf section = BUF_INIT(BUF_NO_LIMIT);
    const char *text = sample_text(&out);
    const char *from = strstr(text, "Policies\n");
    const char *to = strstr(text, "\nMail servers\n");
    cr_assert(from != NULL && to != NULL && from < to, "%s", text);
    buf_put(&section, (struct span){(const uint8_t *)from, (size_t)(to - from)});
    expect_lines(&section, want);
    buf_deinit(&out);
}

Test(policy_report, what_is_published_and_who_minds)
{
    static const char *const want[] = {
        "Policies",
        "  MTA-STS   mode enforce for 7 days, 1 of 2 mail servers pass; no pattern",
        "            matches mx.a.tets",
        "  DANE      every MX host has usable records, and none is known to fail; TLSA",
        "            records match at 1 of 1 addresses; the MX records are not secure",
        "            (insecure), so not every sender uses them",
        "  TLS-RPT   reports go to mailto:t@a.test",
        "",
        "What senders do",
        "  deferred, at best authenticated from two: no pattern of the MTA-STS policy",
        "    matches the MX host (mx.a.tets)",
        "  encrypted from one, three: TLS, and no certificate is required",
        "",
        "Not ready for MTA-STS in mode enforce",
        "  fail      each MX host matches a pattern of the policy (mx.a.tets)",
        NULL,
    };
    expect_section(published, want);
}

Test(policy_report, one_line_for_each_that_is_not_there)
{
    static const char *const want[] = {
        "Policies",
        "  MTA-STS   there is no record (strict or lenient)",
        "  DANE      no MX host has TLSA records",
        "  TLS-RPT   there is no record",
        NULL,
    };
    expect_section(nothing, want);
}

/* RFC 7672 section 3.1.3 */
Test(policy_report, unusable_records_authenticate_nobody)
{
    static const char *const want[] = {
        "Policies",
        "  MTA-STS   there is no record (strict or lenient)",
        "  DANE      there are secure TLSA records, but none is usable: TLS is required,",
        "            and no server is authenticated",
        "  TLS-RPT   there is no record",
        NULL,
    };
    expect_section(unusable, want);
}

Test(policy_report, what_is_not_known_is_said)
{
    static const char *const want[] = {
        "Policies",
        "  MTA-STS   the record could not be looked up, or the policy was not fetched",
        "  DANE      every MX host has usable records, and none is known to fail; TLSA",
        "            records match at 1 of 3 addresses, not known at 2",
        "  TLS-RPT   the record could not be looked up (servfail)",
        NULL,
    };
    expect_section(not_known, want);
}

/* RFC 8461 section 3.3; RFC 8996 for what is older than TLS 1.2. */
Test(policy_report, why_there_is_no_policy)
{
    static const struct {
        const char *policy;
        const char *want;
    } cases[] = {
        {"'fetch':'http_redirect','http_status':302,'location':'https://b.test/'",
         "status 302, to https://b.test/"},
        {"'fetch':'fetched','http_status':200", "only over TLS 1.0 or 1.1 (RFC"},
    };
    static const char domain[] =
        "{'type':'domains','input_line':1,'domain':'a.test','account':'tested'," MX
        "'mta_sts':{'state':'fetch_failed','records':1,'policy_host':'mta-sts.a.test'}}";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char policy[256];
        (void)snprintf(policy, sizeof(policy),
                       "{'type':'policies','policy_host':'mta-sts.a.test',%s}", cases[i].policy);
        const char *const rows[] = {policy, domain, NULL};
        struct buf out = sample_report(rows, false);
        const char *text = sample_text(&out);
        cr_assert_not_null(strstr(text, cases[i].want), "%s: %s", cases[i].policy, text);
        buf_deinit(&out);
    }
}
