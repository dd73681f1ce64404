#pragma once

#include "tests/lab/expect_verdict.h"
#include "tests/lab/resolve.h"

/**
 * What the simulated policies amount to for a sender that keeps to the RFCs: MTA-STS (RFC 8461),
 * TLS-RPT (RFC 8460) and DANE (RFC 7672), in the words of the scanner's rows and without its code. NULL
 * and TRISTATE_UNSAID: the lab says nothing.
 */

#define EXPECT_TLSA_MAX     8
#define EXPECT_PATTERNS_MAX 128
#define EXPECT_TEXTS_MAX    16

/** TXT records of one name, strings joined. */
struct expect_texts {
    enum dns_state state;
    const char *text[EXPECT_TEXTS_MAX]; /* borrowed */
    size_t count;
};

struct expect_sts {
    const char *state;
    bool has_policy; /* that says something of the exchanges */
    bool divides;    /* readers who keep to the RFC by and large make different things of it */
    char pattern[EXPECT_PATTERNS_MAX][LAB_NAME_MAX];
    size_t pattern_count;
};

/** @param domain its policy host is looked up when the record asks for it */
void expect_sts(const struct world *w, struct resolve_context *resolver,
                const struct expect_texts *texts, const char *domain, struct expect_sts *out);
/** RFC 8461 section 4.1: some pattern is the name, or the wildcard is its first label. */
bool expect_covered(const struct expect_sts *s, const char *exchange);
/** Exactly one record, and it fits the grammar of RFC 8460 section 3. */
bool expect_rpt_valid(const struct expect_texts *texts);

/** TLSA records in force for an MX host. */
struct expect_dane {
    const char *state;
    char base[LAB_NAME_MAX]; /* TLSA base domain; usable: the SNI that senders use */
    struct expect_tlsa {
        uint8_t usage;
        uint8_t selector;
        uint8_t matching;
        enum lab_tlsa_data data;
    } record[EXPECT_TLSA_MAX]; /* usable ones */
    size_t count;
    bool many; /* more than are kept */
};

void expect_dane_host(struct resolve_context *resolver, const char *host, struct expect_dane *out);
/** Status of an endpoint whose server shows `session` to SNI = base domain. */
const char *expect_dane_status(const struct expect_dane *d, const struct service *server,
                               const struct expected_session *session, const char *host);
