#include "scanner/analysis/session_facts.h"

#include "scanner/cert/cert_list.h"
#include "scanner/cert/leaf_key.h"

#define KIB 1024U

static uint16_t kib_of(size_t octets)
{
    size_t kib = (octets + KIB - 1) / KIB;
    return (uint16_t)(kib < UINT16_MAX ? kib : UINT16_MAX);
}

struct sender_facts session_facts_of(const struct seen_session *s)
{
    struct sender_facts f = {.quirks = s->smtp.quirks};
    uint16_t code = s->smtp.reply[SMTP_STEP_STARTTLS].code;
    f.quirks |= code / 100 == 2 && code != 220 ? SENDER_FACTS_NOT_220 : 0;
    if (!s->tls_attempted) {
        return f;
    }
    struct span rest = s->tls.list;
    struct span leaf;
    if (cert_list_next(&rest, &leaf)) {
        (void)leaf_key_read(leaf, &f.key);
    }
    f.list_kib = kib_of(s->tls.certificate_octets);
    if (s->tls.completed) {
        f.cipher = s->tls.cipher;
        f.group = s->tls.group;
        f.dh_bits = s->tls.dh_bits;
    }
    return f;
}
