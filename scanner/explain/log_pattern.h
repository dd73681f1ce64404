#pragma once

#include "scanner/base/span.h"

/**
 * A pattern of the catalogue of log lines: text that stands in the line as it is, '*' for anything, and places for a
 * {host}, {address}, {domain} or {port}.
 *
 *     SSL_connect error to {host}[{address}]:{port}: lost connection
 *
 * It may begin and end anywhere in the line. A place takes as many of its characters as there are; it takes no time
 * that grows faster than the line.
 */

#define LOG_PIECES_MAX 16  /* of one pattern; checked when it is read */
#define LOG_NAME_MAX   255 /* octets of a place; RFC 1035 section 2.3.4 has 253 of a name */

enum log_piece_kind {
    LOG_PIECE_TEXT,
    LOG_PIECE_ANY,
    LOG_PIECE_HOST,
    LOG_PIECE_ADDRESS,
    LOG_PIECE_DOMAIN,
    LOG_PIECE_PORT,
};

struct log_piece {
    enum log_piece_kind kind;
    struct span text; /* of TEXT; borrowed */
};

#define LOG_PAIRS_MAX 8 /* of one pattern */

struct log_pattern {
    struct log_piece pieces[LOG_PIECES_MAX];
    size_t count;
    struct span longest; /* text that a line must have */
    uint16_t
        pairs[LOG_PAIRS_MAX]; /* some pairs of octets of that text, as places in struct log_pairs */
    size_t pair_count;
};

#define LOG_PAIR_PLACES 4096

/** Which pairs of octets a line has, so that most patterns need not be looked for in it. */
struct log_pairs {
    uint64_t bits[LOG_PAIR_PLACES / 64];
};

void log_pairs_of(struct span line, struct log_pairs *pairs);
/** @return false: the pattern does not fit the line of these pairs */
bool log_pattern_may_fit(const struct log_pattern *p, const struct log_pairs *pairs);

/** Parts of the line; empty: not there. */
struct log_places {
    struct span host, address, domain, port;
};

/** @param text lives as long as the pattern. @return false: too many pieces, or no text at all */
bool log_pattern_read(struct log_pattern *p, struct span text);

/** @param places gets those that the pattern has; unchanged if it does not fit */
bool log_pattern_fits(const struct log_pattern *p, struct span line, struct log_places *places);
