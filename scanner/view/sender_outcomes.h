#pragma once

#include "scanner/analysis/deliveries.h"
#include "scanner/base/buf.h"
#include "scanner/rows/row_facts.h"

/** What becomes of mail, by kind of sender, as a domain row has it; and these kinds put together for a sentence. */

struct sender_outcome {
    const char *profile;
    enum delivery best;
    enum delivery worst;
    enum delivery_reason reason; /* COUNT: this version does not know the word */
    const char *reason_word;     /* as it stands */
    const char *decided_by;      /* "host|192.0.2.1|25: reason"; "" where nothing decides */
};

/** What a sender is told apart by when its mail fails. */
enum sender_group {
    SENDERS_WITH_DANE,
    SENDERS_WITH_STS,
    SENDERS_OTHER, /* what no word of its own fits */
    SENDERS_WITHOUT_VERSION,
    SENDERS_WITHOUT_SUITE,
    SENDERS_WITHOUT_FALLBACK,
    SENDERS_REQUIRE_TLS,
    SENDERS_VERIFY,
    SENDER_GROUP_COUNT
};

struct sender_outcomes {
    struct sender_outcome *of; /* in the order of the row; owned */
    size_t count;
    size_t lost;    /* even at the best of equal addresses */
    size_t at_risk; /* only at some of them */
    size_t clear;   /* delivered, in cleartext */
    size_t good;    /* delivered over TLS, at the worst of them */
    size_t unknown; /* the rest; all five add up */
};

enum sender_fate {
    FATE_UNKNOWN,
    FATE_LOST,
    FATE_AT_RISK,
    FATE_CLEAR,
    FATE_GOOD,
};

void sender_outcomes_init(struct sender_outcomes *s, const struct facts *domain);
void sender_outcomes_deinit(struct sender_outcomes *s);
enum sender_fate sender_fate_of(const struct sender_outcome *o);
enum sender_group sender_group_of(const struct sender_outcome *o);
/** "senders with DANE" */
const char *sender_group_words(enum sender_group g);
/** How many of the group have this fate; `group` COUNT: of all. */
size_t sender_outcomes_in(const struct sender_outcomes *s, enum sender_fate fate,
                          enum sender_group group);
/** "exchange-online, gmx and 5 more": their names, sorted. */
void sender_outcomes_put_names(struct buf *out, const struct sender_outcomes *s,
                               enum sender_fate fate, enum sender_group group);
/** Does the certificate pass with a sender that verifies it of its own accord? */
bool sender_outcomes_accept_certificate(const struct sender_outcomes *s);
/** The reason that most of this fate have. */
const struct sender_outcome *sender_outcomes_typical(const struct sender_outcomes *s,
                                                     enum sender_fate fate,
                                                     enum sender_group group);
