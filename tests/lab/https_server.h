#pragma once

#include "tests/lab/counters.h"
#include "tests/lab/loop.h"
#include "tests/lab/policy_host.h"
#include "tests/lab/tls_server.h"

/**
 * All policy hosts of the lab (RFC 8461 section 3.3) behind one port. Which one a connection is for is
 * told by SNI; the destination address must be one where such a server lives.
 */

struct https_server_params {
    const char *device; /* of the listener */
    uint16_t local_port;
    uint32_t latency_ms; /* before every reaction */
    unsigned processes;  /* that share the port */
};

struct https_server;

/** @return NULL with errno set. */
struct https_server *https_server_new(struct loop *loop, const struct https_server_params *params,
                                      const struct world *world, struct tls_server *tls,
                                      struct counters *counters);
/** Its connections stay: they go with the process. */
void https_server_free(struct https_server *s);
