#include "scanner/domain/domain_name.h"

#include <idn2.h>

#include "scanner/base/check.h"
#include "scanner/base/memory.h"
#include "scanner/base/net_addr.h"
#include "scanner/base/text.h"

/* What a list of names may hold, beyond letters, digits, inner hyphens and dots. */
enum name_rules {
    RULES_MAIL_DOMAIN = 0,
    RULES_UNDERSCORE = 1,  /* in use for hosts and below domains */
    RULES_EDGE_HYPHEN = 2, /* in use for hosts; no sender refuses to look them up */
};

const struct vocabulary name_fault_vocabulary =
    VOCABULARY_OF(NAME_FAULTS, "name_fault", "invalid, unusable",
                  "Why a line or an MX record does not have a usable name. The last three apply to "
                  "MX records only.");

static bool domain_is_ascii(struct span s)
{
    uint8_t all = 0;
    for (size_t i = 0; i < s.len; i++) {
        all |= s.at[i];
    }
    return all < 0x80;
}

struct span domain_name_tld(struct span name)
{
    size_t at = name.len;
    while (at > 0 && name.at[at - 1] != '.') {
        at--;
    }
    return span_drop(name, at);
}

static bool is_address(struct span name)
{
    struct net_addr a;
    if (name.len > 1 && name.at[0] == '[' && name.at[name.len - 1] == ']') {
        name = span_take(span_drop(name, 1), name.len - 2); /* RFC 5321 section 4.1.3 */
        struct span tag = span_take(name, 5);
        name = span_ieq(tag, SPAN_LIT("IPv6:")) ? span_drop(name, tag.len) : name;
    }
    return net_addr_parse(name, &a);
}

static bool label_is_number(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (!ascii_is_digit(s.at[i])) {
            return false;
        }
    }
    return s.len > 0;
}

static const char *label_fault(struct span label, unsigned rules)
{
    if (label.len == 0) {
        return name_fault_word(NAME_FAULT_EMPTY_LABEL);
    }
    for (size_t i = 0; i < label.len; i++) {
        uint8_t c = ascii_lower(label.at[i]);
        bool good = (c >= 'a' && c <= 'z') || ascii_is_digit(c) || c == '-' ||
                    (c == '_' && (rules & RULES_UNDERSCORE) != 0);
        if (!good) {
            return name_fault_word(NAME_FAULT_BAD_CHARACTER);
        }
    }
    if (label.len > NAME_LABEL_MAX) {
        return name_fault_word(NAME_FAULT_LABEL_TOO_LONG);
    }
    bool edge = label.at[0] == '-' || label.at[label.len - 1] == '-';
    if (edge && (rules & RULES_EDGE_HYPHEN) == 0) {
        return name_fault_word(NAME_FAULT_BAD_HYPHEN);
    }
    return NULL;
}

static const char *labels_fault(struct span name, unsigned rules)
{
    size_t from = 0;
    for (size_t i = 0; i <= name.len; i++) {
        if (i < name.len && name.at[i] != '.') {
            continue;
        }
        const char *fault = label_fault((struct span){name.at + from, i - from}, rules);
        if (fault != NULL) {
            return fault;
        }
        from = i + 1;
    }
    return NULL;
}

/* Appends an ASCII name, without its trailing dot, in lower case. */
static const char *put_ascii(struct span name, unsigned rules, struct buf *out)
{
    if (name.len > 0 && name.at[name.len - 1] == '.') {
        name.len--;
    }
    if (name.len == 0) {
        return name_fault_word(NAME_FAULT_EMPTY);
    }
    if (is_address(name)) {
        return name_fault_word(NAME_FAULT_IP_ADDRESS);
    }
    const char *fault = labels_fault(name, rules);
    if (fault != NULL) {
        return fault;
    }
    if (name.len > NAME_TEXT_MAX) {
        return name_fault_word(NAME_FAULT_TOO_LONG);
    }
    if (label_is_number(domain_name_tld(name))) {
        return name_fault_word(NAME_FAULT_NUMERIC_TLD);
    }
    uint8_t *to = buf_room(out, name.len);
    CHECK(to != NULL); /* the caller's buffer holds a name */
    for (size_t i = 0; i < name.len; i++) {
        to[i] = ascii_lower(name.at[i]);
    }
    out->len += name.len;
    return NULL;
}

