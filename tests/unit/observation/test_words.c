#include <string.h>

#include <criterion/criterion.h>

#include "scanner/observation/seen_target.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Words are the contract with readers of the results: one per enumerator, in [a-z0-9_]. */
static void check_words(const char *what, const char *const *words, size_t count, bool empty_first)
{
    for (size_t i = 0; i < count; i++) {
        cr_expect_eq(words[i][0] == '\0', empty_first && i == 0, "%s %zu", what, i);
        cr_expect_eq(strspn(words[i], "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(words[i]),
                     "%s: %s", what, words[i]);
        for (size_t k = 0; k < i; k++) {
            cr_expect_str_neq(words[i], words[k], "%s: %zu and %zu", what, k, i);
        }
    }
}

Test(words, are_unique_and_plain)
{
    const char *const outcomes[] = {
#define X(name, ...) outcome_info(OUTCOME_##name)->word,
        SESSION_OUTCOMES(X)
#undef X
    };
    const char *const starttls[] = {
#define X(name, word) starttls_word(STARTTLS_##name),
        STARTTLS_STATES(X)
#undef X
    };
    const char *const quirks[] = {
#define X(name, word) smtp_quirk_word(SMTP_QUIRK_##name),
        SMTP_QUIRKS(X)
#undef X
    };
    const char *const forms[] = {
#define X(name, word) smtp_form_word(SMTP_FORM_##name),
        SMTP_FORMS(X)
#undef X
    };
    const char *const cipher_ends[] = {
#define X(name, word) cipher_end_word(CIPHERS_##name),
        CIPHER_ENDS(X)
#undef X
    };
    const char *const cipher_orders[] = {
#define X(name, word) cipher_order_word(CIPHER_ORDER_##name),
        CIPHER_ORDERS(X)
#undef X
    };
    const char *const not_tested[] = {
#define X(name, word) not_tested_word(NOT_TESTED_##name),
        NOT_TESTED_REASONS(X)
#undef X
    };
    const char *const dns[] = {
#define X(name, word) dns_state_word(DNS_##name),
        DNS_STATES(X)
#undef X
    };
    const char *const kinds[] = {
#define X(name, word) mx_kind_word(MX_KIND_##name),
        MX_KINDS(X)
#undef X
    };
    const char *const name_kinds[] = {
#define X(name, word) mx_name_kind_word(MX_NAME_##name),
        MX_NAME_KINDS(X)
#undef X
    };
    const char *const classes[] = {
#define X(name, word) account_class_word(ACCOUNT_##name),
        ACCOUNT_CLASSES(X)
#undef X
    };
    check_words("outcome", outcomes, COUNT(outcomes), false);
    check_words("starttls", starttls, COUNT(starttls), false);
    check_words("quirks", quirks, COUNT(quirks), false);
    cr_expect_leq(COUNT(quirks), 16, "they are bits of an uint16_t");
    check_words("forms", forms, COUNT(forms), false);
    cr_expect_leq(COUNT(forms), 16, "they are bits of an uint16_t");
    check_words("cipher ends", cipher_ends, COUNT(cipher_ends), true);
    check_words("cipher orders", cipher_orders, COUNT(cipher_orders), false);
    check_words("not tested", not_tested, COUNT(not_tested), true);
    check_words("dns", dns, COUNT(dns), false);
    check_words("mx kind", kinds, COUNT(kinds), false);
    check_words("mx_name_kind", name_kinds, COUNT(name_kinds), false);
    check_words("account", classes, COUNT(classes), false);
    cr_expect_eq(COUNT(outcomes), OUTCOME_COUNT);
    cr_expect_eq(COUNT(dns), DNS_STATE_COUNT);
    cr_expect_eq(COUNT(classes), ACCOUNT_CLASS_COUNT);
}

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
