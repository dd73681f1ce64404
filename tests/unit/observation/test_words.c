#include <string.h>

#include <criterion/criterion.h>

#include "scanner/observation/seen_target.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What the columns of the table imply for each other. */
Test(words, outcomes_are_consistent)
{
    for (int o = 0; o < OUTCOME_COUNT; o++) {
        const struct outcome_info *i = outcome_info((enum session_outcome)o);
        bool in_tls = strncmp(i->word, "tls_", 4) == 0 || o == OUTCOME_ESTABLISHED;
        cr_expect(!in_tls || (i->conclusive && !i->before_tls && !i->final), "%s", i->word);
        cr_expect_eq(strcmp(i->zgrab2, "success") == 0, o == OUTCOME_ESTABLISHED, "%s", i->word);
        cr_expect(!i->final || !i->conclusive, "%s: final is for what cannot be asked", i->word);
    }
    cr_expect_eq(OUTCOME_NOT_TESTED, 0, "nothing yet is zero");
    cr_expect_eq(STARTTLS_UNKNOWN, 0);
    cr_expect_eq(DNS_NOT_ASKED, 0);
    cr_expect_eq(MX_KIND_NOT_ASKED, 0);
}

/* RFC 1035 section 4.1.1: codes about the query come from whoever was asked, and that is the resolver. */
Test(words, dns_states_that_say_nothing_of_the_name)
{
    static const enum dns_state ours[] = {DNS_REFUSED, DNS_OTHER_RCODE, DNS_LOCAL_FAULT};
    static const enum dns_state asked_again[] = {DNS_REFUSED, DNS_OTHER_RCODE, DNS_LOCAL_FAULT,
                                                 DNS_SERVFAIL, DNS_TIMEOUT};
    bool is_ours[DNS_STATE_COUNT] = {0};
    bool again[DNS_STATE_COUNT] = {0};
    for (size_t i = 0; i < COUNT(ours); i++) {
        is_ours[ours[i]] = true;
    }
    for (size_t i = 0; i < COUNT(asked_again); i++) {
        again[asked_again[i]] = true;
    }
    for (int s = 0; s < DNS_STATE_COUNT; s++) {
        cr_expect_eq(dns_state_is_ours((enum dns_state)s), is_ours[s], "%s",
                     dns_state_word((enum dns_state)s));
        cr_expect_eq(dns_state_is_failure((enum dns_state)s), again[s], "%s",
                     dns_state_word((enum dns_state)s));
    }
}

/* RFC 5321 section 5.1: never "there is no such record". */
Test(words, temporary_dns_states)
{
    static const enum dns_state firm[] = {DNS_NOT_ASKED, DNS_DATA,       DNS_NODATA,
                                          DNS_NXDOMAIN,  DNS_CNAME_LOOP, DNS_NAME_INVALID};
    for (int s = 0; s < DNS_STATE_COUNT; s++) {
        bool is_firm = false;
        for (size_t i = 0; i < COUNT(firm); i++) {
            is_firm |= firm[i] == (enum dns_state)s;
        }
        cr_expect_eq(dns_state_is_temporary((enum dns_state)s), !is_firm, "%s",
                     dns_state_word((enum dns_state)s));
    }
}
