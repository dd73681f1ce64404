#include "scanner/probe/connect_outcome.h"

#include <uv.h>

enum session_outcome connect_outcome(int sys, bool has_route)
{
    switch (sys) {
    case UV_ECONNREFUSED: /* a RST to our SYN */
        return OUTCOME_REFUSED;
    case UV_ETIMEDOUT:
        return OUTCOME_CONNECT_TIMEOUT;
    case UV_EHOSTUNREACH:
    case UV_ENETUNREACH:
    case UV_EACCES: /* ICMPv6 administratively prohibited */
        return has_route ? OUTCOME_UNREACHABLE : OUTCOME_LOCAL_FAULT;
    default: /* EMFILE, EADDRNOTAVAIL, ENOBUFS, EPERM, ...: never the target's doing */
        return OUTCOME_LOCAL_FAULT;
    }
}
