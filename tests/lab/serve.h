#pragma once

#include "tests/lab/address_plan.h"
#include "tests/lab/world.h"

/** `mxlab serve`: a parent that watches, and processes that share its ports. */

struct serve_options {
    const char *dir;
    const char *keys_path;      /* NULL: DIR/keys.pem */
    struct address_ports ports; /* dns 0: free ones are looked for */
    unsigned processes;         /* of mail servers; one more answers names */
    uint32_t latency_ms;        /* before every reaction of all servers */
    uint32_t answer_ms;         /* of mail servers, before all but the greeting */
    const char *device; /* NULL: on loopback; else at the addresses of the plan themselves */
    bool with_parent;   /* ends when the process that started it ends */
};

/** Six ports in a row. */
void serve_ports_from(uint16_t base, struct address_ports *ports);
/** Runs until SIGTERM or SIGINT. @return the exit code. */
int serve(const struct world *w, const struct serve_options *options);
