#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/uuid.h"

/**
 * What a scan of a fleet was told, the same for all of its members: `mxcensus feed` writes it, all others read it. JSON; what is read is
 * foreign.
 */
#define TERMS_FILE      "terms"
#define INPUTS_FILE     "inputs" /* what lists turned out to be */
#define TERMS_WORDS_MAX 1024
#define TERMS_SILENT_MIN \
    10 /* seconds, after which a member that is not heard is lost: there is a beat in each, and brokers may be slow */
#define TERMS_SILENT_MAX 3600

struct fleet_terms {
    char version[64];
    char scan_id[UUID_TEXT_MAX];
    uint32_t parts;
    uint32_t members;
    uint32_t silent_after; /* seconds */
    char **words;          /* options of scan, each "--name=value"; malloc */
    size_t word_count;
    struct buf inputs; /* JSON: as in a manifest */
    struct buf files;  /* JSON: {path: sha256} of what options name */
};

void fleet_terms_init(struct fleet_terms *t);
void fleet_terms_deinit(struct fleet_terms *t);
/** Appends a copy. @return false: too many, or it is no UTF-8 */
bool fleet_terms_add_word(struct fleet_terms *t, struct span word);
void fleet_terms_put(const struct fleet_terms *t, struct buf *json);
/** @return false with one line in `why`, behind what names the terms */
bool fleet_terms_read(struct fleet_terms *t, struct span json, struct buf *why);
/** Would rows be those of one scan? But for its id and time. @return false with one line in `why` */
bool fleet_terms_agree(const struct fleet_terms *then, const struct fleet_terms *now,
                       struct buf *why);
