#include "scanner/report/report.h"

void report_policy(struct row_sink *sink, struct span domain, const struct seen_policy *p,
                   const struct sts_verdict *v, const struct findings *findings)
{
    (void)sink;
    (void)domain;
    (void)p;
    (void)v;
    (void)findings;
}

void report_policy_body(struct row_sink *sink, const uint8_t sha256[32], struct span body)
{
    (void)sink;
    (void)sha256;
    (void)body;
}
