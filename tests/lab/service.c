#include "tests/lab/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/draw.h"

struct word_list {
    const char *const *words;
    size_t count;
};

#define WORDS(name, list) static const char *const name[] = {list(WORD)}
#define WORD(name, word)  word,
WORDS(reach_words, LAB_REACHES);
WORDS(greeting_words, LAB_GREETINGS);
WORDS(ehlo_words, LAB_EHLOS);
WORDS(starttls_words, LAB_STARTTLS);
WORDS(fate_words, LAB_TLS_FATES);
WORDS(sni_words, LAB_SNI_RULES);
WORDS(class_words, LAB_CERT_CLASSES);
WORDS(chain_words, LAB_CHAINS);
WORDS(key_words, LAB_KEYS);
WORDS(kex_words, LAB_KEXES);
WORDS(trait_words, LAB_TLS_TRAITS);
WORDS(pick_words, LAB_PICKS);
WORDS(odd_words, LAB_ODDS);
WORDS(software_words, LAB_SOFTWARES);
WORDS(ptr_words, LAB_PTRS);
#undef WORD

#define LIST(words) ((struct word_list){words, sizeof(words) / sizeof(words[0])})

const char *lab_cert_class_word(enum lab_cert_class c)
{
    return class_words[c];
}

const char *lab_chain_word(enum lab_chain c)
{
    return chain_words[c];
}

const char *lab_key_word(enum lab_key k)
{
    return key_words[k];
}

const char *lab_sni_word(enum lab_sni_rule r)
{
    return sni_words[r];
}

const char *lab_ptr_word(enum lab_ptr p)
{
    return ptr_words[p];
}

const char *lab_odd_word(enum lab_odd o)
{
    return odd_words[o];
}

void service_init(struct service *s, const struct net_addr *address)
{
    memset(s, 0, sizeof(*s));
    s->address = *address;
    s->tls_min = 0x0301;
    s->tls_max = 0x0304;
    s->raw.refusal = 40; /* handshake_failure */
}

static int index_of(struct word_list list, const char *word)
{
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.words[i], word) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static bool set_version(uint16_t *to, const char *word)
{
    static const char *const words[] = {"1.0", "1.1", "1.2", "1.3"};
    int i = index_of(LIST(words), word);
    if (i >= 0) {
        *to = (uint16_t)(0x0301 + i);
    }
    return i >= 0;
}

static bool set_number(const char *word, unsigned long max, unsigned long *out)
{
    char *end;
    unsigned long v = strtoul(word, &end, 10);
    if (*word == '\0' || *end != '\0' || v > max) {
        return false;
    }
    *out = v;
    return true;
}

/* Keys of a certificate: the default one, or with the prefix "own-" that of the known name. */
static bool set_cert(struct cert_choice *c, const char *key, const char *value)
{
    int i;
    unsigned long n = 0;
    if (strcmp(key, "cert") == 0 && (i = index_of(LIST(class_words), value)) >= 0) {
        c->class = (enum lab_cert_class)i;
        return true;
    }
    if (strcmp(key, "chain") == 0 && (i = index_of(LIST(chain_words), value)) >= 0) {
        c->chain = (enum lab_chain)i;
        return true;
    }
    if (strcmp(key, "key") == 0 && (i = index_of(LIST(key_words), value)) >= 0) {
        c->key = (enum lab_key)i;
        return true;
    }
    if (strcmp(key, "odd") == 0 && (i = index_of(LIST(odd_words), value)) >= 0) {
        c->odd = (enum lab_odd)i;
        return true;
    }
    if (strcmp(key, "days-left") == 0 && set_number(value, 1000, &n)) {
        c->days_left = (uint16_t)n;
        return true;
    }
    if (strcmp(key, "issuer") == 0 && set_number(value, 2, &n)) {
        c->issuer = (uint8_t)n;
        return true;
    }
    if (strcmp(key, "names") == 0 && set_number(value, 9999, &n)) {
        c->extra_names = (uint16_t)n;
        return true;
    }
    if (strcmp(key, "issuer-ec") == 0) {
        c->issuer_ec = strcmp(value, "yes") == 0;
        return true;
    }
    return false;
}

struct enum_key {
    const char *key;
    struct word_list list;
    size_t offset;
};

