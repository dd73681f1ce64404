#include "scanner/analysis/tls_stack.h"

#include <string.h>

#include "scanner/base/check.h"
#include "scanner/observation/tls_names.h"

#define TLS1_2       0x0303
#define KIB          1024U
#define GROUP_P256   0x0017 /* IANA "TLS Supported Groups" */
#define GROUP_P384   0x0018
#define GROUP_P521   0x0019
#define GROUP_X25519 0x001d

/* What every library in use takes: nothing has to be known of a stack. */
#define COMMON_RSA_BITS_MIN 2048
#define COMMON_RSA_BITS_MAX 4096
#define COMMON_LIST_KIB     48

const struct vocabulary field_mark_vocabulary =
    VOCABULARY_OF(FIELD_MARKS, "field_mark", "basis",
                  "How well the fields of the sender profile that decide an outcome are known: the "
                  "weakest of them.");

static struct stack_verdict fits(void)
{
    return (struct stack_verdict){.fit = FIT_YES};
}

static struct stack_verdict says(enum fit fit, enum stack_obstacle obstacle, enum stack_field field)
{
    return (struct stack_verdict){fit, fit == FIT_YES ? STACK_OBSTACLE_NONE : obstacle,
                                  1U << (unsigned)field};
}

static struct stack_verdict stack_both(struct stack_verdict a, struct stack_verdict b)
{
    bool first = a.fit == FIT_NO || (a.fit == FIT_UNKNOWN && b.fit != FIT_NO);
    struct stack_verdict v = first ? a : b;
    v.fields = v.fit == FIT_NO ? v.fields : a.fields | b.fields;
    return v;
}

static struct stack_verdict in_set(uint32_t set, unsigned bit, enum stack_obstacle obstacle,
                                   enum stack_field field)
{
    bool taken = set != STACK_UNKNOWN_SET && (set >> bit & 1U) != 0;
    return says(taken ? FIT_YES : FIT_UNKNOWN, obstacle, field);
}

static struct stack_verdict at_least(uint32_t bits, uint32_t min, enum stack_obstacle obstacle,
                                     enum stack_field field)
{
    return says(min == STACK_UNKNOWN_NUMBER ? FIT_UNKNOWN
                : bits >= min               ? FIT_YES
                                            : FIT_NO,
                obstacle, field);
}

static bool suite_has(const char *name, const char *part)
{
    return strstr(name, part) != NULL;
}

/* --- the suite ----------------------------------------------------------------------------- */

/* IANA's names are made of the parts: TLS_<exchange>_WITH_<cipher>; those of TLS 1.3 have no exchange. */
static const char *cipher_of_old_suite(uint16_t suite)
{
    const char *name = suite != 0 ? tls_cipher_name(suite) : NULL;
    return name != NULL && suite_has(name, "_WITH_") ? name : NULL;
}

static enum stack_exchange exchange_of(const char *suite)
{
    return suite_has(suite, "_ECDHE_") ? STACK_EXCHANGE_ECDHE
           : suite_has(suite, "_DHE_") ? STACK_EXCHANGE_DHE
                                       : STACK_EXCHANGE_RSA;
}

static enum stack_cipher bulk_of(const char *suite)
{
    return suite_has(suite, "_AES_") && suite_has(suite, "_GCM_")  ? STACK_CIPHER_AES_GCM
           : suite_has(suite, "_CHACHA20_")                        ? STACK_CIPHER_CHACHA20
           : suite_has(suite, "_AES_") && suite_has(suite, "_CCM") ? STACK_CIPHER_AES_CCM
           : suite_has(suite, "_AES_") &&
                   (suite_has(suite, "_CBC_SHA256") || suite_has(suite, "_CBC_SHA384"))
               ? STACK_CIPHER_AES_CBC_SHA2
           : suite_has(suite, "_AES_") && suite_has(suite, "_CBC") ? STACK_CIPHER_AES_CBC
                                                                   : STACK_CIPHER_OTHER;
}

/* The server takes the suite of its liking from those offered: where the stack takes this one and has
 * what mxcensus offers before it, the server takes it again; so a key that is too small ends it. */
