#include <stdarg.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "scanner/base/check.h"
#include "scanner/base/net_addr.h"
#include "scanner/base/text.h"
#include "scanner/cert/cert_info_private.h"

#define NOTE_MAX       160 /* octets with NUL of parse_error; our own bound */
#define OID_OCTETS_MAX 128 /* encoded; longer ones are nobody's, and slow to write; our own bound */
#define OID_TEXT_MAX   512 /* octets with NUL of 128 octets in decimal */

void cert_info_note(struct cert_info *c, const char *format, ...)
{
    if (c->parse_error != NULL) {
        return;
    }
    char *note = arena_new(&c->memory->arena, NOTE_MAX, 1);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(note, NOTE_MAX, format, args);
    va_end(args);
    c->parse_error = note;
}

struct text_list text_list_new(struct arena *a, size_t items, size_t cap)
{
    struct text_list l = {.cap = items < cap ? items : cap};
    l.at = arena_new(a, l.cap, sizeof(*l.at));
    return l;
}

void text_list_add(struct text_list *l, struct span text)
{
    l->total++;
    if (l->count < l->cap) {
        l->at[l->count++] = text;
    }
}

struct cert_texts text_list_done(const struct text_list *l)
{
    return (struct cert_texts){.at = l->at, .count = l->count, .total = l->total};
}

struct span cert_text_of_string(struct arena *a, const ASN1_STRING *s)
{
    int len = s ? ASN1_STRING_length(s) : 0;
    return len > 0 ? arena_copy(a, (struct span){ASN1_STRING_get0_data(s), (size_t)len})
                   : (struct span){0};
}

struct span cert_text_of_oid(struct arena *a, const ASN1_OBJECT *oid)
{
    char text[OID_TEXT_MAX];
    if (oid == NULL || OBJ_length(oid) > OID_OCTETS_MAX) {
        return SPAN_LIT("oid_too_long");
    }
    int len = OBJ_obj2txt(text, sizeof(text), oid, 1);
    return len > 0 && (size_t)len < sizeof(text)
               ? arena_copy(a, (struct span){(const uint8_t *)text, (size_t)len})
               : SPAN_LIT("oid_too_long");
}

struct span cert_text_of_object(struct arena *a, const ASN1_OBJECT *oid)
{
    int nid = oid ? OBJ_obj2nid(oid) : NID_undef;
    return nid != NID_undef ? span_of(OBJ_nid2sn(nid)) : cert_text_of_oid(a, oid);
}

/* At most CERT_DN_MAX octets, ending between characters. */
static struct span cut_text(struct span text, bool *cut)
{
    *cut = text.len > CERT_DN_MAX;
    size_t len = *cut ? CERT_DN_MAX : text.len;
    while (*cut && len > 0 && (text.at[len] & 0xc0) == 0x80) {
        len--;
    }
    return span_take(text, len);
}

struct span cert_text_of_name(struct arena *a, const X509_NAME *name, bool *cut)
{
    /* RFC 4514 section 2.4 allows UTF-8 as it is. */
    unsigned long flags = XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB;
    BIO *bio = BIO_new(BIO_s_mem());
    CHECK(bio != NULL);
    /* OpenSSL has already refused values that are not in the character set they name. */
    (void)X509_NAME_print_ex(bio, name, 0, flags);
    char *at = NULL;
    long len = BIO_get_mem_data(bio, &at);
    struct span text = {(const uint8_t *)at, len > 0 ? (size_t)len : 0};
    struct span kept = arena_copy(a, cut_text(text, cut));
    BIO_free(bio);
    return kept;
}

struct span cert_text_of_address(struct arena *a, const ASN1_OCTET_STRING *octets)
{
    char text[NET_ADDR_TEXT_MAX];
    const uint8_t *at = ASN1_STRING_get0_data(octets);
    int len = ASN1_STRING_length(octets);
    if (len == 4 || len == 16) {
        struct net_addr address = len == 4 ? net_addr_v4(at) : net_addr_v6(at);
        size_t written = net_addr_format(&address, text);
        return arena_copy(a, (struct span){(const uint8_t *)text, written});
    }
    struct buf hex = BUF_INIT(BUF_NO_LIMIT);
    buf_put_hex(&hex, (struct span){at, len > 0 ? (size_t)len : 0});
    struct span kept = arena_copy(a, buf_span(&hex));
    buf_deinit(&hex);
    return kept;
}

struct cert_time cert_time_of(struct arena *a, const ASN1_TIME *t)
{
    struct cert_time out = {.raw = cert_text_of_string(a, t)};
    struct tm tm = {0};
    if (t != NULL && ASN1_TIME_to_tm(t, &tm) == 1) {
        out.valid = true;
        out.unix_s = (int64_t)timegm(&tm);
    }
    return out;
}
