#include <criterion/criterion.h>

#include "scanner/analysis/account.h"
#include "tests/unit/analysis/made_up.h"

struct account_case {
    const char *name;
    enum mx_kind kind;
    enum dns_state mx_dns;
    struct made_mx mx[4];
    enum account_class ending;
    const char *reason;
};

#define YES                                           \
    {                                                 \
        .there = true, .outcome = OUTCOME_ESTABLISHED \
    }
#define PLAIN                                                  \
    {                                                          \
        .there = true, .outcome = OUTCOME_STARTTLS_NOT_OFFERED \
    }
#define DEAD                                              \
    {                                                     \
        .there = true, .outcome = OUTCOME_CONNECT_TIMEOUT \
    }
#define OURS                                          \
    {                                                 \
        .there = true, .outcome = OUTCOME_LOCAL_FAULT \
    }
#define LEFT(why)                                                                    \
    {                                                                                \
        .there = true, .outcome = OUTCOME_NOT_TESTED, .not_tested = NOT_TESTED_##why \
    }

static const struct account_case cases[] = {
    /* RFC 5321 section 5.1, RFC 7505 section 3 */
    {"nxdomain", MX_KIND_NXDOMAIN, DNS_NXDOMAIN, {{0}}, ACCOUNT_NO_MAIL, "nxdomain"},
    {"null MX",
     MX_KIND_NULL_MX,
     DNS_DATA,
     {MADE_UNUSABLE(0, ".", "null_mx")},
     ACCOUNT_NO_MAIL,
     "null_mx"},
    {"nothing", MX_KIND_NONE, DNS_NODATA, {{0}}, ACCOUNT_NO_MAIL, "none"},
    {"servfail is not none", MX_KIND_UNKNOWN, DNS_SERVFAIL, {{0}}, ACCOUNT_DNS_FAILED, "servfail"},
    {"timeout is not none", MX_KIND_UNKNOWN, DNS_TIMEOUT, {{0}}, ACCOUNT_DNS_FAILED, "timeout"},
    {"alias loop", MX_KIND_UNKNOWN, DNS_CNAME_LOOP, {{0}}, ACCOUNT_DNS_FAILED, "cname_loop"},
    {"RFC 5321 5.1: more aliases than are followed",
     MX_KIND_UNKNOWN,
     DNS_CNAME_LIMIT,
     {{0}},
     ACCOUNT_DNS_FAILED,
     "cname_limit"},
    {"no MX, address unknown",
     MX_KIND_UNKNOWN,
     DNS_NODATA,
     {{0}},
     ACCOUNT_DNS_FAILED,
     "address_unknown"},
    {"our fault", MX_KIND_UNKNOWN, DNS_LOCAL_FAULT, {{0}}, ACCOUNT_NOT_TESTED, "local_fault"},
    {"RFC 1035 4.1.1: the resolver refuses",
     MX_KIND_UNKNOWN,
     DNS_REFUSED,
     {{0}},
     ACCOUNT_NOT_TESTED,
     "local_fault"},
    {"RFC 1035 4.1.1: NOTIMP of the resolver",
     MX_KIND_UNKNOWN,
     DNS_OTHER_RCODE,
     {{0}},
     ACCOUNT_NOT_TESTED,
     "local_fault"},
    {"malformed is not ours",
     MX_KIND_UNKNOWN,
     DNS_MALFORMED,
     {{0}},
     ACCOUNT_DNS_FAILED,
     "malformed"},
    {"one host fails, the other was refused to us",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", SERVFAIL, SERVFAIL), MADE_HOST(20, "b.test", TIMEOUT, REFUSED)},
     ACCOUNT_NOT_TESTED,
     "local_fault"},
    {"never asked", MX_KIND_NOT_ASKED, DNS_NOT_ASKED, {{0}}, ACCOUNT_NOT_TESTED, "interrupted"},
    {"implicit, recorded",
     MX_KIND_IMPLICIT,
     DNS_NODATA,
     {MADE_HOST(0, "example.com", DATA, NODATA)},
     ACCOUNT_NO_MAIL,
     "implicit_not_dialled"},
    {"implicit, without the list",
     MX_KIND_IMPLICIT,
     DNS_NODATA,
     {{0}},
     ACCOUNT_NO_MAIL,
     "implicit_not_dialled"},
    {"implicit, dialled",
     MX_KIND_IMPLICIT,
     DNS_NODATA,
     {MADE_DIALLED(0, "example.com", DATA, NODATA, PLAIN)},
     ACCOUNT_TESTED,
     ""},
    {"no exchange resolves",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", NXDOMAIN, NXDOMAIN), MADE_UNUSABLE(20, "10.0.0.1", "ip_literal")},
     ACCOUNT_NO_MAIL,
     "mx_unusable"},
    {"no exchange resolves now",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", SERVFAIL, SERVFAIL)},
     ACCOUNT_DNS_FAILED,
     "servfail"},
    {"RFC 5321 5.1: the host has more aliases than are followed",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", CNAME_LIMIT, CNAME_LIMIT)},
     ACCOUNT_DNS_FAILED,
     "cname_limit"},
    {"one gone, one unknown",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", NXDOMAIN, NXDOMAIN), MADE_HOST(20, "b.test", NODATA, TIMEOUT)},
     ACCOUNT_DNS_FAILED,
     "timeout"},
    {"bogus addresses were dialled",
     MX_KIND_EXPLICIT,
     DNS_BOGUS,
     {MADE_DIALLED(10, "a.test", BOGUS, NODATA, YES)},
     ACCOUNT_TESTED,
     ""},
    /* RFC 5321 section 5.1: an address for an exchange is looked at */
    {"an address that answers",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_LITERAL(10, "45.9.7.1", YES)},
     ACCOUNT_TESTED,
     ""},
    {"an address that is not public",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_LITERAL(10, "10.0.0.1", LEFT(SPECIAL_PURPOSE))},
     ACCOUNT_NOT_TESTED,
     "special_purpose"},
    {"an address in brackets is none",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_UNUSABLE(10, "[45.9.7.1]", "ip_literal")},
     ACCOUNT_NO_MAIL,
     "mx_unusable"},
    /* by the endpoints */
    {"all conclusive",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, YES, PLAIN)},
     ACCOUNT_TESTED,
     ""},
    {"one dead",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, YES, DEAD)},
     ACCOUNT_PARTLY_TESTED,
     ""},
    {"one left out",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, YES, LEFT(ADDRESS_BUDGET))},
     ACCOUNT_PARTLY_TESTED,
     ""},
    {"a family unknown",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, SERVFAIL, YES)},
     ACCOUNT_PARTLY_TESTED,
     ""},
    {"a host that is gone changes nothing",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, YES), MADE_HOST(20, "b.test", NXDOMAIN, NXDOMAIN)},
     ACCOUNT_TESTED,
     ""},
    {"a blocked host",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, YES), MADE_BLOCKED(20, "b.test")},
     ACCOUNT_PARTLY_TESTED,
     ""},
    {"none conclusive",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, DEAD, DEAD)},
     ACCOUNT_INCONCLUSIVE,
     "connect_timeout"},
    {"our fault is not the peer's",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, OURS)},
     ACCOUNT_NOT_TESTED,
     "local_fault"},
    {"none tried",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_DIALLED(10, "a.test", DATA, NODATA, LEFT(SPECIAL_PURPOSE)),
      MADE_DIALLED(20, "b.test", DATA, NODATA, LEFT(FAMILY_DISABLED))},
     ACCOUNT_NOT_TESTED,
     "special_purpose"},
    {"only blocked hosts",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_BLOCKED(10, "a.test")},
     ACCOUNT_NOT_TESTED,
     "blocklisted"},
    {"an address that never became an endpoint",
     MX_KIND_EXPLICIT,
     DNS_DATA,
     {MADE_HOST(10, "a.test", DATA, NODATA)},
     ACCOUNT_NOT_TESTED,
     "truncated"},
};

