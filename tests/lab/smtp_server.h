#pragma once

#include "tests/lab/counters.h"
#include "tests/lab/loop.h"
#include "tests/lab/tls_server.h"

/**
 * All mail servers of the lab behind one port: which one a connection reached is told by its
 * destination address.
 */

struct smtp_server_params {
    const char *device;   /* of the listener */
    uint16_t local_port;  /* listened on */
    uint16_t public_port; /* of the records: 25, 465, 587 */
    bool implicit_tls;
    uint32_t latency_ms; /* before the greeting, */
    uint32_t answer_ms;  /* and before every answer */
    unsigned processes;  /* that share the port */
    struct session_list *sessions;
};

struct smtp_server;
struct session;

/** All sessions of a process, over its ports. */
struct session_list {
    struct session *first;
};

/** @return NULL with errno set. */
struct smtp_server *smtp_server_new(struct loop *loop, const struct smtp_server_params *params,
                                    const struct world *world, struct tls_server *tls,
                                    struct counters *counters);
void smtp_server_free(struct smtp_server *s);
