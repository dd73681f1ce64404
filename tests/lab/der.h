#pragma once

#include "scanner/base/buf.h"

/**
 * A writer of DER (X.690), as much of it as certificates need. Octets are built here and not by a
 * library so that a certificate is the same octets in every process, and so that it may be wrong.
 */

#define DER_BOOLEAN      0x01
#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL         0x05
#define DER_OID          0x06
#define DER_UTF8_STRING  0x0c
#define DER_UTC_TIME     0x17
#define DER_TIME         0x18 /* GeneralizedTime */
#define DER_SEQUENCE     0x30
#define DER_SET          0x31

/** Begins an element; its content is what is appended until der_close(). */
size_t der_open(struct buf *b, uint8_t tag);
void der_close(struct buf *b, size_t opened);
void der_put(struct buf *b, uint8_t tag, struct span content);
/** An INTEGER that is not negative. */
void der_put_u64(struct buf *b, uint64_t n);
/** An OBJECT IDENTIFIER from its content octets. */
#define DER_PUT_OID(b, octets) der_put((b), DER_OID, SPAN_LIT(octets))
/** UTCTime until 2049, else GeneralizedTime (RFC 5280 section 4.1.2.5). */
void der_put_time(struct buf *b, int64_t unix_s);
