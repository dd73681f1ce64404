#pragma once

/**
 * Whom scans meet more slowly, as they turned us away on earlier nights: the text of the file of --memory, what it comes to
 * for limits, and what a night changes in it (night.h). Pure: reading and writing the file is pipeline/remembering.h.
 *
 *     mxcensus-memory 1
 *     # what key slower nights turned_away met why
 *     address 192.0.2.7 4 1 2026-11-29T22:00:00Z 2026-11-29T22:00:00Z tempfail
 *     operator example.net 4 1 2026-11-29T22:00:00Z 2026-11-29T22:00:00Z -
 *
 * Times are those at which scans began. A night that turned us away makes the pace a quarter, a clean one doubles it until
 * the entry is gone: a pace that was too fast is not tried again on the night after. A night that says nothing changes nothing.
 * What one and the same scan changed, interrupted and gone on with, it does not change twice.
 */

#include "scanner/base/map.h"
#include "scanner/base/net_addr.h"
#include "scanner/owners/reception.h"

#define REMEMBERED_OCTETS_MAX (64U << 20) /* of the file; our own bound, as the next */
#define REMEMBERED_MAX        200000      /* entries; beyond it those met longest ago leave */
#define REMEMBERED_DAYS       90          /* without being met, after which an entry leaves */
#define REMEMBERED_FORM       1           /* of the text */

/** Of a rate in halvings: at most to one in 128. */
#define HALVINGS_MAX         7
#define HALVINGS_TURNED_AWAY 2          /* of one night */
#define PACE_FLOOR           (1.0 / 60) /* starts a second; no slower because of what is remembered */
#define PACE_OF_NO_LIMIT     2.0        /* what is halved where --address-rate is 0: its default */

/** Milliseconds from one start at an address to the next; 0: no limit. @param rate starts a second, 0: no limit */
uint64_t pace_interval_ms(double rate, uint8_t halvings);
/** Sessions at a time at an address, 0: no limit: one where it is remembered. */
uint32_t pace_address_limit(uint32_t limit, uint8_t halvings);
/** Sessions at a time with an operator: 1 at least. */
uint32_t pace_operator_limit(uint32_t limit, uint8_t halvings);

#define REMEMBERED_KINDS(X)          \
    X(REMEMBERED_ADDRESS, "address") \
    X(REMEMBERED_OPERATOR, "operator") /* the registrable domain of the MX name */

enum remembered_kind {
    REMEMBERED_KINDS(ENUMERATOR) REMEMBERED_KIND_COUNT
};

VOCABULARY(remembered_kind, enum remembered_kind);

struct remembered_entry {
    uint8_t kind;     /* enum remembered_kind */
    uint8_t halvings; /* 1 at least */
    uint8_t why;      /* enum reception, on the last of those nights; UNKNOWN of an operator */
    uint16_t nights;  /* in a row, up to the last, that turned us away; 0: that was clean */
    struct net_addr address; /* family 0: of an operator */
    struct span name;        /* of an operator; borrowed */
    int64_t turned_away_s;   /* the last of those nights, Unix seconds */
    int64_t met_s;           /* the last night that said something */
};

struct remembered {
    struct remembered_entry *entries; /* addresses in order, then operators */
    size_t count;
    struct map index;
};

/**
 * @param text outlives `r`, which borrows from it; empty: nothing is remembered yet
 * @param dropped how many entries were too many
 * @return false, with one line in `why` and nothing in `r`: it is no such file, or damaged
 */
bool remembered_parse(struct remembered *r, struct span text, const char *path, size_t *dropped,
                      struct buf *why);
void remembered_deinit(struct remembered *r);
void remembered_put_text(const struct remembered *r, struct buf *text);

/** NULL: it is met as anybody. @param r NULL: nobody is remembered */
const struct remembered_entry *remembered_address(const struct remembered *r,
                                                  const struct net_addr *address);
const struct remembered_entry *remembered_operator(const struct remembered *r, struct span name);

static inline uint8_t halvings_of(const struct remembered_entry *e)
{
    return e != NULL ? e->halvings : 0;
}

size_t remembered_count(const struct remembered *r, enum remembered_kind kind);

/* --- what a night changes (night.h) --------------------------------------------------------- */

/** Something that no line can hold is remembered of nobody. */
bool remembered_can_name(struct span operator_name);
/** What stands for its kind and its address or name. */
struct hash_key remembered_key(const struct remembered_entry *e);
/** @return its entry; `*added` tells whether it is new, as `e` is. Valid until the next call */
struct remembered_entry *remembered_add(struct remembered *r, const struct remembered_entry *e,
                                        bool *added);
/** The entry of the same key; NULL: there is none. */
struct remembered_entry *remembered_find(const struct remembered *r,
                                         const struct remembered_entry *key);
/** After changes to the list: in order, with its index. @return how many were too many */
size_t remembered_settle(struct remembered *r);
