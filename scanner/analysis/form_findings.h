#pragma once

#include "scanner/analysis/findings.h"

/** What senders read in different ways before TLS: forms of the greeting and of the reply to EHLO. */
void findings_of_forms(const struct seen_smtp *smtp, const struct net_addr *address, uint16_t port,
                       struct findings *out);
