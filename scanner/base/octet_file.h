#pragma once

#include "scanner/base/buf.h"

/**
 * Octets that are too many for memory, in an unlinked file: appended, then read at any place. It
 * lies in TMPDIR (else /tmp) and is gone with the process, however that ends.
 */
struct octet_file;

/** NULL with one line in `why`. */
struct octet_file *octet_file_new(struct buf *why);
void octet_file_free(struct octet_file *f); /* NULL is allowed */
/** @return false with one line in `why` when the disk takes no more. */
bool octet_file_append(struct octet_file *f, struct span octets, struct buf *why);
uint64_t octet_file_len(const struct octet_file *f);
/** Appends `len` octets from `offset` on, which were appended before, to `to`. */
bool octet_file_read(struct octet_file *f, uint64_t offset, size_t len, struct buf *to,
                     struct buf *why);
