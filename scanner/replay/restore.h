#pragma once

#include "scanner/record/chain_recorder.h"
#include "scanner/record/recorder.h"
#include "scanner/replay/results.h"

/**
 * The rows of a scan that goes on, read back and judged as `analyze` does, for those who have to know of them
 * again. Nothing is written: the sums are those of the rows, as if they had just been made.
 */

/** Who hears of each row, table by table in the order in which they name each other. */
struct restore_listener {
    void *arg;
    void (*certificate)(void *arg, const uint8_t sha256[32]);
    void (*chain)(void *arg, const uint8_t chain_id[32], struct chain_brief brief);
    /** With the list of its session. */
    void (*service)(void *arg, const struct seen_service *s);
    /** @param block of its host; negative: none */
    void (*endpoint)(void *arg, const struct seen_endpoint *e, enum name_match match,
                     int64_t block);
    /** One whose session may stand for other names, if it has a row or not. With the list of its session. */
    void (*speaker)(void *arg, const struct seen_endpoint *e);
    void (*host)(void *arg, const struct seen_host *h);
    void (*domain)(void *arg, const struct seen_domain *d);
    void (*body)(void *arg, const uint8_t sha256[32]);
    /** @return false: it shall not go on */
    bool (*go_on)(void *arg);
};

struct restored;

/** @param results borrowed, as terms, shape (of the rows to come) and book @param number as of chain_recorder_init() */
struct restored *restored_new(const struct results *results, const struct judging_terms *terms,
                              const struct row_shape *shape, struct fact_book *book,
                              uint32_t number, uint32_t total);
void restored_free(struct restored *r); /* NULL is allowed */
/** Any thread, once. @return false: with one line in `why`, or without where it should not go on */
bool restored_read(struct restored *r, const struct restore_listener *listener, struct buf *why);
const struct scan_counts *restored_counts(const struct restored *r);
struct chain_recorder *restored_chains(struct restored *r);
struct operator_totals *restored_operators(struct restored *r);
const struct issuer_hosts *restored_issuer_hosts(const struct restored *r);
