#pragma once

#include "scanner/base/buf.h"

/**
 * The CA certificates of --intermediates, as octets: read once, before a scan begins. They are no
 * trust anchors: a path that they complete still has to end at one.
 */
#define INTERMEDIATES_FILES_MAX     8           /* our own bound, as for trust stores */
#define INTERMEDIATES_FILE_MAX      (64U << 20) /* octets, packed and unpacked; CCADB has 15 million */
#define INTERMEDIATES_FILE_NAME_MAX 32          /* octets with NUL */

struct intermediates_file {
    const char *path;   /* as given, for the manifest; borrowed */
    struct buf octets;  /* as read, for the copy beside the results: PEM, or that in gzip */
    bool gzip;          /* RFC 1952 */
    struct buf list;    /* its CA certificates in the form of cert_list.h, each once */
    size_t count;       /* of these */
    uint8_t sha256[32]; /* of `octets` */
};

/** @return false with one line in `why`: which file, what is wrong, what to do. */
bool intermediates_file_read(struct intermediates_file *f, const char *path, struct buf *why);
/** The same from its octets; the line begins with what is wrong. */
bool intermediates_file_parse(struct intermediates_file *f, const char *path, struct span octets,
                              struct buf *why);
void intermediates_file_deinit(struct intermediates_file *f);

/** Name of the copy of file number `index` in a results directory. */
void intermediates_file_name(const struct intermediates_file *f, size_t index,
                             char name[INTERMEDIATES_FILE_NAME_MAX]);
