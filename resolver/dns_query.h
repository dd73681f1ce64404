#pragma once

/** The octets of one question (RFC 1035 section 4.1, RFC 6891, RFC 6840 section 5.7), and what answers it. */

#include "resolver/dns_name.h"

#define DNS_OPT_LEN   11 /* octets of an OPT record without options; RFC 6891 section 6.1.2 */
#define DNS_QUERY_MAX (12 + DNS_NAME_WIRE_MAX + 4 + DNS_OPT_LEN) /* octets */

/* What we offer to receive over UDP. On loopback nothing is fragmented; elsewhere the size that
 * the DNS flag day 2020 agreed on. 4096 is also the most that we receive (UDP_RECEIVE_MAX). */
#define DNS_PAYLOAD_LOOPBACK 4096 /* octets */
#define DNS_PAYLOAD_NETWORK  1232 /* octets */

struct dns_query_options {
    bool checking_disabled; /* CD, RFC 4035 section 3.2.2 */
    bool edns;              /* OPT with DO as the last record */
    uint16_t payload;       /* octets, with `edns` */
};

/** Writes a question of class IN with RD and AD set; the id is zero. @return the length. */
size_t dns_query_build(const struct dns_name *name, uint16_t type,
                       const struct dns_query_options *options, uint8_t out[DNS_QUERY_MAX]);

/** Whether `answer`, which has the id of `query`, an octet string of dns_query_build(), is an answer to it: QR set, opcode QUERY, and the one
 * question of `query` in the same octets, but for the case of letters, which servers may change (RFC 5452 section 9.1, RFC 1035 section 2.3.3); or
 * dns_message_is_bare_error(), which has no question. */
bool dns_query_is_answered(struct span query, struct span answer);
