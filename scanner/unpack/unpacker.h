#pragma once

/**
 * What was compressed with gzip (RFC 1952) or zstd (RFC 8878), octets in and octets out, of any number of members or
 * frames one after the other; zeros behind a member of gzip are padding. Memory is bounded by the window: 32 KiB of gzip, 128 MiB of zstd (what `zstd -d` takes
 * without an option).
 */

#include "scanner/base/span.h"

enum unpack_method {
    UNPACK_NONE, /* octets pass as they are */
    UNPACK_GZIP,
    UNPACK_ZSTD,
};

/** By the first octets, UNPACK_MARK_MAX of them at most. */
#define UNPACK_MARK_MAX 4
enum unpack_method unpack_method_of(struct span begin);
/** "gzip", "zstd", "none" */
const char *unpack_method_name(enum unpack_method m);
/** What prints such a file unpacked: "zcat"; NULL for none. */
const char *unpack_method_command(enum unpack_method m);

enum unpack_end {
    UNPACK_GOES_ON,
    UNPACK_DAMAGED,
    UNPACK_CUT,          /* the input ends inside of a member */
    UNPACK_WIDE,         /* the window is larger than the bound */
    UNPACK_OUT_OF_RATIO, /* it unpacks to more than anybody's file does */
};

/* Where a ratio is held: no list of domains comes near it, and a file made to fill a machine is past it at once. */
#define UNPACK_RATIO_MAX 250 /* octets out for one in; our own bound */
#define UNPACK_RATIO_FROM \
    (64ULL << 20) /* octets out from which it is held: short files repeat themselves */

struct unpacker;

/** @param bounded hold the ratio. The end of the process when there is no memory. */
struct unpacker *unpacker_new(enum unpack_method m, bool bounded);
void unpacker_free(struct unpacker *u); /* NULL is allowed */

/**
 * One step: takes octets from the front of `in`, and writes at most `room` to `to`. Nothing written and nothing taken:
 * it needs more. @param ended nothing comes behind `in` @return what is wrong; UNPACK_GOES_ON: nothing
 */
enum unpack_end unpacker_step(struct unpacker *u, struct span *in, bool ended, uint8_t *to,
                              size_t room, size_t *len);

/** What follows "the file ", for a message: "is damaged: not valid gzip data". */
const char *unpack_end_text(enum unpack_end end, enum unpack_method m);
