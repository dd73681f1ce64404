#pragma once

#include "scanner/analysis/catalogue.h"
#include "scanner/base/buf.h"
#include "scanner/explain/log_pattern.h"

/**
 * The catalogue of lines that mail software prints about TLS: datasets/log-patterns/patterns.json, whose README tells
 * the form. The first entry with a pattern that fits a line explains it.
 */

#define LOG_ENTRIES_MAX  512 /* our own bounds */
#define LOG_PLACES_MAX   64
#define LOG_FORMS_MAX    4 /* patterns of one entry */
#define LOG_FINDINGS_MAX 8 /* codes of one entry */

/** Who has to act. */
#define LOG_ACTORS(X)                                                                \
    X(LOG_ACTOR_RECIPIENT, "recipient", "the operator of the receiving server")      \
    X(LOG_ACTOR_SENDER, "sender", "the operator of the sending server")              \
    X(LOG_ACTOR_RECEIVER, "receiver", "the operator of this server, which receives") \
    X(LOG_ACTOR_EITHER, "either", "either side; the cause says how to tell")         \
    X(LOG_ACTOR_NOBODY, "nobody", "nobody")

enum log_actor {
    LOG_ACTORS(ENUMERATOR) LOG_ACTOR_COUNT
};

VOCABULARY(log_actor, enum log_actor);

/** Whose log has the line. */
#define LOG_ROLES(X)                   \
    X(LOG_ROLE_SENDING, "sending")     \
    X(LOG_ROLE_RECEIVING, "receiving") \
    X(LOG_ROLE_EITHER, "either")

enum log_role {
    LOG_ROLES(ENUMERATOR) LOG_ROLE_COUNT
};

VOCABULARY(log_role, enum log_role);

#define LOG_WEIGHTS(X)               \
    X(LOG_WEIGHT_PROBLEM, "problem") \
    X(LOG_WEIGHT_NORMAL, "normal")

enum log_weight {
    LOG_WEIGHTS(ENUMERATOR) LOG_WEIGHT_COUNT
};

VOCABULARY(log_weight, enum log_weight);

/** Texts live as long as the catalogue. */
struct log_entry {
    const char *id;
    const char *software;
    enum log_role role;
    enum log_weight weight;
    enum log_actor actor;
    struct log_pattern patterns[LOG_FORMS_MAX];
    size_t pattern_count;
    const char *happened;
    const char *cause;
    const char *fix;
    enum finding_code findings[LOG_FINDINGS_MAX];
    size_t finding_count;
    const char *source;  /* file of its source code, or URL of its documentation */
    const char *seen;    /* the software that printed it before us; NULL: not seen running */
    const char *example; /* a line */
};

struct log_catalogue {
    struct log_entry *entries;
    size_t entry_count;
    struct log_pattern *places; /* where lines of all kinds name a host or domain */
    size_t place_count;
    void *memory;
};

/** @return NULL with one line in `why` */
struct log_catalogue *log_catalogue_read(struct span json, const char *origin, struct buf *why);
/** That which is shipped. */
struct log_catalogue *log_catalogue_shipped(void);
void log_catalogue_free(struct log_catalogue *c);

/** What a line is about. */
struct log_reading {
    const struct log_entry *entry; /* NULL: none fits */
    struct log_places places;      /* parts of the line */
    bool about_tls;                /* it has a word of TLS */
};

#define LOG_LINE_MAX 4096 /* octets of a line that are read; our own bound */

void log_line_read(const struct log_catalogue *c, struct span line, struct log_reading *r);
