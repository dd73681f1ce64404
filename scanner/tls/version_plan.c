#include "scanner/tls/version_plan.h"

#include "scanner/base/check.h"

#define VERSION_FIRST 0x0301 /* TLS 1.0 */

static bool is_known_version(uint16_t version)
{
    return version >= VERSION_FIRST && version < VERSION_FIRST + TLS_VERSION_COUNT;
}

/* Those from `from` up to `max` that are not known yet are refused. */
static void note_refused(struct version_plan *p, uint16_t from, uint16_t max)
{
    for (uint16_t v = from; v <= max; v++) {
        uint8_t *known = &p->accepted[v - VERSION_FIRST];
        *known = *known == TRUTH_UNKNOWN ? TRUTH_NO : *known;
    }
}

static void note_accepted(struct version_plan *p, uint16_t version, uint16_t max)
{
    p->accepted[version - VERSION_FIRST] = TRUTH_YES;
    note_refused(p, (uint16_t)(version + 1), max);
}

static bool some_is_accepted(const struct version_plan *p)
{
    return memchr(p->accepted, TRUTH_YES, sizeof(p->accepted)) != NULL;
}

void version_plan_note_handshake(struct version_plan *p, const struct seen_session *seen)
{
    uint16_t last = VERSION_FIRST + TLS_VERSION_COUNT - 1;
    if (!seen->tls_attempted) {
        return;
    }
    if (is_known_version(seen->tls.version)) {
        note_accepted(p, seen->tls.version, last);
    } else if (seen->outcome == OUTCOME_TLS_NO_SHARED_VERSION) {
        note_refused(p, VERSION_FIRST, last);
    }
}

void version_plan_note_hello(struct version_plan *p, const struct seen_session *seen)
{
    const struct seen_hello *hello = &seen->hello;
    CHECK(hello->attempted && is_known_version(hello->max_version));
    p->connections++;
    bool again = p->declined_once;
    p->declined_once = false;
    switch ((enum hello_answer)hello->answer) {
    case HELLO_ACCEPTED:
        note_accepted(p, hello->version, hello->max_version);
        break;
    case HELLO_REFUSED:
        note_refused(p, VERSION_FIRST, hello->max_version);
        break;
    case HELLO_DECLINED:
        if (!some_is_accepted(p)) {
            p->over = true;
        } else if (again) {
            note_refused(p, VERSION_FIRST, hello->max_version);
        } else {
            p->declined_once = true;
        }
        break;
    case HELLO_NONE:
        p->over = true;
        break;
    }
}

uint16_t version_plan_next(const struct version_plan *p)
{
    if (p->over || p->connections >= VERSION_CONNECTIONS_MAX) {
        return 0;
    }
    for (int i = TLS_VERSION_COUNT - 1; i >= 0; i--) {
        if (p->accepted[i] == TRUTH_UNKNOWN) {
            return (uint16_t)(VERSION_FIRST + i);
        }
    }
    return 0;
}
