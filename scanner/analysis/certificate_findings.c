#include "scanner/analysis/findings.h"
#include "scanner/domain/domain_name.h"

#define NAMES_MANY        100   /* more have only providers; our own bound */
#define SERIAL_OCTETS_MAX 20    /* RFC 5280 section 4.1.2.2 */
#define RSA_BITS_MIN      2048  /* RFC 9325 section 4.5 */
#define RSA_BITS_MANY     8192  /* Go: defaultMaxRSAKeySize of crypto/tls, since 1.20.7 */
#define RSA_BITS_MAX      16384 /* OpenSSL: OPENSSL_RSA_MAX_MODULUS_BITS */

static void put_subject(struct buf *evidence, const struct cert_info *c)
{
    if (c->subject_dn.len > 0) {
        evidence_put(evidence, c->subject_dn);
    } else {
        buf_put_text(evidence, "no subject");
    }
}

/* Every evidence says which certificate, then what of it. */
static struct buf *certificate_finding_add(struct findings *out, enum finding_code code,
                                           const struct cert_info *c)
{
    struct buf *evidence = findings_add_max(out, code);
    put_subject(evidence, c);
    return evidence;
}

static void form_findings(const struct cert_info *c, struct findings *out)
{
    if (c->parse_error != NULL) {
        buf_putf(certificate_finding_add(out, FINDING_CERT_MALFORMED, c), ": %s", c->parse_error);
    }
    if (c->version != 3) {
        buf_putf(certificate_finding_add(out, FINDING_CERT_VERSION, c), ": version %d", c->version);
    }
    if (c->duplicate_extension) {
        buf_put_text(certificate_finding_add(out, FINDING_CERT_DUPLICATE_EXTENSION, c),
                     ": an extension is repeated");
    }
    if (c->is_precertificate) {
        buf_put_text(certificate_finding_add(out, FINDING_CERT_PRECERTIFICATE, c),
                     ": poison extension");
    }
}

static bool hex_is_zero(struct span hex)
{
    for (size_t i = 0; i < hex.len; i++) {
        if (hex.at[i] != '0') {
            return false;
        }
    }
    return true;
}

static void serial_findings(const struct cert_info *c, struct findings *out)
{
    struct span magnitude = span_drop(c->serial_hex, c->serial_negative ? 1 : 0);
    if (c->serial_negative || hex_is_zero(magnitude)) {
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_SERIAL_NEGATIVE, c);
        buf_put_text(evidence, ": serial number ");
        evidence_put(evidence, magnitude.len > 0 ? c->serial_hex : SPAN_LIT("0"));
    }
    size_t octets = magnitude.len / 2;
    if (octets > SERIAL_OCTETS_MAX) {
        buf_putf(certificate_finding_add(out, FINDING_CERT_SERIAL_LONG, c), ": %s%zu octets",
                 c->serial_truncated ? "over " : "", octets);
    }
}

/* RFC 5280 section 4.1.2.5. */
static void time_findings(const struct cert_info *c, struct findings *out)
{
    bool readable = c->not_before.valid && c->not_after.valid;
    if (readable && c->not_before.unix_s <= c->not_after.unix_s) {
        return;
    }
    struct buf *evidence = certificate_finding_add(out, FINDING_CERT_BAD_TIME, c);
    buf_put_text(evidence, ": from \"");
    evidence_put(evidence, c->not_before.raw);
    buf_put_text(evidence, "\" to \"");
    evidence_put(evidence, c->not_after.raw);
    buf_put_text(evidence, "\"");
}

/* Why a dNSName is no name that a server can have (RFC 5280 section 4.2.1.6: the preferred syntax of
 * RFC 1034; RFC 9525 section 6.3: a wildcard is the whole first label). NULL: it is one. */
static const char *octet_fault(uint8_t c)
{
    if (c == 0) {
        return "NUL";
    }
    if (c >= 0x80) {
        return "not ASCII";
    }
    switch (c) {
    case ' ':
        return "space";
    case '_':
        return "underscore";
    case '@':
        return "mail address";
    case '*':
        return "misplaced wildcard";
    default:
        break;
    }
    c = ascii_lower(c);
    bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    return good ? NULL : "character that no host name has";
}

static const char *alt_name_labels_fault(struct span name)
{
    size_t label = 0; /* octets */
    for (size_t i = 0; i < name.len; i++) {
        if (name.at[i] == '.') {
            if (label == 0) {
                return "empty label";
            }
            label = 0;
            continue;
        }
        const char *fault = octet_fault(name.at[i]);
        if (fault != NULL) {
            return fault;
        }
        if (++label > NAME_LABEL_MAX) {
            return "label over 63 octets";
        }
    }
    return label == 0 ? "trailing dot" : NULL;
}

static bool is_digits(struct span s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.at[i] < '0' || s.at[i] > '9') {
            return false;
        }
    }
    return true;
}

static const char *dns_name_fault(struct span name)
{
    if (name.len == 0) {
        return "empty";
    }
    bool wildcard = name.len > 2 && name.at[0] == '*' && name.at[1] == '.';
    const char *fault = alt_name_labels_fault(wildcard ? span_drop(name, 2) : name);
    if (fault != NULL) {
        return fault;
    }
    if (name.len > NAME_TEXT_MAX) {
        return "over 253 octets";
    }
    return is_digits(domain_name_tld(name)) ? "address" : NULL;
}

