#include "scanner/explain/sender_entry.h"

#include "scanner/base/check.h"
#include "scanner/explain/finding_entries.h"

static const char *demand_of(const struct sender_profile *s)
{
    switch (s->level) {
    case PROFILE_MAY:
        return s->opportunistic_verify
                   ? "TLS where it is offered; a certificate that does not pass is a failure of TLS"
                   : "TLS where it is offered, with any certificate";
    case PROFILE_ENCRYPT:
        return "TLS of every server, with any certificate";
    case PROFILE_VERIFY:
        switch (s->names) {
        case PROFILE_NAMES_HOST:
            return "TLS of every server, with a certificate that passes and names the MX host";
        case PROFILE_NAMES_HOST_OR_CN:
            return "TLS of every server, with a certificate that passes and names the MX host, be "
                   "it "
                   "in the common name";
        case PROFILE_NAMES_NEXT_HOP:
            return "TLS of every server, with a certificate that passes and names the domain of "
                   "the "
                   "recipient, or a name below it";
        }
        break;
    }
    UNREACHABLE("unknown profile_level or profile_names");
}

static const char *policies_of(const struct sender_profile *s)
{
    switch (s->policy_order) {
    case PROFILE_ORDER_NONE:
        return "neither DANE nor MTA-STS";
    case PROFILE_ORDER_DANE_THEN_STS:
        return "DANE where there is any, else MTA-STS";
    case PROFILE_ORDER_STS_FIRST:
        return "MTA-STS where there is any, else DANE";
    case PROFILE_ORDER_DANE_ONLY:
        return "DANE";
    case PROFILE_ORDER_STS_ONLY:
        return "MTA-STS";
    case PROFILE_ORDER_DANE_AND_STS:
        return "DANE and MTA-STS: what is enforced of both has to pass";
    case PROFILE_ORDER_DANE_DOMAIN_THEN_STS:
        return "DANE for all MX hosts if one of them has it, else MTA-STS";
    }
    UNREACHABLE("unknown profile_order");
}

static const char *failure_words(enum profile_failure f)
{
    switch (f) {
    case PROFILE_FAILURE_UNKNOWN:
        return "not known";
    case PROFILE_FAILURE_CLEAR:
        return "sends in cleartext";
    case PROFILE_FAILURE_CLEAR_LATER:
        return "tries the next host; sends in cleartext when the message has waited for some time";
    case PROFILE_FAILURE_NEXT:
        return "tries the next address or host, and at last defers";
    case PROFILE_FAILURE_DEFERS:
        return "defers";
    }
    UNREACHABLE("unknown profile_failure");
}

static const char *version_words(uint16_t version)
{
    static const char *const words[] = {"1.0", "1.1", "1.2", "1.3"};
    CHECK(version >= 0x0301 && version <= 0x0304);
    return words[version - 0x0301];
}

void sender_put_entry(struct paper *p, const struct sender_profile *s)
{
    char tls[64];
    (void)snprintf(tls, sizeof(tls), "%s to %s, %s", version_words(s->tls_min),
                   version_words(s->tls_max),
                   s->sni                 ? "with SNI"
                   : profile_uses_dane(s) ? "with SNI under DANE alone"
                                          : "without SNI");
    entry_put_field(p, "means", s->title);
    entry_put_field(p, "demands", demand_of(s));
    entry_put_field(p, "policies", policies_of(s));
    entry_put_field(p, "TLS", tls);
    if (s->level == PROFILE_MAY) { /* above it, and under a policy, a failure is never cleartext */
        entry_put_field(p, "no offer", failure_words(s->without_tls));
        entry_put_field(p, "TLS fails", failure_words(s->tls_failure));
    }
    entry_put_field(p, "see", "docs/policies.md, datasets/sender-profiles");
}
