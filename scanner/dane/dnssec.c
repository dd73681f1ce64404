#include "scanner/base/check.h"
#include "scanner/dane/dane.h"

enum dnssec_state dnssec_state_of(const struct seen_dns *dns, bool trust_ad)
{
    switch ((enum dns_state)dns->state) {
    case DNS_NOT_ASKED: /* none of these says whether the zone is signed */
    case DNS_NAME_INVALID:
    case DNS_CNAME_LIMIT:
    case DNS_LOCAL_FAULT:
    case DNS_REFUSED:
    case DNS_OTHER_RCODE:
        return DNSSEC_UNKNOWN;
    case DNS_BOGUS:
        return DNSSEC_BOGUS;
    case DNS_SERVFAIL:
    case DNS_TIMEOUT:
    case DNS_MALFORMED:
    case DNS_CNAME_LOOP:
        return DNSSEC_FAILED;
    case DNS_DATA:
    case DNS_NODATA:
    case DNS_NXDOMAIN:
        if (!trust_ad) {
            return DNSSEC_UNKNOWN;
        }
        if (dns->ad) {
            return DNSSEC_SECURE;
        }
        return dns->rrsig_present ? DNSSEC_NO_CHAIN : DNSSEC_INSECURE;
    case DNS_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown dns_state");
}
