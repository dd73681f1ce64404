#pragma once

#include "scanner/base/net_addr.h"

/**
 * Does this machine have a way to `to`? Asks the routing table by connecting a UDP socket, which sends nothing.
 * Tells a fault of ours from what the network reports: connect(2) of TCP says ENETUNREACH, EHOSTUNREACH and EACCES
 * of both. A next hop that does not answer, and a cable that is out while its route stays, it cannot see.
 * @param from our own address; NULL or family 0: the system's choice
 */
bool net_route_exists(const struct net_addr *to, const struct net_addr *from);
/** The same with what the kernel says. @param source NULL, or set to the address it would send from
 * @return errno; 0: there is a way */
int net_route_look_up(const struct net_addr *to, const struct net_addr *from,
                      struct net_addr *source);
