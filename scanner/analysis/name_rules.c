#include "scanner/analysis/name_rules.h"

#include "scanner/analysis/name_match.h"
#include "scanner/cert/cert_names.h"

#define GNUTLS_NAME_MAX 255 /* octets: MAX_CN less the NUL */

static bool rules_is_alnum(uint8_t c)
{
    c = ascii_lower(c);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static size_t count_dots(struct span s)
{
    size_t dots = 0;
    for (size_t i = 0; i < s.len; i++) {
        dots += s.at[i] == '.';
    }
    return dots;
}

static size_t first_label_len(struct span name)
{
    size_t len = 0;
    while (len < name.len && name.at[len] != '.') {
        len++;
    }
    return len;
}

/* --- OpenSSL: valid_star() and wildcard_match() of crypto/x509/v3_utl.c, 3.0 to 4.0 ------------ */

/* Labels of letters, digits and hyphens, none empty, none with a hyphen at its ends. */
static bool is_plain_host(struct span name)
{
    size_t label = 0;
    for (size_t i = 0; i <= name.len; i++) {
        bool end = i == name.len || name.at[i] == '.';
        if (end && (label == 0 || name.at[i - 1] == '-')) {
            return false;
        }
        if (!end && !rules_is_alnum(name.at[i]) && (name.at[i] != '-' || label == 0)) {
            return false;
        }
        label = end ? 0 : label + 1;
    }
    return true;
}

/* "*.a.b": the star is the first label, and at least two dots follow. Else no wildcard. */
static bool openssl_is_wildcard(struct span pattern)
{
    return pattern.len > 2 && pattern.at[0] == '*' && pattern.at[1] == '.' &&
           count_dots(pattern) >= 2 && is_plain_host(span_drop(pattern, 2));
}

static bool openssl_matches(struct span pattern, struct span reference)
{
    if (!openssl_is_wildcard(pattern)) {
        return pattern.len > 0 && span_ieq(pattern, reference);
    }
    size_t len = first_label_len(reference);
    for (size_t i = 0; i < len; i++) {
        if (!rules_is_alnum(reference.at[i]) && reference.at[i] != '-') {
            return false;
        }
    }
    return len > 0 && span_ieq(span_drop(reference, len), span_drop(pattern, 1));
}

/* --- GnuTLS: _gnutls_hostname_compare() of lib/str.c ------------------------------------------- */

static bool is_printable(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < 0x20 || s.at[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

/* The star may be a part of the first label, and stand for nothing. */
static bool gnutls_matches(struct span pattern, struct span reference)
{
    if (pattern.len == 0 || pattern.len > GNUTLS_NAME_MAX || !is_printable(pattern)) {
        return false;
    }
    if (pattern.at[0] != '*') {
        return span_ieq(pattern, reference);
    }
    if (count_dots(pattern) < 2 || pattern.at[pattern.len - 1] == '.') {
        return false;
    }
    struct span fixed = span_drop(pattern, 1);
    size_t longest = first_label_len(reference);
    return fixed.len <= reference.len && reference.len - fixed.len <= longest &&
           span_ieq(span_drop(reference, reference.len - fixed.len), fixed);
}

/* --- Go: validHostname() and matchHostnames() of crypto/x509/verify.go ------------------------- */

/* Underscores are let pass; a wildcard has no least number of labels behind it. */
static bool go_is_pattern(struct span pattern)
{
    size_t label = 0;
    size_t from = pattern.len > 1 && pattern.at[0] == '*' && pattern.at[1] == '.' ? 2 : 0;
    for (size_t i = from; i <= pattern.len; i++) {
        bool end = i == pattern.len || pattern.at[i] == '.';
        if (end && label == 0) {
            return false;
        }
        if (!end && !rules_is_alnum(pattern.at[i]) && pattern.at[i] != '_' &&
            (pattern.at[i] != '-' || label == 0)) {
            return false;
        }
        label = end ? 0 : label + 1;
    }
    return pattern.len > 0;
}

static bool go_matches(struct span pattern, struct span reference)
{
    if (!go_is_pattern(pattern) || pattern.at[0] != '*') {
        return pattern.len > 0 && span_ieq(pattern, reference);
    }
    return span_ieq(span_drop(reference, first_label_len(reference)), span_drop(pattern, 1));
}

/* --- all of them ------------------------------------------------------------------------------- */

/* What a list of names comes to. */
struct reading {
    bool dns; /* a dNSName is there */
    bool address;
    bool not_ascii; /* in a dNSName: Go cannot read the certificate */
    size_t cn_count;
    unsigned by_dns; /* rules that a dNSName satisfies */
    unsigned by_cn;
};

static unsigned rules_satisfied(struct span name, struct span reference)
{
    unsigned rules = 0;
    rules |= name_match_pattern(name, reference) ? NAME_RULE_RFC9525 : 0;
    rules |= openssl_matches(name, reference) ? NAME_RULE_OPENSSL | NAME_RULE_OPENSSL_NO_CN : 0;
    rules |= gnutls_matches(name, reference) ? NAME_RULE_GNUTLS : 0;
    rules |= go_matches(name, reference) ? NAME_RULE_GO : 0;
    return rules;
}

static bool is_ascii(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

static struct reading rules_read_names(struct span names, struct span reference)
{
    struct reading r = {0};
    enum cert_names_kind kind;
    struct span name;
    while (cert_names_next(&names, &kind, &name)) {
        switch (kind) {
        case CERT_NAMES_DNS:
            r.dns = true;
            r.not_ascii = r.not_ascii || !is_ascii(name);
            r.by_dns |= rules_satisfied(name, reference);
            break;
        case CERT_NAMES_CN:
            r.cn_count++;
            r.by_cn |= rules_satisfied(name, reference);
            break;
        case CERT_NAMES_ADDRESS:
            r.address = true;
            break;
        }
    }
    return r;
}

/* OpenSSL tries each common name where there is no dNSName; GnuTLS the only one, and only where there is no
 * iPAddress either, since 3.8.13 no URI and SRV-ID as well: here as in the versions before. */
static unsigned rules_for_cn(const struct reading *r)
{
    unsigned rules = r->dns ? 0 : NAME_RULE_OPENSSL;
    rules |= !r->dns && !r->address && r->cn_count == 1 ? NAME_RULE_GNUTLS : 0;
    return rules;
}

unsigned name_rules_refusing(struct span names, struct span reference)
{
    if (reference.len == 0) {
        return NAME_RULES_ALL;
    }
    struct reading r = rules_read_names(names, reference);
    unsigned taken = r.by_dns | (r.by_cn & rules_for_cn(&r));
    taken &= r.not_ascii ? ~(unsigned)NAME_RULE_GO : NAME_RULES_ALL;
    return NAME_RULES_ALL & ~taken;
}