static struct stack_verdict suite_fits(const struct tls_stack *s, const struct sender_facts *f,
                                       uint16_t version)
{
    struct stack_verdict v = fits();
    const char *suite = cipher_of_old_suite(f->cipher);
    if (suite == NULL) {
        return v;
    }
    if (exchange_of(suite) != STACK_EXCHANGE_ECDHE) {
        v = in_set(s->exchanges, exchange_of(suite), STACK_OBSTACLE_SUITE, STACK_FIELD_EXCHANGES);
    }
    /* RFC 5246 section 9 and before: who speaks TLS 1.0 and 1.1 has CBC with SHA-1. */
    bool cbc = bulk_of(suite) == STACK_CIPHER_AES_CBC && version < TLS1_2;
    if (bulk_of(suite) != STACK_CIPHER_AES_GCM && !cbc) {
        v = stack_both(
            v, in_set(s->ciphers, bulk_of(suite), STACK_OBSTACLE_SUITE, STACK_FIELD_CIPHERS));
    }
    if (v.fit == FIT_YES && exchange_of(suite) == STACK_EXCHANGE_DHE) {
        v = stack_both(
            v, at_least(f->dh_bits, s->dh_bits_min, STACK_OBSTACLE_SUITE, STACK_FIELD_DH_BITS_MIN));
    }
    return v;
}

/* All libraries of these years have the first two beside P-256; of one that is older, it is known. */
static struct stack_verdict group_fits(const struct tls_stack *s, const struct sender_facts *f)
{
    bool common = f->group == GROUP_X25519 || f->group == GROUP_P384;
    if (common && s->groups == STACK_UNKNOWN_SET) {
        return fits();
    }
    switch (f->group) {
    case GROUP_X25519:
        return in_set(s->groups, STACK_GROUP_X25519, STACK_OBSTACLE_SUITE, STACK_FIELD_GROUPS);
    case GROUP_P384:
        return in_set(s->groups, STACK_GROUP_P384, STACK_OBSTACLE_SUITE, STACK_FIELD_GROUPS);
    case GROUP_P521:
        return in_set(s->groups, STACK_GROUP_P521, STACK_OBSTACLE_SUITE, STACK_FIELD_GROUPS);
    default: /* P-256, which all have; or no group of these */
        return fits();
    }
}

/* --- the certificate ----------------------------------------------------------------------- */

static struct stack_verdict key_fits(const struct tls_stack *s, const struct leaf_key *k)
{
    bool rsa = k->kind == LEAF_KEY_RSA || k->kind == LEAF_KEY_RSA_PSS;
    struct stack_verdict v = fits();
    if (k->kind != LEAF_KEY_NONE && k->kind != LEAF_KEY_RSA && k->kind != LEAF_KEY_P256 &&
        k->kind != LEAF_KEY_P384) {
        v = in_set(s->leaf_keys, k->kind, STACK_OBSTACLE_KEY, STACK_FIELD_LEAF_KEYS);
    }
    if (rsa && k->bits < COMMON_RSA_BITS_MIN) {
        v = stack_both(
            v, at_least(k->bits, s->rsa_bits_min, STACK_OBSTACLE_KEY, STACK_FIELD_RSA_BITS_MIN));
    }
    if (rsa && k->bits > COMMON_RSA_BITS_MAX) {
        bool known = s->rsa_bits_max != STACK_UNKNOWN_NUMBER;
        v = stack_both(v, says(!known                       ? FIT_UNKNOWN
                               : k->bits <= s->rsa_bits_max ? FIT_YES
                                                            : FIT_NO,
                               STACK_OBSTACLE_KEY, STACK_FIELD_RSA_BITS_MAX));
    }
    return v;
}

/* RFC 8446 section 4.4.2.2 and RFC 5246 section 7.4.2: the key signs, but where it deciphers what the
 * client sends (key transport by RSA). */
