#include "scanner/base/check.h"
#include "scanner/observation/seen_issuer.h"
#include "scanner/observation/seen_policy.h"
#include "scanner/observation/seen_target.h"
#include "scanner/observation/verdict.h"

const char *dns_state_word(enum dns_state s)
{
    switch (s) {
#define X(name, word) \
    case DNS_##name:  \
        return word;
        DNS_STATES(X)
#undef X
    case DNS_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown dns_state");
}

const char *cipher_end_word(enum cipher_end e)
{
    switch (e) {
#define X(name, word)    \
    case CIPHERS_##name: \
        return word;
        CIPHER_ENDS(X)
#undef X
    case CIPHER_END_COUNT:
        break;
    }
    UNREACHABLE("unknown cipher_end");
}

const char *cipher_order_word(enum cipher_order o)
{
    switch (o) {
#define X(name, word)         \
    case CIPHER_ORDER_##name: \
        return word;
        CIPHER_ORDERS(X)
#undef X
    case CIPHER_ORDER_COUNT:
        break;
    }
    UNREACHABLE("unknown cipher_order");
}

const char *smtp_quirk_word(enum smtp_quirk q)
{
    switch (q) {
#define X(name, word)       \
    case SMTP_QUIRK_##name: \
        return word;
        SMTP_QUIRKS(X)
#undef X
    case SMTP_QUIRK_COUNT:
        break;
    }
    UNREACHABLE("unknown smtp_quirk");
}

const char *smtp_form_word(enum smtp_form f)
{
    switch (f) {
#define X(name, word)      \
    case SMTP_FORM_##name: \
        return word;
        SMTP_FORMS(X)
#undef X
    case SMTP_FORM_COUNT:
        break;
    }
    UNREACHABLE("unknown smtp_form");
}

const char *mx_name_kind_word(enum mx_name_kind k)
{
    switch (k) {
#define X(name, word)    \
    case MX_NAME_##name: \
        return word;
        MX_NAME_KINDS(X)
#undef X
    case MX_NAME_KIND_COUNT:
        break;
    }
    UNREACHABLE("unknown mx_name_kind");
}

const char *mx_kind_word(enum mx_kind k)
{
    switch (k) {
#define X(name, word)    \
    case MX_KIND_##name: \
        return word;
        MX_KINDS(X)
#undef X
    }
    UNREACHABLE("unknown mx_kind");
}

const char *account_class_word(enum account_class c)
{
    switch (c) {
#define X(name, word)    \
    case ACCOUNT_##name: \
        return word;
        ACCOUNT_CLASSES(X)
#undef X
    case ACCOUNT_CLASS_COUNT:
        break;
    }
    UNREACHABLE("unknown account_class");
}

const char *chain_status_word(enum chain_status s)
{
    switch (s) {
#define X(name, word)  \
    case CHAIN_##name: \
        return word;
        CHAIN_STATUSES(X)
#undef X
    case CHAIN_STATUS_COUNT:
        break;
    }
    UNREACHABLE("unknown chain_status");
}

const char *cert_role_word(enum cert_role r)
{
    switch (r) {
#define X(name, word)      \
    case CERT_ROLE_##name: \
        return word;
        CERT_ROLES(X)
#undef X
    }
    UNREACHABLE("unknown cert_role");
}

const char *name_match_word(enum name_match m)
{
    switch (m) {
#define X(name, word)       \
    case NAME_MATCH_##name: \
        return word;
        NAME_MATCHES(X)
#undef X
    case NAME_MATCH_COUNT:
        break;
    }
    UNREACHABLE("unknown name_match");
}

const char *sni_class_word(enum sni_class c)
{
    switch (c) {
#define X(name, word) \
    case SNI_##name:  \
        return word;
        SNI_CLASSES(X)
#undef X
    }
    UNREACHABLE("unknown sni_class");
}

const char *sni_acceptable_word(enum sni_acceptable a)
{
    switch (a) {
#define X(name, word)           \
    case SNI_ACCEPTABLE_##name: \
        return word;
        SNI_ACCEPTABLES(X)
#undef X
    }
    UNREACHABLE("unknown sni_acceptable");
}

const char *dnssec_state_word(enum dnssec_state s)
{
    switch (s) {
#define X(name, word)   \
    case DNSSEC_##name: \
        return word;
        DNSSEC_STATES(X)
#undef X
    case DNSSEC_STATE_COUNT:
        break;
    }
    UNREACHABLE("unknown dnssec_state");
}

const char *dane_host_word(enum dane_host s)
{
    switch (s) {
#define X(name, word)      \
    case DANE_HOST_##name: \
        return word;
        DANE_HOSTS(X)
#undef X
    case DANE_HOST_COUNT:
        break;
    }
    UNREACHABLE("unknown dane_host");
}

const char *tlsa_place_word(enum tlsa_place p)
{
    switch (p) {
#define X(name, word)       \
    case TLSA_PLACE_##name: \
        return word;
        TLSA_PLACES(X)
#undef X
    case TLSA_PLACE_COUNT:
        break;
    }
    UNREACHABLE("unknown tlsa_place");
}

const char *dane_status_word(enum dane_status s)
{
    switch (s) {
#define X(name, word) \
    case DANE_##name: \
        return word;
        DANE_STATUSES(X)
#undef X
    case DANE_STATUS_COUNT:
        break;
    }
    UNREACHABLE("unknown dane_status");
}

const char *delivery_word(enum delivery d)
{
    switch (d) {
#define X(name, word)     \
    case DELIVERY_##name: \
        return word;
        DELIVERIES(X)
#undef X
    case DELIVERY_COUNT:
        break;
    }
    UNREACHABLE("unknown delivery");
}

const char *issuer_refusal_word(enum issuer_refusal r)
{
    switch (r) {
#define X(name, word)           \
    case ISSUER_REFUSAL_##name: \
        return word;
        ISSUER_REFUSALS(X)
#undef X
    case ISSUER_REFUSAL_COUNT:
        break;
    }
    UNREACHABLE("unknown issuer_refusal");
}

const char *policy_fetch_word(enum policy_fetch f)
{
    switch (f) {
#define X(name, word)         \
    case POLICY_FETCH_##name: \
        return word;
        POLICY_FETCHES(X)
#undef X
    case POLICY_FETCH_COUNT:
        break;
    }
    UNREACHABLE("unknown policy_fetch");
}
