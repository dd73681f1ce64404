#pragma once

#include "tests/lab/counters.h"
#include "tests/lab/zone.h"

/** DNS messages (RFC 1035 section 4.1) of the lab's name server: a query in, a response out. */

#define DNS_UDP_MAX     4096  /* octets we send at most over UDP, whatever is advertised */
#define DNS_MESSAGE_MAX 65535 /* octets over TCP */

struct dns_responder {
    const struct world *world;
    struct cert_store *certs;
    struct counters *counters;   /* NULL: nothing is counted */
    struct zone_answer answer;   /* scratch */
    struct zone_answer followed; /* scratch for aliases */
};

void dns_responder_init(struct dns_responder *r, const struct world *world,
                        struct cert_store *certs, struct counters *counters);
void dns_responder_deinit(struct dns_responder *r);

/** Appends the response to `out`. @return false: no response is sent (not a query, or a name that
 * nobody answers for). */
bool dns_respond(struct dns_responder *r, struct span query, bool tcp, struct buf *out);
