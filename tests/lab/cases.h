#pragma once

/**
 * Hand-made domains beside the random ones: case-NAME.mxlab.net, one per fault. A case is text, one
 * statement a line; names are relative to the case's domain, "@" is the domain itself, a trailing
 * dot makes a name absolute.
 *
 *     mx PREFERENCE NAME         an MX record; "." is the root (null MX)
 *     host NAME K [key=value...] NAME has address 11.0.C.K, where a server with these properties is
 *                                (service_set() in service.h); several hosts may share a K
 *     host6 NAME K [key=value...] the same for IPv6
 *     dead NAME refused|silent K, dead6 NAME refused|silent K
 *     a NAME ADDRESS, aaaa NAME ADDRESS     any address
 *     cname NAME TARGET
 *     txt NAME "string" ["string"...]
 *     huge-txt NAME "prefix" COUNT           one TXT record of COUNT strings of 255 octets more
 *     tlsa NAME usage selector matching DATA of the certificate that _25._tcp.NAME is about, at NAME's
 *                                first address; DATA is a word of LAB_TLSA_DATA (zone.h)
 *     tlsa-at OWNER HOST usage selector matching DATA   of HOST's certificate, at any name
 *     tlsa-raw OWNER HEX         a record of these octets
 *     many-tlsa NAME COUNT       3 1 1, the first COUNT of which are wrong, then a right one
 *     policy NAME K [key=value...]  a policy host at 11.0.C.K (policy_host_set() in policy_host.h)
 *     policy6 NAME K [key=value...] the same for IPv6
 *     policy-host NAME [key=value...] the same without an address: for aliases and dead addresses
 *     mx-at OWNER PREFERENCE NAME an MX record elsewhere than at the domain
 *     dname NAME TARGET          what is below NAME is below TARGET, RFC 6672
 *     state NAME servfail|timeout|bogus|refused|malformed [EDE]   every question at NAME and below
 *     state-a NAME STATE         questions for A at NAME alone
 *     tcp NAME twice|half|stall  answers to every question at NAME and below need TCP, and go wrong there
 *     signed [NAME]              what is at NAME and below (all) is signed: AD and RRSIG
 *     unsigned NAME, no-ds NAME  is not; is signed, but without a DS: RRSIG without AD
 *     unsigned-a NAME, unsigned-aaaa NAME, unsigned-mx NAME   answers of this type at NAME alone are not
 *     expect CODE...             what is found beside the baseline of its servers (see below)
 *     expect-at-least CODE...    the same where the whole set cannot be known
 *     many-mx COUNT              mxNNN with equal preference in threes, at 11.0.C.1 to .200
 *     many-a NAME COUNT, many-aaaa NAME COUNT    11.0.C.1 to COUNT, or as many of IPv6
 *     many-cname NAME COUNT      an alias of link1, which is one of link2, and so on
 *
 * A NAME may be "*", a wildcard of the case's domain (RFC 4592).
 *
 * Properties beside those of service_set(): san=NAME,NAME (of the certificate) and leaf-of=K (the same
 * certificate as the IPv4 server K). Certificates of a case expire in 60 days, unless days-left= says
 * otherwise.
 *
 * The baseline, so that cases need not repeat it: what the version range of a server alone raises,
 * reverse DNS of an address where nobody answers, and that a domain with mail has no record of MTA-STS
 * or TLS-RPT where there is no TXT record at all.
 */

#include "tests/lab/zone.h"

#define CASE_ZONE "mxlab.net"

struct case_text {
    const char *name;
    const char *about;
    const char *text;
};

extern const struct case_text case_table[];
extern const size_t case_table_count;

struct case_set;

/** Stops the program at a statement it does not understand: the table is part of the source. */
struct case_set *cases_new(const struct world *w);
void cases_free(struct case_set *cases);
size_t cases_count(void);
void case_domain(size_t index, char out[LAB_NAME_MAX]);
/** The case that `name` lies in. @return false: none. */
bool case_find(struct span name, size_t *index);

/** Findings that a scan of the case raises, without the baseline. @return false: nothing is said. */
bool case_findings(const struct world *w, size_t index, const char *const **codes, size_t *count,
                   bool *at_least);

struct policy_host;
/** The policy host of a name in the case. @return false: none is described. */
bool case_policy(const struct world *w, size_t index, struct span name, struct policy_host *out);
/** Does one have this address? */
bool case_policy_server(const struct world *w, uint32_t index, const struct net_addr *address);

void case_lookup(const struct world *w, struct cert_store *certs, struct span name, uint16_t type,
                 struct zone_answer *out);
bool case_service(const struct world *w, uint32_t index, uint32_t item, bool v6,
                  struct service *out);
/** Is `sni` a host name of the case at this server? */
bool case_knows(const struct world *w, uint32_t index, const struct service *s, struct span sni);
/** The first host name at an address of a case. */
bool case_host_at(const struct world *w, const struct net_addr *a, char out[LAB_NAME_MAX]);
