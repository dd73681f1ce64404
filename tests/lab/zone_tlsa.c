#include "tests/lab/zone_tlsa.h"

#include <string.h>

#include "scanner/base/check.h"
#include "tests/lab/cert_store.h"
#include "tests/lab/draw.h"

#define SHORT_DIGEST 20 /* octets: of SHA-1, which no matching type stands for */

static const char *const data_words[] = {
#define X(name, word) word,
    LAB_TLSA_DATA(X)
#undef X
};

bool lab_tlsa_data_of(const char *word, enum lab_tlsa_data *out)
{
    for (size_t i = 0; i < sizeof(data_words) / sizeof(data_words[0]); i++) {
        if (strcmp(data_words[i], word) == 0) {
            *out = (enum lab_tlsa_data)i;
            return true;
        }
    }
    return false;
}

void zone_add_tlsa(struct zone_answer *a, struct cert_store *certs, const struct cert_choice *cert,
                   uint8_t usage, uint8_t selector, uint8_t matching, enum lab_tlsa_data data)
{
    struct buf octets = BUF_INIT(BUF_NO_LIMIT);
    uint8_t head[3] = {usage, selector, matching};
    /* Usages 0 and 2 name the issuer, 1 and 3 the leaf (RFC 6698 section 2.1.1). */
    bool issuer = (usage % 2 == 0) != (data == LAB_TLSA_OTHER_USAGE);
    bool spki = (selector == 1) != (data == LAB_TLSA_OTHER_SELECTOR);
    buf_put(&octets, (struct span){head, sizeof(head)});
    if (data == LAB_TLSA_EMPTY) {
        cert_store_digest_of((struct span){0}, matching, &octets);
    } else if (certs != NULL) {
        cert_store_data(certs, cert, issuer, spki, matching, &octets);
    } else {
        static const uint8_t nothing[64] = {0};
        buf_put(&octets, (struct span){nothing, matching == 2 ? 64 : 32});
    }
    if (data == LAB_TLSA_WRONG && matching == 0) {
        octets.at[octets.len - 1] ^= 0xff; /* still DER */
    } else if (data == LAB_TLSA_WRONG) {
        octets.at[sizeof(head)] ^= 0xff;
    } else if (data == LAB_TLSA_SHORT) {
        octets.len = sizeof(head) + SHORT_DIGEST;
    }
    zone_add_octets(a, LAB_TYPE_TLSA, buf_span(&octets));
    a->rr[a->count - 1].tlsa_data = data;
    buf_deinit(&octets);
}

/* ---- of the random world ---- */

static double unit_of(uint64_t draw, uint64_t which)
{
    return (double)(draw_mix(draw + which) >> 11) * 0x1p-53;
}

static enum lab_tlsa_data mismatch(const struct params *p, uint8_t selector, uint64_t draw)
{
    double share = selector == 0 ? p->tlsa_mismatch_full : p->tlsa_mismatch;
    if (unit_of(draw, 1) >= share) {
        return LAB_TLSA_RIGHT;
    }
    if (unit_of(draw, 2) >= p->tlsa_wrong_parameters) {
        return LAB_TLSA_WRONG;
    }
    return unit_of(draw, 3) < 0.5 ? LAB_TLSA_OTHER_SELECTOR : LAB_TLSA_OTHER_USAGE; /* assumed */
}

static void draw_forms(const struct world *w, uint64_t draw, struct tlsa_plan *plan)
{
    static const struct tlsa_form forms[] = {{3, 1, 1, LAB_TLSA_RIGHT}, {3, 0, 1, LAB_TLSA_RIGHT},
                                             {3, 1, 2, LAB_TLSA_RIGHT}, {2, 1, 1, LAB_TLSA_RIGHT},
                                             {2, 0, 1, LAB_TLSA_RIGHT}, {1, 1, 1, LAB_TLSA_RIGHT},
                                             {3, 1, 1, LAB_TLSA_EMPTY}};
    const struct params *p = &w->params;
    const double weights[] = {p->tlsa_311, p->tlsa_301,  p->tlsa_312,      p->tlsa_211,
                              p->tlsa_201, p->tlsa_pkix, p->tlsa_malformed};
    size_t which = draw_pick(unit_of(draw, 0), weights, 7);
    struct tlsa_form *first = &plan->form[0];
    *first = forms[which];
    plan->count = 1;
    if (which == 6) {
        first->data = unit_of(draw, 4) < 0.5 ? LAB_TLSA_EMPTY : LAB_TLSA_SHORT; /* assumed */
        return;
    }
    first->data = mismatch(p, first->selector, draw);
    if (which != 0) {
        return;
    }
    double u = unit_of(draw, 5);
    if ((u -= p->tlsa_both) < 0) {
        plan->form[plan->count++] = forms[3];
    } else if (u - p->tlsa_stale < 0) {
        plan->form[plan->count++] = (struct tlsa_form){3, 1, 2, LAB_TLSA_WRONG};
    }
}

void zone_tlsa_plan(const struct world *w, const struct host_facts *h, struct tlsa_plan *plan)
{
    if (h->tlsa_draw == 0) { /* operators do it right */
        *plan = (struct tlsa_plan){.form = {{3, 1, 1, LAB_TLSA_RIGHT}}, .count = 1};
    } else {
        draw_forms(w, h->tlsa_draw, plan);
    }
}

void zone_host_tlsa(const struct world *w, struct cert_store *certs, const struct host_facts *h,
                    struct span host, struct zone_answer *out)
{
    uint64_t seen[HOST_ADDRESSES_LAB_MAX];
    size_t seen_count = 0;
    struct tlsa_plan plan;
    zone_tlsa_plan(w, h, &plan);
    for (size_t i = 0; i < h->address_count; i++) {
        struct service s;
        bool known = false;
        if (!world_service(w, &h->addresses[i], &s)) {
            continue;
        }
        world_service_for(w, &s, host);
        struct cert_choice cert = service_cert(&s, true, 0);
        for (size_t k = 0; k < seen_count; k++) {
            known = known || seen[k] == cert.identity;
        }
        if (known) {
            continue;
        }
        seen[seen_count++] = cert.identity;
        for (size_t k = 0; k < plan.count; k++) {
            const struct tlsa_form *f = &plan.form[k];
            zone_add_tlsa(out, certs, &cert, f->usage, f->selector, f->matching, f->data);
        }
    }
}
