#pragma once

#include "scanner/base/buf.h"

/**
 * The trust anchors of --root-cas, as octets: read once, handed to every judge, which parses its
 * own copy (OpenSSL objects never cross threads).
 */
#define TRUST_STORES_MAX     8           /* our own bound: bits of chain_brief.trusted_by */
#define TRUST_STORE_FILE_MAX (64U << 20) /* octets of a file; the system's has 0.2 million */
#define TRUST_STORE_NAME_MAX 64          /* octets with NUL */

struct trust_store_octets {
    char name[TRUST_STORE_NAME_MAX]; /* for rows: letters, digits, '-', '_', '.' */
    struct buf pem;                  /* the file as read, for the copy beside the results */
    struct buf anchors;              /* certificates in the form of cert_list.h, each once */
    size_t anchor_count;
    uint8_t sha256[32]; /* of `pem` */
};

/**
 * Reads a PEM bundle. @return false with one line in `why` (what, and what to do): no such file, no
 * certificate in it, too large, or a certificate that cannot be read (its number is named).
 */
bool trust_store_read(struct trust_store_octets *store, const char *name, const char *path,
                      struct buf *why);
/** A name that fits, of the characters above: it becomes part of a file's name. */
bool trust_store_is_name(struct span name);
/** The same from octets of a PEM file. */
bool trust_store_parse(struct trust_store_octets *store, const char *name, struct span pem,
                       struct buf *why);
void trust_store_deinit(struct trust_store_octets *store);

/** The system's bundle: the first of the usual paths that exists; NULL: none. */
const char *trust_store_system_path(void);
