#pragma once

#include "scanner/record/facts.h"

/**
 * What has to be mended for a problem at a place, and its evidence there, as the fact book has them. Reads what it
 * needs, and keeps that of the last place.
 */

/** Where a finding was met. */
struct cause_place {
    struct span domain;
    struct span host;        /* empty: the domain itself, or its policy */
    struct net_addr address; /* family 0: the host itself */
    uint16_t port;
};

struct found_cause {
    enum finding_code code;   /* as in the row of the thing: part of the key of the cause */
    enum finding_code latest; /* what is known of it now: the issuer of a list may have turned up */
    enum cause_kind kind;
    struct span thing; /* its key in its own table; as the next ones valid until the next call */
    struct span name;  /* what people call it */
    struct span evidence;
};

struct cause_finder {
    struct fact_book *book; /* borrowed */
    struct buf key;         /* of the endpoint that is looked at, and what was read of it */
    bool has_own;
    bool has_list;
    bool has_service;
    struct buf thing;
    struct fact_record host;
    struct fact_record own;
    struct fact_record list;
    struct fact_record service;
    struct fact_record completion;
};

void cause_finder_init(struct cause_finder *f, struct fact_book *book);
void cause_finder_deinit(struct cause_finder *f);
/** @param evidence where the finding is one of the domain or its policy, else empty */
void cause_find(struct cause_finder *f, const struct cause_place *at, enum finding_code code,
                struct span evidence, struct found_cause *out);
/** The same without the evidence, which costs less. */
void cause_find_key(struct cause_finder *f, const struct cause_place *at, enum finding_code code,
                    struct found_cause *out);
/** code|kind|thing */
void cause_key_put(struct buf *key, const struct found_cause *c);
