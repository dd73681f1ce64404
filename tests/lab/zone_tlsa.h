#pragma once

#include "tests/lab/population.h"
#include "tests/lab/zone.h"

/** TLSA records (RFC 6698 section 2.1) of the lab: right, or wrong in one of several ways. */

struct tlsa_form {
    uint8_t usage;
    uint8_t selector;
    uint8_t matching;
    enum lab_tlsa_data data;
};

#define TLSA_FORMS_MAX 2

/** Records per distinct certificate of a host. */
struct tlsa_plan {
    struct tlsa_form form[TLSA_FORMS_MAX];
    size_t count;
};

/** @return false: no such word. */
bool lab_tlsa_data_of(const char *word, enum lab_tlsa_data *out);
/** What a host of the random world publishes. */
void zone_tlsa_plan(const struct world *w, const struct host_facts *h, struct tlsa_plan *plan);
/** Adds it, for the certificates that its addresses show to a client that asks for `host`. */
void zone_host_tlsa(const struct world *w, struct cert_store *certs, const struct host_facts *h,
                    struct span host, struct zone_answer *out);
