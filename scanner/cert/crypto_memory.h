#pragma once

/**
 * The allocator of libcrypto. A handshake takes and gives back a thousand small blocks, of the same sizes each time and
 * most of them at its end: more of one size than malloc(3) of glibc keeps at hand (7), so that it merges them with their
 * neighbours to divide them again. Here each thread keeps those it was given back for the next of their size. They are
 * blocks of malloc(3), wherever they were taken; a thread that ends frees what it kept.
 *
 * With AddressSanitizer nothing is kept, as it would miss who uses a block that was given back.
 */

#include <stddef.h>

#define CRYPTO_BLOCK_MAX 1024 /* octets; larger ones are few */
#define CRYPTO_KEPT_MAX \
    (32U << 10) /* octets in blocks of one size, for each thread: 2 MiB in all; our own bound */

/* As CRYPTO_set_mem_functions() wants them. Memory is ours (base/memory.h): it never fails. */
void *crypto_take(size_t len, const char *file, int line);
void *crypto_resize(void *at, size_t len, const char *file, int line);
void crypto_give_back(void *at, const char *file, int line);
