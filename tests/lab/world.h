#pragma once

/**
 * One simulated mail internet: everything about it is a pure function of what stands here. Nothing
 * about its domains is stored, so a world of millions of domains costs no memory.
 */

#include "tests/lab/params.h"
#include "tests/lab/service.h"

#define LAB_DOMAINS_MAX \
    4000000U /* the self-hosted part of the address plan holds 16 per 16 domains */

struct case_set;
struct address_place;

struct world {
    struct params params;
    char params_path[512];
    uint64_t seed;
    uint64_t domains;
    uint64_t server_domains; /* domains from here on share the servers of domain (index mod this) */
    double oversample;       /* rare features are that much more frequent */
    int64_t now;           /* reference time of the certificates, Unix seconds, a midnight in UTC */
    double time_scale;     /* of every delay that a real server would show */
    uint32_t delay_max_ms; /* after scaling */
    char mutate
        [1024]; /* mutations (mutations.h) that have happened, with commas between; "": none */
    struct case_set *cases;
    /* derived by world_finish() */
    uint32_t hosting_servers;
    uint32_t companies; /* of shared hosting */
    uint32_t small_hosters;
};

/** Derives sizes and loads the hand-made cases. Once, when everything else is set. */
void world_finish(struct world *w);
void world_deinit(struct world *w);

/** Writes what world_load() needs into DIR/world. @return false with errno set. */
bool world_save(const struct world *w, const char *dir);
/** Reads DIR/world and its parameter file. @return false with one line in `error`. */
bool world_load(struct world *w, const char *dir, struct buf *error);

/** The service at an address of the records. @return false when nothing lives there: whoever dials it
 * gets no answer the lab planned. */
bool world_service(const struct world *w, const struct net_addr *address, struct service *out);
struct policy_host;
/** The policy host of a name ("mta-sts.example.com"). @return false: the name is none. */
bool world_policy(const struct world *w, struct span name, struct policy_host *out);
/** The policy it serves. */
void world_policy_body(const struct world *w, const struct policy_host *h, struct buf *out);
/** Does an HTTPS server live at an address of the records? */
bool world_policy_server(const struct world *w, const struct net_addr *address);
/** As a client that asks for `sni` finds it: fills own and own_known. */
void world_service_for(const struct world *w, struct service *s, struct span sni);