/* As put_ascii(), through IDNA. */
static const char *put_international(struct span name, unsigned rules, struct buf *out)
{
    uint8_t text[NAME_INPUT_MAX + 1];
    if (name.len > NAME_INPUT_MAX) {
        return name_fault_word(NAME_FAULT_TOO_LONG);
    }
    if (!text_is_utf8(name)) {
        return name_fault_word(NAME_FAULT_NOT_UTF8);
    }
    if (memchr(name.at, 0, name.len) != NULL) {
        return name_fault_word(NAME_FAULT_BAD_CHARACTER);
    }
    memcpy(text, name.at, name.len);
    text[name.len] = '\0';
    uint8_t *ascii = NULL;
    int rc = idn2_lookup_u8(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    const char *fault = NULL;
    if (rc == IDN2_MALLOC) { /* our own lack is no fault of the line */
        memory_use_reserve();
        rc = idn2_lookup_u8(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    }
    if (rc == IDN2_MALLOC) {
        memory_end_process("a domain name");
    }
    if (rc != IDN2_OK) {
        bool long_name = rc == IDN2_TOO_BIG_DOMAIN;
        bool long_label = rc == IDN2_TOO_BIG_LABEL;
        fault = name_fault_word(long_name    ? NAME_FAULT_TOO_LONG
                                : long_label ? NAME_FAULT_LABEL_TOO_LONG
                                             : NAME_FAULT_IDNA);
    } else {
        /* The mapping makes ASCII of what looks like it: full-width digits, ideographic dots. */
        fault = put_ascii(span_of((const char *)ascii), rules, out);
    }
    idn2_free(ascii);
    return fault;
}

static const char *domain_put_name(struct span name, unsigned rules, struct buf *out)
{
    return domain_is_ascii(name) ? put_ascii(name, rules, out)
                                 : put_international(name, rules, out);
}

static bool is_special_use(struct span name)
{
    /* Names under .test and .example can have mail in a lab, and are asked for. */
    static const struct span tlds[] = {
        SPAN_INIT("onion"),     /* RFC 7686 section 2 */
        SPAN_INIT("invalid"),   /* RFC 6761 section 6.4 */
        SPAN_INIT("localhost"), /* RFC 6761 section 6.3 */
        SPAN_INIT("local"),     /* RFC 6762 section 3 */
    };
    struct span tld = domain_name_tld(name);
    for (size_t i = 0; i < sizeof(tlds) / sizeof(tlds[0]); i++) {
        if (span_eq(tld, tlds[i])) {
            return true;
        }
    }
    return false;
}

static bool has_scheme(struct span s)
{
    return s.len > 0 && memmem(s.at, s.len, "://", 3) != NULL;
}

static struct span behind_last_at(struct span s)
{
    const uint8_t *at = s.len > 0 ? memrchr(s.at, '@', s.len) : NULL;
    return at != NULL ? span_drop(s, (size_t)(at - s.at) + 1) : s;
}

/** RFC 5322 section 3.4: of "Joe <joe@example.org>" and "<joe@example.org>" what stands in the brackets. */
static struct span in_angle_brackets(struct span s)
{
    const uint8_t *open = s.len > 0 && s.at[s.len - 1] == '>' ? memrchr(s.at, '<', s.len) : NULL;
    if (open == NULL || memchr(open, '@', s.len - (size_t)(open - s.at)) == NULL) {
        return s;
    }
    return text_trim(
        span_take(span_drop(s, (size_t)(open - s.at) + 1), s.len - (size_t)(open - s.at) - 2));
}

bool domain_name_is_in_url(struct span input)
{
    struct span url = text_trim(input);
    return span_ieq(span_take(url, 7), SPAN_LIT("http://")) ||
           span_ieq(span_take(url, 8), SPAN_LIT("https://"));
}

/** RFC 3986 section 3.2: what stands between user and port. */
static struct span url_host(struct span url)
{
    const uint8_t *scheme_end = memmem(url.at, url.len, "://", 3);
    struct span host = span_drop(url, (size_t)(scheme_end - url.at) + 3);
    for (const char *end = "/?#"; *end != '\0'; end++) {
        struct span rest = host;
        host = text_take_until(&rest, (uint8_t)*end);
    }
    host = behind_last_at(host);
    size_t digits = 0;
    while (digits < host.len && ascii_is_digit(host.at[host.len - 1 - digits])) {
        digits++;
    }
    bool port = digits < host.len && host.at[host.len - 1 - digits] == ':';
    return port ? span_take(host, host.len - 1 - digits) : host;
}

const char *domain_name_normalise(struct span input, struct buf *out)
{
    struct span given = in_angle_brackets(text_trim(input));
    bool in_url = domain_name_is_in_url(given);
    struct span name = in_url ? url_host(given) : behind_last_at(given);
    if (has_scheme(given) && (name.len == 0 || !in_url)) {
        return name_fault_word(NAME_FAULT_URL);
    }
    size_t start = out->len;
    const char *fault = domain_put_name(name, RULES_MAIL_DOMAIN, out);
    if (fault == NULL && is_special_use(span_drop(buf_span(out), start))) {
        out->len = start;
        return name_fault_word(NAME_FAULT_SPECIAL_USE);
    }
    return fault;
}

const char *list_name_normalise(struct span input, struct buf *out)
{
    return domain_put_name(text_trim(input), RULES_UNDERSCORE | RULES_EDGE_HYPHEN, out);
}

/* The words of an exchange differ where RFC 5321 and 7505 have their own. */
static const char *host_fault(struct span exchange, struct buf *out)
{
    if (span_eq(exchange, SPAN_LIT("."))) {
        return name_fault_word(NAME_FAULT_NULL_MX);
    }
    if (!domain_is_ascii(exchange)) {
        return name_fault_word(NAME_FAULT_BAD_CHARACTER); /* octets in a DNS label are no U-label */
    }
    size_t start = out->len;
    const char *fault = put_ascii(exchange, RULES_UNDERSCORE | RULES_EDGE_HYPHEN, out);
    if (fault == name_fault_word(NAME_FAULT_IP_ADDRESS)) {
        return name_fault_word(NAME_FAULT_IP_LITERAL);
    }
    struct span host = span_drop(buf_span(out), start);
    if (fault == NULL && span_eq(domain_name_tld(host), SPAN_LIT("localhost"))) {
        out->len = start;
        return name_fault_word(NAME_FAULT_LOCALHOST);
    }
    return fault;
}

bool host_name_normalise(struct span name, struct buf *out, const char **why)
{
    const char *fault = host_fault(name, out);
    if (fault != NULL && why != NULL) {
        *why = fault;
    }
    return fault == NULL;
}

/* --- exchanges ------------------------------------------------------------------------------- */

static bool put_literal(struct span exchange, struct buf *out)
{
    struct net_addr a;
    char text[NET_ADDR_TEXT_MAX];
    if (exchange.len > 0 && exchange.at[exchange.len - 1] == '.') {
        exchange.len--;
    }
    if (!net_addr_parse(exchange, &a)) {
        return false;
    }
    buf_put(out, (struct span){(const uint8_t *)text, net_addr_format(&a, text)});
    return true;
}

/* RFC 1035 section 2.3.1; Postfix valid_hostname(), Exim dns_check_names_pattern. */
static bool has_edge_hyphen(struct span host)
{
    return labels_fault(host, RULES_UNDERSCORE) == name_fault_word(NAME_FAULT_BAD_HYPHEN);
}

/* What one of them lets pass: "*" as the first label (Postfix from 3.9 on), "/" inside labels (Exim), and
 * numbers, which a C library may read as an address ("0x7f.1"). */
static bool is_doubtful(struct span exchange, const char *fault)
{
    uint8_t copy[NAME_TEXT_MAX];
    struct buf host = BUF_INIT(NAME_TEXT_MAX);
    if (fault == name_fault_word(NAME_FAULT_NUMERIC_TLD)) {
        return true;
    }
    if (span_eq(span_take(exchange, 2), SPAN_LIT("*."))) {
        exchange = span_drop(exchange, 2);
    }
    if (exchange.len > sizeof(copy)) {
        return false;
    }
    for (size_t i = 0; i < exchange.len; i++) {
        copy[i] = exchange.at[i] == '/' ? '-' : exchange.at[i];
    }
    bool passes = host_fault((struct span){copy, exchange.len}, &host) == NULL &&
                  !has_edge_hyphen(buf_span(&host));
    buf_deinit(&host);
    return passes;
}

static enum mx_name_kind kind_of_fault(struct span exchange, const char *fault)
{
    if (fault == name_fault_word(NAME_FAULT_NULL_MX)) {
        return MX_NAME_ROOT;
    }
    if (fault == name_fault_word(NAME_FAULT_LOCALHOST)) {
        return MX_NAME_HOST;
    }
    return is_doubtful(exchange, fault) ? MX_NAME_DOUBTFUL : MX_NAME_NOT_A_HOST;
}

const char *mx_name_normalise(struct span exchange, struct buf *out, enum mx_name_kind *kind)
{
    if (put_literal(exchange, out)) {
        *kind = MX_NAME_ADDRESS_LITERAL;
        return NULL;
    }
    size_t start = out->len;
    const char *fault = host_fault(exchange, out);
    if (fault != NULL) {
        *kind = kind_of_fault(exchange, fault);
        return fault;
    }
    *kind = has_edge_hyphen(span_drop(buf_span(out), start)) ? MX_NAME_NOT_A_HOST : MX_NAME_HOST;
    return NULL;
}
