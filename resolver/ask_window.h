#pragma once

#include <stdbool.h>
#include <stdint.h>

/**
 * How many questions may be under way, and how many are sent at once: a pure rule. A burst that overflows the socket of a server is
 * lost, and each loss costs a timeout. What tells it is an answer that came to a repeat only: a name that nobody ever answers is not the way's
 * fault. When more than one in WINDOW_LOSSES of the answers are such, both are halved; when far fewer are, they grow again.
 */
#define WINDOW_MAX    4096 /* DNS_UDP_UNDER_WAY; a resolver has fewer sockets than that */
#define WINDOW_MIN    64
#define WINDOW_ROUND  256 /* answers between two looks, at least */
#define WINDOW_LOSSES 16
#define BURST_MAX     256 /* sent in one turn of the loop: what a small socket buffer still holds */

struct ask_window {
    uint32_t limit; /* questions under way */
    uint32_t burst;
    uint32_t answers; /* since the last look */
    uint32_t repeats; /* of these, to a question that got no answer before */
};

void ask_window_init(struct ask_window *w);
/** An answer came. @param repeated the same question got none before */
void ask_window_note(struct ask_window *w, bool repeated);
