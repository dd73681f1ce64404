#pragma once

#include "scanner/base/vocabulary.h"

/**
 * What a problem does to the mail of a domain, worst first: a smaller number is worse, but for NONE. Words are part of the
 * output.
 */
#define EFFECTS(X)                                                                                 \
    X(EFFECT_NONE, "", NULL)                                                                       \
    X(EFFECT_MAIL_LOST, "mail_lost",                                                               \
      "senders that ask for no more than their default setting does defer the mail or return it, " \
      "with or without policies of the domain")                                                    \
    X(EFFECT_CLEARTEXT, "cleartext", "such senders send the mail in cleartext")                    \
    X(EFFECT_UNKNOWN, "unknown",                                                                   \
      "of no such sender it is known what becomes of its mail: no server could be resolved or "    \
      "tested far enough, or it differs from session to session")                                  \
    X(EFFECT_POLICY_RISK, "policy_risk",                                                           \
      "only senders that keep to MTA-STS or DANE do not deliver, or lose the authentication that " \
      "the policies of the domain are for")                                                        \
    X(EFFECT_STRICT_RISK, "strict_risk",                                                           \
      "only senders whose own settings demand TLS or a valid certificate do not deliver")          \
    X(EFFECT_HYGIENE, "hygiene",                                                                   \
      "no delivery is predicted to fail by it: with old senders, soon, on one of several paths, "  \
      "or with a sender of which that is assumed at most")                                         \
    X(EFFECT_NO_MAIL, "no_mail", "the domain is set up for no mail, so that none is at risk")

enum effect {
    EFFECTS(ENUMERATOR) EFFECT_COUNT
};

VOCABULARY(effect, enum effect);

/** Is it milder today, so that `later` changes something? */
static inline bool effect_is_news(enum effect later, enum effect today)
{
    return today == EFFECT_NONE || later < today;
}

static inline enum effect effect_worse(enum effect a, enum effect b)
{
    return a == EFFECT_NONE || (b != EFFECT_NONE && b < a) ? b : a;
}