static struct stack_verdict usage_fits(const struct tls_stack *s, const struct sender_facts *f)
{
    const char *suite = cipher_of_old_suite(f->cipher);
    bool transport = suite != NULL && exchange_of(suite) == STACK_EXCHANGE_RSA;
    if (leaf_key_may_be_used(&f->key, transport)) {
        return fits();
    }
    return says(s->key_usage == STACK_UNKNOWN ? FIT_UNKNOWN
                : s->key_usage == STACK_YES   ? FIT_NO
                                              : FIT_YES,
                STACK_OBSTACLE_USAGE, STACK_FIELD_KEY_USAGE);
}

/* The list is known by the KiB, and what stands around it in the message is some octets more. */
static struct stack_verdict list_fits(const struct tls_stack *s, const struct sender_facts *f)
{
    if (f->list_kib <= COMMON_LIST_KIB) {
        return fits();
    }
    uint32_t max = s->list_octets_max;
    bool known = max != STACK_UNKNOWN_NUMBER;
    enum fit fit = known && (f->list_kib + 1U) * KIB <= max   ? FIT_YES
                   : known && (f->list_kib - 1U) * KIB >= max ? FIT_NO
                                                              : FIT_UNKNOWN;
    return says(fit, STACK_OBSTACLE_LIST, STACK_FIELD_LIST_OCTETS_MAX);
}

/* The server may have a signature with another hash for who does not offer SHA-1; and of what is odd in
 * a certificate some is read by a library that does not read all. */
static struct stack_verdict oddities_fit(const struct tls_stack *s, const struct sender_facts *f,
                                         uint16_t version)
{
    struct stack_verdict v = fits();
    const char *suite = cipher_of_old_suite(f->cipher);
    /* RFC 4346 section 7.4.3: the server's key exchange is signed with SHA-1, but there is none where
     * the client's is encrypted to the key of the certificate. */
    if (version < TLS1_2 && suite != NULL && exchange_of(suite) != STACK_EXCHANGE_RSA) {
        v = says(s->sha1_signatures == STACK_NO ? FIT_NO : FIT_YES, STACK_OBSTACLE_SUITE,
                 STACK_FIELD_SHA1_SIGNATURES);
    }
    if ((f->quirks & SENDER_FACTS_SHA1_SIGNATURE) != 0) {
        enum fit fit = s->sha1_signatures == STACK_YES ? FIT_YES : FIT_UNKNOWN;
        v = says(fit, STACK_OBSTACLE_SUITE, STACK_FIELD_SHA1_SIGNATURES);
    }
    if ((f->events & SENDER_EVENT_SHA224_SIGNATURE) != 0) { /* as this program does */
        enum fit fit = s->library == STACK_LIBRARY_OPENSSL ? FIT_YES : FIT_UNKNOWN;
        v = says(fit, STACK_OBSTACLE_SUITE, STACK_FIELD_LIBRARY);
    }
    if ((f->quirks & SENDER_FACTS_ODD_CERTIFICATE) != 0) {
        enum fit fit = s->odd_certificates == STACK_YES ? FIT_YES : FIT_UNKNOWN;
        v = stack_both(v, says(fit, STACK_OBSTACLE_FORM, STACK_FIELD_ODD_CERTIFICATES));
    }
    return v;
}

/* RFC 5246 section 7.2.2 leaves it to the receiver whether it goes on after a warning. */
static struct stack_verdict alerts_fit(const struct tls_stack *s, const struct sender_facts *f)
{
    if ((f->events & SENDER_EVENT_NAME_WARNING) == 0) {
        return fits();
    }
    return says(s->warning_alerts == STACK_UNKNOWN ? FIT_UNKNOWN
                : s->warning_alerts == STACK_YES   ? FIT_YES
                                                   : FIT_NO,
                STACK_OBSTACLE_ALERT, STACK_FIELD_WARNING_ALERTS);
}

struct stack_verdict tls_stack_fits(const struct tls_stack *s, const struct sender_facts *f,
                                    uint16_t version)
{
    struct stack_verdict v = stack_both(suite_fits(s, f, version), group_fits(s, f));
    v = stack_both(v, oddities_fit(s, f, version));
    v = stack_both(v, key_fits(s, &f->key));
    v = stack_both(v, usage_fits(s, f));
    v = stack_both(v, alerts_fit(s, f));
    return stack_both(v, list_fits(s, f));
}
