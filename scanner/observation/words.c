#include "scanner/base/check.h"
#include "scanner/observation/seen_target.h"

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
