#pragma once

/**
 * Reads the answer to one question: a pure function of octets (RFC 1035 section 4.1).
 *
 * The chain of CNAMEs inside the answer section is followed from the name asked; the records of
 * the asked type at its end are the result. An answer that breaks the rules anywhere we have to
 * look is DNS_MALFORMED as a whole: no record of it is used.
 */

#include "resolver/dns_name.h"
#include "scanner/observation/seen_dns.h"

/* IANA DNS parameters, resource record types; those we ask for or have to tell apart. */
enum dns_type {
    DNS_TYPE_A = 1,
    DNS_TYPE_NS = 2,
    DNS_TYPE_CNAME = 5,
    DNS_TYPE_SOA = 6,
    DNS_TYPE_PTR = 12,
    DNS_TYPE_MX = 15,
    DNS_TYPE_TXT = 16,
    DNS_TYPE_AAAA = 28,
    DNS_TYPE_DNAME = 39,
    DNS_TYPE_OPT = 41,
    DNS_TYPE_RRSIG = 46,
    DNS_TYPE_TLSA = 52,
};

/* RFC 1035 section 4.1.1; extended by RFC 6891 section 6.1.3. */
enum dns_rcode {
    DNS_RCODE_NOERROR = 0,
    DNS_RCODE_FORMERR = 1,
    DNS_RCODE_SERVFAIL = 2,
    DNS_RCODE_NXDOMAIN = 3,
    DNS_RCODE_REFUSED = 5,
    DNS_RCODE_YXDOMAIN = 6,
    DNS_RCODE_NONE = 255, /* ours: no answer */
};

#define DNS_HEADER_LEN 12  /* octets */
#define DNS_RRS_MAX    512 /* records of one answer that are kept; our own bound */
#define DNS_ANSWER_SCAN_MAX \
    1024 /* records of an answer section that are looked at; our own bound */

struct dns_rr {
    uint16_t type;
    uint32_t ttl; /* seconds; RFC 2181 section 8 */
    union {
        struct net_addr address; /* A, AAAA */
        struct span name;        /* NS, CNAME, PTR */
        struct {
            uint16_t preference;
            struct span exchange;
        } mx;
        struct span text; /* TXT: the strings of the record joined */
        struct {
            uint8_t usage;
            uint8_t selector;
            uint8_t matching;
            struct span data;
        } tlsa;
    };
};

/**
 * What came of a question. Names are text in normal form (dns_name.h).
 * `rrs` are ordered by their data (MX by preference first), without repeats.
 * `seen.ttl` is the smallest of links and records; without records it is how long the denial
 * may be believed (RFC 2308 section 5), 0 when the answer does not say.
 */
struct dns_answer {
    struct seen_dns seen;
    const struct dns_rr *rrs;
    size_t rr_count;
    const struct span *cnames; /* targets of the links, from the name asked on */
    size_t cname_count;
    uint32_t rtt_ms; /* of the question that decided; 0 when none was answered */
    unsigned asked;  /* questions sent, repeats and the one with CD included */
    /* Where no server answered, or all with SERVFAIL: what was asked, so that it can be asked again. */
    struct span name; /* text in normal form */
    uint16_t type;
    uint64_t begun_ms; /* of the loop's clock: when it was sent first */
};

struct dns_reader; /* the memory answers are read into */

struct dns_reader *dns_reader_new(void);
void dns_reader_free(struct dns_reader *reader);

/**
 * Reads `message` as the answer to (name, type, IN). Sets all of `out` but `rtt_ms`, `seen.tcp` and
 * what stands behind these; it points into `reader` and `message`, until the next call.
 * `seen.state` is one of DATA, NODATA, NXDOMAIN, SERVFAIL, REFUSED, OTHER_RCODE, MALFORMED,
 * CNAME_LOOP, CNAME_LIMIT and NAME_INVALID (YXDOMAIN with the DNAME that makes the name too long, RFC 6672 section 2.2; without it the
 * code, which RFC 2136 has for updates, is OTHER_RCODE). A referral (RFC 2308 section 2.2) is REFUSED with rcode 0: the server does not
 * recurse for us.
 */
void dns_message_read(struct dns_reader *reader, struct span message, const struct dns_name *name,
                      uint16_t type, struct dns_answer *out);

/* Two facts that decide how to go on before the whole is read. `message` holds a header. */

static inline bool dns_message_is_truncated(struct span message)
{
    return (message.at[2] & 0x02U) != 0;
}

/** The four bits of the header, without the extension in OPT. */
static inline unsigned dns_message_rcode(struct span message)
{
    return message.at[3] & 0x0FU;
}

/** An answer that is a header alone and says an error: so Unbound refuses those that its access-control keeps out, and a server may that cannot
 * read a query with EDNS (RFC 6891 section 7). Any octets will do as `message`. */
bool dns_message_is_bare_error(struct span message);
