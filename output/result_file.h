#pragma once

/**
 * One file of rows, written in batches through no compression, gzip or zstd.
 *
 * It is written as NAME.part and renamed when it is whole. Callers hand over whole rows, so that
 * the file can be cut back to whole rows when writing fails: a plain file to the last row that
 * is on disk, a compressed one to the end of its last frame. A frame (gzip: member, RFC 1952
 * section 2.2; zstd: frame, RFC 8878 section 3) ends at least every RESULT_FRAME_LEN octets, so
 * that readers can also decompress in parallel.
 *
 * After its first failure a file takes no more rows; it counts them as lost.
 */

#include "scanner/base/buf.h"

#define RESULT_BATCH_LEN   (256U << 10) /* octets of rows collected before a write */
#define RESULT_FRAME_LEN   (8U << 20)   /* octets of rows in a compression frame */
#define RESULT_PART_SUFFIX ".part"

enum result_codec {
    RESULT_CODEC_NONE,
    RESULT_CODEC_GZIP,
    RESULT_CODEC_ZSTD,
};

/** "", ".gz" or ".zst" */
const char *result_codec_suffix(enum result_codec c);
/** The highest level of the codec; the lowest is 1, and 0 stands for the library's default. 0: it has none. */
unsigned result_codec_max_level(enum result_codec c);

/** SHA-256 from the caller: this module has no cryptography. All zero: no digests. */
struct digest_ops {
    void *(*begin)(void);
    void (*add)(void *digest, struct span octets);
    void (*end)(void *digest, uint8_t out[32]); /* also releases it */
};

/** A failure of the operating system: which call, on what, why. */
struct result_error {
    int error;      /* errno; 0: no failure so far */
    char what[512]; /* "write PATH", for a message: what, then strerror(error) */
};

struct result_file_info {
    const char *name; /* as it is in the directory when finished */
    uint64_t rows;    /* whole rows in it */
    uint64_t rows_lost;
    uint64_t octets; /* its length */
    uint8_t sha256[32];
    bool has_sha256; /* finished without a failure */
};

struct result_file;

struct result_file_params {
    int dir_fd;       /* borrowed; lives as long as the file */
    const char *dir;  /* for messages; borrowed likewise */
    const char *name; /* without suffix of the codec; copied */
    enum result_codec codec;
    unsigned level;                  /* result_codec_max_level() at most; 0: the default */
    const struct digest_ops *digest; /* NULL: none */
    struct span head;                /* octets in front of the rows (a CSV header) */
    bool row_is_line; /* no row holds LF inside: a plain file can be cut after any LF */
};

/** Creates NAME.part. NULL with `err` set when it cannot. */
struct result_file *result_file_new(const struct result_file_params *params,
                                    struct result_error *err);
/** Goes on with a file that was not finished, behind what is whole of it; NULL as above.
 * @param part it is called NAME.part still */
struct result_file *result_file_reopen(const struct result_file_params *params, bool part,
                                       uint64_t octets, uint64_t rows, struct result_error *err);
/** Takes `row_count` whole rows. @return false when they are lost: now or since an earlier failure. */
bool result_file_append(struct result_file *f, struct span rows, uint64_t row_count);
/** Writes what is collected and ends the frame: what was appended can be read back. */
bool result_file_flush(struct result_file *f);
/** Waits until what was flushed is on disk. */
bool result_file_sync(struct result_file *f);
/** After a flush: what is in the file now belongs together with what is in others. */
void result_file_mark(struct result_file *f);
/** Back to the mark, whatever came behind it; rows behind it are lost, and none is taken any more. */
void result_file_roll_back(struct result_file *f);
/** Flushes, with `durable` waits until the octets are on disk, and gives the file its name, also
 * after a failure, as long as what is in it are whole rows. Nothing can be appended afterwards. */
bool result_file_finish(struct result_file *f, bool durable);
/** Valid until result_file_free(); complete after result_file_finish(). */
const struct result_file_info *result_file_info(const struct result_file *f);
const struct result_error *result_file_error(const struct result_file *f);
/** Unfinished files stay as NAME.part. NULL is allowed. */
void result_file_free(struct result_file *f);

/** Removes an unfinished file. */
void result_file_discard(struct result_file *f);

/** Writes a small file whole or not at all: NAME.tmp, fsync, rename, fsync of the directory. */
bool result_file_write_whole(int dir_fd, const char *dir, const char *name, struct span octets,
                             struct result_error *err);
