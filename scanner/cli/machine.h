#pragma once

#include "scanner/cli/options.h"

/**
 * What the machine provides when the command line does not say: resolvers, a name for EHLO,
 * processors, trust stores, file descriptors.
 */

/** Before anything else: what holds for all commands. */
void machine_init(void);

/** As many as this process may use. */
uint32_t machine_processors(void);

/** The `nameserver` lines of resolv.conf(5) text, at most `max`. @return their count. */
size_t machine_parse_resolvers(struct span text, struct net_endpoint *out, size_t max);

/**
 * Fills what `o` leaves open, but for the name in EHLO. @return false with one line in `why` when the machine cannot: no
 * resolver configured.
 */
bool machine_fill(struct options *o, struct buf *why);
/** The name for EHLO. @return false with one line in `why`: this machine has no fully qualified name */
bool machine_fill_ehlo_domain(struct options *o, struct buf *why);
/** In place of a name, the address that connections come from (RFC 5321 sections 4.1.3 and 4.1.4). @return false: there is none */
bool machine_fill_ehlo_literal(struct options *o);

/**
 * Reads the trust stores of --root-cas, or that of this machine, into `o->stores`, which become
 * those of `params.terms` and stay as long as the process. @return false with one line in `why` when one cannot be used.
 */
bool machine_read_stores(struct options *o, struct buf *why);

/**
 * Reads the files of --intermediates, which stay as long as the process. @return false with one line
 * in `why` when one cannot be used.
 */
bool machine_read_intermediates(struct options *o, struct buf *why);

/**
 * Reads the sender profiles of --sender-profiles, or those that are shipped, which become those of
 * `params.terms` and stay as long as the process. @return false with one line in `why`.
 */
bool machine_read_profiles(struct options *o, struct buf *why);
/** Those that are shipped. */
bool machine_read_operators(struct options *o, struct buf *why);

/** Reads the list of --shared-operators, or the one that is shipped, the same. */
bool machine_read_shared_operators(struct options *o, struct buf *why);

/**
 * Descriptors that are not connections: files, resolver sockets, event loops. At least
 * DESCRIPTORS_RESERVED are left for them (design section 2).
 */
#define DESCRIPTORS_RESERVED 256

/** What so many threads and resolvers open themselves, before the first connection. */
uint32_t descriptors_needed(uint32_t threads, size_t name_servers);

/**
 * How many connections may be open beside our own descriptors under a limit of open files.
 * @return at least 1; 0 when the limit does not even leave what is `needed`.
 */
uint32_t descriptors_fit(uint32_t concurrency, uint32_t needed, uint64_t limit);

/** How many policy hosts may be asked at once, with two descriptors each, in what connections to mail
 * servers leave. */
uint32_t descriptors_for_policies(uint32_t concurrency, uint32_t needed, uint64_t limit);

/** Raises the soft limit of open files to the hard one. @return the limit now in force. */
uint64_t machine_raise_descriptors(void);
