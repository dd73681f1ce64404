#pragma once

#include "scanner/analysis/counts.h"

/**
 * Did the scan reach mail servers at all? Outbound port 25 is closed in many networks: then every server looks dead, and
 * the rows say nothing about any of them.
 *
 * The rule: SMTP_REACH_MIN services or more were dialled on port 25, not one session came to a conclusion, and no host
 * of --self-test showed that the port is open. Where connections were taken, but nobody greeted, the port is not closed: it may be a
 * middlebox or them, and there is a doubt only. Of the addresses of MX hosts 19 % do not answer (SecuritySpace survey,
 * 2023-01-01), so ten dead ones in a row are chance once in 16 million lists; but a list may be of dead
 * servers only, so what is said is a doubt, and --self-test removes it. Other ports have no rule: most MX hosts do not serve them.
 */

#define SMTP_REACH_PORT 25 /* RFC 5321 section 4.5.4.2 */
#define SMTP_REACH_MIN  10

struct smtp_reach {
    uint64_t dialled;    /* services with a session, whatever came of it */
    uint64_t connected;  /* of these, those that took the connection */
    uint64_t answered;   /* and those that sent an SMTP greeting */
    uint64_t conclusive; /* and those whose session answers whether the server speaks TLS */
};

/** All zero when the port was not scanned. */
struct smtp_reach smtp_reach_of(const struct scan_counts *c);
/** @param port_is_open a host of --self-test greeted us */
bool smtp_reach_says_nothing(const struct smtp_reach *r, bool port_is_open);
/** None answered, but they are fewer than the rule needs, or some took the connection. */
bool smtp_reach_is_doubtful(const struct smtp_reach *r, bool port_is_open);
/** One line for the user, without line end, where one of the two holds. */
void smtp_reach_put_text(struct buf *b, const struct smtp_reach *r);