/* All enums of a service are as wide as an unsigned int. */
static bool set_enum(struct service *s, const char *key, const char *value, bool *known)
{
    const struct enum_key keys[] = {
        {"reach", LIST(reach_words), offsetof(struct service, reach)},
        {"software", LIST(software_words), offsetof(struct service, software)},
        {"greeting", LIST(greeting_words), offsetof(struct service, greeting)},
        {"ehlo", LIST(ehlo_words), offsetof(struct service, ehlo)},
        {"starttls", LIST(starttls_words), offsetof(struct service, starttls)},
        {"tls", LIST(fate_words), offsetof(struct service, tls_fate)},
        {"kex", LIST(kex_words), offsetof(struct service, kex)},
        {"trait", LIST(trait_words), offsetof(struct service, trait)},
        {"pick", LIST(pick_words), offsetof(struct service, raw.pick)},
        {"sni", LIST(sni_words), offsetof(struct service, sni)},
        {"ptr", LIST(ptr_words), offsetof(struct service, ptr)},
    };
    for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++) {
        if (strcmp(key, keys[k].key) == 0) {
            *known = true;
            int i = index_of(keys[k].list, value);
            unsigned v = (unsigned)i;
            if (i >= 0) {
                memcpy((char *)s + keys[k].offset, &v, sizeof(v));
            }
            return i >= 0;
        }
    }
    *known = false;
    return false;
}

static bool set_flag(struct service *s, const char *key, const char *value)
{
    bool yes = strcmp(value, "yes") == 0;
    if (strcmp(key, "again") == 0) {
        s->starttls_again = yes;
    } else if (strcmp(key, "octets") == 0) {
        s->octet_by_octet = yes;
    } else if (strcmp(key, "quit-silent") == 0) {
        s->quit_silent = yes;
    } else if (strcmp(key, "ehlo-tls-close") == 0) {
        s->ehlo_tls_close = yes;
    } else if (strcmp(key, "flaky") == 0) {
        s->flaky = yes;
    } else if (strcmp(key, "unstable") == 0) {
        s->unstable = yes;
    } else if (strcmp(key, "busy") == 0) {
        s->busy = yes;
    } else if (strcmp(key, "literal") == 0) {
        s->literal = yes;
    } else {
        return false;
    }
    return true;
}

bool service_set(struct service *s, const char *key, const char *value)
{
    bool known;
    unsigned long n = 0;
    if (set_enum(s, key, value, &known) || known) {
        return known && set_enum(s, key, value, &known);
    }
    if (strcmp(key, "alert") == 0 && set_number(value, 255, &n)) {
        s->tls_fate = LAB_TLS_ALERT;
        s->alert = (uint8_t)n;
        return true;
    }
    if (strcmp(key, "hostile") == 0) {
        s->hostile = hostile_find(value);
        return s->hostile != NULL;
    }
    if (strcmp(key, "dh") == 0 && set_number(value, 16384, &n)) {
        s->tls_fate = LAB_TLS_DH;
        s->dh_bits = (uint32_t)n;
        return true;
    }
    if (strcmp(key, "raw-suites") == 0) {
        s->tls_fate = LAB_TLS_RAW;
        return raw_suites_parse(&s->raw, value);
    }
    if (strcmp(key, "refusal") == 0 && set_number(value, 255, &n)) {
        s->raw.refusal = (uint8_t)n;
        return true;
    }
    if (strcmp(key, "enough") == 0 && set_number(value, 1000, &n)) {
        s->enough = (uint32_t)n;
        return true;
    }
    if (strcmp(key, "lose") == 0 && set_number(value, 1000, &n)) {
        s->lose = (uint32_t)n;
        return true;
    }
    if (strcmp(key, "greylist") == 0 && set_number(value, 1000, &n)) {
        s->greylist = (uint32_t)n;
        return true;
    }
    if (strcmp(key, "delay") == 0 && set_number(value, 600000, &n)) {
        s->greeting_delay_ms = (uint32_t)n;
        return true;
    }
    if (strcmp(key, "min") == 0) {
        return set_version(&s->tls_min, value);
    }
    if (strcmp(key, "max") == 0) {
        return set_version(&s->tls_max, value);
    }
    if (strcmp(key, "name") == 0 && strlen(value) < sizeof(s->name)) {
        memcpy(s->name, value, strlen(value) + 1);
        return true;
    }
    if (strcmp(key, "greeting-name") == 0 && strlen(value) < sizeof(s->name)) {
        memcpy(s->greeting_name, value, strlen(value) + 1);
        return true;
    }
    if (strncmp(key, "other-", 6) == 0) {
        s->dual = true;
        return set_cert(&s->other, key + 6, value);
    }
    if (strncmp(key, "own-", 4) == 0) {
        return set_cert(&s->own, key + 4, value);
    }
    return set_cert(&s->plain, key, value) || set_flag(s, key, value);
}

