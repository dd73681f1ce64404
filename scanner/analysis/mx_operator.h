#pragma once

#include "scanner/base/buf.h"
#include "scanner/domain/operator_list.h"
#include "scanner/domain/public_suffix.h"
#include "scanner/observation/seen_target.h"

/**
 * Who operates a mail server, judged by what it showed: its certificate, then its own name, then the name of the
 * MX host, in the order of Liu et al., "Who's Got Your Mail?", IMC 2021, section 3. Pure.
 *
 * Where that goes wrong, and what is done about it:
 *   - Anyone may write any name into a certificate of his own: only trusted chains count.
 *   - Anyone may greet with any name: it must be confirmed by reverse DNS and by the address of that name.
 *   - A rented machine has a default name of its landlord, who does not operate the mail (vps-12.hoster.example, or
 *     a name made of the address): such names say nothing, neither in certificates nor in banners.
 *   - On shared hosting the server picks the customer's own certificate by SNI: a certificate for the domain of the MX
 *     host itself counts only if the server presents none for others without SNI and does not name itself otherwise.
 *   - A certificate with the names of several parties says nothing.
 */

/** The registrable domain of all names of a leaf that can say something: its dNSNames, or its common names if there
 * is none. Of several domains of one listed operator the first in order. Nothing is appended where there are
 * several, or none. @param names packed, cert_names.h */
void certificate_domain_put(struct span names, const struct public_suffixes *suffixes,
                            const struct operator_list *operators, struct buf *out);

/** The registrable domain of the server's own name, where a forward-confirmed name of the address confirms it.
 * @param server_name of server_name_put() */
void banner_domain_put(const struct seen_service *s, struct span server_name,
                       const struct public_suffixes *suffixes, struct buf *out);

/** The default name of a machine, given by who rents it out: made of its address, or numbered.
 * @param registrable of `name`, a tail of it */
bool name_is_of_rented_machine(struct span name, struct span registrable);

/** Domains as in seen_endpoint and seen_service; empty: none. */
struct operator_evidence {
    struct span mx_domain;
    struct span certificate; /* presented for the host */
    enum chain_status chain;
    struct span default_certificate; /* presented without SNI */
    enum chain_status default_chain;
    struct span banner;
};

struct operator_verdict {
    struct span name; /* of the list, else of the evidence; empty: nothing says it */
    enum operator_source source;
};

struct operator_verdict operator_judge(const struct operator_evidence *e,
                                       const struct operator_list *operators);

#define OPERATORS_MAX 16 /* of one host or domain; more are dropped, the last ones in order */

struct operator_set {
    struct span name[OPERATORS_MAX]; /* sorted, each once */
    size_t count;
    enum operator_source source; /* the strongest; UNKNOWN unless the count is 1 */
};

/** Those that a certificate or banner of an endpoint at host_port() names; else that of the MX name. */
void operators_of_host(const struct seen_host *h, const struct operator_list *operators,
                       struct operator_set *out);
/** Those of the hosts of the lowest preference that has an address; if none has, of the lowest. An implicit MX has no
 * MX name that could say something (RFC 5321 section 5.1). */
void operators_of_domain(const struct seen_domain *d, const struct operator_list *operators,
                         struct operator_set *out);
