#pragma once

#include <stdbool.h>

/**
 * What --probes can ask for: member, word of the option, and what the manual page says. Which sessions follow from it
 * says the table of probes.c.
 */
#define ASKED_PROBES(X)                                                                          \
    X(sni, "sni", "one per host name and address, with the host name as SNI")                    \
    X(no_sni, "no-sni", "one per address, without SNI")                                          \
    X(no_sni_short, "no-sni-short",                                                              \
      "in place of no-sni: per address, without SNI, up to where the server has shown its "      \
      "certificates and waits; a whole handshake follows where the one with SNI shows another "  \
      "certificate or fails, or where the short one could not be made")                          \
    X(versions, "versions",                                                                      \
      "also find out which TLS versions from 1.0 on each address accepts, by up to four "        \
      "connections that end with the answer to a ClientHello")                                   \
    X(ciphers, "ciphers",                                                                        \
      "in addition to versions, also find out which cipher suites each address accepts in each " \
      "of them, by up to 128 such connections or 10 minutes of them")                            \
    X(wrong_sni, "wrong-sni",                                                                    \
      "one more handshake per address, with a name as SNI that is no server's "                  \
      "(wrong-sni.invalid)")                                                                     \
    X(other_key, "ecdsa-rsa",                                                                    \
      "one more handshake per host name and address, which accepts only a certificate with the " \
      "other type of key, RSA or ECDSA")

struct asked_probes {
#define X(member, word, manual) bool member;
    ASKED_PROBES(X)
#undef X
};

/** In one way or the other. */
static inline bool asks_without_sni(const struct asked_probes *asked)
{
    return asked->no_sni || asked->no_sni_short;
}
