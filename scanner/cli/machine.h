#pragma once

#include "scanner/cli/options.h"

/**
 * What the machine provides when the command line does not say: resolvers, a name for EHLO,
 * processors, file descriptors.
 */

/** The `nameserver` lines of resolv.conf(5) text, at most `max`. @return their count. */
size_t machine_parse_resolvers(struct span text, struct net_endpoint *out, size_t max);

/**
 * Fills what `o` leaves open. @return false with one line in `why` when the machine cannot: no
 * resolver configured, no fully qualified name.
 */
bool machine_fill(struct options *o, struct buf *why);

/** Descriptors that are not connections: files, resolver sockets, epoll (design section 2). */
#define DESCRIPTORS_RESERVED 256

/** How many connections fit beside the reserve under a limit of open files; at least 1. */
uint32_t descriptors_fit(uint32_t concurrency, uint64_t limit);

/** Raises the soft limit of open files to the hard one. @return the limit now in force. */
uint64_t machine_raise_descriptors(void);
