#pragma once

#include "scanner/analysis/list_validity.h"
#include "scanner/analysis/name_match.h"
#include "scanner/base/buf.h"
#include "scanner/dane/dane.h"
#include "scanner/observation/seen_target.h"

/**
 * What an endpoint's handshakes amount to for its host name: names, SNI, and whether a sender that
 * checks would accept. Pure; findings, rows and briefs are all made from this.
 */
struct endpoint_verdict {
    struct name_verdict name;         /* of the leaf presented with SNI */
    struct name_verdict default_name; /* of the leaf presented without; NONE: none */
    enum sni_class sni;
    enum sni_acceptable acceptable;
    enum truth covers_server_name; /* the leaf covers the name in the EHLO reply */
    struct name_verdict other_key_name;
    struct dane_verdict dane;
    uint8_t dane_covers_parents; /* as in endpoint_brief */
    uint64_t dane_leaf_names;
    uint64_t leaf_domains;             /* of the leaf presented with SNI; leaf_domains.h */
    struct sender_facts facts;         /* of the session with SNI */
    struct sender_facts default_facts; /* of the service's session without */
    struct list_validity validity;     /* of the list presented with SNI; of who records it */
    /* storage of the spans above */
    struct buf names;
    struct buf other_key_names;
    struct buf dane_names;
    struct buf server_name;
};

void endpoint_verdict_init(struct endpoint_verdict *v);
void endpoint_verdict_deinit(struct endpoint_verdict *v);
/** Reuses the memory of `v`; valid as long as `e` and until the next call.
 * @param at judgement time, Unix seconds */
void endpoint_verdict_fill(struct endpoint_verdict *v, const struct seen_endpoint *e, int64_t at);

/** What hosts and domains need of it. @param chain the verdict on the list presented with SNI */
struct endpoint_judged endpoint_judged_of(const struct endpoint_verdict *v,
                                          struct chain_brief chain);

/** The first word of the 250 line to EHLO (or HELO), else of the greeting, as a normal host name;
 * empty when it is none (an address literal, one label, junk). Before or inside TLS. */
void server_name_put(const struct seen_smtp *smtp, struct buf *name);
