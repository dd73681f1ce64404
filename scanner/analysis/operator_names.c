/**
 * What the names in a certificate and in a banner say about who operates the server: mx_operator.h.
 */
#include "scanner/analysis/generic_name.h"
#include "scanner/analysis/mx_operator.h"
#include "scanner/base/text.h"
#include "scanner/cert/cert_names.h"
#include "scanner/domain/domain_name.h"

#define NAMES_LOOKED_AT 256 /* of a certificate: one with more says nothing; our own bound */
#define NUMBERS_OF_IPV4 4

/* First words of labels in default names. Our own choice; "server12" is left out, because hosters call the servers
 * so that they operate for many customers. */
static const char *const rented_words[] = {
    "vps",  "vds",  "vserver", "vm",  "kvm",  "xen",  "dedi",    "dedicated", "static", "dynamic",
    "dyn",  "dhcp", "pool",    "ppp", "dsl",  "adsl", "cable",   "customer",  "client", "clients",
    "cust", "rev",  "reverse", "ip",  "ipv4", "ipv6", "compute", "instance",
};

/* The word, followed by a number, a hyphen or nothing. */
static bool begins_with_word(struct span label, const char *word)
{
    size_t len = strlen(word);
    if (label.len < len || memcmp(label.at, word, len) != 0) {
        return false;
    }
    return label.len == len || label.at[len] == '-' || ascii_is_digit(label.at[len]);
}

static bool label_is_of_rented_machine(struct span label)
{
    for (size_t i = 0; i < sizeof(rented_words) / sizeof(rented_words[0]); i++) {
        if (begins_with_word(label, rented_words[i])) {
            return true;
        }
    }
    return false;
}

static size_t count_numbers(struct span text)
{
    size_t numbers = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool begins = ascii_is_digit(text.at[i]) && (i == 0 || !ascii_is_digit(text.at[i - 1]));
        numbers += begins;
    }
    return numbers;
}

bool name_is_of_rented_machine(struct span name, struct span registrable)
{
    struct span front = span_take(name, name.len - registrable.len);
    if (count_numbers(front) >= NUMBERS_OF_IPV4) {
        return true;
    }
    while (front.len > 0) {
        if (label_is_of_rented_machine(text_take_until(&front, '.'))) {
            return true;
        }
    }
    return false;
}

/* --- certificates ----------------------------------------------------------------------------- */

/* In lower case and without a wildcard. @return false: no name of a host */
static bool certificate_name(struct span presented, struct buf *name)
{
    bool wildcard = presented.len > 2 && presented.at[0] == '*' && presented.at[1] == '.';
    buf_reset(name);
    return host_name_normalise(wildcard ? span_drop(presented, 2) : presented, name, NULL);
}

/* @return false: they belong to several operators */
static bool take_domain(struct buf *out, size_t start, struct span domain,
                        const struct operator_list *operators)
{
    struct span have = span_drop(buf_span(out), start);
    struct span name;
    struct span other;
    if (have.len == 0) {
        buf_put(out, domain);
        return true;
    }
    if (span_eq(have, domain)) {
        return true;
    }
    if (!operator_list_find(operators, have, &name) ||
        !operator_list_find(operators, domain, &other) || !span_eq(name, other)) {
        return false;
    }
    if (span_cmp(domain, have) < 0) {
        out->len = start;
        buf_put(out, domain);
    }
    return true;
}

static enum cert_names_kind wanted_kind(struct span names)
{
    enum cert_names_kind kind = CERT_NAMES_CN;
    struct span name;
    return cert_names_next(&names, &kind, &name) && kind == CERT_NAMES_DNS ? CERT_NAMES_DNS
                                                                           : CERT_NAMES_CN;
}

void certificate_domain_put(struct span names, const struct public_suffixes *suffixes,
                            const struct operator_list *operators, struct buf *out)
{
    const enum cert_names_kind wanted = wanted_kind(names); /* dNSNames come first */
    size_t start = out->len;
    size_t count = 0;
    struct buf name = BUF_INIT(DNS_NAME_TEXT_MAX);
    struct span domain;
    struct span presented;
    enum cert_names_kind kind;
    bool one = true;
    while (one && cert_names_next(&names, &kind, &presented)) {
        if (kind != wanted || !certificate_name(presented, &name) ||
            !registrable_domain(suffixes, buf_span(&name), &domain) ||
            name_is_of_rented_machine(buf_span(&name), domain)) {
            continue;
        }
        one = ++count <= NAMES_LOOKED_AT && take_domain(out, start, domain, operators);
    }
    if (!one) {
        out->len = start;
    }
    buf_deinit(&name);
}

/* --- banners ---------------------------------------------------------------------------------- */

/* Of a name that is not the default name of a machine. */
static bool telling_domain(struct span name, const struct net_addr *address,
                           const struct public_suffixes *suffixes, struct span *domain)
{
    return name.len > 0 && registrable_domain(suffixes, name, domain) &&
           !name_is_generic(name, address) && !name_is_of_rented_machine(name, *domain);
}

void banner_domain_put(const struct seen_service *s, struct span server_name,
                       const struct public_suffixes *suffixes, struct buf *out)
{
    struct span domain;
    struct span confirmed;
    if (!telling_domain(server_name, &s->address, suffixes, &domain)) {
        return;
    }
    struct buf name = BUF_INIT(DNS_NAME_TEXT_MAX);
    for (size_t i = 0; i < s->ptr.name_count; i++) {
        buf_reset(&name);
        if (!s->ptr.forward_confirmed[i] || !host_name_normalise(s->ptr.names[i], &name, NULL)) {
            continue;
        }
        if (span_eq(buf_span(&name), server_name) ||
            (telling_domain(buf_span(&name), &s->address, suffixes, &confirmed) &&
             span_eq(confirmed, domain))) {
            buf_put(out, domain);
            break;
        }
    }
    buf_deinit(&name);
}