struct cert_choice service_cert(const struct service *s, bool sni, uint64_t visit)
{
    struct cert_choice c = s->plain;
    if (sni && s->sni == LAB_SNI_SELECT && s->own_known) {
        c = s->own;
    }
    if (s->unstable && visit % 2 == 1) {
        c.identity = draw_mix(c.identity);
    }
    return c;
}

/* A server that lists nothing at all, and by its greeting is a tarpit: what is behind it is not known. */
static void expect_bare(const struct service *s, struct expected_session *out)
{
    bool tarpit = s->greeting == LAB_GREETING_SPAMD || s->greeting == LAB_GREETING_STUTTER;
    out->outcome = tarpit ? OUTCOME_TARPIT : OUTCOME_STARTTLS_NOT_OFFERED;
    out->starttls = tarpit ? STARTTLS_UNKNOWN : STARTTLS_NOT_OFFERED;
}

/* The first connection is the one without SNI, the second has it. */
static void expect_flips(bool sni, struct expected_session *out)
{
    out->outcome = sni ? OUTCOME_STARTTLS_NOT_OFFERED : OUTCOME_NOT_TESTED;
    out->starttls = sni ? STARTTLS_NOT_OFFERED : STARTTLS_OFFERED;
}

static void expect_smtp(const struct service *s, bool sni, struct expected_session *out)
{
    static const enum session_outcome by_greeting[] = {
        [LAB_GREETING_TEMPFAIL] = OUTCOME_GREETING_TEMPFAIL,
        [LAB_GREETING_REJECTED] = OUTCOME_GREETING_REJECTED,
        [LAB_GREETING_GARBAGE] = OUTCOME_NOT_SMTP,
        [LAB_GREETING_CLOSE] = OUTCOME_GREETING_CLOSED,
        [LAB_GREETING_SILENT] = OUTCOME_GREETING_TIMEOUT,
        [LAB_GREETING_NO_ESMTP] = OUTCOME_NOT_TESTED,
        [LAB_GREETING_NO_NAME] = OUTCOME_NOT_TESTED,
        [LAB_GREETING_STUTTER] = OUTCOME_NOT_TESTED,
        [LAB_GREETING_HIDDEN] = OUTCOME_NOT_TESTED,
    };
    static const enum session_outcome by_ehlo[] = {
        [LAB_EHLO_HELO_ONLY] = OUTCOME_HELO_ONLY,    [LAB_EHLO_REJECTED] = OUTCOME_EHLO_REJECTED,
        [LAB_EHLO_TEMPFAIL] = OUTCOME_EHLO_TEMPFAIL, [LAB_EHLO_CLOSE] = OUTCOME_EHLO_CLOSED,
        [LAB_EHLO_SILENT] = OUTCOME_EHLO_TIMEOUT,    [LAB_EHLO_LONG_LINE] = OUTCOME_NOT_TESTED,
        [LAB_EHLO_HUGE] = OUTCOME_NOT_TESTED,        [LAB_EHLO_REFUSED_IN_TLS] = OUTCOME_NOT_TESTED,
        [LAB_EHLO_ECHO] = OUTCOME_NOT_TESTED, /* as all from keyword-space-before on */
    };
    static const enum session_outcome by_starttls[] = {
        [LAB_STARTTLS_NONE] = OUTCOME_STARTTLS_NOT_OFFERED,
        [LAB_STARTTLS_MASKED] = OUTCOME_STARTTLS_MASKED,
        [LAB_STARTTLS_TEMPFAIL] = OUTCOME_STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_REJECTED] = OUTCOME_STARTTLS_REJECTED,
        [LAB_STARTTLS_NOT_A_REPLY] = OUTCOME_STARTTLS_TIMEOUT,
        [LAB_STARTTLS_INJECTED] = OUTCOME_NOT_TESTED, /* the text is dropped */
        [LAB_STARTTLS_CLOSE] = OUTCOME_STARTTLS_CLOSED,
        [LAB_STARTTLS_SILENT] = OUTCOME_STARTTLS_TIMEOUT,
        [LAB_STARTTLS_FLIPS] = OUTCOME_NOT_TESTED,
        [LAB_STARTTLS_HIDDEN] = OUTCOME_STARTTLS_NOT_OFFERED,
        [LAB_STARTTLS_TEMPFAIL_CLOSE] = OUTCOME_STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_CLOSING] = OUTCOME_STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_REJECTED_CLOSE] = OUTCOME_STARTTLS_REJECTED,
        [LAB_STARTTLS_CODE_354] = OUTCOME_STARTTLS_REJECTED,
    };
    static const enum starttls_state state_of[] = {
        [LAB_STARTTLS_OFFERED] = STARTTLS_OFFERED,
        [LAB_STARTTLS_NONE] = STARTTLS_NOT_OFFERED,
        [LAB_STARTTLS_MASKED] = STARTTLS_MASKED,
        [LAB_STARTTLS_TEMPFAIL] = STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_REJECTED] = STARTTLS_REJECTED,
        [LAB_STARTTLS_NOT_A_REPLY] = STARTTLS_UNKNOWN,
        [LAB_STARTTLS_INJECTED] = STARTTLS_INJECTED,
        [LAB_STARTTLS_CLOSE] = STARTTLS_UNKNOWN,
        [LAB_STARTTLS_SILENT] = STARTTLS_UNKNOWN,
        [LAB_STARTTLS_LOWER_CASE] = STARTTLS_OFFERED,
        [LAB_STARTTLS_CODE_250] = STARTTLS_OFFERED,
        [LAB_STARTTLS_FLIPS] = STARTTLS_OFFERED,
        [LAB_STARTTLS_HIDDEN] = STARTTLS_NOT_OFFERED,
        [LAB_STARTTLS_TEMPFAIL_CLOSE] = STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_CLOSING] = STARTTLS_TEMPFAIL,
        [LAB_STARTTLS_REJECTED_CLOSE] = STARTTLS_REJECTED,
        [LAB_STARTTLS_CODE_354] = STARTTLS_REJECTED,
    };
    out->outcome = by_greeting[s->greeting];
    if (out->outcome == OUTCOME_NOT_TESTED) {
        out->outcome = by_ehlo[s->ehlo];
    }
    if (s->ehlo == LAB_EHLO_HELO_ONLY) {
        out->starttls = STARTTLS_NOT_OFFERED; /* what follows HELO is in clear */
    } else if (out->outcome == OUTCOME_NOT_TESTED && s->ehlo == LAB_EHLO_BARE) {
        expect_bare(s, out);
    } else if (out->outcome == OUTCOME_NOT_TESTED && s->starttls == LAB_STARTTLS_FLIPS) {
        expect_flips(sni, out);
    } else if (out->outcome == OUTCOME_NOT_TESTED) {
        out->outcome = by_starttls[s->starttls];
        out->starttls = state_of[s->starttls];
    }
}

