#include "scanner/base/net_route.h"

#include <errno.h>
#include <unistd.h>

#define DISCARD_PORT 9 /* RFC 863; nothing is sent */

bool net_route_exists(const struct net_addr *to, const struct net_addr *from)
{
    struct sockaddr_storage name;
    int fd = socket(to->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno != EAFNOSUPPORT; /* no descriptor says nothing of routes */
    }
    bool ok = true;
    if (from != NULL && from->family == to->family) {
        socklen_t len = net_addr_to_sockaddr(from, 0, &name);
        ok = bind(fd, (const struct sockaddr *)&name, len) == 0;
    }
    if (ok) {
        socklen_t len = net_addr_to_sockaddr(to, DISCARD_PORT, &name);
        ok = connect(fd, (const struct sockaddr *)&name, len) == 0;
    }
    (void)close(fd);
    return ok;
}
