#include "scanner/base/net_route.h"

#include <errno.h>
#include <unistd.h>

#define DISCARD_PORT 9 /* RFC 863; nothing is sent */

static int net_route_connect(int fd, const struct net_addr *to, const struct net_addr *from,
                             struct net_addr *source)
{
    struct sockaddr_storage name;
    uint16_t port;
    socklen_t len;
    if (from != NULL && from->family == to->family) {
        len = net_addr_to_sockaddr(from, 0, &name);
        if (bind(fd, (const struct sockaddr *)&name, len) != 0) {
            return errno;
        }
    }
    len = net_addr_to_sockaddr(to, DISCARD_PORT, &name);
    if (connect(fd, (const struct sockaddr *)&name, len) != 0) {
        return errno;
    }
    len = sizeof(name);
    if (source != NULL && getsockname(fd, (struct sockaddr *)&name, &len) == 0) {
        (void)net_addr_from_sockaddr((const struct sockaddr *)&name, source, &port);
    }
    return 0;
}

int net_route_look_up(const struct net_addr *to, const struct net_addr *from,
                      struct net_addr *source)
{
    int fd = socket(to->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int error = net_route_connect(fd, to, from, source);
    (void)close(fd);
    return error;
}

bool net_route_exists(const struct net_addr *to, const struct net_addr *from)
{
    int error = net_route_look_up(to, from, NULL);
    /* No descriptor says nothing of routes. */
    return error == 0 || error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}