static void expect_alert(struct expected_session *out, int alert)
{
    out->alert = alert;
    /* RFC 8446 section 6.2: 70 protocol_version, 40 handshake_failure ("unable to negotiate an
     * acceptable set of security parameters"), 71 insufficient_security. */
    out->outcome = alert == 70                  ? OUTCOME_TLS_NO_SHARED_VERSION
                   : alert == 40 || alert == 71 ? OUTCOME_TLS_NO_SHARED_CIPHER
                                                : OUTCOME_TLS_ALERT;
}

static void expect_established(const struct service *s, bool sni, struct expected_session *out)
{
    if (sni && s->sni == LAB_SNI_FATAL_UNKNOWN) {
        expect_alert(out, 112); /* unrecognized_name, RFC 6066 section 3 */
        return;
    }
    if (!sni && s->sni == LAB_SNI_FATAL_WITHOUT) {
        expect_alert(out, 112); /* as nginx's ssl_reject_handshake */
        return;
    }
    /* Without a certificate of the client: in TLS 1.3 the handshake is over for it by then. */
    bool demands = s->trait == LAB_TRAIT_DEMANDS_CLIENT;
    bool old = s->tls_max <= 0x0303;
    out->outcome = demands && old ? OUTCOME_TLS_ALERT : OUTCOME_ESTABLISHED;
    out->alert = !demands ? -1 : old ? 40 : 116; /* handshake_failure, certificate_required */
    out->tls_version = s->tls_max;
    out->has_leaf = true;
    out->unknown_name_warning = sni && s->sni == LAB_SNI_WARNING && s->tls_max <= 0x0303;
    out->cert = service_cert(s, sni, 0);
}

