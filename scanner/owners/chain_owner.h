#pragma once

/**
 * The owner of presented lists and of certificates, among the judges: each distinct certificate is read
 * once, each distinct list judged once, when the rows of all of its certificates are there.
 *
 *   list          (unknown) ─CHAIN_NEW─► ASKS ──the last CERT_KNOWN──► JUDGED
 *   certificate   (unknown) ──in a list of its own owner, or CERT_NEW──► KNOWN
 *
 * A list asks the owner of each of its certificates once, by CERT_NEW; its own owner reads a certificate
 * at once, so that a list of such is judged at once. Every worker that asks hears of the verdict, by
 * CHAIN_KNOWN, as soon as there is one; every CERT_NEW is answered by CERT_KNOWN.
 */

#include "scanner/base/key_table.h"
#include "scanner/base/map.h"
#include "scanner/owners/owner.h"

/** What an owner of lists has done for it: reading and judging take a library. Rows are written on the way. */
struct chain_judging {
    void (*certificate)(void *arg, struct span der);
    /** As record_chain(). */
    struct chain_brief (*list)(void *arg, const uint8_t chain_id[32], const uint8_t (*digests)[32],
                               struct span list);
    void *arg;
};

struct chain_work;

struct chain_owner {
    struct chain_judging judging;
    struct owner_out *out;         /* borrowed */
    struct map chains;             /* chain id → slot while it asks, then its verdict, packed */
    struct key_table certificates; /* their SHA-256 */
    struct chain_work *slots;
    uint32_t count;
    uint32_t first_free; /* UINT32_MAX: none */
    uint64_t strays;
};

void chain_owner_init(struct chain_owner *o, const struct chain_judging *judging,
                      struct owner_out *out);
void chain_owner_deinit(struct chain_owner *o);

void chain_on_new(struct chain_owner *o, const struct message_chain_new *m);
void chain_on_known(struct chain_owner *o, const struct message_known_chain *m);
void chain_on_known_cert(struct chain_owner *o, const struct message_known_cert *m);
void chain_on_cert_new(struct chain_owner *o, const struct message_cert_new *m);
void chain_on_cert_known(struct chain_owner *o, const struct message_cert_known *m);
