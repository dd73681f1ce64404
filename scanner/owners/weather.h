#pragma once

/**
 * Weather: whether it is us. When suddenly many who usually answer do not, the fault may be our own network or
 * resolver; then nobody is to be blamed for it. Of each family of addresses, and of DNS, by itself.
 *
 *        many bad ends against what is usual             none of those asked again answers
 *   FAIR ──────────────────────────────────► SUSPICIOUS ──────────────────────────────────► AWAY
 *    ▲ ▲                                        │                                          │   │
 *    │ └──── those who answered still do, ──────┘                                          │   │
 *    │       or nobody ever did: it is them                                                │   │
 *    └───────────────── those who answered do so again ────────────────────────────────────┘   │
 *                                                        for too long: LOST, which stays ◄─────┘
 *
 * Numbers only raise the suspicion; what decides is to ask some again that answered a short while ago. So a run of
 * dead targets in the list, however long, is theirs: the price is a few questions now and then.
 *
 * Whom the self-test met counts as one that answered, as long as there is no better: a server of --self-test, the root
 * of DNS. Without any such, before anybody of a family has answered (the first alarm), some of those who did not
 * answer are asked again: if one does now, it was us. If none does in a round after somebody else answered, it is in
 * doubt: no outage, but bad ends until then are void. If nobody at all answers for `first_ms`, nobody is waited for any
 * more. From then on, until somebody answers, of few bad ends (WEATHER_FAMILY_MIN) it is them, and they are believed at
 * once; of many it may as well be us, and they say nothing of whom they met: UNHEARD. When somebody answers after all, that
 * was an outage; that nobody ever did is said at the end of the scan. When so many of one family failed, and as
 * many answered over the other one, it is not them: the family is lost to us.
 *
 * The rule. Ends are counted in slots of a second, each network (of DNS: each registrable name) once in a slot,
 * good or bad. The last WEATHER_SLOTS are the window. The usual share of bad ends is that of all slots before
 * the window, each older one counting less (a half after WEATHER_HALF_MS); it is 0 until WEATHER_USUAL_MIN ends are
 * known, so that the first seconds of a scan are suspected easily. Suspicious are
 *   - WEATHER_BAD_MIN bad ends in the window, when more than half of what is usually good has become bad;
 *   - WEATHER_SILENT_MIN bad ends and not one good one.
 *
 * A bad end is believed when the network is seen to work after it: a later slot has good ends and is not suspicious.
 * Without any such, it is believed when it is older than the window and no suspicion arose. What overlaps an
 * outage is void and is to be asked again; so is what is ours in a false alarm, which may have been an outage that
 * was over before the probes.
 *
 * What it cannot see: an outage shorter than a slot, one that fewer networks than these met, or one that begins
 * in a run of dead targets within the calm after a false alarm. Pure: time is told.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scanner/base/net_addr.h"

#define WEATHER_SLOT_MS    1000
#define WEATHER_SLOTS      5
#define WEATHER_HALF_MS    60000
#define WEATHER_USUAL_MIN  50   /* ends, before their share is usual */
#define WEATHER_BAD_MIN    6    /* networks */
#define WEATHER_SILENT_MIN 3    /* networks */
#define WEATHER_ROUND_MS   5000 /* so long the answers to a round of probes are waited for */
#define WEATHER_EVERY_MS   5000 /* between rounds, while away */
#define WEATHER_FIRST_MS \
    20000 /* of the first alarm, and as long as a server has its second chance after */
#define WEATHER_FAMILY_MIN 10 /* networks, before a family that never answered is lost or unheard */
#define WEATHER_EMPTY_MAX \
    4 /* rounds in which nobody could be asked, before a suspicion is given up */
#define WEATHER_CALM_MS     5000 /* without suspicion after a false alarm */
#define WEATHER_CALM_STEPS  3    /* after each next one twice as long, so many times */
#define WEATHER_OUTAGES_MAX 64   /* kept; of a scan that has more, the latest */

enum weather_stream {
    WEATHER_IPV4,
    WEATHER_IPV6,
    WEATHER_DNS,
    WEATHER_STREAM_COUNT,
};

const char *weather_stream_word(enum weather_stream s);

static inline enum weather_stream weather_stream_of(const struct net_addr *a)
{
    return a->family == 6 ? WEATHER_IPV6 : WEATHER_IPV4;
}

enum weather_state {
    WEATHER_FAIR,
    WEATHER_SUSPICIOUS,
    WEATHER_AWAY,
    WEATHER_LOST,
    WEATHER_STATE_COUNT,
};

