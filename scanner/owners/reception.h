#pragma once

/**
 * How servers received our sessions, and whether a server turned us away by that. Pure.
 */

#include "scanner/base/vocabulary.h"
#include "scanner/observation/seen_session.h"

/** How a session was received. Words stand in the file of --memory. */
#define RECEPTIONS(X)                                                                              \
    X(RECEPTION_UNKNOWN, "")          /* our own fault, or the network's */                        \
    X(RECEPTION_ANSWERED, "")         /* whatever came after that */                               \
    X(RECEPTION_TEMPFAIL, "tempfail") /* come back later: 4xx to the connection or to EHLO, 421 */ \
    X(RECEPTION_REJECTED, "rejected") /* not you: 5xx to the connection or to EHLO */              \
    X(RECEPTION_TARPIT, "tarpit")                                                                  \
    X(RECEPTION_CUT, "cut")       /* connection refused, or closed before the greeting */          \
    X(RECEPTION_SILENT, "silent") /* no connection, or no greeting in time */

enum reception {
    RECEPTIONS(ENUMERATOR) RECEPTION_COUNT
};

VOCABULARY(reception, enum reception);

enum reception reception_of(const struct seen_session *seen);

/** Sessions of one service, by how they were received. */
struct reception_counts {
    uint32_t of[RECEPTION_COUNT];
};

/*
 * What counts as being turned away, of one service:
 *   tempfail, rejected, tarpit    always
 *   cut                           where it answered other sessions of the night: else it is dead
 *   silent                        there as well, and at least two and one in ten: else it is chance
 * and together at least one session in fifty: a server that is busy now and then is so to everybody.
 */
#define NIGHT_TOLERATED  50
#define NIGHT_SILENT     10
#define NIGHT_SILENT_MIN 2

enum night_verdict {
    NIGHT_SAYS_NOTHING, /* nobody was answered */
    NIGHT_CLEAN,
    NIGHT_TURNED_AWAY,
};

/** @param why the most frequent reception of those that count; only of TURNED_AWAY */
enum night_verdict receptions_judge(const struct reception_counts *counts, enum reception *why);