static void bad_name_finding(const struct cert_info *c, struct findings *out)
{
    struct buf *evidence = NULL;
    size_t bad = 0;
    for (size_t i = 0; i < c->dns_names.count; i++) {
        const char *fault = dns_name_fault(c->dns_names.at[i]);
        if (fault == NULL) {
            continue;
        }
        if (evidence == NULL) {
            evidence = certificate_finding_add(out, FINDING_CERT_SAN_BAD_DNS, c);
        }
        if (++bad <= EVIDENCE_LIST_MAX) {
            buf_put_text(evidence, bad == 1 ? ": \"" : ", \"");
            evidence_put(evidence, c->dns_names.at[i]);
            buf_putf(evidence, "\" (%s)", fault);
        }
    }
    if (bad > EVIDENCE_LIST_MAX) {
        buf_putf(evidence, " and %zu more", bad - EVIDENCE_LIST_MAX);
    }
}

static void certificate_name_findings(const struct cert_info *c, struct findings *out)
{
    if (!c->is_ca && c->dns_names.total == 0) {
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_NO_SAN, c);
        buf_put_text(evidence, c->has_san ? ": no dNSName among the alternative names"
                                          : ": no alternative names");
    }
    bad_name_finding(c, out);
    size_t total = c->dns_names.total + c->other_name_total;
    if (total > NAMES_MANY) {
        buf_putf(certificate_finding_add(out, FINDING_CERT_MANY_NAMES, c), ": %zu names", total);
    }
}

/* RFC 8017 section 3.1: odd. Smaller ones than 65537 have a history of broken padding. */
static bool is_usual_exponent(struct span decimal)
{
    static const struct span smallest = SPAN_INIT("65537");
    bool odd = (decimal.at[decimal.len - 1] - '0') % 2 == 1;
    bool small = decimal.len < smallest.len ||
                 (decimal.len == smallest.len && span_cmp(decimal, smallest) < 0);
    return odd && !small;
}

static void rsa_findings(const struct cert_info *c, struct findings *out)
{
    if (c->key_bits > 0 && c->key_bits < RSA_BITS_MIN) {
        buf_putf(certificate_finding_add(out, FINDING_CERT_KEY_RSA_SMALL, c), ": %u bits",
                 c->key_bits);
    }
    if (c->key_bits > RSA_BITS_MANY) {
        struct buf *evidence =
            findings_add(out, FINDING_CERT_KEY_RSA_LARGE,
                         c->key_bits > RSA_BITS_MAX ? SEVERITY_ERROR : SEVERITY_WARNING);
        put_subject(evidence, c);
        buf_putf(evidence, ": %u bits", c->key_bits);
    }
    if (c->rsa_exponent.len > 0 && !is_usual_exponent(c->rsa_exponent)) {
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_KEY_RSA_EXPONENT, c);
        buf_put_text(evidence, ": exponent ");
        evidence_put(evidence, c->rsa_exponent);
    }
}

/* The curves that TLS 1.3 can sign a handshake on, RFC 8446 section 4.2.3. */
static bool is_usual_curve(struct span curve)
{
    return span_eq(curve, SPAN_LIT("P-256")) || span_eq(curve, SPAN_LIT("P-384")) ||
           span_eq(curve, SPAN_LIT("P-521"));
}

static void key_findings(const struct cert_info *c, struct findings *out)
{
    if (c->key_curve.len > 0 && !is_usual_curve(c->key_curve)) {
        /* A curve that OpenSSL does not have leaves the key unread: one cause, one finding. */
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_KEY_EC_CURVE, c);
        buf_put_text(evidence, ": curve ");
        evidence_put(evidence, c->key_curve);
        return;
    }
    if (c->key_unreadable) {
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_KEY_UNKNOWN, c);
        buf_put_text(evidence, ": algorithm ");
        evidence_put(evidence, c->key_algorithm);
        return;
    }
    bool pss = span_eq(c->key_algorithm, SPAN_LIT("RSA-PSS"));
    if (!c->is_ca && (pss || span_eq(c->key_algorithm, SPAN_LIT("Ed448")))) {
        struct buf *evidence = certificate_finding_add(out, FINDING_CERT_KEY_RARE, c);
        buf_put_text(evidence, ": ");
        evidence_put(evidence, c->key_algorithm);
    }
    if (pss || span_eq(c->key_algorithm, SPAN_LIT("RSA"))) {
        rsa_findings(c, out);
    }
}

void findings_of_certificate(const struct cert_info *c, bool parsed, struct findings *out)
{
    if (!parsed) {
        buf_putf(findings_add_max(out, FINDING_CERT_UNPARSABLE), "%zu octets: %s", c->der_len,
                 c->parse_error != NULL ? c->parse_error : "no certificate");
        return;
    }
    form_findings(c, out);
    serial_findings(c, out);
    time_findings(c, out);
    certificate_name_findings(c, out);
    key_findings(c, out);
}