static void check(const char *name, const struct seen_domain *d, enum account_class ending,
                  const char *reason)
{
    const char *why = NULL;
    enum account_class is = account_class_of(d, &why);
    cr_expect_str_eq(account_class_word(is), account_class_word(ending), "%s: %s", name,
                     account_class_word(is));
    cr_assert_not_null(why, "%s", name);
    cr_expect_str_eq(why, reason, "%s: %s", name, why);
}

Test(account, every_line_ends_in_its_class)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made_domain d;
        made_domain_fill(&d, cases[i].kind, cases[i].mx_dns, cases[i].mx);
        check(cases[i].name, &d.seen, cases[i].ending, cases[i].reason);
    }
}

/* Whatever the rest says, and in this order. */
Test(account, what_the_input_says_comes_first)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct made_domain d;
        made_domain_fill(&d, cases[i].kind, cases[i].mx_dns, cases[i].mx);
        d.seen.blocklisted = true;
        check(cases[i].name, &d.seen, ACCOUNT_BLOCKLISTED, "");
        d.seen.duplicate_of = 3;
        check(cases[i].name, &d.seen, ACCOUNT_DUPLICATE, "");
        d.seen.invalid = "empty";
        check(cases[i].name, &d.seen, ACCOUNT_INVALID, "empty");
    }
}

