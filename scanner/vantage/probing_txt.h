#pragma once

#include "scanner/base/buf.h"
#include "scanner/base/net_addr.h"

/**
 * The Probe Description File, RFC 9511 section 2.2: who scans and why, for whoever meets a probe. Its place is
 * https://NAME/.well-known/probing.txt, where NAME is what the source address leads back to (section 3).
 */
struct probing_text {
    const char *program;     /* with its version */
    const char *ehlo_domain; /* also where the file is */
    const char *contact;     /* an URI, RFC 9116 section 2.5.3 */
    const struct net_addr *source;
    size_t source_count;
    int64_t now_s; /* Unix time */
};

/** Lines of RFC 9116 section 4, each ending in LF. Addresses that are not for the public Internet are left out: nobody
 * meets them. */
void probing_put_text(struct buf *b, const struct probing_text *p);