/* A whole handshake offers none of the suites that cases have here, but to a FIXED server. */
static void expect_raw(const struct service *s, struct expected_session *out)
{
    if (s->raw.pick == LAB_PICK_FIXED) { /* RFC 8446 section 4.1.3: illegal_parameter */
        out->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        out->tls_version = s->tls_max < 0x0303 ? s->tls_max : 0x0303;
    } else if (s->raw.refusal == 0) {
        out->outcome = OUTCOME_TLS_CLOSED;
    } else {
        expect_alert(out, s->raw.refusal);
    }
}

/* What OpenSSL takes: SSL_CTX_set_security_level(3), OPENSSL_DH_MAX_MODULUS_BITS. */
#define DH_BITS_LEAST 1024
#define DH_BITS_MOST  10000

static void expect_tls(const struct service *s, bool sni, struct expected_session *out)
{
    switch (s->tls_fate) {
    case LAB_TLS_OK:
        expect_established(s, sni, out);
        return;
    case LAB_TLS_SILENT:
        out->outcome = OUTCOME_TLS_TIMEOUT;
        return;
    case LAB_TLS_CLOSE:
        out->outcome = OUTCOME_TLS_CLOSED;
        return;
    case LAB_TLS_CLOSE_MIDWAY:
        out->outcome = OUTCOME_TLS_CLOSED;
        out->tls_version = s->tls_max; /* the ServerHello was in the first half */
        return;
    case LAB_TLS_RESET:
        out->outcome = OUTCOME_TLS_RESET;
        return;
    case LAB_TLS_ALERT:
        expect_alert(out, s->alert);
        return;
    case LAB_TLS_SSLV3:
        out->outcome = OUTCOME_TLS_NO_SHARED_VERSION;
        out->tls_version = 0x0300;
        return;
    case LAB_TLS_GARBAGE:
        out->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        return;
    case LAB_TLS_BAD_LATER:
        out->has_leaf = true;
        out->cert = service_cert(s, sni, 0);
        out->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        out->tls_version = s->tls_max;
        return;
    case LAB_TLS_GOST_LEAF:
    case LAB_TLS_LONG_REQUEST:
        out->has_leaf = true;
        out->cert = service_cert(s, sni, 0);
        out->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        out->tls_version = s->tls_max;
        return;
    case LAB_TLS_DH: /* what follows a group that is taken is not answered */
        out->has_leaf = true;
        out->cert = service_cert(s, sni, 0);
        out->outcome = s->dh_bits < DH_BITS_LEAST || s->dh_bits > DH_BITS_MOST
                           ? OUTCOME_TLS_PROTOCOL_ERROR
                           : OUTCOME_TLS_TIMEOUT;
        out->tls_version = s->tls_max;
        return;
    case LAB_TLS_BAD_CERT:
    case LAB_TLS_NO_CERT:
    case LAB_TLS_BAD_LIST:
        out->outcome = OUTCOME_TLS_PROTOCOL_ERROR;
        out->tls_version = s->tls_max;
        return;
    case LAB_TLS_RAW:
        expect_raw(s, out);
        return;
    }
    UNREACHABLE("unknown lab_tls_fate");
}

bool service_has_odd_list(const struct service *s)
{
    return s->ehlo >= LAB_EHLO_KEYWORD_SPACE_BEFORE && s->ehlo <= LAB_EHLO_ECHO;
}

/* Replies that some senders cannot read, answers to STARTTLS that some refuse. */
static bool dialogue_divides(const struct service *s)
{
    return s->greeting == LAB_GREETING_EMPTY_LINE || s->greeting == LAB_GREETING_NOISE ||
           s->greeting == LAB_GREETING_EARLY || s->ehlo == LAB_EHLO_HUGE ||
           s->starttls == LAB_STARTTLS_TEMPFAIL || s->starttls == LAB_STARTTLS_REJECTED ||
           s->ehlo == LAB_EHLO_EMPTY_LINE || s->ehlo == LAB_EHLO_CR_CR_LF ||
           s->ehlo == LAB_EHLO_NUL || s->ehlo == LAB_EHLO_REFUSED_IN_TLS ||
           s->starttls == LAB_STARTTLS_INJECTED || s->starttls == LAB_STARTTLS_LOWER_CASE ||
           s->starttls == LAB_STARTTLS_CODE_250 || s->starttls == LAB_STARTTLS_FLIPS ||
           s->starttls == LAB_STARTTLS_CODE_354 || s->starttls == LAB_STARTTLS_REJECTED_CLOSE ||
           service_has_odd_list(s) || s->ehlo_tls_close;
}

