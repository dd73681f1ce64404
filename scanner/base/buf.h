#pragma once

#include "scanner/base/span.h"

/** A growing run of octets that refuses to pass `limit`. Zero-initialise with BUF_INIT. */
struct buf {
    uint8_t *at;
    size_t len;
    size_t cap;
    size_t limit; /* octets; the most a peer can make us hold */
};

#define BUF_NO_LIMIT  SIZE_MAX /* only for what we write ourselves */
#define BUF_INIT(max) ((struct buf){.limit = (max)})

/** Appends a copy of `s`. @return false, with `b` unchanged, when `limit` would be passed. */
bool buf_append(struct buf *b, struct span s);
/* Only for buf_room(), where more memory is needed or `limit` would be passed: seldom, so apart from
 * what is done for each octet. */
uint8_t *buf_grow(struct buf *b, size_t len) __attribute__((cold, noinline));

/** Makes room for `len` more octets and returns where they go; NULL when `limit` would be passed.
 * The caller writes them and adds what it wrote to `b->len`. */
static inline uint8_t *buf_room(struct buf *b, size_t len)
{
    bool fits = len <= b->cap - b->len && len <= b->limit - b->len;
    return fits && b->at != NULL ? b->at + b->len : buf_grow(b, len); /* NULL means "no" */
}

/** As buf_append(), for buffers of our own without a limit: cannot fail. */
void buf_put(struct buf *b, struct span s);
void buf_put_char(struct buf *b, char c);
void buf_put_text(struct buf *b, const char *text);
void buf_put_u64(struct buf *b, uint64_t n);       /* decimal */
void buf_put_i64(struct buf *b, int64_t n);        /* decimal */
void buf_put_hex(struct buf *b, struct span s);    /* lower case */
void buf_put_base64(struct buf *b, struct span s); /* RFC 4648 section 4, padded */
void buf_putf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_reset(struct buf *b); /* empties, keeps the memory */
void buf_reset_trim(struct buf *b,
                    size_t keep); /* empties, keeps at most `keep` octets of memory */
void buf_trim(struct buf *b);     /* gives back the memory that is not used */
void buf_deinit(struct buf *b);   /* releases the memory */

static inline struct span buf_span(const struct buf *b)
{
    return (struct span){b->at, b->len};
}
