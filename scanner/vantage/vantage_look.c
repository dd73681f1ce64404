#include "scanner/vantage/vantage_look.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scanner/base/clock.h"
#include "scanner/base/net_route.h"

#define PORT_RANGE "/proc/sys/net/ipv4/ip_local_port_range" /* of IPv6 as well */

/* One address of each regional registry, as a machine may have routes to parts of the Internet only. */
static const char *const everywhere[] = {
    "23.0.0.1",    "41.0.0.1", "62.0.0.1", "101.0.0.1", "177.0.0.1", "2000::1",
    "2001:500::1", "2400::1",  "2600::1",  "2800::1",   "2a00::1",   "2c00::1",
};

struct vantage_route vantage_look_for_route(uint8_t family)
{
    struct vantage_route route = {.asked = true, .error = ENETUNREACH};
    for (size_t i = 0; route.error != 0 && i < sizeof(everywhere) / sizeof(everywhere[0]); i++) {
        struct net_addr to = {0};
        if (net_addr_parse(span_of(everywhere[i]), &to) && to.family == family) {
            route.error = net_route_look_up(&to, NULL, &route.source);
        }
    }
    return route;
}

static struct vantage_route look_for_scan(uint8_t family, bool asked, const struct net_addr *lab)
{
    struct vantage_route route = {.asked = asked};
    if (asked && lab->family != 0) {
        route.error = net_route_look_up(lab, NULL, &route.source);
    } else if (asked) {
        route = vantage_look_for_route(family);
    }
    return route;
}

static int try_bind(const struct net_addr *local)
{
    struct sockaddr_storage name;
    socklen_t len = net_addr_to_sockaddr(local, 0, &name);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = bind(fd, (const struct sockaddr *)&name, len) == 0 ? 0 : errno;
    (void)close(fd);
    return error;
}

static void look_at_port_range(struct vantage_facts *facts)
{
    unsigned first = 0;
    unsigned last = 0;
    FILE *file = fopen(PORT_RANGE, "re");
    if (file == NULL) {
        return;
    }
    if (fscanf(file, "%5u %5u", &first, &last) == 2 && first > 0 && first <= last &&
        last <= UINT16_MAX) {
        facts->port_first = (uint16_t)first;
        facts->port_last = (uint16_t)last;
    }
    (void)fclose(file);
}

void vantage_look(const struct vantage_questions *q, struct vantage_facts *facts)
{
    memset(facts, 0, sizeof(*facts));
    facts->ehlo_domain = q->ehlo_domain;
    facts->now_s = clock_unix_ms() / 1000;
    facts->built_s = MXCENSUS_BUILT;
    facts->ipv4 = look_for_scan(4, q->ipv4, &q->lab_ipv4);
    facts->ipv6 = look_for_scan(6, q->ipv6, &q->lab_ipv6);
    for (size_t i = 0; i < q->local_count && i < VANTAGE_SOURCES_MAX; i++) {
        facts->local[i] = (struct vantage_local){q->local[i], try_bind(&q->local[i])};
        facts->local_count++;
    }
    look_at_port_range(facts);
    vantage_look_at_dns(q, facts);
    vantage_look_at_hosts(q, facts);
}
