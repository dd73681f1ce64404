#pragma once

/**
 * Which cipher suites a server accepts, version by version, asked with ClientHellos that are not
 * followed up (version_probe.h): pure, a value and what is learnt about it. `--probes ciphers` asks what
 * it says (owners/probes.c).
 *
 * A server chooses one suite of those offered (RFC 5246 section 7.4.1.3, RFC 8446 section 4.1.3). So
 * all are offered, the chosen one is noted and left out of the next hello, until the server refuses
 * what is left. A last hello offers the accepted ones the other way round: a server that takes the
 * same one first has an order of its own, and it chose by it; one that takes the last follows the
 * client's.
 *
 * As in version_plan.h a close, a reset or an alert that does not say it may be a refusal, when it
 * comes twice. Then the last hello is sent in any case: a server that does not accept any more what it
 * accepted before has had enough of us, and the list may not be all. From a server that has accepted
 * nothing in any version it tells nothing. Whatever comes before TLS (a refused connection, a 421) ends
 * the whole plan. A suite that was not offered, or silence, ends the version.
 *
 * Some servers and middleboxes fail at many suites or at long hellos: they close, alert or hang. All
 * candidates of TLS 1.2 are 124, under the 128 at which some fail (testssl.sh, issue 806), in a hello of 375
 * octets and the name: under 512, in one segment with room. The longest hello of a version is its first;
 * where that fails, short lists follow. They keep the hello under 256 octets, where no length is known to
 * do harm (RFC 7685 section 1; names of up to 87 octets), but tell no order over all suites.
 */

#include <stdbool.h>
#include <stdint.h>

#include "scanner/observation/seen_ciphers.h"
#include "scanner/observation/seen_session.h"
#include "scanner/observation/seen_target.h"
#include "scanner/tls/client_hello.h"

/** For one service. OpenSSL 3.0 with all of its suites, in all versions and with an RSA key, takes 112
 * (3, 61, 20 and 20 suites from TLS 1.3 down); servers as they are set up take fewer. */
#define CIPHER_SESSIONS_MAX   128
#define CIPHER_TIME_MAX_MS    (10 * 60 * 1000) /* of these sessions together; our own bound */
#define CIPHER_SHORT_LIST_MAX 16

struct cipher_plan {
    struct accepted_suites version[TLS_VERSION_COUNT]; /* TLS 1.0 first */
    uint8_t spoken[TLS_VERSION_COUNT];                 /* enum truth, from the version plan */
    uint8_t sessions;
    uint32_t ms;    /* that they took */
    bool truncated; /* CIPHER_SESSIONS_MAX or CIPHER_TIME_MAX_MS was met with questions left */
    bool answered;  /* some suite was accepted in some version */
    bool over;
    /* Of the version that is asked about: */
    int8_t at;                        /* its index */
    bool checking;                    /* all are settled; the last hello is left */
    bool short_lists;                 /* the first hello failed */
    bool declined_once;               /* the last answer was a close or the like */
    bool doubtful;                    /* some were refused by closes only */
    bool refused[OFFERED_SUITES_MAX]; /* of its candidates */
};

/** The next hello: offers `suite` and versions up to `version`. */
struct cipher_question {
    uint16_t version; /* 0x0301.. */
    uint16_t suite[OFFERED_SUITES_MAX];
    size_t count; /* 1 at least */
};

/** @param spoken enum truth, TLS 1.0 first: a version that is known to be refused is not asked, unless
 * all of them are. Then it may be for their suites, which the version plan does not vary. */
void cipher_plan_init(struct cipher_plan *p, const uint8_t spoken[TLS_VERSION_COUNT]);
/** @return false: done. */
bool cipher_plan_next(const struct cipher_plan *p, struct cipher_question *out);
/** The session for what cipher_plan_next() asked. */
void cipher_plan_note(struct cipher_plan *p, const struct seen_session *seen);
