#include "scanner/base/check.h"
#include "scanner/observation/seen_issuer.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/observation/seen_target.h"
#include "scanner/observation/verdict.h"

const struct vocabulary dns_state_vocabulary = VOCABULARY_OF(
    DNS_STATES, "dns_state", "state, a, aaaa, forward",
    "The result of a DNS query. Only nodata and nxdomain mean that there is no such record.");

const struct vocabulary smtp_quirk_vocabulary =
    VOCABULARY_OF(SMTP_QUIRKS, "smtp_quirk", "quirks",
                  "How a dialogue deviates from the RFCs without ending: tolerant senders and this "
                  "program go on, others give up.");

const struct vocabulary smtp_form_vocabulary =
    VOCABULARY_OF(SMTP_FORMS, "smtp_form", "forms",
                  "Forms of a dialogue that senders treat differently; this program goes on like "
                  "the most tolerant of them. The keyword is STARTTLS in the reply to EHLO, where "
                  "no line lists it in the usual form.");

const struct vocabulary cipher_end_vocabulary = VOCABULARY_OF(
    CIPHER_ENDS, "cipher_end", "end",
    "How the search for the cipher suites that a server accepts in one TLS version ended.");

const struct vocabulary cipher_order_vocabulary = VOCABULARY_OF(
    CIPHER_ORDERS, "cipher_order", "order", "Whose preference decides the cipher suite.");

const struct vocabulary mx_name_kind_vocabulary =
    VOCABULARY_OF(MX_NAME_KINDS, "mx_name_kind", "name_kind",
                  "What kind of name an MX record has, by the checks that senders make before the "
                  "address lookup.");

const struct vocabulary basis_vocabulary =
    VOCABULARY_OF(BASES, "basis", "basis", "Where the result of an endpoint is from.");

const struct vocabulary group_state_vocabulary =
    VOCABULARY_OF(GROUP_STATES, "group_state", "groups.state", "How a certificate group ended.");

const struct vocabulary mx_kind_vocabulary =
    VOCABULARY_OF(MX_KINDS, "mx_kind", "mx_kind", "Where mail for a domain is sent.");

const struct vocabulary account_class_vocabulary =
    VOCABULARY_OF(ACCOUNT_CLASSES, "account", "account",
                  "The disposition of an input line. Every line has exactly one of these, and the "
                  "manifest counts them.");

const struct vocabulary chain_status_vocabulary =
    VOCABULARY_OF(CHAIN_STATUSES, "chain_status", "status, chain_status, default_chain_status",
                  "The verdict on a presented chain with one trust store. The first that applies.");

const struct vocabulary cert_role_vocabulary = VOCABULARY_OF(
    CERT_ROLES, "cert_role", "roles", "The role of a certificate in a presented chain.");

const struct vocabulary operator_source_vocabulary =
    VOCABULARY_OF(OPERATOR_SOURCES, "operator_source", "mx_operator_source",
                  "What says who operates a mail server. The first that says it.");

const struct vocabulary name_match_vocabulary =
    VOCABULARY_OF(NAME_MATCHES, "name_match", "match, name_match, default_name_match",
                  "The names of a leaf compared with the MX host name.");

const struct vocabulary sni_class_vocabulary =
    VOCABULARY_OF(SNI_CLASSES, "sni_class", "class, sni", "What changes with SNI.");

const struct vocabulary sni_acceptable_vocabulary = VOCABULARY_OF(
    SNI_ACCEPTABLES, "sni_acceptable", "acceptable",
    "Which certificate passes verification for the host: trusted, and a dNSName matches.");

const struct vocabulary dnssec_state_vocabulary =
    VOCABULARY_OF(DNSSEC_STATES, "dnssec_state", "address_dnssec, tlsa_dnssec, mx_dnssec",
                  "The DNSSEC state of an answer.");

const struct vocabulary dane_host_vocabulary = VOCABULARY_OF(
    DANE_HOSTS, "dane_host", "dane, dane_host, host", "What DNS says about DANE for an MX host.");

const struct vocabulary tlsa_place_vocabulary = VOCABULARY_OF(
    TLSA_PLACES, "tlsa_place", "tlsa_at", "The name whose TLSA records decide for an MX host.");

const struct vocabulary dane_status_vocabulary = VOCABULARY_OF(
    DANE_STATUSES, "dane_status", "status, dane, other_key", "The result of DANE at an endpoint.");

const struct vocabulary delivery_vocabulary =
    VOCABULARY_OF(DELIVERIES, "delivery", "best, worst", "The delivery outcome of a message.");

const struct vocabulary issuer_refusal_vocabulary =
    VOCABULARY_OF(ISSUER_REFUSALS, "issuer_refusal", "issuers.refused",
                  "Why a URL of a missing issuer was not fetched.");

const struct vocabulary policy_fetch_vocabulary =
    VOCABULARY_OF(POLICY_FETCHES, "policy_fetch", "fetch, outcome of attempts",
                  "How the fetch of an MTA-STS policy ended.");
