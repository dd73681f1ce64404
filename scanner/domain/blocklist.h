#pragma once

/**
 * Names and addresses that are left alone: --blocklist-file.
 *
 *     example.org       the name and everything below it
 *     .example.net      everything below it, not the name itself; "*.example.net" is the same
 *     192.0.2.7         an address
 *     2001:db8::/32     a prefix
 *     # to the end of the line: a comment
 *
 * Read-only after loading. Asking costs one look-up per label of the name, or one per prefix length
 * in use. Needs hash_secret_init() before.
 */

#include "scanner/base/net_addr.h"

struct blocklist;

struct blocklist *blocklist_new(void); /* empty */
/** @return NULL when fine (also for a blank line or a comment), else a word for what is wrong. */
const char *blocklist_add_line(struct blocklist *b, struct span line);
/** Reads a file. @return NULL on failure, with one line of text for the user appended to `error`. */
/** @param octets what was read is appended; NULL: not wanted */
struct blocklist *blocklist_load(const char *path, struct buf *octets, struct buf *error);
/** Of the file that it was read from: kept with it for who tells of it. */
void blocklist_set_sha256(struct blocklist *b, const uint8_t sha256[32]);
/** NULL: not known. Of NULL as well. */
const uint8_t *blocklist_sha256(const struct blocklist *b);
void blocklist_free(struct blocklist *b); /* NULL is allowed */

/** Is `name` (normal form) or a parent of it listed? NULL `b`: no. */
bool blocklist_has_name(const struct blocklist *b, struct span name);
/** Is `a` listed, alone or by a prefix? NULL `b`: no. */
bool blocklist_has_address(const struct blocklist *b, const struct net_addr *a);
/** Entries, repeats not counted. */
size_t blocklist_count(const struct blocklist *b); /* of NULL: 0 */
