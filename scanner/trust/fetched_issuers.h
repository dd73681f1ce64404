#pragma once

#include "scanner/base/span.h"

/** What caIssuers URLs answered, by URL: CA certificates, trusted no more than presented ones. */
struct fetched_issuers;

struct fetched_issuers *fetched_issuers_new(void);
void fetched_issuers_free(struct fetched_issuers *f); /* NULL is allowed */
/** @param body of a whole answer; empty: there was none. A second one changes nothing. */
void fetched_issuers_add(struct fetched_issuers *f, struct span url, struct span body);
size_t fetched_issuers_count(const struct fetched_issuers *f); /* of URLs */
/** Its certificates in the form of cert_list.h, valid until one is added. @return false: not asked. */
bool fetched_issuers_find(const struct fetched_issuers *f, struct span url, struct span *list);
