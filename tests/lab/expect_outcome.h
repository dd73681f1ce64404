#pragma once

#include "scanner/observation/seen_target.h"
#include "tests/lab/expect_policy.h"

/**
 * What becomes of mail to a domain of the lab, for a handful of the kinds of senders in
 * datasets/sender-profiles: told from the behaviour that is simulated, by trying every possibility of
 * what cannot be known.
 */

struct expect_endpoint { /* at port 25, and a public address */
    struct expected_session with;
    struct expected_session without;
    enum tristate passes;         /* with SNI: a trusted chain and the name */
    enum tristate default_passes; /* the same without */
    const char *dane;             /* status; NULL: not said */
    bool v6;
};

struct expect_host {
    uint16_t preference;
    char exchange[LAB_NAME_MAX];
    bool usable;
    bool addressed;      /* has addresses, public or not */
    bool own;            /* leads each sender to itself: localhost, a loopback address, 0.0.0.0 */
    bool open;           /* has, or may have, addresses that are not listed */
    size_t addresses;    /* listed ones; beside those of `count`, nobody reaches them */
    size_t v6_addresses; /* of these */
    const char *dane;    /* state; NULL: not said */
    size_t first;        /* in `endpoints` */
    size_t count;
};

struct expect_mail {
    struct expect_host host[MX_MAX];
    size_t host_count;
    struct expect_endpoint endpoint[DOMAIN_ENDPOINTS_MAX];
    size_t endpoint_count;
    enum mx_kind kind;
    bool mx_ad;
    bool mx_cut; /* there are more exchanges */
    /* What DNS says divides senders: bogus answers, exchanges that are none by the letter. */
    bool divides;
};

/** Key "sts_mx": per exchange whether it is covered, and how many addresses pass, fail, are open. */
void expect_put_sts_mx(struct buf *out, const struct expect_mail *m, const struct expect_sts *s);
/** Key "dane_state": over the MX set. */
void expect_put_dane(struct buf *out, const struct expect_mail *m);
/** Key "deliveries": {profile: [best, worst]}; null: not said. */
void expect_put_deliveries(struct buf *out, const struct expect_mail *m,
                           const struct expect_sts *s);
