#pragma once

#include "scanner/analysis/deliveries.h"
#include "scanner/analysis/delivery_result.h"
#include "scanner/analysis/effect.h"

/**
 * What does harm to a delivery, and where: of each address that a sender comes to, the reason why the mail is not taken
 * there, or in cleartext, as long as that shows in the sender's outcome, and never as worse than the outcome. Of an outcome
 * that is not known it is kept that it is not, and why. Filled while the deliveries are predicted; pure.
 */

/** At one address, for one reason, one effect. */
struct delivery_harm_at {
    int16_t mx; /* index in seen_domain.mx; -1: the domain itself */
    int16_t endpoint;
    uint8_t reason;   /* enum delivery_reason */
    uint8_t effect;   /* enum effect */
    uint64_t senders; /* bit n: profile n */
    uint64_t decided; /* those of them whose outcome it decides */
    uint64_t assumed; /* those of them whose outcome rests on an assumption */
};

/** Reused from domain to domain. */
struct delivery_harm {
    struct delivery_harm_at *at; /* malloc */
    size_t count;
    size_t capacity;
    /* The steps of the sender under way. */
    struct {
        int mx;
        int endpoint;
        uint8_t set; /* of enum delivery_result */
        uint8_t reason;
    } * step; /* malloc */
    size_t step_count;
    size_t step_capacity;
    uint64_t everyday; /* senders that ask for no more than their default setting does */
    uint64_t unknown;  /* those of them whose outcome is not known, at the best nor at the worst */
};

void delivery_harm_deinit(struct delivery_harm *h);
void delivery_harm_reset(struct delivery_harm *h);
/** An address that the sender under way may come to, and what it gets there. */
void delivery_harm_note(struct delivery_harm *h, const struct delivery_outcome *r, size_t mx,
                        int endpoint);
/** Of no everyday sender anything is known; also where there is none. */
bool delivery_harm_is_unknown(const struct delivery_harm *h);
/** The sender has its outcome. @param number of its profile */
void delivery_harm_settle(struct delivery_harm *h, const struct sender_profile *p, size_t number,
                          const struct sender_delivery *d);
