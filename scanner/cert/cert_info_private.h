#pragma once

/** Shared by the sources that fill struct cert_info; what the others stand on is in cert_text.c. */

#include <openssl/x509.h>

#include "scanner/base/arena.h"
#include "scanner/cert/cert_info.h"

struct cert_memory {
    struct arena_pool pool;
    struct arena arena;
};

/* A list that is being filled; `cap` items are kept, all are counted. */
struct text_list {
    struct span *at;
    size_t count;
    size_t total;
    size_t cap;
};

/** Room for at most `items`, and for no more than `cap`. */
struct text_list text_list_new(struct arena *a, size_t items, size_t cap);
void text_list_add(struct text_list *l, struct span text);
struct cert_texts text_list_done(const struct text_list *l);

/** Notes the first thing that could not be read. */
void cert_info_note(struct cert_info *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Parts of certificates as text, in `a`. */
struct span cert_text_of_string(struct arena *a, const ASN1_STRING *s); /* octets as they are */
struct span cert_text_of_oid(struct arena *a, const ASN1_OBJECT *oid);  /* dotted */
/** Its short name where OpenSSL knows one, else dotted. */
struct span cert_text_of_object(struct arena *a, const ASN1_OBJECT *oid);
struct span cert_text_of_name(struct arena *a, const X509_NAME *name, bool *cut);
struct span cert_text_of_address(struct arena *a, const ASN1_OCTET_STRING *octets);
struct cert_time cert_time_of(struct arena *a, const ASN1_TIME *t);

/* In cert_extensions.c. */
void cert_extensions_read(const X509 *cert, struct cert_info *out);
