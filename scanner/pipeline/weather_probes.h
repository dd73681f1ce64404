#pragma once

/**
 * The probes of a worker in the weather: a few servers and names that answered a short while ago are asked again. Each is
 * one whole session, or one question for a name that no cache knows, and goes by the limits of all sessions: address, network
 * and operator. In bad weather all places may be held by sessions that wait and have no connection: such a place
 * is borrowed, and whoever might need it waits for the end of the probe.
 *
 *          a place is free ─► ASKS for the lease ─┬─ granted ─────────────────┬─► RUNS ─► free
 *   free ─┤                                       └─ queued ─► free           │
 *          └─ somebody who waits holds a lease of the operator ───────────────┘
 */

#include "resolver/dns_message.h"
#include "scanner/owners/owner.h"
#include "scanner/owners/weather.h"
#include "scanner/probe/session.h"

/* that answered and may be asked again, of each stream, each of another network; also probes under way */
#define WEATHER_KNOWN 16

/** Who answered a short while ago. */
struct weather_witness {
    struct net_addr network; /* of DNS: none */
    struct net_addr address;
    uint16_t port;
    uint16_t name_len;
    uint8_t name[256]; /* of DNS, longer ones are no witnesses; else of the operator */
};

enum weather_probe_state {
    WEATHER_PROBE_FREE,
    WEATHER_PROBE_ASKS, /* for the lease */
    WEATHER_PROBE_RUNS,
    WEATHER_PROBE_STATE_COUNT,
};

struct weather_probe {
    enum weather_probe_state state;
    struct weather_witness who;
    uint32_t round;
    uint64_t lease; /* lease.session; 0: none */
    bool borrows_place;
    bool borrows_lease;
    struct session *session; /* RUNS */
};

struct weather_probes {
    struct weather_witness witnesses[WEATHER_STREAM_COUNT][WEATHER_KNOWN];
    uint32_t witness_count[WEATHER_STREAM_COUNT]; /* so far; a ring */
    struct weather_probe probes[WEATHER_KNOWN];
    uint32_t leases; /* asked for so far */
    uint32_t names_asked;
};

struct worker;

/** A server answered, which an operator runs. */
void weather_probes_note_server(struct worker *w, const struct net_addr *address, uint16_t port,
                                struct span operator_name);
/** A domain has MX records. */
void weather_probes_note_name(struct worker *w, struct span domain);
/** A round: some are asked, and the counts of the stream's report are of it. */
void weather_probes_begin(struct worker *w, enum weather_stream stream, uint32_t round);
/** @return false: the lease is none of ours */
bool weather_probes_on_grant(struct worker *w, const struct lease *lease);
bool weather_probes_on_queued(struct worker *w, const struct lease *lease);
/** A visit that has no connection now must not get one, nor end: a probe is in its place. */
bool weather_probes_borrow_from(const struct worker *w, const struct owner_dial *d);
void weather_probes_stop(struct worker *w);
