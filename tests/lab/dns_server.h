#pragma once

#include "tests/lab/dns_message.h"
#include "tests/lab/loop.h"

/** The lab's name server on one port, UDP and TCP: of 127.0.0.1, or of a device (listener.h). */

struct dns_server;

/** @param latency_ms waited before each answer. @return NULL with errno set. */
struct dns_server *dns_server_new(struct loop *loop, const char *device, uint16_t port,
                                  uint32_t latency_ms, const struct world *world,
                                  struct cert_store *certs, struct counters *counters);
void dns_server_free(struct dns_server *s);
