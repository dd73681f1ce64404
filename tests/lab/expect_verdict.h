#pragma once

#include "scanner/base/span.h"
#include "tests/lab/service.h"

/**
 * What a session of the lab amounts to for a sender that checks (RFC 9525, RFC 5280), in the words of
 * the scanner's rows: read off the description of the certificate, not off its octets.
 */

/** The list as served; NULL: odd, so that only the case's own expectation says. */
const char *expect_chain_status(const struct cert_choice *c);
/** The leaf against the MX host. `server_name` is what the server says in its EHLO reply. */
const char *expect_name_match(const struct cert_choice *c, struct span host,
                              struct span server_name);
/** both, only_sni, only_default, neither; NULL where one of the two is not known. */
const char *expect_acceptable(const struct expected_session *with,
                              const struct expected_session *without, struct span host,
                              struct span server_name);

enum tristate {
    TRISTATE_UNSAID,
    TRISTATE_NO,
    TRISTATE_YES,
};

/** A completed handshake with a trusted chain and a name of the host. */
enum tristate expect_passes(const struct expected_session *session, struct span host,
                            struct span server_name);

/** Codes that the version range of a server alone raises, ended by NULL. */
#define BASELINE_MAX 5
void expect_baseline(const struct service *s, const char *codes[BASELINE_MAX]);
