#include <criterion/criterion.h>

#include "scanner/owners/dial_rules.h"

/* NXDOMAIN and a name that a DNAME makes too long are of the name, whatever type was asked for (RFC 2308 section 2.1, RFC 6672
 * section 2.2). */
Test(dial_rules, a_policy_host_without_an_address)
{
    static const struct {
        enum dns_state a, aaaa;
        enum policy_fetch fetch;
    } rows[] = {
        {DNS_NODATA, DNS_NODATA, POLICY_FETCH_DNS_NO_ADDRESS},
        {DNS_NODATA, DNS_SERVFAIL, POLICY_FETCH_DNS_FAILED},
        {DNS_TIMEOUT, DNS_NODATA, POLICY_FETCH_DNS_FAILED},
        {DNS_NXDOMAIN, DNS_SERVFAIL, POLICY_FETCH_DNS_NXDOMAIN},
        {DNS_SERVFAIL, DNS_NXDOMAIN, POLICY_FETCH_DNS_NXDOMAIN},
        {DNS_NAME_INVALID, DNS_NAME_INVALID, POLICY_FETCH_DNS_NXDOMAIN},
        {DNS_NAME_INVALID, DNS_SERVFAIL, POLICY_FETCH_DNS_NXDOMAIN},
        {DNS_SERVFAIL, DNS_NAME_INVALID, POLICY_FETCH_DNS_NXDOMAIN},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct seen_dns a = {.state = rows[i].a};
        const struct seen_dns aaaa = {.state = rows[i].aaaa};
        cr_expect_eq(fetch_without_address(&a, &aaaa), rows[i].fetch, "row %zu", i);
    }
}
