#pragma once

#include "scanner/base/span.h"

/**
 * Which rules of TLS libraries take a certificate for a host name. name_match.h has the verdict, by
 * RFC 9525; senders follow the rules of the library that they are built with, and these differ in
 * wildcards, in common names and in names of odd octets. Each bit is a whole rule.
 *
 * NO_CN is the rule with X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, and that of OpenSSL 4 as it comes.
 */
enum name_rule {
    NAME_RULE_RFC9525 = 1,
    NAME_RULE_OPENSSL =
        2, /* X509_check_host(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS: Postfix, Exim */
    NAME_RULE_OPENSSL_NO_CN = 4,
    NAME_RULE_GNUTLS = 8, /* gnutls_x509_crt_check_hostname() */
    NAME_RULE_GO = 16,    /* x509.Certificate.VerifyHostname() */
};

#define NAME_RULES_ALL 31U

/**
 * @param names     packed, cert_names.h
 * @param reference normal: A-labels, lower case, no trailing dot
 * @return bits of the rules that do not take the certificate for it
 */
unsigned name_rules_refusing(struct span names, struct span reference);
