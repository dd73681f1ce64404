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
    h->unknown = 0;
}

bool delivery_harm_is_unknown(const struct delivery_harm *h)
{
    return (h->everyday & ~h->unknown) == 0;
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
    h->step_count++;
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
    if (delivery_reason_is_of_policy(reason, p)) {
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

/* Does what the sender gets at this address show in its outcome, which is bad? */
static bool shows(unsigned set, enum delivery worst)
{
    bool in_clear = (set & (RESULT_PLAINTEXT | RESULT_PLAINTEXT_LATER)) != 0;
    return worst != DELIVERY_PLAINTEXT || in_clear;
}

void delivery_harm_settle(struct delivery_harm *h, const struct sender_profile *p, size_t number,
                          const struct sender_delivery *d)
{
    uint64_t sender = UINT64_C(1) << number;
    bool in_clear = d->worst == DELIVERY_PLAINTEXT;
    bool bad = in_clear || outcome_is_lost(d->worst);
    enum effect decided = effect_for(p, d->reason, in_clear);
    uint64_t assumed = d->basis == FIELD_MARK_ASSUMED ? sender : 0;
    for (size_t i = 0; i < h->step_count; i++) {
        enum delivery_reason reason = (enum delivery_reason)h->step[i].reason;
        bool unusable = reason == DELIVERY_REASON_DANE_UNUSABLE;
        if (unusable || (bad && shows(h->step[i].set, d->worst))) {
            enum effect effect = effect_for(p, reason, in_clear);
            effect = bad && effect < decided ? decided : effect;
            harm_add(h, h->step[i].mx, h->step[i].endpoint, reason, effect, number)->assumed |=
                assumed;
        }
    }
    h->step_count = 0;
    h->everyday |= p->level == PROFILE_MAY ? sender : 0;
    if (bad) { /* and what decides it */
        struct delivery_harm_at *a = harm_add(h, d->mx, d->endpoint, d->reason, decided, number);
        a->decided |= sender;
        a->assumed |= assumed;
    } else if (d->best == DELIVERY_UNKNOWN && d->worst == DELIVERY_UNKNOWN &&
               p->level == PROFILE_MAY) { /* whichever server it was */
        (void)harm_add(h, -1, -1, d->reason, EFFECT_UNKNOWN, number);
        h->unknown |= sender;
    }
}
