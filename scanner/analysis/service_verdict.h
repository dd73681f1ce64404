#pragma once

#include "scanner/base/buf.h"
#include "scanner/observation/seen_target.h"

/**
 * What the names of a service amount to: what it calls itself, what reverse DNS calls it, and what
 * its default certificate is for. Pure; findings and rows are both made from this.
 */
/** Unknown: one of the two is not known. */
struct name_relations {
    enum truth forward_confirmed; /* a PTR name leads back to the address */
    enum truth ptr_is_generic;    /* every PTR name is made of the address */
    enum truth ptr_is_server_name;
    enum truth greeting_is_ehlo;
    enum truth certificate_covers_server_name;
    enum truth certificate_covers_ptr;
};

struct service_verdict {
    bool answered;   /* with a greeting, 2xx */
    bool introduced; /* and with a reply to EHLO or HELO, 2xx: it had its chance to give a name */
    struct name_relations relations;
    struct buf server_name; /* as server_name_put() says; empty: none */
    struct buf greeting_name;
    struct buf ehlo_name; /* of the reply to EHLO or HELO */
    struct buf names;     /* packed, of the default certificate (cert_names.h) */
    struct buf ptr_name;  /* scratch */
};

void service_verdict_init(struct service_verdict *v);
void service_verdict_deinit(struct service_verdict *v);
/** Reuses the memory of `v`; valid until the next call. */
void service_verdict_fill(struct service_verdict *v, const struct seen_service *s);
