#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "scanner/base/net_addr.h"

/**
 * Sockets that several processes share (SO_REUSEPORT), of one network interface: `device` NULL is
 * loopback, where addresses of 127.0.0.0/8 stand for those of the plan (address_plan.h). At any other
 * device they stand for themselves, IPv6 too, if the kernel takes them for its own.
 */

#define LISTEN_BACKLOG 65535

/** For a name server: non-blocking, on 127.0.0.1 or any IPv4 address of the device.
 * @return -1 with errno set. */
int listener_udp(const char *device, uint16_t port);
int listener_names(const char *device, uint16_t port);
/** At every address. */
int listener_tcp(const char *device, uint16_t port);
/** The address of the plan that a connection was made to. */
bool listener_address(int fd, struct net_addr *out);
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