#define LONG_LIST_NAMES 1000 /* some 40 octets each */

/* Suites, keys and messages that one TLS library takes and another does not. */
static bool handshake_divides(const struct service *s, const struct expected_session *e)
{
    bool old_suite = s->kex == LAB_KEX_STATIC_RSA || s->trait == LAB_TRAIT_CBC ||
                     s->trait == LAB_TRAIT_DHE_1024 || s->trait == LAB_TRAIT_DHE_2048 ||
                     s->trait == LAB_TRAIT_SHA1 || s->trait == LAB_TRAIT_SHA224;
    bool odd_key = e->cert.key == LAB_KEY_RSA_1024 || e->cert.key == LAB_KEY_RSA_9216 ||
                   e->cert.key == LAB_KEY_P521 || e->cert.key == LAB_KEY_SECP256K1 ||
                   e->cert.key == LAB_KEY_ED25519 || e->cert.key == LAB_KEY_ED448 ||
                   e->cert.key == LAB_KEY_RSA_16384 || e->cert.key == LAB_KEY_P256_EXPLICIT;
    bool odd_name = strncmp(e->cert.names, "*.", 2) == 0 && /* *.com: not taken by all */
                    strchr(e->cert.names + 2, '.') == NULL;
    bool long_list = e->cert.chain == LAB_CHAIN_MANY || e->cert.extra_names > LONG_LIST_NAMES;
    return e->outcome == OUTCOME_TLS_PROTOCOL_ERROR || e->outcome == OUTCOME_TLS_NO_SHARED_CIPHER ||
           (e->outcome == OUTCOME_ESTABLISHED &&
            ((old_suite && e->tls_version <= 0x0303) || odd_key || odd_name || long_list ||
             e->unknown_name_warning || e->cert.odd != LAB_ODD_NONE ||
             s->trait == LAB_TRAIT_DEMANDS_CLIENT || s->trait == LAB_TRAIT_CA_NAMES));
}

void service_expect(const struct service *s, const struct expected_client *client,
                    struct expected_session *out)
{
    static const enum session_outcome by_reach[] = {
        [LAB_REACH_REFUSED] = OUTCOME_REFUSED,
        [LAB_REACH_SILENT] = OUTCOME_CONNECT_TIMEOUT,
        [LAB_REACH_RESET] = OUTCOME_GREETING_CLOSED,
    };
    memset(out, 0, sizeof(*out));
    out->alert = -1;
    out->starttls = STARTTLS_UNKNOWN;
    if (s->reach == LAB_REACH_RESET && client->implicit_tls) {
        out->starttls = STARTTLS_OFFERED; /* the ClientHello was on its way */
        out->outcome = OUTCOME_TLS_RESET;
        return;
    }
    if (s->reach != LAB_REACH_LIVE) {
        out->outcome = by_reach[s->reach];
        return;
    }
    if (client->implicit_tls) {
        out->starttls = STARTTLS_OFFERED;
    } else if (s->greeting_delay_ms >= client->greeting_timeout_ms) {
        out->outcome = OUTCOME_GREETING_TIMEOUT;
    } else {
        expect_smtp(s, client->sni, out);
        out->hidden = s->greeting == LAB_GREETING_HIDDEN;
        out->closes = s->starttls == LAB_STARTTLS_TEMPFAIL_CLOSE ||
                      s->starttls == LAB_STARTTLS_CLOSING ||
                      s->starttls == LAB_STARTTLS_REJECTED_CLOSE;
    }
    if (s->hostile != NULL && s->hostile->outcome != OUTCOME_ESTABLISHED) {
        out->outcome = s->hostile->outcome;
        out->starttls = s->hostile->starttls;
        out->tls_version = s->hostile->tls_version;
    }
    if (out->outcome == OUTCOME_NOT_TESTED) {
        expect_tls(s, client->sni, out);
    }
    out->divides = s->hostile != NULL || dialogue_divides(s) || handshake_divides(s, out);
}
