#pragma once

#include "scanner/base/arena.h"
#include "scanner/base/net_addr.h"

/**
 * Values as octets of our own: what threads say to each other and what is kept in short. Integers are
 * little-endian, without padding.
 *
 * codec_put_TYPE() appends to `out`; codec_get_TYPE() takes the value off the front of `in`. TYPE is also
 * what a field list names (F(u16, port)), so that both are made from one line. A struct of ours
 * becomes a TYPE by a pair of functions of that name: flow/seen_codec.h.
 *
 * Ownership: a span that was got borrows from the octets behind `in`, all else is a copy.
 * Errors: the octets are our own and trusted to be whole. What does not fit, or ends early, is our
 * bug and stops the program (CHECK). So nothing that a peer or a file sent may be read with this.
 */

/* u16 is codec_put_u16(), codec_get_u16(); a flag takes one octet. */
#define CODEC_INTEGERS(X) \
    X(u8, uint8_t)        \
    X(u16, uint16_t)      \
    X(u32, uint32_t)      \
    X(u64, uint64_t)      \
    X(i16, int16_t)       \
    X(i32, int32_t)       \
    X(i64, int64_t)       \
    X(flag, bool)

#define X(type, c_type)                                   \
    void codec_put_##type(struct buf *out, c_type value); \
    c_type codec_get_##type(struct span *in);
CODEC_INTEGERS(X)
#undef X

/** An enumerator of ours, in one octet. */
void codec_put_word(struct buf *out, unsigned value);
uint8_t codec_get_word(struct span *in);
/** How many there are, in four octets. */
void codec_put_count(struct buf *out, size_t value);
size_t codec_get_count(struct span *in);
/** Octets behind their count. */
void codec_put_span(struct buf *out, struct span value);
struct span codec_get_span(struct span *in);
/** The same behind a count of one octet: 255 at most. */
void codec_put_name(struct buf *out, struct span value);
struct span codec_get_name(struct span *in);
/** All octets that are left: only the last field of a list. */
void codec_put_rest(struct buf *out, struct span value);
struct span codec_get_rest(struct span *in);
/** The family and all 16 octets. */
void codec_put_addr(struct buf *out, struct net_addr value);
struct net_addr codec_get_addr(struct span *in);
/** Lists whose count both sides know; what is got lies in `a`. */
void codec_put_spans(struct buf *out, const struct span *list, size_t count);
struct span *codec_get_spans(struct span *in, size_t count, struct arena *a);
void codec_put_addrs(struct buf *out, const struct net_addr *list, size_t count);
struct net_addr *codec_get_addrs(struct span *in, size_t count, struct arena *a);
/** Octets whose number both sides know. */
void codec_put_octets(struct buf *out, const void *at, size_t len);
void codec_get_octets(struct span *in, void *to, size_t len);
/** The next `len` octets, borrowed. */
struct span codec_take(struct span *in, size_t len);
/** A count over the one that stands at offset `at`: for what is known only behind it. */
void codec_set_count(struct buf *out, size_t at, size_t value);