/** What follows from a look. */
enum weather_step {
    WEATHER_QUIET,
    WEATHER_PROBE, /* a round of probes begins */
    WEATHER_BEGAN, /* an outage, as the next two */
    WEATHER_ENDED,
    WEATHER_HEARD, /* somebody answers, after so much was told of nobody */
    WEATHER_GAVE_UP,
};

/** What is to become of a bad end. */
enum weather_word {
    WEATHER_WAIT,
    WEATHER_BELIEVED,
    WEATHER_UNHEARD, /* it ended so, and says nothing of whom it met */
    WEATHER_VOID,
};

struct weather_outage {
    uint64_t from_ms; /* the last time that the network was seen to work */
    uint64_t to_ms;   /* 0: it lasts */
};

/** What whoever holds bad ends has to know; a plain value. */
struct weather_view {
    enum weather_state state;
    bool never;   /* lost: nobody of the family ever answered, many of the other one did */
    bool unheard; /* nobody of the family ever answered, and is waited for no more; many failed */
    bool first;   /* alarm: nobody answered before, those who failed are asked again */
    uint64_t clear_until_ms; /* ends before this are believed */
    uint64_t alarm_from_ms;  /* the last false alarm: faults of our own in it are void */
    uint64_t alarm_to_ms;
    struct weather_outage
        outages[WEATHER_OUTAGES_MAX]; /* the ring of all, a first alarm in doubt too */
    size_t outage_count;              /* of all */
};

struct weather_slot {
    uint32_t good;
    uint32_t bad;
};

/** Distinct networks ever, by hash, as far as they matter. */
struct weather_networks {
    uint32_t count;
    uint64_t hash[WEATHER_FAMILY_MIN];
};

/** @return it is new to the set, which is not full */
bool weather_networks_add(struct weather_networks *n, uint64_t hash);

struct weather {
    struct weather_view view;
    uint64_t lost_ms;                          /* so long an outage may last */
    uint64_t first_ms;                         /* the same of the first alarm */
    uint64_t slot_ms;                          /* when the slot that is filled began */
    struct weather_slot window[WEATHER_SLOTS]; /* the latest first */
    double usual_good;
    double usual_bad;
    struct weather_networks good_ever;
    struct weather_networks bad_ever;
    bool other_answers; /* the other family, so many */
    bool answered_ever;
    bool late_witness;      /* in the first alarm: it is an alarm like others */
    bool believes_at_once;  /* while nobody has answered */
    uint64_t calm_until_ms; /* no new suspicion before */
    unsigned false_alarms;  /* since the last outage */
    uint32_t round;         /* of probes; the number of the last */
    uint64_t round_ms;      /* when it began */
    uint32_t round_asked;
    uint32_t round_answered;
    uint32_t round_failed;
    uint32_t empty_rounds;   /* of the suspicion */
    uint64_t first_until_ms; /* of the first alarm: nobody need have answered */
    uint32_t good_round;     /* of it: during which others did */
};

void weather_init(struct weather *w, uint64_t now_ms, uint64_t lost_ms, uint64_t first_ms);
/** There is no first alarm, or it is none: somebody answered before. */
void weather_know_witness(struct weather *w);
/** Before a look: of the two families. */
void weather_compare(struct weather *ipv4, struct weather *ipv6);
/** Which networks ended so, before their ends are noted. */
void weather_know_networks(struct weather *w, const struct weather_networks *good,
                           const struct weather_networks *bad);
/** Ends since the last look, as distinct networks of the slot. */
void weather_note(struct weather *w, uint32_t good, uint32_t bad);
/** Of a round: how many more probes were begun, answered (also those of older rounds: it is now that they do) and
 * failed. What comes behind the next round is too late. */
void weather_note_probes(struct weather *w, uint32_t round, uint32_t asked, uint32_t answered,
                         uint32_t failed);
/** Often, several times a slot. */
enum weather_step weather_look(struct weather *w, uint64_t now_ms);
/** Once, after the last note. @return HEARD or QUIET: it is too late for what would hold anybody */
enum weather_step weather_end(struct weather *w, uint64_t now_ms);

/** Of an end that is bad. @param ours it says itself that the fault is ours */
enum weather_word weather_judge(const struct weather_view *v, uint64_t begun_ms, uint64_t ended_ms,
                                bool ours);

bool weather_overlaps_outage(const struct weather_view *v, uint64_t begun_ms, uint64_t ended_ms);

/** Nothing new is to be asked. */
static inline bool weather_holds(enum weather_state s)
{
    return s == WEATHER_SUSPICIOUS || s == WEATHER_AWAY;
}
