#include "scanner/pipeline/member_bounds.h"

#include "scanner/owners/dial_rules.h"

#define FAR_AHEAD "of a block that is far ahead"

static bool has_port(const struct scan_params *p, uint16_t port)
{
    for (size_t i = 0; i < p->port_count; i++) {
        if (p->ports[i] == port) {
            return true;
        }
    }
    return false;
}

static const char *port_fault(const struct scan *scan, uint16_t port)
{
    return has_port(scan->params, port) ? NULL : "of a port that is not of the scan";
}

static const char *want_fault(struct scan *scan, const struct message_address_want *m)
{
    if (!admission_may_hold(&scan->admission, m->block)) {
        return FAR_AHEAD;
    }
    const char *port = port_fault(scan, m->port);
    return port != NULL ? port
           : dial_rules_refuse(&scan->dial, &m->address) != NOT_TESTED_NONE
               ? "of an address that must not be dialled"
               : NULL;
}

const char *member_bounds_fault(struct scan *scan, enum message_kind kind, struct span body)
{
    switch ((int)kind) {
    case MESSAGE_HOST_WANT: { /* its host may be late */
        uint32_t block = late_block(message_get_host_want(body).block);
        return admission_may_hold(&scan->admission, block) ? NULL : FAR_AHEAD;
    }
    case MESSAGE_HOST_LATE: {
        uint32_t block = message_get_host_late(body).block;
        return admission_may_hold(&scan->admission, block) ? NULL : FAR_AHEAD;
    }
    case MESSAGE_ADDRESS_WANT: {
        struct message_address_want m = message_get_address_want(body);
        return want_fault(scan, &m);
    }
    case MESSAGE_KNOWN_RESOLVED: {
        uint32_t block = late_block(message_get_known_resolved(body).block);
        return admission_may_hold(&scan->admission, block) ? NULL : FAR_AHEAD;
    }
    case MESSAGE_KNOWN_SERVICE:
        return port_fault(scan, message_get_known_service(body).port);
    case MESSAGE_KNOWN_NAME:
        return port_fault(scan, message_get_known_name(body).port);
    case MESSAGE_KNOWN_SPEAKER:
        return port_fault(scan, message_get_known_speaker(body).port);
    default:
        return NULL;
    }
}
