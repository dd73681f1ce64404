#include "scanner/analysis/delivery_harm.h"

#include <stdlib.h>

#include "scanner/base/memory.h"

void delivery_harm_deinit(struct delivery_harm *h)
{
    free(h->at);
    free(h->step);
    *h = (struct delivery_harm){0};
}

void delivery_harm_reset(struct delivery_harm *h)
{
    h->count = 0;
    h->step_count = 0;
    h->everyday = 0;
}

void delivery_harm_begin(struct delivery_harm *h)
{
    h->sure = true;
}

void delivery_harm_next_preference(struct delivery_harm *h, bool all_fail)
{
    h->sure = h->sure && all_fail;
}

void delivery_harm_note(struct delivery_harm *h, const struct delivery_outcome *r, size_t mx,
                        int endpoint)
{
    bool is_harm = (r->set & (RESULT_ENCRYPTED | RESULT_AUTHENTICATED)) == 0;
    bool loses_authentication = r->reason == DELIVERY_REASON_DANE_UNUSABLE;
    if (!is_harm && !loses_authentication) {
        return;
    }
    if (h->step_count == h->step_capacity) {
        h->step_capacity = h->step_capacity * 2 + 8;
        h->step = memory_resize(h->step, h->step_capacity, sizeof(*h->step));
    }
    h->step[h->step_count].mx = (int)mx;
    h->step[h->step_count].endpoint = endpoint;
    h->step[h->step_count].set = r->set;
    h->step[h->step_count].reason = (uint8_t)r->reason;
    h->step[h->step_count].sure = h->sure;
    h->step_count++;
}

static bool harm_is_of_policy(enum delivery_reason r)
{
    return r == DELIVERY_REASON_STS_MX_NOT_COVERED || r == DELIVERY_REASON_STS_CERTIFICATE ||
           r == DELIVERY_REASON_STS_NAME || r == DELIVERY_REASON_STS_PATTERNS ||
           r == DELIVERY_REASON_STS_NO_TLS || r == DELIVERY_REASON_DANE_LOOKUP ||
           r == DELIVERY_REASON_DANE_MISMATCH || r == DELIVERY_REASON_DANE_NO_TLS ||
           r == DELIVERY_REASON_DANE_UNUSABLE;
}

/* Of a certificate that this sender checks by its own settings, and no policy asks it to. */
static bool is_of_own_check(enum delivery_reason r)
{
    return r == DELIVERY_REASON_CERTIFICATE || r == DELIVERY_REASON_CERTIFICATE_PATH ||
           r == DELIVERY_REASON_NAME;
}

static enum effect effect_for(const struct sender_profile *p, enum delivery_reason reason,
                              bool in_clear)
{
    if (harm_is_of_policy(reason)) {
        return EFFECT_POLICY_RISK;
    }
    if (p->level != PROFILE_MAY || is_of_own_check(reason)) {
        return EFFECT_STRICT_RISK;
    }
    return in_clear ? EFFECT_CLEARTEXT : EFFECT_MAIL_LOST;
}

static struct delivery_harm_at *harm_add(struct delivery_harm *h, int mx, int endpoint,
                                         enum delivery_reason reason, enum effect effect,
                                         size_t number)
{
    uint64_t sender = UINT64_C(1) << number;
    for (size_t i = 0; i < h->count; i++) {
        struct delivery_harm_at *a = &h->at[i];
        if (a->mx == mx && a->endpoint == endpoint && a->reason == reason && a->effect == effect) {
            a->senders |= sender;
            return a;
        }
    }
    if (h->count == h->capacity) {
        h->capacity = h->capacity * 2 + 8;
        h->at = memory_resize(h->at, h->capacity, sizeof(*h->at));
    }
    h->at[h->count++] = (struct delivery_harm_at){.mx = (int16_t)mx,
                                                  .endpoint = (int16_t)endpoint,
                                                  .reason = (uint8_t)reason,
                                                  .effect = (uint8_t)effect,
                                                  .senders = sender};
    return &h->at[h->count - 1];
}

static bool outcome_is_lost(enum delivery d)
{
    return d == DELIVERY_DEFERRED || d == DELIVERY_UNDELIVERABLE;
}

/* Does what the sender gets at this address show in its outcome? Where that is not known, what ends the delivery here does,
 * if the sender is sure to come here. */
static bool shows(unsigned set, bool sure, enum delivery worst, bool *in_clear)
{
    *in_clear = (set & (RESULT_PLAINTEXT | RESULT_PLAINTEXT_LATER)) != 0;
    bool ends = *in_clear || (set & RESULT_FAILS) == 0;
    if (worst == DELIVERY_ENCRYPTED || worst == DELIVERY_AUTHENTICATED) {
        return false;
    }
    if (worst == DELIVERY_PLAINTEXT) {
        return *in_clear;
    }
    return worst == DELIVERY_UNKNOWN ? ends && sure : true;
}

void delivery_harm_settle(struct delivery_harm *h, const struct sender_profile *p, size_t number,
                          const struct sender_delivery *d)
{
    for (size_t i = 0; i < h->step_count; i++) {
        enum delivery_reason reason = (enum delivery_reason)h->step[i].reason;
        bool in_clear = false;
        if (reason == DELIVERY_REASON_DANE_UNUSABLE ||
            shows(h->step[i].set, h->step[i].sure, d->worst, &in_clear)) {
            (void)harm_add(h, h->step[i].mx, h->step[i].endpoint, reason,
                           effect_for(p, reason, in_clear), number);
        }
    }
    h->step_count = 0;
    h->everyday |= p->level == PROFILE_MAY ? UINT64_C(1) << number : 0;
    if (outcome_is_lost(d->worst) || d->worst == DELIVERY_PLAINTEXT) { /* and what decides it */
        harm_add(h, d->mx, d->endpoint, d->reason,
                 effect_for(p, d->reason, d->worst == DELIVERY_PLAINTEXT), number)
            ->decided |= UINT64_C(1) << number;
    } else if (d->best == DELIVERY_UNKNOWN && d->worst == DELIVERY_UNKNOWN &&
               d->reason == DELIVERY_REASON_NOT_TESTED &&
               p->level == PROFILE_MAY) { /* whichever server it was */
        (void)harm_add(h, -1, -1, d->reason, EFFECT_UNKNOWN, number);
    }
}
