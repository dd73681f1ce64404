#pragma once

#include "scanner/vantage/vantage_facts.h"

/** What is looked at. Borrowed for the call, but for texts, to which the facts point. */
struct vantage_questions {
    const struct net_endpoint *server; /* of the scan's resolvers */
    size_t server_count;
    uint32_t dns_timeout_ms; /* of the scan: who answers within it is not dead */
    bool ipv4;               /* the families that are scanned */
    bool ipv6;
    struct net_addr lab_ipv4; /* where a lab run really dials (--address-map); family 0: no lab */
    struct net_addr lab_ipv6;
    const struct net_addr *local;
    size_t local_count;
    const char *ehlo_domain;
    const char *const *host; /* of --self-test */
    const uint16_t *host_port;
    size_t host_count;
    uint32_t connect_timeout_ms;
    uint32_t greeting_timeout_ms;
    /** Where a connection to an address really goes. @param port set to the one to dial */
    struct net_addr (*dialled)(const void *arg, const struct net_addr *address, uint16_t *port);
    const void *arg;
};

/** Fills `facts`. Blocks for some seconds where somebody does not answer. */
void vantage_look(const struct vantage_questions *q, struct vantage_facts *facts);

/** Is there a route into the Internet for a family, 4 or 6? Asks nobody but the kernel. */
struct vantage_route vantage_look_for_route(uint8_t family);

/* Parts of it, in files of their own. */

/** Resolvers, and whatever is asked of them. */
void vantage_look_at_dns(const struct vantage_questions *q, struct vantage_facts *facts);
/** Connects to the hosts of --self-test, reads their greetings, and leaves with QUIT. */
void vantage_look_at_hosts(const struct vantage_questions *q, struct vantage_facts *facts);
