#pragma once

#include <stdbool.h>
#include <stdint.h>

/** Sockets that several processes share (SO_REUSEPORT), on the loopback interface only. */

#define LISTEN_BACKLOG 4096

/** A non-blocking socket on 127.0.0.1. @return -1 with errno set. */
int listener_udp(uint16_t port);
/** @param address host order: INADDR_LOOPBACK, or INADDR_ANY for all of 127.0.0.0/8. */
int listener_tcp(uint32_t address, uint16_t port, int backlog);
/**
 * A listener with a full backlog: further SYNs are dropped, so that clients run into their own
 * timeout. Takes descriptors for the connections that fill it, closed with the process.
 */
bool listener_silent(uint16_t port);
/** Bound and not listened on: connecting is refused, and nobody else takes the port. */
int listener_closed(uint16_t port);
/**
 * Among the sockets that share this one's port, lets the destination decide, so that all connections
 * to one network (politeness group) of the address plan reach one process. Without effect where the
 * kernel has no such filter: then the kernel spreads them by its own hash.
 */
void listener_pin(int fd, unsigned processes);