Test(account, what_a_cap_cut_off_is_not_tested)
{
    struct made_domain d;
    const struct made_mx mx[2] = {MADE_DIALLED(10, "a.test", DATA, NODATA, YES)};
    made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
    d.seen.mx_total = 40;
    check("more exchanges", &d.seen, ACCOUNT_PARTLY_TESTED, "");
    d.seen.mx_total = d.seen.mx_count;
    d.seen.endpoints_truncated = true;
    check("more endpoints", &d.seen, ACCOUNT_PARTLY_TESTED, "");
}

/* By a fault of ours nobody was tried. */
static bool was_not_tried(unsigned outcome)
{
    return outcome == OUTCOME_NOT_TESTED || outcome == OUTCOME_LOCAL_FAULT;
}

/* Total: every pair of outcomes and every pair of address states ends in some class, and the
 * class follows from `conclusive` alone. */
Test(account, every_combination_has_a_class)
{
    for (unsigned a = 0; a < OUTCOME_COUNT; a++) {
        for (unsigned b = 0; b < OUTCOME_COUNT; b++) {
            struct made_domain d;
            const struct made_mx mx[2] = {MADE_DIALLED(10, "a.test", DATA, NODATA,
                                                       {.there = true,
                                                        .outcome = (enum session_outcome)a,
                                                        .not_tested = NOT_TESTED_FAMILY_DISABLED},
                                                       {.there = true,
                                                        .outcome = (enum session_outcome)b,
                                                        .not_tested = NOT_TESTED_FAMILY_DISABLED})};
            made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
            const char *reason;
            enum account_class is = account_class_of(&d.seen, &reason);
            bool first = outcome_info((enum session_outcome)a)->conclusive;
            bool second = outcome_info((enum session_outcome)b)->conclusive;
            enum account_class want = first && second                        ? ACCOUNT_TESTED
                                      : first || second                      ? ACCOUNT_PARTLY_TESTED
                                      : was_not_tried(a) && was_not_tried(b) ? ACCOUNT_NOT_TESTED
                                                                             : ACCOUNT_INCONCLUSIVE;
            cr_expect_eq(is, want, "%s + %s", outcome_info((enum session_outcome)a)->word,
                         outcome_info((enum session_outcome)b)->word);
        }
    }
    for (unsigned a = 0; a < DNS_STATE_COUNT; a++) {
        for (unsigned aaaa = 0; aaaa < DNS_STATE_COUNT; aaaa++) {
            struct made_domain d;
            const struct made_mx mx[2] = {{.preference = 10,
                                           .exchange = "a.test",
                                           .a = (enum dns_state)a,
                                           .aaaa = (enum dns_state)aaaa}};
            made_domain_fill(&d, MX_KIND_EXPLICIT, DNS_DATA, mx);
            const char *reason;
            enum account_class is = account_class_of(&d.seen, &reason);
            bool failing = dns_state_is_temporary((enum dns_state)a) ||
                           dns_state_is_temporary((enum dns_state)aaaa);
            cr_expect(!failing || is != ACCOUNT_NO_MAIL, "%s, %s: never taken for no mail",
                      dns_state_word((enum dns_state)a), dns_state_word((enum dns_state)aaaa));
        }
    }
}
